"""Picking by numbers: take, take_along_axis, choose, select, compress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Row
from shinso.compiler.lowering.axes import axis_of, row, unsupported
from shinso.compiler.lowering.indexing import getitem, pick
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, demand, lowers


@lowers(np.take)
def take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Node:
    """a at positions along an axis; without an axis, of a read in C order."""
    unsupported("take", out=out)
    x = as_node(a)
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    axis = axis_of(axis, x.ndim)
    n = x.shape[axis]
    index: Any = indices if isinstance(indices, Node) else np.asarray(indices)
    if index.dtype.kind not in "iu":
        if isinstance(index, Node) or index.size:
            raise TypeError(f"np.take needs integer indices, got {index.dtype}")
        index = index.astype(np.intp)
    if n == 0 and index.size:
        raise IndexError("cannot do a non-empty take from an empty axes.")
    if mode == "wrap":
        index = call(np.remainder, index, n) if isinstance(index, Node) else index % n
    elif mode == "clip":
        index = call(np.clip, index, 0, n - 1) if isinstance(index, Node) else index.clip(0, n - 1)
    elif mode != "raise":
        raise ValueError(f"mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if not isinstance(index, Node) and index.size:
        low, high = int(index.min()), int(index.max())
        if low < -n or high >= n:
            bad = high if high >= n else low
            raise IndexError(f"index {bad} is out of bounds for axis {axis} with size {n}")
        index = np.where(index < 0, index + n, index)
    shape = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    return _take(x, index, axis, shape)


def _take(x: Node, index: Any, axis: int, shape: tuple[int, ...]) -> Node:
    k = index.ndim
    turned = (*index.shape, *(1,) * (len(shape) - axis - k))
    if isinstance(index, Node):
        index = build.reshape(index, turned)
    else:
        index = index.reshape(turned)
    rows: list[Row | None] = [
        None if b == axis else row(0, {b if b < axis else b + k - 1: 1}, shape)
        for b in range(x.ndim)
    ]
    return pick(x, rows, {axis: index}, shape, shape)


@lowers(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Node:
    """arr at positions along an axis that differ from place to place."""
    x = as_node(arr)
    index: Any = indices if isinstance(indices, Node) else np.asarray(indices)
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        if index.ndim != 1:
            raise ValueError("when axis=None, `indices` must have a single dimension.")
        x, axis = build.reshape(x, (x.size,)), 0
    axis = axis_of(axis, x.ndim)
    if index.ndim != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    n = x.shape[axis]
    others = tuple(1 if b == axis else m for b, m in enumerate(x.shape))
    try:
        shape = np.broadcast_shapes(others, index.shape)
    except ValueError:
        raise IndexError(
            f"shape mismatch: indices of shape {index.shape} do not fit an array of shape "
            f"{x.shape} along axis {axis}"
        ) from None
    if not isinstance(index, Node):
        index = index.astype(np.intp)
        if index.size and (index.min() < -n or index.max() >= n):
            bad = index.max() if index.max() >= n else index.min()
            raise IndexError(f"index {bad} is out of bounds for axis {axis} with size {n}")
        index = np.where(index < 0, index + n, index)
    elif n == 0 and index.size:
        raise IndexError(f"index 0 is out of bounds for axis {axis} with size 0")
    rows: list[Row | None] = [
        None if b == axis else row(0, {b: 1} if m > 1 else {}, shape) for b, m in enumerate(x.shape)
    ]
    return pick(x, rows, {axis: index}, shape, shape)


@lowers(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Node:
    """choices[a] element by element: a says which of the arrays each element comes from."""
    unsupported("choose", out=out)
    many = list(choices) if isinstance(choices, (list, tuple)) else _rows_of(choices)
    index = as_node(a)
    if index.dtype.kind not in "iub":
        raise TypeError(f"np.choose needs integers to choose by, got {index.dtype}")
    n = len(many)
    if mode == "raise":
        inside = call(np.logical_and, call(np.greater_equal, index, 0), call(np.less, index, n))
        demand(inside, ValueError, "invalid entry in choice array")
    elif mode == "wrap":
        index = call(np.remainder, index, n)
    elif mode == "clip":
        index = call(np.clip, index, 0, n - 1)
    dtype = np.result_type(*(as_node(c).dtype for c in many))
    nodes = [build.cast(as_node(c), dtype) for c in many]
    y: Any = nodes[-1]
    for i in reversed(range(n - 1)):
        y = call(np.where, call(np.equal, index, i), nodes[i], y)
    shape = np.broadcast_shapes(index.shape, *(c.shape for c in nodes))
    return build.broadcast(y, shape)


def _rows_of(choices: Any) -> list[Node]:
    x = as_node(choices)
    return [getitem(x, i) for i in range(x.shape[0])]


@lowers(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Node:
    """The first choice whose condition holds, else the default."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not condlist:
        raise ValueError("select with an empty condition list is not possible")
    conditions = [as_node(c) for c in condlist]
    for i, c in enumerate(conditions):
        if c.dtype != bool:
            raise TypeError(f"invalid entry {i} in condlist: should be boolean ndarray")
    every = [*choicelist, default]
    weak = [c if type(c) in (int, float, complex) else as_node(c).dtype for c in every]
    dtype = np.result_type(*weak)
    nodes = [build.cast(as_node(c, dtype), dtype) for c in every]
    shape = np.broadcast_shapes(*(c.shape for c in (*conditions, *nodes[:-1])))
    y: Any = nodes[-1]
    for condition, choice in zip(conditions[::-1], nodes[-2::-1], strict=True):
        y = call(np.where, condition, choice, y)
    return build.broadcast(y, shape)


@lowers(np.compress)
def compress(condition: Any, a: Any, axis: Any = None, out: Any = None) -> Node:
    """The slices of a whose place in a list (known beforehand) says True."""
    unsupported("compress", out=out)
    if isinstance(condition, Node):
        raise TraceError(
            "np.compress with a traced condition has a shape that depends on values: write "
            "np.where(condition, a, 0), which keeps the shape"
        )
    return take(a, np.flatnonzero(np.asarray(condition)), axis)
