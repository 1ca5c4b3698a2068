"""Overfitting: few examples and many parameters, until the curves of training and test part."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shinso import models, nn, optim
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, SKY, say, styled

BATCH = 25


@dataclass(frozen=True)
class Plan:
    """Numbers of examples and hidden units to try, updates per run, looks at it, and seeds."""

    examples: tuple[int, ...]
    widths: tuple[int, ...]
    steps: int
    looks: int
    seeds: int


FAST = Plan((100, 200, 500, 1437), (2, 8, 32, 128), 1200, 24, 3)
FULL = Plan((100, 300, 3000, 60000), (2, 8, 32, 256), 2400, 12, 3)


@dataclass
class Course:
    """Loss and accuracy on all training and all test images, in evaluation mode, after `steps`."""

    steps: list[int] = field(default_factory=list)
    train: list[dict[str, float]] = field(default_factory=list)
    test: list[dict[str, float]] = field(default_factory=list)

    def gap(self, name: str = "accuracy", at: int = -1) -> float:
        """How much better training images fare than test images at the end: a number over 0."""
        difference = self.train[at][name] - self.test[at][name]
        return difference if name == "accuracy" else -difference


def course(
    trainer: Trainer, train: Part, test: Part, steps: int, looks: int, batch_size: int = BATCH
) -> Course:
    """Train for about so many updates, and look at both sets so many times on the way."""
    found = Course()
    per_epoch = -(-len(train[0]) // batch_size)
    epochs = max(1, round(steps / looks / per_epoch))
    while trainer.step < steps:
        trainer.fit(train, epochs=epochs, batch_size=batch_size)
        found.steps.append(trainer.step)
        found.train.append(trainer.evaluate(train, batch_size=500))
        found.test.append(trainer.evaluate(test, batch_size=500))
    return found


def few(part: Part, n: int, seed: int) -> Part:
    """n examples, drawn without replacement."""
    chosen = np.random.default_rng(seed).permutation(len(part[0]))[:n]
    return part[0][chosen], part[1][chosen]


def overfit(train: Part, test: Part, width: int, plan: Plan, seed: int) -> Course:
    """One hidden layer of that width, Adam, nothing against overfitting."""
    manual_seed(seed)
    model = models.MLP(train[0].shape[1], (width,), 10)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    return course(trainer, train, test, plan.steps, plan.looks)


def work(settings: Settings) -> Outcome:
    """The same network on ever more examples, then ever wider ones on the fewest."""
    plan = FAST if settings.fast else FULL
    train, test = rows_and_classes(settings)
    seeds = range(settings.seed, settings.seed + plan.seeds)
    widest, fewest = plan.widths[-1], plan.examples[0]
    by_size = {
        n: [overfit(few(train, n, s), test, widest, plan, s) for s in seeds]
        for n in settings.track(plan.examples, "examples:")
    }
    by_width = {
        w: [overfit(few(train, fewest, s), test, w, plan, s) for s in seeds]
        for w in settings.track(plan.widths[:-1], "width:")
    } | {widest: by_size[fewest]}
    return Outcome(
        _verdicts(by_size, by_width),
        [_table(Text("training examples", "訓練データ数"), by_size),
         _table(Text("hidden units", "隠れユニット数"), by_width)],
        [Figure("loss", _loss_picture(by_size), _LOSS_CAPTION),
         Figure("gap", _gap_picture(by_size, by_width), _GAP_CAPTION)],
        [_NOTE],
    )  # fmt: skip


_LOSS_CAPTION = Text(
    "Cross-entropy of training and test images during training. With few examples the two part, "
    "and the test loss turns up again.",
    "学習中の訓練誤差とテスト誤差(交差エントロピー誤差)。データが少ないと両者は離れ、"
    "テスト誤差は再び増加に転じる。",
)
_GAP_CAPTION = Text(
    "Training accuracy minus test accuracy at the end, mean of the seeds: against the number of "
    "examples (widest network), and against the number of hidden units (fewest examples).",
    "学習終了時の「訓練正解率 − テスト正解率」(乱数の種についての平均)。左:データ数に対して"
    "(最も幅の広いネットワーク)、右:隠れユニット数に対して(データが最も少ない場合)。",
)
_NOTE = Text(
    "All runs make the same number of updates, so the run on few examples goes over them more "
    "often. The numbers are means over the seeds, taken in evaluation mode on all images of a set.",
    "更新回数はどの実験でも同じなので、データが少ないほど同じデータを何度も見る。"
    "数値は評価モードで全画像について求め、乱数の種について平均した。",
)

Runs = dict[int, list[Course]]


def _gap(runs: list[Course]) -> float:
    """In percentage points, mean of the seeds."""
    return 100 * float(np.mean([run.gap() for run in runs]))


def _verdicts(by_size: Runs, by_width: Runs) -> list[Verdict]:
    (n, *_, everything), (narrow, *_, wide) = by_size, by_width
    few_runs, all_runs = by_size[n], by_size[everything]
    learned = 100 * float(np.mean([run.train[-1]["accuracy"] for run in few_runs]))
    losses = [[look["loss"] for look in run.test] for run in few_runs]
    turned = float(np.mean([each[-1] / min(each) for each in losses]))
    return [
        Verdict(Text(f"{n} examples are learned by heart: training accuracy",
                     f"{n} 件の訓練データは丸暗記される:"
                     "訓練正解率"), learned, 100.0, 0.5, "≥", "%"),
        Verdict(Text(f"the curves part: training minus test accuracy with {n} examples, in points",
                     f"曲線が分かれる:{n} 件のときの訓練正解率とテスト正解率の差(ポイント)"),
                _gap(few_runs), 5.0, 0.0, ">"),
        Verdict(Text("the test loss turns up: at the end, over its lowest",
                     "テスト誤差は増加に転じる:最後の値 ÷ 最小値"), turned, 1.0, 0.0, ">"),
        Verdict(Text(f"more data close the gap: with {everything:,} examples, over that with {n}",
                     f"データを増やすと差が縮む:{everything:,} 件のときの差 ÷ {n} 件のときの差"),
                _gap(all_runs) / _gap(few_runs), 0.5, 0.0, "<"),
        Verdict(Text(f"more parameters, wider gap, as is often said: the gap of {wide} hidden "
                     f"units minus that of {narrow}, in points",
                     "パラメータが多いほど差は広がる、とよく言われる:"
                     f"隠れユニット {wide} 個での差 − "
                     f"{narrow} 個での差(ポイント)"),
                _gap(by_width[wide]) - _gap(by_width[narrow]), 0.0, 0.0, ">"),
    ]  # fmt: skip


def _table(first: Text, runs: Runs) -> Table:
    def mean(each: list[Course], part: str, name: str) -> float:
        return float(np.mean([getattr(run, part)[-1][name] for run in each]))

    rows = [
        (
            f"{key:,}",
            f"{100 * mean(each, 'train', 'accuracy'):.1f} %",
            f"{100 * mean(each, 'test', 'accuracy'):.1f} %",
            f"{_gap(each):.1f}",
            f"{mean(each, 'train', 'loss'):.4f}",
            f"{mean(each, 'test', 'loss'):.3f}",
        )
        for key, each in runs.items()
    ]
    columns = (
        first,
        Text("training accuracy", "訓練正解率"),
        Text("test accuracy", "テスト正解率"),
        Text("gap in points", "差(ポイント)"),
        Text("training loss", "訓練誤差"),
        Text("test loss", "テスト誤差"),
    )
    return Table(columns, rows)


@styled
def _loss_picture(by_size: Runs) -> Picture:
    """Training and test loss of the first seed, for the fewest and for all examples."""
    chosen = min(by_size), max(by_size)
    picture, axes = grid(1, 2, 9.6, 4.2, sharey=True)
    for ax, n in zip(axes, chosen, strict=True):
        run = by_size[n][0]
        ax.plot(
            run.steps, [look["loss"] for look in run.train], BLUE, label=say("training", "訓練")
        )
        ax.plot(run.steps, [look["loss"] for look in run.test], ORANGE, ls="--",
                label=say("test", "テスト"))  # fmt: skip
        ax.set(xlabel=say("updates", "更新回数"), yscale="log")
        ax.set_title(say(f"{n:,} examples", f"訓練データ {n:,} 件"))
    axes[0].set_ylabel(say("cross-entropy", "交差エントロピー誤差"))
    axes[0].legend(loc="center right")
    return picture


@styled
def _gap_picture(by_size: Runs, by_width: Runs) -> Picture:
    picture, axes = grid(1, 2, 9.6, 4.0, sharey=True)
    names = (say("training examples", "訓練データ数"), say("hidden units", "隠れユニット数"))
    for ax, runs, name in zip(axes, (by_size, by_width), names, strict=True):
        for key, each in runs.items():
            ax.plot([key] * len(each), [100 * run.gap() for run in each], "o", color=SKY)
        ax.plot(list(runs), [_gap(each) for each in runs.values()], BLUE)
        ax.set(xlabel=name, xscale="log")
        ax.set_xticks(list(runs), [f"{key:,}" for key in runs])
        ax.minorticks_off()
    axes[0].set(ylabel=say("gap (points)", "差(ポイント)"), ylim=(0, None))
    return picture


EXPERIMENT = Experiment(
    name="c6-overfitting",
    rows=("C6",),
    title=Text("Overfitting", "過学習"),
    question=Text(
        "A network gets every training image right. Has it understood anything?",
        "訓練画像をすべて正解するネットワークは、本当に何かを理解したのだろうか。",
    ),
    claim=Text(
        "With few data and many parameters the curves of training and test part; more data bring "
        "them together again.",
        "データが少なくパラメータが多いと、訓練とテストの曲線は分かれる。"
        "データを増やせば再び近づく。",
    ),
    text=Text(
        """A network with more parameters than examples can learn its examples by heart. The
        training loss then goes on falling towards zero, while the loss on images that it has never
        seen stops falling and turns up. That is overfitting. It cannot be seen in the training loss
        at all: only data that were kept back show it.

        Look at the left picture. Both curves fall together at first; where they part, the network
        has begun to learn what is peculiar to these few images. In the right picture the same
        network saw more images, and the curves stay close much longer.

        Two things are often said too simply. First: the test loss turns up much sooner than the
        test accuracy falls, because the loss counts how sure the wrong answers are. Second: that a
        network needs enough parameters to learn its examples by heart does not mean that every
        further parameter makes the gap wider. Look at the second table: with two hidden units
        not even the training images are learned (underfitting), and from there on the wider network
        has the smaller gap. Belkin and colleagues (2019) describe this beyond the classical
        U-shaped curve.""",
        """訓練データより多くのパラメータをもつネットワークは、訓練データを丸暗記できる。そうなると
        訓練誤差は 0 に向かって減り続けるのに、見たことのない画像に対する誤差は減らなくなり、やがて
        増加に転じる。これが過学習である。訓練誤差だけを見ていても過学習は分からない。取り分けてお
        いたデータだけがそれを示す。

        左の図では、はじめは二つの曲線がともに下がる。分かれ始めるところで、ネットワークはその少数
        の画像に固有の特徴を覚え始めている。右の図では同じネットワークがより多くの画像を見ており、
        曲線はずっと長く近いままである。

        単純に言われすぎることが二つある。第一に、テスト誤差が増え始めるのは、テスト正解率が下がり
        始めるよりずっと早い。誤差は間違った答えにどれだけ自信をもっているかも数えるからである。第
        二に、丸暗記には十分な数のパラメータが要るが、パラメータを増やすほど差が広がるとは限らな
        い。二つ目の表を見てほしい。隠れユニット 2 個では訓練画像さえ覚えられず(未学習、アンダーフ
        ィッティング)、そこからは幅の広いネットワークのほうが差は小さい。古典的な U 字曲線の先で起
        こるこの現象は Belkin ら(2019)が述べている。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{gap}=\mathrm{accuracy}_{\mathrm{train}}-\mathrm{accuracy}_{\mathrm{test}}",
        r"E_{\mathrm{train}}(w)=\frac{1}{N}\sum_{n=1}^{N}L\left(f(x_n;w),t_n\right)",
    ),
    code=(overfit, course),
    data=("mnist",),
)
