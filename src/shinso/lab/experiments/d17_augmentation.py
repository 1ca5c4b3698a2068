"""Cutout, random erasing, mixup and CutMix on few training images."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import data, nn
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import Plan, error, few, learn, pictures
from shinso.lab.samples import Part, images_and_classes
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.viz.bars import bars
from shinso.viz.images import image_grid
from shinso.viz.picture import Picture
from shinso.viz.style import say

SHOWN = 10
"""Images in the picture of batches, one of each class."""


FAST = Plan(200, 40, 12, 5)
FULL = Plan(2000, 20, 32, 3)


def methods(side: int) -> dict[str, dict[str, Any]]:
    """Options of the Trainer. Cutout's square has half the side of the image, as in its paper."""
    return {
        "none": {},
        "cutout": {"transform": data.Cutout(side // 2)},
        "random erasing": {"transform": data.RandomErasing(0.5)},
        "mixup": {"batch_transform": data.Mixup(1.0, 10)},
        "cutmix": {"batch_transform": data.CutMix(1.0, 10, p=0.5)},
    }


def small_net(in_channels: int, width: int, side: int) -> nn.Sequential:
    """Two convolutions with batch normalization and pooling, and a dense layer."""
    layers: list[nn.Module] = []
    channels = in_channels
    for out in (width, 2 * width):
        layers += [
            nn.Conv2d(channels, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        channels, side = out, side // 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side**2, 10))


def train_one(
    options: dict[str, Any], plan: Plan, train: Part, test: Part, seed: int
) -> tuple[float, float]:
    """Training and test error in % after training on few images with one method."""
    some = few(train, plan.images, seed)
    manual_seed(seed)
    model = small_net(some[0].shape[1], plan.width, some[0].shape[2])
    trainer = learn(model, some, epochs=plan.epochs, batch_size=32, seed=seed, **options)
    return error(trainer, some), error(trainer, test)


def work(settings: Settings) -> Outcome:
    """Train with each method and each seed; show what the methods do to a batch."""
    outcome = Outcome()
    if settings.wants("pictures"):
        outcome.figures.append(Figure("batches", _batches(settings), _BATCHES))
    if settings.wants("training"):
        _training(settings, outcome)
    return outcome


def _training(settings: Settings, outcome: Outcome) -> None:
    plan = FAST if settings.fast else FULL
    train, test = pictures(settings)
    each = methods(train[0].shape[2])
    seeds = range(settings.seed, settings.seed + plan.seeds)
    found = {
        name: [train_one(each[name], plan, train, test, seed) for seed in seeds]
        for name in settings.track(each)
    }
    tests = {name: np.array([e for _, e in errors]) for name, errors in found.items()}
    for name in list(each)[1:]:
        claim = Text(
            f"{name}: test error minus that without, in points, mean of {plan.seeds} seeds",
            f"{name}:テスト誤り率 − 何もしない場合(ポイント、{plan.seeds} 個の種の平均)",
        )
        outcome.verdicts.append(
            Verdict(claim, float((tests[name] - tests["none"]).mean()), 0.0, 0.0, "<")
        )
    rows = [
        (_NAMES[name], f"{np.mean([e for e, _ in errors]):.1f} %",
         ", ".join(f"{e:.1f}" for e in tests[name]),
         f"{tests[name].mean():.2f} ± {tests[name].std(ddof=1):.2f} %",
         _difference(tests[name] - tests["none"]) if name != "none" else "")
        for name, errors in found.items()
    ]  # fmt: skip
    columns = (
        Text("method", "手法"),
        Text("training error", "訓練誤り率"),
        Text("test errors (%) by seed", "テスト誤り率(%)、種ごと"),
        Text("mean ± deviation", "平均 ± 標準偏差"),
        Text("difference ± standard error", "差 ± 標準誤差"),
    )
    caption = Text(f"{plan.images} training images, {plan.epochs} epochs.",
                   f"訓練画像 {plan.images} 枚、{plan.epochs} エポック。")  # fmt: skip
    outcome.tables.append(Table(columns, rows, caption))
    picture = bars(
        {_name(n): float(e.mean()) for n, e in tests.items()},
        xlabel=say("test error (%)", "テスト誤り率(%)"),
        spread={_name(n): float(e.std(ddof=1)) for n, e in tests.items()},
    )
    outcome.figures.append(Figure("errors", picture, _ERRORS))


def _difference(each: Array) -> str:
    """Mean of differences between runs of the same seed, and its standard error."""
    return f"{each.mean():+.2f} ± {each.std(ddof=1) / np.sqrt(len(each)):.2f}".replace("-", "−")


def _name(method: str) -> str:
    return say(_NAMES[method].en, _NAMES[method].ja)


def _batches(settings: Settings) -> Picture:
    """The same images as every method changes them."""
    (x, t), _ = images_and_classes(settings, "cifar10")
    x, t = few((x, t), SHOWN, settings.seed)
    rows, titles = [], []
    for name, options in methods(x.shape[2]).items():
        rng = np.random.default_rng(settings.seed + 3)
        if "transform" in options:
            rows.append(options["transform"](x, rng))
        elif "batch_transform" in options:
            rows.append(_mixed(options["batch_transform"], x, t, rng))
        else:
            rows.append(x)
        titles += [_name(name)] + [""] * (len(x) - 1)
    images = np.concatenate(rows)
    return image_grid(images, columns=len(x), titles=titles)


def _mixed(transform: Any, x: Any, t: Any, rng: np.random.Generator) -> Any:
    # A batch that is mixed for certain, and each image by a share of its own, to see more.
    kind = type(transform)
    mixed: Any = kind(transform.alpha, 10, per_image=True)(x, t, rng)[0]
    return mixed


_NAMES = {
    "none": Text("none", "なし"),
    "cutout": Text("Cutout", "Cutout"),
    "random erasing": Text("random erasing", "Random Erasing"),
    "mixup": Text("mixup", "mixup"),
    "cutmix": Text("CutMix", "CutMix"),
}
_BATCHES = Text(
    "A training image of each class, and what each method makes of it.",
    "各クラスの訓練画像 1 枚と、それに各手法を施したもの。",
)
_ERRORS = Text(
    "Test error by method, mean and deviation over the seeds.",
    "手法ごとのテスト誤り率。乱数の種についての平均と標準偏差。",
)

EXPERIMENT = Experiment(
    name="d17-augmentation",
    rows=("D17",),
    title=Text("Cutout, random erasing, mixup, CutMix", "Cutout・Random Erasing・mixup・CutMix"),
    question=Text(
        "With few training images, does it help to damage or mix them?",
        "訓練画像が少ないとき、画像を壊したり混ぜたりすると役に立つのか。",
    ),
    claim=Text(
        "On a small training set each of these methods lowers the test error.",
        "小さな訓練データでは、これらの手法はいずれもテスト誤り率を下げる。",
    ),
    text=Text(
        """Cutout blanks a square of each image, random erasing a rectangle of any shape in some of
        them: the network must not rely on one feature. Mixup lays two images over each other and
        mixes their targets in the same shares: between two classes it learns to be unsure. CutMix
        pastes a piece of one image into another and mixes targets by area. All of them change
        training batches only. Cutout's square may hang over the edge, on purpose: every pixel is
        equally likely to be its middle, so that some images stay nearly whole.

        The test error is measured over several seeds, which draw the images, the first weights and
        the damage. With one seed all methods start from the same images and weights, so differences
        are taken seed by seed; the table's last column has their mean and its standard error. A
        difference that is not at least twice that says little, whichever way the verdict goes.

        A batch that was mixed has shares of classes as targets, and its accuracy means little: the
        training errors in the table are of the clean images.

        These methods are meant for photographs of 32 pixels and more. In a digit of 8×8 a square of
        half the side can hide what makes a 3 of an 8, and cutting digits together gives something
        that is no digit; if a method fails there, that is why. The full form takes 2 000 images of
        CIFAR-10.""",
        """Cutout は各画像の正方形を塗りつぶし、Random Erasing は一部の画像で任意の形の長方形を塗
        りつぶす。ネットワークを一つの特徴に頼らせないためである。mixup は二枚の画像を重ね、正解ラ
        ベルも同じ割合で混ぜる。二つのクラスの間では自信をもたないことを学ぶ。CutMix は画像の一部
        を別の画像に貼り、正解ラベルを面積の割合で混ぜる。どれも学習用のミニバッチだけを変え
        る。Cutout の正方形は端からはみ出してもよい。中心はどの画素にも等しい確率で来るので、ほと
        んど無傷の画像も残る。これはわざとである。

        テスト誤り率はいくつかの乱数の種で測る。種によって、訓練画像も初期値も壊し方も変わる。同じ
        種ではどの手法も同じ画像と初期値から始まるので、差は種ごとにとる。表の最後の列はその平均と
        標準誤差である。標準誤差の 2 倍に満たない差は、判定がどちらであってもほとんど意味がない。

        混ぜたミニバッチの正解ラベルはクラスの割合なので、その正解率にはあまり意味がない。表の訓練
        誤り率は、元の画像について測ったものである。

        これらの手法は 32 画素以上の写真のためのものである。8×8 の数字では、一辺の半分の正方形が 3
        と 8 の違いを隠してしまうことがあり、数字を切り貼りすると数字でないものになる。そこで失敗
        する手法があれば、それが理由である。完全版では CIFAR-10 の 2000 枚を使う。""",
    ),
    work=work,
    formulas=(
        r"\tilde x=\lambda x_i+(1-\lambda)x_j,\quad \tilde t=\lambda t_i+(1-\lambda)t_j,"
        r"\quad\lambda\sim\mathrm{Beta}(\alpha,\alpha)",
        r"\tilde x=M\odot x_i+(1-M)\odot x_j,\quad \lambda=\mathrm{mean}(M)",
    ),
    code=(data.Cutout.__call__, data.Mixup.__call__, data.CutMix.__call__, methods),
    parts=("pictures", "training"),
    data=("cifar10",),
)
