"""Which pixels a score depends on: by its gradient, by guided backpropagation, by Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, enable_grad
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.train.outputs import main_output
from shinso.viz.images import GREY, add_image, as_images, scales
from shinso.viz.layer_output import input_images, layer_output
from shinso.viz.picture import Picture
from shinso.viz.pull_back import Rules, class_gradient, pull_back
from shinso.viz.rectified import GUIDED
from shinso.viz.style import SEQUENTIAL, SIGNED, say, styled
from shinso.viz.tiles import Tiles, check_columns, check_titles

COVER = 0.8
"""How much of an image the largest value of a map over it covers; 0 covers nothing."""

MOST_PAIRS = 4
"""Of an image and its map in a row."""


def saliency(model: Module, x: Any, target: Any) -> Array:
    """The gradient of a class's score with respect to the pixels: d y[target] / d x.

    x: images (n, C, H, W). target: a class for all, or one for each image.
    Returns (n, C, H, W). The model is left as it was, in every respect.
    Raises ValueError for a class that the model does not have.
    Source: Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", 2013.
    """
    return _to_pixels(model, x, target, {})


def guided_backprop(model: Module, x: Any, target: Any) -> Array:
    """The same with only positive gradients going back through each ReLU: max(dy, 0) · [x > 0].

    What spoke against the class on the way is left out, which makes sharper pictures; it is no
    gradient any more. Other activations go back by their own gradient, see `viz.rectified`.
    Arguments, result and errors are those of `saliency`.
    Source: Springenberg et al., "Striving for simplicity: the all convolutional net", 2015.
    """
    return _to_pixels(model, x, target, GUIDED)


def _to_pixels(model: Module, x: Any, target: Any, rules: Rules) -> Array:
    images = Tensor(input_images(model, x), requires_grad=True)
    with enable_grad(), evaluating(model):
        scores = main_output(model(images))
    return pull_back(scores, class_gradient(scores, target), images, rules)


def grad_cam(model: Module, x: Any, target: Any, layer: str) -> Array:
    """Where the feature maps of a layer speak for a class.

        α_k = mean over i, j of d y[target] / d A_k[i, j],   map = max(0, Σ_k α_k A_k)

    x: images (n, C, H, W). target: a class for all, or one for each image. layer: a name as in
    `model.named_modules()`; usually the last one with maps.
    Returns (n, H, W): resized to the images with bilinear interpolation, the largest value of each
    map is 1; a map of zeros stays one. The model is left as it was, in every respect.
    Raises ValueError for an unknown layer or class and a layer that makes no maps.
    Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
    localization", ICCV 2017.
    """
    images = input_images(model, x)
    with enable_grad():
        scores, maps = layer_output(model, Tensor(images), layer, cut=True)
    gradient = pull_back(scores, class_gradient(scores, target), maps)
    weights = gradient.mean(axis=(2, 3), keepdims=True)
    small = np.maximum((weights * maps.data).sum(axis=1, keepdims=True), 0)
    large = ops.interpolate(small, size=images.shape[2:], mode="bilinear").data[:, 0]
    largest = large.max(axis=(1, 2), keepdims=True)
    return np.divide(large, largest, out=np.zeros_like(large), where=largest > 0)


@styled
def heatmaps(
    images: Any, maps: Any, titles: Sequence[Any] | None = None, *, title: str = ""
) -> Picture:
    """Draw images, and right of each the same in grey with its map over it, the more opaque the
    further a value is from 0.

    images: (n, h, w), (n, 1, h, w) or (n, 3, h, w). maps: (n, h, w) or (n, 1, h, w), all on one
    scale: from 0, or if some values are negative around 0, blue below and red above.
    titles: one over each image. title: over all.
    Raises ValueError for shapes that do not go together or values that are not finite.
    """
    images, maps = as_images(images), as_images(maps)
    if maps.shape != (len(images), 1, *images.shape[2:]):
        raise ValueError(
            f"each image needs a map of its size: images are {images.shape}, maps {maps.shape}"
        )
    pairs = min(check_columns(len(images), None), MOST_PAIRS)
    heads = [""] * 2 * len(images)
    heads[::2] = check_titles(len(images), titles)
    sheet = Tiles(
        images.shape[2:], len(heads), columns=2 * pairs, titles=heads, title=title, bar=True
    )
    signed = bool((maps < 0).any())
    low, high = scales(maps, True, False)[0]
    grey = images.mean(axis=1, keepdims=True)
    pictures = zip(images, scales(images, False, False), grey, maps[:, 0], strict=True)
    for image, limits, background, values in pictures:
        add_image(sheet, image, limits, GREY)
        add_image(sheet, background, limits, GREY)
        sheet.cover(
            values,
            cmap=SIGNED if signed else SEQUENTIAL,
            vmin=low if signed else 0.0,
            vmax=high,
            alpha=COVER * np.abs(values) / high,
        )
    sheet.colour_bar(say("value of the map", "マップの値"))
    return sheet.picture
