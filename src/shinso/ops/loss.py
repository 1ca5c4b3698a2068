"""What all losses share: averaging or adding up, and the checks of predictions and targets."""

from __future__ import annotations

import difflib
import math
from typing import Any

from shinso.cell import Array
from shinso.graph import Function
from shinso.ops.floating import check_floating


class Loss(Function):
    """Base of the losses that compare element by element.

    A subclass computes the cost of every element and ends forward with `self.reduce(cost)`;
    backward multiplies each element's slope by `self.spread(dl)`. reduction: "mean" over all
    elements, "sum", or "none". The mean of no elements is NaN.
    """

    def __init__(self, reduction: str) -> None:
        self.reduction = reduction

    def reduce(self, cost: Array) -> Array:
        """One number from the elements' costs, or the costs themselves for "none"."""
        self.n = cost.size or math.nan
        if self.reduction == "none":
            return cost
        return cost.sum() / self.n if self.reduction == "mean" else cost.sum()

    def spread(self, dl: Array) -> Array:
        """The gradient that reaches each element's cost; a number, unless nothing was reduced."""
        return dl / self.n if self.reduction == "mean" else dl


def same_dtype(t: Array, y: Array) -> Array:
    """t in the dtype of y: a float32 loss stays float32, whatever its targets came as."""
    return t if t.dtype == y.dtype else t.astype(y.dtype)


def check_reduction(
    op: str, reduction: str, allowed: tuple[str, ...] = ("mean", "sum", "none")
) -> None:
    """Raise ValueError for a reduction that the loss does not have; name the nearest it has."""
    if reduction in allowed:
        return
    near = difflib.get_close_matches(str(reduction), allowed, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    names = ", ".join(repr(name) for name in allowed)
    raise ValueError(f"{op} takes reduction {names}, got {reduction!r}.{hint}")


def check_pair(op: str, y: Any, t: Any) -> None:
    """Predictions are floating point; targets have exactly their shape (no broadcasting)."""
    check_floating(op, y, "input")
    if not hasattr(t, "dtype"):
        raise TypeError(
            f"{op} takes a tensor or array for target, got {type(t).__name__}. Use "
            "shinso.tensor(...)."
        )
    if tuple(y.shape) != tuple(t.shape):
        raise ValueError(
            f"{op} got an input of shape {tuple(y.shape)} and a target of shape {tuple(t.shape)}; "
            "the two must be equal. Reshape one of them: broadcasting would compare each "
            "prediction with the wrong targets."
        )
