"""What generative models of digits imagine, and what autoencoders make of damaged digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shinso.cell import Array
from shinso.classical import (
    RBM,
    DBMClassifier,
    DBNClassifier,
    ELMAutoEncoder,
    ELMClassifier,
    StackedDenoisingAutoEncoder,
)
from shinso.classical.recipes import MNIST
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import rows_and_classes
from shinso.lab.text import Text
from shinso.train.png import encode_png

SHOWN = 10
STEPS = 2000
"""Gibbs steps of a sample."""

_RECOGNIZED = Text(
    "a classifier names the class that was asked for",
    "求めたクラスを分類器が言い当てる割合",
)
_DIGITS = Text(
    "samples that a classifier takes for a digit, not for shuffled pixels",
    "分類器が、ばらばらの画素ではなく数字とみなす標本の割合",
)
_LESS = Text("squared error is so many times less after denoising", "雑音除去で二乗誤差が減る倍率")
_KEPT = Text("variance of the pixels that is reconstructed", "復元される画素の分散の割合")
_CAPTIONS = {
    "rbm": Text("Drawn by an RBM, 2 000 Gibbs steps from noise.",
                "RBM が描いた数字。乱数から 2 000 ステップのギブスサンプリング。"),
    "dbn": Text("Drawn by a DBN that was asked for 0 to 9, ten of each.",
                "DBN に 0 から 9 を 10 個ずつ求めて描かせた数字。"),
    "dbm": Text("Drawn by a DBM, 2 000 Gibbs steps from noise.",
                "DBM が描いた数字。乱数から 2 000 ステップ。"),
    "sdae": Text("Rows of three: a test digit, half its pixels set to 0, what the denoising "
                 "autoencoder makes of that.",
                 "三段ずつ:テスト画像、画素の半分を 0 にしたもの、雑音除去自己符号化器の出力。"),
    "elm-ae": Text("Rows of two: a test digit, and its reconstruction by an ELM autoencoder.",
                   "二段ずつ:テスト画像と、ELM 自己符号化器による復元。"),
}  # fmt: skip


@dataclass(frozen=True)
class Digits:
    """Rows of pixels with classes, and rows to test. drawn: what the Boltzmann machines learn,
    which are models of ones and zeros; judge: see `judge_of`; fast: which form this is."""

    x: Array
    y: Array
    test: Array
    drawn: Array
    judge: ELMClassifier
    fast: bool


Part = tuple[Array, Text, float, float, str]


def shuffled(rows: Array, seed: int) -> Array:
    """Each pixel from an image of its own: the same pixels, column by column, but no strokes."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.permuted(rows, axis=0))


def judge_of(x: Array, y: Array, units: int) -> ELMClassifier:
    """A classifier of ten digits, and of shuffled pixels as an eleventh class."""
    rows = np.concatenate([x, shuffled(x, 0)])
    classes = np.concatenate([y, np.full(len(x), SHOWN)])
    return ELMClassifier(units, activation="sigmoid", random_state=0).fit(rows, classes)


def work(settings: Settings) -> Outcome:
    """Train each model, draw a hundred samples or rows of before and after, and judge them.

    The judge is an ELM that never saw anything but the training images.
    """
    (x, y), (test, _) = rows_and_classes(settings)
    # Of 8×8 pixels many are grey; as probabilities of 0 and 1 they would be mostly noise.
    drawn = (x > 0.5).astype(x.dtype) if settings.fast else x
    judge = judge_of(drawn, y, 500 if settings.fast else 2000)
    digits = Digits(x, y, test, drawn, judge, settings.fast)
    outcome = Outcome(tables=[_control(digits)])
    for name in settings.track(settings.only or tuple(_PARTS)):
        pixels, measure, found, wanted, unit = _PARTS[name](digits)
        claim = Text(f"{name}: {measure.en}", f"{name}: {measure.ja}")
        outcome.verdicts.append(Verdict(claim, found, wanted, unit=unit))
        outcome.figures.append(Figure(name, encode_png(pixels), _CAPTIONS[name]))
    return outcome


def _control(d: Digits) -> Table:
    """What the judge says of real test digits and of shuffled ones."""
    real = (d.test > 0.5).astype(d.test.dtype) if d.fast else d.test
    rows = [
        (name, f"{_taken_for_digits(d.judge, images):.1f} %")
        for name, images in (
            (Text("test digits", "テスト画像"), real),
            (Text("their pixels shuffled", "画素をばらばらにしたもの"), shuffled(real, 1)),
        )
    ]
    columns = (
        Text("images", "画像"),
        Text("taken for a digit", "数字とみなされた割合"),
    )
    return Table(columns, rows, Text("The judge itself.", "判定役そのものの成績。"))


def _rbm(d: Digits) -> Part:
    hidden, batch, epochs = (100, 10, 60) if d.fast else (500, 100, 15)
    model = RBM(hidden, algorithm="pcd", learning_rate=0.05, batch_size=batch, n_iter=epochs,
                random_state=0)  # fmt: skip
    samples = model.fit(d.drawn).sample(SHOWN**2, STEPS, random_state=1)
    return _grid(samples), _DIGITS, _taken_for_digits(d.judge, samples), 80, "%"


def _dbn(d: Digits) -> Part:
    # The generator is what pretraining found.
    arguments = {**MNIST["dbn"].arguments, "max_iter": 0}
    if d.fast:
        arguments |= {"hidden_layer_sizes": (100, 200), "pretrain_epochs": 60, "batch_size": 10}
    model = DBNClassifier(**arguments).fit(d.drawn, d.y)
    asked = np.repeat(np.arange(SHOWN), SHOWN)
    samples = model.sample(len(asked), STEPS, y=asked, random_state=1)
    right = 100 * float((d.judge.predict(samples) == asked).mean())
    return _grid(samples), _RECOGNIZED, right, 80, "%"


def _dbm(d: Digits) -> Part:
    arguments = {**MNIST["dbm"].arguments, "max_iter": 0}
    if d.fast:
        arguments |= {
            "hidden_layer_sizes": (100, 100), "batch_size": 10,
            "pretrain_epochs": 20, "joint_epochs": 60, "joint_learning_rate": 0.02,
        }  # fmt: skip
    model = DBMClassifier(**arguments).fit(d.drawn, d.y)
    samples = model.sample(SHOWN**2, STEPS, random_state=1)
    return _grid(samples), _DIGITS, _taken_for_digits(d.judge, samples), 80, "%"


def _sdae(d: Digits) -> Part:
    model = StackedDenoisingAutoEncoder(
        (200 if d.fast else 800,), activation="relu", noise="masking", noise_level=0.5,
        pretrain_epochs=60 if d.fast else 10, max_iter=0, random_state=0,
    ).fit(d.x, d.y)  # fmt: skip
    clean = d.test[: 3 * SHOWN]
    damaged = model.corrupt(clean, random_state=1)
    mended = model.denoise(damaged)
    less = float(np.square(damaged - clean).mean() / np.square(mended - clean).mean())
    return _rows_of(clean, damaged, mended), _LESS, less, 3 if d.fast else 4, ""


def _elm(d: Digits) -> Part:
    model = ELMAutoEncoder(50 if d.fast else 300, random_state=0).fit(d.x)
    clean = d.test[: 3 * SHOWN]
    again = model.reconstruct(clean)
    lost = np.square(again - clean).mean() / clean.var(axis=0).mean()
    return _rows_of(clean, again), _KEPT, 100 * (1 - float(lost)), 80, "%"


_PARTS: dict[str, Callable[[Digits], Part]] = {
    "rbm": _rbm, "dbn": _dbn, "dbm": _dbm, "sdae": _sdae, "elm-ae": _elm,
}  # fmt: skip


def _taken_for_digits(judge: ELMClassifier, images: Array) -> float:
    """In percent."""
    return 100 * float((judge.predict(images) != SHOWN).mean())


def _grid(rows: Array, across: int = SHOWN) -> Array:
    """Square pictures side by side, white lines between, about 60 pixels each: uint8 (H, W)."""
    side = math.isqrt(rows.shape[1])
    pictures = (255 * np.clip(rows, 0, 1)).round().astype(np.uint8).reshape(-1, across, side, side)
    framed = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=255)
    whole = framed.transpose(0, 2, 1, 3).reshape(len(framed) * (side + 2), across * (side + 2))
    larger = 60 // (side + 2)
    return np.repeat(np.repeat(whole, larger, axis=0), larger, axis=1)


def _rows_of(*kinds: Array) -> Array:
    """Each row of pictures before, damaged and after, one below the other."""
    pieces = [k[i : i + SHOWN] for i in range(0, len(kinds[0]), SHOWN) for k in kinds]
    return _grid(np.concatenate(pieces))


EXPERIMENT = Experiment(
    name="b4-digits-from-noise",
    rows=("B4", "B5", "B6", "B3"),
    title=Text("Digits from noise", "雑音から数字を"),
    question=Text(
        "A generative model knows what its data look like. Do these dream up digits?",
        "生成モデルはデータの姿を知っている。では数字を思い描けるのか。",
    ),
    claim=Text(
        "RBM, DBN and DBM draw digits that a classifier recognizes; a denoising autoencoder mends "
        "damaged ones; an ELM autoencoder keeps what matters of them.",
        "RBM・DBN・DBM は分類器が見分けられる数字を描き、雑音除去自己符号化器は壊れた数字を直し、"
        "ELM 自己符号化器は数字の要点を保つ。",
    ),
    text=Text(
        """Samples come by Gibbs sampling: hidden units are drawn from the visible ones and visible
        ones from the hidden, again and again, from a start in pure noise. The shown pixels are
probabilities, not draws.

        The judge is a classifier that has seen real digits and, as an eleventh class, digits whose
        pixels were shuffled from image to image. That is a rough measure: it does not see whether
        the samples are varied. Look at them.

        A Bernoulli unit is 0 or 1, and a grey pixel counts as its probability. MNIST is nearly
        black and white, so that is well. The small digits of the quick form are mostly grey: there
        the Boltzmann machines learn from pixels that are rounded to 0 and 1.""",
        """標本はギブスサンプリングで得る。可視層から隠れ層を、隠れ層から可視層を、まったくの乱
        数から始めて何度も引き直す。図の画素は引いた値ではなく確率。

        判定役の分類器は、本物の数字と、11 番目のクラスとして画素を画像どうしで入れ替えた数字を
        見ている。標本が多様かどうかまでは分からない粗い尺度である。図を見てほしい。

        ベルヌーイユニットは 0 か 1 であり、灰色の画素は確率とみなされる。MNIST はほぼ白黒なので
        それでよい。短縮版の小さな数字はほとんど灰色なので、ボルツマンマシンには 0 と 1 に丸めた
        画素を学習させる。""",
    ),
    work=work,
    formulas=(
        r"P(h_j=1\mid v)=\sigma\left(\sum_i v_i W_{ij}+b_j\right)",
        r"P(v_i=1\mid h)=\sigma\left(\sum_j W_{ij}h_j+a_i\right)",
    ),
    parts=tuple(_PARTS),
    data=("mnist",),
)  # fmt: skip
