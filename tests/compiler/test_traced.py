"""Traced arrays behave as NumPy's do, views and writes included, or say why they cannot."""

import re
import threading

import numpy as np
import pytest

import shinso
from shinso import TraceError
from shinso.graph import Tensor

X = np.arange(12.0).reshape(3, 4) - 4
I = np.array([[2, -1, 0, 5], [7, 3, 3, 1], [0, 0, 2, 9]])  # noqa: E741
M = X > 0


def check(function, *arrays):
    """The function in NumPy and compiled: same structure, dtypes, kinds and bits."""
    with np.errstate(all="ignore"):
        plain = function(*arrays)
        step = shinso.compile(function)
        for _ in range(2):
            compare(plain, step(*arrays))


def compare(a, b):
    assert type(a) is type(b), (a, b)
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            compare(x, y)
        return
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_array_equal(a, b)


FUNCTIONS = {
    "arithmetic": lambda x: (x + 1, 2 - x, x * 0.5, x / 3, x // 2, x % 3, -x, +x, abs(x)),
    "powers": lambda x: (x**2, x**0.5, x**3, x**-1.0, 2**x, np.power(x, 2), (x > 0) ** 2),
    "divmod": lambda x: (*divmod(x, 3), *np.divmod(7, x), *np.modf(x), *np.frexp(x)),
    "comparisons": lambda x: (x == 1, x != 1, x < 1, x <= 1, x < 1, x <= 1, x == x),
    "logic": lambda x: ((x > 0) & (x < 3), (x > 0) | (x < -2), (x > 0) ^ (x > 2), ~(x > 0),
                        np.logical_not(x), np.isnan(x), np.isfinite(x), np.signbit(x)),
    "mixed": lambda x: (x + np.arange(4), x * np.float32(2), x + I, M + x, x + True, M + 1, I / 2,
                        x * np.float64(2)),
    "unary": lambda x: (np.exp(x), np.log1p(abs(x)), np.tanh(x), np.sqrt(abs(x)), np.sign(x),
                        np.floor(x), np.ceil(x), np.rint(x), np.square(x), np.reciprocal(x + 0.5)),
    "two": lambda x: (np.maximum(x, 0), np.minimum(1, x), np.fmax(x, -x), np.hypot(x, 2),
                      np.arctan2(x, 1), np.copysign(x, -1), np.logaddexp(x, 0), np.ldexp(x, 2)),
    "float32": lambda x: (x.astype(np.float32) * 2 + 1.5, x.astype("f4").mean(),
                          (x.astype("f4") > 0) * 1.0, np.where(x > 0, x.astype("f4"), 0)),
    "where": lambda x: (np.where(x > 0, x, 0), np.where(x, 1.0, 0.0), np.where(x > 1, 1, -1),
                        np.where(M, x, x[0]), np.where(True, x, 1)),
    "clip": lambda x: (np.clip(x, 0, 3), x.clip(-1), x.clip(max=2), np.clip(x, None, x[0]),
                       np.clip(x, -0.5, x)),
    "round": lambda x: ((x / 3).round(2), np.round(x / 7), (x * 10).round(-1), np.fix(x / 3)),
    "sums": lambda x: (x.sum(), x.sum(0), x.sum(axis=1, keepdims=True), np.sum(x, axis=(0, 1)),
                       x.sum(axis=-1), (x > 0).sum(), (x > 0).sum(0), x.sum(axis=()),
                       x.sum(keepdims=True), np.sum(x, initial=3.0), x.T.sum(0)),
    "means": lambda x: (x.mean(), x.mean(0), x.mean(axis=(0, 1), keepdims=True), x.var(),
                        x.var(axis=0, ddof=1), x.std(1), np.std(x, axis=0, keepdims=True),
                        (x > 0).mean(), (x > 0).var(0), np.average(x), np.average(x, axis=0),
                        np.average(x, axis=1, weights=np.arange(1.0, 5.0)), np.var(x, mean=0.0)),
    "float16": lambda x: (x.astype("f2").mean(0), x.astype("f2").sum(), x.astype("f2").var(1)),
    "extremes": lambda x: (x.max(), x.min(0), np.max(x, axis=1, keepdims=True), np.ptp(x, axis=0),
                           x.argmax(), x.argmin(0), np.argmax(x, axis=1, keepdims=True),
                           np.max(x, initial=100), np.min(x[:0], axis=0, initial=3.0)),
    "products": lambda x: (x.prod(), np.prod(x, axis=0), (x > 0).any(), (x > 0).all(axis=1),
                           np.any(x, axis=0), np.count_nonzero(x, axis=1)),
    "running": lambda x: (x.cumsum(), np.cumsum(x, axis=0), np.cumprod(x, axis=1),
                          (x > 0).cumsum(axis=1)),
    "methods of ufuncs": lambda x: (np.add.reduce(x), np.maximum.reduce(x, axis=1),
                                    np.add.accumulate(x, axis=1), np.maximum.accumulate(x),
                                    np.multiply.outer(x[0], x[1]), np.subtract.outer([1, 2], x[0]),
                                    np.logical_and.reduce(x > 0, axis=None)),
    "integers of one byte": lambda x: (x.astype("i1").sum(), x.astype("u1") + 1,
                                       x.astype("i1").mean(0), x.astype("u1") < 300,
                                       x.astype("u1") == -1, x.astype("u1") < 300),
    "shapes": lambda x: (x.T, x.reshape(4, 3), x.reshape(-1), x.ravel(), x.flatten(), x[None],
                         x.transpose(1, 0), x.swapaxes(0, 1), np.squeeze(x[:, :1]), x.mT,
                         x.reshape((2, -1)), x.T.reshape(-1), x.T.copy(), x.repeat(2, axis=0)),
    "indexing": lambda x: (x[0], x[-1, 1:], x[:, ::2], x[..., None], x[[0, 2]], x[:, [1, 1]],
                           x[1, 2], x[::-1, ::-1], x[M[:, 0]], x[np.array([0, 1]), 1]),
    "lists": lambda x: (list(x), [row * 2 for row in x], np.stack([x, x]), np.concatenate([x, X])),
    "python": lambda x: (x.shape[0] * x, x + len(x), x * x.size, x + x.ndim, x * x.itemsize),
    "matrices": lambda x: (x @ x.T, np.dot(x, x.T), np.tensordot(x, x, 1 * [[0], [0]]), X.T @ x,
                           np.einsum("ij,kj->ik", x, x), x.dot(x[0])),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_numpy(name):
    check(FUNCTIONS[name], X)


@pytest.mark.parametrize("name", ["sums", "means", "extremes", "shapes", "matrices", "running"])
def test_as_numpy_with_other_strides(name):
    check(FUNCTIONS[name], np.asfortranarray(X))
    check(FUNCTIONS[name], X.repeat(2, axis=1)[:, ::2][::-1])


def test_nan_infinity_and_signed_zeros():
    odd = np.array([[np.nan, np.inf, -np.inf, 0.0], [-0.0, 1.0, -1.0, np.nan]])
    for name in ("arithmetic", "comparisons", "unary", "two", "clip", "extremes", "sums"):
        check(FUNCTIONS[name], odd)


def test_empty_and_size_one():
    for shape in ((0, 4), (3, 0), (1, 1)):
        x = np.zeros(shape)
        for name in ("arithmetic", "unary", "running", "products"):
            check(FUNCTIONS[name], x)
    with pytest.raises(ValueError, match="zero-size array to reduction operation maximum"):
        shinso.compile(lambda x: x.max())(np.zeros((0, 3)))


# -- writing --------------------------------------------------------------------------------------


def write_and_look(x):
    y = np.zeros_like(x)
    view, turned, row = y[1:], y.T, y[2]
    y[1:, ::2] = x[:2, 1:3]
    y[0] += 3
    return view * 1, turned + 0, row, y


def in_place_operators(x):
    y = x * 1
    z = y
    y += x
    y *= 2
    y -= 1
    y /= 3
    z[0] **= 2
    return z, y, z is y


def scalars_are_values(x):
    s = x.sum()
    t = s
    s += 1
    return s, t


def zero_dimensional_arrays_are_not(x):
    s = np.zeros_like(x, shape=())
    t = s
    s += x.sum()
    t[...] = t * 2
    return s * 1, t * 1


def added_at(x):
    y = np.zeros_like(x, shape=(4,))
    np.add.at(y, np.array([0, 1, 1, 3]), x[0])
    y.fill(2) if len(x) > 3 else None
    return y


def windows(x):
    y = np.zeros_like(x, shape=(5, 6))
    for i in range(3):
        y[i : i + 3, i : i + 4] += x
    return y[1:-1], y


def narrower(x):
    y = np.zeros_like(x, dtype=np.float32)
    y[:] = x / 3
    y[0] += x[0] / 7
    z = x.astype(np.float32)
    z *= x
    return y, z


def copies_are_apart(x):
    y = x.copy()
    z = y.copy()
    w = np.array(y, like=x)
    y[0] = 0
    return y, z, w


@pytest.mark.parametrize(
    "function",
    [write_and_look, scalars_are_values, zero_dimensional_arrays_are_not, added_at, windows,
     narrower, copies_are_apart],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_writes(function):
    check(function, X)


def test_in_place_operators():
    plain, made = in_place_operators(X), shinso.compile(in_place_operators)(X)
    compare(plain[:2], made[:2])
    assert plain[2] is made[2] is True


def test_a_view_without_an_index_map_may_not_be_used_after_a_write():
    def step(x):
        y = np.zeros_like(x)
        flat = y.reshape(-1)
        y[0] = 1
        return flat * 1

    with pytest.raises(TraceError, match="make it again after the write") as found:
        shinso.compile(step)(X)
    assert "return flat * 1" in str(found.value)


def test_a_named_part_changed_in_place():
    def step(x):
        y = np.zeros_like(x)
        v = y[1:]
        v += 1
        return y * 1

    with pytest.raises(TraceError, match="in one statement"):
        shinso.compile(step)(X)


CELL = Tensor(X.copy())


def refused(action):
    def step(x):
        result = action(x)
        return x if result is None else result

    return step


def assign(x):
    x[0] = 1


def add_to_argument(x):
    x += 1


def add_to_cell(x):
    w = CELL.data
    w += x


def add_to_part_of_argument(x):
    x[0] += 1


def add_to_real(x):
    g = np.zeros(4)
    g += x[0]
    return g


def through_a_view(x):
    y = np.zeros_like(x)
    y.T[0] = 1
    return y


def through_fancy(x):
    y = np.zeros_like(x)
    y[[0, 0]] += 1
    return y


def copyto(x):
    np.copyto(np.zeros_like(x), x)


def real_index(x):
    return X[x.astype(int)]


REFUSED = {
    "branch": (lambda x: x if x.sum() > 0 else -x, "np.where"),
    "and": (lambda x: (x > 0) and x, "np.where"),
    "max": (lambda x: max(x[0, 0], 1), "np.where"),
    "float": (lambda x: x * float(x.sum()), "after the call"),
    "int": (lambda x: range(int(x[0, 0])), "after the call"),
    "index": (lambda x: [1, 2][x[0, 0].astype(int)], "after the call"),
    "item": (lambda x: x.sum().item(), "after the call"),
    "tolist": (lambda x: x.tolist(), "after the call"),
    "format": (lambda x: f"{x}", "print it after the call"),
    "hash": (lambda x: {x: 1}, "hash"),
    "contains": (lambda x: 1.0 in x, "any"),
    "asarray": (lambda x: np.asarray(x), "like=x"),
    "array of": (lambda x: np.array([x[0], x[1]]), "np.stack"),
    "real index": (real_index, "np.take"),
    "assign": (assign, "x.copy"),
    "add to argument": (add_to_argument, "x.copy"),
    "add to cell": (add_to_cell, "cell.data = "),
    "add to part": (add_to_part_of_argument, "x.copy"),
    "add to real": (add_to_real, "np.zeros_like"),
    "through a view": (through_a_view, "one statement"),
    "through fancy": (through_fancy, "np.add.at"),
    "real add.at": (lambda x: np.add.at(np.zeros(4), [0, 1, 2, 3], x[0]), "np.zeros_like"),
    "multiply.at": (lambda x: np.multiply.at(x * 1, 0, 2.0), "only np.add.at"),
    "reduceat": (lambda x: np.add.reduceat(x, [0, 1]), "reduceat"),
    "copyto": (copyto, "np.where"),
    "put_along_axis": (lambda x: np.put_along_axis(x * 1, np.zeros((1, 4), int), 1, 0), "np.where"),
    "where=": (lambda x: np.add(x, 1, where=x > 0), "np.where"),
    "sum where=": (lambda x: np.sum(x, where=x > 0), "np.where"),
    "out=": (lambda x: np.add(x, 1, out=x * 1), "result instead"),
    "real out=": (lambda x: np.add(x, 1, out=np.zeros((3, 4))), "np.zeros_like"),
    "nonzero": (lambda x: np.nonzero(x), "shape"),
    "mask": (lambda x: x[x > 0], "np.where"),
    "unique": (lambda x: np.unique(x), "shape|outside"),
    "where alone": (lambda x: np.where(x > 0), "keeps the shape"),
    "count": (lambda x: np.count_nonzero(x), "sum"),
    "view": (lambda x: x.view(np.int64), "astype"),
    "sort": (lambda x: (x * 1).sort(), "returns a new array"),
    "objects": (lambda x: x.astype(object), "numbers"),
    "None": (lambda x: x == None, "numbers"),  # noqa: E711  what is tested
    "strings": (lambda x: x == "a", "numbers"),
    "list operand": (lambda x: x[0] + [x[1, 0], 1, 2, 3], "np.stack"),
    "order": (lambda x: np.add(x, 1, casting="unsafe"), "astype"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_line_and_remedy(name):
    action, remedy = REFUSED[name]
    before = CELL.numpy()
    with pytest.raises(TraceError, match=remedy) as found:
        shinso.compile(refused(action))(X)
    _, line = str(found.value).rsplit("\n", 1)
    assert re.match(r"  at .*test_traced\.py:\d+ in ", line), line
    assert found.value.source.file == __file__
    np.testing.assert_array_equal(CELL.data, before)


def test_errors_of_numpy_stay_what_they_are():
    step = shinso.compile(lambda x, y: x + y)
    with pytest.raises(ValueError, match="could not be broadcast"):
        step(X, X[:2])
    with pytest.raises(TypeError):
        shinso.compile(lambda x: ~x)(X)
    with pytest.raises(AttributeError):
        shinso.compile(lambda x: x.no_such_thing)(X)
    with pytest.raises(IndexError):
        shinso.compile(lambda x: x[7])(X)
    with pytest.raises(TypeError, match="same_kind"):
        shinso.compile(lambda x: (I + 0 * x).astype(int).__iadd__(x))(X)


def test_a_traced_value_used_after_its_trace():
    kept = []

    def step(x):
        kept.append(x * 2)
        return x

    shinso.compile(step)(X)
    with pytest.raises(TraceError, match=r"kept\.append\(x \* 2\)"):
        kept[0] + 1
    assert "Traced(shape=(3, 4)" in repr(kept[0])


def test_a_traced_value_in_another_thread():
    found = []

    def step(x):
        def work():
            try:
                x + 1
            except TraceError as error:
                found.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x + 1

    shinso.compile(step)(X)
    assert "another thread" in found[0]


def test_other_threads_are_not_caught_in_a_trace():
    seen = []

    def step(x):
        thread = threading.Thread(target=lambda: seen.append(type(CELL.data)))
        thread.start()
        thread.join()
        return x + CELL.data

    shinso.compile(step)(X)
    assert set(seen) == {np.ndarray}
