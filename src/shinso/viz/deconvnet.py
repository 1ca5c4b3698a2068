"""From a feature map back to pixels: which of them made it respond.

M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor, enable_grad, no_grad
from shinso.nn.module import Module
from shinso.viz.images import GREY, add_image, as_images, scales
from shinso.viz.layer_output import check_units, input_images, layer_output
from shinso.viz.picture import Picture
from shinso.viz.pull_back import pull_back
from shinso.viz.rectified import DECONVNET
from shinso.viz.style import SIGNED, say, styled
from shinso.viz.tiles import Tiles


def deconvnet(
    model: Module, x: Any, layer: str, unit: int | None = None, *, whole: bool = False
) -> Array:
    """Project the feature maps of a layer back to the pixels.

        viz.deconvnet(model, x[:9], "features.4", unit=5)

    All goes back the way it came: a max pooling puts values back where it found its maxima, a
    convolution applies its filters transposed, a ReLU rectifies again, y = max(dy, 0). That is
    backward with another rule for ReLU (`viz.rectified`), so batch norm scales back and branches
    add up as they do for gradients.
    x: images (n, C, H, W). layer: a name as in `model.named_modules()`, after its ReLU in the
    paper. unit: a channel; only its strongest response in each image is projected, as in the paper,
    or with whole=True all its map. None: all maps of the layer together.
    Returns (n, C, H, W), around 0. The model is left as it was, in every respect.
    Raises ValueError for an unknown layer or unit and a layer that makes no maps.
    """
    images = Tensor(input_images(model, x), requires_grad=True)
    with enable_grad():
        maps = layer_output(model, images, layer)[1]
    if unit is not None:
        check_units(layer, maps, [unit])
    return pull_back(maps, chosen_responses(maps.data, unit, whole), images, DECONVNET)


def chosen_responses(maps: Array, unit: int | None, whole: bool) -> Array:
    """The maps with zeros in place of all that is not to be projected."""
    if unit is None:
        return maps
    chosen = np.zeros_like(maps)
    if whole:
        chosen[:, unit] = maps[:, unit]
        return chosen
    flat = maps[:, unit].reshape(len(maps), -1)
    places = np.unravel_index(flat.argmax(axis=1), maps.shape[2:])
    here = (np.arange(len(maps)), unit, *places)
    chosen[here] = maps[here]
    return chosen


@styled
def deconvnet_picture(
    model: Module, x: Any, layer: str, *, units: Sequence[int] | None = None, most: int = 6
) -> Picture:
    """Draw images and, beside each, what `deconvnet` makes of units of a layer.

    x: images (n, C, H, W); one row for each. units: channels; None: those `most` that respond most
    strongly to any of the images. Each projection has its own scale around 0, blue below and red
    above; with three channels grey is 0.
    """
    images = input_images(model, x)
    if units is None:
        units = strongest_units(model, images, layer, most)
    projected = [as_images(deconvnet(model, images, layer, unit)) for unit in units]
    heads = [say("image", "画像"), *(say(f"unit {u}", f"ユニット {u}") for u in units)]
    sheet = Tiles(
        images.shape[2:],
        len(images) * len(heads),
        columns=len(heads),
        titles=heads + [""] * (len(images) - 1) * len(heads),
        title=say(f"layer {layer}: projected to pixels", f"層 {layer}: 画素への射影"),
    )
    shown = as_images(images)
    limits = scales(shown, False, False)
    for i in range(len(images)):
        add_image(sheet, shown[i], limits[i], GREY)
        for one in projected:
            add_image(sheet, one[i], scales(one[i : i + 1], True, True)[0], SIGNED)
    return sheet.picture


def strongest_units(model: Module, images: Array, layer: str, most: int) -> list[int]:
    """The channels with the largest single responses to the images, strongest first."""
    with no_grad():
        maps = layer_output(model, Tensor(images), layer)[1].data
    peaks = maps.max(axis=(0, 2, 3))
    return [int(u) for u in np.argsort(-peaks, kind="stable")[:most]]
