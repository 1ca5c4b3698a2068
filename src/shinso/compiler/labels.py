"""Which axis of each node is the batch.

A step works through a batch of examples that have nothing to do with each other until something is
averaged. The first axis of the first argument says how long the batch is; from there the label
follows every axis that runs along it one by one. Work on labelled nodes can be done example by
example, with all that belongs to one example still in the cache.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Concatenate,
    Contract,
    Gather,
    Graph,
    Host,
    Item,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    State,
    View,
    Write,
)

EXTENT = "N"
"""What kernels call the length of the batch; "N*3" is three times that."""

NOMINAL = 128
"""The batch that choices are made for, whatever its length: all lengths share their kernels."""

LONG = 1024
"""A batch at least so long is taken to be so long: sums over it are worth other loops."""


def nominal_size(node: Node, labels: Mapping[int, int]) -> int:
    """How many elements a node would have if the batch had the nominal length."""
    axis = labels.get(id(node))
    return node.size if axis is None else node.size // node.shape[axis] * NOMINAL


def batch_length(graph: Graph) -> int:
    """The length of the batch; 0 if there is none."""
    return _leading(graph)[0]


def _leading(graph: Graph) -> tuple[int, list[Node]]:
    """The length of the batch and the leaves that have it in front.

    It is the first axis of the first argument that has axes. A step without arguments reads its
    batch from a cell that it does not write: the first one it meets.
    """
    leaves = [n for n in graph.nodes() if isinstance(n.operation, (Argument, State)) and n.ndim]
    passed = [n for n in leaves if isinstance(n.operation, Argument)]
    if passed:
        n = min(passed, key=_index).shape[0]
        return n, [x for x in passed if x.shape[0] == n]
    written = {u.cell for u in graph.updates if u.value is not None}
    kept = [n for n in leaves if _index(n) not in written and n.ndim > 1]
    if not kept:
        return 0, []
    first = min(kept, key=_index)
    return first.shape[0], [first]


def _index(leaf: Node) -> int:
    assert isinstance(leaf.operation, (Argument, State))
    return leaf.operation.index


def batch_axes(graph: Graph) -> dict[int, int]:
    """The batch axis of every node that has one, by the node's id."""
    n, leaves = _leading(graph)
    axes: dict[int, int] = {}
    if n < 2:
        return axes
    for leaf in leaves:
        axes[id(leaf)] = 0
    for node in graph.nodes():
        if id(node) not in axes:
            axis = _axis(node, [axes.get(id(x)) for x in node.operands], n)
            if axis is not None:
                axes[id(node)] = axis
    _spread_back(graph, axes, n)
    return axes


def _spread_back(graph: Graph, axes: dict[int, int], n: int) -> None:
    """Label also what meets the batch element by element, such as the random bits of a mask."""
    for node in reversed(graph.nodes()):
        axis = axes.get(id(node))
        if axis is None:
            continue
        for x in node.operands:
            if id(x) not in axes and not isinstance(x.operation, (Argument, State)):
                below = _axis_below(node, x, axis, n)
                if below is not None and _is_open(x, below):
                    axes[id(x)] = below


def _is_open(x: Node, axis: int) -> bool:
    """Whether a node without a label may get one: it does not need all examples in order, and it is
    no other name of memory whose own batch would have to be the same.
    """
    match x.operation:
        case Scan(_, along):
            return axis != along
        case Reshape() | Host() | Item():
            return False
    return True


def _axis_below(node: Node, x: Node, axis: int, n: int) -> int | None:
    """The axis of an operand along which a node's batch runs one by one."""
    match node.operation:
        case Map() | Cast():
            return axis
        case Concatenate(other):
            return None if axis == other else axis
        case Pad(widths):
            return axis if x is node.operands[0] and widths[axis] == (0, 0) else None
        case Reduce(_, gone):
            return [a for a in range(x.ndim) if a not in gone][axis]
        case View(rows):
            found = [k for k, row in enumerate(rows) if _along(row, node.shape, n) == axis]
            return found[0] if len(found) == 1 and x.shape[found[0]] == n else None
    return None


def _axis(node: Node, operands: list[int | None], n: int) -> int | None:
    operation = node.operation
    if not any(a is not None for a in operands):
        return None
    first = operands[0]
    match operation:
        case Map() | Cast():
            return next(a for a in operands if a is not None)
        case View(rows):
            return None if first is None else _along(rows[first], node.shape, n)
        case Reduce(_, axes):
            if first is None or first in axes:
                return None
            return first - sum(a < first for a in axes)
        case Contract(left, right, out):
            for names, axis in ((left, operands[0]), (right, operands[1])):
                if axis is not None and names[axis] in out:
                    return out.index(names[axis])
            return None
        case Reshape():
            return _regrouped(node, first)
        case Pad(widths):
            return first if first is not None and widths[first] == (0, 0) else None
        case Gather(rows):
            return _gathered(node, rows, operands, n)
        case Concatenate(axis):
            found = next(a for a in operands if a is not None)
            return None if found == axis else found
        case Scan(_, axis):
            return None if first == axis else first
        case Accumulate(places):
            return _written(node, places[0], first, operands[1], n)
        case Write(rows) | Scatter(rows):
            return _written(node, rows, first, operands[1], n)
    return None


def _along(row: Row | int, shape: Sequence[int], n: int) -> int | None:
    """The axis that a row runs along one by one and from end to end."""
    if isinstance(row, int) or row.start:
        return None
    moving = [a for a, s in enumerate(row.steps) if s]
    if len(moving) == 1 and row.steps[moving[0]] == 1 and shape[moving[0]] == n:
        return moving[0]
    return None


def _regrouped(node: Node, first: int | None) -> int | None:
    """An axis that stays as it is: as much lies before and after it as there did."""
    x = node.operands[0]
    if first is None:
        return None
    before = math.prod(x.shape[:first])
    for a, length in enumerate(node.shape):
        if length == x.shape[first] and math.prod(node.shape[:a]) == before:
            return a
    return None


def _gathered(
    node: Node, rows: Sequence[Row | int], operands: list[int | None], n: int
) -> int | None:
    if operands[0] is not None:
        found = _along(rows[operands[0]], node.shape, n)
        if found is not None:
            return found
    return next((a for a in operands[1:] if a is not None), None)


def _written(
    node: Node, rows: Sequence[Row | int], base: int | None, value: int | None, n: int
) -> int | None:
    if base is not None:
        return base
    for a, row in enumerate(rows):
        if isinstance(row, Row) and node.shape[a] == n and value is not None and not row.start:
            moving = [k for k, s in enumerate(row.steps) if s]
            if moving == [value] and row.steps[value] == 1:
                return a
    return None
