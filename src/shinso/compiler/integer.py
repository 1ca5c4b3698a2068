"""Functions of integers: NumPy's results where LLVM leaves them open.

Sums and products wrap around; division by zero gives zero; the least number divided by -1 is
itself; shifting by the width or more leaves the sign or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shinso.compiler.vector_math.lanes import Lanes

Function = Callable[..., Lanes]


def _least(x: Lanes) -> Lanes:
    return x.constant(-(1 << (x.bits - 1)))


def _signed_division(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """(quotient towards 0, remainder, where y is 0); never a trap."""
    b, zero = x.builder, y.equals(0)
    overflow = y.equals(-1) & x.equals(_least(x))
    safe = (zero | overflow).choose(1, y)
    quotient = x.of(b.sdiv(x.value, safe.value))
    return quotient, x - quotient * safe, zero


def _unsigned_division(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    b, zero = x.builder, y.equals(0)
    safe = zero.choose(1, y)
    quotient = x.of(b.udiv(x.value, safe.value))
    return quotient, x - quotient * safe, zero


def _or_zero(zero: Lanes, value: Lanes) -> Lanes:
    return zero.choose(0, value)


def _floor_divide(x: Lanes, y: Lanes) -> Lanes:
    quotient, rest, zero = _signed_division(x, y)
    lower = rest.differs(0) & ((rest ^ y) < 0)
    return _or_zero(zero, lower.choose(quotient - 1, quotient))


def _remainder(x: Lanes, y: Lanes) -> Lanes:
    """With the sign of y."""
    _, rest, zero = _signed_division(x, y)
    other = rest.differs(0) & ((rest ^ y) < 0)
    return _or_zero(zero, other.choose(rest + y, rest))


def _fmod(x: Lanes, y: Lanes) -> Lanes:
    """With the sign of x."""
    _, rest, zero = _signed_division(x, y)
    return _or_zero(zero, rest)


def _unsigned_floor_divide(x: Lanes, y: Lanes) -> Lanes:
    quotient, _, zero = _unsigned_division(x, y)
    return _or_zero(zero, quotient)


def _unsigned_remainder(x: Lanes, y: Lanes) -> Lanes:
    _, rest, zero = _unsigned_division(x, y)
    return _or_zero(zero, rest)


def _left_shift(x: Lanes, y: Lanes) -> Lanes:
    fits = y.below(x.bits)
    return fits.choose(x << fits.choose(y, 0), 0)


def _right_shift(x: Lanes, y: Lanes) -> Lanes:
    most = x.constant(x.bits - 1)
    return x >> y.below(x.bits).choose(y, most)


def _unsigned_right_shift(x: Lanes, y: Lanes) -> Lanes:
    fits = y.below(x.bits)
    return fits.choose(x.shifted(fits.choose(y, 0)), 0)


def _extreme(sign: str, signed: bool) -> Function:
    def apply(x: Lanes, y: Lanes) -> Lanes:
        call = x.builder.icmp_signed if signed else x.builder.icmp_unsigned
        return x.of(call(sign, x.value, y.value)).choose(x, y)

    return apply


def _clip(signed: bool) -> Function:
    larger, smaller = _extreme(">", signed), _extreme("<", signed)
    return lambda x, low, high: smaller(larger(x, low), high)


def _sign(x: Lanes) -> Lanes:
    return (x > 0).choose(x.constant(1), (x < 0).choose(-1, x))


def _unsigned_sign(x: Lanes) -> Lanes:
    return x.equals(0).choose(x, x.constant(1))


def _reciprocal(x: Lanes) -> Lanes:
    """1 / x: not 0 for 1 and -1 only. For 0, what an infinite float becomes."""
    one = x.equals(1) | x.equals(-1)
    infinite = _least(x) if x.bits >= 32 else x.constant(0)
    return one.choose(x, x.equals(0).choose(infinite, x.constant(0)))


def _unsigned_reciprocal(x: Lanes) -> Lanes:
    return x.equals(1).choose(x, 0)


def power(x: Lanes, y: Lanes) -> Lanes:
    """xʸ by squaring, modulo 2^width. For negative y, where NumPy raises, 0."""
    return _power(x, (y < 0).choose(0, y))


def _power(x: Lanes, y: Lanes) -> Lanes:
    """The same with an unsigned exponent: a loop that goes on while any lane has a digit left."""
    b, kind = x.builder, x.value.type
    start = b.block
    body, done = (b.function.append_basic_block(name) for name in ("squaring", "powered"))
    one = x.constant(1)
    b.branch(body)
    b.position_at_end(body)
    phis: list[Any] = [b.phi(kind) for _ in range(3)]
    total, factor, left = (x.of(phi) for phi in phis)
    for phi, value in zip(phis, (one, x, y), strict=True):
        phi.add_incoming(value.value, start)
    new = (left & 1).differs(0).choose(total * factor, total)
    rest = left.shifted(1)
    for phi, value in zip(phis, (new, factor * factor, rest), strict=True):
        phi.add_incoming(value.value, body)
    b.cbranch(rest.differs(0).any(), body, done)
    b.position_at_end(done)
    return new


def _same(x: Lanes) -> Lanes:
    return x


_COMMON: Mapping[str, Function] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "negative": lambda x: -x,
    "square": lambda x: x * x,
    "bitwise_and": lambda x, y: x & y,
    "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y,
    "invert": lambda x: ~x,
    "left_shift": _left_shift,
    **dict.fromkeys(("positive", "conjugate", "floor", "ceil", "trunc"), _same),
}

SIGNED: Mapping[str, Function] = {
    **_COMMON,
    "absolute": abs,
    "sign": _sign,
    "maximum": _extreme(">", True),
    "minimum": _extreme("<", True),
    "fmax": _extreme(">", True),
    "fmin": _extreme("<", True),
    "clip": _clip(True),
    "right_shift": _right_shift,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "mod": _remainder,
    "fmod": _fmod,
    "reciprocal": _reciprocal,
    "power": power,
}
"""Functions of int8 … int64 by NumPy's names."""

UNSIGNED: Mapping[str, Function] = {
    **_COMMON,
    "absolute": _same,
    "sign": _unsigned_sign,
    "maximum": _extreme(">", False),
    "minimum": _extreme("<", False),
    "fmax": _extreme(">", False),
    "fmin": _extreme("<", False),
    "clip": _clip(False),
    "right_shift": _unsigned_right_shift,
    "floor_divide": _unsigned_floor_divide,
    "remainder": _unsigned_remainder,
    "mod": _unsigned_remainder,
    "fmod": _unsigned_remainder,
    "reciprocal": _unsigned_reciprocal,
    "power": _power,
}
"""Functions of uint8 … uint64 by NumPy's names."""
