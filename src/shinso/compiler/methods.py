"""An array's operators and methods on `Traced`: each is the NumPy function of the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.source import here, users_line
from shinso.compiler.traced import Traced, apply_function, apply_ufunc, fresh, in_place, node_of

_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "divmod": np.divmod, "pow": np.power,
    "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
    "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
_COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip
_UNARY = {"neg": np.negative, "abs": np.absolute, "invert": np.invert, "pos": np.positive}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "prod": np.prod,
    "argmax": np.argmax, "argmin": np.argmin, "any": np.any, "all": np.all, "ravel": np.ravel,
    "squeeze": np.squeeze, "repeat": np.repeat, "cumsum": np.cumsum, "cumprod": np.cumprod,
    "swapaxes": np.swapaxes, "take": np.take, "dot": np.dot, "var": np.var, "std": np.std,
    "trace": np.trace, "diagonal": np.diagonal, "round": np.round, "clip": np.clip,
    "argsort": np.argsort, "nonzero": np.nonzero, "choose": np.choose, "compress": np.compress,
    "conj": np.conjugate, "conjugate": np.conjugate,
}  # fmt: skip
_WRITERS = ("sort", "resize", "itemset", "put", "partition", "byteswap", "setflags", "setfield")


def _defers(other: Any) -> bool:
    """Whether the other operand wants the operator for itself, as a Tensor does."""
    kind = type(other)
    return getattr(kind, "__array_ufunc__", True) is None


def _operator(ufunc: np.ufunc, swapped: bool = False) -> Callable[[Traced, Any], Any]:
    def apply(self: Traced, other: Any) -> Any:
        if _defers(other):
            return NotImplemented
        return apply_ufunc(ufunc, "__call__", (other, self) if swapped else (self, other), {})

    return apply


def _in_place_operator(ufunc: np.ufunc) -> Callable[[Traced, Any], Any]:
    def apply(self: Traced, other: Any) -> Any:
        return NotImplemented if _defers(other) else in_place(ufunc, self, other)

    return apply


def _unary(ufunc: np.ufunc) -> Callable[[Traced], Any]:
    return lambda self: apply_ufunc(ufunc, "__call__", (self,), {})


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(function, np.ufunc):
        return _unary(function)
    return lambda self, *args, **kwargs: apply_function(function, (self, *args), kwargs, self)


def _power(self: Traced, exponent: Any) -> Any:
    """`x ** 2` is np.square for NumPy, `x ** 0.5` np.sqrt: of arrays, not of scalars."""
    if _defers(exponent):
        return NotImplemented
    if type(exponent) in (int, float) and not self._scalar:
        real = self.dtype.kind == "f"
        if exponent == 2 and (real or type(exponent) is int):
            return apply_ufunc(np.square, "__call__", (self,), {})
        if exponent == 0.5 and real:
            return apply_ufunc(np.sqrt, "__call__", (self,), {})
    return apply_ufunc(np.power, "__call__", (self, exponent), {})


def _several(given: tuple[Any, ...]) -> Any:
    """x.reshape(2, 3) and x.reshape((2, 3)) mean the same."""
    return given[0] if len(given) == 1 and not isinstance(given[0], int) else given


def _reshape(self: Traced, *shape: Any, **kwargs: Any) -> Any:
    return apply_function(np.reshape, (self, _several(shape)), kwargs, self)


def _transpose(self: Traced, *axes: Any) -> Any:
    order = None if not axes or axes == (None,) else _several(axes)
    return apply_function(np.transpose, (self, order), {}, self)


def _copy(self: Traced, order: str = "C") -> Any:
    with build.located(here()):
        node = build.copy(node_of(self), "C" if order == "C" else "K")
    return _like(self, node)


def _like(x: Traced, node: Any) -> Traced:
    made = fresh(node, x._storage.trace)
    made._scalar = x._scalar
    made._storage.writable = not x._scalar
    return made


def _astype(
    self: Traced, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True,
    copy: bool = True,
) -> Any:  # fmt: skip
    wanted = np.dtype(dtype)
    if not np.can_cast(self.dtype, wanted, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast array data from {self.dtype!r} to {wanted!r} according to the rule "
            f"{casting!r}"
        )
    if wanted.kind not in "biufc":
        raise TraceError(f"astype({wanted}): only numbers can be compiled", users_line())
    if not copy and self.dtype == wanted:
        return self
    with build.located(here()):
        x = node_of(self)
        node = build.copy(x, order) if x.dtype == wanted else build.cast(x, wanted)
    return _like(self, node)


def _flatten(self: Traced, order: str = "C") -> Any:
    flat = apply_function(np.ravel, (self, order), {}, self)
    return _copy(flat)


def _fill(self: Traced, value: Any) -> None:
    self[...] = value


def _dot(self: Traced, other: Any, out: Any = None) -> Any:
    if out is not None:
        raise TraceError("x.dot with out= cannot be compiled: use the result", users_line())
    return apply_function(np.dot, (self, other), {}, self)


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Traced, *_: Any, **__: Any) -> Any:
        raise TraceError(
            f"x.{name}(…) changes an array or its memory, which cannot be compiled: use the NumPy "
            f"function that returns a new array",
            users_line(),
        )

    return method


def _reinterpreted(self: Traced, *args: Any, **kwargs: Any) -> Any:
    raise TraceError(
        "x.view(…) reads the bytes as another type, which cannot be compiled: x.astype(dtype) "
        "converts values, x[...] is another view of the same array",
        users_line(),
    )


def _attribute(function: Callable[..., Any]) -> property:
    return property(lambda self: apply_function(function, (self,), {}, self))


def _install() -> None:
    for name, ufunc in _BINARY.items():
        setattr(Traced, f"__{name}__", _operator(ufunc))
        setattr(Traced, f"__r{name}__", _operator(ufunc, swapped=True))
        setattr(Traced, f"__i{name}__", _in_place_operator(ufunc))
    for name, ufunc in _COMPARISONS.items():
        setattr(Traced, f"__{name}__", _operator(ufunc))
    for name, ufunc in _UNARY.items():
        setattr(Traced, f"__{name}__", _unary(ufunc))
    for name, function in _FUNCTIONS.items():
        setattr(Traced, name, _method(function))
    for name in _WRITERS:
        setattr(Traced, name, _refused(name))
    special = {
        "reshape": _reshape, "transpose": _transpose, "copy": _copy, "astype": _astype,
        "flatten": _flatten, "fill": _fill, "dot": _dot, "view": _reinterpreted, "__pow__": _power,
    }  # fmt: skip
    for name, method in special.items():
        setattr(Traced, name, method)
    Traced.T = _attribute(np.transpose)  # type: ignore[attr-defined]
    Traced.mT = _attribute(np.matrix_transpose)  # type: ignore[attr-defined]
    Traced.real = _attribute(np.real)  # type: ignore[attr-defined]
    Traced.imag = _attribute(np.imag)  # type: ignore[attr-defined]


_install()
