"""WideResNet and PyramidNet: width against depth at the same number of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shinso import compiler, models, nn, optim
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import error, learn, pictures
from shinso.lab.samples import Part
from shinso.lab.text import Text
from shinso.lab.timing import least_milliseconds
from shinso.lab.zoo import count_verdict, zoo_table
from shinso.models.pyramidnet import PyramidBlock, pyramid_widths
from shinso.models.residual import widths
from shinso.ops.random import manual_seed
from shinso.viz.curves import curves
from shinso.viz.picture import Picture
from shinso.viz.style import say

Make = Callable[[int], nn.Module]


@dataclass(frozen=True)
class Plan:
    """Networks of about as many parameters, made from a number of input channels; epochs, seeds."""

    networks: dict[str, Make]
    epochs: int
    seeds: int


def _wide(depth: int, factor: int, width: int) -> Make:
    return lambda c: models.WideResNet(10, c, depth, factor, width=width)


def _pyramid(blocks: int, alpha: float, width: int) -> Make:
    return lambda c: models.PyramidNet(10, c, alpha, (blocks,) * 3, width=width)


FAST = Plan({"deep": _wide(22, 1, 8), "wide": _wide(10, 2, 8), "pyramid": _pyramid(2, 28, 8)}, 6, 2)
FULL = Plan(
    {"deep": _wide(40, 1, 16), "wide": _wide(16, 2, 16), "pyramid": _pyramid(3, 84, 16)}, 3, 1
)
NAMES = {
    "deep": Text("deep and thin", "深くて細い"),
    "wide": Text("shallow and wide", "浅くて広い"),
    "pyramid": Text("pyramid", "ピラミッド"),
}


def training_step(model: nn.Module) -> Callable[[np.ndarray, np.ndarray], object]:
    """A compiled step of training."""
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()

    @compiler.compile
    def step(x: np.ndarray, t: np.ndarray) -> object:
        loss = loss_of(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def milliseconds(networks: dict[str, nn.Module], batch: Part) -> dict[str, float]:
    """Least time of a training step of each network."""

    def job(model: nn.Module) -> Callable[[], object]:
        step = training_step(model)
        return lambda: step(*batch)

    return least_milliseconds({name: job(model) for name, model in networks.items()}, 25)


def errors(make: Make, plan: Plan, train: Part, test: Part, seed: int) -> list[float]:
    """Test errors in %, one for each seed."""
    found = []
    for i in range(plan.seeds):
        manual_seed(seed + i)
        trainer = learn(make(train[0].shape[1]), train, epochs=plan.epochs, lr=0.05, seed=seed + i)
        found.append(error(trainer, test))
    return found


@dataclass
class Found:
    """Of one kind: parameters, multiply-adds, milliseconds of a step, test errors by seed."""

    parameters: int
    multiply_adds: int
    milliseconds: float
    errors: list[float]


def measure(settings: Settings, plan: Plan) -> dict[str, Found]:
    """Count, time and train each kind of network."""
    train, test = pictures(settings)
    found = {
        name: errors(plan.networks[name], plan, train, test, settings.seed)
        for name in settings.track(plan.networks)
    }
    networks = {name: make(train[0].shape[1]) for name, make in plan.networks.items()}
    counted = {n: nn.summary(net, (1, *train[0].shape[1:])) for n, net in networks.items()}
    times = milliseconds(networks, (train[0][:64], train[1][:64]))
    return {
        n: Found(counted[n].parameters, counted[n].multiply_adds, times[n], found[n])
        for n in networks
    }


def work(settings: Settings) -> Outcome:
    """Count the published networks; compare small ones; draw how channels grow."""
    outcome = Outcome()
    if settings.wants("networks"):
        _networks(outcome)
    if settings.wants("training"):
        plan = FAST if settings.fast else FULL
        _compare(outcome, measure(settings, plan))
    return outcome


def _networks(outcome: Outcome) -> None:
    wide = "Zagoruyko & Komodakis 2016"
    outcome.verdicts += [
        count_verdict("wrn_16_4", 2.7e6, wide, 0.05e6),
        count_verdict("wrn_28_10", 36.5e6, wide, 0.05e6),
        count_verdict("wrn_40_4", 8.9e6, wide, 0.05e6),
        count_verdict("pyramidnet110_a48", 1.7e6, "Han et al. 2017", 0.1e6),
        count_verdict("pyramidnet110_a84", 3.8e6, "Han et al. 2017", 0.15e6),
        count_verdict("pyramidnet272_a200", 26.0e6, "Han et al. 2017", 0.3e6),
    ]
    outcome.tables.append(zoo_table(_NETWORKS))
    rows = _growth()
    jumps = {name: max(np.diff(row)) for name, row in rows.items()}
    claim = Text("largest growth between two blocks, pyramid (a = 48) over ResNet",
                 "隣のブロックへのチャネルの最大の増加、ピラミッド(a = 48)÷ ResNet")  # fmt: skip
    outcome.verdicts.append(Verdict(claim, jumps["pyramid"] / jumps["resnet"], 0.1, 0.0, "<"))
    outcome.figures.append(Figure("channels", _growth_picture(rows), _CHANNELS))


def _growth() -> dict[str, list[int]]:
    """The channels of every block of three networks of 110 layers."""
    grown = {
        "resnet": widths(16, (18, 18, 18)),
        "pyramid": pyramid_widths(16, 48, (18, 18, 18)),
        "wide": widths(64, (18, 18, 18)),
    }
    return {name: [w for stage in stages for w in stage] for name, stages in grown.items()}


def _growth_picture(rows: dict[str, list[int]]) -> Picture:
    names = {"resnet": "ResNet", "pyramid": "PyramidNet (a = 48)", "wide": "WideResNet (k = 4)"}
    return curves(
        {names[name]: row for name, row in rows.items()},
        np.arange(1, 55),
        xlabel=say("block", "ブロック"),
        ylabel=say("channels", "チャネル数"),
    )


def _compare(outcome: Outcome, found: dict[str, Found]) -> None:
    deep, wide, pyramid = (found[name] for name in ("deep", "wide", "pyramid"))
    outcome.verdicts += [
        Verdict(Text("the comparison is fair: parameters, wide over deep",
                     "比較の公平さ:パラメータ数の比、広い ÷ 深い"),
                wide.parameters / deep.parameters, 1.0, 0.2, "="),
        Verdict(Text("time of a training step, wide over deep, compiled",
                     "学習 1 ステップの時間、広い ÷ 深い(コンパイル時)"),
                wide.milliseconds / deep.milliseconds, 1.0, 0.0, "<"),
        Verdict(Text("test error, wide minus deep, in points, mean of the seeds",
                     "テスト誤り率の差、広い − 深い(ポイント、種の平均)"),
                float(np.mean(wide.errors) - np.mean(deep.errors)), 0.0, 0.5, "≤"),
        Verdict(Text("test error, pyramid minus wide, in points, mean of the seeds",
                     "テスト誤り率の差、ピラミッド − 広い(ポイント、種の平均)"),
                float(np.mean(pyramid.errors) - np.mean(wide.errors)), 0.0, 0.5, "≤"),
    ]  # fmt: skip
    rows = [
        (NAMES[name], f"{f.parameters:,}", f"{f.multiply_adds / 1e6:.2f} M",
         f"{f.milliseconds:.1f}", ", ".join(f"{e:.2f}" for e in f.errors))
        for name, f in found.items()
    ]  # fmt: skip
    columns = (
        Text("network", "ネットワーク"),
        Text("parameters", "パラメータ数"),
        Text("multiply-adds", "積和演算"),
        Text("ms a step of 64 images", "64 枚の 1 ステップ(ms)"),
        Text("test errors (%) by seed", "テスト誤り率(%)、種ごと"),
    )
    outcome.tables.append(Table(columns, rows, _COMPARED))


_NETWORKS = (
    "cifar_resnet110", "wrn_16_4", "wrn_40_4", "wrn_28_10",
    "pyramidnet110_a48", "pyramidnet110_a84", "pyramidnet110_a270", "pyramidnet272_a200",
)  # fmt: skip
_COMPARED = Text(
    "Small networks trained here. Times are the least of 25 steps.",
    "ここで学習した小さなネットワーク。時間は 25 ステップの最小値。",
)
_CHANNELS = Text(
    "Channels of each of the 54 blocks of a network with 110 layers: doubled at two places, a "
    "little more in every block, or four times as many.",
    "110 層のネットワークの 54 ブロックのチャネル数。2 か所で倍になるもの、ブロックごとに少しずつ"
    "増える"
    "もの、4 倍の幅をもつもの。",
)

EXPERIMENT = Experiment(
    name="d13-wide-and-pyramid",
    rows=("D13",),
    title=Text("Wide and pyramidal networks", "広いネットワークとピラミッド型"),
    question=Text(
        "After a thousand layers: is it depth that counts, or would width do as well?",
        "千層に達したあとの問い:大事なのは深さなのか、それとも幅でもよいのか。",
    ),
    claim=Text(
        "With as many parameters a wide, shallow residual network is about as good as a deep, thin "
        "one and faster; channels may as well grow a little with every block.",
        "パラメータ数が同じなら、広くて浅い残差ネットワークは深くて細いものと同程度に良く、しかも"
        "速い。"
        "チャネルをブロックごとに少しずつ増やしてもよい。",
    ),
    text=Text(
        """He's ResNets for CIFAR are thin: 16, 32 and 64 channels. Making them deeper pays less and
        less: each further fraction of a per cent takes twice as many layers, most of which do
        little. Zagoruyko and Komodakis multiplied the channels by k instead. A WRN-16-4, of 16
        layers, comes near 1001 thin ones, and is many times as fast, because a processor likes a
        few large convolutions better than many small ones in a row.

        PyramidNet asks where the channels should grow. In a ResNet they double at two blocks, which
        then matter more than others (leaving out one of them hurts most). Here every block is wider
        by a/N, and none is special. Its blocks have one ReLU less and end in a batch norm, and new
        channels are zeros in the shortcut.

        The small networks below have about as many parameters as each other. Compare times as well
        as errors. On a processor with few cores time follows the multiply-adds, and the advantage
        that a large graphics processor has with wide layers need not show. On easy images the
        errors of all of them lie within a few images of each other.""",
        """He らの CIFAR 用 ResNet は細く、チャネルは 16、32、64 である。深くしても得るものはだん
        だん減る。誤り率をあと少し下げるのに層を 2 倍にしなければならず、その多くはほとんど働かな
        い。Zagoruyko と Komodakis は代わりにチャネルを k 倍にした。16 層の WRN-16-4 は細い 1001
        層に迫り、しかも何倍も速い。プロセッサは、小さな畳み込みを何段も続けるより、大きな畳み込み
        を少し行う方が得意だからである。

        PyramidNet は、チャネルをどこで増やすべきかを問う。ResNet では 2 か所で倍になり、そのブ
        ロックだけが特別に重要になる(取り除いたときの悪化が最も大きい)。PyramidNet では毎ブロック
        a/N ずつ広がり、特別なブロックがない。ブロックは ReLU が一つ少なく、最後がバッチ正規化で、
        ショートカットでは新しいチャネルを 0 とする。

        下の小さなネットワークは、パラメータ数がほぼ等しい。誤り率だけでなく時間も比べてほしい。コ
        アの少ないプロセッサでは時間は積和演算の数で決まり、大きな GPU が広い層でもつ強みは表れる
        とは限らない。易しい画像では、誤り率の差は画像数枚分しかない。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{parameters}\sim d\,k^2,\quad \mathrm{WRN}\text{-}d\text{-}k",
        r"D_k=\left\lfloor 16+\frac{a\,k}{N}\right\rceil",
    ),
    code=(models.WideResNet, PyramidBlock, pyramid_widths),
    parts=("networks", "training"),
    data=("cifar10",),
)
