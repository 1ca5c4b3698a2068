"""Folds over the batch, taken apart: first within each example, then over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from shinso.compiler import build
from shinso.compiler.graph import (
    Graph,
    Map,
    Node,
    Reduce,
    Row,
)
from shinso.compiler.labels import nominal_size
from shinso.compiler.simplify import beneath, change, same

_LARGE = 1 << 14
"""A fold over fewer elements is not worth being taken apart."""


def by_example(graph: Graph, labels: Mapping[int, int]) -> Graph:
    """Σ over batch and positions → Σ over the batch of Σ over positions; variances likewise.

    Σ (x - m)² with m the mean over the same axes → per example n: its own mean mₙ and
    qₙ = Σ (x - mₙ)², then Σₙ qₙ + k (mₙ - m)², k positions each. Example by example the data are
    still in the cache for the second look, and nothing is lost to cancellation.
    """
    known = dict(labels)
    kept: list[Node] = []  # so that no other node gets the number of one that is gone

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        result = _example_fold(node, operands, known)
        axis = labels.get(id(node))
        if axis is not None and result is not node:
            known[id(result)] = axis
            kept.append(result)
        return result

    return change(graph, object, rule)


def _example_fold(node: Node, operands: tuple[Node, ...], labels: Mapping[int, int]) -> Node:
    fold = node.operation
    if not isinstance(fold, Reduce) or nominal_size(operands[0], labels) < _LARGE:
        return same(node, operands)
    x = operands[0]
    batch = labels.get(id(x))
    rest = [a for a in fold.axes if a != batch]
    if batch not in fold.axes or math.prod(x.shape[a] for a in rest) < 2:
        return same(node, operands)
    assert batch is not None
    spread = _deviation(x, fold.axes) if fold.function == "add" else None
    if spread is not None:
        return _variance(spread, fold.axes, rest, batch)
    inner = build.reduce(fold.function, x, rest)
    return build.reduce(fold.function, inner, [_left(batch, rest)])


def _left(axis: int, gone: Sequence[int]) -> int:
    """Where an axis is when others have gone."""
    return axis - sum(a < axis for a in gone)


def _deviation(x: Node, axes: tuple[int, ...]) -> Node | None:
    """The y of (y - mean of y over axes)², or None."""
    if not (isinstance(x.operation, Map) and x.operation.function in ("multiply", "square")):
        return None
    d = x.operands[0]
    if any(other is not d for other in x.operands):
        return None
    if not (isinstance(d.operation, Map) and d.operation.function == "subtract"):
        return None
    y, mean = d.operands[0], beneath(d.operands[1])
    if not (isinstance(mean.operation, Map) and mean.operation.function in ("divide", "multiply")):
        return None
    total = beneath(mean.operands[0])
    while isinstance(total.operation, Reduce) and total.operation.function == "add":
        total = beneath(total.operands[0])
    return y if total is y and x.dtype.kind == "f" and axes else None


def _variance(x: Node, axes: Sequence[int], rest: Sequence[int], batch: int) -> Node:
    positions = math.prod(x.shape[a] for a in rest)
    count = positions * x.shape[batch]
    sums = build.reduce("add", x, rest)
    own = _scaled(sums, 1.0 / positions)
    kept = [a for a in range(x.ndim) if a not in rest]
    d = build.apply("subtract", [x, _spread(own, kept, x)], x.dtype)
    squares = build.reduce("add", build.apply("multiply", [d, d], x.dtype), rest)
    axis = _left(batch, rest)
    mean = _scaled(build.reduce("add", sums, [axis]), 1.0 / count)
    away = build.apply(
        "subtract", [own, _spread(mean, [a for a in range(own.ndim) if a != axis], own)], x.dtype
    )
    between = _scaled(build.apply("multiply", [away, away], x.dtype), float(positions))
    return build.reduce("add", build.apply("add", [squares, between], x.dtype), [axis])


def _scaled(x: Node, factor: float) -> Node:
    number = build.broadcast(build.constant(x.dtype.type(factor)), x.shape)
    return build.apply("multiply", [x, number], x.dtype)


def _spread(x: Node, kept: Sequence[int], like: Node) -> Node:
    """x repeated along the axes it lacks; its axes are the `kept` ones of `like`."""
    rows = [
        Row(0, tuple(int(a == axis and like.shape[a] > 1) for a in range(like.ndim)))
        for axis in kept
    ]
    return build.view(x, rows, like.shape)
