"""A parabola fitted by gradient descent, step by step, against least squares."""

from __future__ import annotations

import math

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict, Words
from shinso.lab.text import Text
from shinso.models import Polynomial
from shinso.ops.loss_regression import SquaredError
from shinso.optim import SGD
from shinso.viz.curves import curves
from shinso.viz.numbers import number
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, QUIET, SKY, say, styled

TRUE = (1.0, -2.0, 0.5)
"""a, b, c of the parabola behind the data."""
NOISE = 0.5
EXAMPLES = 30
SHOWN = (0, 1, 2, 5, 20, 100)
NEAR = 1e-6


def noisy_parabola(seed: int) -> tuple[Array, Array]:
    """x from -2 to 3 and y = ax² + bx + c with noise: both (n,)."""
    x = np.linspace(-2, 3, EXAMPLES)
    return x, np.polyval(TRUE, x) + NOISE * np.random.default_rng(seed).standard_normal(EXAMPLES)


def curvatures(x: Array) -> tuple[float, float]:
    """The least and the largest eigenvalue of the loss's second derivatives, XᵀX with rows
    (1, x, x²)."""
    powers = np.vander(x, 3, increasing=True)
    least, _, largest = np.linalg.eigvalsh(powers.T @ powers)
    return float(least), float(largest)


def fit(x: Array, y: Array, lr: float, steps: int) -> Array:
    """Gradient descent on ½Σ(y − ŷ)² from zeros: (steps + 1, 3) coefficients c, b, a."""
    parabola = Polynomial(2).double()
    rule = SGD(parabola.parameters(), lr=lr)
    path = [parabola.coefficients.numpy()]
    for _ in range(steps):
        ops.squared_error(parabola(x), y).backward()
        rule.step()
        rule.zero_grad()
        path.append(parabola.coefficients.numpy())
    return np.stack(path)


def loss(path: Array, x: Array, y: Array) -> Array:
    """½Σ(y − ŷ)² for each row of coefficients: (steps,)."""
    values = path @ np.vander(x, 3, increasing=True).T
    return 0.5 * ((values - y) ** 2).sum(axis=1)


def hand_gradient(x: Array, y: Array, coefficients: Array) -> Array:
    """Σ(ŷ − y)·(1, x, x²), worked out on paper."""
    powers = np.vander(x, 3, increasing=True)
    return (powers @ coefficients - y) @ powers


def work(settings: Settings) -> Outcome:
    """Descend with the rate 1/λ, compare with least squares; look at what the rate may be."""
    x, y = noisy_parabola(settings.seed)
    least, largest = curvatures(x)
    best = np.polynomial.polynomial.polyfit(x, y, 2)
    # With the rate 1/λ every step leaves at most the share 1 − least/largest of the distance.
    steps = math.ceil(math.log(NEAR / np.linalg.norm(best)) / math.log(1 - least / largest))
    path = fit(x, y, 1 / largest, steps)
    losses = loss(path, x, y)
    start = Polynomial(2).double()
    ops.squared_error(start(x), y).backward()
    below, above = (fit(x, y, share * 2 / largest, steps) for share in (0.99, 1.01))
    verdicts = [
        Verdict(
            Text(f"after {steps} steps, which the curvatures demand, distance from least squares",
                 f"曲率から必要と分かる {steps} ステップ後の、最小二乗解からの距離"),
            float(np.linalg.norm(path[-1] - best)), 0.0, NEAR, "≤",
        ),
        Verdict(
            Text("gradient by backpropagation against Σ(ŷ − y)·(1, x, x²): relative difference",
                 "誤差逆伝播法の勾配と Σ(ŷ − y)·(1, x, x²):相対差"),
            _relative(start.coefficients.grad, hand_gradient(x, y, np.zeros(3))), 0.0, 1e-12, "≤",
        ),
        Verdict(
            Text("the loss falls in every step: steps in which it does not",
                 "損失は毎ステップ下がる:下がらなかったステップ数"),
            int((np.diff(losses) > 1e-12 * losses[0]).sum()), 0, 0, "=",
        ),
        Verdict(
            Text("rate 1 % below 2/λ: loss at the end ÷ at the start",
                 "学習率が 2/λ より 1 % 小さい:最後の損失 ÷ 最初の損失"),
            float(loss(below[-1:], x, y)[0] / losses[0]), 1.0, 0.0, "<",
        ),
        Verdict(
            Text("rate 1 % above 2/λ: loss at the end ÷ at the start",
                 "学習率が 2/λ より 1 % 大きい:最後の損失 ÷ 最初の損失"),
            float(loss(above[-1:], x, y)[0] / losses[0]), 1.0, 0.0, ">",
        ),
    ]  # fmt: skip
    return Outcome(verdicts, [_table(path, losses, best)], _figures(x, y, path, losses, best))


def _relative(found: Array | None, expected: Array) -> float:
    assert found is not None
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _table(path: Array, losses: Array, best: Array) -> Table:
    rows: list[tuple[Words, ...]] = [
        (str(k), *map(number, path[k][::-1].tolist()), number(losses[k]))
        for k in (*SHOWN, len(path) - 1)
    ]
    rows.append((Text("least squares", "最小二乗法"), *map(number, best[::-1].tolist()), ""))
    return Table((Text("step", "ステップ"), "a", "b", "c", "½Σ(y − ŷ)²"), rows)


def _figures(x: Array, y: Array, path: Array, losses: Array, best: Array) -> list[Figure]:
    lines = {name: path[:101, 2 - i] for i, name in enumerate("abc")}
    moving = curves(
        lines, xlabel=say("step", "ステップ"), ylabel=say("coefficient", "係数"),
    )  # fmt: skip
    for value in best:
        moving.axes[0].axhline(value, color=QUIET, linewidth=1, linestyle=":")
    above = np.maximum(losses - loss(best[None], x, y)[0], 0)  # rounding may take it below
    falling = curves(
        {say("loss above the least one", "最小値を超える損失"): above},
        xlabel=say("step", "ステップ"),
        ylabel=say("loss − least loss", "損失 − 最小の損失"),
        log=True,
    )
    return [
        Figure("steps", draw_steps(x, y, path),
               Text("The parabola after so many steps, over the data.",
                    "各ステップ数での放物線とデータ。")),
        Figure("coefficients", moving,
               Text("The coefficients over 100 steps; dotted: least squares.",
                    "100 ステップの係数の動き。点線は最小二乗解。")),
        Figure("loss", falling,
               Text("How far the loss is above its least value: a straight line on this axis means "
                    "that every step takes the same share of it away.",
                    "損失と最小値の差。この軸で直線なら、毎ステップ同じ割合で減っている。")),
    ]  # fmt: skip


@styled
def draw_steps(x: Array, y: Array, path: Array) -> Picture:
    """The curve at some of the steps."""
    picture, axes = grid(2, 3, 10.5, 6.0, sharex=True, sharey=True)
    at = np.linspace(x.min(), x.max(), 200)
    for a, k in zip(axes, SHOWN, strict=True):
        a.plot(x, y, "o", color=SKY, markersize=5)
        c2, c1, c0 = path[k][::-1]
        a.plot(at, c2 * at**2 + c1 * at + c0, color=BLUE, linewidth=2.5)
        a.set_title(say(f"step {k}", f"ステップ {k}"))
    for a in axes[3:]:
        a.set_xlabel("x")
    for a in axes[::3]:
        a.set_ylabel("y")
    return picture


EXPERIMENT = Experiment(
    name="a5-parabola",
    rows=("A5",),
    title=Text("A parabola by gradient descent", "勾配降下法で放物線を当てはめる"),
    question=Text(
        "y = ax² + bx + c has three parameters. How does gradient descent find them from data?",
        "y = ax² + bx + c には三つのパラメータがある。勾配降下法はデータからどう見つけるのか。",
    ),
    claim=Text(
        "Step by step the curve approaches the least-squares parabola, if the rate is below 2/λ.",
        "学習率が 2/λ より小さければ、曲線は一歩ずつ最小二乗法の放物線に近づく。",
    ),
    text=Text(
        """This is learning in its smallest form: a model with parameters, a loss that says how
        wrong it is, ½Σ(y − ŷ)², and steps against the gradient. The model is not linear in x, but
        it is in a, b and c. So the loss is a bowl, and there is a formula for its lowest point to
        compare with. A network has no such formula, and the steps are the same.

        The ½ is there to cancel the 2 of the derivative: ∂L/∂a = Σ(ŷ − y)x². Look at the pictures:
        a few steps get the rough shape, since the loss is steepest in that direction, and the rest
        takes long.

        Where texts slip: the sign is ŷ − y; with y − ŷ one has to add the step, not subtract it.
        And ½Σ is a sum: with twice the data the gradient doubles, and a rate that worked may
        diverge. What a rate may be at most follows from the curvature: below 2/λ, where λ is the
        largest eigenvalue of the second derivatives, here of Σ(1, x, x²)ᵀ(1, x, x²).""",
        """これは学習のいちばん小さな形である。パラメータをもつモデル、どれだけ誤っているかを示す
        損失 ½Σ(y − ŷ)²、勾配に逆らう一歩。モデルは x について線形ではないが、a、b、c については
        線形である。だから損失はお椀形で、最下点には比べるべき公式がある。ニューラルネットワーク
        に公式はないが、歩み方は同じである。

        ½ は微分で出る 2 を打ち消すためにある。∂L/∂a = Σ(ŷ − y)x² となる。図では、数ステップでお
        およその形になり (損失がその方向に最も急だから)、残りに長くかかる。

        誤りやすい点。符号は ŷ − y である。y − ŷ なら引くのではなく足さなければならない。ま
        た ½Σ は和なので、データが 2 倍になれば勾配も 2 倍になり、うまくいっていた学習率でも発散
        しうる。学習率の上限は曲率で決まる。 2 階微分の行列、ここでは Σ(1, x, x²)ᵀ(1, x, x²) の最
        大固有値を λ として、2/λ より小さくなければならない。""",
    ),
    work=work,
    formulas=(
        r"L=\frac{1}{2}\sum_i(y_i-\hat{y}_i)^2,\qquad\hat{y}_i=ax_i^2+bx_i+c",
        r"\frac{\partial L}{\partial a}=\sum_i(\hat{y}_i-y_i)x_i^2,\quad"
        r"\frac{\partial L}{\partial b}=\sum_i(\hat{y}_i-y_i)x_i,\quad"
        r"\frac{\partial L}{\partial c}=\sum_i(\hat{y}_i-y_i)",
        r"a\leftarrow a-\eta\frac{\partial L}{\partial a},\qquad 0<\eta<\frac{2}{\lambda_{\max}}",
    ),
    code=(Polynomial, SquaredError, fit),
)
