"""Adam and AdamW: momentum, with a step size of its own for every weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, average, descend


def adam(
    dtype: np.dtype[Any], *, lr: Array, betas: tuple[Array, Array], eps: Array, amsgrad: bool
) -> Rule:
    """The update w ← w − lr·m̂ / (√v̂ + ε) (see `Adam`)."""
    beta1, beta2 = betas
    share1, share2 = (1 - beta1).astype(dtype), (1 - beta2).astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        t = state["step"] + 1
        m = average(state["exp_avg"], g, share1)
        v = average(state["exp_avg_sq"], g * g, share2)
        new = {"step": t, "exp_avg": m, "exp_avg_sq": v}
        if amsgrad:
            v = np.maximum(state["max_exp_avg_sq"], v)
            new["max_exp_avg_sq"] = v
        # Above and below the fraction bar times c = √(1 − β₂ᵗ): numbers are corrected, not arrays.
        c = np.sqrt(1 - beta2**t)
        root = np.sqrt(v)
        root += (eps * c).astype(dtype)
        return descend(w, m / root, (-lr * c / (1 - beta1**t)).astype(dtype)), new

    return update


class Adam(Optimizer):
    """Adaptive moment estimation.

    m ← β₁m + (1 − β₁)g,   m̂ = m / (1 − β₁ᵗ)
    v ← β₂v + (1 − β₂)g²,  v̂ = v / (1 − β₂ᵗ)
    w ← w − lr·m̂ / (√v̂ + ε)

    m̂ and v̂ undo the pull towards the zeros that m and v start from.

    lr: learning rate. betas: (β₁, β₂). eps: ε, added outside the root. weight_decay: λ, adds λw to
    the gradient, where it is then divided by √v̂ like all else; see `AdamW`. amsgrad: divide by the
    largest v so far (Reddi et al. 2018); as in PyTorch the maximum is taken of v and corrected
    afterwards. maximize: go uphill. decoupled_weight_decay: decay as AdamW does. penalty: see
    `shinso.optim.penalty`.

    Same numbers as PyTorch; Keras puts ε in another place (its "epsilon hat").
    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1.
    """

    flags = ("amsgrad",)
    rule = staticmethod(adam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay, "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The step count, m, v, and the largest v if it is asked for."""
        state = {
            "step": np.zeros((), dtype=np.int64),
            "exp_avg": np.zeros_like(w),
            "exp_avg_sq": np.zeros_like(w),
        }
        if options["amsgrad"]:
            state["max_exp_avg_sq"] = np.zeros_like(w)
        return state


class AdamW(Adam):
    """Adam with decoupled weight decay: w ← (1 − lr·λ)w first, then Adam's update without λ.

    All weights are pulled alike, which λ inside Adam's gradient does not do.
    weight_decay: λ. Other arguments as for `Adam`. As in PyTorch the decay is multiplied by lr; in
    the paper by the schedule's factor only.
    Source: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize,
            decoupled_weight_decay=True, penalty=penalty,
        )  # fmt: skip
