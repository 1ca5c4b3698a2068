"""Softmax with cross-entropy: finite for any logits, and the signs of its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.loss_classification import CrossEntropy
from shinso.ops.softmax import Softmax
from shinso.viz.bars import bars
from shinso.viz.picture import Picture, grid
from shinso.viz.style import SIGNED, say, styled

LOGITS = np.array([2.0, 1.0, 0.0, -1.0])
"""The logits of the Jacobian picture."""
SIZES = 10.0 ** np.arange(0, 4.001, 0.01)
"""Sizes s of the logits (s, s / 2) that are tried."""


def naive(z: Array, t: int) -> Array:
    """-log(e^zₜ / Σ e^zₖ) of the last axis as the formula says it, overflowing where it must."""
    with np.errstate(all="ignore"):
        e = np.exp(z)
        return np.asarray(-np.log(e[..., t] / e.sum(axis=-1)))


def two_steps(z: Array, t: int) -> Array:
    """A stable softmax, and then its logarithm: no overflow, but p may round to 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(ops.softmax(z).data[..., t]))


def together(z: Array, t: int) -> Array:
    """`ops.cross_entropy`, which takes the logarithm before the exponential can round."""
    return np.asarray(ops.cross_entropy(z, np.full(z.shape[:-1], t), reduction="none").data)


def jacobian(f: Callable[[Any], Any], z: Array) -> Array:
    """∂fᵢ/∂zₖ by central differences, (i, k)."""
    rows = [numerical_gradient(lambda v, i=i: f(v).data[i], z) for i in range(len(z))]  # type: ignore[misc]
    return np.stack(rows)


def gradient(z: Array, t: Array) -> Array:
    """The gradient of the mean cross-entropy by backward."""
    leaf = Tensor(z, requires_grad=True)
    ops.cross_entropy(leaf, t).backward()
    assert leaf.grad is not None
    return leaf.grad


def work(settings: Settings) -> Outcome:
    """Logits up to ±10 000, shifts, gradients, and the Jacobian."""
    rng = np.random.default_rng(settings.seed)
    outcome = Outcome()
    _extremes(outcome, rng, 64 if settings.fast else 100_000)
    _shifts(outcome, rng)
    _gradients(outcome, rng)
    _jacobian(outcome)
    return outcome


def _extremes(outcome: Outcome, rng: np.random.Generator, count: int) -> None:
    z = (1e4 * rng.choice([-1.0, 1.0], (count, 10))).astype(np.float32)
    t = rng.integers(0, 10, count)
    losses = ops.cross_entropy(z, t, reduction="none").data
    lost = sum(int(np.count_nonzero(~np.isfinite(v))) for v in (losses, gradient(z, t)))
    spoilt = ~np.isfinite([naive(row, label) for row, label in zip(z, t, strict=True)])
    ends = finite_up_to()
    outcome.verdicts += [
        Verdict(Text("loss of logits (10 000, −10 000) if the second class is right",
                     "ロジット (10 000, −10 000) で正解が第 2 クラスのときの損失"),
                float(together(np.array([1e4, -1e4]), 1)), 2e4, relation="="),
        Verdict(Text(f"losses and gradients of {count:,} examples at ±10 000 (float32) not finite",
                     f"±10 000 の {count:,} 例(float32)で有限でない損失と勾配の数"),
                lost, 0, relation="="),
        Verdict(Text("the formula as it is printed: share of these losses that is not finite",
                     "公式どおりの計算:有限でない損失の割合"),
                100 * float(spoilt.mean()), 100, relation="=", unit="%"),
        Verdict(Text("it is finite in float64 up to logits of ln 1.8e308",
                     "float64 で有限なのはロジットが ln 1.8e308 まで"),
                ends["naive"], float(np.log(np.finfo(np.float64).max)), 20, "="),
    ]  # fmt: skip
    outcome.figures.append(Figure("overflow", overflow_picture(ends), _CAPTIONS["overflow"]))


def finite_up_to() -> dict[str, float]:
    """By the way of computing, the largest of SIZES for which the loss is still finite."""
    z = np.stack([SIZES, SIZES / 2], axis=1)
    losses = {
        "naive32": naive(z.astype(np.float32), 1),
        "naive": naive(z, 1),
        "two steps": two_steps(z, 1),
        "together": together(z, 1),
    }
    return {how: float(SIZES[np.isfinite(loss)].max()) for how, loss in losses.items()}


def _shifts(outcome: Outcome, rng: np.random.Generator) -> None:
    z = rng.standard_normal((100, 10))
    rows = []
    for c in (1.0, -100.0, 1e4, -1e4):
        moved = float(np.abs(ops.softmax(z + c).data - ops.softmax(z).data).max())
        rows.append((f"{c:+,.0f}".replace("-", "−"), f"{moved:.1e}"))
    worst = max(float(row[1]) for row in rows)
    claim = Text("softmax(z + c) against softmax(z), c up to ±10 000: largest difference",
                 "softmax(z + c) と softmax(z) の最大の差(c は ±10 000 まで)")  # fmt: skip
    outcome.verdicts.append(Verdict(claim, worst, 1e-11, relation="≤"))
    columns = ("c", Text("largest difference of probabilities", "確率の最大の差"))
    caption = Text(
        "Adding c to all logits: what is left is the rounding of z + c.",
        "すべてのロジットに c を足す。残るのは z + c の丸め誤差だけである。",
    )
    outcome.tables.append(Table(columns, rows, caption))


def _gradients(outcome: Outcome, rng: np.random.Generator) -> None:
    z, t = rng.standard_normal((8, 5)), rng.integers(0, 5, 8)
    hot = np.eye(5)[t]
    found = gradient(z, t)
    formula = (ops.softmax(z).data - hot) / len(z)
    numeric = numerical_gradient(lambda v: ops.cross_entropy(v, t), z)
    same = abs(ops.cross_entropy(z, t).item() - ops.cross_entropy(z, hot).item())
    outcome.verdicts += [
        Verdict(Text("gradient (p − t) / N: difference from backward",
                     "勾配 (p − t) / N と逆伝播の差"),
                float(np.abs(found - formula).max()), 1e-15, relation="≤"),
        Verdict(Text("and from central differences, relative", "中心差分との相対誤差"),
                float(np.abs(found - numeric).max() / np.abs(found).max()), 1e-6, relation="≤"),
        Verdict(Text("class index against one-hot target: difference of the losses",
                     "クラス番号と one-hot の損失の差"), same, 1e-15, relation="≤"),
    ]  # fmt: skip


def _jacobian(outcome: Outcome) -> None:
    p = ops.softmax(LOGITS).data
    measured = jacobian(ops.softmax, LOGITS)
    right = np.diag(p) - np.outer(p, p)
    printed = np.where(np.eye(len(p)) == 1, right, np.outer(p, p))
    others = ~np.eye(len(p), dtype=bool)
    outcome.verdicts += [
        Verdict(Text("i ≠ k: the largest measured ∂pᵢ/∂zₖ is negative",
                     "i ≠ k:測った ∂pᵢ/∂zₖ の最大値は負"),
                float(measured[others].max()), 0, relation="<"),
        Verdict(Text("i ≠ k: −pᵢpₖ against the measured values", "i ≠ k:−pᵢpₖ と測定値の差"),
                float(np.abs(measured - right).max()), 1e-8, relation="≤"),
        Verdict(Text("i ≠ k: +pᵢpₖ, as printed here and there, is off by up to",
                     "i ≠ k:ときに見かける +pᵢpₖ のずれの最大"),
                float(np.abs(measured - printed).max()), 0.1, relation=">"),
        Verdict(Text("each column adds up to 0, for Σ pᵢ stays 1: largest sum",
                     "各列の和は 0(Σ pᵢ は 1 のまま):最大の和"),
                float(np.abs(measured.sum(axis=0)).max()), 1e-9, relation="≤"),
    ]  # fmt: skip
    panels = {
        say("measured by differences", "差分で測った値"): measured,
        say("pᵢ(1−pᵢ) and −pᵢpₖ", "pᵢ(1−pᵢ) と −pᵢpₖ"): right,
        say("with the slip +pᵢpₖ", "誤って +pᵢpₖ とした場合"): printed,
    }
    outcome.figures.append(Figure("jacobian", jacobian_picture(panels), _CAPTIONS["jacobian"]))


def overflow_picture(ends: dict[str, float]) -> Picture:
    """How far each way of computing gets."""
    names = {
        "naive32": say("as printed, float32", "公式どおり(float32)"),
        "naive": say("as printed, float64", "公式どおり(float64)"),
        "two steps": say("stable softmax, then log", "安定な softmax の後に log"),
        "together": say("ops.cross_entropy (end of test)", "ops.cross_entropy(試した上限)"),
    }
    xlabel = say("largest size s with a finite loss", "損失が有限な最大の s")
    return bars({names[how]: end for how, end in ends.items()}, xlabel=xlabel, log=True)


@styled
def jacobian_picture(panels: dict[str, Array]) -> Picture:
    """Jacobians side by side, with their numbers; column k is what a step of zₖ does."""
    picture, axes = grid(1, len(panels), 10.5, 4.0)
    for ax, (name, matrix) in zip(axes, panels.items(), strict=True):
        _matrix(ax, name, matrix)
    axes[0].set_ylabel("i")
    return picture


def _matrix(axes: Axes, name: str, matrix: Array) -> None:
    axes.imshow(matrix, cmap=SIGNED, vmin=-0.25, vmax=0.25)
    for (i, k), value in np.ndenumerate(matrix):
        ink = "white" if abs(value) > 0.15 else "#1c1c1c"
        text = f"{value:.3f}".replace("-", "−")
        axes.text(k, i, text, ha="center", va="center", fontsize=11, color=ink)
    places = np.arange(len(matrix))
    axes.set_xticks(places, [str(k + 1) for k in places])
    axes.set_yticks(places, [str(i + 1) for i in places])
    axes.set_title(name)
    axes.set_xlabel("k")
    axes.grid(visible=False)


_CAPTIONS = {
    "overflow": Text(
        "The loss of logits (s, s/2) if the second class is right is about s/2. The printed "
        "formula has e^s in it, which overflows. A stable softmax gets further, until its "
        "probability rounds to 0. With both in one operation there is no end.",
        "ロジット (s, s/2) で正解が第 2 クラスのとき、損失はおよそ s/2 である。"
        "公式どおりに計算すると e^s があふれる。安定な softmax はもう少し先まで行けるが、"
        "やがて確率が 0 に丸められる。二つを一つの演算にすれば限りがない。",
    ),
    "jacobian": Text(
        "∂pᵢ/∂zₖ of softmax for z = (2, 1, 0, −1). Raising one logit takes probability from all "
        "others, so everything off the diagonal is negative (blue).",
        "z = (2, 1, 0, −1) での ∂pᵢ/∂zₖ。一つのロジットを上げると、"
        "ほかのすべてのクラスの確率が減る。だから対角以外はすべて負(青)である。",
    ),
}

EXPERIMENT = Experiment(
    name="a12-softmax",
    rows=("A12",),
    title=Text("Softmax with cross-entropy", "ソフトマックス関数と交差エントロピー誤差"),
    question=Text(
        "Softmax has exponentials in it. What happens with large logits, and what is its slope?",
        "ソフトマックス関数には指数関数がある。ロジットが大きいとどうなるか。微分はどうなるか。",
    ),
    claim=Text(
        "With the maximum subtracted all stays finite at ±10 000; softmax(z) = softmax(z + c); "
        "the gradient of both is p − t; and for i ≠ k the derivative of softmax is minus pᵢpₖ.",
        "最大値を引けば ±10 000 でも有限である。softmax(z) = softmax(z + c)。"
        "両者を合わせた勾配は p − t。i ≠ k での softmax の微分は −pᵢpₖ である。",
    ),
    text=Text(
        """Softmax makes probabilities of scores. Adding the same number to all scores changes
        nothing, for it cancels; so one may subtract the largest. Then no exponent is above 0 and
        nothing overflows. Every library does that.

        It is not enough. The loss needs log p, and the probability of a class that is far behind
        rounds to 0. So softmax and logarithm belong into one operation: log pₜ is zₜ − max z −
        log Σ exp(zₖ − max z), in which no probability occurs. Give a loss the logits, and no
        probabilities: with a softmax layer before `cross_entropy` it is taken twice.

        Look at the Jacobian. A slip that is often printed makes the derivative for i ≠ k +pᵢpₖ. It
        is −pᵢpₖ: probabilities add up to 1, so what one class gains the others lose, and every
        column adds up to 0. Only on the diagonal, pᵢ(1 − pᵢ), is there a plus.

        With cross-entropy on top, all of this shortens to p − t (divided by N for a mean): what was
        said minus what is true. The targets may be class numbers or one-hot vectors; the numbers
        are the same.""",
        """ソフトマックス関数は得点を確率に変える。すべての得点に同じ数を足しても約分されて何も変わ
        らない。だから最大値を引いてよい。すると指数は 0 以下になり、あふれることがない。どのライブ
        ラリもそうしている。

        それだけでは足りない。損失には log p が要るが、大きく離されたクラスの確率は 0 に丸められる。
        そこで softmax と対数を一つの演算にする。log pₜ = zₜ − max z − log Σ exp(zₖ − max z) には確
        率が現れない。損失にはロジットを渡すこと。`cross_entropy` の前に softmax 層を置くと、softmax
        を二度かけることになる。

        ヤコビ行列を見てほしい。i ≠ k の微分を +pᵢpₖ とする誤植をよく見かけるが、正しくは −pᵢpₖ であ
        る。確率の和は 1 なので、一つのクラスが増えた分だけほかが減り、どの列の和も 0 になる。プラス
        になるのは対角の pᵢ(1 − pᵢ) だけである。

        交差エントロピー誤差と合わせると、すべてが p − t(平均なら N で割る)という短い式になる。出力
        と正解の差である。正解はクラス番号でも one-hot ベクトルでもよく、値は同じになる。""",
    ),
    work=work,
    formulas=(
        r"p_i=\frac{e^{z_i}}{\sum_k e^{z_k}}=\frac{e^{z_i-m}}{\sum_k e^{z_k-m}},\quad m=\max_k z_k",
        r"\frac{\partial p_i}{\partial z_i}=p_i(1-p_i),\qquad"
        r"\frac{\partial p_i}{\partial z_k}=-\,p_i\,p_k\quad(i\neq k)",
        r"L=-\sum_i t_i\log p_i,\qquad\frac{\partial L}{\partial z_k}="
        r"-\sum_i\frac{t_i}{p_i}\,p_i(\delta_{ik}-p_k)=p_k-t_k",
    ),
    code=(Softmax, CrossEntropy.forward, CrossEntropy.backward),
)
