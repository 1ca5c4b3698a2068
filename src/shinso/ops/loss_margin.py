"""Margin losses: nothing to pay once the right answer leads by enough."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array, require
from shinso.graph import Function, Tensor
from shinso.ops.floating import check_floating
from shinso.ops.labels import (
    check_class_weight,
    check_labels,
    class_axis,
    column,
    label_shape,
    one_hot,
    per_class,
)
from shinso.ops.loss import Loss, check_pair, check_reduction, same_dtype


class Hinge(Loss):
    """L = max(0, 1 - t y), reduced. dy = -t dL where t y < 1, else 0 (at t y = 1, too)."""

    def forward(self, y: Array, t: Array) -> Array:
        require(
            np.abs(t) == 1,
            "hinge_loss takes targets of -1 and 1 and found others. Labels 0 and 1 become these "
            "as 2 * t - 1.",
        )
        self.t = same_dtype(t, y)
        self.gap = 1 - self.t * y
        return self.reduce(np.maximum(self.gap, 0))

    def backward(self, dl: Array) -> tuple[Array, None]:
        return np.where(self.gap > 0, -self.t, 0) * self.spread(dl), None


class MultiMargin(Function):
    """L = w Σ max(0, margin - x_t + xᵢ)ᵖ / C over the classes i ≠ t, then reduced over labels.

    Every class that comes within the margin is pushed down, dxᵢ = w p hᵢᵖ⁻¹ / C dL with
    hᵢ = max(0, …), and the right one is pulled up by their sum. At hᵢ = 0 the slope is 0.
    """

    def __init__(self, axis: int, p: int, margin: float, reduction: str) -> None:
        self.axis, self.p, self.margin, self.reduction = axis, p, margin, reduction

    def forward(self, x: Array, t: Array, w: Array | None) -> Array:
        self.hot = hot = one_hot("multi_margin_loss", t, x, self.axis)
        right = np.where(hot, x, 0).sum(axis=self.axis, keepdims=True)
        self.h = np.where(hot, 0, np.maximum(self.margin - right + x, 0))
        self.w: Any = 1 / x.shape[self.axis]
        if w is not None:
            of_label = np.where(hot, per_class(w, x, self.axis), 0)
            self.w = of_label.sum(axis=self.axis, keepdims=True) * self.w
        cost = ((self.h if self.p == 1 else self.h * self.h) * self.w).sum(axis=self.axis)
        self.n = cost.size or np.nan
        if self.reduction == "none":
            return cost
        return cost.sum() / self.n if self.reduction == "mean" else cost.sum()

    def backward(self, dl: Array) -> tuple[Array, None, None]:
        slope = (self.h > 0).astype(dl.dtype) if self.p == 1 else 2 * self.h
        if self.reduction == "none":
            dl = column(dl, slope, self.axis)
        elif self.reduction == "mean":
            dl = dl / self.n
        push = slope * self.w * dl
        pull = push.sum(axis=self.axis, keepdims=True)
        return push - np.where(self.hot, pull, 0), None, None


def hinge_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """The support vector machine's loss for two classes, L = max(0, 1 - t y).

    This is the textbook's binary hinge; PyTorch has no function of it (its hinge_embedding_loss
    compares distances and is another thing; its multi_margin_loss is for labels 0 … C - 1).
    input: scores y of any shape. target: -1 or 1, of the same shape; it gets no gradient.
    reduction: "mean", "sum" or "none". At t y = 1, the kink, the slope is taken as 0.
    Raises ValueError for other targets or different shapes, TypeError for scores that are not
    floating point. Source: Cortes and Vapnik, "Support-vector networks", 1995.
    """
    check_pair("hinge_loss", input, target)
    check_reduction("hinge_loss", reduction)
    return Hinge(reduction)(input, target)


hinge = hinge_loss


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The hinge for several classes: each wrong class should stay `margin` below the right one.

    L = w_t Σ max(0, margin - x_t + xᵢ)ᵖ / C over i ≠ t. p is 1 or 2. At a margin kept exactly the
    slope is 0. input: scores (N, C) or (C,). target: integer class labels (N,) or ().
    weight: (C,) or None. reduction: "mean" over the labels, "sum" or "none".
    Raises ValueError for a label outside 0 … C - 1, shapes that do not fit or bad options;
    TypeError for labels that are not integers or scores that are not floating point.
    Source: Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector
    machines", JMLR 2, 2001.
    """
    check_floating("multi_margin_loss", input, "input")
    axis = class_axis("multi_margin_loss", input)
    if input.ndim > 2:
        raise ValueError(
            f"multi_margin_loss got an input of shape {tuple(input.shape)}; it takes (N, C) or (C,)"
        )
    check_labels("multi_margin_loss", target, label_shape(input.shape, axis))
    check_class_weight("multi_margin_loss", weight, input.shape[axis])
    check_reduction("multi_margin_loss", reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss takes p = 1 or 2, got {p!r}")
    return MultiMargin(axis, p, margin, reduction)(input, target, weight)
