"""Functions that NumPy itself writes in terms of others, in the same steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axes_of, axis_of, integer, unsupported
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.turning import part

_NOTHING: Any = np._NoValue


@lowers(np.diff)
def diff(
    a: Any, n: Any = 1, axis: Any = -1, prepend: Any = _NOTHING, append: Any = _NOTHING
) -> Node:
    """Differences of neighbours along an axis, n times over."""
    x = as_node(a)
    n = integer(n, "n")
    if n == 0:
        return x
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = axis_of(axis, x.ndim)
    one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    given = [None if v is _NOTHING else as_node(v) for v in (prepend, append)]
    ends = [v if v is None or v.ndim else build.broadcast(v, one) for v in given]
    parts = [v for v in (ends[0], x, ends[1]) if v is not None]
    if len(parts) > 1:
        x = call(np.concatenate, parts, axis)
    function = np.not_equal if x.dtype == bool else np.subtract
    for _ in range(n):
        length = x.shape[axis]
        if length == 0:
            break
        x = call(function, part(x, axis, min(1, length), length), part(x, axis, 0, length - 1))
    return x


@lowers(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Node:
    """Differences of neighbours among all elements."""
    x = as_node(ary)
    d = diff(build.reshape(x, (x.size,))) if x.size else build.reshape(x, (0,))
    ends = []
    for given in (to_begin, to_end):
        v = None if given is None else as_node(given)
        ends.append([] if v is None else [build.cast(build.reshape(v, (v.size,)), d.dtype)])
    return build.concatenate([*ends[0], d, *ends[1]], 0)


@lowers(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """Slopes by central differences inside and one-sided ones at the ends, for even spacing."""
    x = as_node(f)
    axes = tuple(range(x.ndim)) if axis is None else axes_of(axis, x.ndim)
    spacing = list(varargs) * len(axes) if len(varargs) == 1 else list(varargs) or [1.0] * len(axes)
    if len(spacing) != len(axes):
        raise TypeError("invalid number of arguments")
    if any((v.ndim if isinstance(v, Node) else np.ndim(v)) for v in spacing):
        raise TraceError("np.gradient is compiled for even spacing: give one number for an axis")
    if integer(edge_order, "edge_order") != 1:
        raise TraceError("np.gradient is compiled for edge_order=1")
    if x.dtype.kind in "iub":
        x = build.cast(x, np.float64)
    found = tuple(_slope(x, a, h) for a, h in zip(axes, spacing, strict=True))
    return found[0] if len(found) == 1 else found


def _slope(x: Node, axis: int, h: Any) -> Node:
    n = x.shape[axis]
    if n < 2:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) "
            "elements are required."
        )

    def across(low: int, high: int, count: int, width: Any) -> Node:
        d = call(np.subtract, part(x, axis, high, high + count), part(x, axis, low, low + count))
        return build.cast(call(np.divide, d, width), x.dtype)

    twice = call(np.multiply, 2.0, h) if isinstance(h, Node) else 2.0 * h
    first, last = across(0, 1, 1, h), across(n - 2, n - 1, 1, h)
    inside = [across(0, 2, n - 2, twice)] if n > 2 else []
    return build.concatenate([first, *inside, last], axis)


@lowers(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Node:
    """Numbers in the place of NaN and infinities."""
    node = as_node(x)
    if not copy:
        raise TraceError("np.nan_to_num with copy=False writes into its argument: leave it out")
    if node.dtype.kind == "c":
        raise TraceError("np.nan_to_num is compiled for real numbers")
    if node.dtype.kind != "f":
        return build.copy(node)
    limits = np.finfo(node.dtype)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    is_nan = call(np.isnan, node)
    is_high, is_low = (call(np.equal, node, v) for v in (np.inf, -np.inf))
    y = node
    for condition, value in ((is_nan, nan), (is_high, high), (is_low, low)):
        y = call(np.where, condition, build.cast(as_node(value, node.dtype), node.dtype), y)
    return y


@lowers(np.isposinf)
def isposinf(x: Any, out: Any = None) -> Node:
    """Whether each element is +inf."""
    unsupported("isposinf", out=out)
    node: Node = call(np.logical_not, call(np.signbit, x))
    return call_and(node, call(np.isinf, x))


@lowers(np.isneginf)
def isneginf(x: Any, out: Any = None) -> Node:
    """Whether each element is -inf."""
    unsupported("isneginf", out=out)
    return call_and(call(np.signbit, x), call(np.isinf, x))


def call_and(x: Node, y: Node) -> Node:
    """Both, element by element."""
    both: Node = call(np.logical_and, x, y)
    return both


@lowers(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Node:
    """Whether |a - b| <= atol + rtol |b|, element by element; infinities equal themselves."""
    x = a if type(a) in (int, float) else as_node(a)
    y: Any = float(b) if type(b) in (int, float) else as_node(b)
    if isinstance(y, Node):
        y = build.cast(y, np.result_type(y.dtype, 1.0))
    # Where y is infinite only equality counts; 0 in its place keeps inf - inf out of the way.
    finite = call(np.isfinite, y)
    z = call(np.where, finite, y, build.constant(np.zeros((), _type(y))))
    bound = call(np.add, atol, call(np.multiply, rtol, call(np.absolute, z)))
    near = call(np.less_equal, call(np.absolute, call(np.subtract, x, z)), bound)
    near = call(np.logical_and, near, finite)
    result = call(np.logical_or, near, call(np.equal, x, y))
    if equal_nan:
        both = call(np.logical_and, call(np.isnan, x), call(np.isnan, y))
        result = call(np.logical_or, result, both)
    return result


def _type(value: Any) -> Any:
    return value.dtype if isinstance(value, Node) else np.float64


@lowers(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: Any = False) -> Node:
    """Whether all elements are close: a traced 0-d truth value."""
    return call(np.all, isclose(a, b, rtol, atol, equal_nan))


@lowers(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    """Whether shapes and all elements are equal; False at once where shapes differ."""
    x, y = as_node(a1), as_node(a2)
    if x.shape != y.shape:
        return False
    same = call(np.equal, x, y)
    if equal_nan:
        both = call(np.logical_and, call(np.isnan, x), call(np.isnan, y))
        same = call(np.logical_or, same, both)
    return call(np.all, same)


@lowers(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Any:
    """Whether shapes broadcast and all elements are equal."""
    x, y = as_node(a1), as_node(a2)
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return False
    return call(np.all, call(np.equal, x, y))


@lowers(np.sinc)
def sinc(x: Any) -> Node:
    """sin(πx) / (πx), 1 at 0."""
    node = as_node(x)
    y = call(np.multiply, np.pi, node)
    tiny = np.finfo(y.dtype).eps if y.dtype.kind == "f" else 1e-20
    y = call(np.where, y if y.dtype == bool else call(np.not_equal, y, 0), y, tiny)
    return call(np.divide, call(np.sin, y), y)


@lowers(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Node:
    """The integral by the trapezoidal rule."""
    v = as_node(y)
    axis = axis_of(axis, v.ndim)
    n = v.shape[axis]
    d: Any = dx
    if x is not None:
        places = as_node(x)
        if places.ndim == 1:
            d = diff(places)
            d = build.reshape(d, tuple(d.size if a == axis else 1 for a in range(v.ndim)))
        else:
            d = diff(places, axis=axis)
    pairs = call(np.add, part(v, axis, min(1, n), n), part(v, axis, 0, max(n - 1, 0)))
    return call(np.sum, call(np.divide, call(np.multiply, d, pairs), 2.0), axis=axis)


@lowers(np.polyval)
def polyval(p: Any, x: Any) -> Node:
    """A polynomial with the coefficients p, the highest power first, at x (Horner's rule)."""
    node = as_node(x)
    coefficients = call(np.unstack, as_node(p))
    y = call(np.zeros_like, node)
    for c in coefficients:
        y = call(np.add, call(np.multiply, y, node), c)
    return y
