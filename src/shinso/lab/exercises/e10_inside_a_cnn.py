"""Tasks of notebook 10, inside a convolutional network."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import nn, ops
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.exercises.judging import Tasks, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake
from shinso.lab.text import Text


def _width(width: Any) -> None:
    found = number(width)
    mistake(
        found,
        3,
        Text(
            "that is what it sees of the first layer's maps; what do those see?",
            "それは一層目の特徴マップで見る範囲。特徴マップ自身は何を見る?",
        ),
    )
    hint = Text("two windows of 3 overlap", "3 の窓が二つ、重なり合う")
    mistake(found, 6, hint)
    mistake(found, 9, hint)
    hint = Text(
        "draw it in one dimension: one unit, the three below it, and the pixels below those",
        "一次元で描いてみよう。ユニット一つ、その下の三つ、さらにその下の画素",
    )
    close(found, 5, hint)


def _strongest(strongest: Any) -> None:
    strongest = function(strongest)
    maps = np.random.default_rng(0).normal(size=(12, 3, 4, 5))
    for channel, count in ((0, 4), (2, 6)):
        own = maps[:, channel]
        right = np.argsort(-own.max(axis=(1, 2)))
        found = array(strongest(maps.copy(), channel, count))
        hint = Text(
            f"the shape is {found.shape}; {count} numbers of images are asked for",
            f"形が {found.shape}。画像の番号 {count} 個を",
        )
        holds(found.shape == (count,), hint)
        for wrong, hint in _wrong_orders(maps, own, right):
            mistake(found, wrong[:count], hint)
        hint = Text(
            "for each image the highest value of this channel's map; then the images in that order",
            "画像ごとにこのチャネルの特徴マップの最大値を求め、その順に画像を並べる",
        )
        close(found, right[:count], hint)


def _wrong_orders(maps: Array, own: Array, right: Array) -> list[tuple[Array, Text]]:
    others = np.argsort(-maps.max(axis=(1, 2, 3)))
    return [
        (right[::-1], Text("those are the weakest", "それは弱いほうから")),
        (
            np.argsort(-own.mean(axis=(1, 2))),
            Text("the highest value counts, not the mean", "平均でなく最大値で"),
        ),
        (others, Text("only the one channel counts", "見るのは一つのチャネルだけ")),
        (np.sort(own.max(axis=(1, 2)))[::-1], Text("those are values", "それは値。番号を")),
    ]


def _small_network() -> nn.Module:
    """A network of fixed weights for 6×6 images and four classes."""
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 4))
    rng = np.random.default_rng(3)
    for parameter in network.parameters():
        parameter.data = rng.normal(size=parameter.shape) * 0.3
    return network.to("float64")


def _pixel_gradients(model: nn.Module, x: Array, target: int) -> dict[str, Array]:
    """With respect to the pixels: of the target's scores, of all scores, of its probabilities."""
    found = {}
    for name in ("score", "all", "probability"):
        pixels = Tensor(x, requires_grad=True)
        scores = ops.softmax(model(pixels)) if name == "probability" else model(pixels)
        (scores if name == "all" else scores[:, target]).sum().backward()
        found[name] = array(pixels.grad)
    return found


def _saliency(saliency: Any) -> None:
    saliency = function(saliency)
    model, x = _small_network(), np.random.default_rng(0).normal(size=(3, 1, 6, 6))
    for target in (0, 2):
        known = _pixel_gradients(model, x, target)
        right = known["score"]
        found = array(saliency(model, x.copy(), target), x.shape)
        wrongs = (
            (np.abs(right), Text("keep the signs", "符号を残そう")),
            (
                known["all"],
                Text("only the score of class target counts", "クラス target のスコアだけを"),
            ),
            (
                known["probability"],
                Text(
                    "the score, not the softmax probability", "ソフトマックスの確率でなくスコアを"
                ),
            ),
            (right / 3, Text("the sum of the scores, not the mean", "平均でなく和を")),
        )
        for wrong, hint in wrongs:
            mistake(found, wrong, hint)
        hint = Text(
            "the scores are model(pixels), (n, classes); choose the column, sum, backward; the "
            "gradient is then in pixels.grad",
            "スコアは model(pixels)、形は (n, クラス数)。列を選び、和をとり、逆伝播する。"
            "勾配は pixels.grad に入る",
        )
        close(found, right, hint)


def _cam(cam: Any) -> None:
    cam = function(cam)
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 4, 5), (1, 6, 3, 3)):
        maps, gradient = rng.normal(size=shape), rng.normal(size=shape)
        places = shape[2] * shape[3]
        alpha = gradient.mean(axis=(2, 3), keepdims=True)
        total = (alpha * maps).sum(axis=1)
        found = array(cam(maps.copy(), gradient.copy()), (shape[0], *shape[2:]))
        mistake(found, total, Text("the max(0, ·) is missing", "max(0, ·) が抜けている"))
        mistake(
            found,
            np.maximum(alpha * maps, 0).sum(axis=1),
            Text("first the sum over k, then max(0, ·)", "先に k で和をとり、そのあと max(0, ·)"),
        )
        mistake(
            found,
            np.maximum(total, 0) * places,
            Text("α is a mean over the places, not a sum", "α は場所についての和でなく平均"),
        )
        mistake(
            found,
            np.maximum((gradient * maps).sum(axis=1), 0),
            Text("one α for each map, not for each place", "α は場所ごとでなく特徴マップごと"),
        )
        mistake(
            found,
            np.maximum((alpha * maps).mean(axis=1), 0),
            Text("a sum over k, not a mean", "k については平均でなく和"),
        )
        hint = Text(
            "the mean goes over axes 2 and 3, the sum over axis 1 (keepdims helps in between)",
            "平均は軸 2 と 3、和は軸 1 でとる(途中は keepdims が便利)",
        )
        close(found, np.maximum(total, 0), hint)


def _alpha(alpha: Any) -> None:
    alpha = function(alpha)
    weight = np.random.default_rng(0).normal(size=(4, 6))
    for c, h, w in ((0, 2, 3), (3, 8, 8)):
        hint = Text(
            "α has one number for each map: those that belong to class c",
            "α は特徴マップごとに一つ。クラス c のものを",
        )
        found = array(alpha(weight.copy(), c, h, w))
        holds(found.shape == (6,), hint)
        hint = Text(
            "dy/dA[i, j]: y is W times a mean, and each place is only one part of the mean",
            "dy/dA[i, j] では、y は W × 平均。一つの場所は平均の一部にすぎない",
        )
        mistake(found, weight[c], hint)
        mistake(found, weight[c] * h * w, hint)
        hint = Text(
            "y_c = Σ_k W[c, k] · mean of A_k: differentiate with respect to one A_k[i, j]",
            "y_c = Σ_k W[c, k] ·(A_k の平均)を、A_k[i, j] 一つで微分しよう",
        )
        close(found, weight[c] / (h * w), hint)


def _occlusion(occlusion: Any) -> None:
    occlusion = function(occlusion)
    rng = np.random.default_rng(0)
    for shape, size, fill in (((5, 6), 2, 0.0), ((4, 4), 3, 0.5)):
        image, weight = rng.random(shape), rng.normal(size=shape)
        right = _falls(image, weight, size, fill)
        before = image.copy()
        found = array(occlusion(lambda x, w=weight: float(np.sum(w * x)), image, size, fill))
        hint = Text(
            "the image itself is painted over: cover a copy", "元の画像を塗っている。コピーを隠そう"
        )
        holds(np.array_equal(image, before), hint)
        hint = Text(
            f"the map is {found.shape}; a square of {size} in {shape} has {right.shape} places",
            f"形が {found.shape}。{shape} の中の一辺 {size} の正方形は {right.shape} か所",
        )
        holds(found.shape == right.shape, hint)
        mistake(found, -right, Text("positive where the score falls", "スコアが下がるところを正に"))
        if fill:
            hint = Text("the square gets the value fill", "正方形の値は fill")
            mistake(found, _falls(image, weight, size, 0.0), hint)
        hint = Text(
            "score(image) − score(the copy with rows i to i + size − 1, columns j to j + size − 1 "
            "filled)",
            "score(image) −(i から i + size − 1 行、j から j + size − 1 列を塗ったコピーの score)",
        )
        close(found, right, hint)


def _falls(image: Array, weight: Array, size: int, fill: float) -> Array:
    """For a score that is Σ weight · image."""
    windows = np.lib.stride_tricks.sliding_window_view(weight * (image - fill), (size, size))
    return array(windows.sum(axis=(2, 3)))


TASKS: Tasks = {
    "10.1": _width,
    "10.2": _strongest,
    "10.3": _saliency,
    "10.4": _cam,
    "10.5": _alpha,
    "10.6": _occlusion,
}
