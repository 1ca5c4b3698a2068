"""LeNet-5: its sizes, its 61 706 parameters, what it learns."""

from __future__ import annotations

import math

import numpy as np

from shinso import models, nn, optim
from shinso.cell import Array
from shinso.data import Pad, Resize
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.models import LeNet5
from shinso.ops.random import manual_seed
from shinso.train import History, Trainer
from shinso.viz.architecture import architecture
from shinso.viz.filters import feature_maps, filters
from shinso.viz.inside import activations
from shinso.viz.results import learning_curves

EPOCHS, BATCH = {True: 12, False: 4}, 50
"""By whether the form is the quick one."""
SIZES = ((32, 32, 3), (28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16), (120,), (84,), (10,))
"""As textbooks write them: height × width × channels."""
PUBLISHED_ERROR = 0.95
"""Percent on MNIST without distortions; LeCun et al. 1998."""


def sizes_of(model: nn.Module, x: Array) -> list[tuple[int, ...]]:
    """The different sizes that an image goes through, seen by running it: (H, W, C) or (units,).

    Activations keep sizes, so they add nothing; flattening only writes the same numbers in a row.
    """
    found = [_turned(x.shape)]
    for name, y in activations(model, x).items():
        size = _turned(y.shape)
        if size != found[-1] and not isinstance(model.get_submodule(name), nn.Flatten):
            found.append(size)
    return found


def _turned(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels last, without the batch."""
    return (*shape[2:], shape[1])


def in_32(images: Array) -> Array:
    """8×8 images made larger, 28×28 ones with a border of 2."""
    return Resize((32, 32))(images) if images.shape[-1] == 8 else Pad(2)(images)


def train_lenet(train: Part, test: Part, epochs: int, seed: int) -> tuple[LeNet5, History]:
    """The model as it is; Adam, with one cycle of its rate."""
    manual_seed(seed)
    model = models.LeNet5()
    optimizer = optim.Adam(model.parameters())
    steps = epochs * -(-len(train[0]) // BATCH)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), optimizer, metrics=["accuracy"], seed=seed, progress=False,
        schedule=optim.OneCycleLR(optimizer, 5e-3, steps), schedule_every="step",
    )  # fmt: skip
    return model, trainer.fit(train, epochs=epochs, validation=test, batch_size=BATCH)


def work(settings: Settings) -> Outcome:
    """Run images through it, count, train it, and look inside."""
    colour, grey = models.LeNet5(in_channels=3), models.LeNet5()
    sizes = sizes_of(colour, np.zeros((1, 3, 32, 32), np.float32))
    count = sum(p.data.size for p in grey.parameters())
    settings.say("training", 0.1)
    train, test = ((in_32(x), t) for x, t in images_and_classes(settings))
    model, history = train_lenet(train, test, EPOCHS[settings.fast], settings.seed)
    error = 100 * (1 - history.records[-1]["val_accuracy"])
    image = test[0][:1]
    return Outcome(
        [*_verdicts(sizes, count), _error_verdict(settings.fast, error)],
        [_table(grey)],
        [
            Figure("architecture", architecture(grey, (1, 1, 32, 32)), _ARCHITECTURE),
            Figure("curves", learning_curves(history, metrics=["loss", "accuracy"]), _CURVES),
            Figure("filters", filters(model.features[0]), _FILTERS),
            Figure("maps-1", feature_maps(model, image, "features.1"), _MAPS),
            Figure("maps-2", feature_maps(model, image, "features.4"), _MAPS_2),
        ],
        [_NOTE],
    )


_ARCHITECTURE = Text(
    "LeNet-5 with one input channel: layers, the sizes of their outputs, their parameters.",
    "入力 1 チャネルの LeNet-5。層、出力の大きさ、パラメータ数。",
)
_CURVES = Text(
    "Training, and the test images after each epoch.",
    "学習の経過。各エポック後のテスト画像での値も示す。",
)
_FILTERS = Text(
    "The six kernels of the first layer after training: red positive, blue negative.",
    "学習後の第 1 層のカーネル 6 枚。赤は正、青は負。",
)
_MAPS = Text(
    "The six feature maps of the first layer for one test image: each answers to other strokes.",
    "一枚のテスト画像に対する第 1 層の特徴マップ 6 枚。それぞれ異なる線に応答する。",
)
_MAPS_2 = Text(
    "The sixteen maps of the second convolution, 10×10: smaller, and sparser.",
    "二つ目の畳み込みの特徴マップ 16 枚(10×10)。小さく、まばらになる。",
)
_NOTE = Text(
    "The network of the paper differs in details: each map of the second convolution sees only "
    "some "
    "of the six below it (1 516 instead of 2 416 parameters), pooling has a weight and a bias for "
    "each map, and the output is a distance to drawn patterns (RBF). Today's textbook form, which "
    "is "
    "shown here, has 61 706 parameters.",
    "論文のネットワークとは細部が異なる。"
    "論文では、二つ目の畳み込みの各マップは下の 6 枚の一部だけを見て"
    "(パラメータは 2 416 でなく 1 516)、プーリングにもマップごとに重みとバイアスがあり、出力は図案"
    "との距離(RBF)である。"
    "ここで示した現在の教科書の形では 61 706 個である。",
)


def _verdicts(sizes: list[tuple[int, ...]], count: int) -> list[Verdict]:
    right = sum(a == b for a, b in zip(sizes, SIZES, strict=False))
    return [
        Verdict(Text("sizes that are as in the textbook, of eight, seen by running an image",
                     "画像を通して調べた大きさのうち、教科書どおりのもの(八つのうち)"),
                right if len(sizes) == len(SIZES) else math.nan, 8, 0.0, "="),
        Verdict(Text("parameters with one input channel", "パラメータ数(入力 1 チャネル)"),
                count, 61706, 0.0, "="),
    ]  # fmt: skip


def _error_verdict(fast: bool, error: float) -> Verdict:
    if fast:
        claim = Text("test error on the bundled digits, made larger",
                     "同梱の数字(拡大したもの)でのテスト誤り率")  # fmt: skip
        return Verdict(claim, error, 3.0, 0.0, "≤", "%")
    claim = Text("test error on MNIST; 0.95 % are published for about 20 epochs, these are four",
                 "MNIST でのテスト誤り率。"
                 "公表値 0.95 % は約 20 エポック、ここでは 4 エポック")  # fmt: skip
    return Verdict(claim, error, PUBLISHED_ERROR, 0.5, "≤", "%")


def _table(model: LeNet5) -> Table:
    """How the parameters of each layer come about."""
    rows: list[tuple[Text | str, ...]] = []
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            *inner, units = (*layer.weight.shape[1:], layer.weight.shape[0])
            product = "·".join(map(str, inner))
            number = sum(p.data.size for p in layer.parameters())
            rows.append((name, type(layer).__name__, f"({product} + 1)·{units}", f"{number:,}"))
    total = sum(p.data.size for p in model.parameters())
    rows.append((Text("in all", "合計"), "", "", f"{total:,}"))
    columns = (Text("layer", "層"), Text("kind", "種類"),
               Text("(inputs + 1)·units", "(入力 + 1)·ユニット"), Text("parameters",
                                                                 "パラメータ数"))  # fmt: skip
    return Table(columns, rows)


EXPERIMENT = Experiment(
    name="d6-lenet",
    rows=("D6",),
    title=Text("LeNet", "LeNet"),
    question=Text(
        "The network that read cheques in the 1990s: what are its sizes, and how good is it?",
        "1990 年代に小切手を読んだネットワーク。各層の大きさはいくつで、どれほどの精度か。",
    ),
    claim=Text(
        "32×32×3 → 28×28×6 → 14×14×6 → 10×10×16 → 5×5×16 → 120 → 84 → 10; with one channel, 61 706 "
        "parameters.",
        "32×32×3 → 28×28×6 → 14×14×6 → 10×10×16 → 5×5×16 → 120 → 84 → 10。"
        "1 チャネルなら 61 706 パラメータ。",
    ),
    text=Text(
        """LeNet-5 (LeCun and colleagues, 1998) set the pattern for twenty years: convolutions that
        share their weights, pooling between them, maps that get smaller and more numerous, dense
        layers at the end. Each size follows from ⌊(H + 2P − F)/S⌋ + 1: a 5×5 kernel without border
        makes 28 of 32, pooling 2×2 makes 14 of 28, and so on. Without the + 1 nothing fits.

        Follow the parameters in the table. A kernel has F·F·C weights and one bias, however large
        the image. So the two convolutions have 2 572 parameters together, and the first dense
        layer alone 48 120: most of the weights do the least of the looking. With three input
        channels the first layer has 456 instead of 156, 62 006 in all; both numbers are found in
        books, and they mean different networks.

        MNIST's images are 28×28; they get a border of 2, so that strokes near the edge can stand in
        the middle of a kernel. The first kernels become small detectors of edges and strokes. In
        the feature maps one sees the same digit again and again, with other strokes lit; a map that
        stays dark does not answer to this digit, or its unit has died.""",
        """LeNet-5(LeCun ら 1998)は、その後二十年の型をつくった。重みを共有する畳み込み、その間の
        プーリング、次第に小さく数の増える特徴マップ、最後に全結合層である。各層の大きさは ⌊(H + 2P
        − F)/S⌋ + 1 から決まる。パディングなしの 5×5 のカーネルは 32 を 28 に、2×2 のプーリングは
        28 を 14 にする。+ 1 を落とせば何も合わない。

        表でパラメータを追ってほしい。カーネルは画像の大きさによらず F·F·C 個の重みと一つのバイアス
        をもつ。二つの畳み込みは合わせて 2 572 個なのに、最初の全結合層だけで 48 120 個ある。重みの
        大半は、見ることにはほとんど使われていない。入力が 3 チャネルなら第 1 層は 156 でなく 456
        個、全体で 62 006 個になる。どちらの数も本に現れるが、別のネットワークのものである。

        MNIST の画像は 28×28 なので、幅 2 の縁を付ける。端に近い線もカーネルの中央に来られるように
        するためである。第 1 層のカーネルは、エッジや線の小さな検出器になる。特徴マップには同じ数字
        が繰り返しあらわれ、それぞれ違う線が光る。暗いままのマップは、この数字に応答しないか、ユニ
        ットが死んでいる。""",
    ),
    work=work,
    formulas=(
        r"\left\lfloor\frac{32-5}{1}\right\rfloor+1=28,\quad"
        r"\left\lfloor\frac{28-2}{2}\right\rfloor+1=14,\quad 14-5+1=10,\quad 10/2=5",
        r"156+2416+48120+10164+850=61706",
    ),
    code=(LeNet5, sizes_of, train_lenet),
    data=("mnist",),
)
