"""Comparisons and positions of extremes: booleans and integers, which have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.naming import accepts_dim


class _Discrete(Function):
    """An operation whose result jumps: nothing flows back."""

    def backward(self, dy: Array) -> tuple[None, ...]:
        return (None,) * len(self.needs_grad)


class _Compare(_Discrete):
    """A comparison element by element; the ufunc says which."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self.ufunc = ufunc

    def forward(self, x: Array, y: Array) -> Array:
        return self.ufunc(x, y)


class ArgMax(_Discrete):
    """The position of the largest element; the first one of equals."""

    def __init__(self, axis: int | None, keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Array) -> Any:
        return np.argmax(x, axis=self.axis, keepdims=self.keepdims)


class ArgMin(_Discrete):
    """The position of the smallest element; the first one of equals."""

    def __init__(self, axis: int | None, keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Array) -> Any:
        return np.argmin(x, axis=self.axis, keepdims=self.keepdims)


def gt(x: Any, y: Any) -> Tensor:
    """x > y, element by element: booleans."""
    return _Compare(np.greater)(x, y)


def ge(x: Any, y: Any) -> Tensor:
    """x ≥ y, element by element: booleans."""
    return _Compare(np.greater_equal)(x, y)


def lt(x: Any, y: Any) -> Tensor:
    """x < y, element by element: booleans."""
    return _Compare(np.less)(x, y)


def le(x: Any, y: Any) -> Tensor:
    """x ≤ y, element by element: booleans."""
    return _Compare(np.less_equal)(x, y)


def eq(x: Any, y: Any) -> Tensor:
    """x = y, element by element: booleans."""
    return _Compare(np.equal)(x, y)


def ne(x: Any, y: Any) -> Tensor:
    """x ≠ y, element by element: booleans."""
    return _Compare(np.not_equal)(x, y)


@accepts_dim
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element along `axis` (of the flattened array for None); int64.

    Of equal elements the first counts.
    """
    return ArgMax(axis, keepdims)(x)


@accepts_dim
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along `axis` (of the flattened array for None); int64.

    Of equal elements the first counts.
    """
    return ArgMin(axis, keepdims)(x)
