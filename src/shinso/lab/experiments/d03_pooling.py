"""Pooling: sizes, parameters saved, and how much of a shift is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shinso import nn, ops, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.experiments.c06_overfitting import few
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.ops.pooling import MaxPool
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, ORANGE, say, styled

BORDER, EPOCHS, RATE = 4, 10, 1e-2
EXAMPLES = {True: 1437, False: 2000}
"""Training images by whether the form is the quick one."""
POOLS: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "max": lambda: nn.MaxPool2d(2),
    "average": lambda: nn.AvgPool2d(2),
    "overlapping": lambda: nn.MaxPool2d(3, stride=2, padding=1),
    "global average": nn.Identity,
    "global max": nn.Identity,
}
_NAMES = {
    "none": Text("none", "なし"),
    "max": Text("max, 2×2", "最大値 2×2"),
    "average": Text("average, 2×2", "平均 2×2"),
    "overlapping": Text("overlapping max, 3×3 step 2", "重なりあり最大値 3×3(ストライド 2)"),
    "global average": Text("global average alone", "大域平均だけ"),
    "global max": Text("global maximum alone", "大域最大値だけ"),
}


def network(kind: str, side: int) -> nn.Sequential:
    """Two convolutions, each followed by that pooling; then one dense layer.

    The global kinds pool each channel as a whole, and only there, in place of the second pooling.
    """
    last: nn.Module = nn.Sequential(POOLS[kind](), nn.Flatten())
    if kind.startswith("global"):
        last = nn.GlobalAvgPool() if kind == "global average" else nn.GlobalMaxPool()
    body = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), POOLS[kind](),
        nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), last,
    )  # fmt: skip
    features = body(np.zeros((1, 1, side, side), np.float32)).shape[1]
    return nn.Sequential(body, nn.Linear(features, 10))


def shifted(images: Array) -> list[Array]:
    """The images moved by one pixel in each of four directions; their border is empty."""
    return [np.roll(images, step, axis) for axis in (2, 3) for step in (1, -1)]


def fitted(kind: str, train: Part, seed: int) -> Trainer:
    """Train such a network with Adam."""
    manual_seed(seed)
    model = network(kind, train[0].shape[-1])
    optimizer = optim.Adam(model.parameters(), lr=RATE)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False
    )
    trainer.fit(train, epochs=EPOCHS)
    return trainer


def measures(trainer: Trainer, test: Part) -> dict[str, float]:
    """Accuracy on test images and on shifted ones, in percent; relative change of the features
    before the dense layer when the image is shifted."""
    x, t = test
    moved = shifted(x)
    plain = trainer.evaluate(test, 500)["accuracy"]
    after = np.mean([trainer.evaluate((m, t), 500)["accuracy"] for m in moved])
    body = trainer.model[0].eval()  # type: ignore[index]
    before = body(x).data
    change = [np.linalg.norm(body(m).data - before) / np.linalg.norm(before) for m in moved]
    return {
        "accuracy": 100 * plain, "shifted": 100 * float(after), "change": float(np.mean(change)),
        "features": before.shape[1],
    }  # fmt: skip


def work(settings: Settings) -> Outcome:
    """AlexNet's sizes and parameters, then networks with each kind of pooling on shifted digits."""
    train, test = images_and_classes(settings)
    part = _framed(few(train, EXAMPLES[settings.fast], settings.seed))
    test = _framed((test[0][:2000], test[1][:2000]))
    found = {
        kind: measures(fitted(kind, part, settings.seed), test)
        for kind in settings.track(POOLS, "pooling:")
    }
    return Outcome(
        [*_size_verdicts(), *_shift_verdicts(found)],
        [_dense_table(), _shift_table(found)],
        [Figure("kinds", _kinds_picture(part[0][0, 0]), _KINDS),
         Figure("shift", _shift_picture(found), _SHIFT)],
    )  # fmt: skip


def _framed(part: Part) -> Part:
    """With an empty border, so that nothing is lost by a shift."""
    width = ((0, 0), (0, 0), (BORDER, BORDER), (BORDER, BORDER))
    return np.pad(part[0], width), part[1]


_KINDS = Text(
    "One image, and what each pooling keeps of it. Max keeps strokes bright, average blurs them; "
    "windows that overlap (3×3, step 2) thicken strokes. Global average keeps one number.",
    "一枚の画像と、各プーリングの結果。最大値は線を明るいまま残し、平均はぼかす。窓が重なる場合"
    "(3×3、ストライド 2)は線が太くなる。大域平均は一つの数だけを残す。",
)
_SHIFT = Text(
    "Relative change of the features when the image moves by one pixel (lower is more invariant), "
    "and the accuracy that is lost by it. Networks were trained on unmoved images.",
    "画像を 1 画素ずらしたときの特徴量の相対変化(小さいほど不変)と、それによって失われる正解率。"
    "ネットワークはずらしていない画像で学習した。",
)


def _size_verdicts() -> list[Verdict]:
    """Sizes and parameters that follow from the formula, counted on shinso's own layers."""
    maps = np.zeros((1, 256, 13, 13), np.float32)
    sides = [55]
    for _ in range(3):
        x = np.zeros((1, 1, sides[-1], sides[-1]), np.float32)
        sides.append(ops.max_pool2d(x, 3, 2).shape[-1])
    flat, mean = ops.flatten(maps, 1).shape[1], ops.global_avg_pool(maps).shape[1]
    adaptive = {ops.adaptive_avg_pool2d(np.zeros((1, 2, n, n + 3)), 6).shape for n in range(6, 30)}
    return [
        Verdict(Text("13·13·256 flattened", "13·13·256 を平坦化"), flat, 43264, 0.0, "="),
        Verdict(Text("after global average pooling",
                     "大域平均プーリングの後"), mean, 256, 0.0, "="),
        Verdict(Text("parameters of a dense layer of 4096 on it: flattened over global",
                     "4096 ユニットの全結合層のパラメータ数:平坦化 ÷ 大域平均"),
                _dense(flat) / _dense(mean), 168.0, 0.5, "="),
        Verdict(Text("AlexNet's overlapping pooling 55 → 27 → 13 → 6: steps that differ",
                     "AlexNet の重なりあるプーリング 55 → 27 → 13 → 6:異なる段の数"),
                sum(a != b for a, b in zip(sides, (55, 27, 13, 6), strict=True)), 0.0, 0.0, "="),
        Verdict(Text("adaptive pooling gives 6×6 for images of 24 sizes: different outputs",
                     "適応プーリングは 24 通りの大きさの画像に 6×6 を与える:出力の種類"),
                len(adaptive), 1.0, 0.0, "="),
    ]  # fmt: skip


def _dense(inputs: int, units: int = 4096) -> int:
    """Weights and biases of a dense layer."""
    return inputs * units + units


def _shift_verdicts(found: dict[str, dict[str, float]]) -> list[Verdict]:
    lost = {kind: f["accuracy"] - f["shifted"] for kind, f in found.items()}
    change = {kind: f["change"] / found["none"]["change"] for kind, f in found.items()}
    return [
        Verdict(Text("features change less by a shift: max pooling over none",
                     "ずらしたときの特徴量の変化:最大値プーリング ÷ なし"),
                change["max"], 1.0, 0.0, "<"),
        *[
            Verdict(Text(f"{_NAMES[kind].en}, of maps that were never pooled: relative change",
                         f"途中でプーリングしない{_NAMES[kind].ja}:相対変化"),
                    found[kind]["change"], 0.0, 1e-5, "=")
            for kind in ("global average", "global max")
        ],
        Verdict(Text("accuracy lost by a shift: without pooling minus with max pooling, in points",
                     "ずらして失う正解率:なし − 最大値プーリング(ポイント)"),
                lost["none"] - lost["max"], 0.0, 0.0, ">"),
        Verdict(Text("pooling makes the network invariant, some texts say: accuracy lost with max "
                     "pooling, in points",
                     "「プーリングで位置不変になる」と書く本もある:最大値プーリングで失う正解率"
                     "(ポイント)"), lost["max"], 1.0, 0.0, "≤"),
        *[
            Verdict(Text(f"{_NAMES[kind].en}: accuracy lost, in points",
                         f"{_NAMES[kind].ja}:失う正解率(ポイント)"), lost[kind], 0.0, 0.0, "=")
            for kind in ("global average", "global max")
        ],
    ]  # fmt: skip


def _dense_table() -> Table:
    rows = [
        (name, f"{n:,}", f"{_dense(n):,}")
        for name, n in (
            ("13·13·256", 43264), (Text("6·6·256, after AlexNet's last pooling",
                                        "6·6·256(AlexNet の最後のプーリング後)"), 9216),
            (Text("256, global average", "256(大域平均)"), 256),
        )
    ]  # fmt: skip
    columns = (Text("what the dense layer sees", "全結合層の入力"), Text("inputs", "入力数"),
               Text("parameters of 4096 units", "4096 ユニットのパラメータ数"))  # fmt: skip
    return Table(columns, rows)


def _shift_table(found: dict[str, dict[str, float]]) -> Table:
    rows = [
        (
            _NAMES[kind],
            f"{f['features']:,.0f}",
            f"{f['accuracy']:.1f} %",
            f"{f['shifted']:.1f} %",
            f"{f['change']:.2f}",
        )
        for kind, f in found.items()
    ]
    columns = (
        Text("pooling", "プーリング"), Text("features", "特徴量の数"),
        Text("test accuracy", "テスト正解率"),
        Text("the same, shifted by 1 pixel", "1 画素ずらした場合"),
        Text("relative change of features", "特徴量の相対変化"),
    )  # fmt: skip
    return Table(
        columns, rows, Text("Small networks, one run each", "小さなネットワーク、各 1 回の学習")
    )


@styled
def _kinds_picture(image: Array) -> Picture:
    x = image[None, None]
    names = (
        say("image", "画像"),
        say("max 2×2", "最大値 2×2"),
        say("average 2×2", "平均 2×2"),
        say("max 3×3, step 2", "最大値 3×3\nストライド 2"),
        say("global average", "大域平均"),
    )
    results = (
        x, ops.max_pool2d(x, 2).data, ops.avg_pool2d(x, 2).data, ops.max_pool2d(x, 3, 2).data,
        ops.global_avg_pool(x, keepdims=True).data,
    )  # fmt: skip
    picture, axes = grid(1, 5, 11.0, 2.9)
    for ax, name, found in zip(axes, names, results, strict=True):
        shown = ax.imshow(found[0, 0], vmin=0, vmax=1, cmap="gray")
        size = "×".join(map(str, found.shape[2:]))
        ax.set(xticks=[], yticks=[], title=name, xlabel=size)
        ax.grid(visible=False)
    picture.colorbar(shown, ax=axes, shrink=0.7)
    return picture


@styled
def _shift_picture(found: dict[str, dict[str, float]]) -> Picture:
    picture, axes = one_axes(8.6, 4.2)
    names = [say(_NAMES[kind].en, _NAMES[kind].ja) for kind in found]
    at = np.arange(len(found))
    axes.barh(at - 0.2, [100 * f["change"] for f in found.values()], 0.36, color=BLUE,
              label=say("change of features (%)", "特徴量の変化(%)"))  # fmt: skip
    axes.barh(at + 0.2, [f["accuracy"] - f["shifted"] for f in found.values()], 0.36,
              color=ORANGE, label=say("accuracy lost (points)",
                                      "失われる正解率(ポイント)"))  # fmt: skip
    axes.set_yticks(at, names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(say("% of the features' size; points", "特徴量の大きさに対する %、ポイント"))
    picture.legend(loc="outside upper center", ncols=2)
    return picture


EXPERIMENT = Experiment(
    name="d3-pooling",
    rows=("D3",),
    title=Text("Pooling", "プーリング"),
    question=Text(
        "Pooling throws numbers away. What is gained by that?",
        "プーリングは数を捨てる。それで何が得られるのか。",
    ),
    claim=Text(
        "Pooling makes maps and dense layers small (43 264 numbers become 256) and features less "
        "sensitive to a shift.",
        "プーリングは特徴マップと全結合層を小さくし(43 264 個が 256 個に)、"
        "特徴量を位置ずれに対して鈍感にする。",
    ),
    text=Text(
        """A pooling layer replaces each window of each channel by one number, its largest or its
        mean. It has no weights. Channels are never mixed. Sizes follow the same formula as for a
        convolution, ⌊(H + 2P − F)/S⌋ + 1; AlexNet's windows of 3×3 with step 2 overlap, and bring
        55 to 27, 13 and 6. Global average pooling takes the mean of whole channels, so any image
        size will do; adaptive pooling chooses its windows so that a wanted size comes out.

        The first table shows what that saves. After 13×13 maps in 256 channels, a dense layer of
        4096 units has 177 million parameters; after global average pooling one million. (AlexNet
        itself pools once more before its first dense layer: it sees 6·6·256 = 9 216 numbers.)

        Pooling is often said to make a network invariant to shifts. That is said too simply. A
        maximum over 2×2 is unchanged only if the shift keeps the largest value within its window;
        and as windows move in steps of 2, a shift by one pixel changes which pixels share a
        window (R. Zhang, 2019). So the networks below become less sensitive, not insensitive:
        trained on images that all stand in the middle, they lose many points when these move by
        one pixel. What is invariant is the mean or maximum of a whole channel that was never
        pooled, as long as the figure stays inside: convolution moves its output with its input, and
        a mean does not ask where. It gives up where things are, and some accuracy for that.""",
        """プーリング層は、各チャネルの各窓を、その最大値または平均という一つの数で置き換える。重み
        はなく、チャネルが混ざることもない。大きさは畳み込みと同じ式 ⌊(H + 2P − F)/S⌋ + 1 に従
        う。AlexNet の 3×3、ストライド 2 の窓は重なり、55 を 27、13、6 にする。大域平均プーリングは
        チャネル全体の平均をとるので、画像の大きさを選ばない。適応プーリングは、望む大きさになるよ
        うに窓を選ぶ。

        最初の表は、それで何が節約できるかを示す。256 チャネルの 13×13 の特徴マップに 4096 ユニット
        の全結合層をつなぐと 1 億 7 千万個のパラメータになるが、大域平均プーリングの後なら百万個で
        済む。(AlexNet 自身は最初の全結合層の前にもう一度プーリングするので、入力は 6·6·256 = 9 216
        個である。)

        プーリングによってネットワークは位置ずれに対して不変になる、とよく言われるが、言いすぎであ
        る。2×2 の最大値が変わらないのは、最大の値が同じ窓にとどまるときだけである。しかも窓は 2 画
        素おきなので、1 画素ずれるとどの画素が同じ窓に入るかが変わる(R. Zhang, 2019)。だから下のネ
        ットワークは鈍感にはなるが、不変にはならない。中央に置かれた画像だけで学習したものは、1 画
        素ずらすだけで正解率を大きく失う。不変なのは、途中で一度もプーリングしていないチャネル全体
        の平均や最大値であり、それも図形が画像からはみ出さない限りである。畳み込みでは入力とともに
        出力が動き、平均や最大値は場所を問わないからである。代わりに、何がどこにあるかという情報を
        捨て、ここではその分の正解率も失う。""",
    ),
    work=work,
    formulas=(
        r"y_{c,i,j}=\max_{0\le k,l<F}x_{c,\,iS+k,\,jS+l}",
        r"H_{\mathrm{out}}=\left\lfloor\frac{H+2P-F}{S}\right\rfloor+1",
        r"y_c=\frac{1}{HW}\sum_{i,j}x_{c,i,j}",
    ),
    code=(MaxPool, network),
    data=("mnist",),
)
