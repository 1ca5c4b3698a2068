"""Shaking: random weights on the branches of a network, others forward than backward.

The backward pass is then not the derivative of the forward pass, and is not meant to be: noise on
the gradient that does not match the noise on the values keeps a network from learning its training
images by heart. Forward and backward weights are drawn together, in the public functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.activation import identity
from shinso.ops.arithmetic import add
from shinso.ops.dropout import check_drop, kept
from shinso.ops.floating import check_floating
from shinso.ops.random import random_uniform

Range = tuple[float, float]

# How many leading axes of (N, C, …) have weights of their own; None for all.
LEVELS: dict[str, int | None] = {"batch": 0, "image": 1, "channel": 2, "pixel": None}


class Shake(Function):
    """y = a x, but dx = b dy: the weight that backward uses is another one."""

    def forward(self, x: Array, a: Any, b: Any) -> Array:
        self.b = b
        return x * a

    def backward(self, dy: Array) -> tuple[Array, None, None]:
        return dy * self.b, None, None


def shake_shake(
    x1: Any,
    x2: Any,
    forward: str = "shake",
    backward: str = "shake",
    level: str = "image",
    training: bool = True,
) -> Tensor:
    """A random mean of two branches: y = α x1 + (1 - α) x2 with α uniform over [0, 1).

    Backward shares the gradient out by another number: dx1 = β dy, dx2 = (1 - β) dy. Evaluation
    (training=False) takes the plain mean, α = β = ½.
    x1, x2: (N, C, …), float, of one shape. forward: "shake" draws α, "even" takes ½. backward:
    "shake" draws β, "even" takes ½, "keep" takes forward's α. level: one α and one β for each
    "image" or "channel", for each number ("pixel"), or for the whole "batch". The paper's S-S-I is
    ("shake", "shake", "image"). Returns the same shape.
    Raises ValueError for another forward, backward or level, or two shapes; TypeError for what is
    not floating point.
    Source: Gastaldi, "Shake-shake regularization", 2017.
    """
    check_floating("shake_shake", x1, "x1")
    check_floating("shake_shake", x2, "x2")
    check_ways("shake_shake", forward, backward, level)
    if x1.shape != x2.shape:
        raise ValueError(
            f"shake_shake got branches of shapes {tuple(x1.shape)} and {tuple(x2.shape)}; they "
            "are added, so both have one shape"
        )
    shape = level_shape("shake_shake", tuple(x1.shape), level)
    alpha: Any = 0.5
    beta: Any = 0.5
    if training and forward == "shake":
        alpha = random_uniform(shape, x1.dtype)
    if training and backward == "shake":
        beta = random_uniform(shape, x1.dtype)
    elif backward == "keep":
        beta = alpha
    return add(Shake()(x1, alpha, beta), Shake()(x2, 1 - alpha, 1 - beta))


def shake_drop(
    x: Any,
    p: float = 0.5,
    alpha: Range = (-1.0, 1.0),
    beta: Range = (0.0, 1.0),
    level: str = "batch",
    training: bool = True,
) -> Tensor:
    """Shake one branch, sometimes: with probability p, x times a random number; else x as it is.

    y = (b + α - b α) x and dx = (b + β - b β) dy, where b is 0 with probability p and otherwise 1
    (one b for the whole batch), α and β uniform over their ranges. Evaluation (training=False)
    takes the expected value, y = (1 - p + p E[α]) x.
    x: what a residual block adds, (N, C, …), float. p: the probability to be shaken: the paper's
    1 - p_l. alpha, beta: lowest and highest; two equal numbers for a fixed one: alpha = beta =
    (0, 0) is stochastic depth without its scaling. level: one α and one β for the "batch", for each
    "image", each "channel" or each number ("pixel"). Returns the same shape.
    Raises ValueError for a p outside [0, 1], another level, a range that is none; TypeError for an
    x that is not floating point.
    Source: Yamada, Iwamura, Akiba, Kise, "ShakeDrop regularization for deep residual learning",
    2018.
    """
    check_drop("shake_drop", x, p)
    check_level("shake_drop", level)
    low, high = check_range("shake_drop", "alpha", alpha)
    check_range("shake_drop", "beta", beta)
    if p == 0:
        return identity(x)
    shape = level_shape("shake_drop", tuple(x.shape), level)
    if not training:
        expected = 1 - p + p * (low + high) / 2
        return Shake()(x, expected, expected)
    a, b = _uniform(shape, alpha, x.dtype), _uniform(shape, beta, x.dtype)
    if p < 1:
        alone = kept((1,) * x.ndim, p)
        a, b = np.where(alone, 1, a), np.where(alone, 1, b)
    return Shake()(x, a, b)


def _uniform(shape: tuple[int, ...], limits: Range, dtype: Any) -> Array:
    low, high = limits
    return low + (high - low) * random_uniform(shape, dtype)


def check_ways(owner: str, forward: str, backward: str, level: str) -> None:
    """Raise ValueError for what is no way to shake two branches."""
    if forward not in ("shake", "even"):
        hint = ": there is nothing before it to keep" if forward == "keep" else ""
        raise ValueError(f'{owner} takes forward "shake" or "even", not {forward!r}{hint}')
    if backward not in ("shake", "even", "keep"):
        raise ValueError(f'{owner} takes backward "shake", "even" or "keep", not {backward!r}')
    check_level(owner, level)


def check_level(owner: str, level: str) -> None:
    """Raise ValueError for a level that is none."""
    if level not in LEVELS:
        raise ValueError(f"{owner} takes a level of {', '.join(LEVELS)}, not {level!r}")


def check_range(owner: str, name: str, limits: Any) -> Range:
    """Two numbers, the first at most the second. Raises ValueError for anything else."""
    try:
        low, high = (float(limit) for limit in limits)
    except (TypeError, ValueError):
        low, high = 1.0, 0.0
    if not low <= high:
        raise ValueError(f"{owner} takes {name} as (lowest, highest), two numbers, not {limits!r}")
    return low, high


def level_shape(owner: str, shape: tuple[int, ...], level: str) -> tuple[int, ...]:
    """The shape of the weights: 1 along the axes that share one. Raises ValueError."""
    own = LEVELS[level]
    own = len(shape) if own is None else own
    if len(shape) < own:
        raise ValueError(
            f"{owner} got an input of shape {shape}; level {level!r} takes "
            f"{'(N, …)' if own == 1 else '(N, C, …)'}"
        )
    return shape[:own] + (1,) * (len(shape) - own)
