"""Changes made to a whole batch at once: scaling, normalizing, padding, cropping, flipping.

Each transform is a small object called as `transform(x, rng)`. Images are (N, C, H, W). Those that
use no randomness ignore `rng`; those that do take all of it from `rng`, so a batch is a function of
the loader's seed, epoch and batch number. None of them writes into its input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from shinso.data.protocols import Array, Transform

PaddingMode = Literal["constant", "edge", "reflect", "symmetric"]


class Compose:
    """Apply several transforms one after the other.

    transforms: each `transform(x, rng) -> x`. Raises TypeError if one of them cannot be called.
    """

    def __init__(self, transforms: Sequence[Transform]) -> None:
        self.transforms = tuple(transforms)
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"Compose: {transform!r} is no transform; it cannot be called.")

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return `x` after all transforms."""
        for transform in self.transforms:
            x = transform(x, rng)
        return x

    def __repr__(self) -> str:
        return f"Compose([{', '.join(map(repr, self.transforms))}])"


@dataclass(frozen=True)
class ToFloat:
    """Turn integer pixels 0 .. scale into float32 numbers 0 .. 1: y = x / scale.

    Numbers that are float already pass unchanged. (torchvision: `ToTensor`.)
    scale: the value that becomes 1; 255 for usual images.
    """

    scale: float = 255.0

    def __post_init__(self) -> None:
        if not 0 < self.scale < float("inf"):
            raise ValueError(f"ToFloat: scale must be greater than 0, got {self.scale}.")

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return float32 of the same shape.

        Raises TypeError if `x` is neither uint8 nor float, ValueError if a pixel is greater than
        `scale`.
        """
        if x.dtype.kind == "f":
            return x
        if x.dtype != np.uint8:
            raise TypeError(f"ToFloat takes uint8 pixels (or floats), got {x.dtype}.")
        if self.scale < 255 and x.size and x.max() > self.scale:
            raise ValueError(f"ToFloat: pixel {x.max()} is greater than scale={self.scale:g}.")
        return np.divide(x, np.float32(self.scale), dtype=np.float32)


class Normalize:
    """Shift and scale each channel: y = (x - mean) / std.

    With the mean and standard deviation of the training images this gives channels of mean 0 and
    variance 1. Channels are axis 1, so it serves images (N, C, H, W) and tables (N, C) alike.
    mean: one number per channel, or one number for all. std: the same; each greater than 0.
    Raises ValueError if the numbers do not fit together, are not finite, or a std is not above 0.
    """

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        self.mean = tuple(float(value) for value in np.atleast_1d(mean))
        self.std = tuple(float(value) for value in np.atleast_1d(std))
        if len(self.mean) != len(self.std) or not self.mean:
            raise ValueError(
                f"Normalize: {len(self.mean)} means but {len(self.std)} standard deviations."
            )
        if not all(np.isfinite(self.mean)) or not all(0 < s < float("inf") for s in self.std):
            raise ValueError(
                f"Normalize needs finite means and standard deviations above 0, "
                f"got mean={self.mean}, std={self.std}."
            )

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return the normalized batch, in the dtype of `x`.

        Raises TypeError if `x` is not float, ValueError if the number of channels is not that of
        means.
        """
        if x.dtype.kind != "f":
            raise TypeError(f"Normalize takes floats, got {x.dtype}; put ToFloat() before it.")
        channels = x.shape[1] if x.ndim > 1 else 0
        if x.ndim < 2 or len(self.mean) not in (1, channels):
            raise ValueError(
                f"Normalize has {len(self.mean)} means, one per channel (axis 1), "
                f"but got an input of shape {x.shape}."
            )
        shape = (1, -1) + (1,) * (x.ndim - 2)
        mean = np.array(self.mean, dtype=x.dtype).reshape(shape)
        std = np.array(self.std, dtype=x.dtype).reshape(shape)
        y: Array = (x - mean) / std
        return y

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


@dataclass(frozen=True)
class Flatten:
    """Turn each example into one row: (N, ...) becomes (N, D)."""

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return a view of shape (N, D)."""
        if x.ndim < 1:
            raise ValueError("Flatten takes a batch (N, ...), got a single number.")
        return x.reshape(len(x), int(np.prod(x.shape[1:], dtype=np.int64)))


@dataclass(frozen=True)
class OneHot:
    """Turn class numbers (N,) into rows (N, num_classes) of float32 that are 1 at the class.

    num_classes: how many classes there are.
    """

    num_classes: int

    def __post_init__(self) -> None:
        whole_number(self.num_classes, 1, "OneHot: num_classes")

    def __call__(self, t: Array, rng: np.random.Generator | None = None) -> Array:
        """Return the one-hot rows.

        Raises TypeError if `t` does not hold whole numbers, ValueError if it is not (N,) or a class
        number is out of range.
        """
        if t.dtype.kind not in "iu":
            raise TypeError(f"OneHot takes whole class numbers, got {t.dtype}.")
        if t.ndim != 1:
            raise ValueError(f"OneHot takes labels of shape (N,), got {t.shape}.")
        if t.size and not 0 <= t.min() <= t.max() < self.num_classes:
            wrong = t.min() if t.min() < 0 else t.max()
            raise ValueError(
                f"OneHot: label {wrong} is out of range 0 to {self.num_classes - 1} "
                f"for {self.num_classes} classes."
            )
        y = np.zeros((len(t), self.num_classes), dtype=np.float32)
        y[np.arange(len(t)), t] = 1.0
        return y


@dataclass(frozen=True)
class Pad:
    """Add a border to images.

    padding: pixels on every side; or (left and right, top and bottom); or (left, top, right,
    bottom), as in torchvision. fill: the value of the border in mode "constant".
    padding_mode: "constant"; "edge" repeats the border pixel; "reflect" mirrors without it,
    "symmetric" with it.
    """

    padding: int | tuple[int, ...]
    fill: float = 0
    padding_mode: PaddingMode = "constant"

    def __post_init__(self) -> None:
        self.sides()
        if self.padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError(
                f"Pad: padding_mode must be 'constant', 'edge', 'reflect' or 'symmetric', "
                f"got {self.padding_mode!r}."
            )

    def sides(self) -> tuple[int, int, int, int]:
        """Return the padding as (left, top, right, bottom)."""
        given = self.padding
        values = (given,) if isinstance(given, int | np.integer) else tuple(given)
        if len(values) not in (1, 2, 4):
            raise ValueError(f"Pad: padding takes 1, 2 or 4 numbers, got {len(values)}.")
        for value in values:
            whole_number(value, 0, "Pad: padding")
        left, top, right, bottom = (values * (4 // len(values)))[:4]
        return left, top, right, bottom

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images (N, C, H + top + bottom, W + left + right).

        Raises ValueError if `x` is not (N, C, H, W), `fill` does not fit its dtype, or the images
        are too small for "reflect".
        """
        check_images(x, "Pad")
        left, top, right, bottom = self.sides()
        widths = ((0, 0), (0, 0), (top, bottom), (left, right))
        if self.padding_mode == "constant":
            if x.dtype == np.uint8 and (not 0 <= self.fill <= 255 or self.fill % 1):
                raise ValueError(f"Pad: fill={self.fill} is no uint8 pixel (0 to 255).")
            return np.pad(x, widths, mode="constant", constant_values=x.dtype.type(self.fill))
        height, width = x.shape[2:]
        if self.padding_mode == "reflect" and (
            max(top, bottom) >= height or max(left, right) >= width
        ):
            raise ValueError(
                f"Pad: 'reflect' needs a padding smaller than the image, got {self.padding} for "
                f"images of {height} x {width}."
            )
        padded: Array = np.pad(x, widths, mode=self.padding_mode)
        return padded


@dataclass(frozen=True)
class RandomCrop:
    """Cut a window out of each image, at a place drawn for each image.

    size: the window, (height, width) or one number for a square.
    padding: a border added first, as in `Pad`; with the original size as `size` this shifts images
    by up to that many pixels. fill: the value of a constant border. padding_mode: as in `Pad`.
    """

    size: int | tuple[int, int]
    padding: int | tuple[int, ...] = 0
    fill: float = 0
    padding_mode: PaddingMode = "constant"

    def __post_init__(self) -> None:
        height_and_width(self.size, "RandomCrop")
        Pad(self.padding, self.fill, self.padding_mode)

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images (N, C, height, width).

        Raises ValueError if the window is larger than the (padded) images, or `rng` is missing.
        """
        check_images(x, "RandomCrop")
        rng = need_rng(rng, "RandomCrop")
        padder = Pad(self.padding, self.fill, self.padding_mode)
        if any(padder.sides()):
            x = padder(x)
        height, width = height_and_width(self.size, "RandomCrop")
        rows, columns = x.shape[2] - height + 1, x.shape[3] - width + 1
        if rows < 1 or columns < 1:
            raise ValueError(
                f"RandomCrop: a window of {height} x {width} does not fit into images of "
                f"{x.shape[2]} x {x.shape[3]}."
            )
        top = rng.integers(0, rows, len(x))
        left = rng.integers(0, columns, len(x))
        windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(2, 3))
        return windows[np.arange(len(x)), :, top, left]


@dataclass(frozen=True)
class RandomHorizontalFlip:
    """Mirror each image left to right with probability p.

    p: the probability, from 0 to 1.
    """

    p: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p must lie between 0 and 1, got {self.p}.")

    def __call__(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return images of the same shape."""
        check_images(x, "RandomHorizontalFlip")
        flip = need_rng(rng, "RandomHorizontalFlip").random(len(x)) < self.p
        y = x.copy()
        y[flip] = x[flip, :, :, ::-1]
        return y


def check_images(x: Array, who: str) -> None:
    """Raise unless `x` is a batch of images (N, C, H, W), uint8 or float, of at least one pixel."""
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"{who} takes images (N, C, H, W), got an array of shape {x.shape}.")
    if x.dtype != np.uint8 and x.dtype.kind != "f":
        raise TypeError(f"{who} takes images of uint8 or float, got {x.dtype}.")


def need_rng(rng: np.random.Generator | None, who: str) -> np.random.Generator:
    """Return `rng`, or raise that a random transform has none."""
    if rng is None:
        raise ValueError(
            f"{who} is random and needs a generator: give it to a DataLoader as transform=, "
            "or call it with numpy.random.default_rng(seed)."
        )
    return rng


def height_and_width(size: Any, who: str) -> tuple[int, int]:
    """Return `size`, one number or (height, width), as (height, width)."""
    values = (size, size) if isinstance(size, int | np.integer) else tuple(size)
    if len(values) != 2:
        raise ValueError(f"{who}: size must be one number or (height, width), got {size!r}.")
    return whole_number(values[0], 1, f"{who}: size"), whole_number(values[1], 1, f"{who}: size")


def whole_number(value: Any, low: int, name: str) -> int:
    """Return `value` as an int if it is a whole number >= low."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < low:
        raise ValueError(f"{name} must be {low} or greater, got {value}.")
    return int(value)
