"""Folds over axes: sums, means, variances, extremes, counts, running sums.

Each takes the steps that NumPy itself takes, in the same dtypes, so that the results agree to the
last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axes_of, axis_of
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, demand, lowers
from shinso.compiler.lowering.ufuncs import accumulate, keep, reduce

_NOTHING: Any = np._NoValue


def _refuse(name: str, out: Any = None, where: Any = _NOTHING) -> None:
    if out is not None:
        raise TraceError(f"np.{name} with out= cannot be compiled: use the result instead")
    if where is not True and where is not _NOTHING:
        raise TraceError(
            f"np.{name} with where= cannot be compiled: np.{name}(np.where(condition, x, neutral))"
        )


def _fold(
    ufunc: np.ufunc, name: str, a: Any, axis: Any, dtype: Any, out: Any, keepdims: Any,
    initial: Any, where: Any,
) -> Node:  # fmt: skip
    _refuse(name, out, where)
    return reduce(ufunc, a, axis, dtype, None, keepdims, initial)


@lowers(np.sum)
def sum_(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The sum; of booleans and small integers in int64."""
    return _fold(np.add, "sum", a, axis, dtype, out, keepdims, initial, where)


@lowers(np.prod)
def prod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The product."""
    return _fold(np.multiply, "prod", a, axis, dtype, out, keepdims, initial, where)


@lowers(np.max, np.amax)
def max_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The greatest; NaN if there is one."""
    return _fold(np.maximum, "max", a, axis, None, out, keepdims, initial, where)


@lowers(np.min, np.amin)
def min_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The least; NaN if there is one."""
    return _fold(np.minimum, "min", a, axis, None, out, keepdims, initial, where)


@lowers(np.any)
def any_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING, *, where: Any = _NOTHING
) -> Node:
    """Whether one element is not 0."""
    x = build.cast(as_node(a), np.bool_)
    return _fold(np.logical_or, "any", x, axis, None, out, keepdims, _NOTHING, where)


@lowers(np.all)
def all_(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING, *, where: Any = _NOTHING
) -> Node:
    """Whether no element is 0."""
    x = build.cast(as_node(a), np.bool_)
    return _fold(np.logical_and, "all", x, axis, None, out, keepdims, _NOTHING, where)


# -- means ----------------------------------------------------------------------------------------


def _count(x: Node, over: tuple[int, ...]) -> int:
    n = 1
    for axis in over:
        n *= x.shape[axis]
    return n


def _divided(y: Node, n: int) -> Node:
    """y / n as NumPy's means do it: in float64 where n is an int64, and cast back.

    In float32 that is the same as dividing in float32, while n fits into 24 bits.
    """
    exact = y.dtype == np.float64 or (y.dtype == np.float32 and n <= 1 << 24)
    if exact or y.dtype.kind == "c":
        quotient: Node = call(np.divide, y, np.array(n, y.dtype))
        return quotient
    return build.cast(call(np.divide, y, np.array(n, np.int64)), y.dtype)


def _axes(axis: Any, x: Node) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axes_of(axis, x.ndim)


@lowers(np.mean)
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING, *,
    where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The mean; of integers in float64."""
    _refuse("mean", out, where)
    x = as_node(a)
    over = _axes(axis, x)
    half = dtype is None and x.dtype == np.float16
    if dtype is None and x.dtype.kind in "iub":
        dtype = np.float64
    total = sum_(x, over, np.float32 if half else dtype, keepdims=keepdims)
    result = _divided(total, _count(x, over))
    return build.cast(result, np.float16) if half else result


@lowers(np.var)
def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = _NOTHING, *, where: Any = _NOTHING, mean: Any = _NOTHING,
    correction: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The mean squared distance from the mean, over n - ddof."""
    _refuse("var", out, where)
    if correction is not _NOTHING:
        ddof = correction
    x = as_node(a)
    if x.dtype.kind == "c":
        raise TraceError("np.var of complex numbers cannot be compiled")
    over = _axes(axis, x)
    n = _count(x, over)
    if dtype is None and x.dtype.kind in "iub":
        dtype = np.float64
    middle = mean
    if mean is _NOTHING:
        middle = _divided(sum_(x, over, dtype, keepdims=True), n)
    d = call(np.subtract, x, middle)
    square = call(np.square, d) if x.dtype.kind != "b" else call(np.multiply, d, d)
    total = sum_(square, over, dtype, keepdims=keepdims)
    left = max(n - ddof, 0)
    if isinstance(left, int):
        return _divided(total, left)
    return build.cast(call(np.divide, total, np.array(left, np.float64)), total.dtype)


@lowers(np.std)
def std(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = _NOTHING, *, where: Any = _NOTHING, mean: Any = _NOTHING,
    correction: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The root of the variance."""
    v = var(a, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction)
    return build.cast(call(np.sqrt, v), v.dtype)


@lowers(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *,
    keepdims: Any = _NOTHING,
) -> Any:  # fmt: skip
    """The mean, weighted if weights (of a's shape, or for one axis) are given."""
    x = as_node(a)
    over = _axes(axis, x)
    if weights is None:
        result = mean(x, axis, keepdims=keepdims)
        total = call(np.full_like, result, _count(x, over))
        return (result, total) if returned else result
    w = as_node(weights)
    if w.shape != x.shape:
        if len(over) != 1 or w.shape != (x.shape[over[0]],):
            raise TypeError("Axis must be specified when shapes of a and weights differ.")
        w = build.select(w, [0 if a == over[0] else None for a in range(x.ndim)])
        w = build.broadcast(w, x.shape)
    kinds: list[Any] = [x.dtype, w.dtype, *([np.float64] if x.dtype.kind in "iub" else [])]
    dtype = np.result_type(*kinds)
    total = sum_(w, over, dtype, keepdims=keepdims)
    demand(call(np.not_equal, total, 0), ZeroDivisionError,
           "Weights sum to zero, can't be normalized")  # fmt: skip
    products = call(np.multiply, x, w, dtype=dtype)
    result = call(np.divide, sum_(products, over, keepdims=keepdims), total)
    return (result, total) if returned else result


# -- positions, counts, running folds -------------------------------------------------------------


def _pick(function: str, a: Any, axis: Any, out: Any, keepdims: Any) -> Node:
    _refuse(function, out)
    x = as_node(a)
    kept = bool(keepdims) and keepdims is not _NOTHING
    ndim = x.ndim
    if axis is None or (ndim == 0 and axis in (0, -1)):
        x, over = build.reshape(x, (x.size,)), tuple(range(ndim))
        axis = 0
    else:
        axis = axis_of(axis, ndim)
        over = (axis,)
    if x.shape[axis] == 0:
        raise ValueError(f"attempt to get {function} of an empty sequence")
    y = build.pick(function, x, axis)
    return keep(y, ndim, over) if kept else y


@lowers(np.argmax)
def argmax(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = _NOTHING) -> Node:
    """The position of the greatest, the first of equals."""
    return _pick("argmax", a, axis, out, keepdims)


@lowers(np.argmin)
def argmin(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = _NOTHING) -> Node:
    """The position of the least, the first of equals."""
    return _pick("argmin", a, axis, out, keepdims)


@lowers(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Node:
    """How many elements are not 0, along axes."""
    if axis is None and not keepdims:
        raise TraceError(
            "np.count_nonzero(x) gives a Python number, which needs values: write (x != 0).sum()"
        )
    return sum_(build.cast(as_node(a), np.bool_), axis, np.intp, keepdims=keepdims)


@lowers(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING) -> Node:
    """The greatest less the least."""
    _refuse("ptp", out)
    difference: Node = call(
        np.subtract, max_(a, axis, keepdims=keepdims), min_(a, axis, keepdims=keepdims)
    )
    return difference


def _running(ufunc: np.ufunc, name: str, a: Any, axis: Any, dtype: Any, out: Any) -> Node:
    _refuse(name, out)
    x = as_node(a)
    if axis is None or (x.ndim == 0 and axis in (0, -1)):
        x, axis = build.reshape(x, (x.size,)), 0
    return accumulate(ufunc, x, axis, dtype)


@lowers(np.cumsum)
def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Node:
    """The sum of all elements up to each."""
    return _running(np.add, "cumsum", a, axis, dtype, out)


@lowers(np.cumprod)
def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Node:
    """The product of all elements up to each."""
    return _running(np.multiply, "cumprod", a, axis, dtype, out)


# -- without NaN ----------------------------------------------------------------------------------


def _without_nan(x: Node, neutral: float) -> Node:
    if x.dtype.kind != "f":
        return x
    replaced: Node = call(np.where, call(np.isnan, x), np.array(neutral, x.dtype), x)
    return replaced


@lowers(np.nansum)
def nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The sum, with NaN counted as 0."""
    return sum_(_without_nan(as_node(a), 0), axis, dtype, out, keepdims, initial, where)


@lowers(np.nanprod)
def nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The product, with NaN counted as 1."""
    return prod(_without_nan(as_node(a), 1), axis, dtype, out, keepdims, initial, where)


@lowers(np.nanmax)
def nanmax(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The greatest that is no NaN."""
    return _fold(np.fmax, "nanmax", a, axis, None, out, keepdims, initial, where)


@lowers(np.nanmin)
def nanmin(
    a: Any, axis: Any = None, out: Any = None, keepdims: Any = _NOTHING,
    initial: Any = _NOTHING, where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The least that is no NaN."""
    return _fold(np.fmin, "nanmin", a, axis, None, out, keepdims, initial, where)


@lowers(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = _NOTHING, *,
    where: Any = _NOTHING,
) -> Node:  # fmt: skip
    """The mean of what is no NaN."""
    _refuse("nanmean", out, where)
    x = as_node(a)
    if x.dtype.kind != "f":
        return mean(x, axis, dtype, keepdims=keepdims)
    n = sum_(call(np.logical_not, call(np.isnan, x)), axis, np.intp, keepdims=keepdims)
    total = sum_(_without_nan(x, 0), axis, dtype, keepdims=keepdims)
    return build.cast(call(np.divide, total, n), total.dtype)
