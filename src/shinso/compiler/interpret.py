"""The graph run by NumPy, node by node: slow, simple, and the judge of every pass.

Each node calls the NumPy function that the traced code called, on arrays that lie in memory as they
would have lain there. So sums run in the same order and the results have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from shinso.cell import Array
from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Concatenate,
    Constant,
    Contract,
    Gather,
    Graph,
    Host,
    Iota,
    Item,
    Map,
    Node,
    Pad,
    Pick,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    Shape,
    State,
    View,
    Write,
)


class CheckFailed(Exception):
    """A demand on values is not met. index: which of the graph's checks."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


def interpret(
    graph: Graph, arguments: Sequence[Array], states: Sequence[Array | None]
) -> tuple[list[Array], list[Array | None]]:
    """What a graph gives for these arrays: its outputs, and the value of each update.

    Nothing is written anywhere; results may share memory with arguments and states.
    Raises CheckFailed for the first check that is not met.
    """
    values: dict[int, Any] = {}
    order = _order(graph)
    users = _last_users(order, graph)
    for position, node in enumerate(order):
        operands = [values[id(x)] for x in node.operands]
        value = _run(node, operands, arguments, states)
        if node.like is not None:
            as_it_lies = np.empty_like(values[id(node.like)], node.dtype, shape=node.shape)
            as_it_lies[...] = value
            value = as_it_lies
        values[id(node)] = value
        for x in _needed(node):
            if users.get(id(x)) == position:
                values.pop(id(x), None)  # the last to need it: large arrays go early
    for index, check in enumerate(graph.checks):
        if not np.all(values[id(check.condition)]):
            raise CheckFailed(index)
    outputs = [values[id(node)] for node in graph.outputs]
    updates = [None if u.value is None else values[id(u.value)] for u in graph.updates]
    return outputs, updates


def _needed(node: Node) -> tuple[Node, ...]:
    return node.operands if node.like is None else (*node.operands, node.like)


def _order(graph: Graph) -> list[Node]:
    """As `Graph.nodes`, with the nodes in whose order others lie."""
    seen: set[int] = set()
    order: list[Node] = []
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(graph.roots)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((x, False) for x in reversed(_needed(node)) if id(x) not in seen)
    return order


def _last_users(order: list[Node], graph: Graph) -> dict[int, int]:
    last: dict[int, int] = {}
    for position, node in enumerate(order):
        for x in _needed(node):
            last[id(x)] = position
    for root in graph.roots:
        last.pop(id(root), None)
    return last


def _run(
    node: Node, operands: list[Any], arguments: Sequence[Array], states: Sequence[Array | None]
) -> Any:
    operation = node.operation
    match operation:
        case Argument(i):
            return np.asarray(arguments[i])
        case State(i):
            return states[i]
        case Constant(array):
            return array
        case Iota():
            return np.arange(node.shape[0], dtype=node.dtype)
        case Host():
            return operation.run(*operands)
    result = np.asarray(_RUN[type(operation)](operation, node, *operands))
    assert result.shape == node.shape, (operation, result.shape, node.shape)
    assert result.dtype == node.dtype, (operation, result.dtype, node.dtype)
    return result


def _map(operation: Map, node: Node, *xs: Array) -> Any:
    return getattr(np, operation.function)(*xs)


def _cast(operation: Cast, node: Node, x: Array) -> Array:
    return x.astype(node.dtype, order=operation.order)  # type: ignore[call-overload]


def _reduce(operation: Reduce, node: Node, x: Array) -> Any:
    ufunc = getattr(np, operation.function)
    return ufunc.reduce(x, axis=operation.axes, dtype=node.dtype)


def _pick(operation: Pick, node: Node, x: Array) -> Any:
    return getattr(np, operation.function)(x, axis=operation.axis)


def _scan(operation: Scan, node: Node, x: Array) -> Any:
    ufunc = getattr(np, operation.function)
    return ufunc.accumulate(x, axis=operation.axis, dtype=node.dtype)


def look(x: Array, rows: Sequence[Row], shape: Shape) -> Array:
    """y[i] = x[rows(i)], sharing x's memory."""
    if 0 in shape:
        return np.empty(shape, x.dtype)
    strides = [
        sum(row.steps[a] * x.strides[b] for b, row in enumerate(rows)) for a in range(len(shape))
    ]
    start = tuple(slice(row.start, row.start + 1) for row in rows)
    return as_strided(x[start] if rows else x, shape, strides)


def _view(operation: View, node: Node, x: Array) -> Array:
    return look(x, operation.rows, node.shape)


def _reshape(operation: Reshape, node: Node, x: Array) -> Array:
    return x.reshape(node.shape)


def _pad(operation: Pad, node: Node, x: Array, value: Array) -> Array:
    return np.pad(x, operation.widths, constant_values=value[()])


def _positions(
    rows: Sequence[Row | int], shape: Shape, lengths: Shape, indices: Sequence[Array]
) -> tuple[Array, ...]:
    """An index array for each axis, every one of the whole shape."""
    found = []
    for row, n in zip(rows, lengths, strict=True):
        if isinstance(row, Row):
            position = np.full(shape, row.start, np.int64)
            for axis, step in enumerate(row.steps):
                turned = np.arange(shape[axis]).reshape(-1, *[1] * (len(shape) - axis - 1))
                position = position + step * turned
        else:
            given = indices[row - 1].astype(np.int64)
            position = np.clip(np.where(given < 0, given + n, given), 0, max(n - 1, 0))
        found.append(position)
    return tuple(found)


def _gather(operation: Gather, node: Node, x: Array, *indices: Array) -> Array:
    if node.size == 0:
        return np.empty(node.shape, node.dtype)
    return np.asarray(x[_positions(operation.rows, node.shape, x.shape, indices)])


def _concatenate(operation: Concatenate, node: Node, *xs: Array) -> Array:
    return np.concatenate(xs, operation.axis)


def _accumulate(operation: Accumulate, node: Node, x: Array, *parts: Array) -> Array:
    result = x.copy()
    for rows, v in zip(operation.places, parts, strict=True):
        result = _write(Write(rows, add=True), node, result, v)
    return result


def _write(operation: Write, node: Node, x: Array, v: Array) -> Array:
    y = x.copy(order="K")
    if v.size:
        part = look(y, operation.rows, v.shape)
        if operation.add:
            part += v
        else:
            part[...] = v
    return y


def _scatter(operation: Scatter, node: Node, x: Array, v: Array, *indices: Array) -> Array:
    y = x.copy(order="K")
    if v.size:
        np.add.at(y, _positions(operation.rows, v.shape, x.shape, indices), v)
    return y


def _contract(operation: Contract, node: Node, a: Array, b: Array) -> Any:
    left, right, out = operation.left, operation.right, operation.out
    run = _SPELLINGS.get(operation.spelling)
    if run is not None:
        names, y = run(left, right, out, a, b)
        if names is not None:
            return y if names == out else np.transpose(y, [names.index(n) for n in out])
    return np.einsum(a, list(left), b, list(right), list(out))


Names = tuple[int, ...]
Spelled = tuple[Names | None, Any]


def _tensordot(left: Names, right: Names, out: Names, a: Array, b: Array) -> Spelled:
    common = [n for n in left if n in right]
    if any(n in out for n in common) or len(set(left)) < len(left) or len(set(right)) < len(right):
        return None, None
    names = (*(n for n in left if n not in common), *(n for n in right if n not in common))
    if sorted(names) != sorted(out):
        return None, None
    axes = ([left.index(n) for n in common], [right.index(n) for n in common])
    return names, np.tensordot(a, b, axes)


def _dot(left: Names, right: Names, out: Names, a: Array, b: Array) -> Spelled:
    inner = left[-1:]
    at = right[-2:-1] if len(right) > 1 else right
    rest = tuple(n for n in right if n not in inner)
    if not inner or inner != at or out != (*left[:-1], *rest):
        return None, None
    return out, np.dot(a, b)


def _matmul(left: Names, right: Names, out: Names, a: Array, b: Array) -> Spelled:
    rows = left[-2:-1] if len(left) > 1 else ()
    inner = left[-1:]
    columns = right[-1:] if len(right) > 1 else ()
    at = right[-2:-1] if len(right) > 1 else right
    first, second = left[: len(left) - 1 - len(rows)], right[: len(right) - 1 - len(columns)]
    lead = first if len(first) >= len(second) else second
    fits = first == lead[len(lead) - len(first) :] and second == lead[len(lead) - len(second) :]
    if not inner or inner != at or not fits or out != (*lead, *rows, *columns):
        return None, None
    return out, np.matmul(a, b)


_SPELLINGS: dict[str, Callable[[Names, Names, Names, Array, Array], Spelled]] = {
    "tensordot": _tensordot, "dot": _dot, "matmul": _matmul,
}  # fmt: skip


def _item(operation: Item, node: Node, results: Any) -> Any:
    return results[operation.index]


_RUN: dict[type, Callable[..., Any]] = {
    Map: _map, Cast: _cast, Reduce: _reduce, Pick: _pick, Scan: _scan, Contract: _contract,
    View: _view, Reshape: _reshape, Pad: _pad, Gather: _gather, Concatenate: _concatenate,
    Write: _write, Accumulate: _accumulate, Scatter: _scatter, Item: _item,
}  # fmt: skip
