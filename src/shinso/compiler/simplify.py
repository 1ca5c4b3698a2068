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
        known = self.known
        if id(node) not in known and all(id(x) in known for x in node.operands):
            known[id(node)] = (node, self._first(node))
            return known[id(node)][1]
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
    if isinstance(node.operation, View):
        return _viewed(node, operands[0])
    if isinstance(node.operation, Reshape):
        return reshaped(operands[0], node.shape)
    return _with(node, operands)


def _viewed(view: Node, x: Node) -> Node:
    """A view of x: of what lies beneath, where x is a view or a reshape."""
    assert isinstance(view.operation, View)
    if isinstance(x.operation, View):
        build.locate(view.source)
        return build.view(x, view.operation.rows, view.shape)
    made = _seen_through(view, x) if isinstance(x.operation, Reshape) and view.size else None
    return _with(view, (x,)) if made is None else made


def _plain(node: Node, operands: tuple[Node, ...]) -> Node:
    """One node in plainer terms."""
    operation = node.operation
    if isinstance(operation, Pick):
        return _picked(operation, operands[0])
    if isinstance(operation, Reshape):
        return reshaped(operands[0], node.shape)
    if isinstance(operation, Write) and not operation.add:
        padded = _padded(operation, *operands)
        if padded is not None:
            return padded
    if isinstance(operation, Constant) and operation.array.ndim and _is_flat(operation.array):
        return build.broadcast(build.constant(operation.array.flat[0]), node.shape)
    if isinstance(operation, View):
        return _viewed(node, operands[0])
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


def reshaped(x: Node, shape: tuple[int, ...]) -> Node:
    """The same elements in another shape; a view if axes are only split, or of length 1."""
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


def taken_apart(x: Node) -> tuple[Node, list[list[int]]] | None:
    """What a reshape is of, with axes split so that it only merges: for each of its axes, which.

    None where no view of it does that.
    """
    if not isinstance(x.operation, Reshape) or x.size == 0:
        return None
    before, pieces, groups = x.operands[0], list[int](), list[list[int]]()
    lengths = iter([n for n in before.shape if n != 1])
    left = 1  # of the axis that is being used up
    for n in x.shape:
        group, need = list[int](), n
        while need > 1:
            left = next(lengths) if left == 1 else left
            piece = min(left, need)
            if left % piece or need % piece:
                return None
            left, need = left // piece, need // piece
            group.append(len(pieces))
            pieces.append(piece)
        if n == 1:
            group.append(len(pieces))
            pieces.append(1)
        groups.append(group)
    split = reshaped(before, tuple(pieces))
    return None if isinstance(split.operation, Reshape) else (split, groups)


def _seen_through(view: Node, x: Node) -> Node | None:
    """A view of a reshape that merges → a view of what was merged, if each place there is affine.

    With n positions to a row, a place in the merged axis has a row and a rest. Steps that are
    multiples of n move the row alone; all others together must stay below n.
    """
    assert isinstance(view.operation, View)
    apart = taken_apart(x)
    if apart is None:
        return None
    base, groups = apart
    rows = list[Row]()
    for row, group in zip(view.operation.rows, groups, strict=True):
        start, steps, found = row.start, list(row.steps), list[Row]()
        for axis in reversed(group[1:]):
            n = base.shape[axis]
            rest = [s % n if s >= 0 else 0 for s in steps]
            whole = [s if s % n == 0 else 0 for s in steps]
            backwards = min(steps, default=0) < 0
            if backwards or any(r and r != s for r, s in zip(rest, steps, strict=True)):
                return None
            reach = start % n + sum(r * (k - 1) for r, k in zip(rest, view.shape, strict=True))
            if reach >= n:
                return None
            found.append(Row(start % n, tuple(rest)))
            start, steps = start // n, [s // n for s in whole]
        rows += [Row(start, tuple(steps)), *reversed(found)]
    return build.view(base, rows, view.shape)


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
