"""What units of a layer look for: the pieces of images that they respond to most.

M. D. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.nn.module import Module
from shinso.viz.deconvnet import deconvnet
from shinso.viz.images import GREY, add_image, as_images, scales
from shinso.viz.layer_output import check_units, input_images, layer_output
from shinso.viz.picture import Picture
from shinso.viz.receptive_field import Box, receptive_fields
from shinso.viz.style import SIGNED, say, styled
from shinso.viz.tiles import Tiles

BATCH = 64
MOST_UNITS = 12


@dataclass(frozen=True)
class Patch:
    """A piece of an image, and how strongly a unit responds to it.

    value: the response. image: the image's number. place: row and column in the unit's map. box:
    its receptive field in pixels, (top, bottom, left, right), partly outside the image at borders.
    pixels: (C, h, w), zeros outside the image.
    """

    value: float
    image: int
    place: tuple[int, int]
    box: Box
    pixels: Array


def top_patches(
    model: Module, images: Any, layer: str, *, units: Sequence[int] | None = None, count: int = 9
) -> dict[int, list[Patch]]:
    """For each unit (channel) of a layer, the pieces of images that it responds to most.

    images: (n, C, H, W), as the model takes them. layer: a name as in `model.named_modules()`.
    units: channels, None: all. count: how many pieces; of each image at most the one with the
    strongest response, and none if that is 0: the unit is silent there.
    Returns the patches by unit, the strongest first. The model is left as it was.
    Raises ValueError for an unknown layer or unit and a layer that makes no maps.
    """
    if count < 1:
        raise ValueError(f"count is how many patches a unit gets, at least 1, not {count}")
    array = input_images(model, images)
    units = None if units is None else list(dict.fromkeys(units))
    values, at, width = _peaks(model, array, layer, units)
    units = range(values.shape[1]) if units is None else units
    best = np.argsort(-values, axis=0, kind="stable")[:count]
    chosen = [(u, int(i)) for u in range(len(units)) for i in best[:, u] if values[i, u]]
    places = [divmod(int(at[i, u]), width) for u, i in chosen]
    boxes = receptive_fields(model, array.shape[1:], layer, places) if places else []
    found: dict[int, list[Patch]] = {unit: [] for unit in units}
    for (u, i), place, box in zip(chosen, places, boxes, strict=True):
        patch = Patch(float(values[i, u]), i, place, box, crop(array[i], box))
        found[units[u]].append(patch)
    return found


def _peaks(
    model: Module, images: Array, layer: str, units: Sequence[int] | None
) -> tuple[Array, Array, int]:
    """Each unit's strongest response to each image, where in the flattened map, the map's width."""
    values, at, width = [], [], 0
    for start in range(0, len(images), BATCH):
        with no_grad():
            maps = layer_output(model, Tensor(images[start : start + BATCH]), layer)[1].data
        if units is not None:
            check_units(layer, maps, units)
            maps = maps[:, list(units)]
        width = maps.shape[3]
        flat = maps.reshape(*maps.shape[:2], -1)
        values.append(flat.max(axis=2))
        at.append(flat.argmax(axis=2))
    return np.concatenate(values), np.concatenate(at), width


def crop(image: Array, box: Box) -> Array:
    """The pixels of (C, H, W) inside a box, with zeros where it lies outside the image."""
    top, bottom, left, right = box
    height, width = image.shape[1:]
    outside = [(max(-top, 0), max(bottom - height, 0)), (max(-left, 0), max(right - width, 0))]
    inside = image[:, max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    return np.pad(inside, ((0, 0), *outside))


@styled
def max_activating(
    model: Module,
    images: Any,
    layer: str,
    *,
    units: Sequence[int] | None = None,
    count: int = 9,
    projected: bool = False,
) -> Picture:
    """Draw for units of a layer the pieces of images that they respond to most, one row for each.

        viz.max_activating(model, x, "features.4", projected=True)

    The arguments are those of `top_patches`; units None means the first 12. projected: below each
    row what `deconvnet` makes of those responses, each on its own scale around 0.
    """
    array = input_images(model, images)
    if units is None:
        with no_grad():
            channels = layer_output(model, Tensor(array[:1]), layer)[1].shape[1]
        units = range(min(channels, MOST_UNITS))
    found = top_patches(model, array, layer, units=units, count=count)
    sheet = _sheet(found, layer, count, projected)
    limits = scales(as_images(array), False, False)[0]
    for unit, patches in found.items():
        for patch in patches:
            add_image(sheet, patch.pixels, limits, GREY)
        _skip(sheet, count - len(patches), "" if patches else say("no response", "反応なし"))
        if projected:
            for pixels in _projections(model, array, layer, unit, patches):
                add_image(sheet, pixels, scales(as_images(pixels[None]), True, True)[0], SIGNED)
            _skip(sheet, count - len(patches), "")
    return sheet.picture


def _sheet(found: dict[int, list[Patch]], layer: str, count: int, projected: bool) -> Tiles:
    shapes = [patch.pixels.shape[1:] for patches in found.values() for patch in patches]
    if not shapes:
        raise ValueError(f"no unit of {layer!r} responds to any of the images")
    labels = [say(f"unit {u}", f"ユニット {u}") for u in found]
    if projected:
        labels = [text for label in labels for text in (label, "")]
    title = say(f"layer {layer}: strongest responses", f"層 {layer}: 最も強く反応した部分")
    shape = (shapes[0][0], shapes[0][1])
    return Tiles(shape, len(labels) * count, columns=count, row_labels=labels, title=title)


def _projections(
    model: Module, images: Array, layer: str, unit: int, patches: Sequence[Patch]
) -> list[Array]:
    """What `deconvnet` makes of each patch's response, in the patch's box."""
    if not patches:
        return []
    pixels = deconvnet(model, images[[p.image for p in patches]], layer, unit)
    return [crop(image, patch.box) for image, patch in zip(pixels, patches, strict=True)]


def _skip(sheet: Tiles, places: int, words: str) -> None:
    for i in range(places):
        sheet.skip(words if i == 0 else "")
