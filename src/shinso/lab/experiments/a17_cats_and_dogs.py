"""Image in, 0 or 1 out: a network on flattened pixels against a convolutional one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shinso import models, nn, ops, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import images_and_classes
from shinso.lab.text import Text
from shinso.train import Accuracy, Trainer
from shinso.viz.bars import bars
from shinso.viz.curves import curves
from shinso.viz.images import image_grid
from shinso.viz.picture import Picture
from shinso.viz.style import say

Part = tuple[Array, Array]
FRAME = 16
"""Side of the frame in which the quick form's digits stand somewhere."""
PLACES = 5
"""In how many places each digit stands."""


@dataclass(frozen=True)
class Task:
    """Two classes of images (n, c, h, w), centred on 0, with targets (n, 1) of 0 and 1.

    names: of the two classes. widths: channels of the CNN. epochs, seeds: the budget, the same for
    every model.
    """

    train: Part
    test: Part
    names: tuple[str, str]
    widths: tuple[int, ...]
    epochs: int
    seeds: int


@dataclass
class Found:
    """Of one model, over the seeds: parameters, test accuracies at the end, those of
    the training images, and curves of the former."""

    parameters: int = 0
    last: list[float] = field(default_factory=list)
    fitted: list[float] = field(default_factory=list)
    curves: list[list[float]] = field(default_factory=list)
    probability: Array | None = None

    @property
    def mean(self) -> float:
        """The mean test accuracy, in per cent."""
        return float(np.mean(self.last))


def two_of(part: Part, zero: int, one: int) -> Part:
    """The examples of two classes only; the targets are 0 and 1, float32 (n, 1)."""
    x, t = part
    chosen = np.isin(t, (zero, one))
    return x[chosen], (t[chosen] == one).astype(np.float32)[:, np.newaxis]


def somewhere(x: Array, side: int, rng: np.random.Generator) -> Array:
    """Each image at a random place in an empty frame, (n, c, side, side)."""
    n, c, h, w = x.shape
    framed = np.zeros((n, c, side, side), x.dtype)
    for i, (down, right) in enumerate(rng.integers(0, (side - h + 1, side - w + 1), (n, 2))):
        framed[i, :, down : down + h, right : right + w] = x[i]
    return framed


def digits_task(settings: Settings) -> Task:
    """3 or 8, somewhere in a larger frame."""
    rng = np.random.default_rng(settings.seed)
    train, test = images_and_classes(settings)
    parts = []
    for part in (train, test):
        x, t = (np.repeat(v, PLACES, axis=0) for v in two_of(part, 3, 8))
        parts.append((somewhere(x, FRAME, rng) - np.float32(0.1), t))
    return Task(parts[0], parts[1], ("3", "8"), (8, 16), 20, 3)


def animals_task(settings: Settings) -> Task:
    """CIFAR-10's cats (0) and dogs (1): 10 000 to learn from, 2 000 to test on."""
    train, test = images_and_classes(settings, "cifar10")
    parts = []
    for part in (train, test):
        x, t = two_of(part, 3, 5)
        parts.append(((x - np.float32(0.47)) / np.float32(0.25), t))
    names = (say("cat", "猫"), say("dog", "犬"))
    return Task(parts[0], parts[1], names, (16, 32, 64), 12, 2)


def cnn(channels: int, side: int, widths: tuple[int, ...]) -> nn.Module:
    """Per width: 3×3 convolution, ReLU, 2×2 maximum; then 64 ReLUs and one output."""
    layers: list[nn.Module] = []
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels, side = width, side // 2
    features = channels * side * side
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 1)
    )


def competitors(task: Task) -> dict[str, nn.Module]:
    """The models, new: one output each, the logit of class 1."""
    channels, side = task.train[0].shape[1:3]
    pixels = channels * side * side
    convolutional = cnn(channels, side, task.widths)
    hidden = round(size_of(convolutional) / (pixels + 2))
    return {
        "mlp": models.MLP(pixels, (hidden,), 1),
        "wide": models.MLP(pixels, (8 * hidden, 64), 1),
        "cnn": convolutional,
    }


def size_of(model: nn.Module) -> int:
    """The number of parameters."""
    return sum(p.size for p in model.parameters())


def learn(model: nn.Module, task: Task, seed: int) -> Trainer:
    """Adam, batches of 64, for the epochs of the task."""
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    # A logit above 0 is a probability above one half.
    trainer = Trainer(model, nn.BCEWithLogitsLoss(), optimizer, metrics=[Accuracy(threshold=0)],
                      seed=seed, progress=False)  # fmt: skip
    trainer.fit(task.train, epochs=task.epochs, validation=task.test, batch_size=64)
    return trainer


def work(settings: Settings) -> Outcome:
    """Train all models with every seed, and compare their test accuracies."""
    task = digits_task(settings) if settings.fast else animals_task(settings)
    found: dict[str, Found] = {}
    for seed in range(settings.seed, settings.seed + task.seeds):
        ops.manual_seed(seed)
        for name, model in competitors(task).items():
            settings.say(f"{name}, seed {seed}", (seed - settings.seed) / task.seeds)
            _note(found.setdefault(name, Found()), learn(model, task, seed), task)
    return Outcome(
        _verdicts(found, task),
        [_table(found)],
        [
            Figure("accuracy", accuracy_picture(found), _CAPTIONS["accuracy"]),
            Figure("curves", curves_picture(found), _CAPTIONS["curves"]),
            Figure("answers", answers_picture(found["cnn"], task), _CAPTIONS["answers"]),
        ],
        [] if not settings.fast else [_QUICK],
    )


def _note(found: Found, trainer: Trainer, task: Task) -> None:
    accuracies = [100 * a for a in trainer.history.history["val_accuracy"]]
    found.parameters = size_of(trainer.model)
    found.last.append(accuracies[-1])
    found.fitted.append(100 * trainer.evaluate(task.train, batch_size=256)["accuracy"])
    found.curves.append(accuracies)
    if found.probability is None:
        found.probability = np.asarray(ops.sigmoid(trainer.predict(task.test[0])).data)[:, 0]


def _verdicts(found: dict[str, Found], task: Task) -> list[Verdict]:
    least = min(a - b for a, b in zip(found["cnn"].last, found["wide"].last, strict=True))
    half = 100 * max(float(task.test[1].mean()), 1 - float(task.test[1].mean()))
    return [
        Verdict(_SAME, found["cnn"].mean, found["mlp"].mean, relation=">", unit="%"),
        Verdict(_WIDE, found["cnn"].mean, found["wide"].mean, relation=">", unit="%"),
        Verdict(_EVERY, least, 0.0, relation=">", unit="%"),
        Verdict(_LEARNS, found["mlp"].mean, half, relation=">", unit="%"),
    ]


def _table(found: dict[str, Found]) -> Table:
    rows = [
        (
            TITLES[name],
            f"{f.parameters:,}",
            f"{np.mean(f.fitted):.1f} %",
            f"{f.mean:.1f} %",
            ", ".join(f"{a:.1f}" for a in f.last),
        )
        for name, f in found.items()
    ]
    columns = (
        Text("model", "モデル"),
        Text("parameters", "パラメータ数"),
        Text("training images", "学習画像の正解率"),
        Text("test accuracy", "テスト正解率"),
        Text("of each seed (%)", "乱数の種ごと(%)"),
    )
    return Table(columns, rows, _BUDGET)


def _named(name: str) -> str:
    return say(TITLES[name].en, TITLES[name].ja)


def accuracy_picture(found: dict[str, Found]) -> Picture:
    """The test accuracies side by side; lines are standard deviations over the seeds."""
    values = {_named(name): f.mean for name, f in found.items()}
    spread = {_named(name): float(np.std(f.last)) for name, f in found.items()}
    return bars(values, xlabel=say("test accuracy (%)", "テスト正解率(%)"), spread=spread)


def curves_picture(found: dict[str, Found]) -> Picture:
    """Test accuracy after every epoch, the mean over the seeds."""
    lines = {_named(name): np.mean(f.curves, axis=0) for name, f in found.items()}
    epochs = np.arange(1, len(next(iter(lines.values()))) + 1)
    ylabel = say("test accuracy (%)", "テスト正解率(%)")
    picture = curves(lines, epochs, xlabel=say("epoch", "エポック"), ylabel=ylabel)
    picture.axes[0].locator_params(axis="x", integer=True)
    return picture


def answers_picture(found: Found, task: Task, count: int = 18) -> Picture:
    """Test images with what the CNN says of them; a cross marks a wrong answer."""
    assert found.probability is not None
    x, t = task.test[0][:: len(task.test[0]) // count][:count], task.test[1][:, 0]
    p, t = (v[:: len(task.test[0]) // count][:count] for v in (found.probability, t))
    heads = [
        f"{task.names[int(a > 0.5)]}: {100 * max(a, 1 - a):.0f} %{'' if (a > 0.5) == b else ' ✗'}"
        for a, b in zip(p, t, strict=True)
    ]
    return image_grid((x - x.min()) / (x.max() - x.min()), columns=6, titles=heads)


TITLES = {
    "mlp": Text("MLP, about as many parameters", "MLP(同程度のパラメータ数)"),
    "wide": Text("MLP, 8 times as wide", "MLP(幅 8 倍)"),
    "cnn": Text("CNN", "CNN"),
}
_SAME = Text(
    "test accuracy of the CNN, against an MLP with about as many parameters",
    "CNN のテスト正解率。パラメータ数が同程度の MLP との比較",
)
_WIDE = Text("and against an MLP 8 times as wide", "幅 8 倍の MLP との比較")
_EVERY = Text(
    "the CNN's lead over the wide MLP, the least of all seeds",
    "幅 8 倍の MLP に対する差。全乱数の種のうち最小",
)
_LEARNS = Text(
    "the MLP has learned, too: its accuracy against always the same answer",
    "MLP も学習はしている。つねに同じ答えとの比較",
)
_BUDGET = Text(
    "The same images, epochs, batches of 64, and Adam for all.",
    "画像、エポック数、バッチ(64)、Adam はすべて同じ。",
)
_QUICK = Text(
    "The quick form: no cats and dogs but bundled 8×8 digits, 3 or 8, in random places of a frame "
    f"of {FRAME}×{FRAME}. The full form takes CIFAR-10's cats and dogs.",
    f"短縮版では犬猫ではなく、付属の 8×8 の数字 3 と 8 を {FRAME}×{FRAME} の枠の任意の位置に置いた"
    "ものを使う。完全版は CIFAR-10 の犬と猫を使う。",
)
_CAPTIONS = {
    "accuracy": Text(
        "Test accuracy after the same budget; lines are standard deviations over the seeds.",
        "同じ予算で学習した後のテスト正解率。線は乱数の種による標準偏差。",
    ),
    "curves": Text(
        "Test accuracy after every epoch, the mean over the seeds.",
        "エポックごとのテスト正解率。乱数の種についての平均。",
    ),
    "answers": Text(
        "Images of the test with the CNN's answer and how sure it is; ✗ marks mistakes.",
        "テスト画像と、CNN の答えおよび確信度。✗ は誤り。",
    ),
}

EXPERIMENT = Experiment(
    name="a17-cats-and-dogs",
    rows=("A17",),
    title=Text("Cats and dogs", "犬と猫"),
    question=Text(
        "An image goes in, 0 or 1 comes out. Is a convolutional network better at that than a "
        "fully connected one that gets the same pixels?",
        "画像を入れると 0 か 1 が出る。同じ画素を受け取る全結合のネットワークより、"
        "畳み込みニューラルネットワークのほうが優れているのか。",
    ),
    claim=Text(
        "With the same budget the CNN wins, also against an MLP with many more parameters.",
        "同じ予算なら CNN が勝つ。パラメータのずっと多い MLP と比べても勝つ。",
    ),
    text=Text(
        """An MLP takes the image as one long row of pixels. Nobody tells it that two pixels are
        neighbours: shuffle all pixels in the same way, and it learns just as well. What it finds
        out about an ear at the upper left it does not know about an ear at the lower right.

        A convolution looks at a few neighbours with the same weights everywhere. So it needs few
        weights, and what it learns in one place holds in all. Pooling then makes it matter less
        where something stands.

        For two classes one output is enough: the logit z, with the probability sigmoid(z) of class
        1 and binary cross-entropy as loss. Two outputs with softmax would do the same.

        Look at the table. On cats and dogs the wide MLP fits its training images far better
        than the small one, and is hardly better on others. The budget is the same for all: images,
        epochs, batches, optimizer. Nothing was tuned for either side.""",
        """MLP は画像を一列の長い画素の並びとして受け取る。どの画素が隣り合うかは知らされない。すべ
        ての画素を同じやり方で並べ替えても、同じように学習する。左上の耳について学んだことを、右下の
        耳には使えない。

        畳み込みは、少数の隣り合う画素を、どこでも同じ重みで見る。だから重みが少なくて済み、ある場所
        で学んだことがどこでも通用する。プーリングは、それがどこにあるかの影響をさらに小さくする。

        2 クラスなら出力は一つでよい。ロジット z を出し、クラス 1 の確率を sigmoid(z)、損失を二値交
        差エントロピー誤差とする。出力二つとソフトマックス関数でも同じことになる。

        表を見てほしい。犬と猫では、幅の広い MLP は小さい MLP よりずっとよく学習画像に合うが、ほかの
        画像ではほとんど変わらない。画像、エポック数、バッチ、最適化手法という予算はすべて同じで、ど
        ちらかに合わせた調整はしていない。""",
    ),
    work=work,
    formulas=(
        r"p=\sigma(z),\qquad L=-t\log p-(1-t)\log(1-p),\qquad t\in\{0,1\}",
        r"y_{c,i,j}=b_c+\sum_{k,u,v}w_{c,k,u,v}\,x_{k,\,i+u,\,j+v}",
    ),
    code=(cnn, learn),
    data=("cifar10",),
)
