"""eˣ, 2ˣ and eˣ - 1.

x = n ln 2 + r with an integer n and |r| ≤ ½ ln 2; then eˣ = 2ⁿ eʳ, and eʳ is a polynomial.
"""

from __future__ import annotations

from shinso.compiler.vector_math import avx512
from shinso.compiler.vector_math.coefficients import EXP, EXP2, LN2
from shinso.compiler.vector_math.lanes import Lanes, power_of_two

# Beyond these eˣ is infinite, or 0, whatever x is.
RANGE = {32: (-105.0, 89.5), 64: (-746.0, 710.5)}
RANGE2 = {32: (-151.0, 128.5), 64: (-1076.0, 1024.5)}


def reduced(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """(n as a number, n as an integer, r) with x = n ln 2 + r."""
    high, low = LN2[x.bits]
    n, whole = x.nearest(1.4426950408889634)
    return n, whole, n.fma(-low, n.fma(-high, x))


def expm1_reduced(r: Lanes) -> Lanes:
    """eʳ - 1 for |r| ≤ ½ ln 2."""
    return (r * r).fma(r.polynomial(EXP[r.bits]), r)


def exp_reduced(r: Lanes) -> Lanes:
    """eʳ for |r| ≤ ½ ln 2."""
    return r.polynomial((1.0, 1.0, *EXP[r.bits]))


def scaled(x: Lanes, n: Lanes, whole: Lanes) -> Lanes:
    """x · 2ⁿ, rounded once even where that is denormal, for x near 1 and any n in question."""
    if avx512.available(x):
        return avx512.scaled(x, n)
    half = whole >> 1
    return x * power_of_two(half) * power_of_two(whole - half)


def exp(x: Lanes) -> Lanes:
    """eˣ."""
    n, whole, r = reduced(x.between(*RANGE[x.bits]))
    return scaled(exp_reduced(r), n, whole)


def exp2(x: Lanes) -> Lanes:
    """2ˣ."""
    x = x.between(*RANGE2[x.bits])
    n, whole = x.nearest(1.0)
    return scaled((x - n).polynomial((1.0, *EXP2[x.bits])), n, whole)


def expm1(x: Lanes) -> Lanes:
    """eˣ - 1, with all digits where eˣ is near 1.

    2ⁿ (eʳ - 1) + (2ⁿ - 1), everything halved so that 2ⁿ does not overflow before the result does.
    """
    low, high = (-18.0, 89.0) if x.bits == 32 else (-40.0, 710.0)
    _, whole, r = reduced(x.between(low, high))
    power = power_of_two(whole - 1)
    y = power.fma(expm1_reduced(r), power - 0.5)
    return (y + y).signed_as(x)
