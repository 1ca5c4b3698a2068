"""Several arrays put together, and one cut into several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axis_of, integer, unsupported
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import lowers
from shinso.compiler.lowering.shape import atleast_1d, atleast_2d, atleast_3d, expand_dims
from shinso.compiler.lowering.turning import part


def together(arrays: Any, dtype: Any, casting: Any) -> list[Node]:
    """Arrays in one dtype: the one given, else the one NumPy finds for all of them."""
    many = list(rows_of(arrays))
    nodes = [as_node(a) for a in many]
    if not nodes:
        raise ValueError("need at least one array to concatenate")
    wanted = np.dtype(dtype) if dtype is not None else np.result_type(*(x.dtype for x in nodes))
    for x in nodes:
        if not np.can_cast(x.dtype, wanted, casting):
            raise TypeError(
                f"Cannot cast array data from {x.dtype!r} to {wanted!r} according to the rule "
                f"'{casting}'"
            )
    return [build.cast(x, wanted) for x in nodes]


def rows_of(arrays: Any) -> Sequence[Any]:
    """A list of arrays: as it is, or the rows of one traced array."""
    if isinstance(arrays, Node):
        if arrays.ndim == 0:
            raise ValueError("zero-dimensional arrays cannot be concatenated")
        return unstack(arrays)
    return list(arrays)


@lowers(np.concatenate)
def concatenate(
    arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Node:
    """One array after the other along an axis; of all their elements, when the axis is None."""
    unsupported("concatenate", out=out)
    nodes = together(arrays, dtype, casting)
    if axis is None:
        nodes, axis = [build.reshape(x, (x.size,)) for x in nodes], 0
    if any(x.ndim == 0 for x in nodes):
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    first = nodes[0]
    axis = axis_of(axis, first.ndim)
    for i, x in enumerate(nodes):
        if x.ndim != first.ndim:
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match "
                f"exactly, but array 0 has {first.ndim} axes and array {i} has {x.ndim}"
            )
        if any(a != axis and m != n for a, (m, n) in enumerate(zip(x.shape, first.shape))):  # noqa: B905
            raise ValueError(
                "all the input array dimensions except for the concatenation axis must match "
                f"exactly, but array 0 has shape {first.shape} and array {i} {x.shape}, axis {axis}"
            )
    if len(nodes) == 1:
        return build.copy(first)
    return build.concatenate(nodes, axis)


@lowers(np.stack)
def stack(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Node:
    """Arrays of one shape side by side along a new axis."""
    nodes = [as_node(a) for a in rows_of(arrays)]
    if not nodes:
        raise ValueError("need at least one array to stack")
    if len({x.shape for x in nodes}) > 1:
        raise ValueError("all input arrays must have the same shape")
    axis = axis_of(axis, nodes[0].ndim + 1)
    return concatenate(
        [expand_dims(x, axis) for x in nodes], axis, out, dtype=dtype, casting=casting
    )


def _at_least(to: Any, arrays: Any) -> list[Node]:
    return [to(a) for a in rows_of(arrays)]


@lowers(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Node:
    """Rows below one another."""
    return concatenate(_at_least(atleast_2d, tup), 0, dtype=dtype, casting=casting)


@lowers(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Node:
    """Side by side along the second axis; vectors one after the other."""
    nodes = _at_least(atleast_1d, tup)
    axis = 0 if nodes and nodes[0].ndim == 1 else 1
    return concatenate(nodes, axis, dtype=dtype, casting=casting)


@lowers(np.dstack)
def dstack(tup: Any) -> Node:
    """Along the third axis."""
    return concatenate(_at_least(atleast_3d, tup), 2)


@lowers(np.column_stack)
def column_stack(tup: Any) -> Node:
    """Vectors as the columns of a matrix."""
    nodes = [as_node(a) for a in rows_of(tup)]
    return concatenate([build.reshape(x, (x.size, 1)) if x.ndim < 2 else x for x in nodes], 1)


@lowers(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Node:
    """arr and then values; both read in C order when no axis is given."""
    x, v = as_node(arr), as_node(values)
    if axis is None:
        x, v, axis = build.reshape(x, (x.size,)), build.reshape(v, (v.size,)), 0
    return concatenate((x, v), axis)


@lowers(np.block)
def block(arrays: Any) -> Node:
    """A matrix of blocks: the innermost lists side by side, the lists around them below."""
    depth = _depth(arrays)
    ndim = max(depth, _most(arrays))
    return _block(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("List at arrays cannot be empty")
    depths = {_depth(a) for a in arrays}
    if len(depths) != 1:
        raise ValueError("List depths are mismatched.")
    return 1 + depths.pop()


def _most(arrays: Any) -> int:
    if isinstance(arrays, list):
        return max(_most(a) for a in arrays)
    return as_node(arrays).ndim


def _block(arrays: Any, depth: int, ndim: int) -> Node:
    if not isinstance(arrays, list):
        x = as_node(arrays)
        return build.select(x, [*[None] * (ndim - x.ndim), *range(x.ndim)])
    return concatenate([_block(a, depth - 1, ndim) for a in arrays], axis=-depth)


# -- cutting --------------------------------------------------------------------------------------


@lowers(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Node]:
    """Cut at positions, or into so many parts as equal as can be."""
    x = as_node(ary)
    n = x.shape[axis_of(axis, x.ndim)]
    if isinstance(indices_or_sections, Node):
        raise TraceError("np.split at traced positions has shapes that depend on values")
    if np.ndim(indices_or_sections):
        inner = [integer(i, "a position") for i in indices_or_sections]
        return _cut(x, axis_of(axis, x.ndim), [0, *inner, n])
    sections = integer(indices_or_sections, "the number of sections")
    if sections <= 0:
        raise ValueError("number sections must be larger than 0.")
    each, more = divmod(n, sections)
    ends = [i * each + min(i, more) for i in range(sections + 1)]
    return _cut(x, axis_of(axis, x.ndim), ends)


def _cut(x: Node, axis: int, ends: list[int]) -> list[Node]:
    n = x.shape[axis]
    pieces = []
    for start, stop in pairwise(ends):
        first, last, _ = slice(start, stop).indices(n)
        pieces.append(part(x, axis, first, last) if first < last else part(x, axis, 0, 0))
    return pieces


@lowers(np.split)
def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Node]:
    """Cut at positions, or into so many equal parts."""
    x = as_node(ary)
    if not isinstance(indices_or_sections, Node) and np.ndim(indices_or_sections) == 0:
        n = x.shape[axis_of(axis, x.ndim)]
        if n % integer(indices_or_sections, "the number of sections"):
            raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


@lowers(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Node]:
    """Cut along the second axis (a vector along its only one)."""
    x = as_node(ary)
    if x.ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


@lowers(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Node]:
    """Cut along the first axis of a matrix."""
    x = as_node(ary)
    if x.ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(x, indices_or_sections, 0)


@lowers(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Node]:
    """Cut along the third axis."""
    x = as_node(ary)
    if x.ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(x, indices_or_sections, 2)


@lowers(np.unstack)
def unstack(x: Any, /, *, axis: Any = 0) -> tuple[Node, ...]:
    """One array for each position of an axis."""
    whole = as_node(x)
    if whole.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    axis = axis_of(axis, whole.ndim)
    kept = [a for a in range(whole.ndim) if a != axis]
    return tuple(build.select(part(whole, axis, i, i + 1), kept) for i in range(whole.shape[axis]))
