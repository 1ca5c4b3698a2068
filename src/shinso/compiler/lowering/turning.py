"""Elements in another order or again and again: flip, rot90, roll, tile, repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Row
from shinso.compiler.lowering.axes import axes_of, axis_of, integer, lengths, row
from shinso.compiler.lowering.indexing import pick
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import lowers
from shinso.compiler.lowering.shape import transpose


@lowers(np.flip)
def flip(m: Any, axis: Any = None) -> Node:
    """Backwards along axes (all, when none is given)."""
    x = as_node(m)
    backwards = tuple(range(x.ndim)) if axis is None else axes_of(axis, x.ndim)
    rows = [
        row(max(n - 1, 0), {a: -1}, x.shape) if a in backwards else row(0, {a: 1}, x.shape)
        for a, n in enumerate(x.shape)
    ]
    return build.view(x, rows, x.shape)


@lowers(np.flipud)
def flipud(m: Any) -> Node:
    """Backwards along the first axis."""
    x = as_node(m)
    if x.ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(x, 0)


@lowers(np.fliplr)
def fliplr(m: Any) -> Node:
    """Backwards along the second axis."""
    x = as_node(m)
    if x.ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(x, 1)


@lowers(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Node:
    """Turned by 90 degrees, k times, from the first of two axes towards the second."""
    x = as_node(m)
    if len(tuple(axes)) != 2:
        raise ValueError("len(axes) must be 2.")
    first, second = (axis_of(a, x.ndim) for a in axes)
    if first == second:
        raise ValueError("Axes must be different.")
    order = list(range(x.ndim))
    order[first], order[second] = second, first
    match integer(k, "k") % 4:
        case 0:
            return x
        case 1:
            return transpose(flip(x, second), order)
        case 2:
            return flip(flip(x, first), second)
        case _:
            return flip(transpose(x, order), second)


@lowers(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Node:
    """Shifted along axes; what falls off at the end comes in at the front."""
    x = as_node(a)
    if axis is None:
        flat = build.reshape(x, (x.size,))
        return build.reshape(_rolled(flat, sum(lengths(shift)), 0), x.shape)
    axes = axes_of(axis, x.ndim, repeated=True)
    shifts, places = np.broadcast_arrays(np.array(lengths(shift)), np.array(axes))
    for s, place in zip(shifts.ravel().tolist(), places.ravel().tolist(), strict=True):
        x = _rolled(x, s, place)
    return x


def _rolled(x: Node, shift: int, axis: int) -> Node:
    n = x.shape[axis]
    shift %= max(n, 1)
    if shift == 0:
        return build.copy(x)
    return build.concatenate([part(x, axis, n - shift, n), part(x, axis, 0, n - shift)], axis)


def part(x: Node, axis: int, start: int, stop: int) -> Node:
    """The positions start … stop - 1 of an axis."""
    shape = (*x.shape[:axis], stop - start, *x.shape[axis + 1 :])
    rows = [row(start if a == axis else 0, {a: 1}, shape) for a in range(x.ndim)]
    return build.view(x, rows, shape)


@lowers(np.tile)
def tile(A: Any, reps: Any) -> Node:
    """The whole array again and again along its axes."""
    x = as_node(A)
    counts = lengths(reps)
    counts = (1,) * (x.ndim - len(counts)) + counts
    old = (1,) * (len(counts) - x.ndim) + x.shape
    if all(c == 1 for c in counts):
        return build.copy(build.reshape(x, old))
    if any(c < 0 for c in counts):
        raise ValueError("negative dimensions are not allowed")
    x = build.reshape(x, old)
    axes: list[int | None] = [a for i in range(len(old)) for a in (None, i)]
    pairs = tuple(m for c, n in zip(counts, old, strict=True) for m in (c, n))
    y = build.broadcast(build.select(x, axes), pairs)
    return build.reshape(y, tuple(c * n for c, n in zip(counts, old, strict=True)))


@lowers(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Node:
    """Every element along an axis so many times (a count for each, if several are given)."""
    x = as_node(a)
    if isinstance(repeats, Node):
        raise TraceError(
            "np.repeat with traced counts has a shape that depends on values: give the counts as "
            "Python integers"
        )
    if axis is None:
        x, axis = build.reshape(x, (x.size,)), 0
    axis = axis_of(axis, x.ndim)
    counts = np.atleast_1d(np.asarray(repeats))
    if counts.dtype.kind not in "iub":
        raise TypeError(f"np.repeat needs integer counts, got {counts.dtype}")
    if (counts < 0).any():
        raise ValueError("repeats may not contain negative values.")
    n = x.shape[axis]
    if counts.size == 1:
        return _each(x, int(counts[0]), axis)
    if counts.shape != (n,):
        raise ValueError(
            f"operands could not be broadcast together with shape ({n},) {counts.shape}"
        )
    positions = np.repeat(np.arange(n), counts)
    shape = (*x.shape[:axis], len(positions), *x.shape[axis + 1 :])
    rows: list[Row | None] = [None if a == axis else row(0, {a: 1}, shape) for a in range(x.ndim)]
    index = positions.reshape((-1,) + (1,) * (x.ndim - axis - 1))
    return pick(x, rows, {axis: index}, shape, shape)


def _each(x: Node, count: int, axis: int) -> Node:
    order: list[int | None] = [*range(axis + 1), None, *range(axis + 1, x.ndim)]
    inner = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])
    y = build.broadcast(build.select(x, order), inner)
    shape = (*x.shape[:axis], x.shape[axis] * count, *x.shape[axis + 1 :])
    return build.reshape(y, shape)
