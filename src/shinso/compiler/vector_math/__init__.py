"""Elementary functions of floating-point vectors, written as LLVM instructions.

`emit(builder, target, name, operands)` works on numbers and on vectors of any length, float and
double. No function calls a library; errors are at most 2 units in the last place in float32, and
relative errors in float64 at most 1e-14, denormal results, infinities, NaN and zeros as in C.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shinso.compiler.target import Target
from shinso.compiler.vector_math import (
    division,
    error,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    power,
    root,
    rounding,
    sign,
    trigonometric,
)
from shinso.compiler.vector_math.lanes import Lanes

FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    f.__name__: f
    for f in (
        division.floor_divide,
        division.fmod,
        division.remainder,
        error.erf,
        exponential.exp,
        exponential.exp2,
        exponential.expm1,
        hyperbolic.arccosh,
        hyperbolic.arcsinh,
        hyperbolic.arctanh,
        hyperbolic.cosh,
        hyperbolic.sinh,
        hyperbolic.tanh,
        inverse.arccos,
        inverse.arcsin,
        inverse.arctan,
        inverse.arctan2,
        logarithm.log,
        logarithm.log10,
        logarithm.log1p,
        logarithm.log2,
        logarithm.logaddexp,
        logarithm.logaddexp2,
        power.power,
        root.cbrt,
        root.hypot,
        root.sqrt,
        rounding.ceil,
        rounding.floor,
        rounding.rint,
        rounding.trunc,
        sign.copysign,
        sign.deg2rad,
        sign.heaviside,
        sign.nextafter,
        sign.rad2deg,
        sign.reciprocal,
        sign.sign,
        trigonometric.cos,
        trigonometric.sin,
        trigonometric.tan,
    )
}
"""Every function by NumPy's name for it (and erf, which NumPy lacks)."""


def emit(builder: Any, target: Target, function: str, operands: Sequence[Any]) -> Any:
    """Instructions for one function of LLVM values of one type; returns the result's value.

    Some functions add basic blocks: the builder then stands at the end of the last one.
    Raises KeyError for a name that is not in FUNCTIONS.
    """
    return FUNCTIONS[function](*(Lanes(builder, target, x) for x in operands)).value
