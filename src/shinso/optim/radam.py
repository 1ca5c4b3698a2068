"""RAdam: Adam that does not trust its second moment before it has seen enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, average, descend


def radam(dtype: np.dtype[Any], *, lr: Array, betas: tuple[Array, Array], eps: Array) -> Rule:
    """The update w ← w − lr·r·m̂ / v̂ʹ, or w ← w − lr·m̂ at first (see `RAdam`)."""
    beta1, beta2 = betas
    share1, share2 = (1 - beta1).astype(dtype), (1 - beta2).astype(dtype)
    longest = 2 / (1 - beta2) - 1

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        t = state["step"] + 1
        m = average(state["exp_avg"], g, share1)
        v = average(state["exp_avg_sq"], g * g, share2)
        c = 1 - beta2**t
        length = longest - 2 * t * (1 - c) / c
        sure = length > 5
        # Where it is not sure, 1/1 stands in: what is not used must not divide by 0 either.
        above = np.where(sure, (length - 4) * (length - 2) * longest * c, 1.0)
        below = np.where(sure, (longest - 4) * (longest - 2) * length, 1.0)
        root = np.sqrt(v)
        root += eps.astype(dtype)
        root = np.where(sure, root, 1)
        down = (-lr * np.sqrt(above / below) / (1 - beta1**t)).astype(dtype)
        return descend(w, m / root, down), {"step": t, "exp_avg": m, "exp_avg_sq": v}

    return update


class RAdam(Optimizer):
    """Rectified Adam: plain momentum while v rests on few gradients, then Adam, eased in by r.

    m, v and m̂ as in Adam; ρ∞ = 2/(1 − β₂) − 1, and the number of gradients that v amounts to is
    ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ).
    ρₜ > 5:  r = √[ (ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ) ],  w ← w − lr·r·m̂·√(1 − β₂ᵗ) / (√v + ε)
    else:    w ← w − lr·m̂

    lr: learning rate. betas: (β₁, β₂). eps: ε; as in PyTorch it is added to √v before the
    correction, in Adam after it. weight_decay: λ, adds λw to the gradient. decoupled_weight_decay:
    multiply the weights by 1 − lr·λ instead. maximize: go uphill. penalty: see
    `shinso.optim.penalty`.

    It takes the place of a warm-up. The paper begins to rectify at ρₜ > 4; like PyTorch we wait
    until 5.
    Source: Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
    """

    rule = staticmethod(radam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize,
            "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The step count, m and v."""
        return {
            "step": np.zeros((), dtype=np.int64),
            "exp_avg": np.zeros_like(w),
            "exp_avg_sq": np.zeros_like(w),
        }
