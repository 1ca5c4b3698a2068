"""Photographs made ready for published weights: resized, cropped, normalized, to the last bit.

Weights expect what they were trained on. The published ones were measured with
`transforms.Resize`, `CenterCrop`, `ToTensor` and `Normalize` on Pillow images, so Pillow resizes
here, too: on pixels of whole numbers, first along the rows, then along the columns, rounding after
each. `data.Resize` works on whole batches and on floats, and rounds once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.data.errors import DataError
from shinso.data.images import pillow
from shinso.data.protocols import Array

_LARGEST_SIDE = 1 << 16
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True)
class ImagePreprocessing:
    """One image of any size → what a network trained on ImageNet takes.

    The shorter side becomes `resize`, the middle crop × crop pixels are kept (a smaller image gets
    a border of 0), and y = (pixel / 255 - mean) / std per channel. The same as torchvision's
    Resize, CenterCrop, ToTensor, Normalize on a Pillow image, to the last bit.

    resize, crop: in pixels. mean, std: one number per channel. interpolation: of resizing,
    "bilinear" or "bicubic"; both weigh in every old pixel when shrinking (antialiasing).
    Raises ValueError for sizes below 1, a deviation that is not positive, or another interpolation.
    """

    resize: int = 256
    crop: int = 224
    mean: Sequence[float] = (0.485, 0.456, 0.406)
    std: Sequence[float] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        for name in ("resize", "crop"):
            side = getattr(self, name)
            if not isinstance(side, int | np.integer) or not 1 <= side <= _LARGEST_SIDE:
                raise ValueError(
                    f"ImagePreprocessing: {name} must be a whole number from 1 to "
                    f"{_LARGEST_SIDE}, got {side!r}."
                )
        numbers = [*self.mean, *self.std]
        if len(self.mean) != len(self.std) or not all(map(math.isfinite, numbers)):
            raise ValueError(
                f"ImagePreprocessing: mean and std are one number per channel each, got "
                f"{self.mean} and {self.std}."
            )
        if not self.std or min(self.std) <= 0:
            raise ValueError(f"ImagePreprocessing: std must be positive, got {self.std}.")
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(
                f"ImagePreprocessing: interpolation is one of {', '.join(INTERPOLATIONS)}, not "
                f"{self.interpolation!r}."
            )

    def __call__(self, pixels: Array) -> Array:
        """Return one image, float32 (C, crop, crop).

        pixels: uint8 (C, H, W), of 1 or 3 channels, as `read_image` gives them.
        Raises TypeError for pixels that are not uint8, ValueError for another shape, DataError if
        Pillow is not installed.
        """
        small = self.pixels(pixels)
        if len(self.mean) not in (1, len(small)):
            raise ValueError(
                f"ImagePreprocessing: mean and std have {len(self.mean)} numbers for an image of "
                f"{len(small)} channels."
            )
        mean = np.asarray(self.mean, dtype=np.float32)[:, None, None]
        std = np.asarray(self.std, dtype=np.float32)[:, None, None]
        scaled: Array = (small.astype(np.float32) / np.float32(255) - mean) / std
        return scaled

    def pixels(self, pixels: Array) -> Array:
        """Return the resized and cropped image, still pixels: uint8 (C, crop, crop)."""
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
            raise TypeError(
                "ImagePreprocessing takes pixels from 0 to 255, uint8, as read_image gives them, "
                f"not {getattr(pixels, 'dtype', type(pixels).__name__)}."
            )
        if pixels.ndim != 3 or pixels.shape[0] not in (1, 3) or 0 in pixels.shape:
            raise ValueError(
                "ImagePreprocessing takes one image, (C, H, W) of 1 or 3 channels, got shape "
                f"{pixels.shape}."
            )
        size = self._resized(*pixels.shape[1:])
        if size != pixels.shape[1:]:
            pixels = _resize(pixels, size, self.interpolation)
        return _centre(pixels, int(self.crop))

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) after resizing: the longer side is rounded down."""
        side = int(self.resize)
        longer = side * max(height, width) // min(height, width)
        if longer > _LARGEST_SIDE:
            raise DataError(
                f"an image of {width} × {height} pixels would be {longer:,} pixels long once its "
                f"shorter side is {side}; cut it to a less extreme shape first."
            )
        return (side, longer) if height <= width else (longer, side)


def _resize(pixels: Array, size: tuple[int, int], interpolation: str) -> Array:
    """Pillow's resizing of one image."""
    image_module = pillow("ImagePreprocessing")
    method: Any = image_module.Resampling[interpolation.upper()]
    grey = len(pixels) == 1
    image = image_module.fromarray(pixels[0] if grey else pixels.transpose(1, 2, 0).copy())
    resized = np.asarray(image.resize((size[1], size[0]), method))
    return resized[None] if grey else resized.transpose(2, 0, 1)


def _centre(pixels: Array, side: int) -> Array:
    """The middle side × side pixels; where the image is smaller, 0 around it.

    Where the middle lies between two pixels, a border gets its odd pixel after the image, and a cut
    begins at the even number: torchvision's rounding, which Python's `round` has, too.
    """
    missing = [max(0, side - n) for n in pixels.shape[1:]]
    if any(missing):
        pixels = np.pad(pixels, ((0, 0), *((m // 2, m - m // 2) for m in missing)))
    top, left = (round((n - side) / 2) for n in pixels.shape[1:])
    return pixels[:, top : top + side, left : left + side].copy()
