"""Which places of an image an answer needs: cover them, one after the other.

M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.train.outputs import main_output
from shinso.viz.images import GREY, as_images, scales
from shinso.viz.layer_output import one_image
from shinso.viz.picture import Picture, grid
from shinso.viz.pull_back import check_target
from shinso.viz.style import SIGNED, say, styled

BATCH = 64


def occlusion_map(
    model: Module,
    x: Any,
    target: int,
    size: int,
    stride: int = 1,
    fill: float | None = None,
) -> Array:
    """How much the probability of a class falls when a square covers a place of the image.

        map[i, j] = p(target | x) - p(target | x with rows i·stride to i·stride + size - 1 and
                                              columns j·stride to j·stride + size - 1 covered)

    x: one image, (1, C, H, W) or (C, H, W). target: the class. The model gives scores; the
    probability is their softmax. size, stride: of the square, in pixels; it never hangs over the
    edge. fill: its value (None: grey, the mean of each channel of the image).
    Returns (n_y, n_x) with n_y = ⌊(H - size) / stride⌋ + 1, n_x alike; positive where covering
    speaks against the class. The model is left as it was, in every respect.
    Raises ValueError for a square that does not fit, several images, or an unknown class.
    """
    image = one_image(model, x)
    tops, lefts = square_places(image.shape[2:], size, stride)
    if fill is None:
        grey: Any = image.mean(axis=(2, 3))[0][:, None, None]
    else:
        grey = fill
    covered = _covered(image[0], [(t, left) for t in tops for left in lefts], size, grey)
    with no_grad(), evaluating(model):
        before = _probabilities(model, image, target)
        after = np.concatenate([_probabilities(model, batch, target) for batch in covered])
    found: Array = before - after.reshape(len(tops), len(lefts))
    return found


def square_places(sides: tuple[int, ...], size: int, stride: int) -> tuple[range, range]:
    """The first rows and the first columns of all places of the square."""
    if stride < 1 or not 1 <= size <= min(sides):
        raise ValueError(
            f"a square of {size} pixels moved by {stride} does not fit an image of "
            f"{sides[0]}×{sides[1]}: both are at least 1, and the square no larger than the image"
        )
    tops, lefts = (range(0, side - size + 1, stride) for side in sides)
    return tops, lefts


def _covered(image: Array, places: list[tuple[int, int]], size: int, grey: Any) -> Iterator[Array]:
    """Batches of the image with its square at one place after the other."""
    for start in range(0, len(places), BATCH):
        part = places[start : start + BATCH]
        batch = np.repeat(image[None], len(part), axis=0)
        for one, (top, left) in zip(batch, part, strict=True):
            one[:, top : top + size, left : left + size] = grey
        yield batch


def _probabilities(model: Module, images: Array, target: int) -> Array:
    """Of the target, for each image."""
    scores = main_output(model(Tensor(images)))
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"the model gives {scores.shape}, not scores of two or more classes")
    check_target(target, 1, scores.shape[1])
    found: Array = ops.softmax(scores).data[:, target]
    return found


@styled
def occlusion_picture(
    model: Module,
    x: Any,
    target: int,
    size: int,
    stride: int = 1,
    fill: float | None = None,
) -> Picture:
    """Draw an image and its `occlusion_map`: each value as a field around the square's centre.

    Red: covering lowers the probability of the class; blue: it raises it. Arguments as there.
    """
    image = one_image(model, x)
    values = occlusion_map(model, image, target, size, stride, fill)
    height, width = image.shape[2:]
    picture, (left, right) = grid(1, 2, 9.5, 4.2 * max(height / width, 0.6) + 0.5)
    picture.set_layout_engine("compressed")  # the colour bar as high as the map
    _draw_image(left, as_images(image))
    left.set_title(say("image", "画像"))
    shades = _draw_map(right, values, size, stride)
    right.set_title(say(f"covered by {size}×{size} pixels", f"{size}×{size} 画素で隠す"))
    for axes in (left, right):
        axes.grid(False)
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylim(height - 0.5, -0.5)
        axes.set_xlabel(say("column (pixels)", "列(画素)"))
        axes.set_ylabel(say("row (pixels)", "行(画素)"))
    bar = picture.colorbar(shades, ax=right)
    bar.set_label(say(f"fall of p(class {target})", f"クラス {target} の確率の低下"))
    return picture


def _draw_image(axes: Axes, images: Array) -> None:
    low, high = scales(images, False, False)[0]
    pixels = np.clip((images[0].transpose(1, 2, 0) - low) / (high - low), 0, 1)
    axes.imshow(pixels if pixels.shape[2] == 3 else pixels[..., 0], cmap=GREY, vmin=0, vmax=1)


def _draw_map(axes: Axes, values: Array, size: int, stride: int) -> AxesImage:
    largest = float(np.abs(values).max()) or 1.0
    extent = map_extent(values.shape[0], values.shape[1], size, stride)
    return axes.imshow(values, cmap=SIGNED, vmin=-largest, vmax=largest, extent=extent)


def map_extent(
    rows: int, columns: int, size: int, stride: int
) -> tuple[float, float, float, float]:
    """Where the fields of a map lie in pixels: left, right, bottom, top.

    The square's centre is (size - 1) / 2 pixels from its first row; each field is stride wide.
    """
    first = (size - 1) / 2 - stride / 2
    return first, first + columns * stride, first + rows * stride, first
