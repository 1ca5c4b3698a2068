"""The same elements in another shape, or their axes in another order: views, nearly all."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import Node, Shape
from shinso.compiler.lowering.axes import axes_of, axis_of, c_order, filled_in, integer, lengths
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import lowers


@lowers(np.reshape)
def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: Any = None) -> Node:
    """The same elements in C order; one length may be -1."""
    c_order(order)
    x = as_node(a)
    y = build.reshape(x, filled_in(shape, x.size, x.shape))
    return build.copy(y) if copy else y


@lowers(np.ravel)
def ravel(a: Any, order: str = "C") -> Node:
    """All elements in C order along one axis."""
    c_order(order)
    x = as_node(a)
    return build.reshape(x, (x.size,))


@lowers(np.transpose)
def transpose(a: Any, axes: Any = None) -> Node:
    """Axes in another order; reversed when no order is given."""
    x = as_node(a)
    if axes is None:
        order: tuple[int, ...] = tuple(reversed(range(x.ndim)))
    else:
        order = axes_of(axes, x.ndim)
    if len(order) != x.ndim:
        raise ValueError("axes don't match array")
    return build.select(x, order)


@lowers(np.linalg.matrix_transpose, np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Node:
    """The last two axes exchanged."""
    x = as_node(x)
    if x.ndim < 2:
        raise ValueError(
            f"Input array must be at least 2-dimensional, but it is {x.ndim}-dimensional"
        )
    return swapaxes(x, -1, -2)


@lowers(np.swapaxes)
def swapaxes(a: Any, axis1: Any, axis2: Any) -> Node:
    """Two axes exchanged."""
    x = as_node(a)
    i, j = axis_of(axis1, x.ndim), axis_of(axis2, x.ndim)
    order = list(range(x.ndim))
    order[i], order[j] = j, i
    return build.select(x, order)


@lowers(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Node:
    """Axes moved to other places; the rest keep their order."""
    x = as_node(a)
    taken, places = axes_of(source, x.ndim), axes_of(destination, x.ndim)
    if len(taken) != len(places):
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    order = [axis for axis in range(x.ndim) if axis not in taken]
    for place, axis in sorted(zip(places, taken, strict=True)):
        order.insert(place, axis)
    return build.select(x, order)


@lowers(np.rollaxis)
def rollaxis(a: Any, axis: Any, start: Any = 0) -> Node:
    """One axis moved to stand before axis `start`."""
    x = as_node(a)
    n = x.ndim
    axis = axis_of(axis, n)
    start = integer(start, "start")
    if not -n <= start <= n:
        raise np.exceptions.AxisError(f"'start' arg requires {-n} <= start < {n + 1}")
    start += n if start < 0 else 0
    order = [a for a in range(n) if a != axis]
    order.insert(start - 1 if axis < start else start, axis)
    return build.select(x, order)


@lowers(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Node:
    """New axes of length 1, at these places of the result."""
    x = as_node(a)
    many = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    places = axes_of(many, x.ndim + len(many))
    old = iter(range(x.ndim))
    return build.select(x, [None if i in places else next(old) for i in range(x.ndim + len(many))])


@lowers(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Node:
    """Axes of length 1 left out: all of them, or the ones given."""
    x = as_node(a)
    if axis is None:
        gone: tuple[int, ...] = tuple(i for i, n in enumerate(x.shape) if n == 1)
    else:
        gone = axes_of(axis, x.ndim)
    if any(x.shape[i] != 1 for i in gone):
        raise ValueError(
            "cannot select an axis to squeeze out which has size not equal to one: the shape is "
            f"{x.shape}, the axis {axis}"
        )
    return build.select(x, [i for i in range(x.ndim) if i not in gone])


@lowers(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Node:
    """The array repeated to a larger shape."""
    return spread(as_node(array), lengths(shape))


def spread(x: Node, shape: Shape) -> Node:
    """x broadcast to a shape; ValueError with both shapes where it does not fit."""
    lead = len(shape) - x.ndim
    if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, shape[lead:], strict=True)):
        raise ValueError(f"an array of shape {x.shape} cannot be broadcast to shape {shape}")
    return build.broadcast(x, shape)


@lowers(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Node, ...]:
    """Every array repeated to the shape they have in common."""
    nodes = [as_node(a) for a in args]
    shape = np.broadcast_shapes(*(x.shape for x in nodes))
    return tuple(build.broadcast(x, shape) for x in nodes)


def _every(arys: tuple[Any, ...], to: Any) -> Any:
    nodes = tuple(to(as_node(a)) for a in arys)
    return nodes[0] if len(nodes) == 1 else nodes


@lowers(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    """A 0-d array as one of one element; others as they are."""
    return _every(arys, lambda x: x if x.ndim else build.reshape(x, (1,)))


@lowers(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    """Axes of length 1 put in front, up to two axes."""
    return _every(arys, lambda x: build.select(x, [*[None] * (2 - x.ndim), *range(x.ndim)]))


@lowers(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    """Three axes: a vector of n becomes (1, n, 1), a matrix (m, n, 1)."""
    orders: dict[int, list[int | None]] = {
        0: [None] * 3, 1: [None, 0, None], 2: [0, 1, None],
    }  # fmt: skip
    return _every(arys, lambda x: build.select(x, orders.get(x.ndim, list(range(x.ndim)))))


@lowers(np.shape)
def shape_of(a: Any) -> Shape:
    """The lengths of the axes: a Python tuple, known while tracing."""
    return as_node(a).shape


@lowers(np.ndim)
def ndim_of(a: Any) -> int:
    """The number of axes: a Python int."""
    return as_node(a).ndim


@lowers(np.size)
def size_of(a: Any, axis: Any = None) -> int:
    """The number of elements, in all or along axes: a Python int."""
    x = as_node(a)
    if axis is None:
        return x.size
    n = 1
    for i in axes_of(axis, x.ndim):
        n *= x.shape[i]
    return n
