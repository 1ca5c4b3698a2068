"""What update rules are made of: averaging what comes in, going downhill, and what all share.

A rule is made once per step, for one group of parameters and one dtype, and then called for each
parameter. So numbers are computed in float64 and cast once, and only array work is left per
parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.optim.penalty import Penalty

State = dict[str, Array]
"""What an update rule remembers about one parameter, by name."""

Rule = Callable[[Array, Array, State], tuple[Array, State]]
"""One update of one parameter, from (w, g, state) to the new (w, state). It changes nothing."""


def average(old: Array, new: Array, share: Array) -> Array:
    """Exponential moving average β·old + (1 − β)·new, written as old + (1 − β)(new − old).

    old, new: arrays of one shape. share: 1 − β in their dtype. Returns an array of its own.
    """
    mean = new - old
    mean *= share
    mean += old
    return mean


def descend(w: Array, direction: Array, down: Array) -> Array:
    """One step downhill, w − lr·direction.

    down: −lr in w's dtype. Returns an array of its own.
    """
    moved = direction * down
    moved += w
    return moved


def with_common_options(
    rule: Rule,
    dtype: np.dtype[Any],
    lr: Array,
    *,
    maximize: bool = False,
    weight_decay: Array | None = None,
    decoupled_weight_decay: bool = False,
    penalty: Penalty | None = None,
) -> Rule:
    """The same rule, uphill or with something that keeps the weights small.

    maximize: turn the gradient round. weight_decay: λ; adds λw to the gradient, or, if decoupled,
    multiplies the weights by 1 − lr·λ before the rule. penalty: adds its gradient before the rule,
    and shrinks the weights after it.
    """
    if not maximize and weight_decay is None and penalty is None:
        return rule
    decay = kept = None
    if weight_decay is not None:
        decay, kept = weight_decay.astype(dtype), (1 - lr * weight_decay).astype(dtype)

    def update(w: Array, g: Array, state: State) -> tuple[Array, State]:
        if maximize:
            g = -g
        if penalty is not None:
            extra = penalty.added(w)
            g = g if extra is None else g + extra
        if decay is not None:
            if decoupled_weight_decay:
                w = w * kept
            else:
                g = g + w * decay
        w, state = rule(w, g, state)
        if penalty is not None:
            w = penalty.shrink(w, lr)
        return w, state

    return update
