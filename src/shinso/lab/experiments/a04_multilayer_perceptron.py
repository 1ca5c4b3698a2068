"""A hidden layer learns XOR, and comes the nearer to a continuous function the wider it is."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from shinso import models, ops
from shinso.cell import Array
from shinso.classical import MLPRegressor
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.optim import Adam
from shinso.viz.boundary import decision_boundary
from shinso.viz.curves import curves
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import BLUE, SKY, say, styled

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
XOR = np.array([[0], [1], [1], [0]], dtype=np.float32)
PARTS = ("xor", "approximation")
Errors = dict[int, list[float]]


def learn_xor(width: int, seed: int, steps: int) -> models.MLP:
    """Adam on the cross-entropy of the four examples."""
    manual_seed(seed)
    network = models.MLP(2, (width,), 1, activation="tanh")
    rule = Adam(network.parameters(), lr=0.05)
    for _ in range(steps):
        ops.binary_cross_entropy_with_logits(network(CORNERS), XOR).backward()
        rule.step()
        rule.zero_grad()
    return network


def learned(network: models.MLP) -> bool:
    """Whether all four answers are right."""
    with no_grad():
        return bool(((network(CORNERS).data > 0) == XOR).all())


def target(x: Array) -> Array:
    """The continuous function to approximate."""
    return np.sin(2 * x) + 0.5 * np.cos(5 * x)


def approximate(width: int, seed: int, steps: int) -> MLPRegressor:
    """One hidden layer fitted to 200 points of `target` in [-2, 2], by L-BFGS."""
    x = np.linspace(-2, 2, 200)
    network = MLPRegressor(
        (width,), "tanh", solver="lbfgs", alpha=0.0, max_iter=steps, tol=1e-9, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # `steps` are meant to be the end
        return network.fit(x[:, None], target(x))


def error(network: MLPRegressor) -> float:
    """Root of the mean squared error at 1000 points of [-2, 2]."""
    x = np.linspace(-2, 2, 1000)
    return float(np.sqrt(np.mean((network.predict(x[:, None]) - target(x)) ** 2)))


def work(settings: Settings) -> Outcome:
    """Try XOR with several widths and seeds; fit a curve with ever wider layers."""
    outcome = Outcome()
    chosen = settings.only or PARTS
    if "xor" in chosen:
        _xor(settings, outcome)
    if "approximation" in chosen:
        _approximation(settings, outcome)
    return outcome


def _xor(settings: Settings, outcome: Outcome) -> None:
    widths, seeds, steps = ((2, 4, 8), 5, 300) if settings.fast else ((2, 3, 4, 8), 20, 1000)
    share = {}
    for width in settings.track(widths, "XOR"):
        each = [learn_xor(width, settings.seed + i, steps) for i in range(seeds)]
        share[width] = 100 * sum(map(learned, each)) / seeds
    said = Text("of the starts end with all four right", "の初期値で 4 例すべて正解")
    outcome.verdicts += [
        Verdict(Text(f"XOR, 8 hidden units: {said.en}", f"XOR、隠れユニット 8:{said.ja}"),
                share[8], 100.0, 0.0, "=", "%"),
        Verdict(Text(f"XOR, 2 hidden units can do it: {said.en}",
                     f"XOR、隠れユニット 2 でも可能:{said.ja}"),
                share[2], 0.0, 0.0, ">", "%"),
    ]  # fmt: skip
    columns = (Text("hidden units", "隠れユニット数"), Text("learned XOR", "XOR を学習した割合"))
    caption = Text(f"{seeds} random starts, {steps} steps of Adam.",
                   f"初期値 {seeds} 通り、Adam で {steps} ステップ。")  # fmt: skip
    rows = [(str(width), f"{each:.0f} %") for width, each in share.items()]
    outcome.tables.append(Table(columns, rows, caption))
    caption = Text(
        "What one network with 8 hidden units has learned: no single line, but it need not be one.",
        "隠れユニット 8 個のネットワークが学習した境界。1 本の直線ではないが、その必要もない。",
    )
    shown = decision_boundary(each[0], CORNERS, XOR.astype(int), classes=["0", "1"], margin=0.5)
    outcome.figures.append(Figure("xor", shown, caption))


def _approximation(settings: Settings, outcome: Outcome) -> None:
    most, seeds, steps = (4, 3, 200) if settings.fast else (6, 10, 2000)
    errors: Errors = {}
    first: dict[int, MLPRegressor] = {}
    for width in settings.track([2**k for k in range(most + 1)], "width"):
        each = [approximate(width, settings.seed + i, steps) for i in range(seeds)]
        first[width], errors[width] = each[0], [error(network) for network in each]
    medians = [float(np.median(e)) for e in errors.values()]
    outcome.verdicts += [
        Verdict(
            Text(f"error with {2**most} hidden units ÷ error with 1",
                 f"隠れユニット {2**most} 個の誤差 ÷ 1 個の誤差"),
            medians[-1] / medians[0], 0.1, 0.0, "≤",
        ),
        Verdict(
            Text(f"of {most} doublings of the width, so many lower the median error",
                 f"幅を {most} 回 2 倍にしたうち、誤差の中央値が下がった回数"),
            sum(b < a for a, b in itertools.pairwise(medians)), most, 0.0, "=",
        ),
    ]  # fmt: skip
    rows = [
        (str(width), f"{np.median(e):.2e}", f"{min(e):.2e}", f"{max(e):.2e}")
        for width, e in errors.items()
    ]
    columns = (
        Text("hidden units", "隠れユニット数"),
        Text("error, median", "誤差の中央値"),
        Text("least", "最小"),
        Text("greatest", "最大"),
    )
    caption = Text(
        f"Root mean squared error on [−2, 2], {seeds} random starts, {steps} steps of L-BFGS.",
        f"[−2, 2] での二乗平均平方根誤差。初期値 {seeds} 通り、L-BFGS で {steps} ステップ。",
    )
    outcome.tables.append(Table(columns, rows, caption))
    outcome.figures += _approximation_figures(first, errors)
    outcome.notes.append(
        Text(
            "A wider layer can do all that a narrower one can, so its least possible error is "
            "never larger. Where the measured error no longer falls, the limit is the descent, "
            "which was stopped or ended in a poor minimum, and not the width.",
            "広い層は狭い層にできることをすべてできるので、達成しうる最小の誤差が増えることはない。"
            "測った誤差が下がらなくなるところでは、幅ではなく、途中で打ち切られたか良くない極小に"
            "落ちた降下法が限界になっている。",
        )
    )


def _approximation_figures(first: dict[int, MLPRegressor], errors: Errors) -> list[Figure]:
    x = np.linspace(-2, 2, 400)
    lines = {say("target", "目標"): target(x)}
    for width in (1, 4, 16):
        name = say(f"{width} hidden", f"隠れ {width} 個")
        lines[name] = first[width].predict(x[:, None])
    fits = curves(lines, x, xlabel="x", ylabel="y")
    return [
        Figure("fits", fits,
               Text("sin 2x + ½ cos 5x, and what networks with 1, 4 and 16 hidden units make of "
                    "it.",
                    "sin 2x + ½ cos 5x と、隠れユニット 1・4・16 個のネットワークによる近似。")),
        Figure("errors", draw_errors(errors),
               Text("The error against the width of the hidden layer: a dot for each random start, "
                    "a line through the medians.",
                    "隠れ層の幅と誤差。点が初期値ごとの結果、線が中央値。")),
    ]  # fmt: skip


@styled
def draw_errors(errors: Errors) -> Picture:
    """Dots for every start, a line through the medians."""
    picture, axes = one_axes()
    for width, each in errors.items():
        axes.plot([width] * len(each), each, "o", color=SKY, markersize=6)
    medians = [np.median(each) for each in errors.values()]
    axes.plot(list(errors), medians, color=BLUE)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list(errors), [str(width) for width in errors])
    axes.set_xlabel(say("hidden units", "隠れユニット数"))
    axes.set_ylabel(say("root mean squared error", "二乗平均平方根誤差"))
    return picture


EXPERIMENT = Experiment(
    name="a4-multilayer-perceptron",
    rows=("A4",),
    title=Text("The multilayer perceptron", "多層パーセプトロン"),
    question=Text(
        "What does a hidden layer add to a single unit?",
        "隠れ層は、単独のユニットに何を加えるのか。",
    ),
    claim=Text(
        "A network with one hidden layer learns XOR, and approximates a continuous function with "
        "an error that falls as the layer grows.",
        "隠れ層を一つもつネットワークは XOR を学習し、連続関数を近似する。誤差は隠れ層が広いほど"
        "小さい。",
    ),
    text=Text(
        """A hidden unit is a line with a soft edge, and the output unit adds such edges up. Two are
        enough for XOR, as A1 showed by hand. To learn them the edge must be soft: the step function
        has slope 0 and gives no gradient to follow. So it takes a sigmoid, tanh or ReLU, and
        backpropagation.

        With enough units such sums come as near as one likes to any continuous function on a
        closed, bounded region (Cybenko 1989; Hornik, Stinchcombe, White 1989). Look at the fits:
        one unit gives one soft step, four follow the large waves, sixteen nearly all of it.

        Where texts slip: the theorem says that good weights exist. It does not say how many units
        are needed, nor that descent finds the weights. The table of XOR shows the difference: two
        hidden units are enough, yet not every start gets there. Some call this network
        three-layered since they count the input, others two-layered, since there are two layers of
        weights.""",
        """隠れユニットは境目のやわらかい直線であり、出力ユニットがそれらを足し合わせる。A1 で手
        作りしたとおり、 XOR には二つで足りる。学習するには境目がやわらかくなければならない。ステ
        ップ関数は傾きが 0 で、たどる勾配がない。そこでシグモイド関数や tanh、ReLU を使い、誤差逆
        伝播法で学習する。

        ユニットを十分に増やせば、そのような和は有界閉領域上のどんな連続関数にもいくらでも近づ
        く(Cybenko 1989、 Hornik・Stinchcombe・White 1989)。図では、1 個で一段のなめらかな段
        差、4 個で大きな波、 16 個でほぼ全体を表している。

        誤りやすい点。定理が言うのは良い重みが存在することで、何個のユニットが要るかも、勾配降下
        法がその重みを見つけることも言っていない。XOR の表がその違いを示す。隠れユニットは 2 個で
        足りるが、どの初期値からでもたどり着けるわけではない。なお、このネットワークは入力も数え
        て 3 層とも、重みの層だけを数えて 2 層とも呼ばれる。""",
    ),
    work=work,
    formulas=(
        r"y=W_2\,\tanh(W_1x+b_1)+b_2",
        r"\forall\varepsilon>0\ \exists\,W_1,b_1,W_2,b_2:\quad"
        r"\max_{x\in K}\left|f(x)-y(x)\right|<\varepsilon",
    ),
    code=(models.MLP, learn_xor),
    parts=PARTS,
)
