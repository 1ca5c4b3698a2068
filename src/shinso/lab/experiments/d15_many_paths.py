"""RoR, FractalNet and DenseNet: networks with many ways through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shinso import models, nn
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import error, learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.lab.zoo import count_verdict, zoo_table
from shinso.models.densenet import DenseLayer
from shinso.models.fractalnet import FractalBlock
from shinso.models.ror import RoRGroup
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.architecture import architecture
from shinso.viz.bars import bars
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import SEQUENTIAL, say, styled


@dataclass(frozen=True)
class Plan:
    """Widths of a fractal network, layers of a dense block and growth rate, epochs."""

    widths: tuple[int, ...]
    layers: int
    growth: int
    epochs: int


FAST = Plan((12, 24), 8, 6, 8)
FULL = Plan((32, 64, 128), 12, 12, 4)


def fractal_paths(columns: int) -> dict[int, int]:
    """How many ways through a fractal block have so many convolutions: {length: ways}.

    f₁ is one convolution; f_{C+1} is two f_C in a row, and one convolution beside them.
    """
    ways = {1: 1}
    for _ in range(columns - 1):
        doubled: dict[int, int] = {1: 1}
        for a, m in ways.items():
            for b, n in ways.items():
                doubled[a + b] = doubled.get(a + b, 0) + m * n
        ways = doubled
    return ways


def counted_paths(block: FractalBlock) -> int:
    """The same number in all, counted on the block itself.

    Each row's convolutions take the ways that lead to them; where several end, they are joined.
    """
    ends = dict.fromkeys(range(block.columns), 1)
    for row in block.rows:
        here = [c for c in range(block.columns) if f"column{c}" in row]  # type: ignore[operator]
        joined = sum(ends[c] for c in here)
        ends |= dict.fromkeys(here, joined)
    return ends[block.columns - 1]


def fractal(plan: Plan, drop_path: float, train: Part, seed: int) -> Trainer:
    """Train a fractal network of three columns, with drop-path or without."""
    manual_seed(seed)
    model = models.FractalNet(
        10, train[0].shape[1], plan.widths, dropout=(0.0,) * len(plan.widths), drop_path=drop_path
    )
    return learn(model, train, epochs=plan.epochs, lr=0.05, seed=seed)


def column_errors(trainer: Trainer, test: Part) -> dict[str, float]:
    """Test errors in % of the whole network and of each of its columns alone."""
    model = trainer.model
    assert isinstance(model, models.FractalNet)
    found = {"all": error(trainer, test)}
    for column in range(model.columns):
        model.column = column
        alone = Trainer(
            model, trainer.loss, trainer.optimizer, metrics=["accuracy"], progress=False
        )
        found[f"column {column}"] = error(alone, test)
    model.column = None
    return found


def feature_reuse(block: nn.Sequential, first: int, growth: int) -> Array:
    """How much each layer of a dense block uses what each earlier one found, (layers, sources).

    Mean |w| of the layer's first convolution over the channels of that source, divided by the
    row's largest; NaN where there is nothing. Source 0 is the block's input with `first` channels.
    """
    layers = [layer for layer in block if isinstance(layer, DenseLayer)]
    found = np.full((len(layers), len(layers)), np.nan)
    for i, layer in enumerate(layers):
        weight = np.abs(convolution_of(layer).weight.data)
        edges = [0, *(first + growth * j for j in range(i + 1))]
        for j in range(i + 1):
            found[i, j] = weight[:, edges[j] : edges[j + 1]].mean()
        found[i] /= np.nanmax(found[i])
    return found


def convolution_of(layer: DenseLayer) -> nn.Conv2d:
    """The first convolution of a dense layer, which sees all channels that are there."""
    found = layer.get_submodule("conv1")
    assert isinstance(found, nn.Conv2d)
    return found


def cut_old(block: nn.Sequential, first: int, growth: int) -> None:
    """Let each layer of a dense block see only what the layer right before it has found."""
    layers = [layer for layer in block if isinstance(layer, DenseLayer)]
    for i, layer in enumerate(layers[1:]):
        parameter = convolution_of(layer).weight
        kept = np.array(parameter.data)
        kept[:, : first + growth * i] = 0
        parameter.data = kept


def work(settings: Settings) -> Outcome:
    """Count ways and parameters; take columns alone; look at what dense layers use."""
    chosen = settings.only or tuple(_PARTS)
    plan = FAST if settings.fast else FULL
    outcome = Outcome()
    for name in settings.track(chosen):
        _PARTS[name](settings, plan, outcome)
    return outcome


def _structure(settings: Settings, plan: Plan, outcome: Outcome) -> None:
    rows = []
    for columns in range(1, 5):
        ways = fractal_paths(columns)
        lengths = ", ".join(f"{n} × {length}" for length, n in sorted(ways.items()))
        rows.append((str(columns), str(2 ** (columns - 1)), str(sum(ways.values())), lengths))
    outcome.tables.append(Table(
        (Text("columns", "列"), Text("depth", "深さ"), Text("ways", "経路の数"),
         Text("ways × convolutions on them", "経路数 × 畳み込みの数")), rows, _WAYS,
    ))  # fmt: skip
    outcome.verdicts += [
        Verdict(Text("ways through a fractal block of 4 columns, counted on the network, as by the "
                     "rule P(C+1) = P(C)² + 1",
                     "4 列のフラクタルブロックの経路数。ネットワーク上で数えたものと "
                     "P(C+1) = P(C)² + 1"),
                counted_paths(FractalBlock(1, 1, 4)), sum(fractal_paths(4).values()), 0.0, "="),
        count_verdict("densenet121", 7_978_856, "torchvision"),
        count_verdict("densenet_bc100_12", 0.8e6, "Huang et al. 2017", 0.05e6),
        count_verdict("densenet40_12", 1.0e6, "Huang et al. 2017", 0.06e6),
        count_verdict("densenet_bc190_40", 25.6e6, "Huang et al. 2017", 0.05e6),
        count_verdict("fractalnet20", 38.6e6, "Huang et al. 2017", 0.1e6),
    ]  # fmt: skip
    outcome.tables.append(zoo_table(_NETWORKS))
    block = FractalBlock(8, 8, 3)
    ror = models.RoR(10, 3, (1, 1, 1), 8)
    outcome.figures += [
        Figure("fractal-block", architecture(block, (1, 8, 16, 16)), _FRACTAL, "svg"),
        Figure("ror", architecture(ror, (1, 3, 32, 32)), _ROR, "svg"),
    ]


def _columns(settings: Settings, plan: Plan, outcome: Outcome) -> None:
    train, test = pictures(settings)
    found = {
        kind: column_errors(fractal(plan, p, train, settings.seed), test)
        for kind, p in (("with", 0.15), ("without", 0.0))
    }
    gap = {
        kind: max(e for name, e in errors.items() if name != "all") - errors["all"]
        for kind, errors in found.items()
    }
    outcome.verdicts += [
        Verdict(Text("after drop-path: error of the worst column alone minus that of the whole "
                     "network, in points",
                     "ドロップパスあり:最悪の列だけの誤り率 − 全体の誤り率(ポイント)"),
                gap["with"], 5.0, 0.0, "≤"),
        Verdict(Text("the same trained without drop-path", "ドロップパスなしで学習した場合"),
                gap["without"], 20.0, 0.0, ">"),
    ]  # fmt: skip
    names = {"all": Text("all", "全体")} | {
        f"column {c}": Text(f"column {c} alone", f"列 {c} だけ") for c in range(3)
    }
    kinds = {"with": Text("drop-path", "ドロップパス"), "without": Text("no drop-path", "なし")}
    shown, groups = {}, {}
    for i, (kind, errors) in enumerate(found.items()):
        for name, e in errors.items():
            kind_of, part = kinds[kind], names[name]
            label = say(f"{kind_of.en}: {part.en}", f"{kind_of.ja}:{part.ja}")
            shown[label], groups[label] = e, i
    picture = bars(shown, xlabel=say("test error (%)", "テスト誤り率(%)"), groups=groups)
    outcome.figures.append(Figure("columns", picture, _COLUMNS))


def _reuse(settings: Settings, plan: Plan, outcome: Outcome) -> None:
    train, test = pictures(settings)
    manual_seed(settings.seed)
    model = models.CifarDenseNet(
        10, train[0].shape[1], plan.growth, (plan.layers,), bn_size=0, compression=1.0
    )
    trainer = learn(model, train, test, epochs=plan.epochs, lr=0.05, seed=settings.seed)
    first = 2 * plan.growth
    block = model.get_submodule("features.denseblock1")
    assert isinstance(block, nn.Sequential)
    used = feature_reuse(block, first, plan.growth)
    whole = error(trainer, test)
    cut_old(block, first, plan.growth)
    cut = error(trainer, test)
    connections = plan.layers * (plan.layers + 1) // 2
    outcome.verdicts += [
        Verdict(Text(f"connections among {plan.layers} layers and the input, L(L+1)/2",
                     f"{plan.layers} 層と入力の間の接続の数、L(L+1)/2"),
                int((~np.isnan(used)).sum()), connections, 0.0, "="),
        Verdict(Text("test error if each layer sees only the newest channels, minus before, points",
                     "各層に最新のチャネルだけを見せたときのテスト誤り率の増加(ポイント)"),
                cut - whole, 10.0, 0.0, ">"),
    ]  # fmt: skip
    outcome.notes.append(Text(f"The dense network's test error is {whole:.1f} %.",
                              f"密ネットワークのテスト誤り率は {whole:.1f} %。"))  # fmt: skip
    outcome.figures.append(Figure("reuse", _reuse_picture(used), _REUSE))


@styled
def _reuse_picture(used: Array) -> Picture:
    picture, axes = one_axes(6.2, 5.0)
    shown = axes.imshow(used, cmap=SEQUENTIAL, vmin=0, vmax=1)
    axes.set_xlabel(say("source (0: the block's input)", "元の層(0 はブロックの入力)"))
    axes.set_ylabel(say("layer", "層"))
    axes.set_yticks(range(len(used)), [str(i + 1) for i in range(len(used))])
    axes.set_xticks(range(len(used)))
    axes.grid(visible=False)
    picture.colorbar(
        shown, label=say("mean |w|, of the layer's largest", "|w| の平均(層内の最大比)")
    )
    return picture


_PARTS: dict[str, Callable[[Settings, Plan, Outcome], None]] = {
    "structure": _structure, "columns": _columns, "reuse": _reuse,
}  # fmt: skip
_NETWORKS = (
    "cifar_resnet110", "ror3_110", "ror3_164", "fractalnet20", "densenet40_12",
    "densenet_bc100_12", "densenet_bc190_40", "densenet121", "densenet201",
)  # fmt: skip
_WAYS = Text(
    "Ways through a fractal block: with each column the depth doubles.",
    "フラクタルブロックを通る経路。列が一つ増えるごとに深さが倍になる。",
)
_FRACTAL = Text(
    "A fractal block of three columns: ways with 1, 2 and 4 convolutions, and mixtures.",
    "3 列のフラクタルブロック。畳み込みが 1、2、4 個の経路と、それらの混合。",
)
_ROR = Text(
    "RoR in small: shortcuts around blocks, around groups of blocks, and around everything.",
    "小さな RoR。ブロック、ブロックの群、全体をそれぞれ迂回するショートカット。",
)
_COLUMNS = Text(
    "Test error of a fractal network and of each of its columns alone, trained with drop-path and "
    "without. Column 0 is the shallowest.",
    "フラクタルネットワーク全体と、各列だけを使ったときのテスト誤り率。ドロップパスを使って学習した"
    "場合と使わない場合。列 0 が最も浅い。",
)
_REUSE = Text(
    "What each layer of a dense block takes from which earlier one.",
    "密ブロックの各層が、どの層の特徴をどれだけ使っているか。",
)

EXPERIMENT = Experiment(
    name="d15-many-paths",
    rows=("D15",),
    title=Text("RoR, FractalNet and DenseNet", "RoR・FractalNet・DenseNet"),
    question=Text(
        "If shortcuts help, what do more of them do, and can one do without sums altogether?",
        "ショートカットが有効なら、もっと増やすとどうなるか。また、和を使わずに済ませることはでき"
        "るか。",
    ),
    claim=Text(
        "A fractal network contains plain ones of several depths: after training with drop-path "
        "any "
        "column works alone. In a dense block layers use what all earlier ones have found.",
        "フラクタルネットワークはいろいろな深さの普通のネットワークを含み、ドロップパスで学習すれ"
        "ばどの列も"
        "単独で働く。密ブロックの層は、それより前のすべての層が見つけた特徴を使う。",
    ),
    text=Text(
        """Three answers to the ResNet, all of 2016. RoR puts shortcuts around groups of blocks and
        one around everything, so that what is learned is the residual of a residual. FractalNet has
        no shortcut at all: by one rule, applied again and again, it grows columns of 1, 2, 4 …
        convolutions that meet in means. It shows that being short at first and deep later is what
        counts, not the sum. DenseNet adds nothing up: each layer puts its few new channels beside
        all that are there, so L layers have L(L+1)/2 connections instead of L.

        Drop-path trains the fractal: half of the batches leave out inputs of the joins at random,
        for the other half one column of the whole network works alone. Each column thereby learns
        to do without the others. The bars show what that is worth: without drop-path a column alone
        is lost, as it has only ever contributed to means.

        DenseNet's figure 5 asks whether old features are really used, by the size of the weights
        that later layers give them. The heat map does the same here. Much of that size is still the
        random start, so a harder test is added: each layer is made blind to all but the newest
        channels, and the error shows what the old ones were worth.

        One published number is not met: DenseNet's table 2 says 38.6 million parameters for
        FractalNet; building it by its paper gives 33.7 million.""",
        """いずれも 2016 年の、ResNet への三つの答えである。RoR はブロックの群の周りと全体の周りに
        もショートカットを置き、「残差の残差」を学習する。FractalNet にはショートカットがない。一
        つの規則を繰り返し適用して、畳み込みが 1、2、4 … 個の列を育て、出会ったところで平均する。
        大事なのは和ではなく、はじめは浅く後で深くなれることだと示した。DenseNet は何も足さない。
        各層は少数の新しいチャネルを、すでにあるチャネルの横に並べる。L 層の接続は L 本ではなく
        L(L+1)/2 本になる。

        フラクタルはドロップパスで学習する。半分のミニバッチでは合流点の入力をランダムに抜き、残り
        の半分ではネットワーク全体で一つの列だけを働かせる。こうして各列は、ほかの列がなくても働け
        るようになる。その効果を棒グラフが示す。ドロップパスなしでは、平均に加わることしか学んでい
        ないので、一つの列だけでは働けない。

        DenseNet の論文の図 5 は、古い特徴が本当に使われているかを、後の層がそれに与える重みの大き
        さで調べた。ヒートマップは同じことをここで行ったものである。ただし重みの大きさの多くは乱数
        の初期値のままなので、より厳しい試験を加えた。各層に最新のチャネルしか見えないようにして、
        古いチャネルの価値を誤り率で測る。

        公表値と合わないものが一つある。DenseNet の論文の表 2 は FractalNet のパラメータを 3860 万
        個としているが、 FractalNet の論文どおりに作ると 3370 万個になる。""",
    ),
    work=work,
    formulas=(
        r"f_{C+1}(x)=\frac{1}{2}\left[(f_C\circ f_C)(x)+\mathrm{conv}(x)\right]",
        r"P(C+1)=P(C)^2+1",
        r"x_l=H_l([x_0,x_1,\dots,x_{l-1}])",
    ),
    code=(FractalBlock.forward, DenseLayer.forward, RoRGroup.forward, column_errors),
    parts=tuple(_PARTS),
    data=("cifar10",),
)
