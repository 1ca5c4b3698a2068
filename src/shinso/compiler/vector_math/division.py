"""fmod, remainder and floor_divide of floating-point numbers, exact as they are in C and Python.

Where the quotient is moderate, x - q y is computed without an error; where it is not, a division
of integers digit by digit, lane by lane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from llvmlite import ir

from shinso.compiler.vector_math.branch import I64, helper, lane, rarely
from shinso.compiler.vector_math.lanes import Lanes, power_of_two
from shinso.compiler.vector_math.rounding import floor, trunc

DOUBLE = ir.DoubleType()


def fmod(x: Lanes, y: Lanes) -> Lanes:
    """x - trunc(x / y) y, with x's sign; NaN for y = 0 or x = ∞."""
    a, b = abs(x), abs(y)
    # The exact way below must neither overflow nor meet numbers too small to be halved.
    most, least, largest = (2.0**28, 0.0, math.inf) if x.bits == 32 else (2.0**52, 1e-250, 1e290)
    finite = (a < math.inf) & (b < math.inf) & (b > 0.0)
    hard = finite & (a >= b) & ((a >= b * most) | (b < least) | (a > largest))

    def slow(_: Lanes, i: Any) -> Sequence[Lanes]:
        u, v = lane(a, i), lane(b, i)
        if x.bits == 32:
            return (_called(u.double(), v.double()).single(),)
        return (_called(u, v),)

    u, v = (a.double(), b.double()) if x.bits == 32 else (a, b)
    fast = _moderate(u, v, exact=x.bits == 32)
    [rest] = rarely(hard, [fast.single() if x.bits == 32 else fast], slow)
    rest = ((a < b) & (b <= math.inf)).choose(a, rest)
    valid = (a < math.inf) & (b > 0.0)
    return valid.choose(rest, math.nan).signed_as(x)


def _moderate(a: Lanes, b: Lanes, exact: bool) -> Lanes:
    """The remainder of positive numbers whose quotient is not too large."""
    q = trunc(a / b)
    if exact:
        rest = a - q * b
    else:
        p, low = q.product(b)
        rest = (a - p) - low
    rest = (rest < 0.0).choose(rest + b, rest)  # the quotient was rounded up
    return (rest >= b).choose(rest - b, rest)


def _called(a: Lanes, b: Lanes) -> Lanes:
    kind = ir.FunctionType(DOUBLE, (DOUBLE, DOUBLE))
    function = helper(a, "shinso.long_division", kind, _long_division)
    return a.of(a.builder.call(function, (a.value, b.value)))


def _parts(x: Lanes) -> tuple[Lanes, Lanes]:
    """(m, e) with x = m 2^(e - 1075)."""
    bits = x.as_bits()
    e, fraction = bits.shifted(52), bits & ((1 << 52) - 1)
    normal = e > 0
    return normal.choose(fraction | (1 << 52), fraction), normal.choose(e, e.constant(1))


def _long_division(b: Any, arguments: list[Lanes]) -> None:
    """The remainder of a ≥ b > 0, eleven digits of the quotient at a time."""
    (m, e), (n, f) = map(_parts, arguments)

    def modulo(x: Lanes) -> Lanes:
        return x.of(b.urem(x.value, n.value))

    first, far = modulo(m), e - f
    start = b.block
    head, work, done = (b.function.append_basic_block(k) for k in ("head", "work", "done"))
    b.branch(head)
    b.position_at_end(head)
    rest, left = m.of(b.phi(I64)), m.of(b.phi(I64))
    rest.value.add_incoming(first.value, start)
    left.value.add_incoming(far.value, start)
    b.cbranch((left > 0).value, work, done)
    b.position_at_end(work)
    step = (left < 11).choose(left, left.constant(11))
    rest.value.add_incoming(modulo(rest << step).value, work)
    left.value.add_incoming((left - step).value, work)
    b.branch(head)
    b.position_at_end(done)
    number = arguments[0].of(b.uitofp(rest.value, DOUBLE))
    scale = f - 1075
    half = scale >> 1
    b.ret((number * power_of_two(half) * power_of_two(scale - half)).value)


def remainder(x: Lanes, y: Lanes) -> Lanes:
    """x - floor(x / y) y, with y's sign, as Python's % gives it."""
    rest = fmod(x, y)
    other = rest.differs(0.0) & ((rest < 0.0) ^ (y < 0.0))
    rest = other.choose(rest + y, rest)
    return rest.equals(0.0).choose(rest.signed_as(y), rest)


def floor_divide(x: Lanes, y: Lanes) -> Lanes:
    """floor(x / y) for the exact quotient, as Python's // gives it; x / y for y = 0."""
    rest = fmod(x, y)
    quotient = (x - rest) / y
    other = rest.differs(0.0) & ((rest < 0.0) ^ (y < 0.0))
    quotient = other.choose(quotient - 1.0, quotient)
    down = floor(quotient)
    down = (quotient - down > 0.5).choose(down + 1.0, down)
    plain = x / y
    down = quotient.equals(0.0).choose(plain.constant(0.0).signed_as(plain), down)
    return y.equals(0.0).choose(plain, down)
