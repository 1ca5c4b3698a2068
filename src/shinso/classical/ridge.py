"""Ridge regression in closed form, from data that may come block by block."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.linalg import get_blas_funcs, get_lapack_funcs

from shinso.cell import Array


class Normal:
    """The normal equations (HᵀH + αI) B = HᵀY, with sums that grow block by block.

    Only the lower half of HᵀH is worked out, in one array that is solved in place: width² numbers
    are all that it takes, for any number of rows. In float32 every block adds rounding errors of
    about 1e-7 of the largest entry; columns of H whose mean is near 0 keep that small.
    """

    def __init__(self, width: int, outputs: int, dtype: Any) -> None:
        self.gram = np.zeros((width, width), dtype, order="F")
        self.moment = np.zeros((width, outputs), dtype)
        self.rows = 0

    def add(self, h: Array, y: Array) -> None:
        """More rows: h (n, width), y (n, outputs)."""
        syrk = get_blas_funcs("syrk", dtype=self.gram.dtype)
        h = np.ascontiguousarray(h, self.gram.dtype)
        if len(h):
            self.gram = syrk(1.0, h.T, beta=1.0, c=self.gram, lower=1, overwrite_c=1)
            self.moment += h.T @ y
        self.rows += len(h)

    def solve(self, alpha: float, keep: bool = False) -> Array:
        """B (width, outputs) for this α. keep: leave the sums as they are; otherwise they are used
        up. Raises ValueError if α is too small for HᵀH to be solved in its precision."""
        gram = self.gram.copy(order="F") if keep else self.gram
        if not keep:
            del self.gram
        return solve_positive(gram, self.moment, alpha)


def solve_positive(gram: Array, right: Array, alpha: float) -> Array:
    """X of (G + αI) X = R for a symmetric G of which the lower half is looked at; G is used up.

    By Cholesky's factors. Raises ValueError if G + αI is not positive definite in its precision.
    """
    if not len(gram):
        return np.zeros_like(right)
    potrf, potrs = get_lapack_funcs(("potrf", "potrs"), dtype=gram.dtype)
    np.einsum("ii->i", gram)[:] += gram.dtype.type(alpha)
    factor, wrong = potrf(gram, lower=1, overwrite_a=1, clean=0)
    if wrong == 0:
        answer, wrong = potrs(factor, right, lower=1)
    if wrong != 0 or not np.isfinite(answer).all():
        raise ValueError(
            f"alpha={alpha:g} is too small for {gram.dtype}: with so little of it the equations "
            "have no unique solution. Raise alpha, or give X in float64"
        )
    return answer


def ridge(h: Array, y: Array, alpha: float) -> Array:
    """B that minimizes |HB - Y|² + α|B|²: h (n, width), y (n, outputs) → (width, outputs).

    By the smaller of two systems: (HᵀH + αI) B = HᵀY, or B = Hᵀ (HHᵀ + αI)⁻¹ Y.
    Raises ValueError as `solve_positive`. A. E. Hoerl, R. W. Kennard, "Ridge regression", 1970.
    """
    if h.shape[1] <= len(h):
        normal = Normal(h.shape[1], y.shape[1], h.dtype)
        normal.add(h, y)
        return normal.solve(alpha)
    return h.T @ solve_positive(np.asfortranarray(h @ h.T), y, alpha)


def ridge_by_blocks(
    blocks: Iterable[tuple[Array, Array]], width: int, outputs: int, dtype: Any, alpha: float
) -> Array:
    """The same from pairs of blocks (h, y), which need not be in memory at the same time."""
    normal = Normal(width, outputs, dtype)
    for h, y in blocks:
        normal.add(h, y)
    return normal.solve(alpha)
