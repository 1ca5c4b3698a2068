"""Products, einsum, norms: the same bits as NumPy's, where NumPy sums in an order one can keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler.errors import TraceError

_DRAW = np.random.default_rng(7)


def _normal(*shape: int) -> np.ndarray:
    return _DRAW.normal(size=shape)


V, W = _normal(5), _normal(5)
M, N = _normal(4, 5), _normal(5, 3)
A, B = _normal(2, 4, 5), _normal(2, 5, 3)
C = _normal(3, 1, 4, 5)
Q = _normal(4, 4)
SCALAR = np.array(2.5)
F32 = _normal(5, 2).astype(np.float32)
I = np.arange(20).reshape(4, 5)  # noqa: E741
BOOL = I % 3 == 0
NONE = np.zeros((4, 0))
D = _normal(3, 4, 5, 2)
THREE, OTHER = _normal(6, 3), _normal(3)

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "matmul": (np.matmul, (M, N)),
    "matmul_operator": (lambda x, y: x @ y, (M, N)),
    "matmul_turned": (lambda x, y: np.matmul(np.transpose(y), np.transpose(x)), (M, N)),
    "matmul_vectors": (np.matmul, (V, W)),
    "matmul_left": (np.matmul, (V, B)),
    "matmul_right": (np.matmul, (A, V)),
    "matmul_batch": (np.matmul, (A, B)),
    "matmul_broadcast": (np.matmul, (C, B)),
    "matmul_fewer": (np.matmul, (A, N)),
    "matmul_fewer_left": (np.matmul, (M, B)),
    "matmul_mixed": (np.matmul, (M, F32)),
    "matmul_ints": (lambda x: np.matmul(x, np.ones((5, 2), np.int8)), (I,)),
    "matmul_bools": (lambda x: np.matmul(x, np.eye(5, dtype=bool)), (BOOL,)),
    "matmul_empty": (lambda x: np.matmul(x, np.zeros((0, 2))), (NONE,)),
    "matmul_list": (lambda x: np.matmul(x, [[1, 2]] * 5), (M,)),
    "linalg_matmul": (np.linalg.matmul, (M, N)),
    "dot": (np.dot, (M, N)),
    "dot_vectors": (np.dot, (V, W)),
    "dot_many": (np.dot, (A, B)),
    "dot_matrix_vector": (np.dot, (A, V)),
    "dot_scalar": (np.dot, (SCALAR, M)),
    "dot_number": (lambda x: np.dot(x, 2), (F32,)),
    "vdot": (np.vdot, (M, M)),
    "inner": (np.inner, (M, A)),
    "inner_vectors": (np.inner, (V, W)),
    "inner_scalar": (np.inner, (SCALAR, V)),
    "outer": (np.outer, (M, V)),
    "outer_ints": (lambda x: np.outer(x, [1, 2]), (F32,)),
    "linalg_outer": (np.linalg.outer, (V, W)),
    "tensordot": (np.tensordot, (A, D[0])),
    "tensordot_one": (lambda x, y: np.tensordot(x, y, 1), (A, N)),
    "tensordot_zero": (lambda x, y: np.tensordot(x, y, axes=0), (M, V)),
    "tensordot_axes": (lambda x, y: np.tensordot(x, y, ((1, 2), (1, 2))), (D, D[:2])),
    "tensordot_disordered": (lambda x, y: np.tensordot(x, y, ((2, 0), (2, 0))), (D, D)),
    "tensordot_crossed": (
        lambda x, y: np.tensordot(x, y, ((2, 1), (0, 1))), (D, D.transpose(2, 1, 0, 3)),
    ),
    "tensordot_negative": (lambda x, y: np.tensordot(x, y, (-1, 0)), (A, N)),
    "tensordot_all": (lambda x: np.tensordot(x, x, 2), (M,)),
    "tensordot_mixed": (lambda x, y: np.tensordot(x, y, 1), (I, F32)),
    "tensordot_windows": (
        lambda x, w: np.tensordot(
            w, np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(1, 2)),
            axes=((1, 2, 3), (0, 3, 4)),
        ),
        (_normal(3, 6, 7), _normal(4, 3, 2, 2)),
    ),
    "vecdot": (np.vecdot, (A, C)),
    "vecdot_axis": (lambda x, y: np.vecdot(x, y, axis=0), (N, N)),
    "linalg_vecdot": (lambda x, y: np.linalg.vecdot(x, y), (M, M)),
    "matvec": (np.matvec, (A, V)),
    "vecmat": (np.vecmat, (V, B)),
    "kron": (np.kron, (M, F32)),
    "kron_ranks": (np.kron, (V, M)),
    "kron_scalar": (np.kron, (SCALAR, M)),
    "cross": (np.cross, (THREE, OTHER)),
    "cross_axis": (lambda x, y: np.cross(x, y, axis=0), (THREE.T, THREE.T)),
    "linalg_cross": (np.linalg.cross, (THREE, THREE)),
    "einsum_matmul": (lambda x, y: np.einsum("ij,jk->ik", x, y), (M, N)),
    "einsum_implicit": (lambda x, y: np.einsum("ij,jk", x, y), (M, N)),
    "einsum_implicit_order": (lambda x, y: np.einsum("ba,ac", x, y), (M, N)),
    "einsum_turned": (lambda x, y: np.einsum("ij,jk->ki", x, y), (M, N)),
    "einsum_batch": (lambda x, y: np.einsum("bij,bjk->bik", x, y), (A, B)),
    "einsum_lonely": (lambda x, y: np.einsum("abc,bd->ad", x, y), (A, Q)),
    "einsum_product": (lambda x, y: np.einsum("ij,ij->ji", x, y), (M, M)),
    "einsum_inner": (lambda x, y: np.einsum("ij,ij", x, y), (M, M)),
    "einsum_outer": (lambda x, y: np.einsum("i,j->ij", x, y), (V, W)),
    "einsum_dots": (lambda x, y: np.einsum("...ij,...jk->...ik", x, y), (C, B)),
    "einsum_dots_implicit": (lambda x, y: np.einsum("...j,j", x, y), (A, V)),
    "einsum_dots_front": (lambda x, y: np.einsum("i...,i...->...", x, y), (M, M)),
    "einsum_ones": (lambda x, y: np.einsum("ij,ij->ij", x, y), (M, _normal(4, 1))),
    "einsum_diagonal": (lambda x: np.einsum("ii->i", x), (Q,)),
    "einsum_diagonal_product": (lambda x, y: np.einsum("ii,ij->j", x, y), (Q, M)),
    "einsum_turn": (lambda x: np.einsum("ijk->kij", x), (A,)),
    "einsum_dots_alone": (lambda x: np.einsum("...ij->...ji", x), (A,)),
    "einsum_ints": (lambda x: np.einsum("ij->j", x), (I,)),
    "einsum_trace_ints": (lambda x: np.einsum("ii", x), (I[:, :4],)),
    "einsum_three_ints": (lambda x: np.einsum("ij,kj,kl->il", x, x, x), (I,)),
    "einsum_lists": (lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), (M, N)),
    "einsum_lists_dots": (lambda x, y: np.einsum(x, [..., 1], y, [1, 2]), (M, N)),
    "einsum_mixed": (lambda x, y: np.einsum("ij,jk->ik", x, y), (I, F32)),
    "einsum_constant": (lambda x: np.einsum("ij,j->i", x, np.arange(5)), (M,)),
    "norm": (np.linalg.norm, (V,)),
    "norm_matrix": (np.linalg.norm, (M,)),
    "norm_all": (lambda x: np.linalg.norm(x, keepdims=True), (A,)),
    "norm_ints": (np.linalg.norm, (I,)),
    "norm_f32": (lambda x: np.linalg.norm(x, axis=0), (F32,)),
    "norm_axis": (lambda x: np.linalg.norm(x, axis=-1, keepdims=True), (A,)),
    "norm_one": (lambda x: np.linalg.norm(x, 1, axis=0), (M,)),
    "norm_inf": (lambda x: np.linalg.norm(x, np.inf, axis=1), (M,)),
    "norm_minus_inf": (lambda x: np.linalg.norm(x, -np.inf), (V,)),
    "norm_zero": (lambda x: np.linalg.norm(x, 0, axis=1), (I,)),
    "norm_three": (lambda x: np.linalg.norm(x, 3, axis=1), (M,)),
    "norm_half": (lambda x: np.linalg.norm(x, 0.5), (np.abs(V).astype(np.float32),)),
    "norm_fro": (lambda x: np.linalg.norm(x, "fro", axis=(0, 2)), (A,)),
    "norm_matrix_one": (lambda x: np.linalg.norm(x, 1), (M,)),
    "norm_matrix_inf": (lambda x: np.linalg.norm(x, -np.inf, axis=(2, 0), keepdims=True), (A,)),
    "vector_norm": (np.linalg.vector_norm, (M,)),
    "vector_norm_axes": (
        lambda x: np.linalg.vector_norm(x, axis=(0, 2), keepdims=True, ord=1), (A,),
    ),
    "matrix_norm": (np.linalg.matrix_norm, (A,)),
    "convolve_ints": (lambda x: np.convolve(x, [1, 2, 3]), (np.arange(6),)),
}  # fmt: skip

CLOSE = {  # the sum has NumPy's own order only in NumPy's own loop
    "einsum_sum": (lambda x: np.einsum("ij->i", x), (M,)),
    "einsum_trace": (lambda x: np.einsum("ii", x), (Q,)),
    "einsum_three": (lambda x, y, z: np.einsum("ij,jk,kl->il", x, y, z), (M, N, _normal(3, 2))),
    "einsum_four": (
        lambda x, y, z: np.einsum("ij,jk,kl,i->l", x, y, z, np.ones(4)), (M, N, _normal(3, 2)),
    ),
    "einsum_three_dots": (
        lambda x, y, z: np.einsum("...ij,...jk,k", x, y, z), (C, B, _normal(3)),
    ),
    "norm_turned": (np.linalg.norm, (A.transpose(2, 0, 1),)),
    "convolve": (np.convolve, (V, W[:3])),
    "convolve_same": (lambda x, w: np.convolve(w, x, "same"), (V, W[:3])),
    "convolve_even": (lambda x, w: np.convolve(x, w, "same"), (V, W[:4])),
    "convolve_valid": (lambda x, w: np.convolve(x, w, "valid"), (V, W[:2])),
    "correlate": (np.correlate, (V, W[:3])),
    "correlate_full": (lambda x, w: np.correlate(x, w, "full"), (W[:2], V)),
    "correlate_same": (lambda x, w: np.correlate(x, w, "same"), (W[:4], V)),
    "einsum_optimized": (lambda x, y: np.einsum("ij,jk", x, y, optimize=True), (M, N)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CASES[name]
    equals_numpy(f, *arrays)


@pytest.mark.parametrize("name", CLOSE)
def test_close_to_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CLOSE[name]
    equals_numpy(f, *arrays, tolerance=1e-14)


ERRORS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "matmul": (np.matmul, (M, M)),
    "matmul_scalar": (np.matmul, (M, SCALAR)),
    "matmul_batch": (np.matmul, (A, np.ones((3, 5, 2)))),
    "dot": (np.dot, (M, M)),
    "vdot": (np.vdot, (M, V)),
    "inner": (np.inner, (M, N)),
    "tensordot": (lambda x, y: np.tensordot(x, y, 1), (M, M)),
    "linalg_outer": (np.linalg.outer, (M, V)),
    "einsum_axes": (lambda x, y: np.einsum("ij,jk", x, y), (M, V)),
    "einsum_lengths": (lambda x, y: np.einsum("ij,jk", x, y), (M, M)),
    "einsum_result": (lambda x, y: np.einsum("ij,jk->iz", x, y), (M, N)),
    "einsum_twice": (lambda x, y: np.einsum("ij,jk->ii", x, y), (M, N)),
    "einsum_count": (lambda x, y: np.einsum("ij,jk,kl", x, y), (M, N)),
    "einsum_letter": (lambda x, y: np.einsum("i?,jk", x, y), (M, N)),
    "einsum_dots": (lambda x, y: np.einsum("...i,jk->ik", x, y), (A, N)),
    "norm": (lambda x, y: np.linalg.norm(x, 5), (M, N)),
    "norm_axes": (lambda x, y: np.linalg.norm(x, 1), (A, N)),
    "norm_name": (lambda x, y: np.linalg.norm(x, "fro"), (V, N)),
    "convolve": (np.convolve, (V, M)),
    "convolve_empty": (np.convolve, (V, V[:0])),
}


@pytest.mark.parametrize("name", ERRORS)
def test_raises_as_numpy(name: str, trace: Callable[..., Any]) -> None:
    f, arrays = ERRORS[name]
    with pytest.raises(ValueError):
        f(*arrays)
    with pytest.raises(ValueError):
        trace(f, *arrays)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "cross": (lambda x: np.cross(x[:, :3], x[:, :3][:, :2]), "vectors of 3"),
    "norm": (lambda x: np.linalg.norm(x, 2), "svdvals"),
    "einsum_path": (lambda x: np.einsum_path("ij,jk", x, N), "np.einsum"),
    "einsum_out": (lambda x: np.einsum("ij->ji", x, out=np.zeros((5, 4))), "out="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_cannot_be_compiled(name: str, trace: Callable[..., Any]) -> None:
    f, words = REFUSED[name]
    with pytest.raises(TraceError, match=words):
        trace(f, M)


def test_one_contraction(trace: Callable[..., Any]) -> None:
    """A product is one node, its operands are the arguments themselves."""
    for f, x, y in (
        (np.matmul, A, N),
        (np.dot, A, B),
        (lambda x, y: np.tensordot(x, y, ((2,), (1,))), A, B),
        (lambda x, y: np.einsum("bij,bjk->ikb", x, y), A, B),
    ):
        node = trace(f, x, y)
        kinds = [type(n.operation).__name__ for n in (node, *node.operands)]
        assert kinds == ["Contract", "Argument", "Argument"]
