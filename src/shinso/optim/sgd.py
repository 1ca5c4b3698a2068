"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import Penalty
from shinso.optim.rules import Rule, State, descend


def sgd(
    dtype: np.dtype[Any],
    *,
    lr: Array,
    momentum: Array | None,
    dampening: Array | None,
    nesterov: bool,
) -> Rule:
    """The update v ← μv + (1 − τ)g, w ← w − lr·v (see `SGD`)."""
    down = (-lr).astype(dtype)
    if momentum is None:
        return lambda w, g, state: (descend(w, g, down), {})
    mu = momentum.astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        new: State = {}
        v = state["momentum_buffer"] * mu
        if dampening is None:
            v += g
        else:
            t = state["step"]
            v += g * np.where(t == 0, 1.0, 1 - dampening).astype(dtype)  # at first, v is g
            new["step"] = t + 1
        new["momentum_buffer"] = v
        return descend(w, g + v * mu if nesterov else v, down), new

    return update


class SGD(Optimizer):
    """Stochastic gradient descent.

    plain:     w ← w − lr·g
    momentum:  v ← μv + (1 − τ)g,  w ← w − lr·v          (v = g in the first step)
    Nesterov:  v ← μv + g,  w ← w − lr·(g + μv)

    lr: learning rate. momentum: μ, 0 for plain descent. dampening: τ. weight_decay: λ, adds λw to
    the gradient. nesterov: look ahead; needs a momentum and no dampening. maximize: go uphill.
    penalty: see `shinso.optim.penalty`.

    The classic form (Polyak; most textbooks) is v ← μv − lr·g, w ← w + v. As in PyTorch, lr here
    stands outside the velocity: the same path while lr is constant, but a new lr acts at once on
    the whole velocity. Turning the momentum to 0 and on again starts with a new velocity; turning
    dampening on later starts as in the first step.

    Sources: Robbins and Monro (1951); Polyak (1964); Sutskever et al., "On the importance of
    initialization and momentum in deep learning" (2013) for Nesterov's form.
    """

    switches = ("momentum", "dampening")
    flags = ("nesterov",)
    rule = staticmethod(sgd)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        penalty: Penalty | None = None,
    ) -> None:
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "penalty": penalty,
        }  # fmt: skip
        super().__init__(params, defaults)

    def check(self, options: Mapping[str, Any]) -> None:
        """Nesterov's form is defined for a momentum without dampening only."""
        if options["nesterov"] and (options["momentum"] == 0 or options["dampening"] != 0):
            raise ValueError(
                f"SGD(nesterov=True) needs momentum > 0 and dampening = 0; got momentum="
                f"{options['momentum']!r}, dampening={options['dampening']!r}"
            )

    def allocate(self, w: Array, options: Mapping[str, Any]) -> State:
        """The velocity, if there is momentum; a step count, if there is dampening."""
        if options["momentum"] == 0:
            return {}
        state = {"momentum_buffer": np.zeros_like(w)}
        if options["dampening"] != 0:
            state["step"] = np.zeros((), dtype=np.int64)
        return state
