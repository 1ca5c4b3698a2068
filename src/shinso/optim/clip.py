"""Gradient clipping: keep one huge gradient from throwing the weights far away.

Call it between `loss.backward()` and `optimizer.step()`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np

from shinso.cell import Array, require
from shinso.graph import Tensor


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Any:
    """Scale all gradients by one factor so that their common norm is at most `max_norm`.

    g ← g·min(1, max_norm / (‖g‖ + 1e-6)), where ‖g‖ is the p-norm of all gradients laid end to end.
    The direction stays.

    norm_type: p, greater than 0; math.inf for the largest absolute value. error_if_nonfinite: raise
    ValueError if the norm is NaN or infinite; otherwise it spreads to all gradients, as in PyTorch.
    Returns the norm before clipping, a float64 scalar; 0 if no parameter has a gradient.
    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks"
    (2013), algorithm 1.
    """
    _check("max_norm", max_norm, max_norm >= 0, "at least 0")
    _check("norm_type", norm_type, norm_type > 0, "greater than 0, or math.inf")
    pairs = _with_gradient(parameters)
    norm = total_norm([g for _, g in pairs], float(norm_type))
    if error_if_nonfinite:
        require(
            np.isfinite(norm),
            "clip_grad_norm_: the norm of the gradients is NaN or infinite, so it cannot be "
            "clipped. Look for the first layer whose output is not finite, or lower the learning "
            "rate.",
        )
    factor = np.minimum(1.0, float(max_norm) / (norm + 1e-6))
    for p, g in pairs:
        p.grad = g * factor.astype(g.dtype)
    return norm


def total_norm(arrays: list[Array], p: float) -> Any:
    """The p-norm (Σ |x|ᵖ)^(1/p) of all elements of all arrays, a float64 scalar.

    Taken of x / max|x|, so that squares neither overflow nor vanish.
    """
    arrays = [x for x in arrays if x.size > 0]
    if not arrays:
        return np.float64(0)
    largest = reduce(np.maximum, [np.max(np.abs(x)).astype(np.float64) for x in arrays])
    if p == math.inf:
        return largest
    scale = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
    total = np.float64(0)
    for x in arrays:
        total = total + np.sum(np.abs(x / scale.astype(x.dtype)) ** p, dtype=np.float64)
    return scale * total ** (1 / p)


def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Move every element of every gradient into [−clip_value, clip_value]. NaN stays NaN.

    The direction may change; `clip_grad_norm_` keeps it.
    """
    _check("clip_value", clip_value, clip_value >= 0, "at least 0")
    limit = float(clip_value)
    for p, g in _with_gradient(parameters):
        p.grad = np.minimum(np.maximum(g, -limit), limit)


def _with_gradient(parameters: Iterable[Tensor] | Tensor) -> list[tuple[Tensor, Array]]:
    """The tensors that have a gradient, with their gradients."""
    tensors = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for p in tensors:
        if not isinstance(p, Tensor):
            raise TypeError(
                "gradient clipping takes Tensors, such as model.parameters(), not "
                f"{type(p).__name__}"
            )
    return [(p, g) for p in tensors if (g := p.grad) is not None]


def _check(name: str, value: float, fits: bool, expected: str) -> None:
    if not fits:
        raise ValueError(f"{name}={value!r} is out of range: it must be {expected}")
