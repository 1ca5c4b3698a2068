"""What every element-wise function does to one element, or to a vector of them, in LLVM.

Results are NumPy's, also where LLVM has none: integers divide by zero to zero, shifts by too much
give what shifting bit by bit would, and a float that no integer can hold converts as it does on
x86. Booleans are single bits in registers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from shinso.compiler import vector_math
from shinso.compiler.integer import SIGNED, UNSIGNED
from shinso.compiler.target import Target
from shinso.compiler.vector_math.lanes import Lanes

Type = np.dtype[Any]


def emit(
    builder: Any,
    target: Target,
    function: str,
    operands: Sequence[Any],
    types: Sequence[Type],
    result: Type,
) -> Any:
    """One function of elements.

    function: NumPy's name, one of SUPPORTED; operands: LLVM values, all numbers or all vectors of
    one length; types: their dtypes, those of one of the ufunc's loops; result: that loop's result.
    Some functions add basic blocks: the builder then stands at the end of the last one.
    Raises NotImplementedError for a function that these dtypes do not have.
    """
    values = [Lanes(builder, target, x) for x in operands]
    if function == "where":
        return values[0].choose(values[1], values[2]).value
    if function in _COMPARISONS:
        return _compare(function, values, types).value
    if function in _PREDICATES:
        return _PREDICATES[function](*values).value
    if function == "power" and types[0].kind == "f":
        return _power(*values).value
    if function == "bitwise_count":
        counted = abs(values[0]) if types[0].kind == "i" else values[0]
        counted = counted.intrinsic("ctpop")
        return cast(builder, target, counted.value, np.dtype(f"u{types[0].itemsize}"), result)
    table = _TABLES[types[0].kind]
    if function not in table:
        raise NotImplementedError(f"{function} of {', '.join(map(str, types))}")
    return table[function](*values).value


# -- results of true and false --------------------------------------------------------------------

_COMPARISONS = {
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}


def _compare(function: str, values: Sequence[Lanes], types: Sequence[Type]) -> Lanes:
    x, y = values
    operator, b = _COMPARISONS[function], x.builder
    if types[0].kind == "f":
        ordered = b.fcmp_unordered if operator == "!=" else b.fcmp_ordered
        return x.of(ordered(operator, x.value, y.value))
    if types[0].kind != types[1].kind:  # int64 beside uint64
        plain = x.of(b.icmp_unsigned(operator, x.value, y.value))
        left = types[0].kind == "i"
        negative = (x if left else y) < 0
        below = operator in (("<", "<=", "!=") if left else (">", ">=", "!="))
        return negative.choose(plain.constant(below), plain)
    call = b.icmp_signed if types[0].kind == "i" else b.icmp_unsigned
    return x.of(call(operator, x.value, y.value))


def _true(x: Lanes) -> Lanes:
    """Where a value counts as true; NaN does."""
    return x if x.bits == 1 else x.differs(0)


def _never(x: Lanes) -> Lanes:
    return x.constant(0, ir.IntType(1))


def _isnan(x: Lanes) -> Lanes:
    return x.is_nan() if x.is_float else _never(x)


def _isinf(x: Lanes) -> Lanes:
    return abs(x).equals(math.inf) if x.is_float else _never(x)


def _isfinite(x: Lanes) -> Lanes:
    return abs(x) < math.inf if x.is_float else ~_never(x)


_PREDICATES: Mapping[str, Callable[..., Lanes]] = {
    "logical_and": lambda x, y: _true(x) & _true(y),
    "logical_or": lambda x, y: _true(x) | _true(y),
    "logical_xor": lambda x, y: _true(x) ^ _true(y),
    "logical_not": lambda x: ~_true(x),
    "isnan": _isnan,
    "isinf": _isinf,
    "isfinite": _isfinite,
    "signbit": lambda x: x.as_bits() < 0,
}


# -- floating point -------------------------------------------------------------------------------


def _contracted(name: str) -> Callable[[Lanes, Lanes], Lanes]:
    """A sum or a product, which may become part of a fused multiply-add."""

    def apply(x: Lanes, y: Lanes) -> Lanes:
        return x.of(getattr(x.builder, name)(x.value, y.value, flags=x.target.flags))

    return apply


_multiply = _contracted("fmul")


def constant_of(x: Lanes) -> float | None:
    """The number that all lanes of a constant are; None if it is no constant."""
    if not isinstance(x.value, ir.Constant):
        return None
    found = x.value.constant
    if isinstance(found, (list, tuple)):
        numbers = [getattr(n, "constant", n) for n in found]
        found = numbers[0]
        if any(n != found for n in numbers):
            return None
    return float(found) if isinstance(found, (int, float, np.number)) else None


def _extreme(sign: str, propagate: bool) -> Callable[[Lanes, Lanes], Lanes]:
    """maximum (">") or minimum ("<"), with NaN in either operand kept or, if possible, left out."""

    def picks(x: Lanes, y: Lanes) -> Lanes:
        """x where it is beyond y, else y: NaN in either gives y. One instruction on x86."""
        return x.of(x.builder.fcmp_ordered(sign, x.value, y.value)).choose(x, y)

    def apply(x: Lanes, y: Lanes) -> Lanes:
        numbers = constant_of(x), constant_of(y)
        first, second = (n is not None and n == n for n in numbers)
        if propagate:
            if second:
                return picks(y, x)
            return picks(x, y) if first else x.is_nan().choose(x, picks(x, y))
        if first:
            return picks(y, x)
        return picks(x, y) if second else x.is_nan().choose(y, picks(y, x))

    return apply


def _clipped(maximum: Callable[..., Lanes], minimum: Callable[..., Lanes]) -> Callable[..., Lanes]:
    return lambda x, low, high: minimum(maximum(x, low), high)


_maximum, _minimum = _extreme(">", True), _extreme("<", True)

_FLOAT: Mapping[str, Callable[..., Lanes]] = {
    **vector_math.FUNCTIONS,
    "add": _contracted("fadd"),
    "subtract": _contracted("fsub"),
    "multiply": _multiply,
    "divide": lambda x, y: x / y,
    "true_divide": lambda x, y: x / y,
    "mod": vector_math.FUNCTIONS["remainder"],
    "degrees": vector_math.FUNCTIONS["rad2deg"],
    "radians": vector_math.FUNCTIONS["deg2rad"],
    "float_power": vector_math.FUNCTIONS["power"],
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "conjugate": lambda x: x,
    "absolute": abs,
    "fabs": abs,
    "square": lambda x: _multiply(x, x),
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _extreme(">", False),
    "fmin": _extreme("<", False),
    "clip": _clipped(_maximum, _minimum),
}


def _power(x: Lanes, y: Lanes) -> Lanes:
    """xʸ; for a few constant exponents by products and roots, which are as exact."""
    exponent = constant_of(y)
    quick = _QUICK.get(exponent) if exponent is not None else None
    return vector_math.FUNCTIONS["power"](x, y) if quick is None else quick(x)


def _fourth(x: Lanes) -> Lanes:
    return (x * x) * (x * x)


def _inverse_square(x: Lanes) -> Lanes:
    inverse = 1.0 / x  # squared last: x² may overflow where 1/x² is still a number
    return inverse * inverse


def _half_power(x: Lanes) -> Lanes:
    """√x, except that powers of -0 and -∞ are positive."""
    return x.equals(-math.inf).choose(math.inf, x.root() + 0.0)


_QUICK: Mapping[float, Callable[[Lanes], Lanes]] = {
    -2.0: _inverse_square,
    -1.0: lambda x: 1.0 / x,
    -0.5: lambda x: 1.0 / _half_power(x),
    0.0: lambda x: x.constant(1.0),
    0.5: Lanes.root,  # as NumPy does it where the exponent is one number
    1.0: lambda x: x,
    2.0: lambda x: x * x,
    3.0: lambda x: x * x * x,
    4.0: _fourth,
}


# -- booleans -------------------------------------------------------------------------------------


def _both(x: Lanes, y: Lanes) -> Lanes:
    return x & y


def _either(x: Lanes, y: Lanes) -> Lanes:
    return x | y


def _same(x: Lanes) -> Lanes:
    return x


_BOOLEAN: Mapping[str, Callable[..., Lanes]] = {
    **dict.fromkeys(("multiply", "minimum", "fmin", "bitwise_and"), _both),
    **dict.fromkeys(("add", "maximum", "fmax", "bitwise_or"), _either),
    **dict.fromkeys(("absolute", "floor", "ceil", "trunc", "conjugate"), _same),
    "bitwise_xor": lambda x, y: x ^ y,
    "invert": lambda x: ~x,
    "clip": _clipped(_either, _both),
}

_TABLES: Mapping[str, Mapping[str, Callable[..., Lanes]]] = {
    "f": _FLOAT,
    "b": _BOOLEAN,
    "i": SIGNED,
    "u": UNSIGNED,
}

SUPPORTED = frozenset(
    {"where", "power", "bitwise_count"}
    | set(_COMPARISONS)
    | set(_PREDICATES)
    | set(_FLOAT)
    | set(_BOOLEAN)
    | set(SIGNED)
)
"""The functions that `emit` knows, each for the dtypes for which NumPy's ufunc has a loop."""


# -- folds ----------------------------------------------------------------------------------------


def neutral(function: str, dtype: Type) -> Any:
    """The number that changes nothing: function(neutral, x) is x. ValueError if there is none."""
    low, high = _limits(dtype)
    ones = -1 if dtype.kind == "i" else high
    numbers = {
        "add": 0,
        "multiply": 1,
        "maximum": low,
        "minimum": high,
        "fmax": math.nan if dtype.kind == "f" else low,
        "fmin": math.nan if dtype.kind == "f" else high,
        "logical_or": 0,
        "logical_xor": 0,
        "logical_and": 1,
        "bitwise_or": 0,
        "bitwise_xor": 0,
        "bitwise_and": ones,
        "logaddexp": -math.inf,
        "logaddexp2": -math.inf,
        "hypot": 0,
    }
    if function not in numbers:
        raise ValueError(f"{function} has no neutral element, so nothing can be folded by it.")
    return float(numbers[function]) if dtype.kind == "f" else numbers[function]


def _limits(dtype: Type) -> tuple[Any, Any]:
    if dtype.kind == "f":
        return -math.inf, math.inf
    if dtype.kind == "b":
        return 0, 1
    info = np.iinfo(dtype)
    return info.min, info.max


# -- conversions ----------------------------------------------------------------------------------


def cast(builder: Any, target: Target, value: Any, source: Type, to: Type) -> Any:
    """The same value in another dtype, as `astype` gives it.

    Integers wrap around. A float that the integer type cannot hold gives what x86 gives: it goes
    through int32 (to int8, int16, int32, uint8, uint16) or int64 (to int64, uint32, uint64), and
    what does not fit there is its least number; only uint64 of 2⁶⁴ and more is 0.
    """
    x = Lanes(builder, target, value)
    if source == to:
        return value
    if to.kind == "b":
        return x.differs(0).value
    if to.kind == "f":
        kind = x.shaped(ir.FloatType() if to.itemsize == 4 else ir.DoubleType())
        if source.kind == "f":
            call = builder.fpext if to.itemsize > source.itemsize else builder.fptrunc
        else:
            call = builder.sitofp if source.kind == "i" else builder.uitofp
        return call(value, kind)
    if source.kind == "f":
        return _to_integer(x, to).value
    return _resized(x, source.kind == "i", 8 * to.itemsize).value


def _resized(x: Lanes, signed: bool, bits: int) -> Lanes:
    """An integer of another width."""
    if bits == x.bits:
        return x
    b, kind = x.builder, x.shaped(ir.IntType(bits))
    if bits < x.bits:
        return x.of(b.trunc(x.value, kind))
    return x.of(b.sext(x.value, kind) if signed else b.zext(x.value, kind))


def _to_integer(x: Lanes, to: Type) -> Lanes:
    """A float without its fraction."""
    if to == np.uint64:
        high = x >= 2.0**63
        low = _held(high.choose(x - 2.0**63, x), 64)
        return high.choose(low ^ -(1 << 63), low)
    wide = 64 if to.itemsize == 8 or to == np.uint32 else 32
    return _resized(_held(x, wide), True, 8 * to.itemsize)


def _held(x: Lanes, bits: int) -> Lanes:
    """As a signed integer; the least one where it does not fit, and for NaN."""
    limit = 2.0 ** (bits - 1)
    # The least number itself is -limit, whichever way it is found.
    fits = (x > -limit) & (x < limit)
    safe = fits.choose(x, x.constant(0.0))
    whole = x.of(x.builder.fptosi(safe.value, x.shaped(ir.IntType(bits))))
    return fits.choose(whole, whole.constant(-(1 << (bits - 1))))
