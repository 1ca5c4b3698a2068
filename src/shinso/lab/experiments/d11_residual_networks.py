"""Residual networks: depth without shortcuts makes training worse, with them it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from shinso import models, nn
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import error, learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.models.cifar_resnet import PlainBlock
from shinso.models.residual import BasicBlock, ResidualBlock
from shinso.ops.random import manual_seed
from shinso.viz.architecture import architecture
from shinso.viz.curves import curves
from shinso.viz.inside import gradients
from shinso.viz.picture import Picture
from shinso.viz.style import say

KINDS = {"plain": models.CifarPlainNet, "residual": models.CifarResNet}


@dataclass(frozen=True)
class Plan:
    """Blocks in each of three stages of the shallow and the deep networks, width, epochs, rate."""

    shallow: int
    deep: int
    width: int
    epochs: int
    lr: float = 0.1


FAST = Plan(1, 5, 8, 5)
FULL = Plan(3, 9, 16, 3)


@dataclass
class Run:
    """What one network did: errors in %, training errors by epoch, gradients before and after."""

    train: float
    test: float
    epochs: list[float] = field(default_factory=list)
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)


def depth(blocks: int) -> int:
    """Layers with weights: two in each block, the first convolution and the last, dense one."""
    return 6 * blocks + 2


def sizes(model: nn.Module, part: Part) -> dict[str, float]:
    """√(mean g²) of the gradient of every 3×3 convolution's weights for one batch."""
    x, t = part[0][:64], part[1][:64]
    found = gradients(model, nn.CrossEntropyLoss(), x, t)["weight"]
    return {name: _rms(g) for name, g in found.items() if g.ndim == 4}


def _rms(g: Array) -> float:
    return float(np.sqrt(np.mean(np.square(g, dtype=np.float64))))


def train_one(kind: str, blocks: int, plan: Plan, train: Part, test: Part, seed: int) -> Run:
    """Train one network and look at its gradients before and after."""
    manual_seed(seed)
    model = KINDS[kind](10, train[0].shape[1], (blocks,) * 3, plan.width)
    before = sizes(model, train)
    trainer = learn(
        model, train, epochs=plan.epochs, lr=plan.lr, weight_decay=1e-4, seed=seed, batch_size=64
    )
    by_epoch = [100 * (1 - a) for a in trainer.history.history["accuracy"]]
    return Run(
        error(trainer, train), error(trainer, test), by_epoch, before, sizes(model, train)
    )  # fmt: skip


def work(settings: Settings) -> Outcome:
    """Train a shallow and a deep network of each kind."""
    plan = FAST if settings.fast else FULL
    train, test = pictures(settings)
    names = {f"{kind}-{depth(n)}": (kind, n) for kind in KINDS for n in (plan.shallow, plan.deep)}
    runs = {
        name: train_one(*names[name], plan, train, test, settings.seed)
        for name in settings.track(names)
    }
    return Outcome(_verdicts(plan, runs), [_table(runs)], list(_figures(plan, runs)))


def _verdicts(plan: Plan, runs: dict[str, Run]) -> list[Verdict]:
    def worse(kind: str) -> float:
        shallow, deep = runs[f"{kind}-{depth(plan.shallow)}"], runs[f"{kind}-{depth(plan.deep)}"]
        return deep.train - shallow.train

    few, many = depth(plan.shallow), depth(plan.deep)
    before = list(runs[f"plain-{many}"].before.values())
    return [
        Verdict(Text(f"plain: training error of {many} layers minus that of {few}, in points",
                     f"プレーン:{many} 層と {few} 層の訓練誤り率の差(ポイント)"),
                worse("plain"), 0.0, 0.0, ">"),
        Verdict(Text(f"residual: training error of {many} layers minus that of {few}, in points",
                     f"残差:{many} 層と {few} 層の訓練誤り率の差(ポイント)"),
                worse("residual"), 0.0, 1.0, "≤"),
        Verdict(Text(f"at {many} layers: training error, plain minus residual, in points",
                     f"{many} 層の訓練誤り率の差、プレーン − 残差(ポイント)"),
                runs[f"plain-{many}"].train - runs[f"residual-{many}"].train, 0.0, 0.0, ">"),
        Verdict(Text(f"it is no vanishing gradient: gradient of the first convolution over that of "
                     f"the last, plain, {many} layers, before training",
                     f"勾配消失ではない:プレーン {many} 層の学習前の勾配、最初の層 ÷ 最後の層"),
                before[0] / before[-1], 1.0, 0.0, "≥"),
    ]  # fmt: skip


def _table(runs: dict[str, Run]) -> Table:
    columns = (
        Text("network", "ネットワーク"),
        Text("training error", "訓練誤り率"),
        Text("test error", "テスト誤り率"),
        Text("gradient of the first convolution at the start", "最初の畳み込みの勾配(学習前)"),
        Text("… at the end", "同(学習後)"),
    )
    rows = []
    for name, run in runs.items():
        first = next(iter(run.before))
        rows.append(
            (name, f"{run.train:.1f} %", f"{run.test:.1f} %", f"{run.before[first]:.2e}",
             f"{run.after[first]:.2e}")
        )  # fmt: skip
    return Table(columns, rows)


def _figures(plan: Plan, runs: dict[str, Run]) -> Iterator[Figure]:
    named = {_name(key): run for key, run in runs.items()}
    epochs = np.arange(1, plan.epochs + 1)
    yield Figure("training", _curves({n: r.epochs for n, r in named.items()}, epochs), _TRAINING)
    yield Figure("gradients", _gradients(named), _GRADIENTS)
    block = partial(BasicBlock, plan.width, plan.width)
    shape = (1, plan.width, 8, 8)
    yield Figure("residual-block", architecture(block(), shape), _BLOCK, "svg")


def _name(key: str) -> str:
    kind, layers = key.split("-")
    names = {"plain": say("plain", "プレーン"), "residual": say("residual", "残差")}
    return names[kind] + say(f", {layers} layers", f" {layers} 層")


def _curves(lines: dict[str, list[float]], epochs: Array) -> Picture:
    return curves(
        lines,
        epochs,
        xlabel=say("epoch", "エポック"),
        ylabel=say("training error (%)", "訓練誤り率(%)"),
        markers=True,
    )


def _gradients(runs: dict[str, Run]) -> Picture:
    """Gradient sizes against the place in the network, from 0 (input) to 1 (output)."""
    places = np.linspace(0, 1, 101)
    lines = {}
    for name, run in runs.items():
        there = np.array(list(run.before.values()))
        lines[name] = np.exp(
            np.interp(places, np.linspace(0, 1, len(there)), np.log(there))
        )  # fmt: skip
    return curves(
        lines,
        places,
        xlabel=say(
            "place in the network (0: first convolution, 1: last)",
            "ネットワーク内の位置(0:最初の畳み込み、1:最後)",
        ),
        ylabel=say("gradient, √(mean g²)", "勾配 √(g² の平均)"),
        log=True,
    )


_TRAINING = Text(
    "Training error by epoch, counted while the epoch goes on.",
    "エポックごとの訓練誤り率(そのエポックの学習中に数えたもの)。",
)
_GRADIENTS = Text(
    "Size of the gradient of each convolution's weights before training, for one batch.",
    "学習前の、各畳み込み層の重みの勾配の大きさ(1 ミニバッチ)。",
)
_BLOCK = Text("The residual block: F(x) + x.", "残差ブロック:F(x) + x。")

EXPERIMENT = Experiment(
    name="d11-residual-networks",
    rows=("D11",),
    title=Text("Residual networks", "残差ネットワーク(ResNet)"),
    question=Text(
        "More layers can do whatever fewer can. Why do they then learn worse?",
        "層が多ければ、少ない層でできることは何でもできるはずである。ではなぜ学習結果が悪くなるの"
        "か。",
    ),
    claim=Text(
        "A deep plain network has a higher training error than a shallow one; with shortcuts the "
        "deep one does not.",
        "ショートカットのない深いネットワークの訓練誤り率は浅いものより高いが、ショートカットがあ"
        "れば"
        "そうならない。",
    ),
    text=Text(
        """A deep network contains every shallow one: let the further layers hand on what they are
        given, and nothing is lost. Still, deep plain networks end with a higher error, and on the
        training images, so that it is not overfitting. He and colleagues called this degradation
        (their figure 1: 20 and 56 layers on CIFAR-10). Their way out: let a block compute only what
        is to be added to its input, y = F(x) + x. Handing on is then F = 0, which is easy to learn.

        All four networks here have the same first layer, the same widths, batch normalization and
        He's initial values. A plain network is the residual one without its shortcuts and has
        exactly as many parameters: shortcuts without parameters take every second pixel and add
        channels of zeros where the shape changes.

        It is often said that shortcuts mend vanishing gradients. The paper looked and found none:
        with batch normalization the gradients of plain networks do not vanish. The picture here
        says the same, and more: in the deep plain network they even grow towards the input before
        training, and with shortcuts they grow much less. What is hard for the deep plain network
        is to find its way, not to get a gradient at all.

        Residual blocks of three kinds are in the zoo: two 3×3 convolutions (18 and 34 layers and
        for CIFAR), the bottleneck 1×1, 3×3, 1×1 (50, 101, 152), and pre-activation, where batch
        normalization and ReLU come before the convolutions and the shortcut stays untouched.""",
        """深いネットワークは浅いネットワークを含んでいる。余分な層が入力をそのまま渡せば、失うも
        のはない。それなのに、ショートカットのない深いネットワーク(プレーン)は誤り率が高くなる。し
        かも訓練画像で高いので過学習ではない。He らはこれを劣化(degradation)と呼んだ(論文の図
        1:CIFAR-10 での 20 層と 56 層)。解決策は、ブロックに「入力に足すべきもの」だけを計算させる
        こと、y = F(x) + x である。そのまま渡すには F = 0 とすればよく、これは学習しやすい。

        ここの四つのネットワークは、最初の層も幅もバッチ正規化も He の初期値も同じである。プレーン
        なものは残差ネットワークからショートカットを外しただけで、パラメータ数は完全に等しい。形が
        変わるところのショートカットは、一つおきの画素を取り、足りないチャネルを 0 で埋めるだけ
        で、パラメータをもたない。

        「ショートカットは勾配消失を防ぐ」とよく言われる。しかし論文はそれを調べ、勾配消失はなかっ
        たと述べている。バッチ正規化があれば、プレーンなネットワークの勾配も消えない。ここの図も同
        じことを示す。それどころか、深いプレーンなネットワークでは学習前の勾配が入力に近いほど大き
        くなり、ショートカットがあるとその増え方はずっと小さい。深いプレーンなネットワークにとって
        難しいのは、勾配を得ることではなく、道を見つけることである。

        残差ブロックは三種類ある。3×3 畳み込み二つ(18 層、34 層、CIFAR 用)、ボトルネック
        1×1・3×3・1×1 (50、101、152 層)、そして畳み込みの前にバッチ正規化と ReLU を置き、ショート
        カットには手を触れない pre-activation である。""",
    ),
    work=work,
    formulas=(
        r"y=\mathrm{ReLU}\left(F(x)+x\right)",
        r"F(x)=\mathrm{BN}\left(W_2*\mathrm{ReLU}(\mathrm{BN}(W_1*x))\right)",
        r"\frac{\partial E}{\partial x}=\frac{\partial E}{\partial y}"
        r"\left(1+\frac{\partial F}{\partial x}\right)",
    ),
    code=(ResidualBlock.forward, ResidualBlock.join, BasicBlock, PlainBlock),
    data=("cifar10",),
)
