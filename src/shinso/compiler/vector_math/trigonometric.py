"""sin, cos and tan.

The nearest multiple of π (tan: of ½ π) is taken out, with π in several parts so that nothing is
lost; what remains goes into one polynomial. So sin needs no cos, and cos is sin shifted by ½ π.
Payne and Hanek (1983) for large arguments, see `reduction`.
"""

from __future__ import annotations

import math

from shinso.compiler.vector_math.coefficients import COS_QUARTER, SIN, SIN_QUARTER
from shinso.compiler.vector_math.lanes import Lanes
from shinso.compiler.vector_math.reduction import reduced


def _signed(y: Lanes, x: Lanes, turns: Lanes) -> Lanes:
    """y with its sign turned where x is negative, and once more where `turns` is odd."""
    sign = x.as_bits() & -(1 << (x.bits - 1))
    return (y.as_bits() ^ sign ^ (turns << (x.bits - 1))).as_float()


def _odd(r: Lanes, coefficients: tuple[float, ...]) -> tuple[Lanes, Lanes]:
    """(r + r³ P(r²), r²)."""
    z = r * r
    if r.bits == 64:
        return (r * z).fma(z.polynomial(coefficients), r), z
    # At ½ π a half of the result comes from r³: the rounding of r² would show.
    cube = r.fma(z, r * r.fma(r, -z))
    return cube.fma(z.polynomial(coefficients), r), z


def _wide(x: Lanes) -> bool:
    """Whether float32 has to be computed in float64: without fused multiply-add."""
    return x.bits == 32 and not x.target.fma


def sin(x: Lanes) -> Lanes:
    """sin x = (-1)ⁿ sin r with |x| = n π + r."""
    return _sin(x.double(), 32).single() if _wide(x) else _sin(x, x.bits)


def _sin(x: Lanes, digits: int) -> Lanes:
    r, n = reduced(abs(x), math.pi, 0.0)
    return _signed(_odd(r, SIN[digits])[0], x, n)


def cos(x: Lanes) -> Lanes:
    """cos x = (-1)ⁿ⁺¹ sin r with |x| = (n + ½) π + r."""
    return _cos(x.double(), 32).single() if _wide(x) else _cos(x, x.bits)


def _cos(x: Lanes, digits: int) -> Lanes:
    size = abs(x)
    r, n = reduced(size, math.pi, 0.5)
    return _signed(_odd(r, SIN[digits])[0], size, n + 1)


def tan(x: Lanes) -> Lanes:
    """tan x = tan r, or -1 / tan r, with |x| = n ½ π + r; tan r = sin r / cos r."""
    if x.bits == 32:  # three roundings would be too many: compute in float64
        return _tan(x.double(), 32).single()
    return _tan(x, 64)


def _tan(x: Lanes, digits: int) -> Lanes:
    r, n = reduced(abs(x), math.pi / 2, 0.0)
    s, z = _odd(r, SIN_QUARTER[digits])
    c = (z * z).fma(z.polynomial(COS_QUARTER[digits]), z.fma(-0.5, 1.0))
    odd = (n & 1).differs(0)
    return _signed(odd.choose(c, s) / odd.choose(s, c), x, n)
