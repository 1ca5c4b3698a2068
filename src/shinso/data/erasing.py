"""Hiding a part of each image: the network must not rely on one feature alone.

Both are used on training batches only, after normalizing, where 0 is the mean of all images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.data.protocols import Array
from shinso.data.transforms import check_images, height_and_width, need_rng, whole_number

ATTEMPTS = 10  # rectangles that RandomErasing draws until one fits, as in torchvision


@dataclass(frozen=True)
class Cutout:
    """Blank a square of each image, around a pixel drawn for each image.

    Every pixel is equally likely to be the middle, so the square may reach over the border, and
    less of it is then seen: the paper found that this matters.

    size: the side in pixels, or (height, width). The paper took 16 for CIFAR-10's 32 × 32 images, 8
    for CIFAR-100. holes: squares per image. value: what they are filled with.
    Source: DeVries and Taylor, "Improved regularization of convolutional neural networks with
    Cutout" (2017).
    """

    size: int | tuple[int, int] = 16
    holes: int = 1
    value: float = 0

    def __post_init__(self) -> None:
        height_and_width(self.size, "Cutout")
        whole_number(self.holes, 1, "Cutout: holes")

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images of the same shape. Raises ValueError without `rng`."""
        check_images(x, "Cutout")
        rng = need_rng(rng, "Cutout")
        height, width = height_and_width(self.size, "Cutout")
        count = (len(x), self.holes)
        top = rng.integers(0, x.shape[2], count) - height // 2
        left = rng.integers(0, x.shape[3], count) - width // 2
        holes = rectangles(top, left, height, width, x.shape[2:])
        hidden = np.any(holes, axis=1, keepdims=True)
        return np.where(hidden, pixel(self.value, x, "Cutout"), x)


@dataclass(frozen=True)
class RandomErasing:
    """Overwrite a rectangle of some images, its place, area and shape drawn for each image.

    Unlike with `Cutout`, the rectangle lies within the image. One that does not fit is drawn again,
    up to ten times; then the image stays whole. Arguments as in torchvision.

    p: the probability that an image is changed. scale: the least and greatest share of its area.
    ratio: the least and greatest height / width. value: what to fill in: a number, one number per
    channel, or "random" for noise in every pixel (normal for floats; uniform from 0 to 255 for
    uint8 as in the paper).
    Source: Zhong et al., "Random erasing data augmentation" (2017).
    """

    p: float = 0.5
    scale: tuple[float, float] = (0.02, 0.33)
    ratio: tuple[float, float] = (0.3, 3.3)
    value: float | tuple[float, ...] | str = 0

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomErasing: p must lie between 0 and 1, got {self.p}.")
        for name, pair, most in (("scale", self.scale, 1.0), ("ratio", self.ratio, math.inf)):
            if len(pair) != 2 or not 0 < pair[0] <= pair[1] <= most or math.isinf(pair[1]):
                raise ValueError(
                    f"RandomErasing: {name} is (least, greatest), both above 0"
                    f"{' and at most 1' if most == 1 else ''}, got {pair}."
                )
        if isinstance(self.value, str) and self.value != "random":
            raise ValueError(
                f'RandomErasing: value is a number, one per channel, or "random", got '
                f"{self.value!r}."
            )

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images of the same shape.

        Raises ValueError without `rng`, or if there is not one value per channel.
        """
        check_images(x, "RandomErasing")
        rng = need_rng(rng, "RandomErasing")
        struck = rng.random(len(x)) < self.p
        hidden = self._rectangles(x, rng) & struck[:, None, None]
        if not isinstance(self.value, str):
            return np.where(hidden[:, None], pixel(self.value, x, "RandomErasing"), x)
        y = x.copy()
        changed = np.flatnonzero(struck)
        y[changed] = np.where(hidden[changed, None], _noise(x[changed], rng), x[changed])
        return y

    def _rectangles(self, x: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
        """One rectangle in each image, (N, H, W); none where no attempt fits."""
        rows, columns = x.shape[2:]
        count = (len(x), ATTEMPTS)
        area = rows * columns * rng.uniform(*self.scale, count)
        low, high = self.ratio
        ratio = np.exp(rng.uniform(math.log(low), math.log(high), count))
        height, width = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (height < rows) & (width < columns)
        first = fits.argmax(axis=1)[:, None]
        found = np.take_along_axis(fits, first, axis=1)
        height, width = (
            (np.take_along_axis(side, first, axis=1) * found).astype(np.int64)
            for side in (height, width)
        )
        top, left = rng.integers(0, rows - height + 1), rng.integers(0, columns - width + 1)
        return rectangles(top, left, height, width, x.shape[2:])[:, 0]


def rectangles(
    top: Array, left: Array, height: Any, width: Any, size: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Mark the pixels of rectangles in images of `size`, as far as they lie within.

    top, left: whole numbers of one shape (…), also negative. height, width: the same, or one number
    for all. Returns (…, H, W), True inside.
    """
    rows, columns = (np.arange(n) for n in size)
    bottom, right = top + height, left + width
    across = (rows >= top[..., None]) & (rows < bottom[..., None])
    along = (columns >= left[..., None]) & (columns < right[..., None])
    inside: NDArray[np.bool_] = across[..., :, None] & along[..., None, :]
    return inside


def pixel(value: Any, x: Array, who: str) -> Array:
    """Return `value`, one number or one per channel, in the dtype of images x, to broadcast."""
    values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if values.ndim != 1 or len(values) not in (1, x.shape[1]):
        raise ValueError(
            f"{who}: value={value!r} must be one number or one for each of the {x.shape[1]} "
            "channels."
        )
    if x.dtype == np.uint8 and np.any((values < 0) | (values > 255) | (values % 1 != 0)):
        raise ValueError(f"{who}: value={value!r} is no uint8 pixel (0 to 255).")
    return values.astype(x.dtype)[:, None, None]


def _noise(x: Array, rng: np.random.Generator) -> Array:
    if x.dtype == np.uint8:
        return rng.integers(0, 256, x.shape, dtype=np.uint8)
    return rng.standard_normal(x.shape, dtype=np.float32).astype(x.dtype)
