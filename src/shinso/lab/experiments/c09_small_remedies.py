"""Early stopping, label smoothing and gradient clipping: what each of them does, with a number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import models, nn, ops, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.experiments.c06_overfitting import few
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.optim import clip_grad_norm_
from shinso.train import EarlyStopping, History, TerminateOnNaN, Trainer
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, GREEN, ORANGE, QUIET, say, styled

EXAMPLES, VALIDATION, EPOCHS, PATIENCE, SEEDS = 200, 300, 200, 5, 3
SMOOTHING, CLASSES = 0.1, 10
LIMIT, OUTLIER, OUTLIERS = 1.0, 1000.0, 0.02
"""The largest norm of a gradient; how much brighter a broken image is; how many are broken."""


def trainer_of(train: Part, seed: int, *, loss: nn.Module | None = None, lr: float = 3e-3,
               sgd: bool = False, **options: Any) -> Trainer:  # fmt: skip
    """A network with one hidden layer of 128 units, new for each seed."""
    manual_seed(seed)
    model = models.MLP(train[0].shape[1], (128,), CLASSES)
    parameters = model.parameters()
    optimizer = optim.SGD(parameters, lr) if sgd else optim.Adam(parameters, lr)
    return Trainer(model, loss or nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed,
                   progress=False, **options)  # fmt: skip


def work(settings: Settings) -> Outcome:
    """Each remedy against the same run without it."""
    train, test = rows_and_classes(settings)
    outcome = Outcome()
    for name in settings.track(settings.only or tuple(_PARTS)):
        _PARTS[name](train, test, settings.seed, outcome)
    return outcome


# -- early stopping ---------------------------------------------------------------------------


def stopped(train: Part, validation: Part, seed: int, patience: int | None) -> Trainer:
    """Train for EPOCHS epochs, or until the validation loss has not improved for so many."""
    callbacks = [] if patience is None else [
        EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    ]  # fmt: skip
    trainer = trainer_of(train, seed, callbacks=callbacks)
    trainer.fit(train, epochs=EPOCHS, validation=validation)
    return trainer


def _early_stopping(train: Part, test: Part, seed: int, outcome: Outcome) -> None:
    losses, epochs, first = [], [], None
    for s in range(seed, seed + SEEDS):
        x, t = few(train, EXAMPLES + VALIDATION, s)
        part, validation = (x[:EXAMPLES], t[:EXAMPLES]), (x[EXAMPLES:], t[EXAMPLES:])
        runs = [stopped(part, validation, s, patience) for patience in (None, PATIENCE)]
        losses.append([run.evaluate(test, 500)["loss"] for run in runs])
        epochs.append(len(runs[1].history))
        first = first or runs[0].history
    ratio = float(np.mean([stop / whole for whole, stop in losses]))
    outcome.verdicts += [
        Verdict(Text("early stopping: test loss, over that after all epochs",
                     "早期終了:テスト誤差 ÷ 全エポック後のテスト誤差"), ratio, 1.0, 0.0, "<"),
        Verdict(Text("early stopping: share of the epochs that were needed",
                     "早期終了:必要だったエポックの割合"),
                100 * float(np.mean(epochs)) / EPOCHS, 50.0, 0.0, "<", "%"),
    ]  # fmt: skip
    rows = [
        (f"{seed + i}", f"{e}", f"{stop:.3f}", f"{whole:.3f}")
        for i, (e, (whole, stop)) in enumerate(zip(epochs, losses, strict=True))
    ]
    columns = (
        Text("seed", "乱数の種"), Text("stopped after epochs", "終了したエポック"),
        Text("test loss, stopped", "テスト誤差(早期終了)"),
        Text(f"test loss after {EPOCHS}", f"テスト誤差({EPOCHS} エポック後)"),
    )  # fmt: skip
    outcome.tables.append(Table(columns, rows, Text("Early stopping", "早期終了")))
    if first is not None:
        picture = _stopping_picture(first, epochs[0])
        outcome.figures.append(Figure("early-stopping", picture, _STOPPING_CAPTION))


_STOPPING_CAPTION = Text(
    f"A run of {EPOCHS} epochs. The vertical line is where early stopping with a patience of "
    f"{PATIENCE} ends it; the weights of the best epoch before that are put back.",
    f"{EPOCHS} エポックの学習。縦線は patience = {PATIENCE} の早期終了が学習を打ち切るところ。"
    "重みはそれまでで最良のエポックのものに戻される。",
)


@styled
def _stopping_picture(history: History, end: int) -> Picture:
    picture, axes = one_axes()
    numbers = history.history
    at = np.arange(1, len(history) + 1)
    axes.plot(at, numbers["loss"], BLUE, label=say("training", "訓練"))
    axes.plot(at, numbers["val_loss"], ORANGE, ls="--", label=say("validation", "検証"))
    axes.axvline(
        end, color=QUIET, ls=":", label=say(f"stopped: epoch {end}", f"終了:{end} エポック")
    )
    axes.set(xlabel=say("epoch", "エポック"), yscale="log",
             ylabel=say("cross-entropy", "交差エントロピー誤差"))  # fmt: skip
    axes.legend(loc="center right")
    return picture


# -- label smoothing --------------------------------------------------------------------------


def probabilities(trainer: Trainer, part: Part) -> Array:
    """Softmax of the outputs: (n, classes)."""
    return ops.softmax(trainer.predict(part[0], 500)).data


def _label_smoothing(train: Part, test: Part, seed: int, outcome: Outcome) -> None:
    part = few(train, EXAMPLES, seed)
    rows, found, test_p = [], {}, {}
    for eps in (0.0, SMOOTHING):
        trainer = trainer_of(part, seed, loss=nn.CrossEntropyLoss(label_smoothing=eps))
        trainer.fit(part, epochs=EPOCHS)
        p = probabilities(trainer, part)
        found[eps] = float(p[np.arange(len(p)), part[1]].mean())
        test_p[eps] = probabilities(trainer, test)
        rows.append(_smoothing_row(eps, found[eps], test_p[eps], test[1], trainer))
    wanted = 1 - SMOOTHING + SMOOTHING / CLASSES
    sure = {eps: float(p.max(axis=1).mean()) for eps, p in test_p.items()}
    outcome.verdicts += [
        Verdict(Text("label smoothing: probability of the true class of a training image goes to "
                     "1 − ε + ε/K",
                     "ラベル平滑化:訓練画像の正解クラスの確率は 1 − ε + ε/K に近づく"),
                found[SMOOTHING], wanted, 0.01, "="),
        Verdict(Text("label smoothing: mean of the largest probability of a test image, minus that "
                     "without", "ラベル平滑化:テスト画像の最大確率の平均 − 平滑化なしの値"),
                sure[SMOOTHING] - sure[0.0], 0.0, 0.0, "<"),
    ]  # fmt: skip
    outcome.tables.append(Table(_SMOOTHING_COLUMNS, rows, Text("Label smoothing", "ラベル平滑化")))
    picture = _smoothing_picture(test_p)
    outcome.figures.append(Figure("label-smoothing", picture, _SMOOTHING_CAPTION))


def _smoothing_row(eps: float, train_p: float, p: Array, t: Array, trainer: Trainer
                   ) -> tuple[str, ...]:  # fmt: skip
    """log-loss of the test images is the plain one, so that the two rows can be compared."""
    true = p[np.arange(len(p)), t]
    largest = max(float(np.abs(w.data).max()) for w in trainer.model.parameters())
    return (
        f"{eps:g}",
        f"{train_p:.4f}",
        f"{p.max(axis=1).mean():.3f}",
        f"{100 * (p.argmax(axis=1) == t).mean():.1f} %",
        f"{-np.log(true).mean():.3f}",
        f"{largest:.2f}",
    )


_SMOOTHING_COLUMNS = (
    "ε",
    Text("p of the true class, training", "正解クラスの確率(訓練)"),
    Text("largest p, test", "最大の確率(テスト)"),
    Text("test accuracy", "テスト正解率"),
    Text("plain test loss", "通常のテスト誤差"),
    Text("largest |weight|", "最大の |重み|"),
)
_SMOOTHING_CAPTION = Text(
    "The largest probability that the network gives to a class of each test image. Without "
    "smoothing it is nearly always sure; with it, the probabilities gather about and below "
    "1 − ε + ε/K = 0.91 (dotted).",
    "各テスト画像についてネットワークが出した最大の確率。平滑化なしではほとんど常に確信しているが、"
    "平滑化すると 1 − ε + ε/K = 0.91(点線)付近とそれ以下に集まる。",
)


@styled
def _smoothing_picture(test_p: dict[float, Array]) -> Picture:
    picture, axes = grid(1, 2, 9.6, 3.6, sharex=True, sharey=True)
    for ax, (eps, p), colour in zip(axes, test_p.items(), (ORANGE, BLUE), strict=True):
        ax.hist(p.max(axis=1), bins=[i / 40 for i in range(41)], color=colour)
        ax.set_title(say(f"ε = {eps:g}", f"ε = {eps:g}"))
        ax.set_xlabel(say("largest probability", "最大の確率"))
    axes[1].axvline(1 - SMOOTHING + SMOOTHING / CLASSES, color=QUIET, ls=":")
    axes[0].set_ylabel(say("test images", "テスト画像数"))
    return picture


# -- gradient clipping ------------------------------------------------------------------------


def broken(part: Part, seed: int) -> Part:
    """A few images come from a broken sensor: a thousand times too bright."""
    x = part[0].copy()
    chosen = np.random.default_rng(seed).permutation(len(x))[: round(OUTLIERS * len(x))]
    x[chosen] *= OUTLIER
    return x, part[1]


def clipped(part: Part, seed: int, limit: float | None, epochs: int) -> Trainer:
    """Train with a limit for the norm of the gradient, or without; end quietly at a NaN."""
    trainer = trainer_of(part, seed, lr=0.1, sgd=True, clip_grad_norm=limit,
                         callbacks=TerminateOnNaN())  # fmt: skip
    trainer.fit(part, epochs=epochs)
    return trainer


def step_length(part: Part, seed: int, limit: float | None) -> tuple[float, float]:
    """Norm of the gradient of one batch with a broken image, and how far one step of SGD goes."""
    trainer = trainer_of(part, seed, lr=0.1, sgd=True)
    before = [p.data.copy() for p in trainer.parameters]
    nn.CrossEntropyLoss()(trainer.model(part[0]), part[1]).backward()
    norm = float(clip_grad_norm_(trainer.parameters, math.inf if limit is None else limit))
    trainer.optimizer.step()
    moved = [np.square(p.data - b).sum() for p, b in zip(trainer.parameters, before, strict=True)]
    return norm, math.sqrt(sum(moved))


def _gradient_clipping(train: Part, test: Part, seed: int, outcome: Outcome) -> None:
    rows, accuracy = [], {}
    for s in range(seed, seed + SEEDS):
        part = few(train, 1000, s)
        runs = {
            "clean": clipped(part, s, None, 20),
            "broken": clipped(broken(part, s), s, None, 20),
            "clipped": clipped(broken(part, s), s, LIMIT, 20),
        }
        accuracy[s] = {k: 100 * run.evaluate(test, 500)["accuracy"] for k, run in runs.items()}
        rows.append((f"{s}", *[f"{a:.1f} %" for a in accuracy[s].values()]))
    gain = float(np.mean([each["clipped"] - each["broken"] for each in accuracy.values()]))
    lost = float(np.mean([each["clean"] - each["clipped"] for each in accuracy.values()]))
    x, t = few(train, 32, seed)
    lengths = [step_length((x * OUTLIER, t), seed, limit) for limit in (None, LIMIT)]
    outcome.verdicts += [
        Verdict(Text("gradient clipping: a step of SGD (rate 0.1) on a broken batch is at most "
                     "0.1 × the limit long",
                     "勾配クリッピング:壊れたバッチでの SGD の一歩(学習率 0.1)は上限の 0.1 "
                     "倍以下"), lengths[1][1], 0.1 * LIMIT, 1e-5, "≤"),
        Verdict(Text("gradient clipping: test accuracy gained where 2 % of the images are broken, "
                     "in points", "勾配クリッピング:画像の 2 % "
                     "が壊れているときのテスト正解率の改善(ポイント)"), gain, 0.0, 0.0, ">"),
        Verdict(Text("gradient clipping: test accuracy still lost against clean images, in points",
                     "勾配クリッピング:壊れていない場合に比べてなお失うテスト正解率(ポイント)"),
                lost, 0.0, 5.0, "≤"),
    ]  # fmt: skip
    columns = (
        Text("seed", "乱数の種"), Text("clean images", "正常な画像"),
        Text("2 % broken", "2 % が故障"), Text("2 % broken, clipped", "2 % が故障+クリッピング"),
    )  # fmt: skip
    outcome.tables.append(Table(columns, rows, Text("Gradient clipping: test accuracy",
                                                    "勾配クリッピング:テスト正解率")))  # fmt: skip
    outcome.notes.append(Text(
        f"The gradient of a batch of 32 broken images has the norm {lengths[0][0]:,.0f}; without "
        f"clipping one step would move the weights by {lengths[0][1]:,.0f}.",
        f"壊れた画像 32 枚のバッチの勾配のノルムは {lengths[0][0]:,.0f}。"
        "クリッピングしなければ、一歩で重みが "
        f"{lengths[0][1]:,.0f} も動く。"))  # fmt: skip
    outcome.figures.append(Figure("clipping", _clipping_picture(accuracy), _CLIPPING_CAPTION))


_CLIPPING_CAPTION = Text(
    "Test accuracy after 20 epochs of SGD: on clean images, with 2 % of the training images a "
    "thousand times too bright, and the same with the gradient's norm limited to 1. One group for "
    "each seed.",
    "SGD で 20 エポック学習した後のテスト正解率。正常な画像、訓練画像の 2 % が千倍明るい場合、"
    "さらに勾配のノルムを 1 に制限した場合。組は乱数の種ごと。",
)


@styled
def _clipping_picture(accuracy: dict[int, dict[str, float]]) -> Picture:
    picture, axes = one_axes(7.0, 4.0)
    names = {"clean": (say("clean", "正常"), BLUE), "broken": (say("broken", "故障"), ORANGE),
             "clipped": (say("broken, clipped", "故障+クリッピング"), GREEN)}  # fmt: skip
    for i, (key, (name, colour)) in enumerate(names.items()):
        places = np.arange(len(accuracy)) + 0.27 * (i - 1)
        axes.bar(places, [a[key] for a in accuracy.values()], 0.25, color=colour, label=name)
    axes.set_xticks(np.arange(len(accuracy)), [str(s) for s in accuracy])
    axes.set(xlabel=say("seed", "乱数の種"), ylabel=say("test accuracy (%)", "テスト正解率(%)"))
    axes.set_ylim(0, 100)
    axes.grid(visible=False, axis="x")
    picture.legend(loc="outside upper center", ncols=3)
    return picture


_PARTS: dict[str, Callable[[Part, Part, int, Outcome], None]] = {
    "early-stopping": _early_stopping,
    "label-smoothing": _label_smoothing,
    "clipping": _gradient_clipping,
}

EXPERIMENT = Experiment(
    name="c9-small-remedies",
    rows=("C9",),
    title=Text(
        "Early stopping, label smoothing, gradient clipping",
        "早期終了・ラベル平滑化・勾配クリッピング",
    ),
    question=Text(
        "Three remedies cost one line each. What does each of them change?",
        "どれも一行で加えられる三つの工夫は、それぞれ何を変えるのか。",
    ),
    claim=Text(
        "Stopping early keeps the test loss low, smoothed labels keep the network from being too "
        "sure, clipping keeps one bad batch from destroying what was learned.",
        "早期終了はテスト誤差を低く保ち、ラベル平滑化は過信を防ぎ、"
        "勾配クリッピングは一つの悪いバッチが"
        "学習を壊すのを防ぐ。",
    ),
    text=Text(
        """Early stopping watches the loss on data that were kept back, ends training when it has
        not improved for some epochs (the patience), and puts the best weights back. The data that
        are watched must not be the test data: whoever stops where the test loss is lowest has
        already used it, and reports a number that is too good. Here 300 training images are kept
        back for watching; the test images are looked at once, at the end.

        Label smoothing replaces the one-hot target by (1 − ε) times it plus ε/K for each of the K
        classes. With one-hot targets the loss asks for infinite differences of the scores; now the
        best probability of the true class is 1 − ε + ε/K, here 0.91, and the best loss is not 0.
        So the loss that it shows cannot be compared with a plain one: the table gives the plain
        cross-entropy of both. A slip: the true class gets 1 − ε + ε/K, not 1 − ε, if the ε is
        spread over all K classes, as in the paper (Szegedy et al. 2016) and in shinso.

        Gradient clipping multiplies all gradients by one factor when their common norm is above a
        limit. The direction stays, so a step is at most the rate times the limit long. Clipping
        each element by itself is another method and does change the direction. For plain SGD the
        effect is direct; Adam divides by the size of past gradients anyway.""",
        """早期終了は、取り分けておいたデータの誤差を見張り、何エポックか(patience)改善しなければ学
        習を打ち切って、最良の重みに戻す。見張るデータはテストデータであってはならない。テスト誤差
        が最小のところで止めれば、テストデータをすでに使ったことになり、良すぎる数値を報告してしま
        う。ここでは訓練画像から 300 枚を検証用に取り分け、テスト画像は最後に一度だけ見る。

        ラベル平滑化は、one-hot の教師信号を (1 − ε) 倍し、K 個の各クラスに ε/K を加える。one-hot
        のままでは誤差関数がスコアの無限の差を要求するが、平滑化すれば正解クラスの最適な確率は 1
        − ε + ε/K(ここでは 0.91) となり、最小の誤差も 0 ではない。したがって表示される誤差は通常の
        誤差と比べられない。表には通常の交差エントロピー誤差を示した。なお、論文(Szegedy ら 2016)や
        shinso のように ε を K 個すべてのクラスに配る場合、正解クラスの値は 1 − ε ではなく 1 − ε +
        ε/K である。

        勾配クリッピングは、全勾配をまとめたノルムが上限を超えるとき、すべての勾配に同じ係数を掛け
        る。向きは変わらず、一歩の長さは学習率 × 上限を超えない。要素ごとに切り詰める方法は別物で、
        向きが変わる。単純な SGD では効果が直接あらわれる。Adam はもともと過去の勾配の大きさで割っ
        ている。""",
    ),
    work=work,
    formulas=(
        r"\tilde{t}_k=(1-\varepsilon)\,t_k+\frac{\varepsilon}{K}",
        r"g\leftarrow g\,\min\left(1,\frac{c}{\lVert g\rVert}\right)",
    ),
    code=(EarlyStopping.on_epoch_end, clip_grad_norm_),
    parts=tuple(_PARTS),
    data=("mnist",),
)
