"""New arrays, and questions about dtypes: exactly as NumPy answers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler.errors import TraceError

M = np.arange(12.0).reshape(3, 4) - 5.5
V = np.array([3.0, -1.0, 2.0, 0.5])
I = np.arange(6).reshape(2, 3)  # noqa: E741
F32 = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
SCALAR = np.array(2.5)
U8 = np.array([250, 3, 7], np.uint8)

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "zeros_like": (np.zeros_like, (F32,)),
    "zeros_like_shape": (lambda x: np.zeros_like(x, shape=(2, 0, 3)), (F32,)),
    "zeros_like_int_shape": (lambda x: np.zeros_like(x, shape=5, dtype=int), (F32,)),
    "ones_like": (lambda x: np.ones_like(x, dtype=bool), (M,)),
    "full_like": (lambda x: np.full_like(x, 2.7), (I,)),
    "full_like_traced": (lambda x, y: np.full_like(x, y), (F32, SCALAR)),
    "full_like_row": (lambda x, y: np.full_like(x, y), (M, V)),
    "full_like_nan": (lambda x: np.full_like(x, np.nan), (F32,)),
    "zeros": (lambda x: np.zeros((2, 3), like=x), (M,)),
    "zeros_int": (lambda x: np.zeros(3, dtype=np.int32, like=x), (M,)),
    "ones": (lambda x: np.ones((), like=x), (M,)),
    "full": (lambda x: np.full((2, 2), 3, like=x), (M,)),
    "full_float": (lambda x: np.full(4, 0.5, dtype=np.float32, like=x), (M,)),
    "eye": (lambda x: np.eye(3, like=x), (M,)),
    "eye_wide": (lambda x: np.eye(3, 5, 1, dtype=np.float32, like=x), (M,)),
    "eye_below": (lambda x: np.eye(3, k=-2, dtype=bool, like=x), (M,)),
    "eye_empty": (lambda x: np.eye(0, 2, like=x), (M,)),
    "identity": (lambda x: np.identity(2, like=x), (M,)),
    "tri": (lambda x: np.tri(3, 4, -1, dtype=int, like=x), (M,)),
    "arange": (lambda x: np.arange(5, like=x), (M,)),
    "arange_bounds": (lambda x: np.arange(2, 11, 3, like=x), (M,)),
    "arange_down": (lambda x: np.arange(5, -4, -2, like=x), (M,)),
    "arange_float": (lambda x: np.arange(0.1, 1.0, 0.1, like=x), (M,)),
    "arange_dtype": (lambda x: np.arange(7, dtype=np.uint32, like=x), (M,)),
    "arange_f32": (lambda x: np.arange(1, 4, dtype=np.float32, like=x), (M,)),
    "arange_empty": (lambda x: np.arange(3, 3, like=x), (M,)),
    "array": (lambda x: np.array([1, 2.5], like=x), (M,)),
    "array_of_traced": (lambda x: np.array([x, x + 1], like=x), (V,)),
    "array_nested": (lambda x: np.array([[x[0], 1.0], [x[1], x[2]]], like=x), (V,)),
    "array_ndmin": (lambda x: np.array(x, ndmin=3, dtype=np.float32, like=x), (V,)),
    "asarray": (lambda x: np.asarray(3, like=x), (V,)),
    "copy": (np.copy, (M,)),
    "meshgrid": (lambda x, y: np.meshgrid(x, y), (V, V[:3])),
    "meshgrid_ij": (lambda x, y: np.meshgrid(x, y, [1, 2], indexing="ij"), (V, V[:3])),
    "meshgrid_sparse": (lambda x, y: np.meshgrid(x, y, sparse=True), (V, V[:3])),
    "meshgrid_one": (lambda x: np.meshgrid(x), (V,)),
    "vander": (np.vander, (V,)),
    "vander_rising": (lambda x: np.vander(x, 3, increasing=True), (U8,)),
    "vander_none": (lambda x: np.vander(x, 0), (V,)),
    "linspace": (lambda x, y: np.linspace(x, y, 7), (SCALAR, np.array(9.25))),
    "linspace_many": (lambda x: np.linspace(x, 1, 5, axis=-1), (V,)),
    "linspace_open": (lambda x: np.linspace(0, x, 4, endpoint=False), (F32,)),
    "linspace_ints": (lambda x: np.linspace(x, 10, 4, dtype=int), (SCALAR,)),
    "linspace_one": (lambda x: np.linspace(x, 3, 1), (SCALAR,)),
    "linspace_none": (lambda x: np.linspace(x, 3, 0), (V,)),
    "linspace_flat": (lambda x: np.linspace(x, x, 3), (V,)),
    "linspace_step": (lambda x: np.linspace(x, 3, 4, retstep=True), (SCALAR,)),
    "logspace": (lambda x: np.logspace(x, 2, 4), (SCALAR,)),
    "logspace_base": (lambda x: np.logspace(0, x, 3, base=2.0, dtype=np.float32), (SCALAR,)),
    "logspace_bases": (lambda x: np.logspace(0, 2, 3, base=x), (np.array([2.0, 3.0]),)),
    "geomspace": (lambda x: np.geomspace(x, 2, 4), (SCALAR,)),
    "astype": (lambda x: np.astype(x, np.float32), (M,)),
    "astype_same": (lambda x: np.astype(x, np.float64), (M,)),
    "result_type": (
        lambda x, y: np.zeros_like(x, dtype=np.result_type(x, y, 1.0)), (F32, I),
    ),
    "result_type_weak": (lambda x: np.zeros_like(x, dtype=np.result_type(x, 3)), (U8,)),
    "can_cast": (
        lambda x: np.full_like(x, np.can_cast(x.dtype, np.float32, "same_kind")), (M,),
    ),
    "common_type": (lambda x, y: np.zeros_like(x, dtype=np.common_type(x, y)), (F32, I)),
    "complex": (lambda x: np.full_like(x, np.iscomplexobj(x) + 2 * np.isrealobj(x)), (M,)),
    "triu_indices_from": (lambda x: x[np.triu_indices_from(x, 1)], (M,)),
    "tril_indices_from": (lambda x: x[np.tril_indices_from(x)], (M,)),
    "diag_indices_from": (lambda x: x[np.diag_indices_from(x)], (M[:, :3],)),
    "ix_": (lambda x, i, j: x[np.ix_(i, j)], (M, np.array([2, 0]), np.array([3, 3, 1]))),
    "unravel_index": (lambda i: np.unravel_index(i, (3, 4)), (np.array([[0, 11], [7, 4]]),)),
    "ravel_multi_index": (
        lambda i, j: np.ravel_multi_index((i, j), (3, 4)), (np.array([0, 2]), np.array([3, 1])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CASES[name]
    equals_numpy(f, *arrays)


def test_empty_memory_is_zeros(run: Callable[..., Any]) -> None:
    """NumPy leaves it as it is; here it may not differ from run to run."""
    y = run(lambda x: np.empty_like(x, shape=(2, 3)), F32)
    assert y.dtype == np.float32
    assert np.array_equal(y, np.zeros((2, 3)))
    assert np.array_equal(run(lambda x: np.empty(3, like=x), F32), np.zeros(3))


def test_zeros_are_one_number(trace: Callable[..., Any]) -> None:
    """A large array of one value does not become part of the program."""
    node = trace(lambda x: np.zeros_like(x, shape=(1000, 1000)), M)
    assert node.operands[0].size == 1
    assert trace(lambda x: np.eye(1000, like=x), M).operands[0].operation.function == "equal"


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.zeros_like(x, shape=(-1,)),
        lambda x: np.linspace(x, 1, -1),
        lambda x: np.vander(x),
        lambda x: np.meshgrid(x, x, indexing="zz"),
        lambda x: np.diag_indices_from(x),
        lambda x: np.full_like(x, [1, 2]),
    ],
)
def test_raises_as_numpy(f: Callable[..., Any], trace: Callable[..., Any]) -> None:
    with pytest.raises(ValueError):
        f(M)
    with pytest.raises(ValueError):
        trace(f, M)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: np.zeros_like(x, order="F"), "order='C'"),
        (lambda x: np.zeros_like(x, shape=(x, 2)), "known before the step"),
        (lambda x: np.arange(x, like=x), "known before the step"),
        (np.min_scalar_type, "depends on the value"),
    ],
)
def test_refuses_what_cannot_be_compiled(
    f: Callable[..., Any], words: str, trace: Callable[..., Any]
) -> None:
    with pytest.raises(TraceError, match=words):
        trace(f, SCALAR)


def test_positions_outside_raise_when_run(run: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        run(lambda i: np.unravel_index(i, (3, 4)), np.array([12]))
    with pytest.raises(ValueError, match="coordinates"):
        run(lambda i: np.ravel_multi_index((i, i), (3, 4)), np.array([3]))
