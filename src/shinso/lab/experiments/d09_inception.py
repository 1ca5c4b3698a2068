"""Inception: parameters of its versions, what 1×1 convolutions save, what auxiliary losses do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import models, nn
from shinso.graph import Tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.lab.zoo import count_verdict, zoo_table
from shinso.models.googlenet import inception
from shinso.models.inception_parts import Branches, ConvUnit, row
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.curves import curves
from shinso.viz.inside import gradients
from shinso.viz.picture import Picture
from shinso.viz.style import say, styled

NETWORKS = ("googlenet", "inception_v3", "inception_v4", "inception_resnet_v2")
STAGES = {
    "conv1": "conv1", "conv3": "conv3", "3a": "inception3a", "3b": "inception3b",
    "4a": "inception4a", "4b": "inception4b", "4d": "inception4d", "5b": "inception5b",
}  # fmt: skip
"""Places to look at, with the layer's name; the auxiliary heads are behind 4a and 4d."""
BELOW = ("conv1", "conv3", "3a", "3b", "4a")
WEIGHT = 0.3


Loss = Callable[[Any, Any], Tensor]


@dataclass(frozen=True)
class Plan:
    """Side of the images, factor of all channels, epochs of training, seeds."""

    side: int
    width_mult: float
    epochs: int
    seeds: int


FAST = Plan(16, 0.125, 6, 2)
FULL = Plan(32, 0.25, 2, 2)


def main_only(output: tuple[Tensor, ...], target: np.ndarray) -> Tensor:
    """The loss of the main output alone."""
    return nn.CrossEntropyLoss()(output[0], target)


def sizes(model: models.GoogLeNet, part: Part, auxiliary: bool) -> dict[str, float]:
    """√(mean g²) of the weights' gradients at each place, with or without the heads' losses."""
    both = nn.AuxiliaryLoss(nn.CrossEntropyLoss(), WEIGHT)
    loss: Loss = both if auxiliary else main_only
    found = gradients(model, loss, part[0][:64], part[1][:64])["weight"]
    return {
        place: float(
            np.sqrt(np.mean(np.concatenate([
                np.square(g, dtype=np.float64).ravel()
                for name, g in found.items() if name.startswith(f"{layer}.") and g.ndim == 4
            ])))
        )
        for place, layer in STAGES.items()
    }  # fmt: skip


Looks = dict[str, list[dict[str, float]]]


def look(plan: Plan, train: Part, seed: int) -> Looks:
    """Gradients with and without auxiliary losses: before training and after some."""
    manual_seed(seed)
    model = models.GoogLeNet(10, train[0].shape[1], width_mult=plan.width_mult)
    found: Looks = {"without": [], "with": []}
    for step in range(2):
        if step:
            learn(model, train, epochs=plan.epochs, lr=0.02, seed=seed, auxiliary_weight=WEIGHT)
        model.train()
        for name, auxiliary in (("without", False), ("with", True)):
            manual_seed(seed)  # the same dropout masks for both
            found[name].append(sizes(model, train, auxiliary))
    return found


def work(settings: Settings) -> Outcome:
    """Count the networks; count what a module costs; compare gradients."""
    outcome = Outcome()
    if settings.wants("networks"):
        _networks(outcome)
    if settings.wants("modules"):
        _modules(outcome)
    if settings.wants("auxiliary"):
        _auxiliary(settings, outcome)
    return outcome


def _networks(outcome: Outcome) -> None:
    outcome.verdicts += [
        count_verdict("googlenet", 6_624_904, "torchvision", aux_logits=False),
        count_verdict("inception_v3", 27_161_264, "torchvision"),
        count_verdict("inception_v4", 42_679_816, "timm"),
        count_verdict("inception_resnet_v2", 55_843_464, "timm"),
    ]
    outcome.tables.append(zoo_table(("alexnet", "vgg16", *NETWORKS), _TABLE))


def _cost(layer: nn.Module, channels: int, side: int) -> int:
    """Multiply-adds of a layer for one image."""
    return nn.summary(layer, (1, channels, side, side)).multiply_adds


def _modules(outcome: Outcome) -> None:
    # The 5×5 branch of module 3a: 28×28 pixels, 192 channels in, 32 out, 16 between.
    direct = _cost(ConvUnit(192, 32, 5), 192, 28)
    reduced = _cost(row(192, (16, 1), (32, 5)), 192, 28)
    five, threes = _cost(ConvUnit(64, 64, 5), 64, 35), _cost(row(64, (64, 3), (64, 3)), 64, 35)
    seven = _cost(ConvUnit(128, 128, 7), 128, 17)
    strips = _cost(row(128, (128, (1, 7)), (128, (7, 1))), 128, 17)
    rows = (
        ("3a: 5×5", direct, "1×1 (16), 5×5", reduced),
        ("v3, 35×35: 5×5", five, "3×3, 3×3", threes),
        ("v3, 17×17: 7×7", seven, "1×7, 7×1", strips),
    )
    columns = (
        Text("window", "窓"),
        Text("multiply-adds", "積和演算"),
        Text("instead", "代わりに"),
        Text("multiply-adds", "積和演算"),
        Text("share", "割合"),
    )
    cells = [(a, f"{n:,}", b, f"{m:,}", f"{100 * m / n:.1f} %") for a, n, b, m in rows]
    outcome.tables.append(Table(columns, cells, _COSTS))
    outcome.verdicts += [
        Verdict(Text("3a: 5×5 behind a 1×1 with 16 channels, multiply-adds over those of 5×5 alone",
                     "3a:16 チャネルの 1×1 を前に置いた 5×5 の積和演算 ÷ 5×5 だけの場合"),
                reduced / direct, (192 * 16 + 16 * 32 * 25) / (192 * 32 * 25), 1e-9, "="),
        Verdict(Text("two 3×3 over one 5×5", "3×3 二つ ÷ 5×5 一つ"),
                threes / five, 18 / 25, 1e-9, "="),
        Verdict(Text("1×7 and 7×1 over 7×7", "1×7 と 7×1 ÷ 7×7"), strips / seven, 2 / 7, 1e-9, "="),
    ]  # fmt: skip
    module = inception(192, lambda n: n, 64, 96, 128, 16, 32, 32)
    outcome.figures.append(Figure("module", architecture(module, (1, 192, 28, 28)), _MODULE, "svg"))


def _auxiliary(settings: Settings, outcome: Outcome) -> None:
    plan = FAST if settings.fast else FULL
    train, _ = pictures(settings, side=plan.side)
    seeds = range(settings.seed, settings.seed + plan.seeds)
    runs = [look(plan, train, s) for s in settings.track(seeds, "auxiliary losses, seed")]
    for step, when in enumerate((Text("before training", "学習前"), Text("after it", "学習後"))):
        below = min(_ratio(runs, step, place) for place in BELOW)
        claim = Text(
            f"gradient with auxiliary losses over that without, {when.en}: least of the layers "
            "below the heads",
            f"補助損失あり ÷ なしの勾配の比({when.ja}):補助分類器より手前の層での最小値",
        )
        outcome.verdicts.append(Verdict(claim, below, 1.0, 0.0, ">"))
    above = _ratio(runs, 0, "5b")
    claim = Text("the same above the heads (5b), where they cannot reach",
                 "同じ比、補助分類器が届かない後ろの層(5b)")  # fmt: skip
    outcome.verdicts.append(Verdict(claim, above, 1.0, 1e-3, "="))
    outcome.figures.append(Figure("gradients", _picture(runs), _GRADIENTS))


def _ratio(runs: list[Looks], step: int, place: str) -> float:
    """Geometric mean over the seeds of the gradient with auxiliary losses over that without."""
    logs = [np.log(r["with"][step][place] / r["without"][step][place]) for r in runs]
    return float(np.exp(np.mean(logs)))


@styled
def _picture(runs: list[Looks]) -> Picture:
    names = (say("before training", "学習前"), say("after training", "学習後"))
    lines = {name: [_ratio(runs, i, p) for p in STAGES] for i, name in enumerate(names)}
    picture = curves(
        lines,
        xlabel=say("layer, from input to output", "層(入力から出力へ)"),
        ylabel=say("gradient: with ÷ without", "勾配の比(あり ÷ なし)"),
        markers=True,
    )
    axes = picture.axes[0]
    axes.set_xticks(range(len(STAGES)), list(STAGES))
    axes.axhline(1, color="#8a8a8a", linewidth=1)
    return picture


_TABLE = Text(
    "Parameters with auxiliary heads, where there are any; multiply-adds of evaluation.",
    "補助分類器をもつものはそれを含むパラメータ数。積和演算は評価時。",
)
_COSTS = Text(
    "What windows cost, and what Inception puts in their place.",
    "窓の計算量と、Inception がその代わりに使うもの。",
)
_MODULE = Text(
    "Module 3a of GoogLeNet: four branches see the same 192 channels; theirs are put side by side.",
    "GoogLeNet のモジュール 3a。四つの枝が同じ 192 チャネルを見て、出力のチャネルを並べる。",
)
_GRADIENTS = Text(
    "How many times larger the weights' gradients are with auxiliary losses (weight 0.3), in a "
    "narrow GoogLeNet, geometric mean of the seeds. The heads are behind 4a and 4d.",
    "幅を狭めた GoogLeNet で、補助損失(重み 0.3)があると重みの勾配が何倍になるか"
    "(乱数の種についての幾何平均)。補助分類器は 4a と 4d の後ろにある。",
)

EXPERIMENT = Experiment(
    name="d9-inception",
    rows=("D9",),
    title=Text("GoogLeNet and Inception", "GoogLeNet と Inception"),
    question=Text(
        "How can 22 layers have a tenth of AlexNet's parameters, and how does a gradient reach the "
        "first of them?",
        "なぜ 22 層もあってパラメータは AlexNet の 10 分の 1 で済み、勾配はどうやって最初の層まで"
        "届くのか。",
    ),
    claim=Text(
        "Inception v1 to v4 and Inception-ResNet have their published parameters; 1×1 convolutions "
        "and factorized windows save most of the work; auxiliary losses bring more gradient to "
        "early layers.",
        "Inception v1〜v4 と Inception-ResNet のパラメータ数は公表値どおり。1×1 畳み込みと窓の"
        "分解は計算の大半を省き、補助損失は手前の層により大きな勾配を届ける。",
    ),
    text=Text(
        """An inception module looks at its input through windows of several sizes at once and
        puts what they find side by side. That would be dear, so 1×1 convolutions first reduce the
        channels: the 5×5 branch of module 3a then takes a tenth of the work. At the end there is
        the mean of every channel instead of dense layers of 4096 units, which is where the
        parameters of AlexNet and VGG are.

        Two small classifiers hang on the middle of GoogLeNet. Their losses, at a weight of 0.3, are
        added in training and forgotten afterwards. The paper's reason was that gradients should
        reach the early layers. The picture shows it in a narrow GoogLeNet. Before training the
        heads bring next to nothing: their own weights start near 0 and let little through. After a
        few epochs gradients are larger below the heads, in two steps, and the same above them.
        (Inception v3's authors later found that the head hardly speeds up the beginning of
        training, and saw it as a regularizer.)

        v2 and v3 take windows apart: 5×5 into two of 3×3, 7×7 into 1×7 and 7×1. v4 makes all of it
        regular, and Inception-ResNet adds each module's result to its input, scaled down. The form
        of GoogLeNet here is torchvision's, with batch normalization and, by a slip of long ago,
        3×3 where the paper has 5×5; without its heads it has 6 624 904 parameters.""",
        """Inception モジュールは、入力を同時にいくつもの大きさの窓で見て、得られたチャネルを並べ
        る。そのままでは計算量が大きいので、先に 1×1 畳み込みでチャネルを減らす。モジュール 3a の
        5×5 の枝はこれで計算が 10 分の 1 になる。最後は 4096 ユニットの全結合層ではなくチャネルご
        との平均である。AlexNet や VGG のパラメータはそこに集まっていた。

        GoogLeNet の途中には小さな分類器が二つ付いている。その損失を 0.3 倍して学習時だけ加え、学
        習後は捨てる。論文が挙げた理由は、勾配を手前の層まで届けることだった。図は、幅を狭めた
        GoogLeNet でそれを示す。学習前には、補助分類器自身の重みが 0 に近くほとんど何も通さないの
        で、効果はほぼない。数エポック後には、補助分類器より手前の勾配が二段階に大きくなり、後ろで
        は変わらない。(Inception v3 の著者たちは後に、補助分類器は学習の初期をほとんど速めないこと
        を見いだし、正則化の役割だと考えた。)

        v2 と v3 は窓を分解する。5×5 を 3×3 二つに、7×7 を 1×7 と 7×1 に。v4 は全体を規則的に整
        え、 Inception-ResNet は各モジュールの結果を縮小して入力に足す。ここの GoogLeNet は
        torchvision の形で、バッチ正規化をもち、昔の間違いがそのまま残って論文の 5×5 が 3×3 になっ
        ている。補助分類器を除いたパラメータは 6 624 904 個である。""",
    ),
    work=work,
    formulas=(
        r"L=L_{\mathrm{main}}+0.3\left(L_{\mathrm{aux1}}+L_{\mathrm{aux2}}\right)",
        r"\frac{CR+25RO}{25CO}=\frac{192\cdot 16+25\cdot 16\cdot 32}{25\cdot 192\cdot 32}"
        r"\approx 0.10",
    ),
    code=(inception, Branches.forward, nn.AuxiliaryLoss.forward),
    parts=("networks", "modules", "auxiliary"),
    data=("cifar10",),
)
