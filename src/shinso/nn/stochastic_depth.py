"""Layers that leave out a branch of the network at random, in training."""

from __future__ import annotations

from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.ops.stochastic_depth import check_mode


class StochasticDepth(Module):
    """With probability p nothing passes; what passes is divided by 1 - p. Evaluation: identity.

        y = x + StochasticDepth(0.2)(F(x))

    p: the probability to be left out. The paper lets it grow in proportion to the depth: block l of
    L has p = (l / L) · 0.5. mode: "row" decides for each example, "batch" once for all of them.
    Input (N, …), any shape. Source: Huang et al., "Deep networks with stochastic depth", 2016.
    """

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is the probability of leaving out, between 0 and 1, not {p}")
        check_mode("StochasticDepth", mode)
        self.p, self.mode = p, mode

    def forward(self, x: Any) -> Tensor:
        """Leave out in training; pass on in evaluation."""
        return ops.stochastic_depth(x, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, mode={self.mode}"


class DropPath(Module):
    """`StochasticDepth` of each example, under timm's name.

    drop_prob: the probability to be left out.
    """

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        if not 0 <= drop_prob <= 1:
            raise ValueError(
                f"drop_prob is the probability of leaving out, between 0 and 1, not {drop_prob}"
            )
        self.drop_prob = drop_prob

    def forward(self, x: Any) -> Tensor:
        """Leave out in training; pass on in evaluation."""
        return ops.stochastic_depth(x, self.drop_prob, "row", self.training)

    def extra_repr(self) -> str:
        """The argument."""
        return f"drop_prob={self.drop_prob}"
