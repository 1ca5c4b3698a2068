"""Local response normalization: a bright unit damps its neighbours in other channels."""

from __future__ import annotations

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.models.alexnet_lrn import damping
from shinso.ops.local_response import LocalResponseNorm
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, QUIET, say, styled

N, ALPHA, BETA, K = 5, 1e-4, 0.75, 2.0
"""The constants of AlexNet's paper."""
CHANNELS, PLACE, BRIGHT, QUIET_ONE = 15, 7, 300.0, 10.0
EXAMPLES, EPOCHS, SEEDS = 1000, 10, 3
RANGES = (255, 1)
"""The greatest pixel: as in the paper, for which the constants are made, and as is usual now."""


def by_the_paper(a: Array, n: int = N, alpha: float = ALPHA, beta: float = BETA, k: float = K
                 ) -> Array:  # fmt: skip
    """b[i] = a[i] / (k + α Σ a[j]²)^β over the n channels about i: loops, as in the paper."""
    b = np.zeros_like(a)
    channels = a.shape[1]
    for i in range(channels):
        low, high = max(0, i - n // 2), min(channels - 1, i + n // 2)
        total = sum(a[:, j] ** 2 for j in range(low, high + 1))
        b[:, i] = a[:, i] / (k + alpha * total) ** beta
    return b


def one_bright(size: float) -> Array:
    """Channels of 10 at one place, one of them of that size: (1, channels, 1, 1)."""
    a = np.full((1, CHANNELS, 1, 1), QUIET_ONE)
    a[0, PLACE] = size
    return a


def network(normalize: bool, side: int) -> nn.Sequential:
    """A small convolutional network, with or without normalization after its activations."""

    def between() -> nn.Module:
        return nn.LocalResponseNorm(N, alpha=N * ALPHA, beta=BETA, k=K) if normalize else (
            nn.Identity())  # fmt: skip

    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), between(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), between(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 10),
    )  # fmt: skip


def accuracy(normalize: bool, train: Part, test: Part, seed: int) -> float:
    """Test accuracy in percent after some epochs."""
    manual_seed(seed)
    model = network(normalize, train[0].shape[-1])
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    trainer.fit(train, epochs=EPOCHS)
    return 100 * trainer.evaluate(test, 500)["accuracy"]


def work(settings: Settings) -> Outcome:
    """The formula against loops, what a bright unit does, and a network with and without."""
    rng = np.random.default_rng(settings.seed)
    a = rng.normal(0, 60, (2, 12, 4, 5))
    ours = damping()(a).data
    slipped = nn.LocalResponseNorm(N, alpha=ALPHA, beta=BETA, k=K)(a).data
    before, after = (damping()(one_bright(size)).data.ravel() for size in (QUIET_ONE, BRIGHT))
    near, far = after[PLACE + 2] / before[PLACE + 2], after[PLACE + 3] / before[PLACE + 3]
    share = (K + ALPHA * 5 * QUIET_ONE**2) / (K + ALPHA * (4 * QUIET_ONE**2 + BRIGHT**2))
    train, test = images_and_classes(settings)
    seeds = range(settings.seed, settings.seed + SEEDS)
    scores = {
        (top, on): [
            accuracy(on, _pixels(train, EXAMPLES, top), _pixels(test, 2000, top), s) for s in seeds
        ]
        for top in settings.track(RANGES, "pixels up to")
        for on in (False, True)
    }
    verdicts = [
        Verdict(Text("the layer with AlexNet's constants against loops of the paper: largest "
                     "difference", "AlexNet の定数を使った層と論文どおりのループとの最大の差"),
                float(np.abs(ours - by_the_paper(a)).max()), 0.0, 1e-9, "="),
        Verdict(Text("the slip of giving the paper's α undivided: largest relative difference",
                     "論文の α をそのまま与える誤り:最大の相対差"),
                float(np.abs(slipped / ours - 1).max()), 0.05, 0.0, ">"),
        Verdict(Text(f"a neighbour (10) two channels from a unit of {BRIGHT:.0f}: its output, over "
                     "that without the bright unit",
                     f"{BRIGHT:.0f} のユニットから 2 チャネル離れた隣(値 10)の出力 "
                     "÷ 明るいユニットがない場合"),
                float(near), float(share**BETA), 1e-9, "="),
        Verdict(Text("the same for a unit three channels away",
                     "3 チャネル離れたユニットでの同じ比"),
                float(far), 1.0, 1e-12, "="),
        Verdict(Text("a lone unit's output is greatest for the input √(k / (α(2β − 1)))",
                     "単独のユニットの出力は入力 √(k / (α(2β − 1))) で最大になる"),
                _lone_peak(), (K / (ALPHA * (2 * BETA - 1))) ** 0.5, 0.5, "="),
        *[
            Verdict(Text(f"it helps, the paper says: test accuracy gained with pixels up to {top}, "
                         f"in points, mean of {SEEDS} seeds",
                         f"論文は効果があるとする:{top} までの画素でのテスト正解率の改善"
                         f"(種 {SEEDS} 個の平均、ポイント)"),
                    float(np.mean(scores[top, True]) - np.mean(scores[top, False])), 0.0, 0.0, ">")
            for top in RANGES
        ],
    ]  # fmt: skip
    return Outcome(verdicts, [_table(), _scores(scores)], [
        Figure("neighbours", _neighbours_picture(), _NEIGHBOURS),
        Figure("curves", _curves_picture(), _CURVES),
    ])  # fmt: skip


def _pixels(part: Part, n: int, greatest: float) -> Part:
    """The first n images with pixels up to a greatest, less their mean."""
    x = part[0][:n] * np.float32(greatest)
    return x - x.mean(), part[1][:n]


def _lone_peak() -> float:
    """For which input the output of a unit that is alone is greatest."""
    sizes = np.arange(0.0, 1000.0, 0.5)
    a = np.zeros((len(sizes), CHANNELS, 1, 1))
    a[:, PLACE, 0, 0] = sizes
    return float(sizes[damping()(a).data[:, PLACE, 0, 0].argmax()])


_NEIGHBOURS = Text(
    f"Fifteen channels at one place: all 10 but one of {BRIGHT:.0f} (left, logarithmic axis). "
    "Right: "
    "by what they are multiplied. Two channels to each side are damped with the bright unit.",
    f"ある位置での 15 チャネル。一つが {BRIGHT:.0f}、他は 10(左、対数軸)。右:掛けられる係数。"
    "明るいユニットとともに、両側の 2 チャネルずつが抑えられる。",
)
_CURVES = Text(
    "Left: a unit's own output against its input, alone: almost x/1.68 while it is small; beyond "
    "200 it falls again, since 2β > 1. Right: what a neighbour of 10 keeps as a unit beside it "
    "gets brighter.",
    "左:ほかのユニットが 0 のときの、入力に対する自身の出力。小さいうちはほぼ x/1.68 で、"
    "2β > 1 なので 200 を超えると再び減る。"
    "右:隣のユニットが明るくなるにつれ、値 10 のユニットが保つ割合。",
)


def _table() -> Table:
    rows = []
    for size in (10.0, 50.0, 100.0, 300.0, 1000.0):
        after = damping()(one_bright(size)).data.ravel()
        rows.append((f"{size:,.0f}", f"{after[PLACE]:.2f}", f"{after[PLACE + 1]:.3f}",
                     f"{after[PLACE + 3]:.3f}"))  # fmt: skip
    columns = (Text("the bright unit", "明るいユニット"), Text("after", "正規化後"),
               Text("its neighbour (10), after", "隣(10)の正規化後"),
               Text("three channels away, after",
                    "3 チャネル離れたユニットの正規化後"))  # fmt: skip
    return Table(columns, rows, Text("n = 5, α = 10⁻⁴, β = 0.75, k = 2",
                                     "n = 5、α = 10⁻⁴、β = 0.75、k = 2"))  # fmt: skip


def _scores(scores: dict[tuple[int, bool], list[float]]) -> Table:
    rows: list[tuple[Text | str, ...]] = [
        (f"{top}", Text("with", "あり") if on else Text("without", "なし"),
         *[f"{s:.1f} %" for s in each], f"{np.mean(each):.1f} %")
        for (top, on), each in scores.items()
    ]  # fmt: skip
    seeds = [Text(f"seed {i + 1}", f"種 {i + 1}") for i in range(SEEDS)]
    columns = (Text("pixels up to", "画素の最大値"), Text("normalization", "正規化"), *seeds,
               Text("mean", "平均"))  # fmt: skip
    caption = Text("Test accuracy of a small network", "小さなネットワークのテスト正解率")
    return Table(columns, rows, caption)


@styled
def _neighbours_picture() -> Picture:
    a = one_bright(BRIGHT)
    factor = (damping()(a).data / a).ravel()
    at = np.arange(1, CHANNELS + 1)
    colours = [ORANGE if i == PLACE else BLUE for i in range(CHANNELS)]
    picture, axes = grid(1, 2, 10.0, 3.9)
    axes[0].bar(at, a.ravel(), color=colours)
    axes[0].set(yscale="log", ylim=(1, 1000), ylabel=say("activation", "活性"),
                title=say("before", "正規化前"))  # fmt: skip
    axes[1].bar(at, factor, color=colours)
    axes[1].axhline(K**-BETA, color=QUIET, ls=":")
    axes[1].set(ylabel=say("factor", "係数"), title=say("multiplied by", "掛けられる係数"))
    for ax in axes:
        ax.set_xlabel(say("channel", "チャネル"))
        ax.grid(visible=False, axis="x")
    return picture


@styled
def _curves_picture() -> Picture:
    sizes = np.linspace(0, 600, 121)
    alone, beside = [], []
    for size in sizes:
        a = np.zeros((1, CHANNELS, 1, 1))
        a[0, PLACE] = size
        alone.append(damping()(a).data.ravel()[PLACE])
        beside.append(damping()(one_bright(size)).data.ravel()[PLACE + 1] / QUIET_ONE)
    picture, axes = grid(1, 2, 10.0, 3.9)
    axes[0].plot(sizes, alone, ORANGE)
    axes[0].set(xlabel=say("input", "入力"), ylabel=say("output", "出力"))
    axes[1].plot(sizes, beside, BLUE)
    axes[1].set(xlabel=say("the unit beside it", "隣のユニット"), ylim=(0, None),
                ylabel=say("share that is kept", "保たれる割合"))  # fmt: skip
    return picture


EXPERIMENT = Experiment(
    name="d4-local-response",
    rows=("D4",),
    title=Text("Local response normalization", "局所応答正規化"),
    question=Text(
        "In nerves a strongly excited cell inhibits its neighbours. What does AlexNet's imitation "
        "of "
        "that do to the numbers?",
        "神経では強く興奮した細胞が周囲を抑制する(側抑制)。"
        "それを模した AlexNet の層は数値に何をするのか。",
    ),
    claim=Text(
        "A bright unit damps itself and two channels on each side at the same place, and no "
        "others.",
        "明るいユニットは、同じ位置の両側 2 チャネルと自分自身だけを抑える。",
    ),
    text=Text(
        """At each place of the image the activations of n neighbouring channels are squared and
        added; each activation is divided by a power of that sum. Neighbours are meant in the order
        of channels, not in space. AlexNet took n = 5, α = 10⁻⁴, β = 0.75, k = 2, found on
        validation data, and reports 1.4 and 1.2 points less error (top-1, top-5) on ImageNet.

        Look at the numbers. With small activations the sum hardly matters, and all are divided by
        2^0.75 = 1.68: the layer does almost nothing but scale. With a unit of 300 in the window the
        neighbours keep less than a third of what they would have kept. As 2β is greater than 1, a
        lone unit's own output falls again once its input is beyond 200. So the constants are made
        for activations of some size, as they come from pixels up to 255; after images scaled to 1
        the layer is a mere factor, 1/1.68. Our test tries both.

        The usual slip is the constant. In the paper α stands alone before the sum; PyTorch, and
        shinso like it, divides it by n, so that the mean of the squares counts. The paper's layer
        is `LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)`; with alpha=1e-4 it is five times too
        weak. The defaults k = 1 differ from the paper, too. VGG (2014) found that the layer did not
        help, and batch normalization has taken its place. What it does to our small network stands
        in the last lines of the verdict; three seeds and a thousand digits prove nothing about
        ImageNet.""",
        """画像の各位置で、隣り合う n チャネルの活性を二乗して足し、各活性をその和のべき乗で割る。
        隣とは空間ではなくチャネルの並び順での隣である。AlexNet は検証データで選んだ n = 5、α = 10⁻
        ⁴、β = 0.75、k = 2 を使い、ImageNet の誤り率が 1.4 ポイント(top-1)と 1.2 ポイント(top-5)下
        がったと報告した。

        数値を見てほしい。活性が小さければ和はほとんど効かず、すべてが 2^0.75 = 1.68 で割られるだけ
        である。窓の中に 300 のユニットがあると、隣に残るのは、それがなかった場合の 3 分の 1 にも満
        たない。2β が 1 より大きいので、単独のユニットの出力も入力が 200 を超えると減っていく。つま
        りこの定数は、255 までの画素から生じる大きさの活性を想定している。1 までに縮めた画像では単
        なる定数倍(1/1.68)でしかない。ここでは両方を試した。

        よくある誤りは定数である。論文では α が和の前にそのまま付くが、PyTorch とそれに合わせた
        shinso では n で割り、二乗の平均に掛ける。論文の層は `LocalResponseNorm(5, alpha=5e-4,
        beta=0.75, k=2)` であり、alpha=1e-4 では五分の一に弱まる。既定値の k = 1 も論文と異な
        る。VGG(2014)はこの層に効果がなかったとし、その後はバッチ正規化が取って代わった。小さなネッ
        トワークでの結果は判定の最後の二行にある。乱数の種 3 個と千枚の数字が ImageNet について何か
        を証明するわけではない。""",
    ),
    work=work,
    formulas=(
        r"b_{i}=\frac{a_{i}}{\left(k+\alpha\sum_{j=\max(0,i-n/2)}^{\min(C-1,i+n/2)}a_{j}^2"
        r"\right)^{\beta}}",
    ),
    code=(LocalResponseNorm, damping, by_the_paper),
    data=("mnist",),
)
