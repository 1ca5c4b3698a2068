"""x[key], x[key] = v, np.add.at, take and its kin: exactly as NumPy does them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.lowering.writing import setitem

A = np.arange(24.0).reshape(2, 3, 4)
M = np.arange(12.0).reshape(3, 4) - 5.5
V = np.array([3.0, -1.0, 2.0, 0.5])
F32 = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
NONE = np.zeros((0, 3))
I = np.array([2, 0, -1, 1])  # noqa: E741
J = np.array([[0, 1], [1, 0]])
U8 = np.array([2, 0, 1], np.uint8)
SCALAR = np.array(1)

READS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "int": (lambda x: x[1], (A,)),
    "ints": (lambda x: x[1, -1, 0], (A,)),
    "np_int": (lambda x: x[np.int64(1)], (A,)),
    "slice": (lambda x: x[:, 1:], (A,)),
    "steps": (lambda x: x[::-1, ::2, 3:0:-2], (A,)),
    "none": (lambda x: x[None, :, None, 0], (A,)),
    "ellipsis": (lambda x: x[..., 1], (A,)),
    "ellipsis_middle": (lambda x: x[1, ..., None, 2], (A,)),
    "ellipsis_nothing": (lambda x: x[1, 2, ..., 0], (A,)),
    "everything": (lambda x: x[...], (A,)),
    "nothing": (lambda x: x[()], (A,)),
    "empty_slice": (lambda x: x[2:1], (A,)),
    "beyond": (lambda x: x[:, 1:99], (A,)),
    "empty": (lambda x: x[:, ::-1], (NONE,)),
    "list": (lambda x: x[[2, 0, 2]], (M,)),
    "list_affine": (lambda x: x[[2, 1, 0]], (M,)),
    "list_empty": (lambda x: x[[]], (M,)),
    "array": (lambda x: x[np.array([[0, 1], [2, -1]])], (M,)),
    "array_last": (lambda x: x[:, np.array([3, 3, 1])], (M,)),
    "array_and_int": (lambda x: x[1, :, np.array([3, 3, 1])], (A,)),
    "array_beside_int": (lambda x: x[:, 1, np.array([3, 3, 1])], (A,)),
    "pairs": (lambda x: x[[0, 2, 1], [1, 1, 3]], (M,)),
    "pairs_broadcast": (lambda x: x[np.array([[0], [2]]), [1, 3, 0]], (M,)),
    "pairs_apart": (lambda x: x[[0, 1, 1], :, [1, 3, 0]], (A,)),
    "pairs_after_none": (lambda x: x[:, None, [0, 2], [1, 3]], (A,)),
    "pairs_around_ellipsis": (lambda x: x[[0, 1], ..., [1, 3]], (A,)),
    "pairs_around_nothing": (lambda x: x[None, [0, 1], ..., [1, 3]], (M,)),
    "mask": (lambda x: x[np.array([True, False, True])], (M,)),
    "mask_list": (lambda x: x[:, [True, False, True, True]], (M,)),
    "mask_whole": (lambda x: x[np.eye(3, 4, dtype=bool)], (M,)),
    "mask_none": (lambda x: x[np.zeros(3, bool)], (M,)),
    "mask_beside_list": (lambda x: x[np.array([True, False, True]), [1, 0]], (M,)),
    "scalar_array": (lambda x: x[np.array(1)], (M,)),
    "traced": (lambda x, i: x[i], (M, np.array([2, 0, -1]))),
    "traced_last": (lambda x, i: x[..., i], (A, I)),
    "traced_block": (lambda x, i: x[:, i, ::-1], (A, J)),
    "traced_small": (lambda x, i: x[i], (M, U8)),
    "traced_scalar": (lambda x, i: x[i], (M, SCALAR)),
    "traced_scalar_last": (lambda x, i: x[:, i], (M, SCALAR)),
    "traced_pairs": (lambda x, i, j: x[i, j], (M, np.array([0, 2]), np.array([[3], [-4]]))),
    "traced_mixed": (lambda x, i: x[np.arange(3), i], (M, np.array([3, 0, -1]))),
    "traced_apart": (lambda x, i: x[0, :, i], (A, I)),
    "traced_none": (lambda x, i: x[i], (M, np.zeros((0, 2), int))),
    "constant_rows": (lambda x: np.eye(4)[:, None] + x[None], (V,)),
    "take": (lambda x, i: np.take(x, i, axis=1), (M, I)),
    "take_flat": (lambda x: np.take(x, [[0, 11], [-1, 5]]), (M,)),
    "take_int": (lambda x: np.take(x, 2, axis=-1), (A,)),
    "take_middle": (lambda x, i: np.take(x, i, axis=1), (A, J)),
    "take_affine": (lambda x: np.take(x, [0, 2], axis=0), (M,)),
    "take_clip": (lambda x, i: np.take(x, i, axis=0, mode="clip"), (M, np.array([-5, 9, 1]))),
    "take_wrap": (lambda x, i: np.take(x, i, axis=0, mode="wrap"), (M, np.array([-5, 9, 1]))),
    "take_along": (lambda x, i: np.take_along_axis(x, i, axis=1), (M, np.array([[0], [3], [-1]]))),
    "take_along_rows": (
        lambda x, i: np.take_along_axis(x, i, axis=0), (M, np.array([[0, 1, 2, 0], [2, 2, 0, 1]])),
    ),
    "take_along_known": (
        lambda x: np.take_along_axis(x, np.array([[1], [0], [3]]), axis=-1), (M,),
    ),
    "take_along_flat": (lambda x, i: np.take_along_axis(x, i, axis=None), (M, I)),
    "choose": (lambda i, x: np.choose(i, [x, -x, 0]), (np.array([2, 0, 1, 1]), V)),
    "choose_clip": (
        lambda i, x: np.choose(i, (x, 2.0), mode="clip"), (np.array([2, -3, 1, 0]), V),
    ),
    "choose_wrap": (
        lambda i, x: np.choose(i, (x, x + 1), mode="wrap"), (np.array([2, -3, 1, 0]), V),
    ),
    "choose_rows": (lambda i, x: np.choose(i, x), (np.array([2, 0, 1, 1]), M)),
    "select": (lambda x: np.select([x > 1, x > 0], [x, 2 * x], -1), (V,)),
    "select_weak": (lambda x: np.select([x > 0], [x]), (F32,)),
    "select_broadcast": (lambda x, y: np.select([x > 0], [y], 3), (M, V)),
    "compress": (lambda x: np.compress([True, False, True], x, axis=0), (M,)),
}  # fmt: skip


@pytest.mark.parametrize("name", READS)
def test_reads_equal_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = READS[name]
    equals_numpy(f, *arrays)


def _written(key: Any, shape: tuple[int, ...] = (3, 4), add: bool = False) -> Callable[..., Any]:
    def f(v: Any) -> Any:
        y = np.zeros_like(v, shape=shape)
        y[...] = 1
        if add:
            y[key] += v
        else:
            y[key] = v
        return y

    return f


def _at(key: Any, shape: tuple[int, ...]) -> Callable[..., Any]:
    def f(v: Any, *index: Any) -> Any:
        y = np.zeros_like(v, shape=shape)
        np.add.at(y, index if key is None else key, v)
        return y

    return f


def _cast_on_write(x: Any, v: Any) -> Any:
    y = np.zeros_like(x)
    y[1:] = v
    y[0] = 7
    return y


def _wider_sum(x: Any, v: Any) -> Any:
    y = np.zeros_like(x)
    y[...] = x
    y[::2] += v
    return y


def _twice(v: Any) -> Any:
    y = np.zeros_like(v, shape=(6,))
    y[1:5] = v
    y[::2] = y[::-2] * 2
    return y


WRITES: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "row": (_written(1), (V,)),
    "column": (_written((slice(None), 2)), (V[:3],)),
    "steps": (_written((slice(None, None, -2), slice(1, 3))), (M[:2, :2],)),
    "broadcast": (_written((slice(None), slice(None, None, 2))), (V[:2],)),
    "scalar": (_written((slice(1, None), 0)), (np.array(4.0),)),
    "one": (_written((1, 1)), (np.array(4.0),)),
    "all": (_written(...), (M,)),
    "longer_value": (_written((slice(0, 2), slice(0, 3))), (np.ones((1, 1, 3)),)),
    "new_axis": (_written((None, 1)), (V[None],)),
    "nothing": (_written(slice(2, 1)), (V,)),
    "add": (_written((slice(None), slice(1, None)), add=True), (V[:3],)),
    "add_row": (_written(-1, add=True), (V,)),
    "cast": (_cast_on_write, (np.arange(3), np.array([1.7, -2.2]))),
    "wider_sum": (_wider_sum, (F32, V)),
    "twice": (_twice, (V,)),
    "add_at": (_at(None, (4,)), (V, np.array([1, 1, -1, 0]))),
    "add_at_known": (_at([0, 2, 2, 0], (3,)), (V,)),
    "add_at_rows": (_at(None, (5, 4)), (M, np.array([4, 4, 0]))),
    "add_at_columns": (_at((slice(None), [1, 1, 0, 3]), (3, 4)), (M,)),
    "add_at_pairs": (_at(None, (2, 2)), (V, np.array([0, 1, 1, 0]), np.array([1, 1, 1, 0]))),
    "add_at_middle": (_at((slice(None), [0, 1, 1], 2), (2, 3, 4)), (np.ones((2, 3)),)),
    "add_at_slice": (_at(slice(1, 3), (3, 4)), (V,)),
    "add_at_broadcast": (_at(([0, 0, 1],), (2, 4)), (V,)),
}


@pytest.mark.parametrize("name", WRITES)
def test_writes_equal_numpy(name: str, equals_numpy: Callable[..., None]) -> None:
    f, arrays = WRITES[name]
    equals_numpy(f, *arrays)


INDEX_ERRORS: list[tuple[Callable[..., Any], np.ndarray]] = [
    (lambda x: x[3], M),
    (lambda x: x[-4], M),
    (lambda x: x[0, 0, 0], M),
    (lambda x: x[[0, 3]], M),
    (lambda x: x[np.array([True, False])], M),
    (lambda x: x[np.array([0.5])], M),
    (lambda x: x["a"], M),
    (lambda x: x[1.0], M),
    (lambda x: x[..., ...], M),
    (lambda x: x[[0, 1], [0, 1, 2]], M),
    (lambda x: x[0], NONE),
    (lambda x: np.take(x, [4], axis=1), M),
    (lambda x: np.take(x, 0, axis=0), NONE),
    (lambda x: np.take_along_axis(x, np.array([[4]]), axis=1), M),
]


@pytest.mark.parametrize("number", range(len(INDEX_ERRORS)))
def test_index_errors_as_numpy(number: int, trace: Callable[..., Any]) -> None:
    f, array = INDEX_ERRORS[number]
    with pytest.raises(IndexError):
        f(array)
    with pytest.raises(IndexError):
        trace(f, array)


@pytest.mark.parametrize("index", [[4], [-5], [0, 100], [-(2**62)]])
def test_traced_indices_outside_raise_when_run(index: list[int], run: Callable[..., Any]) -> None:
    i = np.array(index)
    for f in (
        lambda x, i: x[:, i],
        lambda x, i: np.take(x, i, axis=1),
        lambda x, i: np.take_along_axis(x, i[None], axis=1),
        lambda x, i: _at((0, i), (3, 4))(x[0, 0]),
    ):
        with pytest.raises(IndexError, match="axis 1 with size 4"):
            run(f, M, i)


def test_small_index_types_are_checked_in_their_own_range(run: Callable[..., Any]) -> None:
    wide = np.arange(300.0)
    assert np.array_equal(run(lambda x, i: x[i], wide, U8), wide[U8])
    i8 = np.array([-128, 127], np.int8)
    assert np.array_equal(run(lambda x, i: x[i], wide, i8), wide[i8])


REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "mask": (lambda x: x[x > 0], "np.where"),
    "mask_rows": (lambda x: x[:, x[0] > 0], "np.where"),
    "slice": (lambda x: x[: np.argmax(x[0])], "depends on values"),
    "list_of_traced": (lambda x: x[[np.argmax(x[0]), 1]], "np.stack"),
    "bool": (lambda x: x[True], "np.expand_dims"),
    "write_list": (_written([0, 1]), "np.add.at"),
    "write_mask": (lambda x: _written(x > 0)(x), "np.where"),
    "compress": (lambda x: np.compress(x[0] > 0, x, axis=1), "np.where"),
    "choose_out": (lambda x: np.take(x, [0], out=np.zeros(1)), "out="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_cannot_be_compiled(name: str, trace: Callable[..., Any]) -> None:
    f, words = REFUSED[name]
    with pytest.raises(TraceError, match=words):
        trace(f, M)


def test_writes_that_do_not_fit(trace: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="could not broadcast"):
        trace(_written(1), V[:3])
    with pytest.raises(ValueError, match="could not broadcast"):
        trace(_written((slice(0, 2), slice(0, 3))), np.ones((2, 1, 3)))
    with pytest.raises(IndexError):
        trace(_written(3), V)
    with pytest.raises(TypeError, match="int64"):
        setitem(build.argument(0, np.arange(4)), slice(None, 2), V[:2], add=True)


def test_what_an_index_becomes(trace: Callable[..., Any]) -> None:
    """A known affine index is a view; a traced one gathers, and its known companions are rows."""
    view = trace(lambda x: x[[0, 2]], M)
    assert [type(n.operation).__name__ for n in (view, view.operands[0])] == ["Cast", "View"]
    gather = trace(lambda x, i: x[np.arange(3), i], M, np.array([3, 0, -1]))
    assert type(gather.operation).__name__ == "Gather"
    assert len(gather.operands) == 2


def _random_part(draw: np.random.Generator, n: int, shape: tuple[int, ...]) -> Any:
    kind = draw.choice(["int", "slice", "slice", "array"])
    if kind == "int":
        return int(draw.integers(-n, n))
    if kind == "slice":
        ends = [None, *range(-n, n + 1)]
        start, stop = draw.choice(np.array(ends, object), 2)
        return slice(start, stop, [None, 1, 2, -1, -2][draw.integers(5)])
    return draw.integers(-n, n, shape)


@pytest.mark.parametrize("seed", range(150))
def test_random_keys(seed: int, equals_numpy: Callable[..., None]) -> None:
    """Integers, slices, None, an Ellipsis and arrays in any mixture, some of them traced."""
    draw = np.random.default_rng(seed)
    lengths = tuple(int(n) for n in draw.integers(1, 5, draw.integers(1, 5)))
    x = draw.normal(size=lengths)
    shape = [(2,), (3,), (2, 2), (1,), ()][draw.integers(5)]
    cut = int(draw.integers(0, len(lengths) + 1))
    left = [_random_part(draw, n, shape) for n in lengths[:cut]]
    right = [
        _random_part(draw, n, shape) for n in lengths[int(draw.integers(cut, len(lengths) + 1)) :]
    ]
    right = right if len(left) + len(right) <= len(lengths) else []
    tail = [_random_part(draw, n, shape) for n in lengths[len(lengths) - len(right) :]]
    key: list[Any] = [*left, Ellipsis, *tail]
    key.insert(int(draw.integers(0, len(key) + 1)), None)
    places = [i for i, p in enumerate(key) if isinstance(p, np.ndarray) and draw.random() < 0.5]

    def f(x: Any, *index: Any) -> Any:
        parts = list(key)
        for place, i in zip(places, index, strict=True):
            parts[place] = i
        return x[tuple(parts)]

    equals_numpy(f, x, *[key[i] for i in places])
