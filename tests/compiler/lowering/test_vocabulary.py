"""Every NumPy function that the ops use has a lowering, and none of them is left to NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shinso.compiler import build
from shinso.compiler.lowering.registry import FUNCTIONS, collecting
from shinso.compiler.lowering.writing import added_at

# What probes met when every case of the op table ran on them (shinso.graph.probe.vocabulary).
VOCABULARY = (
    "absolute", "add", "add.at", "arange", "argmax", "argmin", "array", "bitwise_and",
    "bitwise_or", "bitwise_xor", "broadcast_to", "clip", "concatenate", "cos", "divide",
    "einsum", "equal", "exp", "expand_dims", "expm1", "flip", "floor_divide", "greater",
    "greater_equal", "invert", "isfinite", "isnan", "left_shift", "less", "less_equal", "log",
    "log1p", "matmul", "max", "maximum", "minimum", "moveaxis", "multiply", "ndarray.argmax",
    "ndarray.astype", "ndarray.max", "ndarray.mean", "ndarray.min", "ndarray.reshape",
    "ndarray.sum", "ndarray.swapaxes", "ndarray.take", "ndarray.transpose", "negative",
    "not_equal", "pad", "power", "remainder", "right_shift", "shape", "sign", "sin",
    "sliding_window_view", "sqrt", "square", "squeeze", "stack", "subtract", "sum",
    "swapaxes", "take_along_axis", "tanh", "tensordot", "transpose", "where", "zeros_like",
)  # fmt: skip


def _function(name: str) -> Any:
    if name == "sliding_window_view":
        return np.lib.stride_tricks.sliding_window_view
    return getattr(np, name.removeprefix("ndarray."))


@pytest.mark.parametrize("name", [n for n in VOCABULARY if n != "add.at"])
def test_has_a_lowering_of_its_own(name: str) -> None:
    lowering = FUNCTIONS[_function(name)]
    assert lowering.__module__.startswith("shinso.compiler.lowering.")
    assert lowering.__module__ not in (
        "shinso.compiler.lowering.host",
        "shinso.compiler.lowering.refused",
    )


def test_add_at_is_one_scatter() -> None:
    x, v, i = (
        build.argument(k, a) for k, a in enumerate((np.zeros(3), np.ones(2), np.zeros(2, int)))
    )
    with collecting([]):
        node = added_at(x, i, v)
    assert type(node.operation).__name__ == "Scatter"


def test_most_of_numpy_is_known() -> None:
    """Functions of numpy and numpy.linalg that dispatch, but that nobody thought of."""
    dispatching = type(np.flip)
    forgotten = {
        name
        for module in (np, np.linalg, np.fft)
        for name, function in vars(module).items()
        if type(function) is dispatching and function not in FUNCTIONS
    }
    assert forgotten <= {
        "busday_count", "busday_offset", "is_busday", "datetime_as_string",  # dates
        "cumulative_prod", "cumulative_sum", "polydiv", "real_if_close",
        "savez_compressed", "tensorinv", "tensorsolve",
        "in1d", "trapz",  # of older versions of NumPy
        "nansum", "nanprod", "nanmax", "nanmin", "nanmean",
    }  # fmt: skip
