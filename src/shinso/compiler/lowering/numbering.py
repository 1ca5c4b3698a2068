"""Index arrays of a kind: triangles, diagonals, open grids, flat positions and coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import integer, lengths
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, demand, lowers


@lowers(np.triu_indices_from)
def triu_indices_from(arr: Any, k: Any = 0) -> tuple[Any, ...]:
    """Row and column numbers of a matrix's upper triangle: known while tracing."""
    return _triangle(arr, k, np.triu_indices)


@lowers(np.tril_indices_from)
def tril_indices_from(arr: Any, k: Any = 0) -> tuple[Any, ...]:
    """Row and column numbers of a matrix's lower triangle: known while tracing."""
    return _triangle(arr, k, np.tril_indices)


def _triangle(arr: Any, k: Any, indices: Any) -> tuple[Any, ...]:
    x = as_node(arr)
    if x.ndim != 2:
        raise ValueError("input array must be 2-d")
    found: tuple[Any, ...] = indices(x.shape[-2], k=integer(k, "k"), m=x.shape[-1])
    return found


@lowers(np.diag_indices_from)
def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """The numbers of a square array's diagonal, for each axis: known while tracing."""
    x = as_node(arr)
    if x.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(x.shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    return np.diag_indices(x.shape[0], x.ndim)


@lowers(np.ix_)
def ix_(*args: Any) -> tuple[Node, ...]:
    """Index vectors as an open grid, each along an axis of its own."""
    grids = []
    for i, given in enumerate(args):
        x = as_node(given)
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if x.dtype == bool:
            raise TraceError("np.ix_ with a traced mask has a shape that depends on values")
        grids.append(build.select(x, [0 if a == i else None for a in range(len(args))]))
    return tuple(grids)


@lowers(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Node, ...]:
    """Positions among all elements as a position on each axis."""
    if order != "C":
        raise TraceError("np.unravel_index with order='F' cannot be compiled")
    rest = as_node(indices)
    if rest.dtype.kind not in "iu":
        raise TypeError("only int indices permitted")
    rest = build.cast(rest, np.intp)
    sizes = lengths(shape)
    total = 1
    for n in sizes:
        total *= n
    inside = call(np.logical_and, call(np.greater_equal, rest, 0), call(np.less, rest, total))
    demand(inside, ValueError, f"index is out of bounds for array with size {total}")
    found = []
    for n in reversed(sizes):
        found.append(call(np.remainder, rest, n))
        rest = call(np.floor_divide, rest, n)
    return tuple(reversed(found))


@lowers(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: str = "raise", order: str = "C") -> Node:
    """A position on each axis as the position among all elements."""
    if mode != "raise" or order != "C":
        raise TraceError("np.ravel_multi_index is compiled for mode='raise' and order='C'")
    sizes = lengths(dims)
    parts = call(np.unstack, multi_index) if isinstance(multi_index, Node) else tuple(multi_index)
    if len(parts) != len(sizes):
        raise ValueError(
            f"parameter multi_index must be a sequence of length {len(sizes)}, got {len(parts)}"
        )
    total: Any = None
    for given, n in zip(parts, sizes, strict=True):
        x = build.cast(as_node(given), np.intp)
        inside = call(np.logical_and, call(np.greater_equal, x, 0), call(np.less, x, n))
        demand(inside, ValueError, "invalid entry in coordinates array")
        total = x if total is None else call(np.add, call(np.multiply, total, n), x)
    return as_node(total)
