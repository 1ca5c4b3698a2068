"""Regression in the target's own units, learned in units of its spread.

A network starts near 0 and moves by small steps: prices around 400 000 are out of its reach. So it
predicts how many standard deviations the target is from its mean, and the answer is turned back.
"""

from __future__ import annotations

from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor


class Rescaled(nn.Module):
    """y = center + spread · network(x): outputs in the target's own units."""

    def __init__(self, network: nn.Module, center: float, spread: float) -> None:
        super().__init__()
        self.network, self.center, self.spread = network, center, spread

    def forward(self, x: Any) -> Tensor | tuple[Tensor | None, ...]:
        """The network's answer in the target's units, and that of its auxiliary heads."""
        y = self.network(x)
        if isinstance(y, tuple):
            return tuple(head if head is None else self._rescaled(head) for head in y)
        return self._rescaled(y)

    def _rescaled(self, y: Tensor) -> Tensor:
        return y * self.spread + self.center

    def extra_repr(self) -> str:
        """The units."""
        return f"center={self.center:g}, spread={self.spread:g}"


class RelativeSquaredError(nn.Module):
    """mean((y - t)²) / spread²: 1 is what predicting the mean gives, 0 is perfect."""

    def __init__(self, spread: float) -> None:
        super().__init__()
        self.spread = spread

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss of predictions and targets of the same shape."""
        # Divided first: the square of a large error could overflow in float32.
        return ops.mse_loss(y / self.spread, t / self.spread)

    def extra_repr(self) -> str:
        """The spread."""
        return f"spread={self.spread:g}"
