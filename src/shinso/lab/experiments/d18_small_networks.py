"""SqueezeNet and MobileNet: parameters, multiply-adds and measured time side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import compiler, models
from shinso.cell import Array
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.lab.timing import least_milliseconds
from shinso.lab.zoo import count_verdict, millions, parameters, published_error
from shinso.models.figures import FIGURES
from shinso.models.mobilenet_v1 import DepthwiseSeparable
from shinso.models.squeezenet import Fire
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import BLUE, say, styled

SMALL = (
    "squeezenet1_0", "squeezenet1_1", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large",
    "mobilenet_v3_small",
)  # fmt: skip
FAST = ("squeezenet1_1", "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small")
LARGE = ("alexnet", "resnet18", "resnet50")
"""Larger networks beside them; the quick form measures only the first."""
PUBLISHED = {
    "squeezenet1_0": (1.25e6, 0.01e6, "Iandola et al. 2016"),
    "mobilenet_v1": (4.2e6, 0.05e6, "Howard et al. 2017"),
    "mobilenet_v2": (3.4e6, 0.15e6, "Sandler et al. 2018"),
    "mobilenet_v3_large": (5.4e6, 0.1e6, "Howard et al. 2019"),
    "mobilenet_v3_small": (2.5e6, 0.1e6, "Howard et al. 2019"),
}
WORK = {
    "mobilenet_v1": 569e6, "mobilenet_v2": 300e6, "mobilenet_v3_large": 219e6,
    "mobilenet_v3_small": 56e6,
}  # fmt: skip
"""Multiply-adds as the papers state them."""


def seconds_of(names: tuple[str, ...], rounds: int, side: int = 224) -> dict[str, float]:
    """Least milliseconds for one image through each compiled network."""
    x = np.random.default_rng(0).standard_normal((1, 3, side, side)).astype(np.float32)
    with no_grad():
        return least_milliseconds({name: _job(name, x) for name in names}, rounds)


def _job(name: str, x: Array) -> Callable[[], Any]:
    manual_seed(0)
    model = models.create(name).eval()
    step = compiler.compile(lambda x: model(x))
    return lambda: step(x)


def work(settings: Settings) -> Outcome:
    """Compare counts with the papers; measure times; draw them."""
    outcome = Outcome()
    if settings.wants("counts"):
        _counts(outcome)
    if settings.wants("times"):
        _times(settings, outcome)
    return outcome


def _counts(outcome: Outcome) -> None:
    outcome.verdicts += [
        count_verdict(name, count, source, tolerance)
        for name, (count, tolerance, source) in PUBLISHED.items()
    ]
    for name, wanted in WORK.items():
        claim = Text(f"{name}: million multiply-adds (its paper)",
                     f"{name} の積和演算、百万回(論文)")  # fmt: skip
        found, stated = FIGURES[name][1] / 1e6, wanted / 1e6
        outcome.verdicts.append(Verdict(claim, found, stated, 0.02 * stated, "="))
    fewer = parameters("alexnet") / parameters("squeezenet1_0")
    claim = Text("how many times fewer parameters SqueezeNet has than AlexNet (paper: 50)",
                 "SqueezeNet のパラメータは AlexNet の何分の 1 か(論文:50)")  # fmt: skip
    outcome.verdicts.append(Verdict(claim, fewer, 50, 2, "="))
    fire, separable = Fire(96, 16, 64), DepthwiseSeparable(64, 128)
    outcome.figures += [
        Figure("fire", architecture(fire, (1, 96, 54, 54)), _FIRE, "svg"),
        Figure("separable", architecture(separable, (1, 64, 112, 112)), _SEPARABLE, "svg"),
    ]


def _times(settings: Settings, outcome: Outcome) -> None:
    names = (*FAST, LARGE[0]) if settings.fast else (*SMALL, *LARGE)
    settings.say("compiling and timing", 0.1)
    times = seconds_of(names, 30 if settings.fast else 60)
    rows = []
    for name in (*SMALL, *LARGE):
        count, work = FIGURES[name]
        taken = times.get(name)
        rows.append(
            (name, str(models.entry(name).year), f"{count / 1e6:.2f} M", millions(work),
             f"{taken:.1f}" if taken else "–", f"{work / taken / 1e6:.0f}" if taken else "–",
             published_error(name))
        )  # fmt: skip
    columns = (
        Text("network", "ネットワーク"),
        Text("year", "年"),
        Text("parameters", "パラメータ数"),
        Text("multiply-adds", "積和演算"),
        Text("ms an image", "1 枚の時間(ms)"),
        Text("10⁹ multiply-adds a second", "毎秒の積和演算(10⁹)"),
        Text("published error", "公表された誤り率"),
    )
    outcome.tables.append(Table(columns, rows, _TABLE))
    small = FIGURES["mobilenet_v3_small"][1] / FIGURES["mobilenet_v1"][1]
    outcome.verdicts += [
        Verdict(Text("time of mobilenet_v3_small over mobilenet_v1",
                     "時間の比、mobilenet_v3_small ÷ mobilenet_v1"),
                times["mobilenet_v3_small"] / times["mobilenet_v1"], 1.0, 0.0, "<"),
        Verdict(Text("it gains less in time than in multiply-adds, as is said: ratio of times over "
                     "that of multiply-adds",
                     "ただし時間は積和演算ほどには減らない:時間の比 ÷ 積和演算の比"),
                times["mobilenet_v3_small"] / times["mobilenet_v1"] / small, 1.0, 0.0, ">"),
    ]  # fmt: skip
    outcome.figures.append(Figure("work-time", _picture(times), _WORK))


@styled
def _picture(times: dict[str, float]) -> Picture:
    """Time against multiply-adds, both logarithmic; along a line the speed is the same."""
    picture, axes = one_axes(7.4, 4.8)
    work = {name: FIGURES[name][1] / 1e6 for name in times}
    axes.set(xscale="log", yscale="log")
    for i, name in enumerate(sorted(times, key=work.__getitem__)):
        place = (work[name], times[name])
        axes.plot(*place, "o", color=BLUE)
        # By turns on the right and on the left, since neighbours may take the same time.
        side, across = ("right", -8) if i % 2 else ("left", 8)
        axes.annotate(name, place, (across, -4), textcoords="offset points", fontsize=11, ha=side)
    fastest = max(work[name] / ms for name, ms in times.items())
    ends = np.array([min(work.values()), max(work.values())])
    axes.plot(ends, ends / fastest, "--", color="#8a8a8a", linewidth=1.2,
              label=say("at the speed of the fastest", "最も速いものと同じ速さ"))  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.set_xlim(ends[0] * 0.7, ends[1] * 4)
    axes.set_xlabel(say("million multiply-adds", "積和演算(百万回)"))
    axes.set_ylabel(say("milliseconds an image", "1 枚の時間(ミリ秒)"))
    axes.legend(loc="upper left")
    return picture


_TABLE = Text(
    "One image of 224×224 through the compiled network, least time of several; –: measured in the "
    "full form only.",
    "224×224 の画像 1 枚をコンパイルしたネットワークに通す時間(何回かの最小値)。– は完全版だけで測"
    "る。",
)
_FIRE = Text(
    "SqueezeNet's fire module: squeeze to 16 channels, then 1×1 and 3×3 side by side.",
    "SqueezeNet の fire モジュール。16 チャネルに絞ってから、1×1 と 3×3 を並べる。",
)
_SEPARABLE = Text(
    "MobileNet's layer: depthwise 3×3, then 1×1.",
    "MobileNet の層。深さ方向 3×3 のあとに 1×1。",
)
_WORK = Text(
    "Measured time against multiply-adds. The higher above the line, the fewer of them are done in "
    "a second.",
    "積和演算の数と実測時間。線より上にあるほど、1 秒あたりの積和演算が少ない。",
)

EXPERIMENT = Experiment(
    name="d18-small-networks",
    rows=("D18",),
    title=Text("SqueezeNet and MobileNet", "SqueezeNet と MobileNet"),
    question=Text(
        "How small can a network be made, and is a small one also fast?",
        "ネットワークはどこまで小さくでき、小さければ速いのか。",
    ),
    claim=Text(
        "SqueezeNet has a fiftieth of AlexNet's parameters, MobileNets need a few hundred million "
        "multiply-adds, as published; it is said that time falls less than the multiply-adds.",
        "SqueezeNet のパラメータは AlexNet の 50 分の 1、MobileNet の積和演算は数億回で、公表値ど"
        "おりである。"
        "ただし時間は積和演算ほどには減らないと言われる。",
    ),
    text=Text(
        """SqueezeNet saves parameters. Its fire module squeezes the channels by a 1×1 convolution
        before the 3×3 windows, does half of the rest with 1×1, and there is no dense layer: 1.25
        million parameters instead of 61, with AlexNet's accuracy. Its multiply-adds are as many as
        AlexNet's, though.

        MobileNet saves multiply-adds. Version 1 takes all 3×3 convolutions apart into depthwise and
        1×1. Version 2 turns the residual block inside out: narrow at the ends, where the shortcut
        is, six times as wide between them, and without an activation at the narrow end. Version 3
        was found by a search on a telephone and finished by hand, with squeeze and excitation and
        hard swish.

        Parameters, multiply-adds and time are three things. Parameters need memory, multiply-adds
        are what can be counted on paper, and time is what one waits for. It is often said (Ma and
        colleagues 2018, ShuffleNet v2) that depthwise convolutions and networks of many small
        layers wait for memory, so that their time falls less than their multiply-adds. That was
        found on graphics processors and telephones. Whether it holds on the processor here is
        measured: look at the column of multiply-adds per second. Times are from the machine on
        which this page was made, next to its other work.""",
        """SqueezeNet が減らすのはパラメータである。fire モジュールは 3×3 の窓の前に 1×1 畳み込み
        でチャネルを絞り、残りの半分を 1×1 で済ませる。全結合層はない。6100 万個だったパラメータは
        125 万個になり、精度は AlexNet と変わらない。ただし積和演算の数は AlexNet と同じくらいであ
        る。

        MobileNet が減らすのは積和演算である。v1 はすべての 3×3 畳み込みを深さ方向の畳み込みと 1×1
        に分ける。 v2 は残差ブロックを裏返す。ショートカットのある両端を狭く、その間を 6 倍広く
        し、狭い側には活性化関数を置かない。v3 は携帯電話上での探索で見つけて人手で仕上げたもの
        で、SE ブロックと hard swish を使う。

        パラメータ、積和演算、時間は別のものである。パラメータはメモリを使い、積和演算は紙の上で数
        えられ、時間は人が待つものである。深さ方向の畳み込みや、小さな層がたくさんあるネットワーク
        はメモリを待つので、時間は積和演算ほどには減らない、とよく言われる(Ma ら 2018、ShuffleNet
        v2)。これは GPU と携帯電話で見いだされたことである。ここのプロセッサでも成り立つかどうかを
        測る。「毎秒の積和演算」の列を見てほしい。時間はこのページを作った計算機のもので、ほかの仕
        事と並行して測っている。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{fire}:\quad s\,(C+e+9e)\quad\text{weights}",
        r"\mathrm{hardswish}(x)=x\,\frac{\min(\max(x+3,0),6)}{6}",
    ),
    code=(Fire, DepthwiseSeparable, seconds_of),
    parts=("counts", "times"),
)
