"""np.pad and windows: exactly as NumPy does them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler.errors import TraceError

M = np.arange(12.0).reshape(3, 4) - 5.5
V = np.array([3.0, -1.0, 2.0, 0.5])
I = np.arange(6).reshape(2, 3)  # noqa: E741
A = np.arange(24.0).reshape(2, 3, 4)
SCALAR = np.array(2.5)
ONE = np.ones((1, 2))
slide = np.lib.stride_tricks.sliding_window_view

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "zeros": (lambda x: np.pad(x, 1), (M,)),
    "pair": (lambda x: np.pad(x, (1, 2)), (M,)),
    "one_pair": (lambda x: np.pad(x, ((1, 0),)), (M,)),
    "column": (lambda x: np.pad(x, ((1,), (2,))), (M,)),
    "pairs": (lambda x: np.pad(x, ((0, 1), (2, 0))), (M,)),
    "nothing": (lambda x: np.pad(x, 0), (M,)),
    "value": (lambda x: np.pad(x, 1, constant_values=-np.inf), (M,)),
    "value_cast": (lambda x: np.pad(x, 1, constant_values=2.9), (I,)),
    "value_traced": (lambda x, v: np.pad(x, 1, constant_values=v), (M, SCALAR)),
    "values": (lambda x: np.pad(x, 2, constant_values=(1, 2)), (M,)),
    "values_per_axis": (
        lambda x: np.pad(x, ((1, 2), (2, 1)), constant_values=((1, 2), (3, 4))), (M,),
    ),
    "values_traced": (
        lambda x, v: np.pad(x, 1, constant_values=((v, 2), (3, v))), (M, SCALAR),
    ),
    "empty_array": (lambda x: np.pad(x, ((0, 0), (1, 1))), (np.zeros((0, 2)),)),
    "turned": (lambda x: np.pad(x, ((0, 0), (1, 1), (2, 0))), (A.transpose(2, 0, 1),)),
    "scalar": (lambda x: np.pad(x, 3), (SCALAR,)),
    **{
        f"{mode}_{n}": (lambda x, mode=mode, n=n: np.pad(x, n, mode=mode), (M,))
        for mode in ("edge", "reflect", "symmetric", "wrap")
        for n in (1, 2, 3, 7, ((0, 2), (3, 0)), 33)
    },
    "reflect_one": (lambda x: np.pad(x, 2, mode="reflect"), (ONE,)),
    "maximum": (lambda x: np.pad(x, 2, mode="maximum"), (M,)),
    "minimum_length": (lambda x: np.pad(x, 2, mode="minimum", stat_length=2), (M,)),
    "mean": (lambda x: np.pad(x, 1, mode="mean"), (M,)),
    "mean_ints": (lambda x: np.pad(x, 1, mode="mean", stat_length=((1, 2), (2, 1))), (I,)),
    "windows": (lambda x: slide(x, (2, 3)), (M,)),
    "windows_axis": (lambda x: slide(x, 2, axis=-1), (A,)),
    "windows_axes": (lambda x: slide(x, (2, 3), axis=(2, 1)), (A,)),
    "windows_same_axis": (lambda x: slide(x, (2, 3), axis=(2, 2)), (A,)),
    "windows_whole": (lambda x: slide(x, (3, 4)), (M,)),
    "windows_vector": (lambda x: slide(x, 3)[::2], (V,)),
}  # fmt: skip
if np.lib.NumpyVersion(np.__version__) >= "2.4.0":  # before, NumPy does not take a dictionary
    CASES["dict"] = (lambda x: np.pad(x, {-1: (1, 2)}), (M,))


@pytest.mark.parametrize("name", CASES)
def test_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CASES[name]
    equals_numpy(f, *arrays)


ERRORS: list[Callable[..., Any]] = [
    lambda x: np.pad(x, -1),
    lambda x: np.pad(x, (1, 2, 3)),
    lambda x: np.pad(x, 1, mode="edge", constant_values=1),
    lambda x: np.pad(x[:0], 1, mode="reflect"),
    lambda x: np.pad(x, 1, mode="maximum", stat_length=0),
    lambda x: slide(x, (4, 2)),
    lambda x: slide(x, 2),
    lambda x: slide(x, (2, 2), axis=0),
    lambda x: slide(x, (-1, 2)),
]


@pytest.mark.parametrize("number", range(len(ERRORS)))
def test_raises_as_numpy(number: int, trace: Callable[..., Any]) -> None:
    with pytest.raises(ValueError):
        ERRORS[number](M)
    with pytest.raises(ValueError):
        trace(ERRORS[number], M)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: np.pad(x, 1, mode="linear_ramp"), "mode='linear_ramp'"),
        (lambda x: np.pad(x, 1, mode="median"), "these can: constant"),
        (lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"), "odd"),
        (lambda x: slide(x, (2, 2), writeable=True), "writing through windows"),
    ],
)
def test_refuses_what_cannot_be_compiled(
    f: Callable[..., Any], words: str, trace: Callable[..., Any]
) -> None:
    with pytest.raises((TraceError, TypeError), match=words):
        trace(f, M)


def test_float_widths(trace: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="integral"):
        trace(lambda x: np.pad(x, 1.5), M)


def test_padding_is_one_node(trace: Callable[..., Any]) -> None:
    node = trace(lambda x: np.pad(x, ((0, 0), (1, 2)), constant_values=-np.inf), M)
    assert type(node.operation).__name__ == "Pad"
    assert node.operation.widths == ((0, 0), (1, 2))
    windows = trace(lambda x: slide(x, (2, 2)), M)
    assert type(windows.operation).__name__ == "View"
