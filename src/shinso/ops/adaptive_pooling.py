"""Pooling to a given size, whatever the size of the input; global pooling is its extreme.

Output i of m looks at positions ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉ of an axis of n. A window over several
axes is a product of such stretches, so the axes are pooled one after the other, the last one first.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.reduction import mean
from shinso.ops.spatial import Sizes, per_axis, spatial_sizes


def _stretches(n: int, m: int) -> list[slice]:
    """The stretch of an axis of n positions that each of the m outputs looks at."""
    return [slice(i * n // m, -((i + 1) * n // -m)) for i in range(m)]


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """An index that takes `part` of one axis and all of those before and after it."""
    return (*[slice(None)] * axis, part)


class AdaptiveAveragePool(Function):
    """y = the mean of each stretch, axis by axis. dx spreads dy evenly over the stretch."""

    def __init__(self, out: Sizes) -> None:
        self.out = out

    def forward(self, x: Array) -> Array:
        self.sizes = x.shape[2:]
        for axis, n, m in self._axes():
            x = np.concatenate(
                [x[_along(axis, s)].mean(axis=axis, keepdims=True) for s in _stretches(n, m)],
                axis=axis,
            )
        return x

    def backward(self, dy: Array) -> Array:
        for axis, n, m in reversed(self._axes()):
            dx = np.zeros_like(dy, shape=(*dy.shape[:axis], n, *dy.shape[axis + 1 :]))
            for i, s in enumerate(_stretches(n, m)):
                dx[_along(axis, s)] += dy[_along(axis, slice(i, i + 1))] / (s.stop - s.start)
            dy = dx
        return dy

    def _axes(self) -> list[tuple[int, int, int]]:
        """(axis, its length, the length wanted), the last axis first."""
        pairs = zip(range(2, 2 + len(self.out)), self.sizes, self.out, strict=True)
        return list(pairs)[::-1]


class AdaptiveMaxPool(AdaptiveAveragePool):
    """y = the largest of each window. dx = dy where it was found; the first of equals wins."""

    def __init__(self, out: Sizes, with_indices: bool) -> None:
        super().__init__(out)
        self.with_indices = with_indices

    def forward(self, x: Array) -> Any:
        self.sizes = x.shape[2:]
        self.winners: list[Array] = []
        for axis, n, m in self._axes():
            parts = [(s.start, x[_along(axis, s)]) for s in _stretches(n, m)]
            at = [part.argmax(axis=axis, keepdims=True) + start for start, part in parts]
            self.winners.append(np.concatenate(at, axis=axis))
            x = np.concatenate([part.max(axis=axis, keepdims=True) for _, part in parts], axis=axis)
        return (x, self._positions()) if self.with_indices else x

    def backward(self, dy: Array, *_: Array) -> Array:
        for (axis, n, m), at in zip(reversed(self._axes()), reversed(self.winners), strict=True):
            dx = np.zeros_like(dy, shape=(*dy.shape[:axis], n, *dy.shape[axis + 1 :]))
            positions = np.arange(n, like=at).reshape(n, *[1] * (dy.ndim - 1 - axis))
            for i, s in enumerate(_stretches(n, m)):
                one = _along(axis, slice(i, i + 1))
                here = positions[s] == at[one]
                dx[_along(axis, s)] += np.where(here, dy[one], 0)
            dy = dx
        return dy

    def _positions(self) -> Array:
        """Where the winners stand in the flattened plane of their channel."""
        flat = self.winners[0]
        for (axis, _, _), at in zip(self._axes()[1:], self.winners[1:], strict=True):
            flat = np.take_along_axis(flat, at, axis=axis) + at * prod(self.sizes[axis - 1 :])
        return flat


class GlobalMaxPool(Function):
    """y = the largest of each channel. dx = dy where it was found; the first of equals wins."""

    def __init__(self, keepdims: bool) -> None:
        self.keepdims = keepdims

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        plane = x.reshape(*x.shape[:2], prod(x.shape[2:]))
        self.at = plane.argmax(axis=2)
        y = plane.max(axis=2)
        return y.reshape(*x.shape[:2], *[1] * (x.ndim - 2)) if self.keepdims else y

    def backward(self, dy: Array) -> Array:
        here = np.arange(prod(self.shape[2:]), like=self.at) == self.at[:, :, None]
        return np.where(here, dy.reshape(*self.shape[:2], 1), 0).reshape(self.shape)


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Tensor:
    """Means over as many stretches as the output is long, as in `adaptive_avg_pool2d`.

    x: (N, C, L). output_size: an integer. Returns (N, C, output_size).
    """
    return AdaptiveAveragePool(_output_size(1, x, output_size, "adaptive_avg_pool1d"))(x)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Tensor:
    """Average an image of any size down to OH × OW windows of (nearly) equal size.

    Window i covers rows ⌊i·H/OH⌋ to ⌈(i + 1)·H/OH⌉ (that one excluded); columns alike.

    x: (N, C, H, W). output_size: an integer or (OH, OW); None leaves that axis as it is.
    Returns (N, C, OH, OW). Raises ValueError for a size below 1 and an input without positions.
    """
    return AdaptiveAveragePool(_output_size(2, x, output_size, "adaptive_avg_pool2d"))(x)


def adaptive_avg_pool3d(x: Any, output_size: Any) -> Tensor:
    """Means over boxes. x: (N, C, D, H, W). As `adaptive_avg_pool2d`."""
    return AdaptiveAveragePool(_output_size(3, x, output_size, "adaptive_avg_pool3d"))(x)


def adaptive_max_pool1d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima over as many stretches as the output is long. As `adaptive_max_pool2d`."""
    return _adaptive_max(1, x, output_size, return_indices)


def adaptive_max_pool2d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each of OH × OW windows, laid as in `adaptive_avg_pool2d`.

    x: (N, C, H, W). output_size: an integer or (OH, OW); None leaves that axis as it is.
    return_indices: also give the positions h·W + w of the maxima, int64.
    The first of equals (row by row) takes the gradient. NaN propagates.
    Returns (N, C, OH, OW), or a pair of those. Raises ValueError as `adaptive_avg_pool2d` does.
    """
    return _adaptive_max(2, x, output_size, return_indices)


def adaptive_max_pool3d(x: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each box. x: (N, C, D, H, W). As `adaptive_max_pool2d`."""
    return _adaptive_max(3, x, output_size, return_indices)


def global_avg_pool(x: Any, keepdims: bool = False) -> Tensor:
    """The mean of every channel over all positions: (N, C, *) → (N, C).

    keepdims: keep the pooled axes, with length 1. Raises ValueError if x has no spatial axis or no
    position.

    Source: Lin et al., Network in network, 2013.
    """
    shape = _global_shape("global_avg_pool", x)
    return mean(x, axis=tuple(range(2, len(shape))), keepdims=keepdims)


def global_max_pool(x: Any, keepdims: bool = False) -> Tensor:
    """The largest of every channel over all positions: (N, C, *) → (N, C).

    keepdims: keep the pooled axes, with length 1. The first of equals takes the gradient; NaN
    propagates. Raises ValueError if x has no spatial axis or no position.
    """
    _global_shape("global_max_pool", x)
    return GlobalMaxPool(keepdims)(x)


def _adaptive_max(n: int, x: Any, output_size: Any, return_indices: bool) -> Any:
    out = _output_size(n, x, output_size, f"adaptive_max_pool{n}d")
    result = AdaptiveMaxPool(out, return_indices)(x)
    return (result[0], result[1].detach()) if return_indices else result


def _output_size(n: int, x: Any, output_size: Any, op: str) -> Sizes:
    """The size to pool to, None replaced by the input's."""
    sizes = spatial_sizes(x, n, op)
    if 0 in sizes:
        raise ValueError(f"{op} got an input of {sizes}: there is nothing to pool")
    several = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * n
    if len(several) == n:
        several = tuple(s if m is None else m for m, s in zip(several, sizes, strict=True))
    return per_axis(several, n, "output_size", op)


def _global_shape(op: str, x: Any) -> Sizes:
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) < 3 or 0 in shape[2:]:
        raise ValueError(
            f"{op} got an input of shape {shape}; it takes (N, C, *) with at least one spatial "
            "axis, and a position on each"
        )
    return shape
