"""Shake-shake: two branches, mixed at random, and mixed otherwise on the way back."""

from __future__ import annotations

from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.ops.shake import check_ways


class ShakeShake(Module):
    """y = α F₁(x) + (1 - α) F₂(x) with a random α; the gradient is shared out by another, β.

        y = x + self.shake(self.branch1(x), self.branch2(x))

    Evaluation takes the mean of the two. forward: "shake" (α uniform over [0, 1)) or "even" (½).
    backward: "shake" (β drawn by itself), "even" (½) or "keep" (β = α). level: an α and a β for
    each "image" or "channel", each number ("pixel"), or for the whole "batch". The defaults are the
    paper's best, S-S-I.
    Input: two branches of one shape, (N, C, …). Source: Gastaldi, "Shake-shake regularization",
    2017.
    """

    def __init__(
        self, forward: str = "shake", backward: str = "shake", level: str = "image"
    ) -> None:
        super().__init__()
        check_ways("ShakeShake", forward, backward, level)
        self.ways = forward, backward, level

    def forward(self, x1: Any, x2: Any) -> Tensor:
        """Mix the two branches."""
        return ops.shake_shake(x1, x2, *self.ways, training=self.training)

    def extra_repr(self) -> str:
        """The arguments."""
        forward, backward, level = self.ways
        return f"forward={forward}, backward={backward}, level={level}"
