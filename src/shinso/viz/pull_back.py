"""Backward with other rules: a gradient, or what somebody puts in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.graph.backward import in_reverse_order, run_backward

Rules = Mapping[type[Function], Callable[..., Any]]
"""For a kind of operation, what takes its place on the way back: rule(operation, dout) → din."""


def pull_back(of: Tensor, dout: Array, to: Tensor, rules: Rules | None = None) -> Array:
    """Take `dout`, the gradient at a result, back to a leaf behind it, and use up the graph.

    of: the result of a fresh recorded computation that nobody else uses. to: a leaf with
    requires_grad and no `.grad`. rules: operations of these very types go back by them, all others
    by their own backward. Gradients of other leaves, such as parameters, are not computed.
    Returns an array like `to`. Raises ValueError if no gradient arrives there.
    """
    if of.requires_grad:
        for function in in_reverse_order(of.creator) if of.creator is not None else ():
            _redirect(function, to, rules or {})
        run_backward(of, dout, retain_graph=False)
    if to.grad is None:
        raise ValueError(
            "the output does not depend on where the gradient is wanted, or the model leaves the "
            "graph on the way (.detach(), .data, no_grad)"
        )
    return np.asarray(to.grad)


def _redirect(function: Function, to: Tensor, rules: Rules) -> None:
    function.needs_grad = tuple(
        needed and (x is to or (x is not None and not x.is_leaf))
        for x, needed in zip(function.inputs, function.needs_grad, strict=True)
    )
    if type(function) in rules:
        function.backward = partial(rules[type(function)], function)


def class_gradient(output: Tensor, target: Any) -> Array:
    """The gradient of each example's score of its target class: 1 there, else 0.

    output: (n, classes). target: a class for all examples, or one for each.
    Raises ValueError for another output and for classes that it does not have.
    """
    if output.ndim != 2:
        raise ValueError(
            f"the model gives {output.shape}, not a score for each class, (n, classes)"
        )
    count, classes = output.shape
    chosen = check_target(target, count, classes)
    dout = np.zeros_like(output.data)
    dout[np.arange(count), chosen] = 1
    return dout


def check_target(target: Any, count: int, classes: int) -> Array:
    """One class for each of `count` examples."""
    chosen = np.asarray(target)
    if chosen.dtype.kind not in "iu" or chosen.shape not in ((), (count,)):
        raise ValueError(
            f"target is one class, or {count} of them, one for each image; not {target!r}"
        )
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < classes):
        raise ValueError(f"the model has classes 0 to {classes - 1}; target is {target!r}")
    return np.broadcast_to(chosen, (count,))
