"""Shapes, orders of axes, flips, rolls, repeats, joins and cuts: exactly as NumPy does them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler.errors import TraceError

A = np.arange(24.0).reshape(2, 3, 4)
M = np.arange(12.0).reshape(3, 4) - 5.5
V = np.array([3.0, -1.0, 2.0, 0.5])
I = np.arange(6).reshape(2, 3)  # noqa: E741
ONE = np.ones((1, 3, 1))
NONE = np.zeros((0, 3))
SCALAR = np.array(2.5)
F32 = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
TURNED = A.transpose(2, 0, 1)

CASES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "reshape": (lambda x: np.reshape(x, (4, -1)), (A,)),
    "reshape_int": (lambda x: np.reshape(x, -1), (M,)),
    "reshape_turned": (lambda x: np.reshape(x, (8, 3)), (TURNED,)),
    "reshape_scalar": (lambda x: np.reshape(x, (1, 1)), (SCALAR,)),
    "reshape_empty": (lambda x: np.reshape(x, (3, 0, 5)), (NONE,)),
    "reshape_ones": (lambda x: np.reshape(x, (3, 1, 1)), (ONE,)),
    "reshape_twice": (lambda x: np.reshape(np.reshape(x, (6, 4)), (2, 12)), (A,)),
    "ravel": (np.ravel, (TURNED,)),
    "ravel_scalar": (np.ravel, (SCALAR,)),
    "transpose": (np.transpose, (A,)),
    "transpose_axes": (lambda x: np.transpose(x, (1, -1, 0)), (A,)),
    "matrix_transpose": (np.matrix_transpose, (A,)),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -1), (A,)),
    "moveaxis": (lambda x: np.moveaxis(x, 0, -1), (A,)),
    "moveaxis_many": (lambda x: np.moveaxis(x, [0, 2], [2, 1]), (A,)),
    "rollaxis": (lambda x: np.rollaxis(x, 2), (A,)),
    "rollaxis_end": (lambda x: np.rollaxis(x, 0, 3), (A,)),
    "rollaxis_negative": (lambda x: np.rollaxis(x, -1, -2), (A,)),
    "expand_dims": (lambda x: np.expand_dims(x, -1), (M,)),
    "expand_dims_many": (lambda x: np.expand_dims(x, (0, 2, -1)), (M,)),
    "expand_dims_scalar": (lambda x: np.expand_dims(x, 0), (SCALAR,)),
    "squeeze": (np.squeeze, (ONE,)),
    "squeeze_axis": (lambda x: np.squeeze(x, -1), (ONE,)),
    "squeeze_axes": (lambda x: np.squeeze(x, (0, 2)), (ONE,)),
    "squeeze_nothing": (lambda x: np.squeeze(x, ()), (ONE,)),
    "broadcast_to": (lambda x: np.broadcast_to(x, (5, 3, 4)), (M,)),
    "broadcast_to_empty": (lambda x: np.broadcast_to(x, (0, 3, 2)), (ONE,)),
    "broadcast_to_int": (lambda x: np.broadcast_to(x, 3), (SCALAR,)),
    "broadcast_arrays": (lambda x, y: np.broadcast_arrays(x, y, 1), (M, V)),
    "atleast_1d": (lambda x, y: np.atleast_1d(x, y), (SCALAR, M)),
    "atleast_2d": (lambda x, y, z: np.atleast_2d(x, y, z), (SCALAR, V, A)),
    "atleast_3d": (lambda x, y, z: np.atleast_3d(x, y, z), (SCALAR, V, M)),
    "atleast_one": (np.atleast_3d, (A,)),
    "shape": (lambda x: np.zeros_like(x, shape=(np.ndim(x), *np.shape(x), np.size(x, 1))), (M,)),
    "flip": (np.flip, (A,)),
    "flip_axis": (lambda x: np.flip(x, -1), (A,)),
    "flip_axes": (lambda x: np.flip(x, (0, 2)), (A,)),
    "flip_twice": (lambda x: np.flip(np.flip(x, 0), 0), (A,)),
    "flip_empty": (np.flip, (NONE,)),
    "flip_one": (np.flip, (ONE,)),
    "fliplr": (np.fliplr, (M,)),
    "flipud": (np.flipud, (V,)),
    "rot90": (np.rot90, (M,)),
    "rot90_back": (lambda x: np.rot90(x, -1, (1, 2)), (A,)),
    "rot90_half": (lambda x: np.rot90(x, 2), (M,)),
    "rot90_full": (lambda x: np.rot90(x, 4), (M,)),
    "roll": (lambda x: np.roll(x, 5), (A,)),
    "roll_axis": (lambda x: np.roll(x, -1, 1), (A,)),
    "roll_axes": (lambda x: np.roll(x, (1, 2), (0, 2)), (A,)),
    "roll_one_for_all": (lambda x: np.roll(x, 1, (0, 1)), (A,)),
    "roll_same_axis": (lambda x: np.roll(x, (1, 2), (1, 1)), (A,)),
    "roll_zero": (lambda x: np.roll(x, 0), (M,)),
    "roll_far": (lambda x: np.roll(x, -101, 0), (M,)),
    "roll_empty": (lambda x: np.roll(x, 2, 0), (NONE,)),
    "roll_turned": (lambda x: np.roll(x, 2, 0), (TURNED,)),
    "tile": (lambda x: np.tile(x, 3), (V,)),
    "tile_axes": (lambda x: np.tile(x, (2, 1, 3)), (M,)),
    "tile_fewer": (lambda x: np.tile(x, 2), (A,)),
    "tile_none": (lambda x: np.tile(x, (1, 1)), (M,)),
    "tile_zero": (lambda x: np.tile(x, (0, 2)), (M,)),
    "tile_scalar": (lambda x: np.tile(x, (2, 2)), (SCALAR,)),
    "repeat": (lambda x: np.repeat(x, 2), (M,)),
    "repeat_axis": (lambda x: np.repeat(x, 3, axis=-2), (A,)),
    "repeat_zero": (lambda x: np.repeat(x, 0, axis=1), (M,)),
    "repeat_counts": (lambda x: np.repeat(x, [0, 2, 1, 3], axis=1), (M,)),
    "repeat_counts_last": (lambda x: np.repeat(x, np.array([1, 0, 2]), axis=1), (A,)),
    "repeat_even_counts": (lambda x: np.repeat(x, [2, 2, 2], axis=0), (M,)),
    "repeat_one_count": (lambda x: np.repeat(x, [2], axis=0), (M,)),
    "repeat_scalar": (lambda x: np.repeat(x, 3), (SCALAR,)),
    "concatenate": (lambda x, y: np.concatenate([x, y, x], axis=1), (M, M)),
    "concatenate_flat": (lambda x, y: np.concatenate((x, y), axis=None), (M, V)),
    "concatenate_mixed": (lambda x, y: np.concatenate([x, y], axis=0), (F32, I)),
    "concatenate_constant": (lambda x: np.concatenate([x, np.zeros((1, 4), np.float32)]), (M,)),
    "concatenate_lists": (lambda x: np.concatenate([x, [1, 2]]), (V,)),
    "concatenate_empty": (lambda x: np.concatenate([x, x], axis=0), (NONE,)),
    "concatenate_one": (lambda x: np.concatenate([x]), (M,)),
    "concatenate_rows": (lambda x: np.concatenate(x, axis=1), (A,)),
    "concatenate_dtype": (
        lambda x, y: np.concatenate([x, y], dtype=np.float32, casting="unsafe"), (V, V),
    ),
    "concatenate_turned": (lambda x, y: np.concatenate([x, y], axis=2), (TURNED, TURNED)),
    "stack": (lambda x, y: np.stack([x, y]), (M, M)),
    "stack_last": (lambda x, y: np.stack((x, y), axis=-1), (M, M)),
    "stack_mixed": (lambda x, y: np.stack([x, y], axis=1), (F32, I)),
    "stack_scalars": (lambda x: np.stack([x, x]), (SCALAR,)),
    "vstack": (lambda x, y: np.vstack([x, y]), (M, V)),
    "hstack": (lambda x, y: np.hstack([x, y]), (M, M)),
    "hstack_vectors": (lambda x, y: np.hstack([x, y]), (V, SCALAR)),
    "dstack": (lambda x, y: np.dstack([x, y]), (M, M)),
    "dstack_vectors": (lambda x: np.dstack([x, x]), (V,)),
    "column_stack": (lambda x, y: np.column_stack([x, y[:3]]), (M, V)),
    "append": (lambda x: np.append(x, [[1, 2]]), (M,)),
    "append_axis": (lambda x, y: np.append(x, y, axis=0), (M, M)),
    "block": (lambda x, y: np.block([[x, y], [y, x]]), (M, M)),
    "block_vectors": (lambda x, y: np.block([x, y, 1.0]), (V, V)),
    "block_ranks": (lambda x, y: np.block([[x], [y]]), (M, V)),
    "split": (lambda x: np.split(x, 2, axis=1), (M,)),
    "split_at": (lambda x: np.split(x, [1, 3]), (V,)),
    "split_beyond": (lambda x: np.split(x, [2, 9, 3]), (V,)),
    "split_negative": (lambda x: np.split(x, [-1]), (V,)),
    "array_split": (lambda x: np.array_split(x, 3), (V,)),
    "array_split_many": (lambda x: np.array_split(x, 6, axis=-1), (M,)),
    "hsplit": (lambda x: np.hsplit(x, 2), (M,)),
    "hsplit_vector": (lambda x: np.hsplit(x, 2), (V,)),
    "vsplit": (lambda x: np.vsplit(x, 3), (M,)),
    "dsplit": (lambda x: np.dsplit(x, [1]), (A,)),
    "unstack": (lambda x: np.unstack(x, axis=1), (A,)),
    "diagonal": (np.diagonal, (M,)),
    "diagonal_above": (lambda x: np.diagonal(x, 2), (M,)),
    "diagonal_below": (lambda x: np.diagonal(x, -1), (M,)),
    "diagonal_outside": (lambda x: np.diagonal(x, 7), (M,)),
    "diagonal_axes": (lambda x: np.diagonal(x, 1, -1, 0), (A,)),
    "linalg_diagonal": (lambda x: np.linalg.diagonal(x, offset=1), (A,)),
    "diag_of": (lambda x: np.diag(x, 1), (M,)),
    "diag_make": (np.diag, (V,)),
    "diag_make_off": (lambda x: np.diag(x, -2), (V,)),
    "diagflat": (lambda x: np.diagflat(x, 1), (F32,)),
    "trace": (np.trace, (M,)),
    "trace_axes": (lambda x: np.trace(x, 1, 1, 2), (A,)),
    "trace_ints": (np.trace, (I,)),
    "linalg_trace": (np.linalg.trace, (A,)),
    "tril": (np.tril, (M,)),
    "tril_many": (lambda x: np.tril(x, -1), (A,)),
    "tril_vector": (np.tril, (V,)),
    "triu": (lambda x: np.triu(x, 1), (M,)),
    "triu_ints": (lambda x: np.triu(x, -1), (I,)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_equals_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = CASES[name]
    equals_numpy(f, *arrays)


ERRORS: dict[str, tuple[Callable[..., Any], np.ndarray, type[Exception]]] = {
    "reshape": (lambda x: np.reshape(x, (5, 5)), M, ValueError),
    "reshape_unknown": (lambda x: np.reshape(x, (-1, -1)), M, ValueError),
    "transpose": (lambda x: np.transpose(x, (0,)), M, ValueError),
    "transpose_twice": (lambda x: np.transpose(x, (0, 0)), M, ValueError),
    "swapaxes": (lambda x: np.swapaxes(x, 0, 2), M, np.exceptions.AxisError),
    "moveaxis": (lambda x: np.moveaxis(x, [0, 1], [0]), M, ValueError),
    "squeeze": (lambda x: np.squeeze(x, 0), M, ValueError),
    "expand_dims": (lambda x: np.expand_dims(x, 5), M, np.exceptions.AxisError),
    "broadcast_to": (lambda x: np.broadcast_to(x, (3, 5)), M, ValueError),
    "flip": (lambda x: np.flip(x, 2), M, np.exceptions.AxisError),
    "fliplr": (np.fliplr, V, ValueError),
    "rot90": (lambda x: np.rot90(x, 1, (0, 0)), M, ValueError),
    "repeat": (lambda x: np.repeat(x, [1, 2], axis=0), M, ValueError),
    "repeat_negative": (lambda x: np.repeat(x, -1), M, ValueError),
    "concatenate": (lambda x: np.concatenate([x, x[:, :2]]), M, ValueError),
    "concatenate_axes": (lambda x: np.concatenate([x, x[0]]), M, ValueError),
    "concatenate_scalars": (lambda x: np.concatenate([x, x]), SCALAR, ValueError),
    "concatenate_casting": (lambda x: np.concatenate([x, x], dtype=int), V, TypeError),
    "stack": (lambda x: np.stack([x, x[:2]]), M, ValueError),
    "split": (lambda x: np.split(x, 3), V, ValueError),
    "split_none": (lambda x: np.array_split(x, 0), V, ValueError),
    "dsplit": (lambda x: np.dsplit(x, 2), M, ValueError),
    "diag": (np.diag, A, ValueError),
    "diagonal": (np.diagonal, V, ValueError),
}


@pytest.mark.parametrize("name", ERRORS)
def test_raises_as_numpy(name: str, trace: Callable[..., Any]) -> None:
    f, array, error = ERRORS[name]
    with pytest.raises(error):
        f(array)
    with pytest.raises(error):
        trace(f, array)


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "reshape_order": (lambda x: np.reshape(x, (4, 3), order="F"), "order='C'"),
    "ravel_order": (lambda x: np.ravel(x, order="K"), "order='C'"),
    "repeat_traced": (lambda x: np.repeat(x, x), "depends on values"),
    "split_traced": (lambda x: np.split(x, x[0]), "depend on values"),
    "concatenate_out": (lambda x: np.concatenate([x, x], out=np.zeros((6, 4))), "out="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_cannot_be_compiled(name: str, trace: Callable[..., Any]) -> None:
    f, words = REFUSED[name]
    with pytest.raises(TraceError, match=words):
        trace(f, M)


def test_views_cost_nothing(trace: Callable[..., Any]) -> None:
    """Flips, slices, turns and broadcasts of an array end as one view of it."""
    node = trace(lambda x: np.flip(np.swapaxes(x[:, ::2], 0, 2), 0)[None, 1:], A)
    assert type(node.operation).__name__ == "View"
    assert type(node.operands[0].operation).__name__ == "Argument"
    back = trace(lambda x: np.flip(np.flip(np.transpose(np.transpose(x)))), A)
    assert type(back.operation).__name__ == "Argument"
