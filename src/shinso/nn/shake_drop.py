"""ShakeDrop: shake-shake for networks with one branch, made bearable by stochastic depth."""

from __future__ import annotations

from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.ops.shake import Range, check_level, check_range


class ShakeDrop(Module):
    """With probability p, F(x) times a random α; its gradient times another, β. Else as it is.

        y = x + ShakeDrop(0.2)(F(x))

    y = (b + α - b α) F(x), backward with β for α, where b is 0 with probability p. Evaluation takes
    the expected value, (1 - p + p E[α]) F(x).
    p: the probability to be shaken, the paper's 1 - p_l; it lets p grow in proportion to the depth:
    block l of L has p = (l / L) · 0.5. alpha, beta: the ranges of α and β. level: one of each for
    the whole "batch", each "image", each "channel" or each number ("pixel").
    F(x) should end in a batch norm (the paper says why). Input (N, C, …).
    Source: Yamada, Iwamura, Akiba, Kise, "ShakeDrop regularization for deep residual learning",
    2018.
    """

    def __init__(
        self,
        p: float = 0.5,
        alpha: Range = (-1.0, 1.0),
        beta: Range = (0.0, 1.0),
        level: str = "batch",
    ) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is the probability to be shaken, between 0 and 1, not {p}")
        check_level("ShakeDrop", level)
        self.p, self.level = p, level
        self.alpha = check_range("ShakeDrop", "alpha", alpha)
        self.beta = check_range("ShakeDrop", "beta", beta)

    def forward(self, x: Any) -> Tensor:
        """Shake in training; the expected value in evaluation."""
        return ops.shake_drop(x, self.p, self.alpha, self.beta, self.level, self.training)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, alpha={self.alpha}, beta={self.beta}, level={self.level}"
