"""Functions that cannot be compiled, each with what to write instead.

Their result's shape depends on values, or they write into an argument, or they call Python code
for every element, or they read strides that a traced array does not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from shinso.compiler.errors import TraceError
from shinso.compiler.lowering.registry import lowers

_BY_VALUES = "its result's shape depends on values"
_WRITES = "it writes into an argument"
_PYTHON = "it calls Python code for every part"
_MASK = "np.where(condition, x, 0) keeps the shape"
_AT = "use np.where, a write to a slice, or np.add.at on an array of zeros"
_WHOLE = "write it with functions of whole arrays and np.where"

_REASONS: dict[Any, tuple[str, str]] = {
    **dict.fromkeys(
        (np.nonzero, np.flatnonzero, np.argwhere, np.extract, np.trim_zeros), (_BY_VALUES, _MASK)
    ),
    **dict.fromkeys(
        (
            np.unique,
            np.unique_values,
            np.unique_counts,
            np.unique_inverse,
            np.unique_all,
            np.union1d,
            np.intersect1d,
            np.setdiff1d,
            np.setxor1d,
        ),
        (_BY_VALUES, "do it before the step, or np.sort, which keeps the shape"),
    ),
    np.bincount: (
        _BY_VALUES,
        "y = np.zeros_like(x, shape=(n,)); np.add.at(y, x, 1) counts into n bins",
    ),
    np.histogram_bin_edges: (_BY_VALUES, "give np.histogram the number of bins"),
    np.histogramdd: ("it has many results", "use np.histogram, or np.histogram2d"),
    np.delete: (_BY_VALUES, "slice what stays and np.concatenate it"),
    np.insert: (_BY_VALUES, "np.concatenate the parts"),
    np.resize: ("it repeats what does not fit", "np.tile or np.pad, then slice"),
    **dict.fromkeys(
        (np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal),
        (_WRITES, _AT),
    ),
    **dict.fromkeys((np.apply_along_axis, np.apply_over_axes, np.piecewise), (_PYTHON, _WHOLE)),
    np.lib.stride_tricks.as_strided: (
        "a traced array has no strides",
        "use np.lib.stride_tricks.sliding_window_view, slices, or np.broadcast_to",
    ),
    **dict.fromkeys(
        (np.linalg.eig, np.linalg.eigvals, np.roots),
        ("whether its result is real or complex depends on values", "np.linalg.eigh, or NumPy"),
    ),
    np.linalg.lstsq: (
        _BY_VALUES,
        "np.linalg.pinv(a) @ b, or np.linalg.solve of the normal equations",
    ),
    np.polymul: ("leading zeros are cut off, so " + _BY_VALUES, "np.convolve keeps the shape"),
    np.poly: ("its result may be real or complex", "np.convolve of the factors"),
    np.polyfit: (_BY_VALUES, "np.linalg.pinv(np.vander(x, n)) @ y"),
    **dict.fromkeys(
        (np.array2string, np.array_repr, np.array_str, np.save, np.savez, np.savetxt),
        ("it needs the values while the step is traced", "return the array and print it outside"),
    ),
    **dict.fromkeys(
        (np.may_share_memory, np.shares_memory),
        ("a traced array has no memory yet", "leave it out"),
    ),
    np.einsum_path: ("it plans, it computes nothing", "call np.einsum, the compiler plans it"),
}


def _refusal(function: Callable[..., Any], why: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise TraceError(f"np.{function.__name__} cannot be compiled, since {why}: {instead}")

    return refuse


for _function, (_why, _instead) in _REASONS.items():
    lowers(_function)(_refusal(_function, _why, _instead))
