"""Swapout: instead of adding F(x) to x, each unit draws which of the two it gets."""

from __future__ import annotations

from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.ops.swapout import check_passing


class Swapout(Module):
    """y = Θ₁ ⊙ x + Θ₂ ⊙ F(x), where every unit's Θ₁ is 1 with probability p1, Θ₂ with p2.

        y = self.swapout(x, self.layers(x))        # where a residual block has x + layers(x)

    A unit gets 0, x, F(x) or x + F(x): a network draws from plain, dropped-out, residual and
    skipped layers at once. p1, p2: the probabilities to PASS (the paper's θ₁, θ₂; elsewhere p is
    the probability to be dropped). The paper lets both fall from 1 to 0.5 over the depth.
    stochastic: also draw in evaluation. The mean over several such runs is the paper's better
    inference; the default is its deterministic one, p1 x + p2 F(x), which a batch norm further on
    has not seen in training.
    Input: x and F(x) of one shape. Source: Singh, Hoiem, Forsyth, "Swapout: learning an ensemble of
    deep architectures", NIPS 2016.
    """

    def __init__(self, p1: float = 0.5, p2: float = 0.5, stochastic: bool = False) -> None:
        super().__init__()
        check_passing("Swapout", p1=p1, p2=p2)
        self.p1, self.p2, self.stochastic = p1, p2, stochastic

    def forward(self, x: Any, f: Any) -> Tensor:
        """Draw and add. x: the input; f: F(x)."""
        return ops.swapout(x, f, self.p1, self.p2, self.training or self.stochastic)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p1={self.p1}, p2={self.p2}{', stochastic=True' if self.stochastic else ''}"
