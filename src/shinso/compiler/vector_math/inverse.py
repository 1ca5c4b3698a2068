"""arcsin, arccos, arctan, arctan2."""

from __future__ import annotations

import math

from shinso.compiler.vector_math.coefficients import ARCSIN, ARCTAN, PI
from shinso.compiler.vector_math.lanes import Lanes


def _pi(x: Lanes, factor: float) -> tuple[float, float]:
    """π · factor as a number of x's type and what it lacks; factor is a power of two."""
    high, low = PI[x.bits][:2]
    return high * factor, low * factor


def _half_angle(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """(where |x| > ½, s, what arcsin s exceeds s by), with s = |x| or √((1 - |x|) / 2).

    For large x, arcsin x = ½ π - 2 arcsin s.
    """
    size = abs(x)
    large = size > 0.5
    half = (1.0 - size) * 0.5
    z = large.choose(half, size * size)
    s = large.choose(half.root(), size)
    return large, s, s * z * z.polynomial(ARCSIN[x.bits])


def arcsin(x: Lanes) -> Lanes:
    """The angle in [-½ π, ½ π] whose sine is x; NaN for |x| > 1."""
    large, s, more = _half_angle(x)
    high, low = _pi(x, 0.5)
    double = s + s
    near = high - double
    lost = (high - near) - double  # by rounding
    turned = near - (((more + more) - low) - lost)
    return large.choose(turned, s + more).signed_as(x)


def arccos(x: Lanes) -> Lanes:
    """The angle in [0, π] whose cosine is x; NaN for |x| > 1."""
    large, s, more = _half_angle(x)
    angle = s + more
    high, low = _pi(x, 0.5)
    signed = angle.signed_as(x)
    near = high - (signed - low)
    whole, rest = _pi(x, 1.0)
    far = (x < 0.0).choose(whole - ((angle + angle) - rest), angle + angle)
    return large.choose(far, near)


def _angle(y: Lanes, x: Lanes) -> Lanes:
    """arctan(y / x) for 0 ≤ y, x: within [0, ½ π].

    The quotient is turned by ¼ π or ½ π until it is within ±(√2 - 1).
    """
    limit = math.sqrt(2) - 1
    steep = y > x
    small, large = steep.choose(x, y), steep.choose(y, x)  # an angle of at most ¼ π
    middle = small > large * limit
    top = middle.choose(small - large, small)
    bottom = middle.choose(small + large, large)
    t = top / bottom
    z = t * t
    rest = t * z * z.polynomial(ARCTAN[x.bits])
    quarter, quarter_low = _pi(x, 0.25)
    half, half_low = _pi(x, 0.5)
    zero = x.constant(0.0)
    low = (rest + middle.choose(x.constant(quarter_low), zero)) + t
    angle = middle.choose(x.constant(quarter), zero) + low
    # ½ π - (¼ π + a) = ¼ π - a: subtract before rounding
    base = middle.choose(x.constant(half - quarter), x.constant(half))
    under = middle.choose(x.constant(half_low - quarter_low), x.constant(half_low))
    return steep.choose(base - ((t + rest) - under), angle)


def arctan(x: Lanes) -> Lanes:
    """The angle in [-½ π, ½ π] whose tangent is x."""
    size = abs(x)
    infinite = size.equals(math.inf)
    angle = _angle(size, x.constant(1.0))
    return infinite.choose(_pi(x, 0.5)[0], angle).signed_as(x)


def arctan2(y: Lanes, x: Lanes) -> Lanes:
    """The angle of the point (x, y), in [-π, π]; by the signs of zeros where there is no angle."""
    rise, run = abs(y), abs(x)
    # Two infinities are as far as each other; and sums of huge numbers must not overflow.
    both = rise.equals(math.inf) & run.equals(math.inf)
    huge = (rise > float(x.info.max) / 4) | (run > float(x.info.max) / 4)
    rise, run = (huge.choose(v * 0.25, v) for v in (rise, run))
    rise, run = both.choose(1.0, rise), both.choose(1.0, run)
    steep_infinite = rise.equals(math.inf)
    angle = _angle(steep_infinite.choose(1.0, rise), steep_infinite.choose(0.0, run))
    flat = rise.equals(0.0) | (run.equals(math.inf) & (rise < math.inf))
    angle = flat.choose(0.0, angle)
    whole, rest = _pi(x, 1.0)
    left = x.as_bits() < 0
    angle = left.choose(whole - (angle - rest), angle).signed_as(y)
    return (x.is_nan() | y.is_nan()).choose(math.nan, angle)
