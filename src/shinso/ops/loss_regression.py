"""Losses for numbers: squared, absolute, and squared near the target but absolute far from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.loss import Loss, check_pair, check_reduction, same_dtype


class SquaredError(Function):
    """L = ½ Σ (y - t)². dy = (y - t) dL, dt = -dy: the ½ is there to cancel the 2."""

    def forward(self, y: Array, t: Array) -> Array:
        self.d = y - same_dtype(t, y)
        return (self.d * self.d).sum() * 0.5

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dy = self.d * dl
        return dy, -dy if self.needs_grad[1] else None


class MeanSquaredError(Loss):
    """L = (y - t)², reduced. dy = 2 (y - t) dL, dt = -dy."""

    def forward(self, y: Array, t: Array) -> Array:
        self.d = y - same_dtype(t, y)
        return self.reduce(self.d * self.d)

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dy = self.d * (2 * self.spread(dl))
        return dy, -dy if self.needs_grad[1] else None


class AbsoluteError(Loss):
    """L = |y - t|, reduced. dy = sign(y - t) dL with sign(0) = 0, dt = -dy."""

    def forward(self, y: Array, t: Array) -> Array:
        self.d = y - same_dtype(t, y)
        return self.reduce(np.abs(self.d))

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dy = np.sign(self.d) * self.spread(dl)
        return dy, -dy if self.needs_grad[1] else None


class Huber(Loss):
    """L = ½ d² where |d| ≤ δ, else δ (|d| - ½ δ), with d = y - t; divided by `scale`; reduced.

    Both branches are c (|d| - ½ c) with c = min(|d|, δ). dy = min(max(d, -δ), δ) dL / scale, which
    is continuous, so there is no kink; dt = -dy.
    """

    def __init__(self, delta: float, scale: float, reduction: str) -> None:
        super().__init__(reduction)
        self.delta, self.scale = delta, scale

    def forward(self, y: Array, t: Array) -> Array:
        self.d = y - same_dtype(t, y)
        size = np.abs(self.d)
        c = np.minimum(size, self.delta)
        return self.reduce(c * (size - 0.5 * c) / self.scale)

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        slope = np.minimum(np.maximum(self.d, -self.delta), self.delta)
        dy = slope * (self.spread(dl) / self.scale)
        return dy, -dy if self.needs_grad[1] else None


def squared_error(y: Any, t: Any) -> Tensor:
    """The textbook's sum of squares, L = ½ Σ (y - t)²: a scalar, not divided by the batch size.

    y, t: predictions and targets of one shape. dL/dy = y - t.
    Raises ValueError for different shapes, TypeError for predictions that are not floating point.
    """
    check_pair("squared_error", y, t)
    return SquaredError()(y, t)


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Mean squared error, the mean of (y - t)² over ALL elements.

    input, target: predictions y and targets t of one shape. reduction: "mean", "sum" or "none".
    Raises ValueError for different shapes or an unknown reduction, TypeError for predictions that
    are not floating point.
    """
    check_pair("mse_loss", input, target)
    check_reduction("mse_loss", reduction)
    return MeanSquaredError(reduction)(input, target)


def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Mean absolute error, the mean of |y - t|; the slope at y = t is taken as 0.

    Arguments and errors as in `mse_loss`.
    """
    check_pair("l1_loss", input, target)
    check_reduction("l1_loss", reduction)
    return AbsoluteError(reduction)(input, target)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """½ d² up to |d| = delta, a straight line of slope delta beyond: outliers pull no harder.

    d = y - t. Arguments and errors as in `mse_loss`; also ValueError for a delta that is not
    positive. Source: Huber, "Robust estimation of a location parameter", 1964.
    """
    check_pair("huber_loss", input, target)
    check_reduction("huber_loss", reduction)
    if not delta > 0:
        raise ValueError(f"huber_loss takes a positive delta, got {delta}")
    return Huber(delta, 1.0, reduction)(input, target)


def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """½ d² / beta up to |d| = beta, |d| - ½ beta beyond: the Huber loss divided by beta.

    d = y - t. beta = 0 is `l1_loss`. Arguments and errors as in `mse_loss`; also ValueError for a
    negative beta. Source: Girshick, "Fast R-CNN", ICCV 2015.
    """
    check_pair("smooth_l1_loss", input, target)
    check_reduction("smooth_l1_loss", reduction)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss takes a beta of 0 or more, got {beta}")
    if beta == 0:
        return AbsoluteError(reduction)(input, target)
    return Huber(beta, beta, reduction)(input, target)


smooth_l1 = smooth_l1_loss
