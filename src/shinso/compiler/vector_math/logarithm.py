"""ln, log2, log10, ln(1 + x), and logarithms of sums of powers.

x = 2ᵉ (1 + f) with √½ ≤ 1 + f < √2, so that f is small where the logarithm is. float32 uses a
polynomial in f, float64 one in s² with s = f / (2 + f), which needs half as many terms.
"""

from __future__ import annotations

import math

from shinso.compiler.vector_math import avx512
from shinso.compiler.vector_math.coefficients import LN2, LOG, LOG2_E, LOG10_2, LOG10_E, LOG_RATIO
from shinso.compiler.vector_math.exponential import exp, exp2
from shinso.compiler.vector_math.lanes import Lanes, power_of_two


def split(x: Lanes) -> tuple[Lanes, Lanes]:
    """(e as an integer, 1 + f) with x = 2ᵉ (1 + f), for positive numbers, denormal ones too."""
    digits = 23 if x.bits == 32 else 52
    tiny = x < float(x.info.smallest_normal)
    bits = tiny.choose(x * 2.0**digits, x).as_bits()
    root = x.constant(math.sqrt(0.5)).as_bits()
    e = (bits - root) >> digits
    one_plus = (bits - (e << digits)).as_float()
    return e - tiny.choose(e.constant(digits), e.constant(0)), one_plus


def tail(f: Lanes) -> Lanes:
    """ln(1 + f) - f."""
    half = f * f * 0.5
    if f.bits == 32:
        return (f * f * f).fma(f.polynomial(LOG[32]), -half)
    s = f / (f + 2.0)
    z = s * s
    # ln(1 + f) = 2s + s³ P and 2s = f - s f = f - f²/2 + s f²/2
    return s.fma(z.fma(z.polynomial(LOG_RATIO[64]), half), -half)


def finished(y: Lanes, x: Lanes) -> Lanes:
    """The logarithm with its values at 0, ∞, NaN and negative numbers."""
    if avx512.available(x):
        return avx512.logarithm_edges(y, x)
    y = (x < math.inf).choose(y, x)  # ∞ and NaN as they are
    y = x.equals(0.0).choose(-math.inf, y)
    return (x < 0.0).choose(math.nan, y)


def combined(e: Lanes, f: Lanes) -> Lanes:
    """e ln 2 + ln(1 + f)."""
    high, low = LN2[f.bits]
    n = e.number(f)
    return n.fma(high, f + n.fma(low, tail(f)))


def log(x: Lanes) -> Lanes:
    """ln x."""
    e, one_plus = split(x)
    return finished(combined(e, one_plus - 1.0), x)


def log1p(x: Lanes) -> Lanes:
    """ln(1 + x), with all digits where x is small.

    1 + x = 2ᵉ (1 + f) and f = x 2⁻ᵉ + (2⁻ᵉ - 1), which loses nothing of x.
    """
    u = x + 1.0
    e, one_plus = split(u)
    large = e > (30 if x.bits == 32 else 60)  # 1 is nothing beside x, and 2⁻ᵉ may be denormal
    power = power_of_two(-large.choose(e.constant(0), e))
    f = large.choose(one_plus - 1.0, x.fma(power, power - 1.0))
    return finished(combined(e, f), u).signed_as(x)


def _in_base(x: Lanes, unit: tuple[float, float], base: tuple[float, float]) -> Lanes:
    """e · unit + ln(1 + f) · base, both factors in two parts."""
    e, one_plus = split(x)
    f = one_plus - 1.0
    n, rest = e.number(x), tail(f)
    low = n.fma(unit[1], rest.fma(base[0] + base[1], f * base[1]))
    return finished(n.fma(unit[0], f.fma(base[0], low)), x)


def log2(x: Lanes) -> Lanes:
    """The logarithm to base 2."""
    return _in_base(x, (1.0, 0.0), LOG2_E[x.bits])


def log10(x: Lanes) -> Lanes:
    """The logarithm to base 10."""
    return _in_base(x, LOG10_2[x.bits], LOG10_E[x.bits])


def logaddexp(x: Lanes, y: Lanes) -> Lanes:
    """ln(eˣ + eʸ) = max + ln(1 + e^-|x - y|), exact to the last digits of the larger summand."""
    return _added(x, y, math.log(2), log1p(exp(-abs(x - y))))


def logaddexp2(x: Lanes, y: Lanes) -> Lanes:
    """log2(2ˣ + 2ʸ)."""
    return _added(x, y, 1.0, log1p(exp2(-abs(x - y))) / math.log(2))


def _added(x: Lanes, y: Lanes, equal: float, more: Lanes) -> Lanes:
    """max + more; x + equal where both are the same, infinities too; NaN if one is NaN."""
    return x.equals(y).choose(x + equal, (x > y).choose(x, y) + more)
