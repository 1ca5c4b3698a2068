"""ImageNet's course from 2010 to 2017: errors by year, and what the networks cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shinso import models
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.lab.zoo import millions, parameters, published_error
from shinso.models.figures import FIGURES
from shinso.viz.bars import bars
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import COLOURS, QUIET, say, styled


@dataclass(frozen=True)
class Year:
    """The winner of a year's classification task, or who else is named: top-5 error in % on the
    test images as the competition lists it, with all of the entry's networks together.

    network: what of it is in the zoo.
    """

    year: int
    who: str
    error: float
    idea: Text
    network: str | None = None
    winner: bool = True


COURSE = (
    Year(2010, "NEC-UIUC", 28.2, Text("hand-made features (SIFT, LBP), linear SVM",
                                      "人手による特徴量(SIFT、LBP)と線形 SVM")),
    Year(2011, "XRCE", 25.8, Text("Fisher vectors of such features", "特徴量の Fisher ベクトル")),
    Year(2012, "AlexNet", 16.4, Text("a deep network: ReLU, dropout, GPUs",
                                     "深層ネットワーク:ReLU、ドロップアウト、GPU"), "alexnet_lrn"),
    Year(2013, "Clarifai", 11.7, Text("like ZFNet: a finer first layer, found by looking inside",
                                      "ZFNet と同系統:中をのぞいて第 1 層を細かくした"), "zfnet"),
    Year(2014, "VGG", 7.32, Text("3×3 only, 16 to 19 layers", "3×3 だけで 16〜19 層"),
         "vgg16", winner=False),
    Year(2014, "GoogLeNet", 6.67, Text("inception modules, no wide dense layers",
                                       "Inception モジュール、大きな全結合層の廃止"), "googlenet"),
    Year(2015, "ResNet", 3.57, Text("shortcuts: 152 layers", "ショートカット:152 層"), "resnet152"),
    Year(2016, "Trimps-Soushen", 2.99, Text("an ensemble of Inception, ResNet and wide ResNet",
                                            "Inception、ResNet、Wide ResNet のアンサンブル"),
         "inception_resnet_v2"),
    Year(2017, "SENet", 2.251, Text("channels weighed by squeeze and excitation",
                                    "SE ブロックによるチャネルの重み付け"), "senet154"),
)  # fmt: skip
HUMAN = 5.1
"""Top-5 error of one trained person (Russakovsky et al. 2015)."""
TOP5 = (
    "alexnet_lrn", "zfnet", "vgg11", "vgg13", "vgg16", "vgg19", "googlenet", "inception_v3",
    "resnet34", "resnet50", "resnet101", "resnet152", "inception_v4",
    "inception_resnet_v2", "squeezenet1_0", "densenet121", "densenet201", "xception",
    "resnext101_64x4d", "seresnet50", "seresnext50_32x4d", "senet154",
)  # fmt: skip


def work(settings: Settings) -> Outcome:
    """Tables and figures of the competition; what of them our own networks can confirm."""
    return Outcome(_verdicts(), [_table()], _figures(), [_NOTE])


def _verdicts() -> list[Verdict]:
    winners = [y for y in COURSE if y.winner]
    errors = np.array([y.error for y in winners])
    found = {y.year: y.error for y in winners}
    fewer = parameters("alexnet_lrn") / parameters("googlenet", aux_logits=False)
    return [
        Verdict(Text("top-5 error of 2012", "2012 年の top-5 誤り率"),
                found[2012], 16, 0.5, "=", "%"),
        Verdict(Text("top-5 error of 2017", "2017 年の top-5 誤り率"),
                found[2017], 2.3, 0.1, "=", "%"),
        Verdict(Text("years in which the error fell, of seven", "誤り率が下がった年の数(7 年中)"),
                int((np.diff(errors) < 0).sum()), 7, 0.0, "="),
        Verdict(Text("largest fall from one year to the next: in 2012, in points",
                     "前年からの最大の低下は 2012 年(ポイント)"),
                found[2011] - found[2012], float(-np.diff(errors).min()), 1e-9, "="),
        Verdict(Text("2014: how many times fewer parameters GoogLeNet has than AlexNet (paper: 12)",
                     "2014 年:GoogLeNet のパラメータは AlexNet の何分の 1 か(論文:12)"),
                fewer, 12, 0.5, "="),
        Verdict(Text("single networks: rank correlation of multiply-adds and top-5 error",
                     "単独のネットワーク:積和演算と top-5 誤り率の順位相関"),
                rank_correlation([FIGURES[n][1] for n in TOP5], [_error(n) for n in TOP5]),
                0.0, 0.0, "<"),
    ]  # fmt: skip


def rank_correlation(a: list[float] | list[int], b: list[float]) -> float:
    """Spearman's: the correlation of the ranks; equal numbers share the mean of their ranks."""
    return float(np.corrcoef(_ranks(np.asarray(a)), _ranks(np.asarray(b)))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    below = (values[:, None] > values[None]).sum(axis=1)
    equal = (values[:, None] == values[None]).sum(axis=1)
    ranks: np.ndarray = below + (equal - 1) / 2
    return ranks


def _error(name: str) -> float:
    published = models.entry(name).published
    if published is None or not published.measure.startswith("top-5"):
        raise ValueError(f"{name} has no published top-5 error")
    return published.error


def _table() -> Table:
    columns = (
        Text("year", "年"),
        Text("entry", "参加者"),
        Text("top-5 error", "top-5 誤り率"),
        Text("idea", "考え方"),
        Text("in the zoo", "shinso のモデル"),
        Text("parameters", "パラメータ数"),
        Text("multiply-adds", "積和演算"),
        Text("one network alone", "単独での誤り率"),
    )
    rows = []
    for y in COURSE:
        counts = ("", "", "")
        if y.network is not None:
            count, work = FIGURES[y.network]
            counts = (f"{count / 1e6:.1f} M", millions(work), published_error(y.network))
        rows.append((str(y.year), y.who, f"{y.error:g} %", y.idea, y.network or "", *counts))
    return Table(columns, rows, _CAPTION, numbers=False)


def _figures() -> list[Figure]:
    return [
        Figure("errors", _error_picture(), _ERRORS),
        Figure("work", _work_picture(), _WORK),
    ]


@styled
def _error_picture() -> Picture:
    """A bar for each entry, and a line for what a person reaches."""
    shown = {f"{y.year}  {y.who}": y.error for y in COURSE}
    groups = {f"{y.year}  {y.who}": int(y.network is None) for y in COURSE}
    picture = bars(shown, xlabel=say("top-5 error (%)", "top-5 誤り率(%)"), groups=groups)
    axes = picture.axes[0]
    axes.axvline(HUMAN, color=QUIET, linestyle="--", linewidth=1.4, zorder=0.5)
    axes.annotate(
        say(f"a trained person: {HUMAN} %", f"訓練した人間:{HUMAN} %"),
        (HUMAN, len(COURSE) - 1),
        (70, 0),
        textcoords="offset points",
        va="center",
        fontsize=11,
        color=QUIET,
        arrowprops={"arrowstyle": "-", "color": QUIET},
    )
    return picture


@styled
def _work_picture() -> Picture:
    """Top-5 error of single networks against multiply-adds; the area says how many parameters."""
    picture, axes = one_axes(8.6, 5.6)
    years = sorted({models.entry(n).year for n in TOP5})
    for year in years:
        names = [n for n in TOP5 if models.entry(n).year == year]
        axes.scatter(
            [FIGURES[n][1] / 1e9 for n in names],
            [_error(n) for n in names],
            s=[4 * FIGURES[n][0] / 1e6 for n in names],
            color=COLOURS[years.index(year) % len(COLOURS)],
            alpha=0.75,
            label=str(year),
        )
    for name, place in _LABELS.items():
        axes.annotate(name, (FIGURES[name][1] / 1e9, _error(name)), place,
                      textcoords="offset points", fontsize=11)  # fmt: skip
    axes.set_ylim(2.6, 21)
    axes.set_xscale("log")
    axes.set_xticks([0.7, 1, 2, 4, 8, 16], ["0.7", "1", "2", "4", "8", "16"])
    axes.set_xlabel(say("multiply-adds of one image (10⁹)", "画像 1 枚の積和演算(10⁹)"))
    axes.set_ylabel(say("top-5 error, one network (%)", "top-5 誤り率、単独(%)"))
    legend = axes.legend(title=say("year", "年"), loc="upper right")
    for handle in legend.legend_handles:
        handle.set_sizes([60])  # type: ignore[union-attr]
    return picture


_LABELS = {
    "alexnet_lrn": (14, 0), "zfnet": (12, 0), "squeezenet1_0": (8, 6), "googlenet": (8, 4),
    "vgg16": (-12, 16), "resnet34": (8, 4), "resnet50": (-56, -16), "resnet152": (4, 10),
    "inception_v3": (-40, -20), "seresnext50_32x4d": (-70, -20), "senet154": (-30, -28),
}  # fmt: skip
_CAPTION = Text(
    "Top-5 errors of the entries on the competition's test images, all their networks together; "
    "beside them a network of the zoo of that kind, with its error alone.",
    "コンペティションのテスト画像に対する top-5 誤り率(参加者の全ネットワークの合議)。右は同じ種類"
    "の"
    "ネットワーク 1 個と、その単独での誤り率。",
)
_ERRORS = Text(
    "Top-5 error by year. Blue: deep networks; orange: what came before.",
    "年ごとの top-5 誤り率。青は深層ネットワーク、橙はそれ以前の手法。",
)
_WORK = Text(
    "Published top-5 errors of single networks against what one image costs; the area of a point "
    "is the number of parameters.",
    "単独のネットワークの公表 top-5 誤り率と、画像 1 枚の計算量。点の面積はパラメータ数。",
)
_NOTE = Text(
    "The errors are published ones, not measured here. Entries: the results pages of ILSVRC 2010 "
    "to 2017 and the winners' papers, without further training images (2012 with them: 15.3 %); "
    "the "
    "person: Russakovsky et al. 2015. Single networks: as "
    "`shinso models` states with sources; they were tested with one crop, ten or many, so the "
    "points are comparable only roughly. Parameters and multiply-adds are counted on our networks.",
    "誤り率は公表値で、ここで測ったものではない。参加者の値は ILSVRC 2010〜2017 の結果ページと"
    "優勝者の論文による(追加の訓練画像を使わないもの。2012 年に使った結果は 15.3 %)。人間の値は "
    "Russakovsky ら(2015)による。単独のネットワークの出典は `shinso models` にある。評価に使った"
    "切り出しの数が異なるので、点どうしの比較は大まかなものである。パラメータ数と積和演算は"
    "ここで数えた値。",
)

EXPERIMENT = Experiment(
    name="d20-imagenet",
    rows=("D20",),
    title=Text("ImageNet, 2012 to 2017", "ImageNet の歩み 2012〜2017"),
    question=Text(
        "How did the error on a million photographs fall, and by which ideas?",
        "百万枚の写真に対する誤り率は、どんな考えによってどう下がったのか。",
    ),
    claim=Text(
        "In six years the top-5 error fell from 16 % to 2.3 %, and not by larger networks alone.",
        "6 年間で top-5 誤り率は 16 % から 2.3 % に下がった。ネットワークを大きくしたからだけでは"
        "ない。",
    ),
    text=Text(
        """The ImageNet challenge asked for the class of a photograph, one of 1000; an answer counts
        as right if the class is among five guesses. Until 2011 features were made by hand and only
        a linear classifier learned. In 2012 a deep network learned everything from pixels, and the
        error fell by more than nine points at once, more than in any other year.

        Each year after that has its idea: looking inside (ZFNet), depth (VGG), doing more with less
        (GoogLeNet), shortcuts (ResNet), ensembles (2016), weighing channels (SENet). In 2015 the
        error fell below that of a person who had trained for the task. After 2017 the challenge was
        closed.

        Do not mix up two kinds of numbers. The bars are what whole entries reached, often seven
        networks and many crops of each image. The points are single networks. In the picture of
        the points, look for networks of equal error and see how their cost differs: VGG-16 and
        ResNet-50, SqueezeNet and AlexNet.

        One often repeated number is not borne out: GoogLeNet's paper says that it has 12 times
        fewer parameters than AlexNet. Counted, it is 9 times, and the sizes in the paper's own
        table 1 add up to 6.8 million, which is 9 times as well.""",
        """ImageNet の競技会は、写真が 1000 クラスのどれかを問う。五つまで答えてよく、その中に正解
        があれば正答と数える(top-5)。2011 年までは特徴量を人が作り、学習するのは線形分類器だけだっ
        た。2012 年に深層ネットワークが画素からすべてを学習し、誤り率は一度に 9 ポイント以上下がっ
        た。これほど下がった年はほかにない。

        その後の年にはそれぞれの考え方がある。中をのぞく(ZFNet)、深さ(VGG)、少ない計算でより多く
        (GoogLeNet)、ショートカット(ResNet)、アンサンブル(2016 年)、チャネルの重み付
        け(SENet)。2015 年には、この課題のために訓練した人間の誤り率を下回った。競技会は 2017 年で
        終わった。

        二種類の数を混同しないこと。棒グラフは参加者全体の成績で、七つのネットワークを使い、画像ご
        とに何か所も切り出していることが多い。点の図は単独のネットワークである。点の図では、誤り率
        が同じで計算量の違うものを探してほしい。VGG-16 と ResNet-50、SqueezeNet と AlexNet などで
        ある。

        よく引用される数で、成り立たないものが一つある。GoogLeNet の論文はパラメータが AlexNet の
        12 分の 1 だと述べているが、数えると 9 分の 1 である。論文自身の表 1 の数を足しても 680 万
        個で、やはり 9 分の 1 になる。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{error}_{5}=\frac{1}{N}\sum_{n=1}^{N}\left[t_n\notin\mathrm{top}_5(y_n)\right]",
    ),
    code=(parameters, rank_correlation),
)
