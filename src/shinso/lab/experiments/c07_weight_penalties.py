"""Penalties on weights: L1, L2, elastic and p-norm; which of them make zeros, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shinso import models, nn, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.experiments.c06_overfitting import few
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.optim import L1, L2, Elastic, PNorm
from shinso.optim.penalty import Penalty
from shinso.train import Trainer
from shinso.viz.norms import constrained_optimum, norm_balls
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, say, styled

EXAMPLES, EPOCHS, HIDDEN, SEEDS = 500, 60, 64, 3
STRENGTHS = (1e-4, 1e-3, 1e-2)
CENTER, CENTERS = (1.5, 0.4), 200
"""Where the picture's loss has its minimum; how many other places are tried."""
NONE = "none"
BINS = [i / 50 for i in range(-30, 31)]
KINDS: dict[str, Callable[[float], Penalty]] = {
    "L1": lambda s: L1(s, proximal=True),
    "L1, gradient only": lambda s: L1(s),
    "L2": lambda s: L2(s),
    "elastic": lambda s: Elastic(s / 2, s / 2, proximal=True),
    "p = 0.5": lambda s: PNorm(s, 0.5),
    "p = 4": lambda s: PNorm(s, 4),
}
"""Each kind of penalty, made with a strength λ."""


@dataclass(frozen=True)
class Fitted:
    """Accuracy on test images, and the weights (out, in) of both layers."""

    accuracy: float
    weights: tuple[Array, Array]

    def zeros(self, layer: int) -> float:
        """Share of weights that are exactly 0, in percent."""
        return 100 * float((self.weights[layer] == 0).mean())

    @property
    def size(self) -> float:
        """√Σw² of both layers."""
        return float(np.sqrt(sum(np.square(w).sum() for w in self.weights)))


def fitted(train: Part, test: Part, penalties: Sequence[Penalty | None], seed: int) -> Fitted:
    """Two layers, each with its own penalty on its weights; biases have none."""
    manual_seed(seed)
    model = models.MLP(train[0].shape[1], (HIDDEN,), 10)
    first, last = (layer for layer in model.layers if isinstance(layer, nn.Linear))
    groups = [
        {"params": [layer.weight], "penalty": penalty}
        for layer, penalty in zip((first, last), penalties, strict=True)
    ]
    biases = [layer.bias for layer in (first, last) if layer.bias is not None]
    groups.append({"params": biases})
    optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    trainer.fit(train, epochs=EPOCHS)
    accuracy = 100 * trainer.evaluate(test, batch_size=500)["accuracy"]
    return Fitted(accuracy, (first.weight.data.copy(), last.weight.data.copy()))


def slope_error(penalty: Penalty) -> float:
    """The largest difference of a penalty's gradient from a central difference of its cost."""
    w = np.linspace(-2, 2, 14)  # 0 is not among them: there |w| has a corner
    h = 1e-5
    numeric = [(penalty.cost(v + h) - penalty.cost(v - h)) / (2 * h) for v in w]
    return float(np.abs(penalty.gradient(w) - numeric).max())


def work(settings: Settings) -> Outcome:
    """Fit with each penalty at each strength, and once with a penalty on the first layer only."""
    train, test = rows_and_classes(settings)
    part = few(train, EXAMPLES, settings.seed)
    found: dict[tuple[str, float], Fitted] = {
        (NONE, 0.0): fitted(part, test, (None, None), settings.seed)
    }
    for name in settings.track(KINDS, "penalty:"):
        for strength in STRENGTHS:
            penalty = KINDS[name](strength)
            found[name, strength] = fitted(part, test, (penalty, penalty), settings.seed)
    layer = fitted(part, test, (L1(STRENGTHS[1], proximal=True), None), settings.seed)
    return Outcome(
        [*_verdicts(found, layer), *_accuracy_verdicts(train, test, settings), *_corner_verdicts()],
        [_table(found)],
        [
            Figure("norm-balls", norm_balls((0.5, 1, 2, 4), center=CENTER), _BALLS),
            Figure("weights", _weights_picture(found), _WEIGHTS),
            Figure("images", _filters_picture(found), _IMAGES),
        ],
        [_NOTE],
    )


_BALLS = Text(
    "The loss's contours (circles about its minimum) and the region ‖w‖ₚ ≤ 1 for p = 0.5, 1, 2, 4. "
    "The mark is the smallest loss within the region. For p ≤ 1 the region has corners on the "
    "axes, where a weight is exactly 0.",
    "誤差の等高線(最小点を中心とする円)と領域 ‖w‖ₚ ≤ 1(p = 0.5, 1, 2, 4)。"
    "印は領域内で誤差が最小となる点。p ≤ 1 の領域は軸上に角をもち、"
    "そこでは重みの一つがちょうど 0 になる。",
)
_WEIGHTS = Text(
    "Weights of the first layer at λ = 10⁻³ (counts on a logarithmic axis). The spike at 0 is what "
    "L1 makes.",
    "第 1 層の重みの分布(λ = 10⁻³、縦軸は対数)。0 に立つ柱が L1 のつくるゼロである。",
)
_IMAGES = Text(
    "Incoming weights of the twelve hidden units with the largest weights, as images: red "
    "positive, "
    "blue negative, white zero.",
    "重みが最大の隠れユニット 12 個の入力側の重みを画像として示した。赤は正、青は負、白は 0。",
)
_NOTE = Text(
    "Each run: 500 training images, one hidden layer of 64 units, SGD with momentum, 60 epochs. "
    "p = 0.5 pulls towards 0 with a force that grows without bound, and is cut off below "
    "|w| = 10⁻⁴, so its weights tremble about 0 and are counted as what they are: not zero.",
    "各実験:訓練画像 500 枚、隠れ層 1 層(64 ユニット)、モメンタム付き SGD、60 エポック。"
    "p = 0.5 では 0 に近づくほど引く力が際限なく強まるため、|w| < 10⁻⁴ では頭打ちにしている。"
    "重みは 0 のまわりで震え、正確な 0 ではないので、そのとおりに数えた。",
)

Found = dict[tuple[str, float], Fitted]


def _verdicts(found: Found, layer: Fitted) -> list[Verdict]:
    middle = STRENGTHS[1]
    plain = found[NONE, 0.0]
    l1, l2 = found["L1", middle], found["L2", middle]
    worst = max(slope_error(PNorm(0.3, p)) for p in (0.5, 1, 1.5, 2, 3, 4))
    return [
        Verdict(Text("L1 makes exact zeros: share of the first layer's weights, λ = 10⁻³",
                     "L1 は正確な 0 をつくる:第 1 層の重みのうちの割合(λ = 10⁻³)"),
                l1.zeros(0), 10.0, 0.0, ">", "%"),
        Verdict(Text("L2 makes none", "L2 はつくらない"), l2.zeros(0), 0.0, 0.0, "=", "%"),
        Verdict(Text("L1 as a mere gradient λ sign(w), without thresholding, leaps over 0: share",
                     "しきい値処理をせず勾配 λ sign(w) を足すだけの L1 は 0 を飛び越える:0 の割合"),
                found["L1, gradient only", middle].zeros(0), 1.0, 0.0, "<", "%"),
        Verdict(Text("L2 makes weights small: ‖w‖ with L2 (λ = 10⁻²), over that without",
                     "L2 は重みを小さくする:L2(λ = 10⁻²)の ‖w‖ ÷ 罰則なしの ‖w‖"),
                found["L2", STRENGTHS[2]].size / plain.size, 1.0, 0.0, "<"),
        Verdict(Text("per layer: with L1 on the first layer only, zeros in the second",
                     "層ごとに指定できる:L1 を第 1 層だけに課したときの第 2 層の 0 の割合"),
                layer.zeros(1), 0.0, 0.0, "=", "%"),
        Verdict(Text("the slope of (λ/p) Σ|w|ᵖ is λ |w|ᵖ⁻¹ sign(w): largest error, p from 0.5 to 4",
                     "(λ/p) Σ|w|ᵖ の傾きは λ |w|ᵖ⁻¹ sign(w):最大の誤差(p = 0.5〜4)"),
                worst, 0.0, 1e-6, "="),
    ]  # fmt: skip


def _accuracy_verdicts(train: Part, test: Part, settings: Settings) -> list[Verdict]:
    """What L1 and L2 cost, on several draws of the training images."""

    def mean(penalty: Penalty | None) -> float:
        seeds = range(settings.seed, settings.seed + SEEDS)
        runs = [fitted(few(train, EXAMPLES, s), test, (penalty,) * 2, s) for s in seeds]
        return float(np.mean([run.accuracy for run in runs]))

    plain = mean(None)
    return [
        Verdict(Text(f"{kind} (λ = 10⁻³) does not cost accuracy: minus that without, mean of "
                     f"{SEEDS} seeds, in points",
                     f"{kind}(λ = 10⁻³)は正解率を損なわない:罰則なしとの差、"
                     f"種 {SEEDS} 個の平均(ポイント)"),
                mean(KINDS[kind](STRENGTHS[1])) - plain, 0.0, 0.5, "≥")
        for kind in ("L1", "L2")
    ]  # fmt: skip


def _corner_verdicts() -> list[Verdict]:
    """How often the best point within ‖w‖ₚ ≤ 1 has a coordinate that is exactly 0."""
    random = np.random.default_rng(0).uniform(-2, 2, (4 * CENTERS, 2))
    outside = random[np.abs(random).max(axis=1) > 1][:CENTERS]  # outside of every region
    share = {
        p: 100 * float(np.mean([(constrained_optimum(p, c) == 0).any() for c in outside]))
        for p in (0.5, 1, 2, 4)
    }
    claim = Text("share of {} constrained problems whose best point lies on an axis, p = {}",
                 "制約つき問題 {} 個のうち最適点が軸上にある割合(p = {})")  # fmt: skip
    return [
        Verdict(
            Text(claim.en.format(CENTERS, p), claim.ja.format(CENTERS, p)),
            found,
            0.0,
            0.0,
            ">" if p <= 1 else "=",
            "%",
        )
        for p, found in share.items()
    ]


def _table(found: Found) -> Table:
    rows = [
        (
            name,
            f"{strength:g}",
            f"{run.accuracy:.1f} %",
            f"{run.zeros(0):.1f} %",
            f"{run.zeros(1):.1f} %",
            f"{run.size:.2f}",
        )
        for (name, strength), run in found.items()
    ]
    columns = (
        Text("penalty", "罰則"),
        "λ",
        Text("test accuracy", "テスト正解率"),
        Text("zeros, layer 1", "0 の割合(第 1 層)"),
        Text("zeros, layer 2", "0 の割合(第 2 層)"),
        "‖w‖₂",
    )
    return Table(columns, rows)


def _shown(found: Found) -> dict[str, Array]:
    """First-layer weights of four runs, by a name for the picture."""
    middle = STRENGTHS[1]
    names = {
        (NONE, 0.0): say("no penalty", "罰則なし"),
        ("L2", middle): "L2",
        ("elastic", middle): say("elastic", "エラスティックネット"),
        ("L1", middle): "L1",
    }
    return {name: found[key].weights[0] for key, name in names.items()}


@styled
def _weights_picture(found: Found) -> Picture:
    picture, axes = grid(1, 4, 11.0, 3.4, sharex=True, sharey=True)
    for ax, (name, w) in zip(axes, _shown(found).items(), strict=True):
        ax.hist(w.ravel(), bins=BINS, color=BLUE, log=True)
        ax.set(title=name, xlabel=say("weight", "重み"))
    axes[0].set_ylabel(say("count", "個数"))
    return picture


@styled
def _filters_picture(found: Found) -> Picture:
    """The incoming weights of hidden units, side by side, on one scale."""
    shown = _shown(found)
    limit = max(float(np.abs(w).max()) for w in shown.values())
    picture, axes = grid(4, 12, 11.0, 4.2)
    for row, (name, w) in enumerate(shown.items()):
        side = round(w.shape[1] ** 0.5)
        units = np.argsort(-np.square(w).sum(axis=1))[:12]
        for ax, unit in zip(axes[12 * row :], units, strict=False):
            image = ax.imshow(w[unit].reshape(side, side), cmap="RdBu_r", vmin=-limit, vmax=limit)
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
        axes[12 * row].set_ylabel(name, rotation=0, ha="right", va="center")
    picture.colorbar(image, ax=axes, shrink=0.8, label=say("weight", "重み"))
    return picture


EXPERIMENT = Experiment(
    name="c7-weight-penalties",
    rows=("C7",),
    title=Text("L1, L2 and the p-norm", "L1・L2・p ノルムの罰則"),
    question=Text(
        "Small weights are thought to generalize better. Why do some penalties set weights to "
        "exactly 0 and others only make them small?",
        "小さい重みのほうが汎化しやすいとされる。なぜある罰則は重みをちょうど 0 にし、"
        "別の罰則は小さくするだけなのか。",
    ),
    claim=Text(
        "L1 makes exact zeros, L2 makes none; the constrained optimum for p ≤ 1 often lies on an "
        "axis, "
        "that for p > 1 never.",
        "L1 は正確な 0 をつくり、L2 はつくらない。p ≤ 1 の制約つき最適点はしばしば軸の上にあり、"
        "p > 1 では決してない。",
    ),
    text=Text(
        """A penalty is added to the loss: (λ/p) Σ|w|ᵖ. Its slope is λ|w|ᵖ⁻¹ sign(w). With p = 2 the
        pull towards 0 is λw: the smaller the weight, the weaker the pull, so it never arrives.
        With p = 1 the pull is λ whatever the size, so a weight that the data do not hold in place
        goes all the way. Elastic net adds the two. In the first picture the same is seen as a
        constraint: the region ‖w‖₁ ≤ 1 has corners on the axes, and a growing contour of the loss
        often touches a corner first, though not always; the region of p = 2 is round, and that of
        p = 4 flatter still.

        Three slips are common. Many texts write (λ/p)‖w‖ₚ; the outer power p is missing, since only
        (λ/p)‖w‖ₚᵖ has a slope in which each weight stands for itself. Adding λ sign(w) to the
        gradient makes hardly any exact zeros, whatever the theory says: with a finite rate a weight
        leaps over 0 and back. Zeros come from the proximal step w ← sign(w) max(|w| − ηλ, 0) after
        each update. And weight decay is the L2 penalty for plain SGD only; with Adam the two differ
        (AdamW).

        Each parameter group has its own penalty here, so each layer can have one, and biases are
        left out as usual. Look at the table: at a moderate λ the accuracy depends little on the
        kind of penalty, but a network with half of its weights exactly 0 can be stored and read
        more easily.""",
        """誤差関数に罰則 (λ/p) Σ|w|ᵖ を加える。その傾きは λ|w|ᵖ⁻¹ sign(w) である。p = 2 では 0 へ
        引く力はλw で、重みが小さいほど弱まるから、いつまでも 0 に届かない。p = 1 では大きさによら
        ず力は λ なので、データが引き止めない重みは 0 まで行き着く。エラスティックネットは両者の和
        である。最初の図は同じことを制約として描いたものである。領域 ‖w‖₁ ≤ 1 は軸上に角をもち、広
        がる等高線は(いつもではないが)しばしば角に最初に触れる。p = 2 の領域は丸く、p = 4 ではさら
        に平らになる。

        よくある誤りが三つある。(λ/p)‖w‖ₚ と書く本が多いが、外側の p 乗が抜けている。各重みが独立し
        た傾きをもつのは (λ/p)‖w‖ₚᵖ である。また、勾配に λ sign(w) を足すだけでは、理論に反して正確
        な 0 はほとんどできない。学習率が有限なので、重みは 0 を飛び越えて行き来する。0 は、更新の
        たびに近接写像 w ← sign(w) max(|w| − ηλ, 0) を行って得られる。そして、荷重減衰(weight
        decay)が L2 罰則と一致するのは単純な SGD の場合だけで、Adam では異なる(AdamW)。

        ここではパラメータグループごとに罰則を指定できるので、層ごとに変えられる。バイアスには通常
        どおり課さない。表を見ると、λ が適度なら正解率は罰則の種類にあまり依存しない。しかし重みの
        半分がちょうど 0 のネットワークは、保存も解釈もしやすい。""",
    ),
    work=work,
    formulas=(
        r"E(w)+\frac{\lambda}{p}\lVert w\rVert_p^p=E(w)+\frac{\lambda}{p}\sum_i|w_i|^p",
        r"\frac{\partial}{\partial w_i}\,\frac{\lambda}{p}\sum_j|w_j|^p"
        r"=\lambda\,|w_i|^{p-1}\,\mathrm{sign}(w_i)",
        r"w\leftarrow\mathrm{sign}(w)\,\max\left(|w|-\eta\lambda,\,0\right)",
    ),
    code=(L1, PNorm, fitted),
    data=("mnist",),
)
