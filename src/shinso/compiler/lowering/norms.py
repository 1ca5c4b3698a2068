"""Norms of vectors and matrices, with NumPy's own order of operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axes_of
from shinso.compiler.lowering.linear import dot
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.shape import expand_dims

_SPECTRAL = (2, -2, "nuc")


@lowers(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Node:
    """The norm of all elements, of vectors along an axis or of matrices along two."""
    node = as_node(x)
    if node.dtype.kind not in "fc":
        node = build.cast(node, np.float64)
    if axis is None:
        every = ord is None or (ord in ("f", "fro") and node.ndim == 2)
        if every or (ord == 2 and node.ndim == 1):
            y = _of_all(node)
            return build.reshape(y, (1,) * node.ndim) if keepdims else y
        axes = tuple(range(node.ndim))
    else:
        axes = axes_of(axis, node.ndim)
    if len(axes) == 1:
        y = _of_vectors(node, ord, axes[0])
    elif len(axes) == 2:
        y = _of_matrices(node, ord, axes)
    else:
        raise ValueError("Improper number of dimensions to norm.")
    return expand_dims(y, axes) if keepdims else y


def _of_all(x: Node) -> Node:
    flat = build.reshape(x, (x.size,))
    if x.dtype.kind != "c":
        return call(np.sqrt, dot(flat, flat))
    re, im = call(np.real, flat), call(np.imag, flat)
    return call(np.sqrt, call(np.add, dot(re, re), dot(im, im)))


def _squares(x: Node) -> Node:
    if x.dtype.kind == "c":
        return call(np.real, call(np.multiply, call(np.conjugate, x), x))
    return call(np.multiply, x, x)


def _of_vectors(x: Node, order: Any, axis: int) -> Node:
    if order is None or order == 2:
        return call(np.sqrt, call(np.sum, _squares(x), axis=axis))
    if isinstance(order, str):
        raise ValueError(f"Invalid norm order '{order}' for vectors")
    if order == 0:
        present = call(np.not_equal, x, 0)
        return call(np.sum, build.cast(present, np.empty(0, x.dtype).real.dtype), axis=axis)
    sizes = call(np.absolute, x)
    if order == np.inf:
        return call(np.max, sizes, axis=axis)
    if order == -np.inf:
        return call(np.min, sizes, axis=axis)
    if order == 1:
        return call(np.sum, sizes, axis=axis)
    power = float(order) if isinstance(order, np.generic) else order
    total = call(np.sum, build.cast(call(np.power, sizes, power), sizes.dtype), axis=axis)
    root = np.reciprocal(order, dtype=total.dtype)
    return build.cast(call(np.power, total, root), total.dtype)


def _of_matrices(x: Node, order: Any, axes: tuple[int, ...]) -> Node:
    if order is None or order in ("f", "fro"):
        return call(np.sqrt, call(np.sum, _squares(x), axis=axes))
    if order in _SPECTRAL:
        raise TraceError(
            f"np.linalg.norm with ord={order!r} needs singular values: write it with "
            "np.linalg.svdvals"
        )
    if order not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    row, column = axes
    summed, rest = (row, column) if abs(order) == 1 else (column, row)
    sums = call(np.sum, call(np.absolute, x), axis=summed)
    rest -= rest > summed
    return call(np.max if order > 0 else np.min, sums, axis=rest)


@lowers(np.linalg.vector_norm)
def vector_norm(
    x: Any,
    /,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,
) -> Node:
    """The norm of vectors along an axis, or of all elements."""
    node = as_node(x)
    if axis is None:
        y = norm(build.reshape(node, (node.size,)), ord, 0)
        return build.reshape(y, (1,) * node.ndim) if keepdims else y
    if isinstance(axis, tuple):
        axes = axes_of(axis, node.ndim)
        kept = [a for a in range(node.ndim) if a not in axes]
        moved = build.select(node, [*axes, *kept])
        flat = build.reshape(moved, _merged(node, axes, kept))
        y = norm(flat, ord, 0)
        return expand_dims(y, axes) if keepdims else y
    return norm(node, ord, axis, keepdims)


def _merged(x: Node, axes: tuple[int, ...], kept: list[int]) -> tuple[int, ...]:
    n = 1
    for a in axes:
        n *= x.shape[a]
    return (n, *(x.shape[a] for a in kept))


@lowers(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Node:
    """The norm of matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)
