"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axis_of, integer, row, unsupported
from shinso.compiler.lowering.creation import tri, zeros_like
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, lowers


@lowers(np.diagonal)
def diagonal(a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Node:
    """The elements [i, i + offset] of two axes, along a new last axis: a view."""
    x = as_node(a)
    if x.ndim < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    i, j = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    if i == j:
        raise ValueError("axis1 and axis2 cannot be the same")
    k = integer(offset, "offset")
    down, right = max(-k, 0), max(k, 0)
    n = max(0, min(x.shape[i] - down, x.shape[j] - right))
    kept = [b for b in range(x.ndim) if b not in (i, j)]
    shape = (*(x.shape[b] for b in kept), n)
    last = len(kept)
    starts = {i: (down, {last: 1}), j: (right, {last: 1})} if n else {i: (0, {}), j: (0, {})}
    rows = [
        row(*starts[b], shape) if b in starts else row(0, {kept.index(b): 1}, shape)
        for b in range(x.ndim)
    ]
    return build.view(x, rows, shape)


@lowers(np.linalg.diagonal)
def diagonal_of_last(x: Any, /, *, offset: Any = 0) -> Node:
    """The diagonals of the last two axes."""
    return diagonal(x, offset, -2, -1)


@lowers(np.diag)
def diag(v: Any, k: Any = 0) -> Node:
    """A matrix's diagonal, or the matrix with this diagonal and zeros elsewhere."""
    x = as_node(v)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    k = integer(k, "k")
    n = x.shape[0] + abs(k)
    whole = zeros_like(x, shape=(n, n))
    rows = [row(max(-k, 0), {0: 1}, x.shape), row(max(k, 0), {0: 1}, x.shape)]
    return build.write(whole, x, rows, False) if x.size else whole


@lowers(np.diagflat)
def diagflat(v: Any, k: Any = 0) -> Node:
    """The matrix with all elements of v on its diagonal."""
    x = as_node(v)
    return diag(build.reshape(x, (x.size,)), k)


@lowers(np.trace)
def trace(
    a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None, out: Any = None
) -> Node:
    """The sum of a diagonal."""
    unsupported("trace", out=out)
    return call(np.sum, diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@lowers(np.linalg.trace)
def trace_of_last(x: Any, /, *, offset: Any = 0, dtype: Any = None) -> Node:
    """The sums of the diagonals of the last two axes."""
    return trace(x, offset, -2, -1, dtype)


def _masked(m: Any, k: int, lower: bool) -> Node:
    x = as_node(m)
    if x.ndim == 1:
        x = build.broadcast(x, (x.shape[0],) * 2)
    if x.ndim < 1:
        raise TraceError("np.tril and np.triu need at least one axis")
    below = tri(x.shape[-2], x.shape[-1], k=k if lower else k - 1, dtype=bool)
    zero = build.constant(np.zeros((), x.dtype))
    return call(np.where, below, x, zero) if lower else call(np.where, below, zero, x)


@lowers(np.tril)
def tril(m: Any, k: Any = 0) -> Node:
    """Zeros above the k-th diagonal."""
    return _masked(m, integer(k, "k"), True)


@lowers(np.triu)
def triu(m: Any, k: Any = 0) -> Node:
    """Zeros below the k-th diagonal."""
    return _masked(m, integer(k, "k"), False)
