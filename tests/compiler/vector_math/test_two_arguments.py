"""Functions of two numbers: exact ones bit for bit, others against twice the precision."""

import numpy as np
import pytest

from shinso.compiler.target import NAMES, named
from tests.compiler.elementwise import function
from tests.compiler.vector_math.accuracy import HUGE, SPECIAL, units_off

TARGETS = [name for name in NAMES if named(name).runs_here]
LONG = np.finfo(np.longdouble).nmant >= 63
ALLOWED = {"arctan2": (2, 2.5), "hypot": (0.5, 2), "power": (1, 8)}
EXACT = ("copysign", "floor_divide", "fmod", "heaviside", "nextafter", "remainder")
WIDER = {np.dtype(np.float32): np.float64, np.dtype(np.float64): np.longdouble}


def pairs(dtype, n=20000):
    """All pairs of special numbers, random bit patterns, moderate numbers, near ones."""
    rng = np.random.default_rng(11)
    special = np.concatenate([SPECIAL, [-1.5, 7.0, 0.25]])
    if dtype == np.float64:
        special = np.concatenate([special, HUGE, -HUGE])
    grid = [g.ravel() for g in np.meshgrid(special, special)]
    word = np.uint32 if dtype == np.float32 else np.uint64
    patterns = rng.integers(0, np.iinfo(word).max, (2, n), dtype=word, endpoint=True).view(dtype)
    moderate = rng.standard_normal((2, n)) * 20
    positive = np.exp(2 * rng.standard_normal((2, n)))
    whole = rng.integers(-50, 50, (2, n))
    with np.errstate(all="ignore"):
        parts = [np.stack(grid), patterns, moderate, whole, positive,
                 np.stack([positive[0], moderate[1]])]  # fmt: skip
        return np.concatenate([p.astype(dtype) for p in parts], axis=1)


def results(name, x, y, target):
    char = x.dtype.char
    return function(name, char * 2, char, named(target).lanes(x.dtype), target)(x, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_close(name, dtype):
    x, y = pairs(np.dtype(dtype))
    if dtype == np.float64 and not LONG:
        pytest.skip("needs a long double of more digits than float64")
    wider = WIDER[np.dtype(dtype)]
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(wider), y.astype(wider))
        near = exact.astype(dtype)
    allowed = ALLOWED[name][dtype == np.float64]
    for target in TARGETS:
        z = results(name, x, y, target)
        off = units_off(z, exact)
        i = int(off.argmax())
        extra = 0 if named(target).fma else 0.5
        assert off[i] <= allowed + extra, (target, off[i], x[i], y[i], z[i], exact[i])
        zero = (z == 0) & (near == 0)
        assert np.array_equal(np.signbit(z[zero]), np.signbit(near[zero])), target


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_exact(name, dtype):
    x, y = pairs(np.dtype(dtype))
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(x, y)
    for target in TARGETS:
        z = results(name, x, y, target)
        wrong = ~((z == wanted) & (np.signbit(z) == np.signbit(wanted)))
        wrong &= ~(np.isnan(z) & np.isnan(wanted))
        i = int(wrong.argmax())
        assert not wrong.any(), (target, x[i], y[i], z[i], wanted[i], wrong.sum())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_sums_of_powers(name, dtype):
    """Exact to the larger of the operands: where the sum is near 1 its logarithm cancels."""
    x, y = pairs(np.dtype(dtype))
    wider = WIDER[np.dtype(dtype)]
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(wider), y.astype(wider))
        scale = np.maximum(np.maximum(np.abs(x), np.abs(y)), 1).astype(wider)
    for target in TARGETS:
        z = results(name, x, y, target)
        finite = np.isfinite(z)
        with np.errstate(all="ignore"):
            wanted = exact.astype(dtype)
        assert np.array_equal(z[~finite], wanted[~finite], equal_nan=True)
        assert np.all(np.isfinite(wanted[finite]))
        error = np.abs(z[finite] - exact[finite]) / scale[finite]
        assert error.max() <= 3 * np.finfo(dtype).eps
