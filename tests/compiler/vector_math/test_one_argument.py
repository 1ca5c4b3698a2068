"""Functions of one number against NumPy in twice the precision, on every target that runs here."""

import math

import numpy as np
import pytest

from shinso.compiler.target import NAMES, named
from tests.compiler.elementwise import function
from tests.compiler.vector_math.accuracy import HUGE, SPECIAL, doubles, floats, units_off

# Units in the last place: (float32, float64)
ALLOWED = {
    "arccos": (1.5, 2), "arccosh": (2, 3), "arcsin": (2, 2.5), "arcsinh": (2, 3),
    "arctan": (2, 2), "arctanh": (2, 3), "cbrt": (1.5, 1.5), "cos": (2, 3), "cosh": (1.5, 2),
    "deg2rad": (1, 1), "exp": (1, 1), "exp2": (1, 1), "expm1": (2, 2), "log": (1, 1),
    "log10": (1.5, 1.5), "log1p": (2, 2), "log2": (1.5, 1.5), "rad2deg": (1, 1),
    "reciprocal": (0.5, 0.5), "sin": (2, 3), "sinh": (2, 2), "sqrt": (0.5, 0.5), "tan": (1, 5),
    "tanh": (2, 2), "ceil": (0, 0), "floor": (0, 0), "rint": (0, 0), "sign": (0, 0),
    "trunc": (0, 0),
}  # fmt: skip
HOT = {"cos", "exp", "expm1", "log", "log1p", "sin", "sqrt", "tanh"}  # most of what networks need
TARGETS = [name for name in NAMES if named(name).runs_here]
LONG = np.finfo(np.longdouble).nmant >= 63
BASELINE_EXTRA = 1.0  # without fused multiply-add some formulas round once more


def check(name, x, exact, target, allowed):
    lanes = named(target).lanes(x.dtype)
    y = function(name, x.dtype.char, x.dtype.char, lanes, target)(x)
    off = units_off(y, exact)
    worst = int(off.argmax())
    assert off[worst] <= allowed, (target, off[worst], x[worst], y[worst], exact[worst])
    if name in ODD:
        zero = x == 0
        assert np.array_equal(np.signbit(y[zero]), np.signbit(x[zero]))


# f(-0) is -0
ODD = {"arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "ceil", "deg2rad", "expm1", "floor",
       "log1p", "rad2deg", "rint", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_float32(name):
    with np.errstate(all="ignore"):
        special = np.concatenate([SPECIAL.astype(np.float32), np.linspace(-4, 4, 10007)])
        for step, targets in ((1021 if name in HOT else 4099, ["native"]), (40009, TARGETS)):
            x = np.concatenate([floats(step), special.astype(np.float32)])
            exact = getattr(np, name)(x.astype(np.float64))
            for target in targets:
                extra = 0 if named(target).fma else BASELINE_EXTRA
                check(name, x, exact, target, ALLOWED[name][0] + extra)


@pytest.mark.skipif(not LONG, reason="needs a long double of more digits than float64")
@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_float64(name):
    x = doubles(6000)
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(np.longdouble))
        for target in TARGETS:
            extra = 0 if named(target).fma else BASELINE_EXTRA
            check(name, x, exact, target, ALLOWED[name][1] + extra)


def test_multiples_of_half_a_turn_keep_their_digits():
    """Near n π / 2 the sine is as small as the argument's own rounding."""
    n = np.concatenate([np.arange(1, 2000), 2 ** np.arange(11, 60)])
    for dtype, exact in ((np.float32, np.float64), (np.float64, np.longdouble)):
        if exact is np.longdouble and not LONG:
            continue
        x = (n * np.pi / 2).astype(dtype)
        for name in ("sin", "cos", "tan"):
            for target in TARGETS:
                char = x.dtype.char
                y = function(name, char, char, named(target).lanes(dtype), target)(x)
                off = units_off(y, getattr(np, name)(x.astype(exact)))
                assert off.max() <= 6, (name, target, x[off.argmax()])


def test_erf():
    x = np.concatenate([floats(400009), SPECIAL.astype(np.float32)]).astype(np.float32)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        exact = np.array([math.erf(v) for v in x.astype(float)])
    z = np.concatenate([doubles(2000), HUGE])
    z = z[np.isfinite(z)]
    twice = np.array([math.erf(v) for v in z])
    for target in TARGETS:
        y = function("erf", "f", "f", named(target).lanes("f"), target)(x)
        assert units_off(y, exact).max() <= 2
        y = function("erf", "d", "d", named(target).lanes("d"), target)(z)
        assert units_off(y, twice).max() <= 4
