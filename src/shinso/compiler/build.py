"""Making nodes: each function checks what it is given, works out shape and dtype, returns a node.

These are the only places where nodes of a kind are made, by the tracer and by passes alike, so a
node that exists is well formed. Small simplifications happen here, where they cannot be forgotten:
a view of a view is one view, a view that changes nothing is its operand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.graph import (
    Argument,
    Cast,
    Concatenate,
    Constant,
    Contract,
    Gather,
    Host,
    Iota,
    Item,
    Map,
    Node,
    Operation,
    Pad,
    Pick,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    Shape,
    Source,
    State,
    View,
    Write,
)

Rows = Sequence[Row]


class _Here(threading.local):
    source: Source | None = None


_here = _Here()


class located:
    """Let the nodes made inside the `with` block (by this thread) come from this source line."""

    __slots__ = ("before", "source")

    def __init__(self, source: Source | None) -> None:
        self.source = source

    def __enter__(self) -> None:
        self.before = _here.source
        _here.source = self.source

    def __exit__(self, *_: object) -> None:
        _here.source = self.before


def locate(source: Source | None) -> None:
    """Let the nodes that this thread makes from now on come from this source line."""
    _here.source = source


def _node(
    operation: Operation, operands: tuple[Node, ...], shape: Shape, dtype: np.dtype[Any]
) -> Node:
    return Node(operation, operands, tuple(shape), dtype, _here.source)


# -- leaves ---------------------------------------------------------------------------------------


def argument(index: int, array: Array) -> Node:
    """The caller's array number `index`."""
    return _node(Argument(index), (), array.shape, array.dtype)


def state(index: int, array: Array) -> Node:
    """What cell number `index` holds when the step begins."""
    return _node(State(index), (), array.shape, array.dtype)


def constant(value: Any) -> Node:
    """A value that belongs to the program. It is copied."""
    array = np.array(value)
    array.flags.writeable = False
    return _node(Constant(array), (), array.shape, array.dtype)


def full(value: Node, shape: Shape) -> Node:
    """A 0-d node's value everywhere."""
    return broadcast(value, shape)


def iota(n: int, dtype: Any) -> Node:
    """0, 1, … n - 1 in an integer dtype."""
    return _node(Iota(), (), (n,), np.dtype(dtype))


# -- elements -------------------------------------------------------------------------------------


def apply(function: str, operands: Sequence[Node], dtype: Any) -> Node:
    """A function of elements. Operands have one shape and the dtypes of the function's loop."""
    shape = operands[0].shape
    assert all(x.shape == shape for x in operands), [x.shape for x in operands]
    return _node(Map(function), tuple(operands), shape, np.dtype(dtype))


def cast(x: Node, dtype: Any) -> Node:
    """The same values in another dtype; the node itself if it has it."""
    wanted = np.dtype(dtype)
    if x.dtype == wanted:
        return x
    return _node(Cast(), (x,), x.shape, wanted)


def copy(x: Node, order: str = "K") -> Node:
    """The same values in memory of their own (a cast to the same dtype), in C order or in the order
    of x's axes in memory (K). It matters only to how NumPy sums afterwards.
    """
    return _node(Cast(order), (x,), x.shape, x.dtype)


def laid_out(x: Node, like: Node) -> Node:
    """The node with a note that its array lies in memory as another's does."""
    return replace(x, like=like) if x.ndim > 1 else x


# -- folds ----------------------------------------------------------------------------------------


def reduce(function: str, x: Node, axes: Sequence[int]) -> Node:
    """Fold axes away; the dtype stays."""
    gone = tuple(sorted(axes))
    assert len(set(gone)) == len(gone), (gone, x.shape)
    assert all(0 <= a < x.ndim for a in gone), (gone, x.shape)
    shape = tuple(n for a, n in enumerate(x.shape) if a not in gone)
    return _node(Reduce(function, gone), (x,), shape, x.dtype)


def pick(function: str, x: Node, axis: int) -> Node:
    """The position of the first extreme along an axis, int64."""
    assert x.shape[axis] > 0, x.shape
    shape = tuple(n for a, n in enumerate(x.shape) if a != axis)
    return _node(Pick(function, axis), (x,), shape, np.dtype(np.int64))


def scan(function: str, x: Node, axis: int) -> Node:
    """The running fold along an axis."""
    assert 0 <= axis < x.ndim, (axis, x.shape)
    return _node(Scan(function, axis), (x,), x.shape, x.dtype)


def contract(
    a: Node,
    b: Node,
    left: Sequence[int],
    right: Sequence[int],
    out: Sequence[int],
    spelling: str,
) -> Node:
    """A sum of products over named axes; both operands have one dtype, the result's."""
    assert len(left) == a.ndim, (left, a.shape, right, b.shape)
    assert len(right) == b.ndim, (left, a.shape, right, b.shape)
    assert a.dtype == b.dtype, (a.dtype, b.dtype)
    lengths: dict[int, int] = {}
    for name, n in (*zip(left, a.shape, strict=True), *zip(right, b.shape, strict=True)):
        assert lengths.setdefault(name, n) == n, (name, n, lengths)
    operation = Contract(tuple(left), tuple(right), tuple(out), spelling)
    return _node(operation, (a, b), tuple(lengths[name] for name in out), a.dtype)


# -- places ---------------------------------------------------------------------------------------


def view(x: Node, rows: Rows, shape: Shape) -> Node:
    """y[i] = x[rows(i)]. Positions must lie inside x."""
    rows = tuple(rows)
    assert len(rows) == x.ndim, (rows, shape)
    assert all(len(r.steps) == len(shape) for r in rows), (rows, shape)
    if 0 not in shape:
        for row, n in zip(rows, x.shape, strict=True):
            low, high = reach(row, shape)
            assert low >= 0, (row, shape, x.shape)
            assert high < n, (row, shape, x.shape)
    if isinstance(x.operation, View):
        rows = compose(x.operation.rows, rows, shape)
        x = x.operands[0]
    if shape == x.shape and rows == identity(shape):
        return x
    return _node(View(rows), (x,), shape, x.dtype)


def reach(row: Row, shape: Shape) -> tuple[int, int]:
    """The least and the greatest position that a row takes over a shape without zeros."""
    ends = [step * (n - 1) for step, n in zip(row.steps, shape, strict=True)]
    return row.start + sum(e for e in ends if e < 0), row.start + sum(e for e in ends if e > 0)


def identity(shape: Shape) -> tuple[Row, ...]:
    """The rows that leave every axis where it is (the step of an axis of length 1 is 0)."""
    return tuple(
        Row(0, tuple(int(a == b and n > 1) for b, n in enumerate(shape)))
        for a, _ in enumerate(shape)
    )


def compose(inner: Rows, outer: Rows, shape: Shape) -> tuple[Row, ...]:
    """The rows of a view (`outer`) of a view (`inner`): one view of the first operand.

    Steps along axes of length 1 are set to 0, so that equal views have equal rows.
    """
    rows = []
    for row in inner:
        start = row.start + sum(s * o.start for s, o in zip(row.steps, outer, strict=True))
        steps = [
            sum(s * o.steps[a] for s, o in zip(row.steps, outer, strict=True)) if n > 1 else 0
            for a, n in enumerate(shape)
        ]
        rows.append(Row(start, tuple(steps)))
    return tuple(rows)


def select(x: Node, axes: Sequence[int | None]) -> Node:
    """Axes of x in another order; None puts in an axis of length 1; axes of length 1 may be left
    out.
    """
    shape = tuple(1 if a is None else x.shape[a] for a in axes)
    rows = [Row(0, tuple(int(a == b and x.shape[b] > 1) for a in axes)) for b in range(x.ndim)]
    return view(x, rows, shape)


def broadcast(x: Node, shape: Shape) -> Node:
    """x repeated along new axes in front and along its axes of length 1, as NumPy broadcasts."""
    if x.shape == shape:
        return x
    new = len(shape) - x.ndim
    assert new >= 0, (x.shape, shape)
    rows = []
    for axis, n in enumerate(x.shape):
        assert n == shape[new + axis] or n == 1, (x.shape, shape)
        steps = tuple(int(a == new + axis and n > 1) for a in range(len(shape)))
        rows.append(Row(0, steps))
    return view(x, rows, shape)


def reshape(x: Node, shape: Shape) -> Node:
    """The same elements in C order. Where only axes of length 1 come or go, a view."""
    assert x.size == int(np.prod(shape, dtype=np.int64)), (x.shape, shape)
    if x.shape == shape:
        return x
    if isinstance(x.operation, Reshape):
        return reshape(x.operands[0], shape)
    kept = [a for a, n in enumerate(x.shape) if n != 1]
    if tuple(x.shape[a] for a in kept) == tuple(n for n in shape if n != 1):
        left = iter(kept)
        return select(x, [None if n == 1 else next(left) for n in shape])
    return _node(Reshape(), (x,), tuple(shape), x.dtype)


def pad(x: Node, widths: Sequence[tuple[int, int]], value: Node) -> Node:
    """A border of a 0-d value around x."""
    assert len(widths) == x.ndim
    assert value.ndim == 0
    assert value.dtype == x.dtype
    pairs = tuple((int(before), int(after)) for before, after in widths)
    assert all(before >= 0 and after >= 0 for before, after in pairs), pairs
    if not any(map(any, pairs)):
        return x
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, pairs, strict=True))
    return _node(Pad(pairs), (x, value), shape, x.dtype)


def gather(
    x: Node,
    rows: Sequence[Row | int],
    indices: Sequence[Node],
    shape: Shape,
) -> Node:
    """As `view`, but a row that is a number k takes its position from indices[k - 1]."""
    assert all(k.shape == shape for k in indices)
    assert all(k.dtype.kind in "iu" for k in indices)
    return _node(Gather(tuple(rows)), (x, *indices), shape, x.dtype)


def concatenate(xs: Sequence[Node], axis: int) -> Node:
    """Operands of one dtype, one after the other."""
    assert all(x.dtype == xs[0].dtype for x in xs)
    if len(xs) == 1:
        return xs[0]
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    return _node(Concatenate(axis), tuple(xs), tuple(shape), xs[0].dtype)


def write(x: Node, v: Node, rows: Rows, add: bool) -> Node:
    """x with v written to (or added at) the places rows(i)."""
    assert x.dtype == v.dtype
    assert len(rows) == x.ndim
    return _node(Write(tuple(rows), add), (x, v), x.shape, x.dtype)


def scatter(
    x: Node,
    v: Node,
    rows: Sequence[Row | int],
    indices: Sequence[Node],
) -> Node:
    """x with v added at places; a row that is a number k takes its position from indices[k - 1]."""
    assert x.dtype == v.dtype
    assert all(k.shape == v.shape for k in indices)
    return _node(Scatter(tuple(rows)), (x, v, *indices), x.shape, x.dtype)


# -- NumPy itself ---------------------------------------------------------------------------------


def host(
    call: str,
    structure: Any,
    run: Callable[..., Any],
    operands: Sequence[Node],
    results: Sequence[tuple[Shape, np.dtype[Any]]],
) -> tuple[Node, ...]:
    """A call of NumPy, and a node for each of its results."""
    shape, dtype = results[0]
    node = _node(Host(call, structure, run), tuple(operands), shape, dtype)
    if len(results) == 1:
        return (node,)
    return tuple(_node(Item(i), (node,), s, d) for i, (s, d) in enumerate(results))
