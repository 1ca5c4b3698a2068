"""Layers that add randomness in training and do nothing in evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module


class _Dropout(Module):
    function: Callable[..., Tensor]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        """inplace: accepted for code written for PyTorch; the input is never overwritten."""
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is the probability of dropping, between 0 and 1, not {p}")
        self.p = p

    def forward(self, x: Any) -> Tensor:
        """Drop in training; pass on in evaluation."""
        return type(self).function(x, self.p, self.training)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """Set elements to 0 with probability p and divide the rest by 1 - p. Srivastava et al. 2014."""

    function = staticmethod(ops.dropout)


class Dropout1d(_Dropout):
    """Drop whole channels of (N, C, W)."""

    function = staticmethod(ops.dropout1d)


class Dropout2d(_Dropout):
    """Drop whole channels of (N, C, H, W)."""

    function = staticmethod(ops.dropout2d)


class Dropout3d(_Dropout):
    """Drop whole channels of (N, C, D, H, W)."""

    function = staticmethod(ops.dropout3d)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance, for SELU networks. Klambauer et al. 2017."""

    function = staticmethod(ops.alpha_dropout)


class GaussianNoise(Module):
    """Add normal noise of standard deviation `std` in training."""

    def __init__(self, std: float = 1.0) -> None:
        super().__init__()
        if std < 0:
            raise ValueError(f"std is a standard deviation, at least 0, not {std}")
        self.std = std

    def forward(self, x: Any) -> Tensor:
        """Add noise in training; pass on in evaluation."""
        return ops.gaussian_noise(x, self.std, self.training)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"std={self.std}"
