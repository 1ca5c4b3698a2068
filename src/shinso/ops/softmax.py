"""Softmax and its logarithm, with the maximum taken out first so that nothing overflows."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.naming import accepts_dim


def stable_softmax(x: Array, axis: int = -1) -> Array:
    """eˣ / Σ eˣ along an axis, written so that the exponential never overflows."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def stable_log_softmax(x: Array, axis: int = -1) -> Array:
    """x - ln Σ eˣ along an axis, written so that the exponential never overflows."""
    z = x - x.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


class Softmax(Function):
    """pᵢ = e^xᵢ / Σ e^xₖ. dx = p (dy - Σ dy p).

    That is ∂pᵢ/∂xₖ = pᵢ (1 - pᵢ) for i = k and -pᵢ pₖ otherwise, times dy, summed.
    """

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.p = stable_softmax(x, self.axis)
        return self.p

    def backward(self, dy: Array) -> Array:
        return self.p * (dy - (dy * self.p).sum(axis=self.axis, keepdims=True))


class LogSoftmax(Function):
    """yᵢ = xᵢ - ln Σ e^xₖ. dx = dy - p Σ dy."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.y = stable_log_softmax(x, self.axis)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy - np.exp(self.y) * dy.sum(axis=self.axis, keepdims=True)


@accepts_dim
def softmax(x: Any, axis: int = -1) -> Tensor:
    """Turn scores into probabilities along an axis, pᵢ = e^xᵢ / Σ e^xₖ.

    Adding a constant to all scores changes nothing; scores of ±10 000 are no trouble.
    """
    _check("softmax", x, axis)
    return Softmax(axis)(x)


@accepts_dim
def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """The logarithm of softmax, yᵢ = xᵢ - ln Σ e^xₖ, exact where softmax would round to 0."""
    _check("log_softmax", x, axis)
    return LogSoftmax(axis)(x)


def _check(name: str, x: Any, axis: int) -> None:
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name} along axis {axis}, but the input has shape {tuple(x.shape)}")
    if x.shape[axis] == 0:
        raise ValueError(f"{name} of no scores: axis {axis} of shape {tuple(x.shape)} has length 0")
