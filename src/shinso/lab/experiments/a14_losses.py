"""Losses and their gradients: squared, absolute, cross-entropy, binary cross-entropy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.loss_probability import BinaryCrossEntropy
from shinso.ops.loss_regression import AbsoluteError, SquaredError
from shinso.viz.curves import line_style
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, grid
from shinso.viz.style import say, styled

VALUES = np.array([1.0, 2.0, 3.0, 4.0, 90.0])
"""Measurements with one that is far off: mean 20, median 3."""


@dataclass(frozen=True)
class Loss:
    """A loss of outputs y and targets t, and its gradient in y as the textbook writes it."""

    name: Text
    rule: str
    loss: Callable[[Any, Any], Tensor]
    gradient: Callable[[Array, Array], Array]


def cross_entropy(y: Any, t: Any) -> Tensor:
    """-Σ t log y of probabilities y, as the textbook writes it; a sum, no mean."""
    return -ops.sum(ops.log(y) * t)


LOSSES = (
    Loss(Text("squared error, ½ Σ (y − t)²", "二乗和誤差 ½ Σ (y − t)²"), "y − t",
         ops.squared_error, lambda y, t: y - t),
    Loss(Text("mean squared error", "平均二乗誤差"), "2 (y − t) / n",
         ops.mse_loss, lambda y, t: 2 * (y - t) / y.size),
    Loss(Text("mean absolute error", "平均絶対誤差"), "sign(y − t) / n",
         ops.l1_loss, lambda y, t: np.sign(y - t) / y.size),
    Loss(Text("cross-entropy, −Σ t log y", "交差エントロピー誤差 −Σ t log y"), "−t / y",
         cross_entropy, lambda y, t: -t / y),
    Loss(Text("binary cross-entropy", "二値交差エントロピー誤差"), "(y − t) / (y (1 − y)) / n",
         ops.binary_cross_entropy, lambda y, t: (y - t) / (y * (1 - y)) / y.size),
)  # fmt: skip


def backward(loss: Callable[[Any, Any], Tensor], y: Array, t: Array) -> Array:
    """The gradient in y by backward."""
    leaf = Tensor(y, requires_grad=True)
    loss(leaf, t).backward()
    assert leaf.grad is not None
    return leaf.grad


def errors_of(loss: Loss, y: Array, t: Array) -> tuple[float, float]:
    """How far backward is from the printed gradient, and from central differences (relative)."""
    found = backward(loss.loss, y, t)
    numeric = numerical_gradient(lambda v: loss.loss(Tensor(v), t), y)
    largest = float(np.abs(found).max())
    formula = float(np.abs(found - loss.gradient(y, t)).max())
    return formula / largest, float(np.abs(found - numeric).max()) / largest


def best_constant(loss: Callable[[Any, Any], Tensor], steps: int = 2000) -> float:
    """The constant that gradient descent finds for VALUES; the rate falls as 1 / step."""
    c = 10.0
    for step in range(steps):
        y = np.full(len(VALUES), c)
        c -= 4.0 / (step + 10) * float(backward(loss, y, VALUES).sum())
    return c


def through_sigmoid(loss: Callable[[Any, Any], Tensor], z: Array) -> Array:
    """The gradient in each logit z for the target 1, of a loss that is a sum over them."""
    return backward(lambda v, t: loss(ops.sigmoid(v), t), z, np.ones_like(z))


def work(settings: Settings) -> Outcome:
    """Gradients of all losses; the constants they choose; what they do behind a sigmoid."""
    rng = np.random.default_rng(settings.seed)
    y = rng.uniform(0.1, 0.9, (6, 4))
    t = (rng.random((6, 4)) < 0.5).astype(float)
    outcome, rows = Outcome(), []
    for loss in LOSSES:
        formula, numeric = errors_of(loss, y, t)
        claim = Text(f"{loss.name.en}: gradient {loss.rule}", f"{loss.name.ja}:勾配 {loss.rule}")
        outcome.verdicts.append(Verdict(claim, max(formula, numeric), 1e-6, relation="≤"))
        rows.append((loss.name, loss.rule, f"{formula:.1e}", f"{numeric:.1e}"))
    outcome.tables.append(Table(_COLUMNS, rows, _TABLE))
    _conventions(outcome)
    _constants(outcome)
    _logits(outcome)
    outcome.figures += [
        Figure("regression", regression_picture(), _CAPTIONS["regression"]),
        Figure("classes", classes_picture(), _CAPTIONS["classes"]),
        Figure("logits", logits_picture(), _CAPTIONS["logits"]),
    ]
    return outcome


def _conventions(outcome: Outcome) -> None:
    same = np.array([0.5])
    outcome.verdicts += [
        Verdict(_AT_ZERO, float(backward(ops.l1_loss, same, same)[0]), 0.0, relation="="),
        Verdict(_SURE, ops.binary_cross_entropy(np.array([0.0]), np.array([1.0])).item(), 100.0,
                relation="="),
    ]  # fmt: skip


def _constants(outcome: Outcome) -> None:
    mean, median = float(VALUES.mean()), float(np.median(VALUES))
    outcome.verdicts += [
        Verdict(_MEAN, best_constant(ops.mse_loss), mean, 0.05, "="),
        Verdict(_MEDIAN, best_constant(ops.l1_loss), median, 0.05, "="),
    ]


def _logits(outcome: Outcome) -> None:
    z = np.linspace(-6, 6, 121)
    y = ops.sigmoid(z).data
    direct = backward(binary_with_logits, z, np.ones_like(z))
    ratio = direct / through_sigmoid(ops.squared_error, z)
    outcome.verdicts += [
        Verdict(_WITH_SIGMOID, float(np.abs(direct - (y - 1)).max()), 1e-12, relation="≤"),
        Verdict(_RATIO, float(ratio[0]), float(1 / (y[0] * (1 - y[0]))), 1e-6, "="),
    ]


def binary_with_logits(z: Any, t: Any) -> Tensor:
    """Sigmoid and binary cross-entropy in one, as a sum."""
    return ops.binary_cross_entropy_with_logits(z, t, reduction="sum")


Line = tuple[str, Array, Array]


@styled
def side_by_side(x: Array, lines: list[Line], xlabel: str) -> Picture:
    """Losses at the left, their gradients at the right; each line is (name, loss, gradient)."""
    picture, axes = grid(1, 2, 9.5, 4.4)
    for i, (name, loss, slope) in enumerate(lines):
        axes[0].plot(x, loss, label=name, **line_style(i))
        axes[1].plot(x, slope, **line_style(i))
    for ax, title in zip(axes, (say("loss", "損失"), say("gradient", "勾配")), strict=True):
        ax.set_title(title)
        ax.set_xlabel(xlabel)
    legend_below(picture, axes[0])
    return picture


def regression_picture() -> Picture:
    """Losses of one output against its distance from the target."""
    d = np.linspace(-3, 3, 241)
    zero = np.zeros_like(d)
    lines = []
    for name, loss in (
        ("½ (y − t)²", ops.mse_loss),
        ("|y − t|", ops.l1_loss),
        (say("Huber, δ = 1", "Huber(δ = 1)"), ops.huber_loss),
    ):
        factor = 0.5 if loss is ops.mse_loss else 1.0
        values = factor * loss(d, zero, reduction="none").data
        slopes = factor * backward(lambda y, t, f=loss: f(y, t, reduction="sum"), d, zero)  # type: ignore[misc]
        lines.append((name, values, slopes))
    return side_by_side(d, lines, "y − t")


def classes_picture() -> Picture:
    """Cross-entropy of a probability, for both targets; near the ends it has no limit."""
    y = np.linspace(0.03, 0.97, 189)
    lines = []
    for target in (1.0, 0.0):
        t = np.full_like(y, target)
        values = ops.binary_cross_entropy(y, t, reduction="none").data
        slopes = backward(lambda v, w: ops.binary_cross_entropy(v, w, reduction="sum"), y, t)
        name = "t = 1: −log y" if target else "t = 0: −log(1 − y)"
        lines.append((name, values, slopes))
    return side_by_side(y, lines, say("output y (a probability)", "出力 y(確率)"))


def logits_picture() -> Picture:
    """What a logit feels for the target 1, with cross-entropy and with the squared error."""
    z = np.linspace(-8, 8, 241)
    y, one = ops.sigmoid(z).data, np.ones_like(z)
    lines = [
        (
            say("cross-entropy", "交差エントロピー誤差"),
            ops.binary_cross_entropy_with_logits(z, one, reduction="none").data,
            backward(binary_with_logits, z, one),
        ),
        (
            say("squared error", "二乗和誤差"),
            0.5 * (y - 1) ** 2,
            through_sigmoid(ops.squared_error, z),
        ),
    ]
    return side_by_side(
        z, lines, say("logit z, y = sigmoid(z), t = 1", "ロジット z(y = sigmoid(z)、t = 1)")
    )


_COLUMNS = (
    Text("loss", "損失"),
    Text("gradient in y", "y についての勾配"),
    Text("from backward", "逆伝播との差"),
    Text("from differences", "中心差分との差"),
)
_TABLE = Text(
    "24 outputs between 0.1 and 0.9, targets 0 and 1: relative differences.",
    "0.1 から 0.9 の出力 24 個、正解は 0 か 1。相対的な差。",
)
_AT_ZERO = Text("slope of |y − t| at y = t, by convention", "y = t での |y − t| の傾き(約束)")
_SURE = Text(
    "binary cross-entropy of a sure mistake (y = 0, t = 1), where shinso stops at 100",
    "確信した誤り(y = 0、t = 1)の二値交差エントロピー誤差。shinso は 100 で止める",
)
_MEAN = Text(
    "the constant with the least squared error for 1, 2, 3, 4, 90 is their mean",
    "1, 2, 3, 4, 90 に対し二乗誤差を最小にする定数は平均",
)
_MEDIAN = Text(
    "and the one with the least absolute error their median",
    "絶対誤差を最小にする定数は中央値",
)
_WITH_SIGMOID = Text(
    "sigmoid with cross-entropy: the gradient in the logit is y − t; difference",
    "シグモイド関数と交差エントロピー誤差:ロジットの勾配は y − t。その差",
)
_RATIO = Text(
    "at z = −6, t = 1 cross-entropy pulls 1 / (y(1 − y)) times as hard as the squared error",
    "z = −6、t = 1 で、交差エントロピー誤差の勾配は二乗和誤差の何倍か。1 / (y(1 − y)) 倍",
)
_CAPTIONS = {
    "regression": Text(
        "Losses for numbers. The squared error pulls harder the further off; the absolute one "
        "always equally; Huber's is the first near the target and the second far from it.",
        "数値に対する損失。二乗誤差は離れるほど強く、絶対誤差はいつも同じ強さで引く。"
        "Huber 損失は近くでは前者、遠くでは後者になる。",
    ),
    "classes": Text(
        "Cross-entropy of a probability. Being surely wrong costs without limit.",
        "確率に対する交差エントロピー誤差。確信して間違えると、損失に上限がない。",
    ),
    "logits": Text(
        "Behind a sigmoid, for t = 1. At the left the output is surely wrong: cross-entropy pulls "
        "with all its force, the squared error hardly at all.",
        "シグモイド関数を通した場合(t = 1)。左側は確信した誤りである。"
        "交差エントロピー誤差は強く引くが、二乗和誤差の勾配はほとんどない。",
    ),
}

EXPERIMENT = Experiment(
    name="a14-losses",
    rows=("A14",),
    title=Text("Losses and their gradients", "損失関数とその勾配"),
    question=Text(
        "The loss is where every gradient starts. What does each kind ask of the network?",
        "勾配はすべて損失から始まる。損失の種類ごとに、ネットワークに何を求めているのか。",
    ),
    claim=Text(
        "The squared error's gradient is y − t and the cross-entropy's −t/y; all agree with "
        "central differences.",
        "二乗和誤差の勾配は y − t、交差エントロピー誤差の勾配は −t/y。どれも中心差分と一致する。",
    ),
    text=Text(
        """The sum of squares has a ½ in front so that its gradient is y − t. The mean squared error
        of libraries has no ½ and divides by the number of all elements: 2(y − t)/n. Both have the
        same minimum, but the same learning rate means another step. That is the first thing to
        check when one's numbers differ from a textbook's.

        A loss also says what the best answer is if one must give a single number. The squared error
        chooses the mean, which one far value drags along; the absolute error chooses the median,
        which it does not. At y = t the absolute error has a kink: 0 is taken.

        Cross-entropy is −Σ t log y, and its gradient −t/y. That is the gradient in the probability
        y. It is often mixed up with y − t, which is the gradient in the logit, after softmax or
        sigmoid: there, the slope y(1 − y) cancels the denominator.

        Look at the last picture: that cancelling is why classes are learned with cross-entropy.
        With the squared error y(1 − y) stays, and where the network is surely wrong, hardly any
        gradient is left.""",
        """二乗和誤差の前の ½ は、勾配をちょうど y − t にするためにある。ライブラリの平均二乗誤差に
        は ½ がなく、全要素の数で割るので 2(y − t)/n になる。最小の位置は同じだが、同じ学習率でも一
        歩の大きさが違う。教科書と数値が合わないときは、まずここを確かめるとよい。

        損失は、一つの数で答えるならどれが最良かも決める。二乗誤差は平均を選び、外れ値一つに引きずら
        れる。絶対誤差は中央値を選び、引きずられない。y = t は折れ点で、傾きは 0 と約束する。

        交差エントロピー誤差は −Σ t log y、勾配は −t/y である。これは確率 y についての勾配であ
        る。softmax やシグモイド関数の手前、ロジットについての勾配 y − t とよく混同される。そこでは
        傾き y(1 − y) が分母を打ち消している。

        最後の図を見てほしい。クラス分類に交差エントロピー誤差を使う理由はこの打ち消しにある。二乗和
        誤差では y(1 − y) が残り、確信して間違えているところでは勾配がほとんど残らない。""",
    ),
    work=work,
    formulas=(
        r"E=\frac{1}{2}\sum_i(y_i-t_i)^2,\qquad\frac{\partial E}{\partial y_i}=y_i-t_i",
        r"E=-\sum_i t_i\log y_i,\qquad\frac{\partial E}{\partial y_i}=-\frac{t_i}{y_i}",
        r"E=-t\log y-(1-t)\log(1-y),\qquad\frac{\partial E}{\partial y}=\frac{y-t}{y(1-y)}"
        r",\qquad\frac{\partial E}{\partial z}=y-t\quad\left(y=\sigma(z)\right)",
    ),
    code=(SquaredError, AbsoluteError, BinaryCrossEntropy),
)
