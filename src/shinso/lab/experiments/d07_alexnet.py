"""AlexNet: its layers and parameters, and how much sooner ReLU learns than tanh."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shinso import models, nn
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.lab.zoo import count_verdict
from shinso.models.activations import activation_layer
from shinso.models.alexnet_lrn import damping
from shinso.nn import init
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.curves import curves
from shinso.viz.picture import Picture
from shinso.viz.style import say

RATES = (0.01, 0.03, 0.1, 0.2)
"""Constant learning rates, of which each activation gets the one that suits it best."""


@dataclass(frozen=True)
class Plan:
    """Training error (in %) to reach, most epochs, channels of the network, seeds."""

    wanted: float
    epochs: int
    width: int
    seeds: int


FAST = Plan(5.0, 12, 16, 2)
FULL = Plan(25.0, 15, 32, 1)


def small_net(activation: str, width: int, in_channels: int, side: int) -> nn.Sequential:
    """Three convolutions with pooling and one dense layer, as in Krizhevsky's comparison.

    Weights start as suits the activation: He's for ReLU, Glorot's (Xavier) for tanh.
    """
    layers: list[nn.Module] = []
    channels = in_channels
    for out in (width, width, 2 * width):
        layers += [
            nn.Conv2d(channels, out, 3, padding=1),
            activation_layer(activation),
            nn.MaxPool2d(2),
        ]
        channels, side = out, side // 2
    net = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side**2, 10))
    start = init.kaiming_normal_ if activation == "relu" else init.xavier_normal_
    for p in net.parameters():
        if p.ndim > 1:
            start(p)
        else:
            init.zeros_(p)
    return net


def errors_by_epoch(activation: str, lr: float, plan: Plan, train: Part, seed: int) -> list[float]:
    """Training error in % of every epoch, at a constant rate and without any regularization."""
    manual_seed(seed)
    model = small_net(activation, plan.width, train[0].shape[1], train[0].shape[2])
    trainer = learn(
        model, train, epochs=plan.epochs, lr=lr, weight_decay=0.0, seed=seed, cycle=False
    )
    return [100 * (1 - accuracy) for accuracy in trainer.history.history["accuracy"]]


def epochs_until(errors: Sequence[float], wanted: float) -> float:
    """After how many epochs the error is as low as wanted, between two epochs on a straight line.

    Infinite if it never is.
    """
    before = 90.0  # guessing among ten classes
    for epoch, error in enumerate(errors):
        if error <= wanted:
            return epoch + (before - wanted) / (before - error)
        before = error
    return math.inf


Runs = dict[tuple[str, float], list[list[float]]]


def compare(settings: Settings, plan: Plan) -> Runs:
    """Errors of both activations at all rates, for each seed."""
    train, _ = pictures(settings)
    jobs = [(a, lr) for a in ("relu", "tanh") for lr in RATES]
    seeds = range(settings.seed, settings.seed + plan.seeds)
    return {
        (a, lr): [errors_by_epoch(a, lr, plan, train, s) for s in seeds]
        for a, lr in settings.track(jobs)
    }


def best(runs: Runs, activation: str, wanted: float) -> tuple[float, float]:
    """The rate at which an activation is quickest, and its epochs (median of the seeds)."""
    found = {
        lr: _median(errors, wanted) for (name, lr), errors in runs.items() if name == activation
    }
    lr = min(found, key=found.__getitem__)
    return lr, found[lr]


def _median(errors: Sequence[Sequence[float]], wanted: float) -> float:
    """Epochs until that error, median of the runs; one that never gets there counts as whole."""
    return float(np.median([min(epochs_until(e, wanted), len(e)) for e in errors]))


def work(settings: Settings) -> Outcome:
    """Count and measure AlexNet, then train a small network with either activation."""
    plan = FAST if settings.fast else FULL
    outcome = Outcome()
    if not settings.only or "network" in settings.only:
        _network(outcome)
    if not settings.only or "relu" in settings.only:
        _activations(outcome, plan, compare(settings, plan))
    return outcome


def _network(outcome: Outcome) -> None:
    alexnet = models.create("alexnet").eval()
    rows = nn.summary(alexnet, (1, 3, 224, 224)).rows
    dense = sum(r.parameters for r in rows if r.layer == "Linear")
    total = rows[0].parameters
    outcome.verdicts += [
        count_verdict("alexnet", 61_100_840, "torchvision"),
        count_verdict("alexnet_lrn", 60e6, "Krizhevsky et al. 2012", 1e6),
        Verdict(
            Text("share of the parameters that is in the three dense layers",
                 "全結合層 3 層がもつパラメータの割合"),
            100 * dense / total, 90.0, 0.0, ">", "%",
        ),
    ]  # fmt: skip
    shown = [r for r in rows if r.depth > 0 and r.layer not in ("Sequential", "ReLU", "Dropout")]
    cells = [
        (f"{r.path} {r.layer}", "×".join(map(str, r.output_shape[1:])), f"{r.parameters:,}",
         f"{r.multiply_adds:,}")
        for r in shown
    ]  # fmt: skip
    columns = (
        Text("layer", "層"),
        Text("output", "出力"),
        Text("parameters", "パラメータ数"),
        Text("multiply-adds", "積和演算"),
    )
    caption = Text("alexnet, layer by layer, for one image of 224×224×3.",
                   "alexnet の各層。224×224×3 の画像 1 枚について。")  # fmt: skip
    outcome.tables.append(Table(columns, cells, caption))
    outcome.figures.append(
        Figure("alexnet", architecture(alexnet, (1, 3, 224, 224)), _DIAGRAM, "svg")
    )


def _activations(outcome: Outcome, plan: Plan, runs: Runs) -> None:
    relu, tanh = (best(runs, a, plan.wanted) for a in ("relu", "tanh"))
    common = RATES[0]
    slow = {a: _median(runs[a, common], plan.wanted) for a in ("relu", "tanh")}
    outcome.verdicts += [
        Verdict(
            Text(f"epochs until {plan.wanted:g} % training error: tanh over ReLU, each at its best "
                 "learning rate",
                 f"訓練誤り率 {plan.wanted:g} % に達するまでのエポック数:tanh ÷ ReLU"
                 "(それぞれ最良の学習率)"),
            tanh[1] / relu[1], 1.0, 0.0, ">",
        ),
        Verdict(
            Text(f"the same at a low rate that both bear ({common:g})",
                 f"同じ比較、どちらも耐えられる低い学習率({common:g})で"),
            slow["tanh"] / slow["relu"], 1.0, 0.0, ">",
        ),
    ]  # fmt: skip
    rows = []
    for lr in RATES:
        cells = [f"{lr:g}"]
        for a in ("relu", "tanh"):
            each = [epochs_until(e, plan.wanted) for e in runs[a, lr]]
            cells.append(", ".join(f"{n:.2f}" if math.isfinite(n) else "–" for n in each))
        rows.append(tuple(cells))
    columns = (Text("learning rate", "学習率"), "ReLU", "tanh")
    caption = Text(
        f"Epochs until {plan.wanted:g} % training error, one number for each seed; –: not within "
        f"{plan.epochs} epochs.",
        f"訓練誤り率 {plan.wanted:g} % に達するまでのエポック数(乱数の種ごと)。"
        f"– は {plan.epochs} エポック以内に達しなかったもの。",
    )
    outcome.tables.append(Table(columns, rows, caption))
    outcome.figures.append(Figure("relu-tanh", _picture(runs, relu[0], tanh[0]), _CURVES))


def _picture(runs: Runs, relu: float, tanh: float) -> Picture:
    lines = {
        f"{name} ({say('rate', '学習率')} {lr:g})": np.mean(runs[key, lr], axis=0)
        for name, key, lr in (("ReLU", "relu", relu), ("tanh", "tanh", tanh))
    }
    epochs = np.arange(1, 1 + len(runs["relu", relu][0]))
    return curves(
        lines,
        epochs,
        xlabel=say("epoch", "エポック"),
        ylabel=say("training error (%)", "訓練誤り率(%)"),
        markers=True,
        ylim=(0, 90),
    )


_DIAGRAM = Text(
    "AlexNet in one column: each layer with its output and its parameters.",
    "1 列にした AlexNet。各層の出力の形とパラメータ数。",
)
_CURVES = Text(
    "Training error by epoch, mean of the seeds, each activation at the learning rate that suits "
    "it best. The error of an epoch is counted while it goes on.",
    "エポックごとの訓練誤り率(乱数の種についての平均)。活性化関数ごとに最良の学習率を使った。"
    "誤り率はそのエポックの学習中に数えたもの。",
)

EXPERIMENT = Experiment(
    name="d7-alexnet",
    rows=("D7",),
    title=Text("AlexNet: depth becomes practical", "AlexNet:深層が実用になる"),
    question=Text(
        "What did the network that won ImageNet in 2012 consist of, and what did ReLU do for it?",
        "2012 年に ImageNet で優勝したネットワークは何からできていて、ReLU はどう役立ったのか。",
    ),
    claim=Text(
        "AlexNet has 61 100 840 parameters (torchvision's form), nearly all of them in its dense "
        "layers; a network learns sooner with ReLU than with tanh.",
        "AlexNet(torchvision の形)のパラメータは 61 100 840 個で、その大半は全結合層にある。"
        "また ReLU のネットワークは tanh のものより早く学習する。",
    ),
    text=Text(
        """Five convolutions and three dense layers: not many more than LeNet has, but a thousand
        times as many weights, learned from 1.2 million photographs. What was new made that
        possible: ReLU, which has a slope of 1 wherever it is active; dropout on the two layers of
        4096 units; pooling windows that overlap (3×3, moved by 2); local response normalization
        (LRN), in which strong channels damp their neighbours; and two graphics processors, each
        with half of the channels.

        In the table, look at where the parameters are and where the work is. The dense layers have
        nearly all of the first and the convolutions nearly all of the second. Later networks drop
        the dense layers, and so lose nine tenths of the weights without losing accuracy.

        The paper's figure 1 shows a network of four layers on CIFAR-10 that reaches 25 % training
        error six times as fast with ReLU as with tanh. Here a network of four layers does the same
        in small. As there, nothing is done against overfitting, and each activation gets the
        constant learning rate at which it is quickest: with one rate for both the comparison would
        be about the rate. The full form takes CIFAR-10 and the paper's 25 %; on the easy digits,
        where 25 % is reached soon, 5 % is asked for. There the paper's result does not come back:
        at a low rate ReLU is far ahead, as its slope does not shrink, but tanh bears rates at which
        ReLU's units die, and at its best rate it is at least as quick. What ReLU is worth shows
        on harder data and in deeper networks.

        Two forms are called AlexNet. The one of 2012 has LRN, two groups and 60 965 224 parameters
        (alexnet_lrn here); torchvision's follows a later paper of Krizhevsky and has one column, no
        LRN and 61 100 840. The paper of 2012 says that images are 224×224; only 227×227 gives its
        55×55 outputs: ⌊(227 − 11)/4⌋ + 1 = 55.""",
        """畳み込み 5 層と全結合 3 層。層の数は LeNet と大差ないが、重みは約千倍あり、120 万枚の写
        真から学習した。それを可能にしたのが新しい工夫である。活性な範囲で傾きが 1 の ReLU、4096
        ユニットの 2 層へのドロップアウト、窓が重なり合うプーリング(3×3 を 2 画素ずつ動かす)、強い
        チャネルが隣のチャネルを抑える局所応答正規化 (LRN)、そしてチャネルを半分ずつ受けもつ 2 台
        の GPU である。

        表では、パラメータがどこにあり、計算がどこで行われるかを見てほしい。パラメータのほとんどは
        全結合層に、計算のほとんどは畳み込み層にある。後のネットワークは全結合層をやめることで、精
        度を落とさずに重みの 9 割を減らした。

        論文の図 1 は、CIFAR-10 で訓練誤り率 25 % に達するまでの速さが、4 層のネットワークで ReLU
        は tanh の 6 倍だと示している。ここでは 4 層のネットワークで同じことを小さく試す。論文と同
        じく過学習の対策は何もせず、活性化関数ごとに最も速く進む一定の学習率を選ぶ。両方に同じ学習
        率を使うと、学習率の比較になってしまうからである。完全版は CIFAR-10 と論文の 25 % を使う。
        易しい手書き数字では 25 % にはすぐ達するので 5 % とした。そこでは論文の結果は再現しない。
        低い学習率では、傾きが小さくならない ReLU が大きく先行する。しかし tanh は、ReLU のユニッ
        トが死んでしまうような高い学習率にも耐え、最良の学習率では同じかそれ以上に速い。ReLU の価
        値が表れるのは、もっと難しいデータと深いネットワークである。

        AlexNet と呼ばれるものは二つある。2012 年のもの(ここでは alexnet_lrn)は LRN と 2 グループ
        をもち、パラメータは 60 965 224 個。torchvision のものは Krizhevsky の後の論文に従い、1 列
        で LRN がなく、 61 100 840 個である。2012 年の論文は画像を 224×224 と書いているが、出力が
        55×55 になるのは 227×227 のときだけである:⌊(227 − 11)/4⌋ + 1 = 55。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{ReLU}(x)=\max(0,x)",
        r"\mathrm{out}=\left\lfloor\frac{H+2P-F}{S}\right\rfloor+1",
        r"b_i=a_i\Big/\left(k+\alpha\sum_{j=i-n/2}^{i+n/2}a_j^2\right)^{\beta}",
    ),
    code=(models.AlexNet, damping, small_net, epochs_until),
    parts=("network", "relu"),
    data=("cifar10",),
)
