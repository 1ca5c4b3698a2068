"""Backward: walk the graph from the result to the leaves, multiplying and adding gradients.

The walk is a loop over the operations in the reverse of the order in which they ran, so a graph of
any depth works. The graph does what no operation should have to: it adds the gradients that meet
at a branch, sums over axes that were broadcast, and skips what nobody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.graph.mode import mode

if TYPE_CHECKING:
    from shinso.graph.function import Function
    from shinso.graph.tensor import Tensor

Gradients = dict[int, list[Any]]


def run_backward(root: Tensor, gradient: Any, retain_graph: bool) -> None:
    """Do the work of `Tensor.backward`; no leaf's `.grad` changes unless all of it succeeds."""
    seed = _seed(root, gradient)
    leaves: dict[int, tuple[Tensor, Any]] = {}
    creator = root.creator
    if creator is None:
        leaves[id(root)] = (root, seed)
    else:
        functions = in_reverse_order(creator)
        seeds: list[Any] = [None] * creator.outputs
        seeds[root._index] = seed
        pending: Gradients = {id(creator): seeds}
        for function in functions:
            _step(function, pending, leaves)
            if not retain_graph:
                function.release()
    _deliver(leaves, seed)


def _seed(root: Tensor, gradient: Any) -> Any:
    if not root.requires_grad:
        raise RuntimeError(
            "backward() on a tensor that depends on nothing with requires_grad=True. Was it made "
            "inside no_grad(), or from plain arrays only?"
        )
    if gradient is None:
        if root.size != 1:
            raise RuntimeError(
                f"backward() starts from a scalar; this tensor has shape {root.shape}. "
                "Take .sum() or .mean() of it, or give backward(gradient=...) of that shape."
            )
        return np.ones_like(root.data)
    gradient = getattr(gradient, "data", gradient) if hasattr(gradient, "creator") else gradient
    if isinstance(gradient, (float, int, list)):
        gradient = np.asarray(gradient, dtype=root.dtype)
    if np.shape(gradient) != root.shape:
        raise ValueError(
            f"backward(gradient=...) has shape {np.shape(gradient)}; the tensor has shape "
            f"{root.shape}"
        )
    return gradient


def in_reverse_order(creator: Function) -> list[Function]:
    """Every operation behind `creator`, last-run first."""
    found = {id(creator): creator}
    stack = [creator]
    while stack:
        for x in stack.pop().inputs:
            before = x.creator if x is not None else None
            if before is not None and id(before) not in found:
                found[id(before)] = before
                stack.append(before)
    return sorted(found.values(), key=lambda function: function.order, reverse=True)


def _step(function: Function, pending: Gradients, leaves: dict[int, tuple[Tensor, Any]]) -> None:
    """Take one operation backward and hand the gradients to what made its inputs."""
    douts = pending.pop(id(function), None)
    if douts is None:
        return
    if function.released:
        raise RuntimeError(
            f"backward() a second time through {type(function).__name__}, whose graph was freed by "
            "the first. Call the first with backward(retain_graph=True)."
        )
    _retain(function, douts)
    if len(douts) > 1:
        douts = _fill_unused(function, douts)
    dins = function.backward(*douts)
    if not isinstance(dins, tuple):
        dins = tuple(dins) if isinstance(dins, list) else (dins,)
    if len(dins) != len(function.inputs):
        raise RuntimeError(
            f"{type(function).__name__}.backward returned {len(dins)} gradients for "
            f"{len(function.inputs)} inputs: one array or None for each input, please"
        )
    if mode.observer is not None:
        mode.observer.backward(function, tuple(douts), dins)
    for x, dx, needed in zip(function.inputs, dins, function.needs_grad, strict=True):
        if not needed or dx is None or x is None:
            continue
        dx = fit(dx, x, function)
        before = x.creator
        if before is None:
            held = leaves.get(id(x))
            leaves[id(x)] = (x, dx if held is None else held[1] + dx)
            continue
        slots = pending.setdefault(id(before), [None] * before.outputs)
        already = slots[x._index]
        slots[x._index] = dx if already is None else already + dx


def _retain(function: Function, douts: list[Any]) -> None:
    for index, reference in function.retained.items():
        tensor = reference()
        if tensor is not None:
            tensor.grad = douts[index].copy()  # the same array may go on to become a leaf's .grad


def _fill_unused(function: Function, douts: list[Any]) -> list[Any]:
    """An output that nothing used has a gradient of zeros."""
    like = next(d for d in douts if d is not None)
    return [
        np.zeros_like(like, shape=shape, dtype=dtype) if d is None else d
        for d, (shape, dtype) in zip(douts, function.output_types, strict=True)
    ]


def fit(dx: Any, x: Tensor, function: Function) -> Any:
    """Sum a gradient over the axes that were broadcast; give it the input's dtype."""
    shape = x.shape
    if not hasattr(dx, "dtype"):
        raise RuntimeError(
            f"{type(function).__name__}.backward returned a {type(dx).__name__} as gradient for an "
            f"input of shape {shape}: an array of that shape, or None, please"
        )
    if dx.shape != shape:
        extra = dx.ndim - len(shape)
        stretched = tuple(
            i + extra
            for i, n in enumerate(shape)
            if n == 1 and extra >= 0 and dx.shape[i + extra] != 1
        )
        summed = dx.sum(axis=tuple(range(max(extra, 0))) + stretched, keepdims=True)
        dx = summed.reshape(summed.shape[max(extra, 0) :])
        if dx.shape != shape:
            raise RuntimeError(
                f"{type(function).__name__}.backward returned a gradient of shape {dx.shape} for "
                f"an input of shape {shape}"
            )
    return dx if dx.dtype == x.dtype else dx.astype(x.dtype)


def _deliver(leaves: dict[int, tuple[Tensor, Any]], seed: Any) -> None:
    """Add what was found to each leaf's `.grad`; every leaf gets an array of its own."""
    seen = {id(seed)}  # the seed may be the user's own array
    for leaf, dx in leaves.values():
        if leaf.grad is not None:
            leaf.grad = leaf.grad + dx
            continue
        # `z = x + y` hands one array to both sides: a user who scales x.grad must not scale y.grad.
        if isinstance(dx, np.ndarray) and (dx.base is not None or id(dx) in seen):
            dx = dx.copy()
        seen.add(id(dx))
        leaf.grad = dx
