"""Losses as layers: loss(output, target) is a number to make small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module


class _Loss(Module):
    """A layer around one loss function; keeps its options."""

    function: Callable[..., Tensor]

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options = options

    def forward(self, input: Any, target: Any) -> Tensor:
        """The loss of an output and its target."""
        return type(self).function(input, target, **self.options)

    def extra_repr(self) -> str:
        """The options."""
        return ", ".join(f"{k}={v!r}" for k, v in self.options.items() if v is not None)


class _Reduced(_Loss):
    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class SquaredError(_Loss):
    """½ Σ (y - t)², as textbooks write it; its gradient is y - t."""

    function = staticmethod(ops.squared_error)


class MSELoss(_Reduced):
    """Mean squared error, mean (y - t)²."""

    function = staticmethod(ops.mse_loss)


class L1Loss(_Reduced):
    """Mean absolute error, mean |y - t|."""

    function = staticmethod(ops.l1_loss)


class SmoothL1Loss(_Loss):
    """Squared near 0, absolute beyond `beta`. Girshick 2015."""

    function = staticmethod(ops.smooth_l1_loss)

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction, beta=beta)


class HuberLoss(_Loss):
    """½ e² for |e| ≤ delta, delta (|e| - delta/2) beyond. Huber 1964."""

    function = staticmethod(ops.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class CrossEntropyLoss(_Loss):
    """Softmax and cross-entropy in one: the usual loss for classes.

    Takes scores (N, C, …) and class indices (N, …), or probabilities of the scores' shape; its
    gradient is p - t. weight: one factor per class. ignore_index: a label to leave out.
    label_smoothing: how much of each target is spread over all classes.
    """

    function = staticmethod(ops.cross_entropy)

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            weight=weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )


class NLLLoss(_Loss):
    """Negative log-likelihood of log-probabilities, as from `LogSoftmax`."""

    function = staticmethod(ops.nll_loss)

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)


class BCELoss(_Loss):
    """Binary cross-entropy of probabilities, -(t ln y + (1 - t) ln(1 - y))."""

    function = staticmethod(ops.binary_cross_entropy)

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(_Loss):
    """Sigmoid and binary cross-entropy in one, stable for scores of any size."""

    function = staticmethod(ops.binary_cross_entropy_with_logits)

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(weight=weight, reduction=reduction, pos_weight=pos_weight)


class KLDivLoss(_Loss):
    """Kullback–Leibler divergence Σ t (ln t - input), input being log-probabilities."""

    function = staticmethod(ops.kl_div)

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction, log_target=log_target)


class HingeLoss(_Reduced):
    """max(0, 1 - t y) for targets ±1: the loss of the support vector machine."""

    function = staticmethod(ops.hinge_loss)
