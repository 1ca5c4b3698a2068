"""Batch, layer, group and instance normalization: one formula, averaged over different axes.

    x̂ = (x - mean) / √(variance + ε),    y = w x̂ + b      (the papers' γ is w, their β is b)

Batch norm averages over the batch and all positions of a channel, instance norm over the positions
of one channel of one example, group norm over a group of channels of one example, layer norm over
the last axes. `Normalize` is the formula with its gradient; the four public functions choose the
axes, and two of them keep running statistics for evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array, Cell
from shinso.graph import Function, Tensor
from shinso.ops.normalization_checks import (
    array_of,
    check_channels,
    check_groups,
    check_normalized_shape,
    check_parameter,
    check_running,
)


class Normalize(Function):
    """y = w x̂ + b with x̂ = (x - m) / s, m = mean(x), v = mean((x - m)²), s = √(v + ε).

    Backward, with dx̂ = dy w. x acts on y along three ways: directly, through the mean m and through
    the variance v. Gate by gate, over the n elements that are averaged:

        dv = Σ dx̂ (x - m) · (-1/2) s⁻³        (v makes s, and s divides every element)
        dm = -Σ dx̂ / s                        (through v nothing: Σ (x - m) = 0)
        dx = dx̂ / s + dv 2 (x - m) / n + dm / n
           = (dx̂ - mean(dx̂) - x̂ mean(dx̂ x̂)) / s

    dx has mean 0 and is orthogonal to x̂: shifting or scaling x would change nothing. dw = Σ dy x̂
    and db = Σ dy, over all the places that one weight serves.

    seen: the shape x is seen as (another than its own for groups). axes: averaged over. per: the
    shape of w and b in that view, 1 where one weight serves a whole axis.
    """

    def __init__(
        self, seen: tuple[int, ...], axes: tuple[int, ...], per: tuple[int, ...], eps: float
    ) -> None:
        self.seen, self.axes, self.per, self.eps = seen, axes, per, eps

    def forward(self, x: Array, w: Array | None, b: Array | None) -> Any:
        return self._normalize(x, w, b)[0]

    def _normalize(self, x: Array, w: Array | None, b: Array | None) -> tuple[Array, Array, Array]:
        self.w, self.parameters = w, _shape_of(w, b)
        shape, x = x.shape, x.reshape(self.seen)
        m = x.mean(axis=self.axes, keepdims=True)
        d = x - m
        v = (d * d).mean(axis=self.axes, keepdims=True)
        self.s = np.sqrt(v + self.eps)
        self.x_hat = d / self.s
        return _scale_and_shift(self.x_hat, w, b, self.per).reshape(shape), m, v

    def backward(self, dy: Array, *_: Array) -> tuple[Array | None, ...]:
        shape, dy = dy.shape, dy.reshape(self.seen)
        dw, db = _parameter_gradients(dy, self.x_hat, self.per, self.needs_grad, self.parameters)
        if not self.needs_grad[0]:
            return None, dw, db
        dx_hat = dy if self.w is None else dy * self.w.reshape(self.per)
        shift = dx_hat.mean(axis=self.axes, keepdims=True)
        slope = (dx_hat * self.x_hat).mean(axis=self.axes, keepdims=True)
        dx = (dx_hat - shift - self.x_hat * slope) / self.s
        return dx.reshape(shape), dw, db


class NormalizeWithStatistics(Normalize):
    """(y, m, v): also the mean and variance, for running statistics; nothing flows back to them."""

    def forward(self, x: Array, w: Array | None, b: Array | None) -> tuple[Array, Array, Array]:
        return self._normalize(x, w, b)


class NormalizeByRunning(Function):
    """y = w (x - m) / √(v + ε) + b with m and v given, one per channel (axis 1): a straight line.

    dx = dy w / √(v + ε), dw = Σ dy x̂, db = Σ dy. m and v are state and get no gradient.
    """

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def forward(self, x: Array, m: Array, v: Array, w: Array | None, b: Array | None) -> Array:
        self.w, self.parameters = w, _shape_of(w, b)
        self.per = (1, x.shape[1], *(1,) * (x.ndim - 2))
        m = m.astype(x.dtype).reshape(self.per)
        v = v.astype(x.dtype).reshape(self.per)
        self.s = np.sqrt(v + self.eps)
        self.x_hat = (x - m) / self.s
        return _scale_and_shift(self.x_hat, w, b, self.per)

    def backward(self, dy: Array) -> tuple[Array | None, ...]:
        needs = (self.needs_grad[0], *self.needs_grad[3:])
        dw, db = _parameter_gradients(dy, self.x_hat, self.per, needs, self.parameters)
        dx_hat = dy if self.w is None else dy * self.w.reshape(self.per)
        return dx_hat / self.s, None, None, dw, db


def _shape_of(w: Array | None, b: Array | None) -> tuple[int, ...]:
    given = b if w is None else w
    return () if given is None else given.shape


def _scale_and_shift(x_hat: Array, w: Array | None, b: Array | None, per: tuple[int, ...]) -> Array:
    y = x_hat if w is None else x_hat * w.reshape(per)
    return y if b is None else y + b.reshape(per)


def _parameter_gradients(
    dy: Array, x_hat: Array, per: tuple[int, ...], needs: tuple[bool, ...], shape: tuple[int, ...]
) -> tuple[Array | None, Array | None]:
    """dw = Σ dy x̂ and db = Σ dy over the axes where one weight serves many elements."""
    served = tuple([i for i, n in enumerate(per) if n == 1])
    dw = (dy * x_hat).sum(axis=served, keepdims=True).reshape(shape) if needs[1] else None
    db = dy.sum(axis=served, keepdims=True).reshape(shape) if needs[2] else None
    return dw, db


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each channel, over the batch and all positions: y = w x̂ + b.

    In training, x̂ comes from this batch's mean and variance, and the running ones move towards
    them: running ← (1 - momentum) running + momentum batch (Keras counts momentum the other way
    round). The running variance takes the unbiased estimate (divided by n - 1), x̂ the biased one.
    In evaluation the running statistics serve in their place. A channel that is constant gives b.

    x: (N, C) or (N, C, …), any number of positions. running_mean, running_var: Tensor or Cell of
    shape (C,), written in training; None for both keeps none (training only); plain arrays serve in
    evaluation. weight, bias: (C,) or None. Returns x's shape.
    Raises ValueError for shapes that do not fit, for one value per channel in training (its
    variance would be 0), for missing statistics in evaluation; TypeError for an x that is not
    floating point, or statistics that cannot be written.
    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", ICML 2015.
    """
    check_channels("batch_norm", x, 2, weight, bias, eps)
    check_running("batch_norm", x, running_mean, running_var, writes=training)
    if not training:
        m, v = array_of(running_mean), array_of(running_var)
        return NormalizeByRunning(eps)(x, m, v, weight, bias)
    n = x.shape[0] * math.prod(x.shape[2:])
    if n <= 1:
        raise ValueError(
            f"batch_norm got an input of shape {tuple(x.shape)}: training needs more than one "
            "value per channel. Take a batch of two or more, or evaluate with training=False."
        )
    per = (1, x.shape[1], *(1,) * (x.ndim - 2))
    axes = (0, *range(2, x.ndim))
    y, m, v = NormalizeWithStatistics(x.shape, axes, per, eps)(x, weight, bias)
    if running_mean is not None:
        _update(running_mean, m.data.reshape(-1), momentum)
        _update(running_var, v.data.reshape(-1) * (n / (n - 1)), momentum)
    return y


def instance_norm(
    x: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize each channel of each example over its own positions: y = w x̂ + b.

    With use_input_stats=True (training, and mostly evaluation too) x̂ comes from the input; running
    statistics, if given, take the mean over the batch, as in `batch_norm`. With False x̂ comes from
    the running statistics.

    x: (N, C, L), (N, C, H, W) or (N, C, D, H, W). The others as in `batch_norm`.
    Raises as `batch_norm`, and ValueError for a single position per channel.
    Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast
    stylization", 2016.
    """
    check_channels("instance_norm", x, 3, weight, bias, eps)
    check_running("instance_norm", x, running_mean, running_var, writes=use_input_stats)
    if not use_input_stats:
        m, v = array_of(running_mean), array_of(running_var)
        return NormalizeByRunning(eps)(x, m, v, weight, bias)
    n = math.prod(x.shape[2:])
    if n <= 1:
        raise ValueError(
            f"instance_norm got an input of shape {tuple(x.shape)}: it needs more than one "
            "position per channel to take a variance of"
        )
    per = (1, x.shape[1], *(1,) * (x.ndim - 2))
    axes = tuple(range(2, x.ndim))
    y, m, v = NormalizeWithStatistics(x.shape, axes, per, eps)(x, weight, bias)
    if running_mean is not None and x.shape[0] > 0:
        shape = x.shape[:2]
        _update(running_mean, m.data.reshape(shape).mean(axis=0), momentum)
        _update(running_var, v.data.reshape(shape).mean(axis=0) * (n / (n - 1)), momentum)
    return y


def _update(running: Cell, new: Array, momentum: Any) -> None:
    """running ← (1 - momentum) running + momentum new, in the running value's own dtype."""
    old = running.data
    running.data = ((1 - momentum) * old + momentum * new).astype(old.dtype)


def layer_norm(
    x: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize over the last axes of each example: y = w x̂ + b, whatever the batch.

    x: (*, normalized_shape), normalized_shape: the lengths of the last axes (a number for one).
    weight, bias: of shape normalized_shape, or None. Returns x's shape.
    Raises ValueError for shapes that do not fit, TypeError for an x that is not floating point.
    Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
    """
    shape = check_normalized_shape("layer_norm", x, normalized_shape, eps)
    check_parameter("layer_norm", "weight", weight, shape)
    check_parameter("layer_norm", "bias", bias, shape)
    before = x.ndim - len(shape)
    axes = tuple(range(before, x.ndim))
    return Normalize(x.shape, axes, (1,) * before + shape, eps)(x, weight, bias)


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Tensor:
    """Normalize each group of channels of each example, over its channels and positions.

    One group is layer norm over (C, …), C groups are instance norm.
    x: (N, C) or (N, C, …) with C divisible by num_groups. weight, bias: (C,) or None.
    Returns x's shape. A group of one single value gives b.
    Raises ValueError for shapes or groups that do not fit, TypeError for an x that is not floating
    point. Source: Wu and He, "Group normalization", ECCV 2018.
    """
    check_channels("group_norm", x, 2, weight, bias, eps)
    check_groups("group_norm", x, num_groups)
    n, channels, *positions = x.shape
    seen = (n, num_groups, channels // num_groups, *positions)
    per = (1, num_groups, channels // num_groups, *(1,) * len(positions))
    return Normalize(seen, tuple(range(2, len(seen))), per, eps)(x, weight, bias)
