"""SENet: what weighing the channels costs, what it brings, and which channels each class gets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from shinso import models, nn
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import error, learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.lab.zoo import parameters, zoo_table
from shinso.models.figures import FIGURES
from shinso.models.googlenet import inception
from shinso.models.senet import squeeze_excitation
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.inside import activations
from shinso.viz.picture import Picture, grid
from shinso.viz.style import SEQUENTIAL, say, styled

PAIRS = {"resnet50": "seresnet50", "resnext50_32x4d": "seresnext50_32x4d"}
REDUCTION = 4
"""Of the small networks, which have few channels; the paper takes 16."""


@dataclass(frozen=True)
class Plan:
    """Blocks in each stage, width, epochs, seeds."""

    blocks: int
    width: int
    epochs: int
    seeds: int


FAST = Plan(1, 8, 6, 3)
FULL = Plan(3, 16, 5, 2)


def added(stages: dict[int, int], reduction: int = 16) -> int:
    """Parameters that squeeze and excitation adds. stages: blocks by their output channels."""
    per_block = {c: 2 * c * (c // reduction) + c // reduction + c for c in stages}
    return sum(blocks * per_block[c] for c, blocks in stages.items())


def train_one(kind: str, plan: Plan, train: Part, test: Part, seed: int) -> tuple[nn.Module, float]:
    """Train a small ResNet with ("se") or without ("plain") SE blocks. Test error in %."""
    manual_seed(seed)
    options: dict[str, Any] = {
        "layers": (plan.blocks,) * 3,
        "width": plan.width,
        "shortcut": "projection",
    }
    attention = partial(squeeze_excitation, reduction=REDUCTION) if kind == "se" else None
    model = models.CifarResNet(10, train[0].shape[1], attention=attention, **options)
    trainer = learn(model, train, epochs=plan.epochs, lr=0.05, seed=seed)
    return model, error(trainer, test)


def weights_by_class(model: nn.Module, test: Part) -> dict[str, Array]:
    """Of every SE block the mean channel weights of each class, (classes, channels)."""
    x, t = test[0][:1000], test[1][:1000]
    names = [
        f"{name}.scale_activation"
        for name, m in model.named_modules()
        if isinstance(m, nn.SqueezeExcitation)
    ]
    return {
        name.split(".se.")[0]: np.stack([s[t == c].mean(axis=(0, 2, 3)) for c in np.unique(t)])
        for name, s in activations(model, x, names).items()
    }


def by_class(weights: Array) -> float:
    """How much a channel's weight differs between classes: deviation over mean, mean of channels.

    weights: (classes, channels).
    """
    return float((weights.std(axis=0) / weights.mean(axis=0)).mean())


def work(settings: Settings) -> Outcome:
    """Count; put SE into an inception module; train with and without; look at the weights."""
    outcome = Outcome()
    if settings.wants("networks"):
        _networks(outcome)
    if settings.wants("training"):
        _training(settings, outcome)
    return outcome


def _networks(outcome: Outcome) -> None:
    stages = {256: 3, 512: 4, 1024: 6, 2048: 3}
    for plain, weighed in PAIRS.items():
        more = parameters(weighed) - parameters(plain)
        claim = Text(f"{weighed} minus {plain}: parameters, as by the formula",
                     f"{weighed} − {plain} のパラメータ数、式どおり")  # fmt: skip
        outcome.verdicts.append(Verdict(claim, more, added(stages), 0.0, "="))
    work_more = FIGURES["seresnet50"][1] / FIGURES["resnet50"][1] - 1
    outcome.verdicts += [
        Verdict(Text("seresnet50: parameters more than resnet50",
                     "resnet50 に対するパラメータの増加"),
                100 * added(stages) / parameters("resnet50"), 10.0, 0.5, "=", "%"),
        Verdict(Text("seresnet50: multiply-adds more than resnet50",
                     "resnet50 に対する積和演算の増加"),
                100 * work_more, 0.26, 0.0, "≤", "%"),
    ]  # fmt: skip
    names = [name for pair in PAIRS.items() for name in pair]
    outcome.tables.append(zoo_table((*names, "senet154"), _TABLE))
    module = inception(192, lambda n: n, 64, 96, 128, 16, 32, 32)
    weighed_module = nn.Sequential({"inception": module, "se": squeeze_excitation(256)})
    outcome.figures.append(
        Figure("se-inception", architecture(weighed_module, (1, 192, 28, 28)), _INCEPTION, "svg")
    )


def _training(settings: Settings, outcome: Outcome) -> None:
    plan = FAST if settings.fast else FULL
    train, test = pictures(settings)
    jobs = [(kind, settings.seed + i) for kind in ("plain", "se") for i in range(plan.seeds)]
    found = {job: train_one(job[0], plan, train, test, job[1]) for job in settings.track(jobs)}
    errors = {k: [e for (kind, _), (_, e) in found.items() if kind == k] for k in ("plain", "se")}
    weights = weights_by_class(found["se", settings.seed][0], test)
    first, *_, last = weights.values()
    outcome.verdicts += [
        Verdict(Text("test error with SE blocks minus without, in points, mean of the seeds",
                     "テスト誤り率の差、SE あり − なし(ポイント、種の平均)"),
                float(np.mean(errors["se"]) - np.mean(errors["plain"])), 0.0, 0.0, "<"),
        Verdict(Text("how much weights differ between classes: last block over first",
                     "チャネルの重みのクラスによる違い:最後のブロック ÷ 最初のブロック"),
                by_class(last) / by_class(first), 1.0, 0.0, ">"),
    ]  # fmt: skip
    rows = [
        (Text("with SE", "SE あり") if kind == "se" else Text("without", "なし"),
         f"{sum(p.size for p in found[kind, settings.seed][0].parameters()):,}",
         ", ".join(f"{e:.2f}" for e in each), f"{np.mean(each):.2f}")
        for kind, each in errors.items()
    ]  # fmt: skip
    columns = (
        Text("small ResNet", "小さな ResNet"),
        Text("parameters", "パラメータ数"),
        Text("test errors (%) by seed", "テスト誤り率(%)、種ごと"),
        Text("mean", "平均"),
    )
    outcome.tables.append(Table(columns, rows))
    outcome.figures.append(Figure("weights", _picture({"first": first, "last": last}), _WEIGHTS))


@styled
def _picture(weights: dict[str, Array]) -> Picture:
    """Heat maps: classes down, channels across."""
    picture, axes = grid(2, 1, 8.0, 6.0)
    names = (say("first block", "最初のブロック"), say("last block", "最後のブロック"))
    for ax, name, each in zip(axes, names, weights.values(), strict=True):
        shown = ax.imshow(each, aspect="auto", cmap=SEQUENTIAL, vmin=0, vmax=1)
        ax.set_title(name)
        ax.set_ylabel(say("class", "クラス"))
        ax.set_yticks(range(0, len(each), 3))
        ax.grid(visible=False)
    axes[-1].set_xlabel(say("channel", "チャネル"))
    picture.colorbar(shown, ax=axes, label=say("mean weight s", "重み s の平均"))
    return picture


_TABLE = Text(
    "Networks with and without SE blocks, and the winner of ILSVRC-2017.",
    "SE ブロックの有無によるネットワークの比較と、ILSVRC-2017 の優勝モデル。",
)
_INCEPTION = Text(
    "Squeeze and excitation behind an inception module: it fits any network.",
    "Inception モジュールの後ろに SE を付けたもの。どんなネットワークにも付けられる。",
)
_WEIGHTS = Text(
    "What the channels of the first and the last SE block are multiplied by, mean over the test "
    "images of each class.",
    "最初と最後の SE ブロックで各チャネルに掛かる重み。クラスごとのテスト画像についての平均。",
)

EXPERIMENT = Experiment(
    name="d12-senet",
    rows=("D12",),
    title=Text("SENet: weighing channels", "SENet:チャネルに重みを付ける"),
    question=Text(
        "A convolution adds up all channels alike. What if the network looked at the whole image "
        "first and then turned channels up and down?",
        "畳み込みはすべてのチャネルを同じように足し合わせる。まず画像全体を見てから、チャネルを強"
        "めたり"
        "弱めたりできたらどうなるか。",
    ),
    claim=Text(
        "Squeeze and excitation costs a tenth more parameters and hardly any work, fits ResNet, "
        "ResNeXt and Inception, and lowers the error; its weights depend on the class in late "
        "layers.",
        "SE ブロックはパラメータを 1 割増やすだけで計算はほとんど増え"
        "ず、ResNet・ResNeXt・Inception の"
        "どれにも付けられ、誤り率を下げる。重みは後ろの層ほどクラスによって異なる。",
    ),
    text=Text(
        """The block takes the mean of every channel over the image (squeeze), sends these C numbers
        through two small dense layers, C to C/r to C, and a sigmoid (excitation), and multiplies
        the channels by what comes out. It sees the whole image, which a convolution does not.

        With r = 16 a block of C channels gets 2C²/r weights and C/r + C biases. For ResNet-50 that
        is 2.5 million, a tenth, mostly in its last stage. The multiply-adds grow by next to
        nothing, since each image is squeezed to C numbers before. (The paper counts 3.87 instead of
        3.86 GFLOPs, 0.26 % more.)

        Look at the heat maps: the authors found that early blocks weigh channels alike for all
        classes, and late ones by class. Whether a small network on easy images gains accuracy is
        another matter; the table has every seed, so that you can see how much of the difference is
        noise.""",
        """SE ブロックは、各チャネルを画像全体で平均し(squeeze)、その C 個の数を C → C/r → C の小
        さな全結合層二つとシグモイド関数に通し(excitation)、出てきた値をチャネルに掛ける。畳み込み
        とは違って画像全体を見ている。

        r = 16 のとき、C チャネルのブロックには 2C²/r 個の重みと C/r + C 個のバイアスが加わ
        る。ResNet-50 では 250 万個、約 1 割で、その大半は最後の段にある。計算は C 個の数に縮めて
        から行うので、積和演算はほとんど増えない。(論文は 3.86 から 3.87 GFLOPs、0.26 % の増加とし
        ている。)

        ヒートマップを見てほしい。著者たちは、手前のブロックの重みはどのクラスでも似ていて、後ろの
        ブロックではクラスによって異なることを見いだした。小さなネットワークと易しい画像で精度が上
        がるかどうかは別の話である。表に種ごとの値があるので、差のどれだけがばらつきなのかが分か
        る。""",
    ),
    work=work,
    formulas=(
        r"z_c=\frac{1}{HW}\sum_{i,j}x_{c,i,j},\quad s=\sigma(W_2\,\mathrm{ReLU}(W_1z)),"
        r"\quad y_c=s_c\,x_c",
        r"\frac{2}{r}\sum_{s}N_sC_s^2",
    ),
    code=(nn.SqueezeExcitation, squeeze_excitation, added),
    parts=("networks", "training"),
    data=("cifar10",),
)
