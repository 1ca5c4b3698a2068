"""Stochastic depth: in training a branch of the network is left out at random."""

from __future__ import annotations

from typing import Any

from shinso.graph import Tensor
from shinso.ops.activation import identity
from shinso.ops.dropout import Dropout, check_drop, kept


def stochastic_depth(x: Any, p: float, mode: str, training: bool = True) -> Tensor:
    """Set all of x to 0 with probability p, otherwise divide it by 1 - p.

    x is what a residual block adds, F(x): without it the block only hands on its input, so that in
    training the network is a shorter one each time. Dividing keeps the expected value, and
    evaluation (training=False) leaves x alone. (The paper divides nothing and multiplies by 1 - p
    in evaluation: the same up to the scale of F.)
    x: (N, …), float. p: the probability to be left out; p = 1 always leaves it out. mode: "row"
    decides for each example, "batch" once for all. Returns the same shape. dx = dy m with the mask
    and scale m of forward.
    Raises ValueError for p outside [0, 1] or another mode, TypeError for an x that is not floating
    point.
    Source: Huang et al., "Deep networks with stochastic depth", ECCV 2016.
    """
    check_drop("stochastic_depth", x, p)
    check_mode("stochastic_depth", mode)
    if x.ndim == 0:
        raise ValueError("stochastic_depth got a single number; it takes examples, (N, …)")
    if not training or p == 0:
        return identity(x)
    examples = x.shape[0] if mode == "row" else 1
    return Dropout(p)(x, kept((examples, *(1,) * (x.ndim - 1)), p))


def check_mode(op: str, mode: str) -> None:
    """Raise ValueError unless mode is "row" or "batch"."""
    if mode not in ("row", "batch"):
        raise ValueError(f'{op} takes mode "row" (each example) or "batch" (all), not {mode!r}')
