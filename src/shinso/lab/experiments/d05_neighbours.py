"""Keeping neighbours: convolution against a fully connected network, and shuffled pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shinso import models, nn, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.experiments.c06_overfitting import few
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, ORANGE, say, styled


@dataclass(frozen=True)
class Plan:
    """Training and test images, width of the perceptron, epochs, seeds."""

    examples: int
    tests: int
    width: int
    epochs: int
    seeds: int


FAST = Plan(1437, 360, 128, 20, 3)
FULL = Plan(4000, 10000, 128, 5, 3)


def convolutional(side: int) -> nn.Sequential:
    """Two convolutions with pooling, one dense layer."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 10),
    )  # fmt: skip


def fully_connected(side: int, width: int) -> nn.Module:
    """One hidden layer in which every unit sees every pixel."""
    return models.MLP(side * side, (width,), 10)


def shuffled(part: Part, seed: int = 0) -> Part:
    """All images with their pixels in another order, the same for all."""
    images = part[0].reshape(len(part[0]), -1)
    order = np.random.default_rng(seed).permutation(images.shape[1])
    return images[:, order].reshape(part[0].shape), part[1]


def accuracy(model: nn.Module, train: Part, test: Part, epochs: int, seed: int) -> float:
    """Test accuracy in percent after training with Adam."""
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    trainer.fit(train, epochs=epochs)
    return 100 * trainer.evaluate(test, 500)["accuracy"]


Scores = dict[tuple[str, bool], list[float]]
_NAMES = {"cnn": Text("convolutional", "畳み込み"), "mlp": Text("fully connected", "全結合")}


def work(settings: Settings) -> Outcome:
    """Both networks on images as they are and on images with shuffled pixels."""
    plan = FAST if settings.fast else FULL
    train, test = images_and_classes(settings)
    side = train[0].shape[-1]
    test = test[0][: plan.tests], test[1][: plan.tests]
    scores: Scores = {(name, mixed): [] for name in _NAMES for mixed in (False, True)}
    counts = {}
    for seed in settings.track(range(settings.seed, settings.seed + plan.seeds), "seed"):
        part = few(train, plan.examples, seed)
        for name, mixed in scores:
            manual_seed(seed)
            model = convolutional(side) if name == "cnn" else fully_connected(side, plan.width)
            counts[name] = sum(p.data.size for p in model.parameters())
            x, y = (shuffled(part), shuffled(test)) if mixed else (part, test)
            scores[name, mixed].append(accuracy(model, x, y, plan.epochs, seed))
    return Outcome(
        _verdicts(scores, counts),
        [_table(scores, counts)],
        [Figure("shuffled", _shuffled_picture(test), _SHUFFLED),
         Figure("accuracy", _accuracy_picture(scores), _ACCURACY)],
        [_NOTE],
    )  # fmt: skip


_SHUFFLED = Text(
    "Five digits, and the same with their pixels in another order. For a fully connected network "
    "the two are the same problem.",
    "五つの数字と、画素の順序を入れ替えたもの。全結合のネットワークにとって両者は同じ問題である。",
)
_ACCURACY = Text(
    "Test accuracy of each seed (dots) and their mean (line), on images as they are and with "
    "shuffled pixels.",
    "そのままの画像と画素を入れ替えた画像でのテスト正解率。点は乱数の種ごと、線は平均。",
)
_NOTE = Text(
    "Each number is one training run; a difference of half a point between means of three seeds is "
    "within noise.",
    "値はそれぞれ一回の学習による。種 3 個の平均で 0.5 ポイントの差は雑音の範囲内である。",
)


def _verdicts(scores: Scores, counts: dict[str, int]) -> list[Verdict]:
    mean = {key: float(np.mean(each)) for key, each in scores.items()}
    lead = {mixed: mean["cnn", mixed] - mean["mlp", mixed] for mixed in (False, True)}
    return [
        Verdict(Text("fewer parameters: convolutional over fully connected",
                     "パラメータが少ない:畳み込み ÷ 全結合"),
                counts["cnn"] / counts["mlp"], 1.0, 0.0, "<"),
        Verdict(Text("better: test accuracy of the convolutional network, minus that of the fully "
                     "connected one, in points",
                     "精度が高い:テスト正解率の差、畳み込み − 全結合(ポイント)"),
                lead[False], 0.0, 0.0, ">"),
        Verdict(Text("the same with shuffled pixels: nothing of the lead is left, in points",
                     "画素を入れ替えると優位は残らない:"
                     "同じ差(ポイント)"), lead[True], 0.0, 0.5, "≤"),
        Verdict(Text("shuffling costs the convolutional network, in points",
                     "入れ替えで畳み込みネットワークが失う正解率(ポイント)"),
                mean["cnn", False] - mean["cnn", True], 0.0, 0.0, ">"),
        Verdict(Text("the fully connected one does not care: change, in points",
                     "全結合は影響を受けない:正解率の変化(ポイント)"),
                mean["mlp", True] - mean["mlp", False], 0.0, 0.5, "="),
    ]  # fmt: skip


def _table(scores: Scores, counts: dict[str, int]) -> Table:
    def cell(name: str, mixed: bool) -> str:
        each = scores[name, mixed]
        return f"{np.mean(each):.2f} ± {np.std(each, ddof=1):.2f} %"

    rows = [
        (_NAMES[name], f"{counts[name]:,}", cell(name, False), cell(name, True)) for name in _NAMES
    ]
    columns = (Text("network", "ネットワーク"), Text("parameters", "パラメータ数"),
               Text("images as they are", "そのままの画像"),
               Text("shuffled pixels", "画素を入れ替えた画像"))  # fmt: skip
    return Table(columns, rows, Text("Test accuracy, mean ± standard deviation of the seeds",
                                     "テスト正解率(種についての平均 ± 標準偏差)"))  # fmt: skip


@styled
def _shuffled_picture(test: Part) -> Picture:
    picture, axes = grid(2, 5, 9.0, 3.9)
    rows: tuple[Array, Array] = (test[0][:5, 0], shuffled(test)[0][:5, 0])
    for i, ax in enumerate(axes):
        ax.imshow(rows[i // 5][i % 5], cmap="gray")
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
    axes[0].set_ylabel(say("as it is", "そのまま"))
    axes[5].set_ylabel(say("shuffled", "入れ替え"))
    return picture


@styled
def _accuracy_picture(scores: Scores) -> Picture:
    picture, axes = one_axes(7.4, 4.2)
    for name, colour, marker, aside in (("cnn", BLUE, "o", -0.03), ("mlp", ORANGE, "s", 0.03)):
        means = [np.mean(scores[name, mixed]) for mixed in (False, True)]
        dash = "-" if name == "cnn" else "--"
        axes.plot(
            [aside, 1 + aside], means, colour, ls=dash, label=say(_NAMES[name].en, _NAMES[name].ja)
        )
        for i, mixed in enumerate((False, True)):
            each = scores[name, mixed]
            axes.plot([i + aside] * len(each), each, marker, color=colour, alpha=0.8)
    axes.set_xticks(
        [0, 1], [say("as they are", "そのまま"), say("shuffled pixels", "画素を入れ替え")]
    )
    axes.set(xlim=(-0.4, 1.4), ylabel=say("test accuracy (%)", "テスト正解率(%)"))
    picture.legend(loc="outside upper center", ncols=2)
    return picture


EXPERIMENT = Experiment(
    name="d5-neighbours",
    rows=("D5",),
    title=Text("Keeping neighbours", "隣り合う画素を活かす"),
    question=Text(
        "A fully connected network does not know which pixels lie side by side. Is that what a "
        "convolutional network is better by?",
        "全結合のネットワークは、どの画素が隣り合うかを知らない。"
        "畳み込みの優位はそこから来るのか。",
    ),
    claim=Text(
        "With fewer parameters a convolutional network is more accurate; with shuffled pixels its "
        "lead is gone.",
        "畳み込みネットワークは少ないパラメータで精度が高く、画素を入れ替えると優位は消える。",
    ),
    text=Text(
        """A fully connected layer gives every pixel a weight of its own for every unit; the order
        of the pixels means nothing to it. If all images are shuffled in the same way, a perceptron
        with its weights shuffled likewise computes the same. A convolution builds in two beliefs:
        that pixels which belong together lie together, and that what is worth finding in one
        corner is worth finding in another. So each unit sees a small window, and all windows share
        their weights.

        The second belief saves parameters, the first makes those that are left useful. Shuffling
        is the test: it keeps all the information in the images and destroys nothing but the
        neighbourhood. Look at the picture of accuracies: the line of the convolutional network
        falls, the other stays level but for the noise.

        It is sometimes said that flattening an image destroys its spatial information. It does not
        destroy it: the perceptron could learn which pixels are neighbours from many images. It only
        does not know beforehand, and has to spend data on it.""",
        """全結合層は、ユニットごとに各画素へ別々の重みをもち、画素の順序には意味がない。すべての画
        像を同じように並べ替えても、重みを同じように並べ替えたパーセプトロンは同じ計算をする。畳み
        込みには二つの前提が組み込まれている。関係する画素は近くにあること、ある場所で見つける価値
        のあるものは別の場所でも価値があることである。そこで各ユニットは小さな窓だけを見て、すべて
        の窓が重みを共有する。

        二つ目の前提がパラメータを節約し、一つ目の前提が残ったパラメータを役立つものにする。画素の
        入れ替えはその検証である。画像の情報はすべて残り、失われるのは隣り合う関係だけである。正解
        率の図では、畳み込みの線は下がり、もう一方は雑音を除けば水平のままである。

        画像を平坦化すると空間の情報が失われる、と言われることがある。失われはしない。パーセプトロ
        ンも多くの画像があれば、どの画素が隣り合うかを学習できる。ただ、はじめからは知らないので、
        そのためにデータを費やすのである。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{dense:}\quad (H\,W\,C+1)\,U\ \mathrm{parameters}",
        r"\mathrm{convolution:}\quad (F\,F\,C+1)\,U\ \mathrm{parameters}",
    ),
    code=(convolutional, fully_connected, shuffled),
    data=("mnist",),
)
