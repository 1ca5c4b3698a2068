"""The perceptron: it learns what a line can part, within Novikoff's bound, and never XOR."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from scipy.optimize import minimize

from shinso import ops
from shinso.cell import Array
from shinso.classical import PerceptronClassifier
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.models import Perceptron
from shinso.ops.random import manual_seed
from shinso.viz.boundary import decision_boundary
from shinso.viz.curves import line_style
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLACK, BLUE, COLOURS, QUIET, say, styled

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
TRUTH = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "NAND": (1, 1, 1, 0), "XOR": (0, 1, 1, 0)}
EPOCHS = 1000
SHOWN = 12
GAPS = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Half the width of the empty strip between the classes."""
EXAMPLES = 100
DATA_SETS = 4


def separable_data(gap: float, seed: int) -> tuple[Array, Array]:
    """Points of [-1, 1]² on both sides of a random line, none nearer to it than `gap`.

    Returns x (n, 2) and y (n,) of zeros and ones.
    """
    rng = np.random.default_rng(seed)
    angle, offset = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)
    x = rng.uniform(-1, 1, (20 * EXAMPLES, 2))
    side = x @ [np.cos(angle), np.sin(angle)] - offset
    kept = np.flatnonzero(np.abs(side) >= gap)[:EXAMPLES]
    return x[kept], (side[kept] > 0).astype(np.int64)


def novikoff_bound(x: Array, y: Array, start: Array) -> float:
    """(R/γ)²: no perceptron that starts at zero makes more mistakes than this.

    x (n, 2), y (n,) of 0 and 1; start (3,): w and b of any separating line. R is the length of the
    longest (x, 1), γ the widest margin that a unit vector (w, b) can have.
    """
    signed = np.column_stack([x, np.ones(len(x))]) * (2.0 * y[:, None] - 1)
    start = start / (signed @ start).min()
    enough: Any = {"type": "ineq", "fun": lambda w: signed @ w - 1, "jac": lambda w: signed}
    w = minimize(
        lambda w: 0.5 * w @ w, start, jac=lambda w: w, method="SLSQP", constraints=enough
    ).x
    margin = (signed @ w).min() / np.linalg.norm(w)  # of this w, whatever the solver says
    radius = np.linalg.norm(signed, axis=1).max()
    return float((radius / margin) ** 2)


def mistakes_and_bounds(seed: int) -> Array:
    """(gap, mistakes until none was left, bound) for data sets of every gap: (n, 3)."""
    rows = []
    for i, (gap, _) in enumerate(itertools.product(GAPS, range(DATA_SETS))):
        x, y = separable_data(gap, 1000 * seed + i)
        unit = PerceptronClassifier(max_iter=10_000, random_state=seed).fit(x, y)
        found = np.append(unit.coef_[0], unit.intercept_)
        rows.append((gap, sum(unit.mistakes_), novikoff_bound(x, y, found)))
    return np.array(rows)


def distance_from_a_line(unit: PerceptronClassifier, x: Array, y: Array, seed: int) -> float:
    """Where the answer flips between 50 pairs of points of different classes: how far, at most,
    these places are from one straight line."""
    rng = np.random.default_rng(seed)
    no, yes = rng.choice(x[y == 0], 50), rng.choice(x[y == 1], 50)
    low, high = np.zeros((50, 1)), np.ones((50, 1))
    for _ in range(50):
        middle = (low + high) / 2
        fires = unit.predict(no + middle * (yes - no))[:, None] == 1
        low, high = np.where(fires, low, middle), np.where(fires, middle, high)
    places = no + high * (yes - no)
    centred = places - places.mean(axis=0)
    across = np.linalg.svd(centred, full_matrices=False)[2][1]
    return float(np.abs(centred @ across).max())


def difference_from_gradient() -> float:
    """The sigmoid unit's rule against gradient descent on ½(y − ŷ)², in one step."""
    unit = Perceptron(2, "sigmoid", lr=0.5).double()
    unit.weight.data, unit.bias.data = np.array([0.2, -0.3]), np.array(0.1)
    x, y = np.array([1.0, 2.0]), np.array(1.0)
    ops.squared_error(unit(x), y).backward()
    assert unit.weight.grad is not None
    expected = unit.weight.data - unit.lr * unit.weight.grad
    unit.learn(x, 1.0)
    return float(np.abs(unit.weight.data - expected).max())


def work(settings: Settings) -> Outcome:
    """Learn gates, count mistakes on separable data of many gaps, look at the boundary."""
    manual_seed(settings.seed)
    gates = {name: Perceptron(2).fit(CORNERS, truth, EPOCHS) for name, truth in TRUTH.items()}
    sigmoid = Perceptron(2, "sigmoid").fit(CORNERS, TRUTH["XOR"], EPOCHS)
    counts = mistakes_and_bounds(settings.seed)
    x, y = separable_data(0.1, settings.seed)
    unit = PerceptronClassifier(random_state=settings.seed).fit(x, y)
    return Outcome(
        _verdicts(gates, sigmoid, counts, distance_from_a_line(unit, x, y, settings.seed)),
        [_table(counts), _gate_table(gates)],
        _figures(gates, counts, unit, x, y),
    )


def _verdicts(
    gates: dict[str, list[int]], sigmoid: list[int], counts: Array, distance: float
) -> list[Verdict]:
    last = sum(gates[name][-1] for name in ("AND", "OR", "NAND"))
    fewest = Text("fewest mistakes in any of 1,000 epochs", "1,000 エポック中の最少の誤り数")
    return [
        Verdict(
            Text("mistakes on AND, OR and NAND in the last epoch, together",
                 "AND・OR・NAND の最後のエポックの誤り数の合計"),
            last, 0, 0, "=",
        ),
        Verdict(
            Text(f"separable data: mistakes ÷ Novikoff's bound, the largest of {len(counts)}",
                 f"線形分離可能なデータ:誤り数 ÷ ノビコフの上界({len(counts)} 組の最大)"),
            float((counts[:, 1] / counts[:, 2]).max()), 1.0, 0.0, "≤",
        ),
        Verdict(
            Text("the boundary is a line: distance from it, at most",
                 "境界は直線:直線からの距離の最大"),
            distance, 0.0, 1e-9, "≤",
        ),
        Verdict(Text(f"XOR, step unit: {fewest.en}", f"XOR、ステップ関数:{fewest.ja}"),
                min(gates["XOR"]), 1, 0, "≥"),
        Verdict(Text(f"XOR, sigmoid unit: {fewest.en}", f"XOR、シグモイド関数:{fewest.ja}"),
                min(sigmoid), 1, 0, "≥"),
        Verdict(
            Text("the sigmoid unit's rule is gradient descent on ½(y − ŷ)²: largest difference",
                 "シグモイドの学習則は ½(y − ŷ)² の勾配降下:差の最大"),
            difference_from_gradient(), 0.0, 1e-12, "≤",
        ),
    ]  # fmt: skip


def _table(counts: Array) -> Table:
    rows = []
    for gap in GAPS:
        mine = counts[counts[:, 0] == gap]
        most, least, bound = mine[:, 1].max(), mine[:, 1].min(), np.median(mine[:, 2])
        rows.append((f"{gap}", f"{least:.0f}–{most:.0f}", f"{bound:,.0f}"))
    columns = (
        Text("half the strip", "帯の半幅"),
        Text("mistakes", "誤り数"),
        Text("bound, median", "上界の中央値"),
    )
    caption = Text(
        f"{DATA_SETS} data sets of {EXAMPLES} points for each strip: mistakes until an epoch "
        "passes without one.",
        f"帯の幅ごとに {EXAMPLES} 点のデータ {DATA_SETS} 組。誤りのないエポックが来るまでの"
        "誤り数。",
    )
    return Table(columns, rows, caption)


def _gate_table(gates: dict[str, list[int]]) -> Table:
    rows = [(name, f"{len(found):,}", str(found[-1])) for name, found in gates.items()]
    columns = (
        Text("step unit", "ステップ関数のユニット"),
        Text("epochs", "エポック数"),
        Text("mistakes in the last", "最後のエポックの誤り数"),
    )
    return Table(columns, rows)


def lines_while_learning(x: Array, y: Array) -> Array:
    """w₁, w₂ and b after each mistake, examples in order, until there is none: (mistakes, 3)."""
    unit, found = Perceptron(2, lr=1.0).double(), []
    while (unit.predict(x) != y).any():
        for example, truth in zip(x, y, strict=True):
            if unit.learn(example, truth) != 0:
                found.append([*unit.weight.tolist(), unit.bias.item()])
    return np.array(found)


def _figures(
    gates: dict[str, list[int]], counts: Array, unit: PerceptronClassifier, x: Array, y: Array
) -> list[Figure]:
    return [
        Figure(
            "boundary",
            decision_boundary(unit.decision_function, x, y, classes=["0", "1"]),
            Text("A perceptron that has learned 100 points: its boundary is a line. It stops at "
                 "the first line without a mistake, which may pass close to some points.",
                 "100 点を学習したパーセプトロン。境界は直線である。誤りがなくなった時点で"
                 "止まるので、点のすぐ近くを通ることもある。"),
        ),
        Figure(
            "bound",
            draw_bound(counts),
            Text("Mistakes until none is left, against Novikoff's bound: always below, mostly far "
                 "below the diagonal.",
                 "誤りがなくなるまでの誤り数とノビコフの上界。つねに対角線より下、多くははるか下。"),
        ),
        Figure(
            "learning",
            draw_learning(gates, x, y),
            Text("Left: the boundary after each mistake, from pale to dark, the last one thick. "
                 "Right: AND, OR and NAND come to an end; XOR, of which 12 epochs are shown, "
                 "never does.",
                 "左:誤るたびの境界(薄い色から濃い色へ、太線が最後)。右:AND・OR・NAND は終わるが、"
                 "XOR は(図は 12 エポック)いつまでも終わらない。"),
        ),
    ]  # fmt: skip


@styled
def draw_bound(counts: Array) -> Picture:
    """A point for each data set: its bound, and the mistakes that were made."""
    picture, axes = one_axes(6.6, 4.6)
    _, mistakes, bounds = counts.T
    ends = np.array([1.0, 2 * bounds.max()])
    axes.plot(ends, ends, color=QUIET, linestyle="--", linewidth=1.4)
    axes.annotate(
        say("mistakes = bound", "誤り数 = 上界"),
        (ends[1] ** 0.5, ends[1] ** 0.5),
        (-8, 6),
        textcoords="offset points",
        ha="right",
        color=QUIET,
    )
    axes.loglog(bounds, np.maximum(mistakes, 1), "o", color=BLUE, markersize=7)
    axes.set_xlabel(say("bound (R/γ)²", "上界 (R/γ)²"))
    axes.set_ylabel(say("mistakes that were made", "実際の誤り数"))
    return picture


@styled
def draw_learning(gates: dict[str, list[int]], x: Array, y: Array) -> Picture:
    """How the boundary moves on separable data, and mistakes by epoch on four gates."""
    picture, (left, right) = grid(1, 2, 10.5, 4.6)
    lines = lines_while_learning(x, y)
    for i, line in enumerate(lines):
        _draw_line(left, line, (i + 1) / len(lines))
    for value, marker in enumerate("os"):
        left.plot(*x[y == value].T, marker, markersize=5, color=COLOURS[value])
    left.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal", xlabel="x₁", ylabel="x₂")
    left.set_title(say(f"{len(lines)} mistakes, then none", f"誤り {len(lines)} 回で終わる"))
    for i, (name, mistakes) in enumerate(gates.items()):
        shown = mistakes[:SHOWN]
        right.plot(range(1, len(shown) + 1), shown, label=name, **line_style(i, markers=True))
    right.set(xticks=range(1, SHOWN + 1), yticks=range(5), ylim=(-0.15, 4))
    right.set_xlabel(say("epoch", "エポック"))
    right.set_ylabel(say("wrong after it, of 4 examples", "終了後の誤り(4 例中)"))
    right.legend(loc="upper right", ncols=2)
    return picture


def _draw_line(a: Axes, line: Array, share: float) -> None:
    """w₁x₁ + w₂x₂ + b = 0, the darker the later it came, and the last one thick."""
    w1, w2, b = line
    at = np.linspace(-1.1, 1.1, 2)
    across = abs(w2) > abs(w1)  # not steep: x₂ from x₁, else x₁ from x₂
    points = (at, -(w1 * at + b) / w2) if across else (-(w2 * at + b) / w1, at)
    style: dict[str, Any] = {"color": BLACK, "alpha": 0.5 * share, "linewidth": 1.2}
    a.plot(*points, **(style | {"alpha": 1.0, "linewidth": 2.6} if share == 1 else style))


EXPERIMENT = Experiment(
    name="a2-perceptron",
    rows=("A2",),
    title=Text("The simple perceptron", "単純パーセプトロン"),
    question=Text(
        "A neuron that learns from its mistakes: when does it get there, and when never?",
        "誤りから学ぶニューロン。いつ学び終え、いつ永久に終わらないのか。",
    ),
    claim=Text(
        "On data that a line can part it makes at most (R/γ)² mistakes. XOR it cannot learn.",
        "直線で分けられるデータでは、誤りは高々 (R/γ)² 回である。XOR は学習できない。",
    ),
    text=Text(
        """Rosenblatt's unit looks at one example after the other. If its answer is right nothing
        happens; if it is wrong, the example is added to the weights or taken from them. In the
        common form w ← w + η(y − ŷ)f′x the step unit takes f′ as 1, since its true slope is 0
        wherever there is one. With the sigmoid f′ = ŷ(1 − ŷ), and the rule is gradient descent on
        ½(y − ŷ)².

        Novikoff showed in 1962 that mistakes come to an end if some line parts the classes. Put a 1
        behind every x, so that the bias is a weight like others. Let R be the longest such x, and γ
        the distance that the best line through the origin keeps from all of them. Then there are no
        more than (R/γ)² mistakes, whatever the order, the number of examples and η. Look at the
        second figure: the bound holds, and is mostly far too careful.

        Where texts slip: the theorem counts mistakes (updates), not epochs. Starting from zero, η
        only scales w and b, and changes no answer of the step unit. And the sigmoid is
        1/(1 + e^(−x)), with the minus sign. XOR is not a matter of patience: by A1 no line parts
        it, so there is a mistake in every epoch for ever, with the sigmoid as well.""",
        """ローゼンブラットのユニットは例を一つずつ見る。正しければ何もせず、誤れば例を重みに足す
        か重みから引く。よく使う形 w ← w + η(y − ŷ)f′x では、ステップ関数の f′ を 1 とする。真の傾
        きは、あるところではすべて 0 だからである。シグモイド関数では f′ = ŷ(1 − ŷ) で、この規則
        は ½(y − ŷ)² の勾配降下法になる。

        ノビコフは 1962 年、クラスを分ける直線があれば誤りは必ず尽きることを示した。各 x の後ろ
        に 1 を付け、バイアスも重みの一つとみる。その最大の長さを R、原点を通る最良の直線がすべて
        の点から保つ距離を γ とすると、例の順序や数、η によらず誤りは (R/γ)² 回を超えない。二つ目
        の図のとおり上界は成り立ち、多くは余裕がありすぎる。

        誤りやすい点。定理が数えるのは誤り(更新)の回数で、エポック数ではない。0 から始める
        と η は w と b を定数倍するだけで、ステップ関数の答えを変えない。シグモイド関数
        は 1/(1 + e^(−x)) で、負号が要る。 XOR は根気の問題ではない。A1 のとおり分ける直線がないの
        で、シグモイド関数でも毎エポック必ず誤る。""",
    ),
    work=work,
    formulas=(
        r"w\leftarrow w+\eta\,(y-\hat{y})\,f'\,x,\qquad b\leftarrow b+\eta\,(y-\hat{y})\,f'",
        r"k\leq\left(\frac{R}{\gamma}\right)^2,\quad R=\max_i\|\tilde{x}_i\|,\quad"
        r"\gamma=\max_{\|\tilde{w}\|=1}\min_i s_i\,\tilde{w}\cdot\tilde{x}_i,\quad s_i=\pm 1",
    ),
    code=(Perceptron.learn, Perceptron.fit, novikoff_bound),
)
