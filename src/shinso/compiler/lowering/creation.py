"""New arrays: of one value, of numbers in order, of values put together.

NumPy dispatches most of these only with `like=x`; in that way code says that the new array belongs
to the step. Memory that NumPy leaves as it is (`empty`) is filled with zeros here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import Node, Shape
from shinso.compiler.lowering.axes import axis_of, c_order, integer, lengths
from shinso.compiler.lowering.joining import stack
from shinso.compiler.lowering.operand import as_node, common_type
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.shape import spread


def _of(value: Any, shape: Any, dtype: Any) -> Node:
    """An array of one value, cast as an assignment casts it."""
    v = as_node(value) if dtype is None else build.cast(as_node(value, dtype), dtype)
    return spread(v, _positive(lengths(shape)))


def _positive(shape: Shape) -> Shape:
    if any(n < 0 for n in shape):
        raise ValueError("negative dimensions are not allowed")
    return shape


@lowers(np.zeros, np.empty)
def zeros(shape: Any, dtype: Any = float, order: str = "C", *, device: Any = None) -> Node:
    """Zeros."""
    c_order(order)
    return _of(np.zeros((), dtype), shape, dtype or float)


@lowers(np.ones)
def ones(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Node:
    """Ones."""
    c_order(order)
    return _of(np.ones((), dtype), shape, dtype or float)


@lowers(np.full)
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None
) -> Node:
    """One value everywhere."""
    c_order(order)
    return _of(fill_value, shape, dtype)


@lowers(np.zeros_like, np.empty_like)
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> Node:  # fmt: skip
    """Zeros in the shape and dtype of an array, or in those given."""
    return full_like(a, 0, dtype, order, shape=shape)


@lowers(np.ones_like)
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
    device: Any = None,
) -> Node:  # fmt: skip
    """Ones in the shape and dtype of an array, or in those given."""
    return full_like(a, 1, dtype, order, shape=shape)


@lowers(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> Node:  # fmt: skip
    """One value in the shape and dtype of an array, or in those given."""
    c_order(order, "CKA")
    x = as_node(a)
    wanted = np.dtype(x.dtype if dtype is None else dtype)
    return _of(fill_value, x.shape if shape is None else shape, wanted)


@lowers(np.array, np.asarray, np.asanyarray, np.ascontiguousarray)
def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: bool = False,
    ndmin: int = 0, device: Any = None,
) -> Node:  # fmt: skip
    """An array of what is given: another array, or numbers and traced arrays in lists."""
    c_order(order, "CKA")
    x = _nested(object, dtype)
    if dtype is not None:
        x = build.cast(x, dtype)
    if ndmin > x.ndim:
        x = build.select(x, [*[None] * (ndmin - x.ndim), *range(x.ndim)])
    return build.copy(x, "C" if order == "C" else "K") if copy and isinstance(object, Node) else x


def _nested(given: Any, dtype: Any) -> Node:
    if isinstance(given, (list, tuple)) and _has_nodes(given):
        return stack([_nested(g, dtype) for g in given])
    return as_node(np.array(given) if isinstance(given, (list, tuple)) else given, dtype)


def _has_nodes(given: Any) -> bool:
    if isinstance(given, (list, tuple)):
        return any(_has_nodes(g) for g in given)
    return isinstance(given, Node)


@lowers(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Node:
    """The same values in memory of their own."""
    c_order(order, "CKA")
    return build.copy(as_node(a), "C" if order == "C" else "K")


@lowers(np.arange)
def arange(
    start_or_stop: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None,
    device: Any = None,
) -> Node:  # fmt: skip
    """start, start + step, … below stop: numbers that are known while tracing."""
    start, end = (0, start_or_stop) if stop is None else (start_or_stop, stop)
    for number in (start, end, step):
        if isinstance(number, Node):
            integer(number, "a bound of np.arange")
    values = np.arange(start, end, step, dtype=dtype)
    whole = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    if not whole or values.dtype.kind not in "iuf" or values.size < 2:
        return build.constant(values)
    n = len(values)
    dtype = values.dtype
    y = build.iota(n, dtype if dtype.kind in "iu" else np.int64)
    if step != 1:
        y = call(np.multiply, y, np.array(step, y.dtype))
    if start != 0:
        y = call(np.add, y, np.array(start, y.dtype))
    return build.cast(y, dtype)


@lowers(np.eye)
def eye(
    N: Any, M: Any = None, k: Any = 0, dtype: Any = float, order: str = "C", *,
    device: Any = None,
) -> Node:  # fmt: skip
    """Ones on the k-th diagonal, zeros elsewhere."""
    c_order(order)
    return _compared(np.equal, N, M, k, dtype)


@lowers(np.identity)
def identity(n: Any, dtype: Any = None) -> Node:
    """Ones on the diagonal of a square matrix."""
    return eye(n, dtype=dtype or float)


@lowers(np.tri)
def tri(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Node:
    """Ones on and below the k-th diagonal, zeros above."""
    return _compared(np.less_equal, N, M, k, dtype)


def _compared(function: np.ufunc, rows: Any, columns: Any, k: Any, dtype: Any) -> Node:
    """1 where column - k and row compare as asked."""
    n = integer(rows, "N")
    m = n if columns is None else integer(columns, "M")
    _positive((n, m))
    down = build.select(build.iota(n, np.int64), [0, None])
    right = arange(-integer(k, "k"), m - integer(k, "k"), dtype=np.int64)
    return build.cast(call(function, right, down), dtype or float)


@lowers(np.meshgrid)
def meshgrid(
    *xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Node, ...]:
    """The coordinates of a grid, an array for each axis."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    nodes = [as_node(x) for x in xi]
    nodes = [build.reshape(x, (x.size,)) for x in nodes]
    n = len(nodes)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[0], places[1] = 1, 0
    grids = [
        build.select(x, [0 if a == place else None for a in range(n)])
        for x, place in zip(nodes, places, strict=True)
    ]
    if not sparse:
        shape = np.broadcast_shapes(*(g.shape for g in grids))
        grids = [build.broadcast(g, shape) for g in grids]
    return tuple(build.copy(g, "C") if copy else g for g in grids)


@lowers(np.vander)
def vander(x: Any, N: Any = None, increasing: bool = False) -> Node:
    """Columns of powers of x."""
    v = as_node(x)
    if v.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    n = v.shape[0] if N is None else integer(N, "N")
    if n == 0:
        return zeros((v.shape[0], 0), np.promote_types(v.dtype, int))
    wide = build.cast(v, np.promote_types(v.dtype, int))
    columns = [ones_like(wide)]
    for _ in range(n - 1):
        columns.append(call(np.multiply, columns[-1], wide))
    return stack(columns if increasing else columns[::-1], axis=1)


@lowers(np.linspace)
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: Any = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """num numbers from start to stop, evenly spaced along a new axis."""
    num = integer(num, "num")
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    div = num - 1 if endpoint else num
    loop = common_type(start, stop, 1.0)
    first, last = (build.cast(as_node(v, loop), loop) for v in (start, stop))
    whole = dtype is not None and np.issubdtype(np.dtype(dtype), np.integer)
    delta = call(np.subtract, last, first)
    y = build.reshape(build.constant(np.arange(0, num, dtype=loop)), (num, *(1,) * delta.ndim))
    if div > 0:
        step = call(np.divide, delta, div)
        none = call(np.any, call(np.equal, step, 0))
        fine = call(np.multiply, y, step)
        y = call(np.where, none, call(np.multiply, call(np.divide, y, div), delta), fine)
    else:
        step = build.constant(np.nan)
        y = call(np.multiply, y, delta)
    y = call(np.add, y, first)
    if endpoint and num > 1:
        at_end = build.reshape(
            build.constant(np.arange(num) == num - 1), (num, *(1,) * (y.ndim - 1))
        )
        y = call(np.where, at_end, build.cast(last, y.dtype), y)
    place = axis_of(axis, y.ndim)
    y = build.select(y, [*range(1, place + 1), 0, *range(place + 1, y.ndim)])
    if whole:
        y = call(np.floor, y)
    y = build.cast(y, loop if dtype is None else dtype)
    return (y, step) if retstep else y


@lowers(np.logspace)
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: Any = 0,
) -> Node:  # fmt: skip
    """base to the powers that linspace gives."""
    if np.ndim(base) if not isinstance(base, Node) else base.ndim:
        return _logspace_of_bases(start, stop, num, endpoint, base, dtype, axis)
    y = call(np.power, base, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else build.cast(y, dtype)


def _logspace_of_bases(
    start: Any, stop: Any, num: Any, endpoint: bool, base: Any, dtype: Any, axis: Any
) -> Node:
    b = as_node(base)
    nodes = [as_node(v) for v in (start, stop)]
    ndim = max(b.ndim, *(v.ndim for v in nodes))
    start, stop, b = (
        build.select(v, [*[None] * (ndim - v.ndim), *range(v.ndim)]) for v in (*nodes, b)
    )
    place = axis_of(axis, ndim + 1)
    b = build.select(b, [*range(place), None, *range(place, ndim)])
    y = call(np.power, b, linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else build.cast(y, dtype)
