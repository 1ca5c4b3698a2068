"""Reading x[key]: a view for what is basic, a gather for index arrays that are traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import build
from shinso.compiler.graph import Node, Row, Shape
from shinso.compiler.lowering.affine import affine_row
from shinso.compiler.lowering.axes import row
from shinso.compiler.lowering.keys import Along, At, By, New, Part, is_basic, parts_of
from shinso.compiler.lowering.registry import demand


def getitem(x: Node, key: Any) -> Node:
    """x[key] with NumPy's rules: integers, slices, None, Ellipsis, integer arrays, known masks.

    Raises IndexError for what is out of bounds, TraceError for a mask that is traced. Traced
    indices are checked when the step runs.
    """
    parts = parts_of(key, x.shape)
    if is_basic(parts):
        rows, shape = basic_rows(parts, x.ndim)
        return build.view(x, rows, shape)
    return _advanced(x, parts)


def basic_rows(parts: list[Part], ndim: int) -> tuple[list[Row], Shape]:
    """The rows and the shape of a view by a basic key."""
    kept = [p for p in parts if isinstance(p, (Along, New))]
    shape = tuple(p.n if isinstance(p, Along) else 1 for p in kept)
    rows = [Row(0, (0,) * len(shape))] * ndim
    for p in parts:
        if isinstance(p, At):
            rows[p.axis] = row(p.position, {}, shape)
        elif isinstance(p, Along):
            rows[p.axis] = row(p.start, {kept.index(p): p.step}, shape)
    return rows, shape


def in_range(index: Node, n: int, axis: int) -> None:
    """Demand that a traced index lies in -n … n - 1 when the step runs."""
    low = build.constant(np.zeros((), index.dtype))
    limits = np.iinfo(index.dtype)
    conditions = []
    if limits.min < 0:
        low = build.constant(np.array(max(-n, limits.min), index.dtype))
        conditions.append(("greater_equal", low))
    if n - 1 < limits.max:
        conditions.append(("less_equal", build.constant(np.array(n - 1, index.dtype))))
    for function, limit in conditions:
        everywhere = build.full(limit, index.shape)
        condition = build.apply(function, (index, everywhere), np.bool_)
        demand(condition, IndexError, f"index is out of bounds for axis {axis} with size {n}")


def _advanced(x: Node, parts: list[Part]) -> Node:
    """Integers count as index arrays here, as in NumPy: they too decide where the axes go."""
    rest = [p for p in parts if isinstance(p, (Along, New))]
    picked = {p.axis: p.index if isinstance(p, By) else np.array(p.position)
              for p in parts if isinstance(p, (By, At))}  # fmt: skip
    try:
        fancy = np.broadcast_shapes(*(index.shape for index in picked.values()))
    except ValueError:
        shapes = ", ".join(str(index.shape) for index in picked.values())
        raise IndexError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}"
        ) from None
    shape = (*fancy, *(p.n if isinstance(p, Along) else 1 for p in rest))
    rows: list[Row | None] = [None] * x.ndim
    for i, p in enumerate(rest):
        if isinstance(p, Along):
            rows[p.axis] = row(p.start, {len(fancy) + i: p.step}, shape)
    y = pick(x, rows, picked, fancy, shape)
    front = place_of(parts)
    order = [*range(len(fancy), len(fancy) + front), *range(len(fancy)),
             *range(len(fancy) + front, len(shape))]  # fmt: skip
    return build.select(y, order)


def pick(
    x: Node, rows: list[Row | None], picked: dict[int, Array | Node], fancy: Shape, shape: Shape
) -> Node:
    """x at rows for some axes and at index arrays for the others.

    rows: a row, or None where `picked` has the index array, which broadcasts to `fancy`, the
    first axes of `shape`. An affine index becomes a row; a traced one is demanded to be in range.
    """
    found: list[Row | int] = []
    operands: list[Node] = []
    for axis, given in enumerate(rows):
        if given is not None:
            found.append(given)
            continue
        index = picked[axis]
        if isinstance(index, Node):
            in_range(index, x.shape[axis], axis)
        else:
            known = affine_row(index, fancy)
            if known is not None:
                found.append(row(known.start, dict(enumerate(known.steps)), shape))
                continue
            index = build.constant(index)
        operands.append(_spread(index, fancy, shape))
        found.append(len(operands))
    if operands:
        return build.gather(x, found, operands, shape)
    known_rows = [r for r in found if isinstance(r, Row)]
    return build.copy(build.view(x, known_rows, shape), "C")


def _spread(index: Node, fancy: Shape, shape: Shape) -> Node:
    """An index operand in the shape of the result."""
    over = build.broadcast(index, fancy)
    turned = build.select(over, [*range(len(fancy)), *[None] * (len(shape) - len(fancy))])
    return build.broadcast(turned, shape)


def place_of(parts: list[Part]) -> int:
    """How many axes come before the index arrays' axes: 0 unless the arrays stand together."""
    at = [i for i, p in enumerate(parts) if isinstance(p, (By, At))]
    if at[-1] - at[0] + 1 != len(at):
        return 0
    return sum(isinstance(p, (Along, New)) for p in parts[: at[0]])
