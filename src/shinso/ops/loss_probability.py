"""Losses between probabilities: binary cross-entropy, from probabilities or scores, and the
Kullback-Leibler divergence.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array, require
from shinso.graph import Tensor
from shinso.ops.loss import Loss, check_pair, check_reduction, same_dtype


class BinaryCrossEntropy(Loss):
    """L = -w (t log p + (1 - t) log(1 - p)), reduced; the logarithms go no lower than -100.

    dp = w (p - t) / (p (1 - p)) dL, with p (1 - p) no smaller than 1e-12.
    dt = w (log(1 - p) - log p) dL.
    """

    def forward(self, p: Array, t: Array, w: Array | None) -> Array:
        require(
            ~((p < 0) | (p > 1)),
            "binary_cross_entropy takes probabilities between 0 and 1 and found others. Apply a "
            "sigmoid first, or give the scores to binary_cross_entropy_with_logits.",
        )
        t = same_dtype(t, p)
        self.p, self.t, self.w = p, t, None if w is None else same_dtype(w, p)
        self.log_p, self.log_q = _log(p), _log(1 - p)
        return self.reduce(_times(-(t * self.log_p + (1 - t) * self.log_q), self.w))

    def backward(self, dl: Array) -> tuple[Array, Array | None, None]:
        dl = _times(self.spread(dl), self.w)
        dp = (self.p - self.t) / np.maximum(self.p * (1 - self.p), 1e-12) * dl
        dt = (self.log_q - self.log_p) * dl if self.needs_grad[1] else None
        return dp, dt, None


def _log(p: Array) -> Array:
    """ln p, at least -100; 1e-44, about the least number of float32, stands in for 0."""
    return np.maximum(np.log(np.maximum(p, 1e-44)), -100)


def _times(x: Array, w: Array | None) -> Array:
    return x if w is None else x * w


class BinaryCrossEntropyWithLogits(Loss):
    """L = w (c t log(1 + e⁻ˣ) + (1 - t) log(1 + eˣ)), reduced; c weighs the positive class.

    With σ the sigmoid, log(1 + e⁻ˣ) = -log σ(x) and log(1 + eˣ) = -log(1 - σ(x)); both come from
    e^-|x|, which cannot overflow. dx = w ((1 - t) σ(x) - c t σ(-x)) dL, which is σ(x) - t without
    weights. dt = w (c log(1 + e⁻ˣ) - log(1 + eˣ)) dL.
    """

    def forward(self, x: Array, t: Array, w: Array | None, c: Array | None) -> Array:
        self.x, self.t = x, same_dtype(t, x)
        self.w = None if w is None else same_dtype(w, x)
        self.c = None if c is None else same_dtype(c, x)
        self.e = np.exp(-np.abs(x))
        small = np.log1p(self.e)
        self.yes = _times(np.maximum(-x, 0) + small, self.c)
        self.no = np.maximum(x, 0) + small
        return self.reduce(_times(self.t * self.yes + (1 - self.t) * self.no, self.w))

    def backward(self, dl: Array) -> tuple[Array, Array | None, None, None]:
        dl = _times(self.spread(dl), self.w)
        high, low = 1 / (1 + self.e), self.e / (1 + self.e)
        positive = self.x >= 0
        p, q = np.where(positive, high, low), np.where(positive, low, high)
        dx = ((1 - self.t) * p - _times(self.t * q, self.c)) * dl
        dt = (self.yes - self.no) * dl if self.needs_grad[1] else None
        return dx, dt, None, None


class KullbackLeibler(Loss):
    """L = t (log t - y) with y = log q, reduced; 0 log 0 = 0. dy = -t dL, dt = (log t + 1 - y) dL.

    At t = 0, where the slope of t log t is infinite, dt is taken as 0.
    """

    def forward(self, y: Array, t: Array) -> Array:
        require(
            ~(t < 0),
            "kl_div takes probabilities as target and found negative numbers. For logarithms of "
            "probabilities give log_target=True.",
        )
        self.y, self.t = y, same_dtype(t, y)
        self.log_t = np.log(np.where(self.t == 0, 1, self.t))
        return self.reduce(self.t * (self.log_t - y))

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dl = self.spread(dl)
        dt = None
        if self.needs_grad[1]:
            dt = np.where(self.t == 0, 0, self.log_t + 1 - self.y) * dl
        return -self.t * dl, dt


class KullbackLeiblerOfLogs(Loss):
    """L = eᵗ (t - y), reduced; both y and t are logarithms. dy = -eᵗ dL, dt = eᵗ (t - y + 1) dL."""

    def forward(self, y: Array, t: Array) -> Array:
        t = same_dtype(t, y)
        self.p, self.d = np.exp(t), t - y
        return self.reduce(self.p * self.d)

    def backward(self, dl: Array) -> tuple[Array, Array | None]:
        dl = self.spread(dl)
        dt = self.p * (self.d + 1) * dl if self.needs_grad[1] else None
        return -self.p * dl, dt


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy of yes or no, L = -(t log p + (1 - t) log(1 - p)).

    input: probabilities p in [0, 1] (after a sigmoid). target: t in [0, 1], of the same shape.
    weight: a factor for each element, of a shape that broadcasts to the input's, or None.
    The logarithms go no lower than -100, so p = 0 and p = 1 cost at most 100.
    reduction: "mean", "sum" or "none". From scores `binary_cross_entropy_with_logits` is exact.
    Raises ValueError for p outside [0, 1], shapes that do not fit or an unknown reduction;
    TypeError for an input that is not floating point.
    """
    check_pair("binary_cross_entropy", input, target)
    _check_weight("binary_cross_entropy", "weight", weight, input)
    check_reduction("binary_cross_entropy", reduction)
    return BinaryCrossEntropy(reduction)(input, target, weight)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """Sigmoid with binary cross-entropy, from scores of any size: the gradient is σ(x) - t.

    input: scores x. target: t in [0, 1], of the same shape. weight: a factor for each element;
    pos_weight: a factor for the positive part (one per class, say); both of a shape that broadcasts
    to the input's, or None. reduction: "mean", "sum" or "none".
    Raises ValueError for shapes that do not fit or an unknown reduction, TypeError for an input
    that is not floating point.
    """
    op = "binary_cross_entropy_with_logits"
    check_pair(op, input, target)
    _check_weight(op, "weight", weight, input)
    _check_weight(op, "pos_weight", pos_weight, input)
    check_reduction(op, reduction)
    return BinaryCrossEntropyWithLogits(reduction)(input, target, weight, pos_weight)


def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Kullback-Leibler divergence of distributions, Σ t (log t - log q): what q wastes on t.

    input: LOG-probabilities log q (after `log_softmax`). target: probabilities t of the same shape,
    or their logarithms with log_target=True. 0 log 0 = 0.
    reduction: "batchmean" (the divergence: the sum divided by N), "sum", "none", or "mean" over ALL
    elements, which is PyTorch's default and the divergence divided by N C.
    Raises ValueError for different shapes, negative probabilities or an unknown reduction,
    TypeError for an input that is not floating point.
    Source: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    check_pair("kl_div", input, target)
    check_reduction("kl_div", reduction, ("mean", "batchmean", "sum", "none"))
    kind = KullbackLeiblerOfLogs if log_target else KullbackLeibler
    if reduction != "batchmean":
        return kind(reduction)(input, target)
    if input.ndim == 0:
        raise ValueError('kl_div with reduction="batchmean" needs a batch axis, got a scalar')
    return kind("sum")(input, target) / (input.shape[0] or math.nan)


def _check_weight(op: str, name: str, weight: Any, x: Any) -> None:
    """A weight broadcasts to exactly the shape of x."""
    if weight is None:
        return
    given, shape = tuple(np.shape(weight)), tuple(x.shape)
    pairs = zip(reversed(given), reversed(shape), strict=False)
    if len(given) > len(shape) or any(n not in (1, m) for n, m in pairs):
        raise ValueError(
            f"{op} got {name} of shape {given}, which does not broadcast to the input's {shape}"
        )
