"""ZFNet: first layers that step by 4 and by 2, trained here and looked into with a deconvnet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shinso import nn
from shinso.cell import Array
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import error, learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.ops import conv2d
from shinso.ops.random import manual_seed
from shinso.viz.deconvnet import deconvnet, deconvnet_picture, strongest_units
from shinso.viz.filters import filters
from shinso.viz.picture import Picture
from shinso.viz.receptive_field import receptive_fields
from shinso.viz.style import say, styled

SIDE = 64
DEAD = 0.05
"""A filter is dead if its strongest response is under this share of the layer's median one."""
GRID = 64
SHOWN = "4"
"""The second convolution, whose units are projected to pixels."""


@dataclass(frozen=True)
class First:
    """A first layer: side of its window, stride, padding; and the stride of the second one."""

    window: int
    stride: int
    padding: int
    second: int


FIRSTS = {"AlexNet, 11×11/4": First(11, 4, 2, 1), "ZFNet, 7×7/2": First(7, 2, 1, 2)}


@dataclass(frozen=True)
class Plan:
    """Filters of the first layer, epochs, seeds, test images to look at."""

    width: int
    epochs: int
    seeds: int
    images: int = 300


FAST = Plan(24, 6, 3)
FULL = Plan(48, 5, 2)


def network(first: First, width: int, in_channels: int) -> nn.Sequential:
    """Both layers whose filters are looked at, with pooling 3×3/2 behind each, and a dense one."""
    return nn.Sequential(
        nn.Conv2d(in_channels, width, first.window, first.stride, first.padding),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(width, 2 * width, 5, first.second, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        nn.AdaptiveAvgPool2d(3),
        nn.Flatten(),
        nn.Linear(18 * width, 10),
    )


def dead(responses: Array) -> float:
    """Share of filters that are dead: (n, filters, h, w) of responses after ReLU, in %."""
    strongest = responses.max(axis=(0, 2, 3))
    return 100 * float((strongest < DEAD * np.median(strongest)).mean())


def beyond(power: Array, stride: int) -> float:
    """Share of a power spectrum (…, h, w), in %, that a grid of this stride cannot hold.

    Steps of s pixels show frequencies up to 1/(2s) cycles per pixel; higher ones look like lower
    ones there: they are aliased.
    """
    fy, fx = (np.abs(np.fft.fftfreq(n)) for n in power.shape[-2:])
    high = np.maximum(fy[:, None], fx[None]) > 1 / (2 * stride)
    return 100 * float(power[..., high].sum() / power.sum())


def filter_power(weight: Array) -> Array:
    """The power spectrum of filters (n, c, h, w), each without its mean, padded with zeros."""
    weight = weight - weight.mean(axis=(2, 3), keepdims=True)
    spectrum = np.fft.fft2(weight.astype(np.float64), (GRID, GRID))
    return np.square(np.abs(spectrum))


def response_power(weight: Array, images: Array) -> Array:
    """The power spectrum of what the filters make of images at every pixel, without its mean."""
    with no_grad():
        maps = conv2d(images, weight).data.astype(np.float64)
    maps -= maps.mean(axis=(2, 3), keepdims=True)
    return np.square(np.abs(np.fft.fft2(maps)))


@dataclass
class Found:
    """A trained network and what was measured on it, all in %."""

    model: nn.Sequential
    test: float
    dead: float
    filters: float
    responses: float


def train_one(first: First, plan: Plan, train: Part, test: Part, seed: int) -> Found:
    """Train a network; measure its first layer."""
    manual_seed(seed)
    model = network(first, plan.width, train[0].shape[1])
    trainer = learn(model, train, epochs=plan.epochs, lr=0.02, seed=seed)
    model.eval()
    images = test[0][: plan.images]
    weight = next(model.parameters()).data
    with no_grad():
        responses = model[1](model[0](images)).data
    return Found(
        model,
        error(trainer, test),
        dead(responses),
        beyond(filter_power(weight), first.stride),
        beyond(response_power(weight, images[:32]), first.stride),
    )


Runs = dict[str, list[Found]]


def work(settings: Settings) -> Outcome:
    """Train networks with either first layer; measure, then project units to pixels."""
    plan = FAST if settings.fast else FULL
    train, test = pictures(settings, side=SIDE)
    jobs = [(name, settings.seed + i) for i in range(plan.seeds) for name in FIRSTS]
    runs: Runs = {name: [] for name in FIRSTS}
    for name, seed in settings.track(jobs):
        runs[name].append(train_one(FIRSTS[name], plan, train, test, seed))
    outcome = Outcome()
    _compare(outcome, runs)
    _look(outcome, runs, test)
    return outcome


def _mean(runs: list[Found], what: str) -> float:
    return float(np.mean([getattr(run, what) for run in runs]))


def _compare(outcome: Outcome, runs: Runs) -> None:
    alex, zf = runs.values()
    measures = {
        "dead": Text("dead filters", "死んだフィルタ"),
        "filters": Text("aliased energy of the filters", "フィルタの折り返しエネルギー"),
        "responses": Text("aliased energy of the responses", "応答の折り返しエネルギー"),
    }  # fmt: skip
    for what, name in measures.items():
        claim = Text(f"{name.en}: 7×7/2 minus 11×11/4, in points, mean of the seeds",
                     f"{name.ja}:7×7/2 − 11×11/4(ポイント、種の平均)")  # fmt: skip
        relation = "≤" if what == "dead" else "<"
        outcome.verdicts.append(
            Verdict(claim, _mean(zf, what) - _mean(alex, what), 0.0, 0.0, relation)
        )
    rows = [
        (name, *(f"{_mean(each, what):.1f} %" for what in measures), f"{_mean(each, 'test'):.1f} %")
        for name, each in runs.items()
    ]
    error_rate = Text("test error", "テスト誤り率")
    columns = (Text("first layer", "第 1 層"), *measures.values(), error_rate)
    outcome.tables.append(Table(columns, rows))


def _look(outcome: Outcome, runs: Runs, test: Part) -> None:
    classes = [int(np.flatnonzero(test[1] == c)[0]) for c in (0, 3, 7)]
    images = test[0][classes]
    for (name, each), file in zip(runs.items(), ("alexnet", "zfnet"), strict=True):
        model = each[0].model
        outcome.figures += [
            Figure(f"filters-{file}", _filters(model, name), _caption(_FILTERS, name)),
            Figure(f"deconvnet-{file}", deconvnet_picture(model, images, SHOWN, most=5),
                   _caption(_DECONVNET, name)),
        ]  # fmt: skip
    zf = runs["ZFNet, 7×7/2"][0].model
    projected = deconvnet(zf, images, SHOWN, unit=strongest_units(zf, images, SHOWN, 1)[0])
    ((top, bottom, _, _),) = receptive_fields(zf, images.shape[1:], SHOWN, [(4, 4)])
    tall = max(extent(np.abs(one).sum(axis=(0, 2))) for one in projected)
    outcome.verdicts.append(
        Verdict(Text("a projection stays within what its unit can see: height in pixels, at most "
                     "the receptive field's",
                     "射影はユニットの受容野に収まる:射影の高さ(画素)は受容野の高さ以下"),
                tall, bottom - top, 0.0, "≤")
    )  # fmt: skip
    outcome.notes.append(_NOTE)


def extent(values: Array) -> int:
    """From the first to the last of numbers that are not 0: how many places."""
    there = np.flatnonzero(values)
    return int(there[-1] - there[0] + 1) if len(there) else 0


@styled
def _filters(model: nn.Sequential, name: str) -> Picture:
    picture = filters(model[0])
    picture.suptitle(say(f"first layer of {name}", f"{name} の第 1 層"))
    return picture


def _caption(caption: Text, name: str) -> Text:
    return Text(caption.en.format(name), caption.ja.format(name))


_FILTERS = Text(
    "All filters of the first layer, {}, after training (first seed).",
    "学習後の第 1 層の全フィルタ、{}(最初の乱数の種)。",
)
_DECONVNET = Text(
    "What five units of the second convolution respond to, projected to pixels by the deconvnet; "
    "first layer {}.",
    "2 番目の畳み込みのユニット五つが反応するものを、deconvnet で画素に射影した図。第 1 層は {}。",
)
_NOTE = Text(
    f"A filter counts as dead if its strongest response to the test images is under {DEAD:.0%} of "
    "the layer's median one. Aliased is what lies beyond half a cycle per step of the layer, in "
    "either direction, in the Fourier spectrum without the mean. A layer that steps by 4 can hold "
    "a quarter of the frequencies that one stepping by 2 can.",
    f"テスト画像に対する最大応答が層の中央値の {DEAD:.0%} 未満のフィルタを「死んだ」と数えた。"
    "折り返し(エイリアシング)は、平均を除いたフーリエスペクトルのうち、どちらかの方向で層の 1 歩あ"
    "たり"
    "半周期を超える部分。4 画素ずつ進む層が表せる周波数の範囲は、2 画素ずつ進む層の 4 分の 1 であ"
    "る。",
)

EXPERIMENT = Experiment(
    name="d8-zfnet",
    rows=("D8",),
    title=Text("ZFNet: looking inside", "ZFNet:中をのぞく"),
    question=Text(
        "What do the first layers of a network see, and what does a step of 4 pixels lose?",
        "ネットワークの初めの層は何を見ていて、4 画素ずつ進むと何が失われるのか。",
    ),
    claim=Text(
        "With windows of 7×7 and steps of 2, as in ZFNet, no more first-layer filters are dead "
        "than "
        "with AlexNet's 11×11 and steps of 4, and less of what they see is aliased.",
        "ZFNet の 7×7・ストライド 2 では、AlexNet の 11×11・ストライド 4 に比べて、第 1 層の死んだ"
        "フィルタは"
        "増えず、折り返しは減る。",
    ),
    text=Text(
        """Zeiler and Fergus built a way back from a feature map to pixels. A convolution goes
        back with its filters transposed, a pooling puts a value back where its maximum was, and a
        ReLU lets only positive values through, on the way back as well. So one sees which pixels
        made a unit respond. (A gradient goes back the same way but for ReLU, where it is cut where
        the value forward was negative.)

        Looking into AlexNet they saw first-layer filters of very high and very low frequencies with
        little between, some of them dead, and patterns of blocks in the second layer: aliasing by
        the step of 4. With 7×7 windows and a step of 2 they gained 1.7 points of top-5 error
        (figure 6 and table 2 of the paper).

        Here both first layers are trained on the same images of 64×64 pixels, the rest of the
        networks being alike. Aliasing has an exact meaning: a grid with steps of s pixels holds
        frequencies up to 1/(2s) cycles per pixel, and what is higher appears as something lower. So
        the share beyond that limit is measured, of the filters themselves and of what they make of
        test images. That the finer step is better here follows in part from the limit alone, which
        is the point: the step throws away what the filters have found.

        Digits of 8×8 pixels, enlarged, have few high frequencies, and small networks few filters:
        what the paper saw in 96 filters after 1.2 million photographs can only be hinted at.""",
        """Zeiler と Fergus は、特徴マップから画素へ戻る方法を作った。畳み込みは転置したフィルタで
        戻り、プーリングは最大値のあった位置に値を戻し、ReLU は戻る途中でも正の値だけを通す。こう
        して、どの画素がユニットを反応させたかが見える。(勾配も同じ道を戻るが、ReLU だけが違い、順
        伝播の値が負だったところで 0 になる。)

        AlexNet の中には、非常に高い周波数と非常に低い周波数のフィルタばかりで中間がなく、死んだも
        のもあった。第 2 層にはブロック状の模様があり、これはストライド 4 による折り返し(エイリア
        シング)だった。窓を 7×7、ストライドを 2 にすると、top-5 誤り率が 1.7 ポイント下がった(論文
        の図 6 と表 2)。

        ここでは両方の第 1 層を、ほかの部分をそろえて、同じ 64×64 画素の画像で学習する。折り返しに
        は正確な意味がある。s 画素ごとの格子が表せる周波数は 1/(2s) までで、それより高いものは低い
        周波数に化ける。そこで、この限界を超える割合を、フィルタ自身と、テスト画像への応答とについ
        て測る。細かい方が良いのは一部はこの限界だけから従うが、そこが要点である。フィルタが見つけ
        たものを、粗いストライドは捨ててしまう。

        8×8 画素の数字を拡大した画像には高い周波数が少なく、小さなネットワークにはフィルタが少な
        い。論文が 120 万枚の写真で学習した 96 個のフィルタに見たことの、一端を示せるだけであ
        る。""",
    ),
    work=work,
    formulas=(
        r"f_{\max}=\frac{1}{2s}",
        r"\mathrm{aliased}=\frac{\sum_{\max(|f_x|,|f_y|)>1/(2s)}|W(f)|^2}{\sum_{f}|W(f)|^2}",
        r"R^{l}=\mathrm{ReLU}\left(W_l^{\top}*R^{l+1}\right)",
    ),
    code=(network, beyond, deconvnet),
    data=("cifar10",),
)
