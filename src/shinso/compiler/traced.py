"""`Traced`: the array that op code gets while it is traced. Every operation on it makes a node.

It has an array's operators, methods, shape and dtype, and no values: whatever would need one raises
`TraceError`. What NumPy shares, it shares: a view shows later writes to its array. An array that
was made while tracing may be written, by `y[a:b] = v`, `y[a:b] += v` and `y *= v`; arguments and
cells may not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Check, Node
from shinso.compiler.lowering import ufuncs
from shinso.compiler.lowering.indexing import getitem
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import FUNCTIONS, call, collecting, name_of
from shinso.compiler.lowering.writing import added_at, setitem
from shinso.compiler.source import here, users_line


class Recorder(Protocol):
    """What a traced array needs of the trace it belongs to."""

    checks: list[Check]
    thread: int
    closed: bool


class Storage:
    """The memory of an array: its node now, which every write replaces.

    writable: made by the traced code itself. pending: a part that was changed by `y[key] += v` and
    must come back as `y[key] = …` before anything else happens to this memory.
    """

    __slots__ = ("node", "pending", "trace", "version", "writable")

    def __init__(self, node: Node, trace: Recorder, writable: bool) -> None:
        self.node, self.trace, self.writable = node, trace, writable
        self.version = 0
        self.pending: Pending | None = None

    def put(self, node: Node) -> None:
        """The memory's new content."""
        self.node = node
        self.version += 1


class Pending:
    """The first half of `y[key] += v`."""

    __slots__ = ("base", "key", "result", "ufunc", "value")

    def __init__(self, base: Traced, key: Any, ufunc: np.ufunc, value: Any, result: Traced) -> None:
        self.base, self.key, self.ufunc = base, key, ufunc
        self.value, self.result = value, result


_NO_KEY = object()


class Traced:
    """An array without values. `_parent` and `_again`: what it is a view of, and how to look again.

    scalar: whether NumPy would have made a scalar here, which is never written.
    """

    __slots__ = (
        "__weakref__", "_again", "_key", "_node", "_parent", "_scalar", "_seen", "_storage",
    )  # fmt: skip

    def __init__(self, storage: Storage, scalar: bool = False) -> None:
        self._storage, self._scalar = storage, scalar
        self._node = storage.node
        self._seen = storage.version
        self._parent: Traced | None = None
        self._again: Callable[[], Node] | None = None
        self._key: Any = _NO_KEY

    # -- what may be known -----------------------------------------------------------------------

    shape = property(lambda self: self._node.shape)
    ndim = property(lambda self: self._node.ndim)
    size = property(lambda self: self._node.size)
    dtype = property(lambda self: self._node.dtype)
    itemsize = property(lambda self: self._node.dtype.itemsize)
    nbytes = property(lambda self: self._node.size * self._node.dtype.itemsize)

    def __len__(self) -> int:
        if not self._node.shape:
            raise TypeError("len() of unsized object")
        return self._node.shape[0]

    def __repr__(self) -> str:
        return f"Traced(shape={self.shape}, dtype={self.dtype})"

    def __iter__(self) -> Iterator[Any]:
        if not self._node.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self._node.shape[0]))

    def __copy__(self) -> Any:
        return self.copy()  # type: ignore[attr-defined]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self.copy()  # type: ignore[attr-defined]

    # -- NumPy's protocols -----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return apply_function(func, args, kwargs, self)

    def __require__(self, message: str | Callable[[], str]) -> None:
        condition = build.cast(node_of(self), np.bool_)
        self._storage.trace.checks.append(Check(condition, ValueError, message))

    # -- parts -----------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        node = _lowered(getitem, (self, key), {}, self._storage.trace)
        parts = key if isinstance(key, tuple) else (key,)
        if not all(_is_basic(p) for p in parts):
            return _fresh(node, self._storage.trace, scalar=not node.shape)
        if not node.shape and not any(p is Ellipsis for p in parts):
            return _fresh(node, self._storage.trace, scalar=True)
        part = _view(node, self, lambda: getitem(node_of(self), _nodes(key)))
        part._key = key
        return part

    def __setitem__(self, key: Any, value: Any) -> None:
        storage = self._storage
        pending = storage.pending
        if pending is not None:
            if not (pending.base is self and pending.key is key and pending.result is value):
                node_of(self)  # raises
            storage.pending = None
            if pending.ufunc is np.add:
                args: tuple[Any, ...] = (self, key, pending.value, True)
            else:
                args = (self, key, value, False)
        else:
            args = (self, key, value, False)
        _may_write(self, "y[…] = v")
        storage.put(_lowered(setitem, args, {}, storage.trace))

    # -- what would need a value -----------------------------------------------------------------

    def __bool__(self) -> bool:
        raise _escape(self, "a branch on its value", "np.where(condition, a, b)")

    def __contains__(self, item: Any) -> bool:
        raise _escape(self, "`in` looks at values", "(x == item).any()")

    def __hash__(self) -> int:
        raise _escape(self, "a hash needs values", "a key that is known, or a list")

    def __format__(self, spec: str) -> str:
        raise _escape(self, "a formatted value", "return it and print it after the call")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise _escape(
            self,
            "a real NumPy array is asked for (by np.asarray, np.array([…]), an index into a real "
            "array, a library outside NumPy)",
            "np.stack([…]), np.take(x, i), np.array(…, like=x); or do this outside",
        )


def _escapes(what: str, remedy: str) -> Callable[..., Any]:
    def escape(self: Traced, *_: Any, **__: Any) -> Any:
        raise _escape(self, what, remedy)

    return escape


_NUMBERS = ("__float__", "__int__", "__index__", "__complex__", "__reduce__", "item", "tolist")
for _name in _NUMBERS:
    setattr(
        Traced,
        _name,
        _escapes(
            "a Python number is asked for" if _name != "tolist" else "Python numbers are asked for",
            "keep computing with the array, or return it and convert it after the call",
        ),
    )


def _escape(x: Traced, what: str, remedy: str) -> TraceError:
    _alive(x)
    return TraceError(
        f"a traced array (shape {x.shape}, {x.dtype}) has no values yet: {what}. Instead: {remedy}",
        users_line(),
    )


# -- nodes of traced arrays -----------------------------------------------------------------------


def node_of(x: Traced) -> Node:
    """The node that a traced array stands for now. Raises TraceError if it must not be used."""
    _alive(x)
    storage = x._storage
    if storage.pending is not None:
        raise TraceError(
            "this array was changed through a part of it that has a name (v = y[…]; v += …): write "
            "y[…] += … in one statement",
            users_line(),
        )
    if x._parent is None:
        return storage.node
    if x._seen != storage.version:
        if x._again is None:
            raise TraceError(
                "this array may share memory with one that was written after it was made (a "
                "reshape, ravel or the like): make it again after the write, or .copy() it",
                users_line(),
            )
        x._node, x._seen = x._again(), storage.version
    return x._node


def _alive(x: Traced) -> None:
    trace = x._storage.trace
    if trace.closed:
        raise TraceError(
            "an array of a compiled function is used after the function has returned: return it, "
            f"or keep it in a cell. It was made at {x._node.source}",
            users_line(),
        )
    if trace.thread != threading.get_ident():
        raise TraceError(
            "a traced array is used by another thread than the one that traces", users_line()
        )


def _may_write(x: Traced, how: str) -> None:
    if x._scalar:
        raise TypeError(f"'numpy.{x.dtype}' object does not support item assignment")
    if not x._storage.writable:
        raise TraceError(
            f"{how} writes into an argument, a cell, or memory shared with one: write y = x.copy() "
            "first, or build a new array (a cell is written whole: cell.data = …)",
            users_line(),
        )
    if x._parent is not None:
        raise TraceError(
            f"{how} writes through a view: write to the array itself, y[…] = v in one statement",
            users_line(),
        )


def _fresh(node: Node, trace: Recorder, scalar: bool) -> Traced:
    return Traced(Storage(node, trace, not scalar), scalar)


def held(node: Node, trace: Recorder, scalar: bool = False) -> Traced:
    """An array that traced code may read but not write: an argument, or a cell's."""
    return Traced(Storage(node, trace, False), scalar)


def fresh(node: Node, trace: Recorder) -> Traced:
    """An array that traced code has made itself."""
    return _fresh(node, trace, False)


def _view(node: Node, parent: Traced, again: Callable[[], Node] | None) -> Traced:
    view = Traced(parent._storage)
    view._node, view._parent, view._again = node, parent, again
    return view


def _nodes(value: Any) -> Any:
    """The same structure with nodes in the place of traced arrays."""
    if isinstance(value, Traced):
        return node_of(value)
    if isinstance(value, (tuple, list)):
        items = [_nodes(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {k: _nodes(v) for k, v in value.items()}
    if isinstance(value, slice):
        return slice(_nodes(value.start), _nodes(value.stop), _nodes(value.step))
    return value


def _first(value: Any) -> Traced | None:
    """The first traced array in a structure."""
    if isinstance(value, Traced):
        return value
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, (tuple, list, dict)):
        for v in items:
            found = _first(v)
            if found is not None:
                return found
    return None


def _lowered(
    lowering: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], trace: Recorder
) -> Any:
    """A lowering's nodes, with the line they come from; errors get the user's line."""
    try:
        with build.located(here()), collecting(trace.checks):
            return lowering(*_nodes(args), **_nodes(kwargs))
    except TraceError as error:
        raise error.at(users_line())  # noqa: B904  the very error, with its line


# -- functions ------------------------------------------------------------------------------------

_VIEWS = {
    np.transpose, np.permute_dims, np.matrix_transpose, np.linalg.matrix_transpose, np.swapaxes,
    np.moveaxis, np.rollaxis, np.squeeze, np.expand_dims, np.broadcast_to, np.flip, np.fliplr,
    np.flipud, np.rot90, np.diagonal, np.linalg.diagonal, np.split, np.array_split, np.hsplit,
    np.vsplit, np.dsplit, np.unstack, np.asarray, np.asanyarray,
    np.lib.stride_tricks.sliding_window_view, np.real, np.imag,
}  # fmt: skip
_EACH = {np.broadcast_arrays, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.ix_}
_PERHAPS = {np.reshape, np.ravel, np.diag, np.einsum, np.ascontiguousarray, np.asfortranarray,
            np.meshgrid, np.nan_to_num, np.trim_zeros, np.real_if_close, np.astype}  # fmt: skip
_LIKE = {np.zeros_like, np.ones_like, np.empty_like, np.full_like}
# What NumPy makes of 0-d results: these give a scalar, these one of a scalar, these an array;
# all functions that are not named here give scalars.
_PICKS = {np.flip, np.einsum}
_KEEPS = {np.reshape, np.transpose, np.squeeze, np.real, np.imag}
_ARRAYS = {
    np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like,
    np.array, np.copy, np.where, np.tensordot, np.select, np.pad, np.roll, np.i0, np.isin, np.cov,
}  # fmt: skip


def apply_function(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], like: Traced
) -> Any:
    """A NumPy function (or a method of the same meaning) called with traced arrays."""
    trace = like._storage.trace
    if function not in FUNCTIONS:
        raise TraceError(_unknown(function), users_line())
    result = _lowered(FUNCTIONS[function], args, kwargs, trace)
    if function in _LIKE and args and isinstance(args[0], Traced) and "order" not in kwargs:
        result = build.laid_out(result, node_of(args[0]))
    copy = kwargs.get("copy", True)
    if function is np.array and not copy:
        function = np.asarray
    parent = args[0] if args and isinstance(args[0], Traced) else None
    if function in _EACH:
        return _each(function, result, args, kwargs, trace)
    if function in _VIEWS and parent is not None:
        return _views(function, result, args, kwargs, parent, exact=True)
    if function is np.nan_to_num and not copy:
        raise TraceError("np.nan_to_num(copy=False) writes into its argument: leave copy= out",
                         users_line())  # fmt: skip
    if function in _PERHAPS and not (function in (np.nan_to_num, np.astype) and copy):
        parent = _first(args) if parent is None else parent
        if parent is not None and not _surely_new(function, result, args, parent):
            return _views(function, result, args, kwargs, parent, exact=False)
    if function is np.asarray or function is np.asanyarray:
        return held(result, trace)  # of a real array, which is not the step's to write
    return _made(result, trace, function not in _ARRAYS)


def _surely_new(function: Any, result: Any, args: tuple[Any, ...], parent: Traced) -> bool:
    return (function is np.einsum and sum(hasattr(a, "shape") for a in args) > 1) or (
        function is np.diag and parent.ndim == 1
    )


def _made(result: Any, trace: Recorder, scalars: bool) -> Any:
    if isinstance(result, Node):
        return _fresh(result, trace, scalars and not result.shape)
    if isinstance(result, (tuple, list)):
        items = [_made(r, trace, scalars) for r in result]
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    return result


def _views(function: Any, result: Any, args: Any, kwargs: Any, parent: Traced, exact: bool) -> Any:
    """Results that share the memory of `parent`; exact: an index map, which can be looked through
    again after a write.
    """

    def again(i: int | None) -> Callable[[], Node] | None:
        if not exact:
            return None

        def look() -> Node:
            seen = call(function, *_nodes(args), **_nodes(kwargs))
            return cast(Node, seen if i is None else seen[i])

        return look

    if isinstance(result, Node):
        if not result.shape and (function in _PICKS or (parent._scalar and function in _KEEPS)):
            return _fresh(result, parent._storage.trace, True)
        if parent._scalar:
            return _fresh(result, parent._storage.trace, False)
        return _view(result, parent, again(None))
    return type(result)(_view(r, parent, again(i)) for i, r in enumerate(result))


def _each(function: Any, result: Any, args: Any, kwargs: Any, trace: Recorder) -> Any:
    """Several arrays in, a view of each out."""
    if isinstance(result, Node):
        result = (result,)
        single = True
    else:
        single = False
    made = []
    for given, node in zip(args, result, strict=True):
        if isinstance(given, Traced):
            made.append(_views(function, node, (given,), kwargs, given, exact=False))
        else:
            made.append(held(node, trace))
    return made[0] if single else tuple(made)


def _unknown(function: Callable[..., Any]) -> str:
    name = name_of(function)
    if name in ("np.copyto", "np.place", "np.put", "np.putmask", "np.put_along_axis"):
        return f"{name} writes into an array: build a new one with np.where"
    if getattr(function, "__name__", "") in _SHAPED_BY_VALUES:
        return (
            f"{name} gives a result whose shape depends on values, so that it cannot be compiled: "
            "np.where(condition, x, 0) keeps the shape; or call it outside the compiled function"
        )
    return (
        f"{name} cannot be compiled: shinso.compile does not know it. Write it with functions that "
        "are compiled, or call it outside the compiled function"
    )


_SHAPED_BY_VALUES = {
    "nonzero", "flatnonzero", "argwhere", "unique", "extract", "union1d", "intersect1d",
    "setdiff1d", "bincount", "histogram", "unique_values", "unique_counts", "trim_zeros",
}  # fmt: skip


# -- ufuncs ---------------------------------------------------------------------------------------


def apply_ufunc(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """A ufunc, or one of its methods, called with traced arrays."""
    out = kwargs.pop("out", None)
    if kwargs.pop("where", True) is not True:
        raise TraceError(
            f"{name_of(ufunc)} with where= cannot be compiled: write np.where", users_line()
        )
    if method == "at":
        return _add_at(ufunc, inputs)
    if out is not None and any(target is not None for target in out):
        return _out(ufunc, method, inputs, kwargs, out)
    found = _first((inputs, kwargs))
    if found is None:
        raise TraceError(f"{name_of(ufunc)}: no traced operand", users_line())
    if ufunc not in FUNCTIONS:
        raise TraceError(_unknown(ufunc), users_line())
    lowering = FUNCTIONS[ufunc] if method == "__call__" else _method(ufunc, method)
    return _made(_lowered(lowering, inputs, kwargs, found._storage.trace),
                 found._storage.trace, True)  # fmt: skip


def _method(ufunc: np.ufunc, method: str) -> Callable[..., Any]:
    lowering: dict[str, Callable[..., Any]] = {
        "reduce": ufuncs.reduce, "accumulate": ufuncs.accumulate, "outer": ufuncs.outer,
    }  # fmt: skip
    if method not in lowering:
        raise TraceError(f"{name_of(ufunc)}.{method} cannot be compiled", users_line())
    chosen = lowering[method]
    return lambda *args, **kwargs: chosen(ufunc, *args, **kwargs)


def _out(ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any], out: tuple[Any, ...]) -> Any:
    """`a += b` arrives as out=(a,)."""
    target = out[0]
    if isinstance(target, Traced) and target is inputs[0] and method == "__call__":
        return in_place(ufunc, target, *inputs[1:], **kwargs)
    if not isinstance(target, Traced):
        raise TraceError(
            f"{name_of(ufunc)} would write a traced array into a real one (g = np.zeros(…); "
            "g += x): make it with np.zeros_like(x, shape=…), which makes an array of the step",
            users_line(),
        )
    raise TraceError(
        f"{name_of(ufunc)} with out= cannot be compiled: use the result instead", users_line()
    )


def in_place(ufunc: np.ufunc, target: Traced, *others: Any, **kwargs: Any) -> Any:
    """`target op= other`: written into the array where NumPy writes, a new scalar for a scalar."""
    if target._scalar:
        return apply_ufunc(ufunc, "__call__", (target, *others), kwargs)
    parent = target._parent
    part = target._key is not _NO_KEY and parent is not None
    if part and parent is not None:
        _may_write(parent, f"y[…] {_symbol(ufunc)}= v")
    else:
        _may_write(target, f"y {_symbol(ufunc)}= v")
    node = _lowered(_into, (ufunc, target, *others), kwargs, target._storage.trace)
    if part and parent is not None:
        result = _fresh(node, target._storage.trace, False)
        target._storage.pending = Pending(parent, target._key, ufunc, others[0], result)
        return result
    target._storage.put(node)
    return target


def _into(ufunc: np.ufunc, target: Node, *others: Any, **kwargs: Any) -> Node:
    result = call(ufunc, target, *others, **kwargs)
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise TypeError(
            f"Cannot cast ufunc '{ufunc.__name__}' output from {result.dtype!r} to "
            f"{target.dtype!r} with casting rule 'same_kind'"
        )
    if result.shape != target.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {target.shape} doesn't match the "
            f"broadcast shape {result.shape}"
        )
    return build.cast(result, target.dtype)


def _symbol(ufunc: np.ufunc) -> str:
    return {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}.get(ufunc.__name__, "…")


def _add_at(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> None:
    target = inputs[0]
    if not isinstance(target, Traced):
        raise TraceError(
            f"{name_of(ufunc)}.at would write a traced array into a real one: make it with "
            "np.zeros_like(x, shape=…)",
            users_line(),
        )
    if ufunc is not np.add:
        raise TraceError(f"{name_of(ufunc)}.at cannot be compiled, only np.add.at", users_line())
    _may_write(target, "np.add.at")
    target._storage.put(_lowered(added_at, inputs, {}, target._storage.trace))


def _is_basic(part: Any) -> bool:
    if isinstance(part, (bool, np.bool_)):
        return False
    return part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer))


def constant(value: Any, trace: Recorder) -> Traced:
    """A real array as part of the program."""
    with build.located(here()):
        return held(as_node(value), trace)
