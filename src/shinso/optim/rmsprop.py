"""RMSProp: AdaGrad that forgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, average, descend


def rmsprop(
    dtype: np.dtype[Any],
    *,
    lr: Array,
    alpha: Array,
    eps: Array,
    momentum: Array | None,
    centered: bool,
) -> Rule:
    """The update s ← αs + (1 − α)g², w ← w − lr·g / (√s + ε) (see `RMSprop`)."""
    down, small, share = (-lr).astype(dtype), eps.astype(dtype), (1 - alpha).astype(dtype)
    mu = None if momentum is None else momentum.astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        s = average(state["square_avg"], g * g, share)
        new = {"square_avg": s}
        if centered:
            mean = average(state["grad_avg"], g, share)
            new["grad_avg"] = mean
            s = np.maximum(s - mean * mean, 0)  # a variance: below 0 only by rounding
        root = np.sqrt(s)
        root += small
        direction = g / root
        if mu is not None:
            direction += state["momentum_buffer"] * mu
            new["momentum_buffer"] = direction
        return descend(w, direction, down), new

    return update


class RMSprop(Optimizer):
    """Divide the gradient by a running root mean square of itself.

    s ← αs + (1 − α)g²
    w ← w − lr·g / (√s + ε)

    lr: learning rate. alpha: α, how much of the past is kept. eps: ε, outside the root as in
    PyTorch (TensorFlow and some texts write √(s + ε)). weight_decay: λ, adds λw to the gradient.
    momentum: μ, of the scaled gradient: v ← μv + g / (√s + ε), w ← w − lr·v. centered: divide by
    the running standard deviation √(s − m²) instead, with m ← αm + (1 − α)g (Graves 2013).
    maximize: go uphill. penalty: see `shinso.optim.penalty`.

    Source: Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera (2012).
    """

    switches = ("momentum",)
    flags = ("centered",)
    rule = staticmethod(rmsprop)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay,
            "momentum": momentum, "centered": centered, "maximize": maximize, "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The mean square; the mean, if centered; the velocity, if there is momentum."""
        state = {"square_avg": np.zeros_like(w)}
        if options["centered"]:
            state["grad_avg"] = np.zeros_like(w)
        if options["momentum"] != 0:
            state["momentum_buffer"] = np.zeros_like(w)
        return state
