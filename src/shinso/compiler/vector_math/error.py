"""The error function, 2/√π ∫₀ˣ e^(-u²) du."""

from __future__ import annotations

from shinso.compiler.vector_math.coefficients import ERF, ERFC
from shinso.compiler.vector_math.exponential import exp
from shinso.compiler.vector_math.lanes import Lanes


def erf(x: Lanes) -> Lanes:
    """erf x: a polynomial up to 1; beyond, 1 - erfc x, and ln erfc x is a polynomial."""
    size = abs(x)
    near = size.at_most(1.0)
    z = near * near
    inside = near.fma(z.polynomial(ERF[x.bits]), near)
    far = size.between(1.0, 4.0 if x.bits == 32 else 6.0)
    outside = 1.0 - exp((far - 2.0).polynomial(ERFC[x.bits]))
    return (size > 1.0).choose(outside, inside).signed_as(x)
