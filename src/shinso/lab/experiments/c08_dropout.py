"""Dropout: of elements and of channels; what it keeps, and what it does to the gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shinso import models, nn, ops, optim
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.experiments.c06_overfitting import Course, course, few
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.ops.dropout import Dropout
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, say, styled

EXAMPLES, STEPS, LOOKS, SEEDS = 300, 600, 12, 4
MASKS = 2000
"""Random masks over which a mean is taken."""


def dense(side: int, p: float) -> nn.Module:
    """Two wide hidden layers; each of their elements is dropped with probability p."""
    return models.MLP(side * side, (256, 256), 10, dropout=p)


def convolutional(side: int, p: float) -> nn.Module:
    """Two convolutions; whole channels of the second are dropped with probability p."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 32, 3, padding=1),
        nn.ReLU(),
        nn.Dropout2d(p),
        nn.Flatten(),
        nn.Linear(32 * (side // 2) ** 2, 10),
    )


@dataclass(frozen=True)
class Kind:
    """A kind of dropout, in words, on a network, with the probability to drop."""

    name: Text
    network: Callable[[int, float], nn.Module]
    p: float


KINDS = {
    "element": Kind(Text("element dropout (dense network)", "要素ごと(全結合)"), dense, 0.5),
    "channel": Kind(Text("channel dropout (convolutional network)", "チャネルごと(畳み込み)"),
                    convolutional, 0.3),
}  # fmt: skip


def trained(kind: Kind, p: float, train: Part, test: Part, seed: int) -> Course:
    """One run; both sets are looked at in evaluation mode, where nothing is dropped."""
    manual_seed(seed)
    model = kind.network(train[0].shape[-1], p)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    return course(trainer, train, test, STEPS, LOOKS)


def work(settings: Settings) -> Outcome:
    """Train with and without dropout on few images, and take means over many masks."""
    train, test = images_and_classes(settings)
    outcome = Outcome(_expectation(settings.seed), [], [_masks(train, settings.seed)], [_NOTE])
    rows = []
    for key in settings.track(settings.only or tuple(KINDS), "dropout:"):
        kind = KINDS[key]
        seeds = range(settings.seed, settings.seed + SEEDS)
        runs = {
            p: [trained(kind, p, few(train, EXAMPLES, s), test, s) for s in seeds]
            for p in (0.0, kind.p)
        }
        outcome.verdicts += _verdicts(kind, runs)
        rows += [_row(kind, p, each) for p, each in runs.items()]
        picture = _loss_picture(runs)
        outcome.figures.append(Figure(f"loss-{key}", picture, _loss_caption(kind)))
    outcome.tables.append(Table(_COLUMNS, rows))
    return outcome


_COLUMNS = (
    Text("network", "ネットワーク"),
    "p",
    Text("training accuracy", "訓練正解率"),
    Text("test accuracy", "テスト正解率"),
    Text("gap of accuracy, points", "正解率の差(ポイント)"),
    Text("gap of loss", "誤差の差"),
)
_NOTE = Text(
    f"Each run: {EXAMPLES} training images, about {STEPS} updates of Adam, {SEEDS} seeds (each "
    "with "
    "its own draw of images). All numbers are taken in evaluation mode.",
    f"各実験:訓練画像 {EXAMPLES} 枚、Adam で約 {STEPS} 回更新、乱数の種 "
    f"{SEEDS} 個(画像の選び方も変える)。"
    "数値はすべて評価モードで求めた。",
)

Runs = dict[float, list[Course]]


def _mean(runs: list[Course], measure: str) -> float:
    return float(np.mean([run.gap(measure) for run in runs]))


def _verdicts(kind: Kind, runs: Runs) -> list[Verdict]:
    before, after = runs[0.0], runs[kind.p]
    en, ja = kind.name.en, kind.name.ja
    return [
        Verdict(Text(f"{en}: the gap of the loss narrows: with, over without",
                     f"{ja}:誤差の差が縮む(あり ÷ なし)"),
                _mean(after, "loss") / _mean(before, "loss"), 1.0, 0.0, "<"),
        Verdict(Text(f"{en}: the gap of the accuracy narrows: with, over without",
                     f"{ja}:正解率の差が縮む(あり ÷ なし)"),
                _mean(after, "accuracy") / _mean(before, "accuracy"), 1.0, 0.0, "<"),
    ]  # fmt: skip


def _row(kind: Kind, p: float, runs: list[Course]) -> tuple[Text | str, ...]:
    def ends(part: str) -> list[float]:
        return [100 * getattr(run, part)[-1]["accuracy"] for run in runs]

    return (
        kind.name,
        f"{p:g}",
        f"{np.mean(ends('train')):.1f} %",
        f"{np.mean(ends('test')):.1f} ± {np.std(ends('test'), ddof=1):.1f} %",
        f"{100 * _mean(runs, 'accuracy'):.1f}",
        f"{_mean(runs, 'loss'):.3f}",
    )


def mean_over_masks(f: Callable[[], np.ndarray], masks: int) -> np.ndarray:
    """The mean of what f gives, each time with a new random mask."""
    total = f()
    for _ in range(masks - 1):
        total = total + f()
    return total / masks


def _expectation(seed: int) -> list[Verdict]:
    """Inverted dropout keeps the mean: of an element exactly, of a network only nearly."""
    manual_seed(seed)
    ones = np.ones((1, 400))
    mean = mean_over_masks(lambda: ops.dropout(ones, 0.5).data, MASKS)
    # Each kept element is 2, each dropped one 0: their variance is 1.
    spread = 1 / np.sqrt(MASKS * ones.size)
    still = nn.Dropout(0.5).eval()(ones).data
    maps = ops.dropout2d(np.ones((50, 8, 4, 4)), 0.3).data
    whole = float(np.mean([len(np.unique(c)) == 1 for c in maps.reshape(400, -1)]))
    return [
        Verdict(Text(f"the mean over {MASKS:,} masks of a dropped 1 is 1 (tolerance: 4 standard "
                     "errors)", f"1 にドロップアウトを掛けた値の平均({MASKS:,} 個のマスク)は 1"
                     "(許容:標準誤差の 4 倍)"), float(mean.mean()), 1.0, 4 * spread, "="),
        Verdict(Text("in evaluation nothing changes: largest difference",
                     "評価モードでは何も変わらない:最大の差"),
                float(np.abs(still - ones).max()), 0.0, 0.0, "="),
        Verdict(Text("channel dropout drops channels whole: share of them",
                     "チャネルドロップアウトはチャネルを丸ごと落とす:その割合"),
                100 * whole, 100.0, 0.0, "=", "%"),
    ]  # fmt: skip


def _masks(train: Part, seed: int) -> Figure:
    """The feature maps of one image, with elements dropped and with channels dropped."""
    manual_seed(seed)
    layer = nn.Conv2d(1, 8, 3, padding=1)
    maps = ops.relu(layer(train[0][:1])).data
    rows = {
        Text("none", "なし"): maps,
        Text("element", "要素"): ops.dropout(maps, 0.5).data,
        Text("channel", "チャネル"): ops.dropout2d(maps, 0.5).data,
    }
    return Figure("masks", _masks_picture(rows), _MASKS_CAPTION)


_MASKS_CAPTION = Text(
    "Eight feature maps of one image: as they are, with half of the elements dropped, with half of "
    "the channels dropped. What is kept is twice as bright: that keeps the mean.",
    "一枚の画像の特徴マップ 8 枚。そのまま、要素の半分を落としたもの、"
    "チャネルの半分を落としたもの。"
    "残ったものは 2 倍に明るくなり、平均が保たれる。",
)


def _loss_caption(kind: Kind) -> Text:
    return Text(
        f"{kind.name.en}: training and test loss, without and with (p = {kind.p:g}); thin lines "
        "are "
        "the seeds, thick ones their mean.",
        f"{kind.name.ja}:訓練誤差とテスト誤差。左はドロップアウトなし、右はあり(p = {kind.p:g})。"
        "細線は乱数の種ごと、太線は平均。",
    )


@styled
def _masks_picture(rows: dict[Text, np.ndarray]) -> Picture:
    largest = max(float(maps.max()) for maps in rows.values())
    picture, axes = grid(3, 8, 9.6, 3.9)
    for row, (name, maps) in enumerate(rows.items()):
        for ax, image in zip(axes[8 * row :], maps[0], strict=False):
            shown = ax.imshow(image, vmin=0, vmax=largest)
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
        axes[8 * row].set_ylabel(say(name.en, name.ja), rotation=0, ha="right", va="center")
    picture.colorbar(shown, ax=axes, shrink=0.85, label=say("activation", "活性"))
    return picture


@styled
def _loss_picture(runs: Runs) -> Picture:
    picture, axes = grid(1, 2, 9.6, 4.0, sharey=True)
    for ax, (p, each) in zip(axes, runs.items(), strict=True):
        for part, colour, dash, name in (
            ("train", BLUE, "-", say("training", "訓練")),
            ("test", ORANGE, "--", say("test", "テスト")),
        ):
            lines = np.array([[look["loss"] for look in getattr(run, part)] for run in each])
            ax.plot(each[0].steps, lines.T, colour, lw=0.7, alpha=0.6)
            ax.plot(each[0].steps, lines.mean(axis=0), colour, ls=dash, lw=2.4, label=name)
        ax.set(xlabel=say("updates", "更新回数"), yscale="log")
        ax.set_title(say("without dropout", "ドロップアウトなし") if p == 0
                     else say(f"with dropout, p = {p:g}",
                              f"ドロップアウトあり(p = {p:g})"))  # fmt: skip
    axes[0].set_ylabel(say("cross-entropy", "交差エントロピー誤差"))
    axes[0].legend(loc="lower left")
    return picture


EXPERIMENT = Experiment(
    name="c8-dropout",
    rows=("C8",),
    title=Text("Dropout", "ドロップアウト"),
    question=Text(
        "Half of the units are switched off at random in every update. How can that help?",
        "更新のたびに半分のユニットをでたらめに止める。それがなぜ役に立つのか。",
    ),
    claim=Text(
        "Dropout of elements and of channels narrows the gap between training and test.",
        "要素やチャネルのドロップアウトは、訓練とテストの差を縮める。",
    ),
    text=Text(
        """In each update every unit is switched off with probability p, so no unit can rely on a
        particular other one. What is learned is something like the mean of very many thinned
        networks that share their weights. In evaluation all units are there.

        In the inverted form, which shinso uses, what is kept in training is divided by 1 − p. The
        mean of each unit stays what it was, and evaluation needs no change at all. The first paper
        did it the other way round: nothing was scaled in training, and the weights were multiplied
        by 1 − p afterwards. The two are equal, but mixing them up (scaling in both places, or in
        none) is a classic slip. Another is the letter p itself: in the paper it is the probability
        to keep a unit, here as in PyTorch that to drop it.

        In a convolutional layer neighbouring pixels of a feature map say much the same, so dropping
        single elements takes away little. Channel dropout switches off whole feature maps instead:
        compare the last two rows of the first picture.

        Compare the loss curves: with dropout the training loss falls more slowly, since it was made
        harder, and the test loss turns up later or not at all. Curves that are recorded during
        training show the thinned network; a fair gap needs both sets in evaluation mode.""",
        """更新のたびに各ユニットを確率 p で止めると、どのユニットも特定の相手を当てにできなくな
        る。学習されるのは、重みを共有する非常に多くの間引かれたネットワークの平均のようなものであ
        る。評価のときはすべてのユニットが働く。

        shinso が用いる反転(inverted)ドロップアウトでは、学習時に残したユニットを 1 − p で割る。各
        ユニットの期待値は変わらず、評価時には何もしなくてよい。最初の論文は逆で、学習時には何も掛
        けず、後から重みに 1 − p を掛けた。両者は等価だが、混同する(両方で掛ける、どちらでも掛けな
        い)のは典型的な誤りである。記号 p にも注意がいる。論文では残す確率、ここでは PyTorch と同じ
        く落とす確率である。

        畳み込み層では特徴マップの隣り合う画素が似た値をもつので、要素を落としても失われる情報は少
        ない。チャネルドロップアウトは特徴マップを丸ごと止める。最初の図の下二段を比べてほしい。

        誤差の曲線を見ると、ドロップアウトを使うと学習が難しくなるので訓練誤差の減りは遅く、テスト
        誤差の増加は遅れるか起こらない。学習中に記録した曲線は間引かれたネットワークのものなので、
        公平に差を測るにはどちらのデータも評価モードで測る必要がある。""",
    ),
    work=work,
    formulas=(
        r"y_i=\frac{m_i}{1-p}\,x_i,\qquad m_i\in\{0,1\},\quad P(m_i=0)=p",
        r"\mathrm{E}[y_i]=\frac{1-p}{1-p}\,x_i=x_i",
    ),
    code=(Dropout, nn.Dropout2d, trained),
    parts=tuple(KINDS),
    data=("mnist",),
)
