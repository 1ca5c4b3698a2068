"""For tests: how far results are from the exact ones, in units in the last place."""

import numpy as np


def units_off(y, exact):
    """|y - exact| in units in the last place of exact's neighbour in y's dtype.

    0 where both are NaN or the same infinity, inf where only one is.
    """
    with np.errstate(all="ignore"):
        near = exact.astype(y.dtype)
        finite = np.isfinite(near) & np.isfinite(y)
        size = np.maximum(np.abs(near), np.finfo(y.dtype).smallest_normal)
        unit = np.spacing(np.where(finite, size, 1)).astype(exact.dtype)
        off = np.abs(y.astype(exact.dtype) - exact) / unit
    same = (y == near) | (np.isnan(y) & np.isnan(near))
    # Rounding to infinity may be right while the exact value is a little below: one unit off.
    edge = ~same & ~np.isnan(exact) & ~np.isnan(y) & (np.maximum(abs(y), abs(near)) == np.inf)
    largest = np.finfo(y.dtype).max
    edge &= np.minimum(abs(y), abs(near)) >= largest * (1 - 4 * np.finfo(y.dtype).eps)
    return np.where(finite, off, np.where(same, 0, np.where(edge, 1, np.inf))).astype(float)


def floats(step):
    """Every step-th bit pattern of float32, all exponents and both signs."""
    return np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)


SPECIAL = np.array(
    [0.0, np.inf, np.nan, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 1e-45, 1e-39, 1.1754944e-38, 3.4028235e38,
     2.0**23, 2.0**24, 2.0**24 + 2, 88.72284, 103.97208, 710.0, 745.2, 1e5, 16367173.0 * 2.0**72],
)  # fmt: skip
SPECIAL = np.concatenate([SPECIAL, -SPECIAL, np.nextafter(1, [0.0, 2.0])])
HUGE = np.array(
    [5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, 2.0**52 + 1, 2.0**53,
     709.782712893384, -745.1332191019411, 6381956970095103.0 * 2.0**797],
)  # fmt: skip


def doubles(n):
    """Numbers of float64: moderate ones, all exponents, special ones."""
    rng = np.random.default_rng(5)
    spread = np.ldexp(rng.uniform(-1, 1, n), rng.integers(-1073, 1025, n))
    near = [rng.standard_normal(n) * scale for scale in (1, 30, 300)]
    ones = 1 + np.ldexp(rng.uniform(-1, 1, n), rng.integers(-52, 0, n))
    return np.concatenate([spread, *near, ones, SPECIAL, HUGE, -HUGE])
