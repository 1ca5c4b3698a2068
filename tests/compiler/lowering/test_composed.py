"""Functions made of others, functions left to NumPy, and functions that are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler.errors import TraceError

_DRAW = np.random.default_rng(3)
M = _DRAW.normal(size=(3, 4))
V = np.array([3.0, -1.0, 2.0, 0.5])
A = _DRAW.normal(size=(2, 3, 4))
I = np.arange(6).reshape(2, 3) ** 2  # noqa: E741
U8 = np.array([250, 3, 7], np.uint8)
BOOL = np.array([True, False, False, True])
F32 = M.astype(np.float32)
ODD = np.array([1.0, np.nan, np.inf, -np.inf, -0.0])
SQUARE = _DRAW.normal(size=(2, 3, 3))
POSITIVE = SQUARE @ SQUARE.transpose(0, 2, 1) + np.eye(3)
SCALAR = np.array(2.5)
SORTED = np.array([-1.0, 0.0, 0.3, 2.0])

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "diff": (np.diff, (M,)),
    "diff_twice": (lambda x: np.diff(x, 2, axis=0), (M,)),
    "diff_none": (lambda x: np.diff(x, 0), (M,)),
    "diff_more_than_there_are": (lambda x: np.diff(x, 9), (V,)),
    "diff_bools": (np.diff, (BOOL,)),
    "diff_unsigned": (np.diff, (U8,)),
    "diff_ends": (lambda x: np.diff(x, prepend=0, append=x[:, :1]), (M,)),
    "diff_append": (lambda x: np.diff(x, axis=0, append=1.5), (M,)),
    "ediff1d": (np.ediff1d, (M,)),
    "ediff1d_ends": (lambda x: np.ediff1d(x, to_end=[1, 2], to_begin=x[0]), (V,)),
    "gradient": (np.gradient, (V,)),
    "gradient_axes": (np.gradient, (M,)),
    "gradient_spacing": (lambda x: np.gradient(x, 0.5, 2.0), (M,)),
    "gradient_axis": (lambda x: np.gradient(x, 3, axis=-1), (F32,)),
    "gradient_ints": (lambda x: np.gradient(x, axis=1), (I,)),
    "gradient_two": (lambda x: np.gradient(x, axis=0), (M[:2],)),
    "nan_to_num": (np.nan_to_num, (ODD,)),
    "nan_to_num_f32": (np.nan_to_num, (ODD.astype(np.float32),)),
    "nan_to_num_values": (lambda x: np.nan_to_num(x, nan=7, posinf=1, neginf=-1), (ODD,)),
    "nan_to_num_ints": (np.nan_to_num, (I,)),
    "isclose": (np.isclose, (M, M + 1e-9)),
    "isclose_odd": (np.isclose, (ODD, ODD)),
    "isclose_nan": (lambda x: np.isclose(x, x[::-1], equal_nan=True), (ODD,)),
    "isclose_number": (lambda x: np.isclose(x, 2), (V,)),
    "isclose_from_number": (lambda x: np.isclose(3, x, rtol=0.3, atol=0), (F32,)),
    "isclose_ints": (lambda x, y: np.isclose(x, y), (I, I + 1)),
    "isclose_f32": (lambda x, y: np.isclose(x, y), (F32, M)),
    "isposinf": (np.isposinf, (ODD,)),
    "isneginf": (np.isneginf, (ODD,)),
    "isreal": (np.isreal, (ODD,)),
    "iscomplex": (np.iscomplex, (ODD,)),
    "sinc": (np.sinc, (np.array([0.0, 0.5, 1.0, -2.25]),)),
    "sinc_f32": (np.sinc, (F32,)),
    "trapezoid": (np.trapezoid, (M,)),
    "trapezoid_at": (lambda y, x: np.trapezoid(y, x), (M, SORTED)),
    "trapezoid_axis": (lambda y: np.trapezoid(y, dx=0.25, axis=0), (M,)),
    "trapezoid_everywhere": (lambda y: np.trapezoid(y, y, axis=0), (M,)),
    "polyval": (lambda p, x: np.polyval(p, x), (V, M)),
    "polyval_known": (lambda x: np.polyval([1, 2, 3], x), (F32,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CASES[name]
    equals_numpy(f, *arrays)


HOSTED: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "sort": (lambda x: np.sort(x, axis=0), (M,)),
    "argsort": (lambda x: np.argsort(x, axis=-1, kind="stable"), (M,)),
    "partition": (lambda x: np.partition(x, 2), (V,)),
    "lexsort": (lambda x, y: np.lexsort((x, y)), (V, V)),
    "median": (lambda x: np.median(x, axis=1), (M,)),
    "percentile": (lambda x: np.percentile(x, [25, 50], axis=0), (M,)),
    "quantile": (lambda x: np.quantile(x, 0.3), (F32,)),
    "searchsorted": (lambda x: np.searchsorted(SORTED, x, side="right"), (V,)),
    "searchsorted_traced": (np.searchsorted, (SORTED, V)),
    "digitize": (lambda x: np.digitize(x, SORTED), (V,)),
    "histogram": (lambda x: np.histogram(x, bins=4, range=(-1, 1)), (M,)),
    "histogram_edges": (lambda x: np.histogram(x, SORTED, density=True), (M,)),
    "interp": (lambda x, f: np.interp(x, SORTED, f), (M, V)),
    "isin": (lambda x: np.isin(x, [2.0, 3.0]), (V,)),
    "nanstd": (lambda x: np.nanstd(x, axis=1, keepdims=True), (np.where(M > 1, np.nan, M),)),
    "inv": (np.linalg.inv, (SQUARE,)),
    "solve": (np.linalg.solve, (SQUARE, SQUARE[:, :, :2])),
    "det": (np.linalg.det, (SQUARE,)),
    "slogdet": (np.linalg.slogdet, (SQUARE[0],)),
    "cholesky": (np.linalg.cholesky, (POSITIVE,)),
    "qr": (np.linalg.qr, (M,)),
    "qr_complete": (lambda x: np.linalg.qr(x, mode="complete"), (A,)),
    "svd": (lambda x: np.linalg.svd(x, full_matrices=False), (M,)),
    "svd_values": (lambda x: np.linalg.svd(x, compute_uv=False), (M,)),
    "svdvals": (np.linalg.svdvals, (A,)),
    "eigh": (np.linalg.eigh, (POSITIVE,)),
    "pinv": (np.linalg.pinv, (A,)),
    "matrix_rank": (np.linalg.matrix_rank, (A,)),
    "matrix_power": (lambda x: np.linalg.matrix_power(x, -2), (SQUARE,)),
    "multi_dot": (lambda x: np.linalg.multi_dot([x, SQUARE[0], x]), (SQUARE[1],)),
    "fft_size": (lambda x: np.abs(np.fft.fft(x, 6)), (M,)),
    "rfft": (lambda x: np.fft.irfft(np.fft.rfft(x, axis=0), 3, axis=0), (M,)),
    "fftshift": (lambda x: np.fft.fftshift(x, axes=1), (M,)),
    "i0": (np.i0, (V,)),
    "cov": (np.cov, (M,)),
    "corrcoef": (np.corrcoef, (M,)),
    "unwrap": (np.unwrap, (V * 4,)),
    "list_of_traced": (lambda x, y: np.interp([0.5, 1.0], x, y), (SORTED, V)),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTED)
def test_host_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = HOSTED[name]
    equals_numpy(f, *arrays)


def test_named_results_keep_their_names(trace: Callable[..., Any]) -> None:
    result = trace(lambda x: np.linalg.svd(x).S, M)
    assert result.shape == (3,)


def test_a_host_call_is_compared_by_its_arguments(trace: Callable[..., Any]) -> None:
    one, same, other = (trace(lambda x, k=k: np.partition(x, k), V) for k in (1, 1, 2))
    assert one.operation == same.operation != other.operation
    assert hash(one.operation) == hash(same.operation)
    assert one.operation.call == "np.partition"


TRUTHS: list[tuple[Callable[..., Any], np.ndarray]] = [
    (lambda x: np.allclose(x, x + 1e-10), M),
    (lambda x: np.allclose(x, x[::-1]), V),
    (lambda x: np.array_equal(x, x), V),
    (lambda x: np.array_equal(x, x + 1), V),
    (lambda x: np.array_equal(x, x), ODD),
    (lambda x: np.array_equal(x, x + 0, equal_nan=True), ODD),
    (lambda x: np.array_equiv(x, x[None]), V),
]


@pytest.mark.parametrize("number", range(len(TRUTHS)))
def test_truths_are_traced(number: int, run: Callable[..., Any]) -> None:
    f, array = TRUTHS[number]
    y = run(f, array)
    assert y.dtype == bool
    assert bool(y) == f(array)


def test_different_shapes_are_unequal_at_once(trace: Callable[..., Any]) -> None:
    assert trace(lambda x: np.array_equal(x, x[:2]), V) is False
    assert trace(lambda x: np.array_equiv(x, x[:2]), V) is False


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "nonzero": (np.nonzero, "np.where"),
    "flatnonzero": (np.flatnonzero, "shape depends on values"),
    "argwhere": (np.argwhere, "shape depends on values"),
    "unique": (np.unique, "np.sort"),
    "bincount": (np.bincount, r"np.add.at\(y, x, 1\)"),
    "delete": (lambda x: np.delete(x, 1), "np.concatenate"),
    "copyto": (lambda x: np.copyto(x, 0), "writes into"),
    "put": (lambda x: np.put(x, [0], 1), "writes into"),
    "put_along_axis": (lambda x: np.put_along_axis(x, np.array([0]), 1, 0), "np.add.at"),
    "fill_diagonal": (lambda x: np.fill_diagonal(x, 1), "writes into"),
    "apply_along_axis": (lambda x: np.apply_along_axis(np.sum, 0, x), "whole arrays"),
    "piecewise": (lambda x: np.piecewise(x, [x > 0], [1]), "np.where"),
    "lstsq": (lambda x: np.linalg.lstsq(x, x), "pinv"),
    "eig": (np.linalg.eig, "eigh"),
    "histogram": (lambda x: np.histogram(x, "auto"), "edges"),
    "sort_out": (lambda x: np.median(x, out=np.zeros(())), "out="),
    "nan_to_num": (lambda x: np.nan_to_num(x, copy=False), "copy=False"),
    "gradient": (lambda x: np.gradient(x, np.arange(4.0)), "even spacing"),
    "gradient_order": (lambda x: np.gradient(x, edge_order=2), "edge_order=1"),
    "polymul": (lambda x: np.polymul(x, x), "np.convolve"),
    "polyfit": (lambda x: np.polyfit(x, x, 1), "vander"),
    "array2string": (np.array2string, "print it outside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_cannot_be_compiled(name: str, trace: Callable[..., Any]) -> None:
    f, words = REFUSED[name]
    with pytest.raises(TraceError, match=words):
        trace(f, V)


def test_raises_as_numpy(trace: Callable[..., Any]) -> None:
    for f, error in (
        (lambda x: np.diff(x, -1), ValueError),
        (lambda x: np.gradient(x[:1]), ValueError),
        (lambda x: np.gradient(x, 1.0, 2.0), TypeError),
        (lambda x: np.linalg.inv(x), np.linalg.LinAlgError),
        (lambda x: np.partition(x, 4), ValueError),
    ):
        with pytest.raises(error):
            f(V)
        with pytest.raises(error):
            trace(f, V)
