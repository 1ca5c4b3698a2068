"""Rewriting a graph into a simpler one that computes the same.

`rebuild` makes every node anew, operands first, through the constructors in `build`, and merges
nodes that are equal: common subexpressions are computed once and what nothing needs disappears.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import (
    Cast,
    Check,
    Constant,
    Graph,
    Map,
    Node,
    Pick,
    Reshape,
    Row,
    Update,
    View,
    Write,
)

Rule = Callable[[Node, tuple[Node, ...]], Node]


def simplify(graph: Graph) -> Graph:
    """Everything that makes a graph smaller or plainer, in order."""
    return merge(rebuild(graph, _plain))


def rebuild(graph: Graph, rule: Rule) -> Graph:
    """Each node becomes `rule(node, its new operands)`; equal nodes become one."""
    unique = _Unique()
    new: dict[int, Node] = {}
    with build.located(None):
        for node in graph.nodes():
            build.locate(node.source)
            new[id(node)] = unique(rule(node, tuple([new[id(x)] for x in node.operands])))
    return _replaced(graph, new)


def change(graph: Graph, kind: type[Any], rule: Rule, new: dict[int, Node] | None = None) -> Graph:
    """Each node whose operation is of a kind becomes `rule(node, its new operands)`.

    Nodes above them follow; all others stay the nodes they are, and equal ones stay apart: a
    `merge` comes after. new: filled with what nodes have become, by their ids, as it goes.
    """
    new = {} if new is None else new
    changed = False
    with build.located(None):
        for node in graph.nodes():
            operands = tuple([new[id(x)] for x in node.operands])
            if isinstance(node.operation, kind):
                build.locate(node.source)
                result = rule(node, operands)
            else:
                result = same(node, operands)
            changed = changed or result is not node
            new[id(node)] = result
    return _replaced(graph, new) if changed else graph


def merge(graph: Graph) -> Graph:
    """Equal nodes become one."""
    return rebuild(graph, same)


class _Unique:
    """Gives for each node the first node that was equal to it."""

    def __init__(self) -> None:
        self.table: dict[Any, Node] = {}
        self.known: dict[int, tuple[Node, Node]] = {}  # the node is kept so that its id stays its

    def __call__(self, node: Node) -> Node:
        stack = [node]
        while stack:
            top = stack[-1]
            waiting = [x for x in top.operands if id(x) not in self.known]
            if id(top) in self.known or not waiting:
                stack.pop()
                if id(top) not in self.known:
                    self.known[id(top)] = (top, self._first(top))
            stack.extend(waiting)
        return self.known[id(node)][1]

    def _first(self, node: Node) -> Node:
        operands = tuple(self.known[id(x)][1] for x in node.operands)
        made = node if operands == node.operands else _with(node, operands)
        key = (made.operation, tuple(map(id, operands)), made.shape, made.dtype)
        first = self.table.setdefault(key, made)
        self.known[id(first)] = (first, first)
        return first


def _replaced(graph: Graph, new: dict[int, Node]) -> Graph:
    outputs = tuple(new[id(x)] for x in graph.outputs)
    updates = tuple(
        Update(u.cell, u.slot, None if u.value is None else new[id(u.value)]) for u in graph.updates
    )
    checks = tuple(Check(new[id(c.condition)], c.error, c.message) for c in graph.checks)
    return Graph(outputs, updates, checks)


def _with(node: Node, operands: tuple[Node, ...]) -> Node:
    return Node(node.operation, operands, node.shape, node.dtype, node.source)


def same(node: Node, operands: tuple[Node, ...]) -> Node:
    """The node itself on its new operands; views are composed again."""
    if operands == node.operands:
        return node
    if isinstance(node.operation, View) and isinstance(operands[0].operation, View):
        build.locate(node.source)
        return build.view(operands[0], node.operation.rows, node.shape)
    return _with(node, operands)


def _plain(node: Node, operands: tuple[Node, ...]) -> Node:
    """One node in plainer terms."""
    operation = node.operation
    if isinstance(operation, Pick):
        return _picked(operation, operands[0])
    if isinstance(operation, Reshape):
        return _split(operands[0], node.shape)
    if isinstance(operation, Write) and not operation.add:
        padded = _padded(operation, *operands)
        if padded is not None:
            return padded
    if isinstance(operation, Constant) and operation.array.ndim and _is_flat(operation.array):
        return build.broadcast(build.constant(operation.array.flat[0]), node.shape)
    folded = _folded(node, operands)
    return folded if folded is not None else same(node, operands)


def _is_flat(array: Any) -> bool:
    if array.size == 0:
        return False
    first = array.flat[:1].tobytes()
    return bool(array.tobytes() == first * array.size)


def _folded(node: Node, operands: tuple[Node, ...]) -> Node | None:
    """A function of nothing but 0-d constants, worked out now."""
    if not isinstance(node.operation, (Map, Cast)):
        return None
    values = [_scalar(x) for x in operands]
    if any(v is None for v in values):
        return None
    with np.errstate(all="ignore"):
        if isinstance(node.operation, Cast):
            result = np.asarray(values[0]).astype(node.dtype)
        elif node.operation.function == "where":
            result = np.where(*values)
        else:
            result = getattr(np, node.operation.function)(*values)
    return build.broadcast(build.constant(np.asarray(result, node.dtype)), node.shape)


def _scalar(x: Node) -> Any:
    """The one value of a constant, or of a broadcast of it."""
    if isinstance(x.operation, View):
        x = x.operands[0]
    if isinstance(x.operation, Constant) and x.ndim == 0:
        return x.operation.array
    return None


def _padded(write: Write, base: Node, v: Node) -> Node | None:
    """A block written into a constant array, every axis one by one: a pad."""
    value = _scalar(base)
    if value is None or v.ndim != base.ndim or 0 in v.shape:
        return None
    widths = []
    for axis, (row, n, k) in enumerate(zip(write.rows, base.shape, v.shape, strict=True)):
        others = [s for a, s in enumerate(row.steps) if a != axis and v.shape[a] > 1]
        if any(others) or (k > 1 and row.steps[axis] != 1):
            return None
        widths.append((row.start, n - k - row.start))
    return build.pad(v, widths, build.constant(value))


def _picked(pick: Pick, x: Node) -> Node:
    """argmax(x) → the least i with x[i] = max(x), or with x[i] NaN, which counts as the extreme."""
    n, fold = x.shape[pick.axis], "maximum" if pick.function == "argmax" else "minimum"
    if x.dtype.kind == "b":
        x = build.cast(x, np.int8)
    peak = build.reduce(fold, x, [pick.axis])
    axes = [a if a < pick.axis else a - 1 for a in range(x.ndim)]
    again = build.select(peak, [None if a == pick.axis else axes[a] for a in range(x.ndim)])
    again = build.broadcast(again, x.shape)
    hit = build.apply("equal", [x, again], bool)
    if x.dtype.kind == "f":
        hit = build.apply("logical_or", [hit, build.apply("not_equal", [x, x], bool)], bool)
    steps = tuple(int(a == pick.axis and n > 1) for a in range(x.ndim))
    index = build.view(build.iota(n, np.int64), [Row(0, steps)], x.shape)
    beyond = build.broadcast(build.constant(np.int64(n)), x.shape)
    return build.reduce(
        "minimum", build.apply("where", [hit, index, beyond], np.int64), [pick.axis]
    )


def _split(x: Node, shape: tuple[int, ...]) -> Node:
    """A reshape that only splits axes (and puts in or drops axes of length 1) is a view."""
    made = build.reshape(x, shape)
    if not isinstance(made.operation, Reshape) or x.size == 0:
        return made
    x, rows, axis = made.operands[0], [], 0
    for n in x.shape:
        steps, left = [0] * len(shape), n
        while left > 1:
            if axis == len(shape) or left % shape[axis]:
                return made
            left //= shape[axis]
            if shape[axis] > 1:
                steps[axis] = left
            axis += 1
        rows.append(Row(0, tuple(steps)))
    return build.view(x, rows, shape)


def beneath(x: Node) -> Node:
    """What a view looks at."""
    while isinstance(x.operation, View):
        x = x.operands[0]
    return x


def constant_of(x: Node) -> float | None:
    """The one number that an array is full of, or None."""
    x = beneath(x)
    if isinstance(x.operation, Constant) and x.ndim == 0:
        return float(x.operation.array)
    return None
