"""Images at other places than their pixels: resizing and rotating with bilinear interpolation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.data.protocols import Array
from shinso.data.transforms import check_images, height_and_width, need_rng


@dataclass(frozen=True)
class Resize:
    """Change the size of images, bilinear, with antialiasing when they shrink.

    A new pixel is a weighted mean of old ones. The weights form a triangle around the place of the
    new pixel's centre in the old image; when shrinking, the triangle is widened so that every old
    pixel counts. Rows and columns are separate: Y = A X Bᵀ (as Pillow and torchvision do).

    size: (height, width); or one number for the shorter side, keeping the proportions, as in
    torchvision.
    """

    size: int | tuple[int, int]

    def __post_init__(self) -> None:
        height_and_width(self.size, "Resize")

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images (N, C, height, width) in the dtype of `x`; uint8 is rounded.

        Raises ValueError or TypeError if `x` is not (N, C, H, W) of uint8 or float.
        """
        check_images(x, "Resize")
        height, width = self.output_size(x.shape[2], x.shape[3])
        if (height, width) == x.shape[2:]:
            return x
        y = x.astype(np.float32) if x.dtype == np.uint8 else x
        across = interpolation_matrix(x.shape[3], width).astype(y.dtype)
        down = interpolation_matrix(x.shape[2], height).astype(y.dtype)
        y = np.matmul(down, np.matmul(y, across.T))
        return _to_pixels(y) if x.dtype == np.uint8 else y

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Return (height, width) after resizing an image of `height` x `width`."""
        if not isinstance(self.size, int | np.integer):
            return height_and_width(self.size, "Resize")
        short = int(self.size)
        if height <= width:
            return short, max(1, short * width // height)
        return max(1, short * height // width), short


@lru_cache(maxsize=64)
def interpolation_matrix(n: int, m: int) -> NDArray[np.float64]:
    """Return the (m, n) matrix that takes n pixels in a row to m.

    Pixel j covers the interval from j to j + 1, its centre is j + 1/2. The centre of new pixel i
    lies at c = (i + 1/2) n / m in the old row, and old pixel j gets the weight
    max(0, 1 - |j + 1/2 - c| / s) with s = max(1, n / m); each row is divided by its sum.
    """
    scale = n / m
    centres = (np.arange(m) + 0.5) * scale
    distance = np.abs(np.arange(n) + 0.5 - centres[:, None]) / max(1.0, scale)
    weights = np.maximum(0.0, 1.0 - distance)
    weights /= weights.sum(axis=1, keepdims=True)
    weights.setflags(write=False)  # it is shared by all who ask for the same sizes
    return weights


class RandomRotation:
    """Turn each image about its centre by an angle drawn for each image.

    Values between pixels are bilinear; outside the image everything is 0.
    degrees: angles from -degrees to +degrees, or a pair (least, greatest). Positive angles turn
    counter-clockwise.
    Raises ValueError for a negative number, or a pair in the wrong order.
    """

    def __init__(self, degrees: float | tuple[float, float]) -> None:
        if isinstance(degrees, int | float | np.number):
            if degrees < 0:
                raise ValueError(f"RandomRotation: degrees must not be negative, got {degrees}.")
            degrees = (-float(degrees), float(degrees))
        if len(degrees) != 2 or not all(map(math.isfinite, degrees)) or degrees[0] > degrees[1]:
            raise ValueError(
                f"RandomRotation: degrees must be one number or (least, greatest), got {degrees}."
            )
        self.degrees = (float(degrees[0]), float(degrees[1]))

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images of the same shape and dtype; uint8 is rounded."""
        check_images(x, "RandomRotation")
        rng = need_rng(rng, "RandomRotation")
        return rotate(x, rng.uniform(*self.degrees, len(x)))

    def __repr__(self) -> str:
        return f"RandomRotation(degrees={self.degrees})"


def rotate(x: Array, degrees: Array) -> Array:
    """Turn image n of `x` (N, C, H, W) counter-clockwise by `degrees[n]`; outside it is 0.

    The new pixel at (row, column) takes its value from the old image, at the place that the turn
    brings there. That place lies between four pixels, which are mixed by their distances.
    """
    batch, channels, height, width = x.shape
    dtype = np.dtype(np.float32) if x.dtype == np.uint8 else x.dtype
    rows, columns = _source_places(height, width, degrees, dtype)
    row, down = _floor_and_rest(rows, height)
    column, right = _floor_and_rest(columns, width)
    # With a border of zeros all four neighbours exist. Channels last: one pixel is one gather.
    frame = np.zeros((batch, height + 2, width + 2, channels), dtype=dtype)
    frame[:, 1:-1, 1:-1] = x.transpose(0, 2, 3, 1)
    pixels = frame.reshape(-1, channels)
    first = np.arange(batch)[:, None, None] * ((height + 2) * (width + 2))
    corner = first + row * (width + 2) + column
    down, right = down[..., None], right[..., None]
    upper = _between(pixels, corner, right)
    lower = _between(pixels, corner + width + 2, right)
    y = (upper + (lower - upper) * down).transpose(0, 3, 1, 2)
    return _to_pixels(y) if x.dtype == np.uint8 else np.ascontiguousarray(y)


def _between(pixels: Array, index: Array, share: Array) -> Array:
    """Mix each pixel with its right neighbour, which gets `share`."""
    left = np.take(pixels, index, axis=0)
    right = np.take(pixels, index + 1, axis=0)
    mixed: Array = left + (right - left) * share
    return mixed


def _source_places(
    height: int, width: int, degrees: Array, dtype: np.dtype[Any]
) -> tuple[Array, Array]:
    """Return the old (row, column) of every new pixel, each of shape (N, H, W)."""
    angle = np.deg2rad(np.asarray(degrees, dtype=np.float64))[:, None, None]
    cos, sin = np.cos(angle).astype(dtype), np.sin(angle).astype(dtype)
    middle = (height - 1) / 2, (width - 1) / 2
    row = (np.arange(height, dtype=dtype) - dtype.type(middle[0]))[:, None]
    column = np.arange(width, dtype=dtype) - dtype.type(middle[1])
    rows = sin * column + cos * row + dtype.type(middle[0])
    columns = cos * column - sin * row + dtype.type(middle[1])
    return rows, columns


def _floor_and_rest(place: Array, size: int) -> tuple[Array, Array]:
    """Split places into a neighbour's index in the framed image, 0 .. size, and the rest in [0, 1].

    Places outside the image are moved into the frame, where everything is 0.
    """
    place = np.clip(place, -1, size)
    low = np.minimum(np.floor(place), size - 1)
    return low.astype(np.int64) + 1, place - low


def _to_pixels(y: Array) -> Array:
    """Round to the nearest uint8 pixel."""
    return np.clip(np.rint(y), 0, 255).astype(np.uint8)
