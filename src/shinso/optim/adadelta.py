"""Adadelta: steps that have the units of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, average, descend


def adadelta(dtype: np.dtype[Any], *, lr: Array, rho: Array, eps: Array) -> Rule:
    """The update w ← w − lr·√(d + ε) / √(s + ε)·g (see `Adadelta`)."""
    down, small, share = (-lr).astype(dtype), eps.astype(dtype), (1 - rho).astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        s = average(state["square_avg"], g * g, share)
        step = np.sqrt(state["acc_delta"] + small)
        step /= np.sqrt(s + small)
        step *= g
        d = average(state["acc_delta"], step * step, share)
        return descend(w, step, down), {"square_avg": s, "acc_delta": d}

    return update


class Adadelta(Optimizer):
    """Scale each step by the size of the steps before, so that no learning rate need be chosen.

    s ← ρs + (1 − ρ)g²
    Δ = √(d + ε) / √(s + ε)·g
    d ← ρd + (1 − ρ)Δ²
    w ← w − lr·Δ

    lr: a factor, 1 in the paper. rho: ρ, how much of the past is kept. eps: ε, inside both roots;
    it also sets the size of the first steps. weight_decay: λ, adds λw to the gradient. maximize: go
    uphill. penalty: see `shinso.optim.penalty`.
    Source: Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
    """

    rule = staticmethod(adadelta)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The mean squares of gradients and of steps."""
        return {"square_avg": np.zeros_like(w), "acc_delta": np.zeros_like(w)}
