"""Images side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.viz.picture import Picture
from shinso.viz.style import SIGNED, say, styled
from shinso.viz.tiles import Tiles

GREY = "gray"


@styled
def image_grid(
    images: Any,
    *,
    columns: int | None = None,
    titles: Sequence[Any] | None = None,
    signed: bool = False,
    own_scale: bool = False,
    title: str = "",
) -> Picture:
    """Draw images side by side, every pixel as a crisp square.

        viz.image_grid(x[:10], titles=t[:10])

    images: (n, h, w), (n, 1, h, w) or (n, 3, h, w), an array or Tensor. columns: in a row.
    titles: one over each. title: over all.
    Brightness: uint8 goes from 0 to 255, floats within 0 to 1 from 0 to 1, all others from the
    least value to the greatest. signed: values around 0 instead, blue below, red above, with a
    scale; in colour images 0 is grey. own_scale: not one scale for all images but one for each,
    from its own least value to its greatest; with signed from -largest to largest.
    Raises ValueError for another shape, no images, or values that are not finite.
    """
    images = as_images(images)
    count, channels, h, w = images.shape
    bar = signed and channels == 1 and not own_scale
    heads = None if titles is None else [str(t) for t in titles]
    sheet = Tiles((h, w), count, columns=columns, titles=heads, title=title, bar=bar)
    for image, limits in zip(images, scales(images, signed, own_scale), strict=True):
        add_image(sheet, image, limits, SIGNED if signed else GREY)
    if bar:
        sheet.colour_bar(say("value", "値"))
    return sheet.picture


def add_image(sheet: Tiles, image: Array, limits: tuple[float, float], colours: str) -> None:
    """Draw an image (1, h, w) or (3, h, w) as the next tile; limits: darkest, brightest value."""
    low, high = limits
    if len(image) == 1:
        sheet.add(image[0], cmap=colours, vmin=low, vmax=high)
    else:
        sheet.add(np.clip((image.transpose(1, 2, 0) - low) / (high - low), 0, 1))


def as_images(images: Any) -> Array:
    """Images as an array (n, 1 or 3, h, w); uint8, or floats that are all finite."""
    array = np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        last = array.ndim == 4 and array.shape[3] in (1, 3)
        advice = "move the channels forward: .transpose(0, 3, 1, 2)" if last else "one is x[None]"
        raise ValueError(
            f"images are (n, h, w), (n, 1, h, w) or (n, 3, h, w), not {np.shape(images)}; {advice}"
        )
    if not array.size:
        raise ValueError(f"there are no images: their shape is {np.shape(images)}")
    if array.dtype == np.uint8:
        return array
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("the images have values that are not finite: nan or inf")
    return array


def scales(images: Array, signed: bool, own: bool) -> list[tuple[float, float]]:
    """The least and the greatest value of each image's scale, as `image_grid` says."""
    groups = images[:, None] if own else images[None]
    found = [_symmetric(g) if signed else _limits(g, own) for g in groups]
    return found if own else found * len(images)


def _symmetric(values: Array) -> tuple[float, float]:
    largest = float(np.abs(values.astype(np.float64)).max()) or 1.0
    return -largest, largest


def _limits(values: Array, own: bool) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if not own and values.dtype == np.uint8:
        return 0.0, 255.0
    if not own and low >= 0 and high <= 1:
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)
