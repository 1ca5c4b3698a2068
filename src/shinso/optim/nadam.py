"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, average, descend


def nadam(
    dtype: np.dtype[Any],
    *,
    lr: Array,
    betas: tuple[Array, Array],
    eps: Array,
    momentum_decay: Array,
) -> Rule:
    """The update w ← w − lr·(a·g + b·m) / (√v̂ + ε) (see `NAdam`)."""
    beta1, beta2 = betas
    share1, share2 = (1 - beta1).astype(dtype), (1 - beta2).astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        t = state["step"] + 1
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        ahead = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        product = state["mu_product"] * mu
        m = average(state["exp_avg"], g, share1)
        v = average(state["exp_avg_sq"], g * g, share2)
        # Above and below the fraction bar times c = √(1 − β₂ᵗ), as in Adam.
        c = np.sqrt(1 - beta2**t)
        root = np.sqrt(v)
        root += (eps * c).astype(dtype)
        direction = g * ((1 - mu) / (1 - product)).astype(dtype)
        direction += m * (ahead / (1 - product * ahead)).astype(dtype)
        direction /= root
        new = {"step": t, "mu_product": product, "exp_avg": m, "exp_avg_sq": v}
        return descend(w, direction, (-lr * c).astype(dtype)), new

    return update


class NAdam(Optimizer):
    """Nesterov-accelerated adaptive moment estimation.

    μₜ = β₁(1 − ½·0.96^(t·ψ)),  Πₜ = μ₁μ₂…μₜ
    m ← β₁m + (1 − β₁)g
    v ← β₂v + (1 − β₂)g²,  v̂ = v / (1 − β₂ᵗ)
    w ← w − lr·( (1 − μₜ)/(1 − Πₜ)·g + μₜ₊₁/(1 − Πₜ₊₁)·m ) / (√v̂ + ε)

    lr: learning rate. betas: (β₁, β₂). eps: ε. weight_decay: λ, adds λw to the gradient.
    momentum_decay: ψ, how fast the momentum warms up. decoupled_weight_decay: multiply the weights
    by 1 − lr·λ instead. maximize: go uphill. penalty: see `shinso.optim.penalty`.

    Same numbers as PyTorch; as there, m averages with β₁ while the look ahead uses μₜ.
    Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016).
    """

    rule = staticmethod(nadam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The step count, the product of all μ so far (float64), m and v."""
        return {
            "step": np.zeros((), dtype=np.int64),
            "mu_product": np.ones((), dtype=np.float64),
            "exp_avg": np.zeros_like(w),
            "exp_avg_sq": np.zeros_like(w),
        }
