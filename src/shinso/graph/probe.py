"""`Probe`: an array that checks that op code stays traceable, by refusing everything else.

It dispatches NumPy functions, ufuncs, operators and methods to a real array inside, and raises
where op code would let the array escape: a branch on a value, a conversion to a Python number, a
silent conversion with `np.asarray`, a write into something the op did not make. Run your own
operation once on probes and you know that the compiler can follow it:

    with overlaid(ProbeOverlay()):
        loss = my_op(Probe(x))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.cell import Array, Cell, Overlay


class ProbeError(TypeError):
    """Op code did something that a tracer could not have followed."""


_FRESH = {
    "zeros_like",
    "ones_like",
    "full_like",
    "empty_like",
    "zeros",
    "ones",
    "full",
    "array",
    "copy",
}
_WRITERS = {"copyto", "put_along_axis", "place", "putmask", "fill_diagonal", "put"}
_METHODS = {
    "reshape", "transpose", "swapaxes", "squeeze", "flatten", "ravel", "astype", "copy", "view",
    "sum", "mean", "var", "std", "max", "min", "prod", "argmax", "argmin", "any", "all", "clip",
    "repeat", "cumsum", "round", "take",
}  # fmt: skip

vocabulary: set[str] = set()
"""Every NumPy function and ufunc method that probes have met so far: what a compiler must know."""


class Probe:
    """A stand-in for an array inside op code. `Probe(array)`; `.array` gives the real one back."""

    __slots__ = ("array", "fresh", "part")

    def __init__(self, array: Any, fresh: bool = False, part: bool = False) -> None:
        self.array: Array = np.asarray(array)
        self.fresh = fresh  # made by this code: it may be written
        self.part = part  # a slice of such an array: `y[a:b] += x` begins with one

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)
    dtype = property(lambda self: self.array.dtype)
    itemsize = property(lambda self: self.array.itemsize)
    T = property(lambda self: Probe(self.array.T))

    def __len__(self) -> int:
        return len(self.array)

    def __repr__(self) -> str:
        return f"Probe(shape={self.shape}, dtype={self.dtype})"

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(
                f"op code used .{name} on an array, which a tracer does not follow"
            )
        vocabulary.add(f"ndarray.{name}")

        def method(*args: Any, **kwargs: Any) -> Any:
            if "out" in kwargs or "where" in kwargs:
                raise ProbeError(f".{name}(…) with out= or where=")
            result = getattr(self.array, name)(*_real(args), **_real(kwargs))
            return _probed(result, fresh=name in ("copy", "astype"))

        return method

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        vocabulary.add(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}")
        if kwargs.pop("where", True) is not True:
            raise ProbeError(f"np.{ufunc.__name__} with where=: use np.where")
        out = kwargs.pop("out", None)
        if method == "at":
            return self._scatter(ufunc, inputs)
        if out is not None:
            return self._in_place(ufunc, method, inputs, kwargs, out)
        return _probed(getattr(ufunc, method)(*_real(inputs), **_real(kwargs)), fresh=True)

    @staticmethod
    def _in_place(
        ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any], out: Any
    ) -> Any:
        # `a += b` arrives as out=(a,): allowed on an array that this code has made.
        target = out[0]
        if isinstance(target, Probe) and target.part and target is inputs[0]:
            # Only the item assignment that follows writes into the whole, as in a tracer.
            return _probed(getattr(ufunc, method)(*_real(inputs), **_real(kwargs)), fresh=True)
        if not isinstance(target, Probe) or not target.fresh or target is not inputs[0]:
            raise ProbeError(f"np.{ufunc.__name__} writes into an array that the op did not make")
        getattr(ufunc, method)(*_real(inputs), **_real(kwargs), out=target.array)
        return target

    @staticmethod
    def _scatter(ufunc: np.ufunc, inputs: tuple[Any, ...]) -> None:
        target = inputs[0]
        if ufunc is not np.add or not isinstance(target, Probe) or not target.fresh:
            raise ProbeError(
                f"np.{ufunc.__name__}.at writes into an array that the op did not make"
            )
        ufunc.at(*_real(inputs))

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        name = func.__name__
        vocabulary.add(name)
        if name in _WRITERS:
            raise ProbeError(f"np.{name} writes into an array: build a new one")
        if kwargs.get("out") is not None or kwargs.get("where", True) is not True:
            raise ProbeError(f"np.{name} with out= or where=")
        return _probed(func(*_real(args), **_real(kwargs)), fresh=name in _FRESH)

    def __getitem__(self, key: Any) -> Probe:
        basic = all(_is_basic(p) for p in (key if isinstance(key, tuple) else (key,)))
        return Probe(self.array[_real(key)], part=self.fresh and basic)

    def __setitem__(self, key: Any, value: Any) -> None:
        if not self.fresh:
            raise ProbeError("op code wrote into an array that it did not make in this function")
        for part in key if isinstance(key, tuple) else (key,):
            if not _is_basic(part):
                raise ProbeError(
                    "writes go to basic slices; np.add.at serves data-dependent indices"
                )
        self.array[key] = _real(value)

    def __require__(self, message: str | Callable[[], str]) -> None:
        if not np.all(self.array):
            raise ValueError(message if isinstance(message, str) else message())

    def _escape(self, *_: Any, **__: Any) -> Any:
        raise ProbeError(
            "op code took a value out of an array (a branch, a conversion to a number or to "
            "another array, a loop over its elements, a hash). Shapes, dtypes and options may "
            "decide; values may not."
        )

    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = _escape
    __format__ = __iter__ = __hash__ = __contains__ = _escape


def _operator(ufunc: np.ufunc, swapped: bool = False) -> Callable[[Probe, Any], Any]:
    def apply(self: Probe, other: Any) -> Any:
        return ufunc(other, self) if swapped else ufunc(self, other)

    return apply


def _in_place_operator(ufunc: np.ufunc) -> Callable[[Probe, Any], Any]:
    return lambda self, other: ufunc(self, other, out=(self,))


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "lshift": np.left_shift, "rshift": np.right_shift,
}.items():  # fmt: skip
    setattr(Probe, f"__{_name}__", _operator(_ufunc))
    setattr(Probe, f"__r{_name}__", _operator(_ufunc, swapped=True))
    setattr(Probe, f"__i{_name}__", _in_place_operator(_ufunc))
for _name, _ufunc in {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(Probe, f"__{_name}__", _operator(_ufunc))
for _name, _unary in {
    "neg": np.negative, "abs": np.absolute, "invert": np.invert, "pos": np.positive,
}.items():  # fmt: skip
    setattr(Probe, f"__{_name}__", lambda self, _unary=_unary: _unary(self))


class ProbeOverlay(Overlay):
    """Shows every cell as a probe and keeps writes to itself, for layers and optimizers."""

    def adopt(self, cell: Cell, array: Array) -> Any:
        """See a cell's array as a probe."""
        return Probe(array) if isinstance(array, np.ndarray) else array


def _is_basic(part: Any) -> bool:
    return isinstance(part, (int, slice, type(None), type(Ellipsis)))


def _real(value: Any) -> Any:
    """The same structure with real arrays in the place of probes."""
    if isinstance(value, Probe):
        return value.array
    if isinstance(value, (tuple, list)):
        return type(value)(_real(v) for v in value)
    if isinstance(value, dict):
        return {k: _real(v) for k, v in value.items()}
    return value


def _probed(value: Any, fresh: bool = False) -> Any:
    """The same structure with probes in the place of arrays and NumPy scalars."""
    if isinstance(value, (np.ndarray, np.generic)):
        return Probe(value, fresh)
    if isinstance(value, (tuple, list)):
        return type(value)(_probed(v) for v in value)
    return value
