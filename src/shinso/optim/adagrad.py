"""AdaGrad: directions that have seen large gradients take smaller steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, descend


def adagrad(
    dtype: np.dtype[Any],
    *,
    lr: Array,
    lr_decay: Array | None,
    initial_accumulator_value: Array,
    eps: Array,
) -> Rule:
    """The update s ← s + g², w ← w − lr·g / (√s + ε) (see `Adagrad`)."""
    down, small = (-lr).astype(dtype), eps.astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        s = g * g
        s += state["sum"]
        root = np.sqrt(s)
        root += small
        if lr_decay is None:
            return descend(w, g / root, down), {"sum": s}
        t = state["step"]
        slowed = (-lr / (1 + t * lr_decay)).astype(dtype)
        return descend(w, g / root, slowed), {"sum": s, "step": t + 1}

    return update


class Adagrad(Optimizer):
    """Adaptive gradient descent: the step of each weight shrinks with all it has moved before.

    s ← s + g²
    w ← w − lr / (1 + (t − 1)·lr_decay) · g / (√s + ε)

    lr: learning rate. lr_decay: slows all steps down with the step count t. weight_decay: λ, adds
    λw to the gradient. initial_accumulator_value: what s starts from. eps: ε, outside the root
    (some texts have it inside). maximize: go uphill. penalty: see `shinso.optim.penalty`.

    s only grows, so the steps shrink for ever: good for rare features, and the reason why AdaGrad
    stalls on long roads. Turning lr_decay on later starts its count at that moment.
    Source: Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning" (2011).
    """

    switches = ("lr_decay",)
    rule = staticmethod(adagrad)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "eps": eps,
            "maximize": maximize, "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The sum of squares; a step count, if the learning rate decays."""
        state = {"sum": np.full_like(w, options["initial_accumulator_value"])}
        if options["lr_decay"] != 0:
            state["step"] = np.zeros((), dtype=np.int64)
        return state
