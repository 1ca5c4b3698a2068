"""Grouped, depthwise and depthwise separable convolutions: their work counted, their time taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import compiler, nn
from shinso.cell import Array
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.lab.timing import least_milliseconds
from shinso.lab.zoo import count_verdict, zoo_table
from shinso.models.residual import Bottleneck
from shinso.models.xception import Block
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.bars import bars
from shinso.viz.style import say

CASES = ((3, 32, 64), (3, 64, 128), (3, 256, 256), (5, 64, 64), (3, 512, 1024))
"""Side of the window, input and output channels."""
GROUPS = (1, 4, 16, 64)


def work_of(layer: nn.Module, channels: int, side: int) -> int:
    """Multiply-adds for one image."""
    return nn.summary(layer, (1, channels, side, side)).multiply_adds


def ratio(size: int, inputs: int, outputs: int, side: int = 14) -> float:
    """Multiply-adds of a depthwise separable convolution over those of a plain one."""
    separable = nn.DepthwiseSeparableConv2d(inputs, outputs, size, padding=size // 2, bias=False)
    plain = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False)
    return work_of(separable, inputs, side) / work_of(plain, inputs, side)


def milliseconds(layers: dict[str, nn.Module], x: Array, rounds: int) -> dict[str, float]:
    """Least time of each compiled layer for x."""

    def job(layer: nn.Module) -> Callable[[], Any]:
        step = compiler.compile(lambda x: layer(x))
        return lambda: step(x)

    with no_grad():
        return least_milliseconds({name: job(layer) for name, layer in layers.items()}, rounds)


def layers_to_time(channels: int) -> dict[str, nn.Module]:
    """A 3×3 convolution in several numbers of groups, and taken apart."""
    manual_seed(0)
    found: dict[str, nn.Module] = {
        f"3×3, {g}" if g > 1 else "3×3": nn.Conv2d(channels, channels, 3, padding=1, groups=g)
        for g in GROUPS
    }
    found["depthwise"] = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
    found["1×1"] = nn.Conv2d(channels, channels, 1)
    found["separable"] = nn.DepthwiseSeparableConv2d(channels, channels, 3, padding=1)
    return found


def work(settings: Settings) -> Outcome:
    """Check the formula on layers, the networks' parameters, and take times."""
    outcome = Outcome()
    if settings.wants("counts"):
        _counts(outcome)
    if settings.wants("networks"):
        _networks(outcome)
    if settings.wants("times"):
        _times(settings, outcome)
    return outcome


def _counts(outcome: Outcome) -> None:
    rows, off = [], 0.0
    for size, inputs, outputs in CASES:
        found, wanted = ratio(size, inputs, outputs), 1 / size**2 + 1 / outputs
        off = max(off, abs(found - wanted))
        rows.append(
            (f"{size}×{size}, {inputs} → {outputs}", f"{found:.6f}", f"{wanted:.6f}",
             f"{1 / found:.1f}")
        )  # fmt: skip
    columns = (
        Text("convolution", "畳み込み"),
        Text("ratio counted", "数えた比"),
        "1/k² + 1/C′",
        Text("times less work", "計算が何分の 1 か"),
    )
    outcome.tables.append(Table(columns, rows))
    claim = Text("multiply-adds, separable over plain, minus (1/k² + 1/C′): largest difference",
                 "積和演算の比(separable ÷ 通常)と 1/k² + 1/C′ の差の最大値")  # fmt: skip
    outcome.verdicts.append(Verdict(claim, off, 0.0, 1e-12, "="))


def _networks(outcome: Outcome) -> None:
    plain, grouped = Bottleneck(256, 64), Bottleneck(256, 64, groups=32, width_per_group=4)
    sizes = [sum(p.size for p in block.parameters() if p.ndim == 4) for block in (plain, grouped)]
    outcome.verdicts += [
        Verdict(Text("weights of a ResNeXt block (32 groups of 4) over those of ResNet's",
                     "ResNeXt ブロック(4 チャネル × 32 グループ)の重み ÷ ResNet のブロック"),
                sizes[1] / sizes[0], 1.0, 0.02, "="),
        count_verdict("resnext50_32x4d", 25_028_904, "torchvision"),
        count_verdict("resnext101_64x4d", 83_455_272, "torchvision"),
        count_verdict("resnext29_8x64d", 34.4e6, "Xie et al. 2017", 0.05e6),
        count_verdict("xception", 22_855_952, "Chollet 2017"),
    ]  # fmt: skip
    names = ("resnet50", "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d",
             "inception_v3", "xception")  # fmt: skip
    outcome.tables.append(zoo_table(names))
    outcome.figures += [
        Figure("resnext-block", architecture(grouped, (1, 256, 56, 56)), _RESNEXT, "svg"),
        Figure("xception-block", architecture(Block(128, (256, 256), 2), (1, 128, 28, 28)),
               _XCEPTION, "svg"),
    ]  # fmt: skip


def _times(settings: Settings, outcome: Outcome) -> None:
    channels, side, batch = (128, 14, 4) if settings.fast else (256, 28, 8)
    layers = layers_to_time(channels)
    x = np.random.default_rng(settings.seed).standard_normal((batch, channels, side, side))
    times = milliseconds(layers, x.astype(np.float32), 15 if settings.fast else 40)
    work = {name: batch * work_of(layer, channels, side) for name, layer in layers.items()}
    plain, separable = times["3×3"], times["separable"]
    outcome.verdicts += [
        Verdict(Text("time of the separable convolution over that of the plain one, compiled",
                     "時間の比、separable ÷ 通常(コンパイル時)"), separable / plain, 1.0, 0.0, "<"),
        Verdict(Text(f"time in {GROUPS[1]} groups over that in one",
                     f"時間の比、{GROUPS[1]} グループ ÷ 通常"),
                times[f"3×3, {GROUPS[1]}"] / plain, 1.0, 0.0, "<"),
    ]  # fmt: skip
    rows = [
        (_name(name), f"{work[name] / 1e6:.1f} M", f"{ms:.2f}", f"{work[name] / ms / 1e6:.1f}",
         f"{100 * work[name] / work['3×3']:.1f} %", f"{100 * ms / plain:.0f} %")
        for name, ms in times.items()
    ]  # fmt: skip
    columns = (
        Text("convolution", "畳み込み"),
        Text("multiply-adds", "積和演算"),
        "ms",
        Text("10⁹ multiply-adds a second", "毎秒の積和演算(10⁹)"),
        Text("work", "計算量"),
        Text("time", "時間"),
    )
    caption = Text(
        f"{batch} images of {channels}×{side}×{side}, as many channels out; least time of several. "
        "Work and time in shares of the plain convolution's.",
        f"{channels}×{side}×{side} の画像 {batch} 枚、出力も同じチャネル数。時間は何回かの最小値。"
        "計算量と時間は通常の畳み込みに対する割合。",
    )
    outcome.tables.append(Table(columns, rows, caption))
    shown = {say(_name(n).en, _name(n).ja): ms for n, ms in times.items()}
    picture = bars(shown, xlabel=say("milliseconds", "ミリ秒"))
    outcome.figures.append(Figure("times", picture, _TIMES))


def _name(name: str) -> Text:
    kind, _, groups = name.partition(", ")
    if groups:
        return Text(f"{kind} in {groups} groups", f"{kind}、{groups} グループ")
    japanese = {"depthwise": "深さ方向 3×3", "separable": "深さ方向 3×3 + 1×1"}
    english = {"depthwise": "depthwise 3×3", "separable": "depthwise 3×3 + 1×1"}
    return Text(english.get(name, name), japanese.get(name, name))


_RESNEXT = Text(
    "ResNeXt's block: the 3×3 convolution works in 32 groups of 4 channels.",
    "ResNeXt のブロック。3×3 畳み込みは 4 チャネルずつの 32 グループに分かれる。",
)
_XCEPTION = Text(
    "A block of Xception: separable convolutions with a shortcut around them.",
    "Xception のブロック。深さ方向分離可能畳み込みと、それを迂回するショートカット。",
)
_TIMES = Text(
    "Measured time of the same job for several kinds of convolution.",
    "同じ大きさの入力に対する、いろいろな畳み込みの実測時間。",
)

EXPERIMENT = Experiment(
    name="d14-grouped-convolutions",
    rows=("D14",),
    title=Text(
        "ResNeXt, Xception and separable convolutions", "ResNeXt・Xception と分離可能畳み込み"
    ),
    question=Text(
        "Must every output channel see every input channel through every pixel of the window?",
        "出力の各チャネルは、入力の全チャネルを窓の全画素にわたって見なければならないのか。",
    ),
    claim=Text(
        "A depthwise separable convolution takes 1/k² + 1/C′ of the multiply-adds of a plain one, "
        "and less time; in groups a convolution costs that many times less.",
        "深さ方向分離可能畳み込みの積和演算は通常の 1/k² + 1/C′ で、時間も短い。グループに分けた畳"
        "み込みの"
        "計算はグループ数分の 1 である。",
    ),
    text=Text(
        """A plain k×k convolution from C to C′ channels takes k²·C·C′ multiply-adds for each pixel.
        In G groups each output sees only C/G inputs: a G-th of that. With as many groups as
        channels it is depthwise: every channel has a window of its own, k²·C. A 1×1 convolution,
        C·C′, then mixes the channels. The two together are a depthwise separable convolution.

        ResNeXt puts groups into ResNet's bottleneck and spends what they save on more channels:
        32 groups of 4 channels have as many weights as 64 plain ones. The number of groups, which
        the authors call cardinality, brought more than depth or width. Xception goes all the way:
        every convolution but the first two is separable, and with Inception v3's number of
        parameters it does better.

        Fewer multiply-adds are not the same as less time. A depthwise convolution does 9 of them
        for each number that it reads, a plain one many hundreds; so it waits for memory, and its
        share of the time is larger than its share of the work. Look at the column of multiply-adds
        per second.""",
        """通常の k×k 畳み込みは、C チャネルから C′ チャネルへ、1 画素あたり k²·C·C′ 回の積和演算
        を行う。 G 個のグループに分けると、出力は C/G 個の入力だけを見るので、計算は G 分の 1 にな
        る。グループ数をチャネル数まで増やしたものが深さ方向(depthwise)の畳み込みで、チャネルごと
        に一つの窓をもち、k²·C で済む。続く 1×1 畳み込み(C·C′)がチャネルを混ぜる。この二つを合わせ
        たものが深さ方向分離可能畳み込みである。

        ResNeXt は ResNet のボトルネックをグループに分け、浮いた分をチャネルに回す。4 チャネル ×
        32 グループの重みの数は、通常の 64 チャネルと等しい。著者たちがカーディナリティと呼ぶグ
        ループ数は、深さや幅より効果が大きかった。Xception はこれを徹底し、最初の二つ以外のすべて
        を分離可能畳み込みにして、Inception v3 と同程度のパラメータ数でより高い精度を得た。

        積和演算が少ないことと、時間が短いことは同じではない。深さ方向の畳み込みは読んだ数一つにつ
        き 9 回しか計算しないが、通常の畳み込みは何百回も計算する。前者はメモリを待つことになり、
        時間の割合は計算量の割合より大きくなる。表の「毎秒の積和演算」の列を見てほしい。""",
    ),
    work=work,
    formulas=(
        r"\frac{k^2C+CC'}{k^2CC'}=\frac{1}{C'}+\frac{1}{k^2}",
        r"\mathrm{groups}:\quad \frac{k^2CC'}{G}",
    ),
    code=(nn.DepthwiseSeparableConv2d.forward, ratio, milliseconds),
    parts=("counts", "networks", "times"),
)
