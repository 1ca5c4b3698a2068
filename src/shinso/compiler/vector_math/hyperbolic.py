"""sinh, cosh, tanh and their inverses.

Each formula is written so that nothing cancels: near 0, where a hyperbolic sine is as small as its
argument, it is a polynomial or comes from eˣ - 1 and ln(1 + x).
"""

from __future__ import annotations

import math

from shinso.compiler.vector_math.coefficients import SINH, TANH
from shinso.compiler.vector_math.exponential import exp_reduced, reduced
from shinso.compiler.vector_math.lanes import Lanes, power_of_two
from shinso.compiler.vector_math.logarithm import log1p


def _quarter_exp(size: Lanes) -> Lanes:
    """¼ eˣ, which does not overflow before ½ eˣ does."""
    _, n, r = reduced(size.at_most(89.5 if size.bits == 32 else 710.5))
    return exp_reduced(r) * power_of_two(n - 2)


def sinh(x: Lanes) -> Lanes:
    """½ (eˣ - e⁻ˣ); up to 1, where that cancels, a polynomial."""
    size = abs(x)
    z = size * size
    near = (size * z).fma(z.polynomial(SINH[x.bits]), size)
    large = _quarter_exp(size)
    half = large - 0.0625 / large
    return (size <= 1.0).choose(near, half + half).signed_as(x)


def cosh(x: Lanes) -> Lanes:
    """½ (eˣ + e⁻ˣ)."""
    large = _quarter_exp(abs(x))
    half = large + 0.0625 / large
    return half + half


def tanh(x: Lanes) -> Lanes:
    """1 - 2 / (e²ˣ + 1); up to ⅝, where that cancels, a polynomial."""
    size = abs(x)
    z = size * size
    near = (size * z).fma(z.polynomial(TANH[x.bits]), size)
    far = size.at_most(9.1 if x.bits == 32 else 19.1)  # from there on it is 1
    _, n, r = reduced(far + far)
    quotient = 2.0 / exp_reduced(r).fma(power_of_two(n), 1.0)
    return (size < 0.625).choose(near, 1.0 - quotient).signed_as(x)


def arcsinh(x: Lanes) -> Lanes:
    """± ln(|x| + √(x² + 1)) = ± ln(1 + |x| + x² / (1 + √(x² + 1)))."""
    size = abs(x)
    large = size > (1e9 if x.bits == 32 else 1e18)  # there 1 is nothing beside x²
    near = large.choose(1.0, size)
    square = near * near
    y = log1p(large.choose(size, near + square / ((square + 1.0).root() + 1.0)))
    return large.choose(y + math.log(2), y).signed_as(x)


def arccosh(x: Lanes) -> Lanes:
    """ln(x + √(x² - 1)) = ln(1 + t + √(2t + t²)) with t = x - 1; NaN for x < 1."""
    if x.bits == 32:  # one rounding too many
        return arccosh(x.double()).single()
    large = x > 1e18
    t = large.choose(1.0, x - 1.0)
    y = log1p(large.choose(x, t + t.fma(t, t + t).root()))
    return (x < 1.0).choose(math.nan, large.choose(y + math.log(2), y))


def arctanh(x: Lanes) -> Lanes:
    """½ ln((1 + x) / (1 - x)) = ± ½ ln(1 + 2|x| / (1 - |x|))."""
    size = abs(x)
    double = size + size
    # 2x / (1 - x) = 2x + 2x² / (1 - x), where only the second term is rounded more than once
    more = double + double * (size / (1.0 - size))
    more = (size < 0.5).choose(more, double / (1.0 - size))
    return (log1p(more) * 0.5).signed_as(x)
