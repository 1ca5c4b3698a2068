"""Batch normalization: speed, sensitivity to first weights, overfitting; and its relatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, images_and_classes, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.nn import init
from shinso.ops.random import manual_seed
from shinso.train import History, Trainer
from shinso.viz.curves import curves
from shinso.viz.picture import Picture
from shinso.viz.style import say

SCALES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Standard deviations of the first weights."""

FEW = 200
"""Training images of the test for overfitting."""


@dataclass(frozen=True)
class Runs:
    """Histories by scale of the first weights, one for each seed. accuracy: in %, test images."""

    histories: dict[float, list[History]]

    def mean(self, scale: float, name: str = "val_accuracy") -> Array:
        """A metric by epoch, in %, mean over the seeds."""
        found: Array = 100 * np.mean([h.history[name] for h in self.histories[scale]], axis=0)
        return found

    @property
    def best(self) -> float:
        """The scale with the best test accuracy at the end."""
        return max(self.histories, key=lambda scale: float(self.mean(scale)[-1]))


def fit(train: Part, test: Part, scale: float, batch_norm: bool, epochs: int, seed: int) -> History:
    """A ReLU network with four hidden layers, weights from N(0, scale²), plain descent."""
    manual_seed(seed)
    model = MLP(train[0].shape[1], (100,) * 4, 10, batch_norm=batch_norm)
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.bias is not None:
            init.normal_(layer.weight, std=scale)
            init.zeros_(layer.bias)
    rule = optim.SGD(model.parameters(), lr=0.05)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], progress=False,
        seed=seed, clip_grad_norm=10.0,
    )  # fmt: skip
    return trainer.fit(train, epochs=epochs, validation=test, batch_size=32)


def batch_norm_by_hand(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """y = γx̂ + β with x̂ = (x − mean) / √(variance + ε), over the batch; x (n, features)."""
    standard = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
    return gamma * standard + beta


def work(settings: Settings) -> Outcome:
    """The formula; then five scales with and without; few images; other normalizations."""
    train, test = rows_and_classes(settings)
    outcome = Outcome(verdicts=_formula(settings.seed))
    epochs, seeds = (8, 2) if settings.fast else (2, 1)
    both = [_by_scale(settings, train, test, norm, epochs, seeds) for norm in (False, True)]
    outcome.verdicts += [_faster(*both), _less_sensitive(*both)]
    few = train[0][:FEW], train[1][:FEW]
    test = test[0][:2000], test[1][:2000]  # looked at after each of many short epochs
    gaps = [gap(few, test, runs.best, bool(norm), settings) for norm, runs in enumerate(both)]
    outcome.verdicts.append(_less_overfitting(*gaps))
    outcome.figures += [
        Figure("scale", _scale_picture(*both), _CAPTIONS["scale"]),
        Figure("speed", _speed_picture(*both), _CAPTIONS["speed"]),
        Figure("gap", _gap_picture(*gaps), _CAPTIONS["gap"]),
    ]
    outcome.tables += [_scale_table(*both), _relatives(settings)]
    return outcome


def _formula(seed: int) -> list[Verdict]:
    """The layer against the formula, in training; and running statistics after one batch."""
    rng = np.random.default_rng(seed)
    x = (3 + 2 * rng.standard_normal((64, 5))).astype(np.float32)
    gamma, beta = rng.standard_normal((2, 5)).astype(np.float32)
    layer = nn.BatchNorm1d(5)
    assert layer.weight is not None
    assert layer.bias is not None
    assert layer.running_mean is not None
    layer.weight.data, layer.bias.data = gamma, beta
    wrong = np.abs(layer(Tensor(x)).numpy() - batch_norm_by_hand(x, gamma, beta)).max()
    running = np.abs(layer.running_mean.numpy() - 0.1 * x.mean(axis=0)).max()
    return [
        Verdict(
            Text("y = γx̂ + β by hand and by the layer: largest difference",
                 "手計算の y = γx̂ + β と層の出力:差の最大値"),
            float(wrong), 0.0, 1e-5, "=",
        ),
        Verdict(
            Text("running mean after one batch against 0.9 · 0 + 0.1 · mean: difference",
                 "1 バッチ後の移動平均と 0.9 · 0 + 0.1 · 平均の差"),
            float(running), 0.0, 1e-6, "=",
        ),
    ]  # fmt: skip


def _by_scale(
    settings: Settings, train: Part, test: Part, batch_norm: bool, epochs: int, seeds: int
) -> Runs:
    return Runs(
        {
            scale: [
                fit(train, test, scale, batch_norm, epochs, settings.seed + i) for i in range(seeds)
            ]
            for scale in settings.track(SCALES, "BN, σ =" if batch_norm else "σ =")
        }
    )


def _faster(without: Runs, with_: Runs) -> Verdict:
    claim = Text(
        "faster: test accuracy after one epoch, each with its best scale, with against without",
        "速い:1 エポック後のテスト正解率、それぞれ最良の初期値で、ありとなし",
    )
    found, wanted = with_.mean(with_.best)[0], without.mean(without.best)[0]
    return Verdict(claim, float(found), float(wanted), 0.0, ">", "%")


def spread(runs: Runs) -> float:
    """Best minus worst final accuracy over the scales, in percentage points."""
    ends = [float(runs.mean(scale)[-1]) for scale in SCALES]
    return max(ends) - min(ends)


def _less_sensitive(without: Runs, with_: Runs) -> Verdict:
    claim = Text(
        "less sensitive: best minus worst accuracy over five scales, with against without",
        "初期値に鈍感:5 通りの初期値での最良と最悪の正解率の差、ありとなし",
    )
    return Verdict(claim, spread(with_), spread(without), 0.0, "<", "%")


def gap(few: Part, test: Part, scale: float, batch_norm: bool, settings: Settings) -> list[History]:
    """Long training on few images, several seeds: where training and test accuracy part."""
    epochs, seeds = (40, 3) if settings.fast else (60, 3)
    return [fit(few, test, scale, batch_norm, epochs, settings.seed + i) for i in range(seeds)]


def final_gap(histories: list[History]) -> float:
    """Training minus test accuracy at the end, percentage points, mean over the runs."""
    ends = [h.records[-1] for h in histories]
    return 100 * float(np.mean([r["accuracy"] - r["val_accuracy"] for r in ends]))


def _less_overfitting(without: list[History], with_: list[History]) -> Verdict:
    claim = Text(
        f"less overfitting: training minus test accuracy with {FEW} images, with against without",
        f"過学習が少ない:画像 {FEW} 枚での訓練とテストの正解率の差、ありとなし",
    )
    return Verdict(claim, final_gap(with_), final_gap(without), 0.0, "<", "%")


# -- pictures --------------------------------------------------------------------------------------


def _names() -> tuple[str, str]:
    return say("without", "なし"), say("with batch normalization", "バッチ正規化あり")


def _scale_picture(*both: Runs) -> Picture:
    lines = {
        name: [float(runs.mean(s)[-1]) for s in SCALES]
        for name, runs in zip(_names(), both, strict=True)
    }
    return curves(
        lines,
        SCALES,
        xlabel=say("standard deviation of the first weights", "重みの初期値の標準偏差"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        logx=True,
        markers=True,
        ylim=(0, 102),
    )


def _speed_picture(*both: Runs) -> Picture:
    lines = {
        f"{name}, σ = {runs.best:g}": runs.mean(runs.best)
        for name, runs in zip(_names(), both, strict=True)
    }
    epochs = len(next(iter(lines.values())))
    return curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        markers=True,
    )


def _gap_picture(*gaps: list[History]) -> Picture:
    lines = {}
    for name, histories in zip(_names(), gaps, strict=True):
        for metric, words in (
            ("accuracy", say("train", "訓練")),
            ("val_accuracy", say("test", "テスト")),
        ):
            lines[f"{name}, {words}"] = 100 * np.mean(
                [h.history[metric] for h in histories], axis=0
            )
    epochs = len(next(iter(lines.values())))
    return curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("accuracy, %", "正解率(%)"),
        title=say(f"{FEW} training images", f"訓練画像 {FEW} 枚"),
    )


def _scale_table(*both: Runs) -> Table:
    rows = []
    for scale in SCALES:
        cells = [f"{r.mean(scale)[i]:.1f} %" for r in both for i in (0, -1)]
        rows.append((f"{scale:g}", *cells))
    columns = (
        Text("σ of the weights", "重みの σ"),
        Text("without, epoch 1", "なし、第 1 エポック"),
        Text("without, end", "なし、最後"),
        Text("with, epoch 1", "あり、第 1 エポック"),
        Text("with, end", "あり、最後"),
    )
    return Table(
        columns, rows, Text("Test accuracy by first weights.", "初期値ごとのテスト正解率。")
    )


# -- relatives -------------------------------------------------------------------------------------

Norm = Callable[[int, int], nn.Module]
NORMS: dict[str, tuple[Text, Norm, bool]] = {
    "none": (Text("none", "なし"), lambda c, side: nn.Identity(), True),
    "batch": (Text("batch, before ReLU", "バッチ、ReLU の"
    "前"), lambda c, side: nn.BatchNorm2d(c), True),
    "after": (Text("batch, after ReLU", "バッチ、ReLU の"
    "後"), lambda c, side: nn.BatchNorm2d(c), False),
    "layer": (Text("layer", "レイヤー"), lambda c, side: nn.LayerNorm((c, side, side)), True),
    "group": (Text("group (4)", "グループ(4)"), lambda c, side: nn.GroupNorm(4, c), True),
    "instance": (Text("instance", "インスタン"
    "ス"), lambda c, side: nn.InstanceNorm2d(c, affine=True), True),
}  # fmt: skip


def convolutional(kind: str, side: int, seed: int) -> nn.Sequential:
    """Two convolutions with a normalization, halved, global average, scores."""
    manual_seed(seed)
    _, norm, before = NORMS[kind]
    layers: list[nn.Module] = []
    for inside, outside, size in ((1, 16, side), (16, 32, side // 2)):
        rest = [norm(outside, size), nn.ReLU()]
        layers += [nn.Conv2d(inside, outside, 3, padding=1), *(rest if before else rest[::-1])]
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 10))


def _relatives(settings: Settings) -> Table:
    """Test accuracy of the small convolutional network, by its normalization."""
    train, test = images_and_classes(settings)
    train = train[0][:6000], train[1][:6000]
    rows: list[tuple[Text | str, ...]] = []
    for kind in settings.track(NORMS):
        model = convolutional(kind, train[0].shape[-1], settings.seed)
        rule = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        trainer = Trainer(
            model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], progress=False,
            seed=settings.seed,
        )  # fmt: skip
        history = trainer.fit(train, epochs=4, validation=test, batch_size=32)
        shares = [100 * history.records[i]["val_accuracy"] for i in (0, -1)]
        rows.append((NORMS[kind][0], *(f"{s:.2f} %" for s in shares)))
    columns = (
        Text("normalization", "正規化"),
        Text("accuracy, epoch 1", "正解率、第 1 エポック"),
        Text("accuracy, epoch 4", "正解率、第 4 エポック"),
    )
    caption = Text(
        "A small convolutional network, at most 6 000 training images, one seed: differences of a "
        "point or so are chance.",
        "小さな畳み込みネットワーク。訓練画像は最大 6 000 枚、乱数の種は一つ。1 ポイント程度の差"
        "は偶然である。",
    )
    return Table(columns, rows, caption)


_CAPTIONS = {
    "scale": Text(
        "Final accuracy by the size of the first weights. Without normalization a ReLU network "
        "learns in a narrow range only.",
        "初期値の大きさと最後の正解率。正規化のない ReLU のネットワークは狭い範囲でしか学習しな"
        "い。",
    ),
    "speed": Text(
        "Each with the best of the five scales.", "それぞれ 5 通りのうち最良の初期値での学習。"
    ),
    "gap": Text(
        "Long training on few images. The distance between the two lines of a kind is the gap.",
        "少ない画像での長い学習。同じ条件の 2 本の線の隔たりが過学習の大きさである。",
    ),
}

EXPERIMENT = Experiment(
    name="c3-batch-norm",
    rows=("C3",),
    title=Text("Batch normalization", "バッチ正規化"),
    question=Text(
        "What does it help to give every unit mean 0 and variance 1 over each batch?",
        "ミニバッチごとに各ユニットを平均 0、分散 1 にすると、何の役に立つのか。",
    ),
    claim=Text(
        "With batch normalization a network learns faster, is less sensitive to its first weights, "
        "and overfits less.",
        "バッチ正規化により、ネットワークは速く学習し、初期値に左右されにくくなり、過学習が減る。",
    ),
    text=Text(
        """For each unit, batch normalization takes mean and variance over the mini-batch, makes
        x̂ = (x − μ) / √(σ² + ε) of x, and then gives back the freedom to have any mean and variance:
        y = γx̂ + β. It is x̂ that γ scales. A text that prints y = γx + β has lost the hat, and with
        it the normalization.

        Multiply the weights before it by ten, and x̂ stays the same: that is why the size of the
        first weights hardly matters. The bias before it is cancelled by the mean; β takes its
        place.

        In training the statistics are those of the batch, so an image's output depends on its
        companions: a little noise, which works against overfitting. In evaluation running averages
        stand in. “momentum = 0.1” here and in PyTorch is the share of the new batch; Keras calls
        the same 0.9.

        Its relatives take their averages elsewhere: layer normalization over one example, instance
        normalization over one channel of one example, group normalization between the two. They
        need no batch and behave alike in training and evaluation. Before or after the activation:
        the paper says before; either works.""",
        """バッチ正規化は、ユニットごとにミニバッチでの平均と分散を求め、x か
        ら x̂ = (x − μ) / √(σ² + ε) を作り、さらに任意の平均と分散を取り戻せるよう
        に y = γx̂ + β とする。γ を掛けるのは x̂ である。 y = γx + β と書いた教科書では、帽子と
        ともに正規化が失われている。

        直前の重みを 10 倍しても x̂ は変わらない。だから初期値の大きさはほとんど問題にならない。
        直前のバイアスは平均を引くと消え、β がその代わりをする。

        学習時の統計量はミニバッチのものなので、ある画像の出力は一緒に入った画像にもよる。このわ
        ずかな雑音が過学習を抑える。評価時には移動平均を使う。ここで
        の momentum = 0.1 は PyTorch と同じく新しいバッチの割合であり、Keras では同じもの
        を 0.9 と書く。

        仲間の正規化は平均をとる範囲が違う。レイヤー正規化は一つのデータの全体、インスタンス正規
        化は一つのデータの一つのチャネル、グループ正規化はその中間である。バッチを必要とせず、学
        習時と評価時で動作が同じである。活性化関数の前か後か。論文では前だが、どちらでも働く。""",
    ),
    work=work,
    formulas=(
        r"\hat{x}_i=\frac{x_i-\mu_B}{\sqrt{\sigma_B^2+\varepsilon}},\qquad "
        r"y_i=\gamma\hat{x}_i+\beta",
        r"\mu_B=\frac{1}{m}\sum_{i=1}^{m}x_i,\qquad "
        r"\sigma_B^2=\frac{1}{m}\sum_{i=1}^{m}(x_i-\mu_B)^2",
    ),
    code=(batch_norm_by_hand, nn.BatchNorm2d, convolutional),
    data=("mnist",),
)
