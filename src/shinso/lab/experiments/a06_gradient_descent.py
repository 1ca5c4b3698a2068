"""Gradient descent in one and two dimensions: iterates, paths, and what the rate may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.optim import trajectory
from shinso.viz.animation import descent
from shinso.viz.curves import curves
from shinso.viz.numbers import number
from shinso.viz.style import say
from shinso.viz.surface import contours, line, surface

START, RATE = 2.0, 0.2
PLACE = np.array([4.0, 1.5])
"""Where the paths of two dimensions start."""
SHOWN = 30
X_RANGE, Y_RANGE = (-5.0, 5.0), (-4.5, 4.5)
BEST = 2 / 11
"""The rate 2/(λ_min + λ_max) of the ravine, whose curvatures are 1 and 10."""
RATES = (0.002, 0.02, 0.1, BEST, 0.19, 0.205)
NEAR = 1e-6


def parabola(x: Any) -> Any:
    """x², of curvature 2."""
    return x**2


def bowl(x: Any, y: Any) -> Any:
    """x₁² + x₂², of curvature 2 in all directions."""
    return x**2 + y**2


def ravine(x: Any, y: Any) -> Any:
    """½x₁² + 5x₂², of curvature 1 along it and 10 across."""
    return 0.5 * x**2 + 5 * y**2


Valley = Callable[[Any, Any], Any]


def path(f: Valley, rate: float, steps: int = SHOWN) -> Array:
    """Gradient descent on f from PLACE: (steps + 1, 2)."""
    return trajectory(lambda p: f(p[0], p[1]), PLACE, steps, rate)


def diverges(f: Valley, rate: float) -> bool:
    """Whether the steps grow in the end."""
    points = path(f, rate, 100)
    sizes = np.abs(np.diff(points, axis=0)).max(axis=1)
    return len(points) <= 100 or bool(sizes[-1] > sizes[-50])


def largest_rate(f: Valley) -> float:
    """The rate from which on descent diverges, found by halving an interval 16 times."""
    low, high = 0.0, 4.0
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (low, middle) if diverges(f, middle) else (middle, high)
    return high


def steps_until_near(f: Valley, rate: float) -> float:
    """After how many steps f is a millionth of what it was; infinite if not within 7/rate, which
    e^(−2·7) < 1e-6 says is enough along the ravine, or 100."""
    points = path(f, rate, max(100, math.ceil(7 / rate)))
    values = f(*points.T)
    reached = np.flatnonzero(values <= NEAR * values[0])
    return float(reached[0]) if len(reached) else np.inf


def work(settings: Settings) -> Outcome:
    """Compare iterates with the closed form, look for the largest rate, draw the paths."""
    one = trajectory(parabola, START, 20, RATE)
    steps = {rate: steps_until_near(ravine, rate) for rate in RATES}
    paths = {f"η = {number(rate)}": path(ravine, rate) for rate in (0.02, 0.1, 0.19, 0.205)}
    return Outcome(
        _verdicts(one, steps), [_iterates(one), _rates(steps)], _figures(one, paths)
    )  # fmt: skip


def _verdicts(one: Array, steps: dict[float, float]) -> list[Verdict]:
    k = np.arange(21)
    straight, zigzag = path(bowl, RATE, 20), path(ravine, BEST, 20)
    closed = "2·0.6ᵏ"
    shrinking = np.outer((9 / 11.0) ** k, np.abs(PLACE))
    return [
        Verdict(
            Text(f"x², start 2, rate 0.2: iterates against {closed}, largest difference",
                 f"x²、初期値 2、学習率 0.2:反復列と {closed} の差の最大"),
            float(np.abs(one - START * 0.6**k).max()), 0.0, 1e-12, "≤",
        ),
        Verdict(
            Text("x₁² + x₂², rate 0.2: both coordinates shrink by 0.6, largest difference",
                 "x₁² + x₂²、学習率 0.2:両座標が 0.6 倍になる。差の最大"),
            float(np.abs(straight - np.outer(0.6**k, PLACE)).max()), 0.0, 1e-12, "≤",
        ),
        Verdict(
            Text("½x₁² + 5x₂², rate 2/11: |coordinates| shrink by 9/11, largest difference",
                 "½x₁² + 5x₂²、学習率 2/11:座標の絶対値が 9/11 倍になる。差の最大"),
            float(np.abs(np.abs(zigzag) - shrinking).max()), 0.0, 1e-12, "≤",
        ),
        Verdict(
            Text("x₁² + x₂²: the rate from which on descent diverges, against 2/λ",
                 "x₁² + x₂²:発散し始める学習率と 2/λ"),
            largest_rate(bowl), 1.0, 1e-3, "=",
        ),
        Verdict(
            Text("½x₁² + 5x₂²: the rate from which on descent diverges, against 2/λ",
                 "½x₁² + 5x₂²:発散し始める学習率と 2/λ"),
            largest_rate(ravine), 0.2, 1e-3, "=",
        ),
        Verdict(
            Text("a hundredth of that rate: times as many steps as with the best rate",
                 "その 100 分の 1 の学習率:最良の学習率の何倍のステップが要るか"),
            steps[0.002] / steps[BEST], 50, 0, "≥",
        ),
    ]  # fmt: skip


def _iterates(one: Array) -> Table:
    rows = [(str(k), *map(number, (x, x**2, 2 * x))) for k, x in enumerate(one[:11].tolist())]
    columns = (Text("step k", "ステップ k"), "x", "f(x) = x²", "f′(x) = 2x")
    return Table(columns, rows, Text("Start 2, rate 0.2.", "初期値 2、学習率 0.2。"))


def _rates(steps: dict[float, float]) -> Table:
    rows = []
    for rate, count in steps.items():
        across = 1 - 10 * rate
        reached: str | Text = f"{count:,.0f}"
        if np.isinf(count):
            reached = Text("never: it diverges", "届かない(発散)")
        rows.append((number(rate), number(1 - rate), number(across), reached))
    columns = (
        Text("rate η", "学習率 η"),
        Text("x₁ is multiplied by", "x₁ に掛かる数"),
        Text("x₂ is multiplied by", "x₂ に掛かる数"),
        Text("steps to a millionth of f", "f が百万分の 1 になるまで"),
    )
    caption = Text(
        "½x₁² + 5x₂²: in each step x₁ is multiplied by 1 − η, x₂ by 1 − 10η.",
        "½x₁² + 5x₂²:1 ステップごとに x₁ は 1 − η 倍、x₂ は 1 − 10η 倍になる。",
    )
    return Table(columns, rows, caption)


def _figures(one: Array, paths: dict[str, Array]) -> list[Figure]:
    straight = {f"η = {RATE}": path(bowl, RATE)}
    values = {name: ravine(*points.T) for name, points in paths.items()}
    falling = curves(
        values,
        xlabel=say("step", "ステップ"),
        ylabel="½x₁² + 5x₂²",
        log=True,
    )
    where = (X_RANGE, Y_RANGE)
    on_top = {name: p for name, p in paths.items() if "0.205" not in name}
    listed = line(parabola, -2.2, 2.2, paths={f"η = {RATE}": one[:, None]}, ylabel="x²")
    return [
        Figure("line", listed,
               Text("x² from 2 with rate 0.2: each step is shorter, since the slope is.",
                    "x²、初期値 2、学習率 0.2。傾きが小さくなるので、一歩も短くなる。")),
        Figure("bowl", contours(bowl, *where, paths=straight),
               Text("x₁² + x₂²: the gradient points away from the centre, the path is straight.",
                    "x₁² + x₂²:勾配は中心から外へ向き、経路はまっすぐである。")),
        Figure("ravine", contours(ravine, *where, paths=paths, log=True),
               Text("½x₁² + 5x₂², four rates: 0.02 crawls along, 0.1 lands on the axis at once, "
                    "0.19 zigzags, 0.205 jumps farther each time.",
                    "½x₁² + 5x₂²、四つの学習率。0.02 はゆっくり進み、0.1 は一歩で軸に乗り、0.19 は"
                    "ジグザグに進み、0.205 は跳ぶたびに遠ざかる。")),
        Figure("surface", surface(ravine, X_RANGE, (-2.2, 2.2), paths=on_top, elevation=50),
               Text("The same function as a surface, with the paths that get there.",
                    "同じ関数の曲面と、最小点に向かう経路。")),
        Figure("descent", descent(ravine, *where, paths, log=True, seconds=0.3),
               Text("The same paths, moving.", "同じ経路の動画。"), "gif"),
        Figure("values", falling,
               Text("The function's value after each step.", "各ステップ後の関数の値。")),
    ]  # fmt: skip


EXPERIMENT = Experiment(
    name="a6-gradient-descent",
    rows=("A6",),
    title=Text("Gradient descent", "勾配降下法"),
    question=Text(
        "Walk against the gradient, again and again. How large may a step be?",
        "勾配に逆らって歩くことをくり返す。一歩はどこまで大きくしてよいのか。",
    ),
    claim=Text(
        "Below the rate 2/λ descent converges, above it diverges, and far below it crawls.",
        "学習率が 2/λ より小さければ収束し、大きければ発散し、はるかに小さければなかなか進まない。",
    ),
    text=Text(
        """The gradient points where the function rises fastest, and descent goes the other way: x ←
        x − η f′(x). On x² that is x ← (1 − 2η)x. With η = 0.2 each step leaves 0.6 of x, so the
        iterates are 2, 1.2, 0.72, 0.432, … With η = 0.5 one step would do, and with η > 1 the
        factor is below −1 and x jumps from side to side, ever farther.

        In two dimensions every direction of curvature λ has its own factor, 1 − ηλ. On x₁² + x₂²
        both are the same and the path is straight. On ½x₁² + 5x₂² they are 1 − η and 1 − 10η: the
        steep direction limits the rate, and the flat one has to live with it. The best compromise
        is η = 2/(λ_min + λ_max), and even then each step leaves 9/11. Networks have curvatures that
        differ by thousands; momentum and Adam (C5) are answers to that.

        Where texts slip: the gradient is at a right angle to the contours, and does not point at
        the minimum. A loss that explodes usually means that η is above 2/λ. One that falls slowly
        does not mean that η is too small: it may be nearly too large, as the zigzag with 0.19
        shows.""",
        """勾配は関数が最も急に増える方向を指し、勾配降下法はその逆へ進む。x ← x − η f′(x)。x² な
        ら x ← (1 − 2η)x である。η = 0.2 では一歩ごとに x の 0.6 倍が残
        り、2、1.2、0.72、0.432、… となる。η = 0.5 なら一歩で済み、η > 1 なら係数が −1 より小さく
        なって、左右に跳びながら遠ざかる。

        2 次元では曲率 λ の方向ごとに係数 1 − ηλ がある。x₁² + x₂² では等しく、経路はまっすぐにな
        る。½x₁² + 5x₂² では 1 − η と 1 − 10η である。急な方向が学習率を制限し、緩い方向はそれに
        付き合わされる。最良の妥協はη = 2/(λ_min + λ_max) だが、それでも一歩ごとに 9/11 が残る。
        ニューラルネットワークの曲率は何千倍も違う。モメンタムや Adam(C5)はそれへの答えである。

        誤りやすい点。勾配は等高線に垂直であり、最小点を指すわけではない。損失が爆発するときは、
        たいてい η が 2/λ を超えている。損失の減りが遅いからといって η が小さすぎるとは限らな
        い。0.19 のジグザグのように、大きすぎる寸前かもしれない。""",
    ),
    work=work,
    formulas=(
        r"x\leftarrow x-\eta\,\nabla f(x)",
        r"f(x)=x^2:\quad x_k=(1-2\eta)^k\,x_0",
        r"f(x)=\frac{1}{2}\sum_i\lambda_i x_i^2:\quad x_i\leftarrow(1-\eta\lambda_i)\,x_i,\qquad"
        r"|1-\eta\lambda_i|<1\iff 0<\eta<\frac{2}{\lambda_i}",
    ),
    code=(trajectory, diverges, largest_rate),
)
