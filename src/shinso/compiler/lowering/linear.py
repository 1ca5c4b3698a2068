"""Products of matrices and vectors: all are one contraction, spelled by the NumPy function."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Shape
from shinso.compiler.lowering.axes import axes_of, axis_of, unsupported
from shinso.compiler.lowering.operand import as_node, operands_of_one_type
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.shape import moveaxis, swapaxes


@lowers(np.matmul, np.linalg.matmul)
def matmul(
    x1: Any, x2: Any, /, out: Any = None, *, casting: str = "same_kind", order: str = "K",
    dtype: Any = None, subok: bool = True, signature: Any = None, axes: Any = None,
    axis: Any = None,
) -> Node:  # fmt: skip
    """The product over the last axis of the first and the second last of the second; leading
    axes broadcast.
    """
    unsupported("matmul", out=out, signature=signature, axes=axes, axis=axis)
    a, b = operands_of_one_type(x1, x2, dtype=dtype)
    for i, x in enumerate((a, b)):
        if x.ndim == 0:
            raise ValueError(
                f"matmul: Input operand {i} does not have enough dimensions (has 0, gufunc core "
                "with signature (n?,k),(k,m?)->(n?,m?) requires 1)"
            )
    inner = b.shape[-2] if b.ndim > 1 else b.shape[0]
    if a.shape[-1] != inner:
        raise ValueError(
            f"matmul: Input operand 1 has a mismatch in its core dimension 0: shapes {a.shape} and "
            f"{b.shape}, the sum runs over {a.shape[-1]} and {inner}"
        )
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    n = len(lead)
    rows, columns = (n,) * (a.ndim > 1), (n + 2,) * (b.ndim > 1)
    a, a_batch = _stacked(a, lead)
    b, b_batch = _stacked(b, lead)
    left, right = (*a_batch, *rows, n + 1), (*b_batch, n + 1, *columns)
    return build.contract(a, b, left, right, (*range(n), *rows, *columns), "matmul")


def _stacked(x: Node, lead: Shape) -> tuple[Node, range]:
    """An operand with its own leading axes broadcast, and their names; it may have fewer."""
    own = max(x.ndim - 2, 0)
    first = len(lead) - own
    wide = build.broadcast(x, (*lead[first:], *x.shape[own:]))
    return wide, range(first, len(lead))


@lowers(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Node:
    """The product over the last axis of a and the second last of b, free axes side by side."""
    unsupported("dot", out=out)
    x, y = operands_of_one_type(as_node(a), as_node(b))
    if x.ndim == 0 or y.ndim == 0:
        return call(np.multiply, x, y)
    inner = y.ndim - 2 if y.ndim > 1 else 0
    if x.shape[-1] != y.shape[inner]:
        raise ValueError(
            f"shapes {x.shape} and {y.shape} not aligned: {x.shape[-1]} (dim {x.ndim - 1}) != "
            f"{y.shape[inner]} (dim {inner})"
        )
    left = tuple(range(x.ndim))
    names = list(range(x.ndim, x.ndim + y.ndim))
    names[inner] = x.ndim - 1
    out_names = (*left[:-1], *(name for i, name in enumerate(names) if i != inner))
    return build.contract(x, y, left, tuple(names), out_names, "dot")


@lowers(np.vdot)
def vdot(a: Any, b: Any, /) -> Node:
    """The sum of conj(a) · b over all elements."""
    x, y = operands_of_one_type(as_node(a), as_node(b))
    if x.size != y.size:
        raise ValueError("cannot reshape array: vdot needs two arrays of equally many elements")
    if x.dtype.kind == "c":
        x = call(np.conjugate, x)
    return dot(build.reshape(x, (x.size,)), build.reshape(y, (y.size,)))


@lowers(np.inner)
def inner(a: Any, b: Any, /) -> Node:
    """The product over the last axis of both."""
    x, y = as_node(a), as_node(b)
    if x.ndim == 0 or y.ndim == 0:
        return call(np.multiply, x, y)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"shapes {x.shape} and {y.shape} not aligned: {x.shape[-1]} (dim {x.ndim - 1}) != "
            f"{y.shape[-1]} (dim {y.ndim - 1})"
        )
    return dot(x, swapaxes(y, -1, -2) if y.ndim > 1 else y)


@lowers(np.vecdot, np.linalg.vecdot)
def vecdot(
    x1: Any, x2: Any, /, out: Any = None, *, axis: Any = -1, axes: Any = None, dtype: Any = None,
    casting: str = "same_kind", order: str = "K", subok: bool = True, signature: Any = None,
) -> Node:  # fmt: skip
    """The sum of conj(a) · b along an axis."""
    unsupported("vecdot", out=out, axes=axes, signature=signature)
    x, y = operands_of_one_type(x1, x2, dtype=dtype)
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError("vecdot: both operands need at least one axis")
    x, y = moveaxis(x, axis, -1), moveaxis(y, axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(f"vecdot: shapes {x.shape} and {y.shape} differ along the axis")
    if x.dtype.kind == "c":
        x = call(np.conjugate, x)
    z = matmul(build.select(x, [*range(x.ndim - 1), None, x.ndim - 1]),
               build.select(y, [*range(y.ndim), None]))  # fmt: skip
    return build.select(z, range(z.ndim - 2))


@lowers(np.matvec)
def matvec(x1: Any, x2: Any, /) -> Node:
    """Matrices times vectors."""
    y = as_node(x2)
    z = matmul(x1, build.select(y, [*range(y.ndim), None]))
    return build.select(z, range(z.ndim - 1))


@lowers(np.vecmat)
def vecmat(x1: Any, x2: Any, /) -> Node:
    """Vectors (conjugated) times matrices."""
    x = as_node(x1)
    if x.dtype.kind == "c":
        x = call(np.conjugate, x)
    z = matmul(build.select(x, [*range(x.ndim - 1), None, x.ndim - 1]), x2)
    return build.select(z, [*range(z.ndim - 2), z.ndim - 1])


@lowers(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Node:
    """Every element of a times every element of b."""
    unsupported("outer", out=out)
    x, y = as_node(a), as_node(b)
    return call(np.multiply, build.reshape(x, (x.size, 1)), build.reshape(y, (1, y.size)))


@lowers(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any, /) -> Node:
    """Every element of one vector times every element of another."""
    x, y = as_node(x1), as_node(x2)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(
            "Input arrays must be one-dimensional, but they are "
            f"x1.ndim={x.ndim} and x2.ndim={y.ndim}."
        )
    return outer(x, y)


@lowers(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Node:
    """The sum over axes of a and axes of b in pairs; free axes of a, then of b."""
    x, y = operands_of_one_type(as_node(a), as_node(b))
    if isinstance(axes, Node):
        raise TraceError("np.tensordot needs axes that are known while tracing")
    try:
        first, second = iter(axes)
    except TypeError:
        n = int(axes)
        first, second = range(x.ndim - n, x.ndim), range(n)
    over_x = axes_of(_listed(first), x.ndim, repeated=True)
    over_y = axes_of(_listed(second), y.ndim, repeated=True)
    if len(over_x) != len(over_y) or any(
        x.shape[i] != y.shape[j] for i, j in zip(over_x, over_y, strict=True)
    ):
        raise ValueError(
            f"shape-mismatch for sum: {x.shape} over axes {over_x}, {y.shape} over axes {over_y}"
        )
    if len(set(over_x)) != len(over_x) or len(set(over_y)) != len(over_y):
        raise ValueError(f"an axis comes twice in {over_x} or {over_y}")
    if list(over_x) != sorted(over_x):
        # The sum runs in the order in which `left` names the axes: put x's axes in that order.
        kept = [i for i in range(x.ndim) if i not in over_x]
        x = build.select(x, [*kept, *over_x])
        over_x = tuple(range(len(kept), x.ndim))
    left = tuple(range(x.ndim))
    right = [x.ndim + j for j in range(y.ndim)]
    for i, j in zip(over_x, over_y, strict=True):
        right[j] = i
    free = (*(i for i in left if i not in over_x),
            *(name for j, name in enumerate(right) if j not in over_y))  # fmt: skip
    return build.contract(x, y, left, right, free, "tensordot")


def _listed(axes: Any) -> tuple[Any, ...]:
    return tuple(axes) if isinstance(axes, (tuple, list, range, np.ndarray)) else (axes,)


@lowers(np.kron)
def kron(a: Any, b: Any) -> Node:
    """Every element of a times the whole of b, put together in the places of a's elements."""
    x, y = as_node(a), as_node(b)
    if x.ndim == 0 or y.ndim == 0:
        return call(np.multiply, x, y)
    n = max(x.ndim, y.ndim)
    x = build.select(x, [*[None] * (n - x.ndim), *range(x.ndim)])
    y = build.select(y, [*[None] * (n - y.ndim), *range(y.ndim)])
    z = call(
        np.multiply,
        build.select(x, [v for i in range(n) for v in (i, None)]),
        build.select(y, [v for i in range(n) for v in (None, i)]),
    )
    return build.reshape(z, tuple(p * q for p, q in zip(x.shape, y.shape, strict=True)))


@lowers(np.cross)
def cross(
    a: Any, b: Any, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None
) -> Node:
    """The vector product of vectors of 3."""
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = as_node(a), as_node(b)
    if x.ndim < 1 or y.ndim < 1:
        raise ValueError("At least one array has zero dimension")
    x, y = moveaxis(x, axis_of(axisa, x.ndim), -1), moveaxis(y, axis_of(axisb, y.ndim), -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise TraceError(
            "np.cross is compiled for vectors of 3 numbers; for 2, write a[0] * b[1] - a[1] * b[0]"
        )
    x0, x1, x2 = call(np.unstack, x, axis=-1)
    y0, y1, y2 = call(np.unstack, y, axis=-1)
    parts = [
        call(np.subtract, call(np.multiply, p, q), call(np.multiply, r, s))
        for p, q, r, s in ((x1, y2, x2, y1), (x2, y0, x0, y2), (x0, y1, x1, y0))
    ]
    return moveaxis(call(np.stack, parts, axis=-1), -1, axisc)


@lowers(np.linalg.cross)
def cross_of_vectors(x1: Any, x2: Any, /, *, axis: Any = -1) -> Node:
    """The vector product of vectors of 3 along an axis."""
    return cross(x1, x2, axis=axis)
