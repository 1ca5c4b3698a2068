"""From many numbers to few: sum, mean, variance, extremes, log-sum-exp.

`axis` is None (all), an integer or a tuple; `keepdims` keeps the reduced axes with length 1.
PyTorch's names `dim` and `keepdim` are understood, too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.naming import accepts_dim

Axis = int | tuple[int, ...] | None


class Reduction(Function):
    """A reduction over some axes; backward spreads dy over them again."""

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = tuple(axis) if isinstance(axis, list) else axis
        self.keepdims = keepdims

    def spread(self, dy: Array, like: Array) -> Array:
        """Put the reduced axes of dy back, with length 1, so that it broadcasts against x."""
        if self.axis is None:
            return dy.reshape((1,) * like.ndim)
        return dy if self.keepdims else np.expand_dims(dy, self.axis)

    def count(self, x: Array) -> int:
        """How many elements go into one result."""
        if self.axis is None:
            return x.size
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        return math.prod([x.shape[a] for a in axes])


class Sum(Reduction):
    """y = Σ x. Every element receives dy."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, dy: Array) -> Array:
        return np.broadcast_to(self.spread(dy, self.x), self.x.shape)


class Mean(Reduction):
    """y = Σ x / n. Every element receives dy / n."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.mean(axis=self.axis, keepdims=self.keepdims)

    def backward(self, dy: Array) -> Array:
        return np.broadcast_to(self.spread(dy, self.x) / self.count(self.x), self.x.shape)


class Variance(Reduction):
    """y = Σ (x - mean)² / (n - correction). dx = dy 2 (x - mean) / (n - correction)."""

    def __init__(self, axis: Axis, keepdims: bool, correction: int) -> None:
        super().__init__(axis, keepdims)
        self.correction = correction

    def forward(self, x: Array) -> Array:
        self.n = self.count(x) - self.correction
        self.centred = x - x.mean(axis=self.axis, keepdims=True)
        return (self.centred**2).sum(axis=self.axis, keepdims=self.keepdims) / self.n

    def backward(self, dy: Array) -> Array:
        return self.spread(dy, self.centred) * self.centred * (2 / self.n)


class Maximal(Reduction):
    """y = max x. dy is routed to the largest element; equal ones share it."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.max(axis=self.axis, keepdims=self.keepdims)

    def backward(self, dy: Array) -> Array:
        return _share(self, dy, self.x.max(axis=self.axis, keepdims=True))


class Minimal(Reduction):
    """y = min x. dy is routed to the smallest element; equal ones share it."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.min(axis=self.axis, keepdims=self.keepdims)

    def backward(self, dy: Array) -> Array:
        return _share(self, dy, self.x.min(axis=self.axis, keepdims=True))


def _share(reduction: Maximal | Minimal, dy: Array, extreme: Array) -> Array:
    x = reduction.x
    chosen = (x == extreme).astype(x.dtype)
    number = chosen.sum(axis=reduction.axis, keepdims=True)
    return reduction.spread(dy, x) * chosen / np.maximum(number, 1)


class LogSumExp(Reduction):
    """y = ln Σ eˣ, the maximum taken out so that nothing overflows. dx = dy eˣ⁻ʸ: a softmax."""

    def forward(self, x: Array) -> Array:
        self.x = x
        top = x.max(axis=self.axis, keepdims=True)
        self.y = np.log(np.exp(x - top).sum(axis=self.axis, keepdims=True)) + top
        return self.y if self.keepdims else np.squeeze(self.y, axis=self.axis)

    def backward(self, dy: Array) -> Array:
        return self.spread(dy, self.x) * np.exp(self.x - self.y)


@accepts_dim
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum over axes, y = Σ x; 0 for no elements."""
    return Sum(axis, keepdims)(x)


@accepts_dim
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean over axes, y = Σ x / n. Raises ValueError for no elements."""
    reduction = Mean(axis, keepdims)
    _not_empty("mean", reduction, x, 1)
    return reduction(x)


@accepts_dim
def var(x: Any, axis: Axis = None, keepdims: bool = False, correction: int = 1) -> Tensor:
    """Variance over axes, y = Σ (x - mean)² / (n - correction).

    correction: 1 for the unbiased estimate (default, as in PyTorch), 0 for the population's
    variance.
    Raises ValueError unless n > correction.
    """
    reduction = Variance(axis, keepdims, correction)
    _not_empty("var", reduction, x, correction + 1)
    return reduction(x)


@accepts_dim
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element along axes. NaN wins. Equal largest elements share the gradient.

    Returns values only, as NumPy does; `argmax` gives positions.
    """
    reduction = Maximal(axis, keepdims)
    _not_empty("max", reduction, x, 1)
    return reduction(x)


@accepts_dim
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element along axes. NaN wins. Equal smallest elements share the gradient.

    Returns values only, as NumPy does; `argmin` gives positions.
    """
    reduction = Minimal(axis, keepdims)
    _not_empty("min", reduction, x, 1)
    return reduction(x)


@accepts_dim
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """y = ln Σ eˣ over axes, for x of any size."""
    reduction = LogSumExp(axis, keepdims)
    _not_empty("logsumexp", reduction, x, 1)
    return reduction(x)


def _not_empty(name: str, reduction: Reduction, x: Any, least: int) -> None:
    """Refuse reductions over too few elements, unless there are no results either."""
    shape = x.shape
    axes = reduction.axis
    if axes is not None:
        for a in axes if isinstance(axes, tuple) else (axes,):
            if not -len(shape) <= a < len(shape):
                raise ValueError(f"{name} over axis {a}, but the input has shape {tuple(shape)}")
    if math.prod(shape) == 0 and axes is not None:
        kept = [n for i, n in enumerate(shape) if not _is_reduced(i, axes, len(shape))]
        if math.prod(kept) == 0:
            return
    if reduction.count(x) < least:
        raise ValueError(
            f"{name} of {reduction.count(x)} elements (shape {tuple(shape)}, axis {axes}); "
            f"it takes at least {least}"
        )


def _is_reduced(i: int, axes: int | tuple[int, ...], ndim: int) -> bool:
    return any(i == a % ndim for a in (axes if isinstance(axes, tuple) else (axes,)))
