"""The grammar's rules, checked on a whole graph. Runs after tracing and between passes in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shinso.compiler.build import reach
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


class GraphError(AssertionError):
    """A graph breaks a rule of the grammar: a mistake in the compiler, not in the user's code."""


def verify(graph: Graph) -> None:
    """Raise GraphError at the first node or root that breaks a rule."""
    for node in graph.nodes():
        rule = _RULES.get(type(node.operation))
        _demand(rule is not None, node, "no such operation")
        _demand(isinstance(node.dtype, np.dtype), node, "its dtype is none")
        _demand(node.dtype.kind in "biufc", node, "its elements are no numbers")
        whole = all(type(n) is int and n >= 0 for n in node.shape)
        _demand(whole, node, "its shape is not made of lengths")
        assert rule is not None
        try:
            rule(node, node.operation, *node.operands)
        except TypeError as error:
            raise GraphError(f"{_name(node)}: wrong operands ({error})") from None
    for check in graph.checks:
        _demand(check.condition.dtype == bool, check.condition, "a check of what is not boolean")
    for update in graph.updates:
        if update.slot not in ("data", "grad"):
            raise GraphError(f"an update of a slot {update.slot!r}")
        if update.slot == "data" and update.value is None:
            raise GraphError("an update that takes a cell's data away")
    written = [(u.cell, u.slot) for u in graph.updates]
    if len(set(written)) != len(written):
        raise GraphError(f"two updates of one cell: {written}")


def _demand(condition: bool, node: Node, message: str) -> None:
    if not condition:
        raise GraphError(f"{_name(node)}: {message}")


def _name(node: Node) -> str:
    given = ", ".join(f"{x.dtype}{list(x.shape)}" for x in node.operands)
    where = f" from {node.source}" if node.source is not None else ""
    return f"{node.operation} ({given}) -> {node.dtype}{list(node.shape)}{where}"


def _leaf(node: Node, operation: Argument | State) -> None:
    _demand(operation.index >= 0, node, "a negative number")


def _constant(node: Node, operation: Constant) -> None:
    array = operation.array
    _demand(array.shape == node.shape, node, "not the constant's shape")
    _demand(array.dtype == node.dtype, node, "not the constant's dtype")
    _demand(not array.flags.writeable, node, "a constant that can be written")


def _iota(node: Node, operation: Iota) -> None:
    _demand(node.ndim == 1, node, "iota has one axis")
    _demand(node.dtype.kind in "iu", node, "iota counts in integers")


def _map(node: Node, operation: Map, *xs: Node) -> None:
    _demand(all(x.shape == node.shape for x in xs), node, "operands of another shape")
    if operation.function == "where":
        _demand(len(xs) == 3, node, "where takes three operands")
        kinds = [np.dtype(bool), node.dtype, node.dtype]
        _demand([x.dtype for x in xs] == kinds, node, "where takes a condition and two alike")
        return
    ufunc = getattr(np, operation.function, None)
    _demand(isinstance(ufunc, np.ufunc), node, "no ufunc of this name")
    assert isinstance(ufunc, np.ufunc)
    _demand(len(xs) == ufunc.nin and ufunc.nout == 1, node, "a wrong number of operands")
    types = ufunc.resolve_dtypes((*(x.dtype for x in xs), None))
    expected = (*(x.dtype for x in xs), node.dtype)
    _demand(types == expected, node, f"the ufunc has no such loop, but {types}")


def _cast(node: Node, operation: Cast, x: Node) -> None:
    _demand(x.shape == node.shape, node, "a cast changes no shape")
    _demand(operation.order in ("K", "C", "F", "A"), node, "no such order")


def _folded(node: Node, x: Node, axes: Sequence[int]) -> None:
    inside = list(axes) == sorted(set(axes)) and all(0 <= a < x.ndim for a in axes)
    _demand(inside, node, "axes that the operand does not have, or out of order")
    kept = tuple(n for a, n in enumerate(x.shape) if a not in axes)
    _demand(node.shape == kept, node, "not the shape without these axes")


def _reduce(node: Node, operation: Reduce, x: Node) -> None:
    ufunc = getattr(np, operation.function, None)
    _demand(isinstance(ufunc, np.ufunc) and ufunc.nin == 2, node, "no fold of this name")
    _folded(node, x, operation.axes)
    _demand(node.dtype == x.dtype, node, "a fold changes no dtype")


def _pick(node: Node, operation: Pick, x: Node) -> None:
    _demand(operation.function in ("argmax", "argmin"), node, "neither argmax nor argmin")
    _folded(node, x, (operation.axis,))
    _demand(x.shape[operation.axis] > 0, node, "the extreme of nothing")
    _demand(node.dtype == np.int64, node, "positions are int64")


def _scan(node: Node, operation: Scan, x: Node) -> None:
    _demand(operation.function in ("add", "multiply"), node, "neither add nor multiply")
    _demand(0 <= operation.axis < x.ndim, node, "an axis that the operand does not have")
    _demand((node.shape, node.dtype) == (x.shape, x.dtype), node, "a scan changes no shape")


def _contract(node: Node, operation: Contract, a: Node, b: Node) -> None:
    left, right, out = operation.left, operation.right, operation.out
    _demand((len(left), len(right)) == (a.ndim, b.ndim), node, "a name for each axis")
    _demand(a.dtype == b.dtype == node.dtype, node, "both operands have the result's dtype")
    lengths: dict[int, int] = {}
    for name, n in (*zip(left, a.shape, strict=True), *zip(right, b.shape, strict=True)):
        _demand(lengths.setdefault(name, n) == n, node, f"axis {name} has two lengths")
    _demand(len(set(out)) == len(out), node, "an axis of the result comes twice")
    _demand(set(out) <= set(lengths), node, "an axis of the result that no operand has")
    _demand(node.shape == tuple(lengths[n] for n in out), node, "not the shape of these axes")


def _rows(node: Node, x: Node, rows: Sequence[Row | int], shape: Shape, indices: int) -> None:
    _demand(len(rows) == x.ndim, node, "one row for each axis of the operand")
    numbers = sorted(r for r in rows if isinstance(r, int))
    _demand(numbers == list(range(1, indices + 1)), node, "one row for each index operand")
    for row, n in zip(rows, x.shape, strict=True):
        if isinstance(row, int):
            continue
        _demand(len(row.steps) == len(shape), node, "one step for each axis")
        if 0 not in shape:
            low, high = reach(row, shape)
            _demand(low >= 0 and high < n, node, f"positions {low} to {high} of {n}")


def _view(node: Node, operation: View, x: Node) -> None:
    _rows(node, x, operation.rows, node.shape, 0)
    _demand(node.dtype == x.dtype, node, "a view changes no dtype")


def _reshape(node: Node, operation: Reshape, x: Node) -> None:
    _demand(node.size == x.size, node, "another number of elements")
    _demand(node.dtype == x.dtype, node, "a reshape changes no dtype")


def _pad(node: Node, operation: Pad, x: Node, value: Node) -> None:
    _demand(value.ndim == 0, node, "the border has one value")
    _demand(node.dtype == x.dtype == value.dtype, node, "border and inside of one dtype")
    widths = operation.widths
    _demand(len(widths) == x.ndim, node, "two widths for each axis")
    _demand(all(w >= 0 for pair in widths for w in pair), node, "a negative width")
    wide = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    _demand(node.shape == wide, node, "not the shape with this border")


def _indices(node: Node, indices: Sequence[Node], shape: Shape) -> None:
    for k in indices:
        _demand(k.shape == shape, node, "an index operand of another shape")
        _demand(k.dtype.kind in "iu", node, "an index operand that is no integer")


def _gather(node: Node, operation: Gather, x: Node, *indices: Node) -> None:
    _indices(node, indices, node.shape)
    _rows(node, x, operation.rows, node.shape, len(indices))
    _demand(node.dtype == x.dtype, node, "a gather changes no dtype")


def _concatenate(node: Node, operation: Concatenate, first: Node, *rest: Node) -> None:
    axis = operation.axis
    _demand(0 <= axis < first.ndim, node, "an axis that the operands do not have")
    shape = list(first.shape)
    for x in rest:
        same = [n for a, n in enumerate(x.shape) if a != axis]
        _demand(same == [n for a, n in enumerate(first.shape) if a != axis], node, "other shapes")
        shape[axis] += x.shape[axis]
    _demand(node.shape == tuple(shape), node, "not the lengths together")
    _demand(all(x.dtype == node.dtype for x in (first, *rest)), node, "operands of one dtype")


def _written(node: Node, x: Node, v: Node) -> None:
    _demand((node.shape, node.dtype) == (x.shape, x.dtype), node, "a write changes no shape")
    _demand(v.dtype == x.dtype, node, "what is written has the array's dtype")


def _accumulate(node: Node, operation: Accumulate, x: Node, *parts: Node) -> None:
    for rows, v in zip(operation.places, parts, strict=True):
        _write(node, Write(rows, add=True), x, v)


def _write(node: Node, operation: Write, x: Node, v: Node) -> None:
    _written(node, x, v)
    _rows(node, x, operation.rows, v.shape, 0)
    for axis, n in enumerate(v.shape):
        moves = any(row.steps[axis] for row in operation.rows)
        _demand(moves or n <= 1, node, f"axis {axis} writes to one place over and over")


def _scatter(node: Node, operation: Scatter, x: Node, v: Node, *indices: Node) -> None:
    _written(node, x, v)
    _indices(node, indices, v.shape)
    _rows(node, x, operation.rows, v.shape, len(indices))


def _host(node: Node, operation: Host, *xs: Node) -> None:
    _demand(bool(operation.call), node, "a host call without a name")
    _demand(callable(operation.run), node, "a host call that cannot be made")
    hash(operation.structure)


def _item(node: Node, operation: Item, host: Node) -> None:
    _demand(isinstance(host.operation, Host), node, "an item of what is no host call")
    _demand(operation.index >= 0, node, "a negative number")


_RULES: dict[type, Callable[..., Any]] = {
    Argument: _leaf, State: _leaf, Constant: _constant, Iota: _iota, Map: _map, Cast: _cast,
    Reduce: _reduce, Pick: _pick, Scan: _scan, Contract: _contract, View: _view,
    Reshape: _reshape, Pad: _pad, Gather: _gather, Concatenate: _concatenate, Write: _write,
    Accumulate: _accumulate,
    Scatter: _scatter, Host: _host, Item: _item,
}  # fmt: skip
