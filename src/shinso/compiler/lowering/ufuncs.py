"""Functions of elements: every NumPy ufunc, and what is made of them: where, clip, round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axes_of, axis_of
from shinso.compiler.lowering.operand import (
    as_node,
    broadcast_together,
    common_type,
    is_weak,
    loop_operands,
)
from shinso.compiler.lowering.registry import FUNCTIONS, lowers, name_of

_COMPARISONS = (
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
)  # fmt: skip


def elementwise(
    ufunc: np.ufunc, *inputs: Any, dtype: Any = None, casting: str = "same_kind",
    order: str = "K", subok: bool = True, signature: Any = None,
) -> Any:  # fmt: skip
    """A ufunc of operands that broadcast together; several results for divmod, modf and frexp."""
    if signature is not None or order not in ("K", "C", "A") or casting != "same_kind":
        raise TraceError(
            f"{name_of(ufunc)} with signature=, casting= or order= cannot be compiled: cast the "
            "operands with astype"
        )
    if len(inputs) != ufunc.nin:
        raise TypeError(f"{ufunc.__name__}() takes {ufunc.nin} arrays but {len(inputs)} were given")
    if ufunc in _COMPARISONS:
        decided = _out_of_range(ufunc, inputs)
        if decided is not None:
            return decided
    if ufunc is np.divmod:
        return elementwise(np.floor_divide, *inputs), elementwise(np.remainder, *inputs)
    nodes, results = loop_operands(ufunc, inputs, dtype)
    if len(results) == 1:
        return build.apply(ufunc.__name__, nodes, results[0])
    shape = nodes[0].shape
    return build.host(
        ufunc.__name__, (ufunc.__name__, 0), ufunc, nodes, [(shape, d) for d in results]
    )


def _out_of_range(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> Node | None:
    """Integers compared with a Python number that their dtype cannot hold: the answer is known."""
    for i, value in enumerate(inputs):
        other = inputs[1 - i]
        if type(value) is not int or is_weak(other):
            continue
        x = as_node(other)
        if x.dtype.kind in "iu":
            limits = np.iinfo(x.dtype)
            if not limits.min <= value <= limits.max:
                zero = np.zeros((), x.dtype)
                answer = ufunc(*((value, zero) if i == 0 else (zero, value)))
                return build.full(build.constant(np.bool_(answer)), x.shape)
    return None


def _register() -> None:
    for name in dir(np):
        ufunc: Any = getattr(np, name)
        if (
            isinstance(ufunc, np.ufunc)
            and ufunc.signature is None
            and ufunc not in FUNCTIONS
            and _is_named(ufunc)
        ):
            lowers(ufunc)(_of(ufunc))


def _is_named(ufunc: np.ufunc) -> bool:
    """Whether the interpreter finds it under its name."""
    return getattr(np, ufunc.__name__, None) is ufunc


def _of(ufunc: np.ufunc) -> Callable[..., Any]:
    return lambda *inputs, **options: elementwise(ufunc, *inputs, **options)


_register()


# -- a ufunc's methods ----------------------------------------------------------------------------


def reduce(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None,
    keepdims: Any = False, initial: Any = None, where: Any = True,
) -> Node:  # fmt: skip
    """`ufunc.reduce`: all elements along axes folded into one."""
    x = as_node(array)
    over = folded_axes(axis, x)
    given = (None, x.dtype, None)
    if dtype is None:
        types = ufunc.resolve_dtypes(given, reduction=True)
    else:
        wanted = np.dtype(dtype)
        types = ufunc.resolve_dtypes(given, signature=(wanted, None, None), reduction=True)
    if types[0] != types[2] or types[1] != types[2]:
        raise TraceError(f"{name_of(ufunc)}.reduce of {x.dtype} cannot be compiled")
    x = build.cast(x, types[2])
    if initial is None or initial is np._NoValue:
        _demand_elements(ufunc, x, over)
        y = build.reduce(ufunc.__name__, x, over)
    else:
        empty = any(x.shape[a] == 0 for a in over) and ufunc.identity is None
        kept = tuple(n for a, n in enumerate(x.shape) if a not in over)
        begin = build.cast(as_node(initial, x.dtype), x.dtype)
        y = build.full(begin, kept)
        if not empty:
            y = elementwise(ufunc, y, build.reduce(ufunc.__name__, x, over))
    return keep(y, x.ndim, over) if keepdims and keepdims is not np._NoValue else y


def folded_axes(axis: Any, x: Node) -> tuple[int, ...]:
    """The axes that a fold is over; axis 0 or -1 of a 0-d array is none, as for NumPy's ufuncs."""
    if axis is None or (x.ndim == 0 and axis in (0, -1, (0,), (-1,))):
        return tuple(range(x.ndim))
    return axes_of(axis, x.ndim)


def _demand_elements(ufunc: np.ufunc, x: Node, over: tuple[int, ...]) -> None:
    if ufunc.identity is None and any(x.shape[a] == 0 for a in over):
        raise ValueError(
            f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
        )


def keep(y: Node, ndim: int, over: tuple[int, ...]) -> Node:
    """A result with the axes that were folded away put back, of length 1."""
    left = iter(range(y.ndim))
    return build.select(y, [None if a in over else next(left) for a in range(ndim)])


def accumulate(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Node:
    """`ufunc.accumulate`: the fold of all elements up to each."""
    x = as_node(array)
    if x.ndim == 0:
        raise TypeError("cannot accumulate on a scalar")
    axis = axis_of(axis, x.ndim)
    wanted = reduced_type(ufunc, x.dtype) if dtype is None else np.dtype(dtype)
    x = build.cast(x, wanted)
    if ufunc in (np.add, np.multiply):
        return build.scan(ufunc.__name__, x, axis)
    name = f"{ufunc.__name__}.accumulate"
    run: Callable[..., Any] = lambda a: ufunc.accumulate(a, axis)  # noqa: E731
    return build.host(name, (name, axis, 0), run, (x,), [(x.shape, x.dtype)])[0]


def reduced_type(ufunc: np.ufunc, dtype: Any) -> np.dtype[Any]:
    """The dtype that NumPy folds in: small integers are added and multiplied as int64."""
    return ufunc.resolve_dtypes((None, dtype, None), reduction=True)[2]


def outer(ufunc: np.ufunc, a: Any, b: Any, **options: Any) -> Any:
    """`ufunc.outer`: every element of a with every element of b."""
    x, y = as_node(a), as_node(b)
    x = build.select(x, [*range(x.ndim), *[None] * y.ndim])
    return elementwise(ufunc, x, y, **options)


# -- functions made of ufuncs ---------------------------------------------------------------------


@lowers(np.where)
def where(condition: Any, x: Any = None, y: Any = None, /) -> Node:
    """x where the condition holds, else y."""
    if x is None or y is None:
        raise TraceError(
            "np.where(condition) gives as many positions as there are: its shape depends on "
            "values. np.where(condition, x, y) keeps the shape"
        )
    dtype = common_type(x, y)
    chosen = build.cast(as_node(condition), np.bool_)
    nodes = (chosen, *(_wrapped(v, dtype) for v in (x, y)))
    return build.apply("where", broadcast_together(nodes), dtype)


def _wrapped(value: Any, dtype: Any) -> Node:
    """An operand in a dtype; a Python integer that it cannot hold wraps around, here only."""
    if type(value) is int:
        value = np.asarray(value).astype(dtype)
    return build.cast(as_node(value, dtype), dtype)


_NOTHING: Any = np._NoValue


@lowers(np.clip)
def clip(
    a: Any, a_min: Any = _NOTHING, a_max: Any = _NOTHING, out: Any = None, *,
    min: Any = _NOTHING, max: Any = _NOTHING, dtype: Any = None,
) -> Node:  # fmt: skip
    """a, but at least a_min and at most a_max; None for no limit."""
    if out is not None:
        raise TraceError("np.clip with out= cannot be compiled: use the result instead")
    low = a_min if a_min is not _NOTHING else None if min is _NOTHING else min
    high = a_max if a_max is not _NOTHING else None if max is _NOTHING else max
    x = as_node(a)
    if x.dtype.kind in "iu":
        limits = np.iinfo(x.dtype)
        low = None if type(low) is int and low <= limits.min else low
        high = None if type(high) is int and high >= limits.max else high
    if low is None and high is None:
        return build.copy(x)
    if dtype is None:
        dtype = common_type(x, *(v for v in (low, high) if v is not None))
    y = build.cast(x, dtype)
    if low is not None:
        y = elementwise(np.maximum, y, _limit(low, dtype))
    if high is not None:
        y = elementwise(np.minimum, y, _limit(high, dtype))
    return y


def _limit(value: Any, dtype: Any) -> Node:
    return build.cast(as_node(value, dtype), dtype)


@lowers(np.round, np.around)
def round_(a: Any, decimals: int = 0, out: Any = None) -> Node:
    """Rounded to the nearest, halves to even."""
    if out is not None:
        raise TraceError("np.round with out= cannot be compiled: use the result instead")
    x = as_node(a)
    if x.dtype.kind in "iub" and decimals >= 0:
        return build.cast(x, np.float16) if x.dtype == bool else build.copy(x)
    if decimals == 0:
        return _element(np.rint, x)
    factor = 10.0 ** abs(decimals)
    first, last = (np.multiply, np.divide) if decimals > 0 else (np.divide, np.multiply)
    y = _element(last, _element(np.rint, _element(first, x, factor)), factor)
    return build.cast(y, x.dtype)


def _element(ufunc: np.ufunc, *inputs: Any) -> Node:
    result: Node = elementwise(ufunc, *inputs)
    return result


@lowers(np.fix)
def fix(x: Any, out: Any = None) -> Node:
    """Rounded towards zero."""
    if out is not None:
        raise TraceError("np.fix with out= cannot be compiled: use the result instead")
    return _element(np.trunc, x)


@lowers(np.real)
def real(val: Any) -> Node:
    """The real part: of real numbers the numbers themselves."""
    return _real_only(val)


@lowers(np.imag)
def imag(val: Any) -> Node:
    """The imaginary part: of real numbers zeros."""
    x = _real_only(val)
    return build.full(build.constant(np.zeros((), x.dtype)), x.shape)


def _real_only(val: Any) -> Node:
    x = as_node(val)
    if x.dtype.kind == "c":
        raise TraceError("the parts of complex arrays cannot be compiled: keep two real arrays")
    return x
