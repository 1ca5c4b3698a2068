"""√x, ∛x, √(x² + y²)."""

from __future__ import annotations

import math

from shinso.compiler.vector_math.coefficients import CBRT
from shinso.compiler.vector_math.lanes import Lanes, power_of_two


def sqrt(x: Lanes) -> Lanes:
    """√x, correctly rounded."""
    return x.root()


def cbrt(x: Lanes) -> Lanes:
    """∛x: x = 8ᵏ m with 1 ≤ m < 8, a polynomial, then Halley's and Newton's iterations."""
    digits, bias = (23, 127) if x.bits == 32 else (52, 1023)
    size = abs(x)
    tiny = size < float(x.info.smallest_normal)
    bits = tiny.choose(size * 2.0 ** (3 * digits), size).as_bits()
    # The exponent over three; 3 · 682 makes it positive, 21846 / 2¹⁶ is a little over ⅓.
    exponent = (bits >> digits) + (3 * 682 - bias)
    k = ((exponent * 21846) >> 16) - 682
    m = (bits - ((k * 3) << digits)).as_float()
    y = m.polynomial(CBRT[x.bits])
    cube = y * y * y
    y = y - y * ((cube - m) / (cube + cube + m))
    if x.bits == 64:
        square = y * y
        y = y - (square.fma(y, -m)) / (square * 3.0)
    y = y * power_of_two(k - tiny.choose(k.constant(digits), k.constant(0)))
    return (size.equals(0.0) | ~(size < math.inf)).choose(x, y.signed_as(x))


def hypot(x: Lanes, y: Lanes) -> Lanes:
    """√(x² + y²), which does not overflow before the result does; ∞ beside NaN is ∞."""
    a, b = abs(x), abs(y)
    if x.bits == 32:
        c, d = a.double(), b.double()
        result = (c * c + d * d).root().single()
    else:
        large, small = (a > b).choose(a, b), (a > b).choose(b, a)
        ratio = large.equals(0.0).choose(0.0, small / large)
        result = large * ratio.fma(ratio, 1.0).root()
        result = (x.is_nan() | y.is_nan()).choose(math.nan, result)
    return (a.equals(math.inf) | b.equals(math.inf)).choose(math.inf, result)
