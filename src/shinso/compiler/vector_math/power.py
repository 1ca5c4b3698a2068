"""xʸ = e^(y ln x), with ln x in more digits than the result has.

float32 computes in float64. float64 carries ln x and y ln x as sums of two numbers.
"""

from __future__ import annotations

import math

from shinso.compiler.vector_math.coefficients import EXP, LN2, LOG_RATIO
from shinso.compiler.vector_math.exponential import RANGE, exp_reduced, reduced, scaled
from shinso.compiler.vector_math.lanes import Lanes, all_of, power_of_two
from shinso.compiler.vector_math.logarithm import split
from shinso.compiler.vector_math.rounding import rint


def power(x: Lanes, y: Lanes) -> Lanes:
    """xʸ. Negative x have integer powers only; x⁰ and 1ʸ are 1 even for NaN."""
    size = abs(x)
    result = _single(size, y) if x.bits == 32 else _double(size, y)
    whole = y.equals(rint(y))
    half = y * 0.5
    odd = whole & half.differs(rint(half)) & (abs(y) < math.inf)
    result = (odd & (x.as_bits() < 0)).choose(-result, result)
    result = all_of(x < 0.0, x > -math.inf, ~whole).choose(math.nan, result)
    result = (x.is_nan() | y.is_nan()).choose(math.nan, result)
    return (y.equals(0.0) | x.equals(1.0)).choose(1.0, result)


def _edges(h: Lanes, size: Lanes) -> Lanes:
    """The logarithm at 0 and ∞."""
    h = size.equals(0.0).choose(-math.inf, h)
    return size.equals(math.inf).choose(math.inf, h)


def _single(size: Lanes, y: Lanes) -> Lanes:
    """|x|ʸ of float32 numbers, in float64."""
    x = size.double()
    e, m = split(x)
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    log = (s * z).fma(z.polynomial(LOG_RATIO[32]), s + s)
    h = _edges(e.number(x).fma(math.log(2), log), x)
    exponent = (y.double().between(-1e30, 1e30) * h).between(*RANGE[32])
    _, n, r = reduced(exponent)
    return (r.polynomial((1.0, 1.0, *EXP[32])) * power_of_two(n)).single()


def _double(size: Lanes, y: Lanes) -> Lanes:
    """|x|ʸ of float64 numbers."""
    high, low = _log(size)
    y = y.between(-1e300, 1e300)  # y ln x overflows anyway, but 0 · ∞ must not appear
    p, rest = y.product(_edges(high, size))
    rest = (abs(p) < 1000.0).choose(y.fma(low, rest), 0.0)
    n, whole, r = reduced(p.between(*RANGE[64]))
    return scaled(exp_reduced(r + rest), n, whole)


def _log(x: Lanes) -> tuple[Lanes, Lanes]:
    """ln x as a sum of two numbers, for positive finite x."""
    e, m = split(x)
    f = m - 1.0
    d = f + 2.0
    s = f / d
    # s + correction is the quotient in twice the digits
    p, p_low = s.product(d)
    correction = (((f - p) - p_low) - s * (f - (d - 2.0))) / d
    z = s * s
    tail = (s * z).fma(z.polynomial(LOG_RATIO[64]), correction + correction)
    n, double = e.number(x), s + s
    whole = n * LN2[64][0]
    total = whole + double
    tail = (double - (total - whole)) + n.fma(LN2[64][1], tail)
    high = total + tail
    return high, tail - (high - total)
