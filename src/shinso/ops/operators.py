"""Bind operators and methods on `Tensor`: `x + y`, `x.sum()`. The one place where this is done.

`graph/methods.py` declares the same names for type checkers; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from shinso.graph import Tensor
from shinso.ops import (
    activation,
    arithmetic,
    comparison,
    matrix,
    reduction,
    shape,
    softmax,
)


def _swapped(operation: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    return lambda self, other: operation(other, self)


def _comparison(operation: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Any]:
    """Compare with arrays and numbers element by element; anything else is simply not equal."""

    def compare(self: Tensor, other: Any) -> Any:
        comparable = isinstance(other, (Tensor, np.ndarray, np.generic, int, float))
        if comparable or hasattr(type(other), "__array_function__"):
            return operation(self, other)
        return NotImplemented

    return compare


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if self.ndim == 0:
        raise TypeError("a 0-dimensional tensor cannot be iterated over")
    return (self[i] for i in range(self.shape[0]))


def _reversed_axes(self: Tensor) -> Tensor:
    return shape.permute(self, *reversed(range(self.ndim)))


BOUND: dict[str, Any] = {
    "__add__": arithmetic.add,
    "__radd__": _swapped(arithmetic.add),
    "__sub__": arithmetic.sub,
    "__rsub__": _swapped(arithmetic.sub),
    "__mul__": arithmetic.mul,
    "__rmul__": _swapped(arithmetic.mul),
    "__truediv__": arithmetic.div,
    "__rtruediv__": _swapped(arithmetic.div),
    "__pow__": arithmetic.pow,
    "__rpow__": _swapped(arithmetic.pow),
    "__matmul__": matrix.matmul,
    "__rmatmul__": _swapped(matrix.matmul),
    "__neg__": arithmetic.neg,
    "__abs__": arithmetic.abs,
    "__eq__": _comparison(comparison.eq),
    "__ne__": _comparison(comparison.ne),
    "__gt__": _comparison(comparison.gt),
    "__ge__": _comparison(comparison.ge),
    "__lt__": _comparison(comparison.lt),
    "__le__": _comparison(comparison.le),
    "__getitem__": shape.getitem,
    "__iter__": _iterate,
    "T": property(_reversed_axes),
    "abs": arithmetic.abs,
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "mul": arithmetic.mul,
    "div": arithmetic.div,
    "neg": arithmetic.neg,
    "sqrt": arithmetic.sqrt,
    "exp": arithmetic.exp,
    "log": arithmetic.log,
    "pow": arithmetic.pow,
    "clip": arithmetic.clip,
    "clamp": arithmetic.clamp,
    "sum": reduction.sum,
    "mean": reduction.mean,
    "var": reduction.var,
    "max": reduction.max,
    "min": reduction.min,
    "argmax": comparison.argmax,
    "argmin": comparison.argmin,
    "logsumexp": reduction.logsumexp,
    "reshape": shape.reshape,
    "view": shape.reshape,
    "transpose": shape.transpose,
    "permute": shape.permute,
    "flatten": shape.flatten,
    "squeeze": shape.squeeze,
    "unsqueeze": shape.unsqueeze,
    "split": shape.split,
    "flip": shape.flip,
    "matmul": matrix.matmul,
    "sigmoid": activation.sigmoid,
    "tanh": activation.tanh,
    "relu": activation.relu,
    "softmax": softmax.softmax,
    "log_softmax": softmax.log_softmax,
}

for _name, _method in BOUND.items():
    setattr(Tensor, _name, _method)
