"""Writing x[key] = v and x[key] += v: a new value of x, since a node never changes."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Row, Shape
from shinso.compiler.lowering.axes import row
from shinso.compiler.lowering.indexing import basic_rows, in_range, place_of
from shinso.compiler.lowering.keys import Along, At, By, New, is_basic, parts_of
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call


def setitem(x: Node, key: Any, value: Any, add: bool = False) -> Node:
    """x as it is after x[key] = value (add: x[key] += value). The value is broadcast and cast.

    Raises TraceError for index arrays, IndexError and ValueError as NumPy does, TypeError where
    += would have to write a wider type into x.
    """
    parts = parts_of(key, x.shape)
    if not is_basic(parts):
        raise TraceError(
            "a write through an index array cannot be compiled, since places may repeat: write "
            "np.add.at(y, index, value) on an array of zeros, or np.where(condition, value, y)"
        )
    rows, shape = basic_rows(parts, x.ndim)
    if add:
        return _add(x, rows, shape, value)
    v = build.cast(as_node(value, x.dtype), x.dtype)
    return build.write(x, _fitted(v, shape), rows, False)


def _add(x: Node, rows: list[Row], shape: Shape, value: Any) -> Node:
    """NumPy adds in the wider of the two types, then writes that into x."""
    part = build.view(x, rows, shape)
    total = call(np.add, part, value)
    if total.dtype == x.dtype:
        v = _fitted(build.cast(as_node(value, x.dtype), x.dtype), shape)
        return build.write(x, v, rows, True)
    if not np.can_cast(total.dtype, x.dtype, "same_kind"):
        raise TypeError(
            f"x[…] += v: the sum is of type {total.dtype} and x of type {x.dtype}: write "
            f"v.astype({x.dtype})"
        )
    return build.write(x, _fitted(build.cast(total, x.dtype), shape), rows, False)


def _fitted(v: Node, shape: Shape) -> Node:
    """A value in the shape it is written to; more axes of length 1 in front are dropped."""
    lead = max(0, v.ndim - len(shape))
    fits = all(n == 1 for n in v.shape[:lead]) and all(
        n in (1, m) for n, m in zip(v.shape[::-1], shape[::-1], strict=False)
    )
    if not fits:
        raise ValueError(f"could not broadcast input array from shape {v.shape} into shape {shape}")
    return build.broadcast(build.select(v, range(lead, v.ndim)), shape)


def added_at(x: Node, key: Any, value: Any) -> Node:
    """x as it is after np.add.at(x, key, value): places that repeat collect every value."""
    parts = parts_of(key, x.shape)
    picked = {p.axis: p.index for p in parts if isinstance(p, By)}
    if not picked:
        return setitem(x, key, value, add=True)
    fancy = np.broadcast_shapes(*(index.shape for index in picked.values()))
    kept = [p for p in parts if isinstance(p, (Along, New))]
    front = place_of(parts)
    lengths = [p.n if isinstance(p, Along) else 1 for p in kept]
    shape = (*lengths[:front], *fancy, *lengths[front:])
    fancy_axes = range(front, front + len(fancy))
    rows: list[Row | int] = [Row(0, ())] * x.ndim
    operands: list[Node] = []
    for p in parts:
        if isinstance(p, At):
            rows[p.axis] = row(p.position, {}, shape)
        elif isinstance(p, Along):
            i = kept.index(p)
            rows[p.axis] = row(p.start, {i if i < front else i + len(fancy): p.step}, shape)
        elif isinstance(p, By):
            operands.append(_index(p, x.shape[p.axis], fancy, fancy_axes, shape))
            rows[p.axis] = len(operands)
    v = _fitted(build.cast(as_node(value, x.dtype), x.dtype), shape)
    return build.scatter(x, v, rows, operands)


def _index(part: By, n: int, fancy: Shape, axes: range, shape: Shape) -> Node:
    """An index operand of a scatter, in the shape of the values."""
    index = part.index
    if isinstance(index, Node):
        in_range(index, n, part.axis)
    else:
        index = build.constant(index)
    order: list[int | None] = [None] * len(shape)
    for i, axis in enumerate(axes):
        order[axis] = i
    return build.broadcast(build.select(build.broadcast(index, fancy), order), shape)
