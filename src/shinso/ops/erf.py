"""The error function, which NumPy lacks, and the GELU that needs it.

Rational approximations on three intervals, correct to the last digits of float64. W. J. Cody,
"Rational Chebyshev approximations for the error function", Mathematics of Computation 23 (1969).
"""

from __future__ import annotations

import math

import numpy as np

from shinso.cell import Array
from shinso.graph import Function

# |x| ≤ 0.46875: erf x = x A(x²) / B(x²)
_A = (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
      3.77485237685302021e2, 3.20937758913846947e3)  # fmt: skip
_B = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
      2.84423683343917062e3)  # fmt: skip
# 0.46875 ≤ x ≤ 4: erfc x = e^(-x²) C(x) / D(x)
_C = (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
      6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
      1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3)  # fmt: skip
_D = (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
      1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
      3.43936767414372164e3, 1.23033935480374942e3)  # fmt: skip
# x ≥ 4: erfc x = e^(-x²) / x · (1/√π - P(1/x²) / (x² Q(1/x²)))
_P = (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
      1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4)  # fmt: skip
_Q = (1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1,
      6.05183413124413191e-2, 2.33520497626869185e-3)  # fmt: skip


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Horner's rule, highest power first."""
    y = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        y = y * x + c
    return y


def erf(x: Array) -> Array:
    """The error function, 2/√π ∫₀ˣ e^(-u²) du, of an array, in the array's dtype."""
    size = np.abs(x)
    near = np.minimum(size, 0.46875)
    middle = np.clip(size, 0.46875, 4.0)
    far = np.clip(size, 4.0, 9.0)  # beyond 9, erfc is 0 even in float64
    inside = near * _polynomial(near * near, _A) / _polynomial(near * near, _B)
    shoulder = 1 - np.exp(-middle * middle) * _polynomial(middle, _C) / _polynomial(middle, _D)
    r = 1 / (far * far)
    ratio = r * _polynomial(r, _P) / _polynomial(r, _Q)
    tail = 1 - np.exp(-far * far) / far * (1 / math.sqrt(math.pi) - ratio)
    y = np.where(size <= 0.46875, inside, np.where(size <= 4.0, shoulder, tail))
    # NaN is on neither side of a comparison: adding 0·x keeps it.
    return np.where(x < 0, -y, y) + 0 * np.clip(x, -1, 1)


class GELU(Function):
    """y = x Φ(x). dx = dy (Φ(x) + x φ(x)), with φ the density of Φ."""

    def forward(self, x: Array) -> Array:
        self.x = x
        self.phi = 0.5 * (1 + erf(x * math.sqrt(0.5)))
        return x * self.phi

    def backward(self, dy: Array) -> Array:
        z = np.clip(self.x, -20, 20)  # the density is 0 out there, and x² could overflow
        density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
        return dy * (self.phi + z * density)
