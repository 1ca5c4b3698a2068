"""Losses for classes: cross-entropy of scores or of log-probabilities.

All of them are -Σ T log p. T holds what each class counts for: 1 at the labelled class and 0
elsewhere (one-hot), smoothed or weighted if asked, or probabilities given by the user.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array
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
from shinso.ops.loss import check_reduction, same_dtype


class NegativeLogLikelihood(Function):
    """L = -Σ T log p with T one-hot (times the class's weight); dlog p = -T dL.

    "mean" divides by the sum of the weights of the labels that were met (their number, without
    weights), so dL is divided by it too. If every label is ignored, the mean is NaN and the
    gradient 0.
    """

    name = "nll_loss"

    def __init__(self, axis: int, reduction: str, ignore_index: int) -> None:
        self.axis, self.reduction, self.ignore_index = axis, reduction, ignore_index

    def forward(self, log_p: Array, t: Array, w: Array | None) -> Array:
        self.t = self._one_hot(log_p, t, w)
        return self._reduce(log_p)

    def backward(self, dl: Array) -> tuple[Array | None, ...]:
        return -self.t * self._spread(dl), None, None

    def _one_hot(self, x: Array, t: Array, w: Array | None) -> Array:
        hot = one_hot(self.name, t, x, self.axis, self.ignore_index).astype(x.dtype)
        if w is not None:
            hot = hot * per_class(w, x, self.axis)
        self.n: Any = hot.sum()
        return hot

    def _reduce(self, log_p: Array) -> Array:
        # Where T is 0 the class does not count, not even at log p = -∞.
        cost = self.t * np.where(self.t != 0, log_p, 0)
        if self.reduction == "none":
            return -cost.sum(axis=self.axis)
        loss = -cost.sum()
        return loss / _or(self.n, math.nan) if self.reduction == "mean" else loss

    def _spread(self, dl: Array) -> Array:
        if self.reduction == "none":
            return column(dl, self.t, self.axis)
        return dl / _or(self.n, 1) if self.reduction == "mean" else dl


def _or(n: Any, instead: float) -> Any:
    """n, or `instead` where n is 0."""
    return (n or instead) if isinstance(n, int) else np.where(n == 0, instead, n)


class CrossEntropy(NegativeLogLikelihood):
    """L = -Σ T log p with p = softmax(x). dx = (p ΣT - T) dL: in short p - t, said minus true.

    log pᵢ = xᵢ - max x - log Σ exp(xₖ - max x), so scores of ±10 000 neither overflow nor lose
    anything. ΣT, over the classes of an example, is 1 but for weights and ignored labels.
    Smoothing mixes T with the uniform distribution: (1 - ε) T + ε / C. For probability targets
    dT = -(1 - ε) w log p dL.
    """

    name = "cross_entropy"

    def __init__(
        self, axis: int, reduction: str, ignore_index: int, smoothing: float, labels: bool
    ) -> None:
        super().__init__(axis, reduction, ignore_index)
        self.smoothing, self.labels = smoothing, labels

    def forward(self, x: Array, t: Array, w: Array | None) -> Array:
        z = x - x.max(axis=self.axis, keepdims=True)
        self.e = np.exp(z)
        self.sum = self.e.sum(axis=self.axis, keepdims=True)
        log_p = z - np.log(self.sum)
        self.t = self._from_labels(x, t, w) if self.labels else self._from_probabilities(x, t, w)
        if self.needs_grad[1]:
            self.log_p, self.w = log_p, w
        return self._reduce(log_p)

    def _from_labels(self, x: Array, t: Array, w: Array | None) -> Array:
        hot = self._one_hot(x, t, w)
        if self.smoothing == 0:
            return hot
        met = column(t != self.ignore_index, x, self.axis).astype(x.dtype)
        share = met * (self.smoothing / x.shape[self.axis])
        if w is not None:
            share = share * per_class(w, x, self.axis)
        return hot * (1 - self.smoothing) + share

    def _from_probabilities(self, x: Array, t: Array, w: Array | None) -> Array:
        self.n = math.prod(label_shape(x.shape, self.axis))
        t = same_dtype(t, x)
        if self.smoothing != 0:
            t = t * (1 - self.smoothing) + self.smoothing / x.shape[self.axis]
        return t if w is None else t * per_class(w, x, self.axis)

    def backward(self, dl: Array) -> tuple[Array | None, ...]:
        spread = self._spread(dl)
        p = self.e / self.sum
        dx = (p * self.t.sum(axis=self.axis, keepdims=True) - self.t) * spread
        return dx, self._target_gradient(spread) if self.needs_grad[1] else None, None

    def _target_gradient(self, spread: Array) -> Array:
        dt = self.log_p * (spread * (self.smoothing - 1))
        return dt if self.w is None else dt * per_class(self.w, dt, self.axis)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Softmax with cross-entropy, L = -Σ t log softmax(x): how surprised the scores are by t.

    input: scores (not probabilities) x, (N, C), (N, C, d1, …) or, for one example, (C,).
    target: integer class labels of shape (N,), (N, d1, …) or (), or one-hot / probabilities of the
    input's shape. weight: (C,), what each class counts for, or None.
    ignore_index: examples with this label count for nothing. reduction: "mean" (over the weights of
    the labels, or over the examples for probabilities), "sum" or "none" (one loss per label).
    label_smoothing: ε in [0, 1], the part of t that is spread evenly over all classes.
    If every label is ignored (or N = 0) the mean is NaN; the gradient of ignored examples is 0.
    Raises ValueError for a label outside 0 … C - 1, shapes that do not fit or bad options;
    TypeError for labels that are not integers or scores that are not floating point.
    Source of label smoothing: Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.
    """
    check_floating("cross_entropy", input, "input")
    axis = class_axis("cross_entropy", input)
    labels = tuple(getattr(target, "shape", ())) != tuple(input.shape)
    if labels:
        otherwise = f", or probabilities of the input's shape {tuple(input.shape)}"
        check_labels("cross_entropy", target, label_shape(input.shape, axis), otherwise)
    elif ignore_index >= 0:
        raise ValueError(
            f"cross_entropy got ignore_index={ignore_index} with a target of probabilities; only "
            "class labels can be ignored"
        )
    check_class_weight("cross_entropy", weight, input.shape[axis])
    check_reduction("cross_entropy", reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"cross_entropy takes label_smoothing between 0 and 1, got {label_smoothing}"
        )
    return CrossEntropy(axis, reduction, ignore_index, label_smoothing, labels)(
        input, target, weight
    )


def nll_loss(
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood, L = -log p of the labelled class.

    After `log_softmax` it is `cross_entropy`.
    input: LOG-probabilities (N, C), (N, C, d1, …) or (C,). target: integer class labels of shape
    (N,), (N, d1, …) or (). The other arguments, and errors, as in `cross_entropy`.
    """
    check_floating("nll_loss", input, "input")
    axis = class_axis("nll_loss", input)
    check_labels("nll_loss", target, label_shape(input.shape, axis))
    check_class_weight("nll_loss", weight, input.shape[axis])
    check_reduction("nll_loss", reduction)
    return NegativeLogLikelihood(axis, reduction, ignore_index)(input, target, weight)
