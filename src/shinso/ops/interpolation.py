"""Resizing sound, images and volumes: nearest neighbour, or linear along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.spatial import Sizes, per_axis, spatial_sizes

_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}

Taps = tuple[list[int], list[int], list[float]]
"""For each output position: the lower neighbour, the upper one, and the weight of the upper."""


class Resize(Function):
    """y = (1 - f) · x[lower] + f · x[upper] along each axis in turn; nearest has f = 0.

    Along one axis that is y = A x with a matrix of constants, so dx = Aᵀ dy, axis by axis.
    """

    def __init__(self, taps: list[Taps]) -> None:
        self.taps = taps

    def forward(self, x: Array) -> Array:
        self.sizes = x.shape[2:]
        for axis, (lower, upper, fraction) in enumerate(self.taps, start=2):
            y = x.take(lower, axis=axis)
            if any(fraction):
                f = np.array(fraction, dtype=x.dtype, like=x)
                f = f.reshape(len(fraction), *[1] * (x.ndim - 1 - axis))
                y = (1 - f) * y + f * x.take(upper, axis=axis)
            x = y
        return x

    def backward(self, dy: Array) -> Array:
        for axis, taps in enumerate(self.taps, start=2):
            a = np.array(_matrix(taps, self.sizes[axis - 2]), dtype=dy.dtype, like=dy)
            moved = np.tensordot(dy, a, axes=((axis,), (0,)))
            dy = moved.transpose(*range(axis), dy.ndim - 1, *range(axis, dy.ndim - 1))
        return dy


def _matrix(taps: Taps, n: int) -> list[list[float]]:
    """A with y = A x: one row for each output position, at most two entries in it."""
    rows = []
    for lower, upper, fraction in zip(*taps, strict=True):
        row = [0.0] * n
        row[lower] += 1 - fraction
        row[upper] += fraction
        rows.append(row)
    return rows


def interpolate(
    x: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Resize to a given size, or by a factor.

    nearest: output i takes input ⌊i · n/m⌋, for n inputs and m outputs, reckoned in float32 as
    PyTorch does for float32 data (where i · n/m is a whole number, rounding may give one less).
    linear: output i lies at (i + 0.5) · n/m - 0.5 between two inputs and mixes them by distance;
    before the first it takes the first. With align_corners it lies at i · (n - 1)/(m - 1), so that
    the ends fall on the ends. bilinear and trilinear do so along each axis. An axis that keeps its
    length, if only by rounding (3 · 1.3 → 3), keeps its values.

    x: (N, C, L), (N, C, H, W) or (N, C, D, H, W). size: an integer or one for each spatial axis; or
    scale_factor: a number or one for each, and the size is ⌊n · factor⌋ and n/m is 1/factor.
    mode: "nearest", or "linear", "bilinear", "trilinear" for 1, 2, 3 axes. align_corners: for the
    linear modes only (None: False).
    Returns x resized. Raises ValueError unless exactly one of size and scale_factor is given, for a
    mode that does not go with x, an output of no size, and align_corners with "nearest".
    """
    n = len(getattr(x, "shape", ())) - 2
    if n not in _LINEAR:
        raise ValueError(
            f"interpolate got an input of shape {tuple(getattr(x, 'shape', ()))}; it takes "
            "(N, C, L), (N, C, H, W) or (N, C, D, H, W)"
        )
    if mode not in ("nearest", _LINEAR[n]):
        raise ValueError(
            f"interpolate got mode={mode!r} for {n} spatial axes; it takes 'nearest' or "
            f"{_LINEAR[n]!r}"
        )
    if mode == "nearest" and align_corners is not None:
        raise ValueError(f"interpolate: align_corners goes with {_LINEAR[n]!r}, not with 'nearest'")
    sizes = spatial_sizes(x, n, "interpolate")
    out, steps = _target(n, sizes, size, scale_factor)
    taps = []
    for m, k, step in zip(sizes, out, steps, strict=True):
        taps.append(
            _nearest(m, k, step) if mode == "nearest" else _linear(m, k, step, align_corners)
        )
    return Resize(taps)(x)


def _target(n: int, sizes: Sizes, size: Any, scale_factor: Any) -> tuple[Sizes, tuple[float, ...]]:
    """The size to make, and how far apart the outputs lie in the input."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate takes either size or scale_factor")
    if size is not None:
        out = per_axis(size, n, "size", "interpolate")
        steps = tuple(m / k for m, k in zip(sizes, out, strict=True))
    else:
        factors = tuple(scale_factor) if isinstance(scale_factor, Sequence) else (scale_factor,) * n
        if len(factors) != n or not all(f > 0 for f in factors):
            raise ValueError(
                f"interpolate got scale_factor={scale_factor!r}; it takes one positive number or "
                f"{n}, one for each spatial axis"
            )
        out = tuple(floor(m * f) for m, f in zip(sizes, factors, strict=True))
        steps = tuple(1 / f for f in factors)
    if min(out) < 1 or min(sizes) < 1:
        raise ValueError(f"interpolate would turn an input of {sizes} into {out}: nothing is left")
    return out, steps


def _nearest(n: int, m: int, step: float) -> Taps:
    """Where the outputs look. Keeping and doubling a length are exact, whatever the rounding."""
    if m in (n, 2 * n):
        step = n / m
    at = [min(floor(np.float32(i) * np.float32(step)), n - 1) for i in range(m)]
    return at, at, [0.0] * m


def _linear(n: int, m: int, step: float, align_corners: bool | None) -> Taps:
    """Which two inputs the outputs mix, and how much of the second. A kept length is exact."""
    if m == n:
        position = [float(i) for i in range(m)]
    elif align_corners:
        step = (n - 1) / (m - 1) if m > 1 else 0.0
        position = [i * step for i in range(m)]
    else:
        position = [max((i + 0.5) * step - 0.5, 0.0) for i in range(m)]
    lower = [min(floor(p), n - 1) for p in position]
    upper = [min(i + 1, n - 1) for i in lower]
    return lower, upper, [min(p - i, 1.0) for p, i in zip(position, lower, strict=True)]
