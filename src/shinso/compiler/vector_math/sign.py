"""sign, copysign, heaviside, nextafter, and angles in degrees."""

from __future__ import annotations

import math

from shinso.compiler.vector_math.lanes import Lanes


def sign(x: Lanes) -> Lanes:
    """-1, 0 or 1; NaN stays."""
    one = x.constant(1.0)
    return (x > 0.0).choose(one, (x < 0.0).choose(-1.0, x + 0.0))


def copysign(x: Lanes, y: Lanes) -> Lanes:
    """|x| with y's sign."""
    return x.signed_as(y)


def heaviside(x: Lanes, middle: Lanes) -> Lanes:
    """0 below 0, 1 above, `middle` at 0; NaN stays."""
    step = (x > 0.0).choose(x.constant(1.0), x.constant(0.0))
    return x.is_nan().choose(x, x.equals(0.0).choose(middle, step))


def nextafter(x: Lanes, y: Lanes) -> Lanes:
    """The number next to x on the way to y."""
    bits = x.as_bits()
    away = (y > x) ^ (x < 0.0)  # from 0
    moved = (bits + away.choose(bits.constant(1), bits.constant(-1))).as_float()
    least = bits.constant(1).as_float().signed_as(y)
    moved = x.equals(0.0).choose(least, moved)
    moved = x.equals(y).choose(y, moved)
    return (x.is_nan() | y.is_nan()).choose(x + y, moved)


def reciprocal(x: Lanes) -> Lanes:
    """1 / x."""
    return 1.0 / x


def deg2rad(x: Lanes) -> Lanes:
    """Degrees to radians."""
    return x * (math.pi / 180)


def rad2deg(x: Lanes) -> Lanes:
    """Radians to degrees."""
    return x * (180 / math.pi)
