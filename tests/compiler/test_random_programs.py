"""Random NumPy programs, compiled: the bits and the dtypes that NumPy gives.

A program is a list of lines over a pool of arrays; each line takes arrays from the pool and puts a
new one in, or writes into one that the program has made. It is drawn from a seed, so a failure can
be repeated: `run(seed)`.
"""

import numpy as np
import pytest

import shinso
from shinso import TraceError

UNARY = [np.exp, np.tanh, np.abs, np.negative, np.square, np.sign, np.floor, np.isfinite, np.sqrt,
         np.log1p, np.sin, np.logical_not, np.rint]  # fmt: skip
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.less, np.equal,
          np.greater_equal, np.arctan2, np.logical_or, np.floor_divide, np.remainder]  # fmt: skip
FOLDS = [np.sum, np.mean, np.max, np.min, np.prod, np.any, np.all, np.var, np.std, np.argmax,
         np.argmin, np.ptp]  # fmt: skip
NUMBERS = [0, 1, 2, -1, 0.5, 3.0, True, np.float32(1.5), np.float64(0.25), np.int64(2)]
DTYPES = ["f8", "f4", "i8", "i4", "u1", "?"]


class Program:
    """Draws lines; running it draws the same ones again for the same shapes and dtypes."""

    def __init__(self, seed, lines=12):
        self.seed, self.lines = seed, lines

    def __call__(self, *arrays):
        rng = np.random.default_rng(self.seed)
        pool = list(arrays)
        for _ in range(self.lines):
            x = pool[rng.integers(len(pool))]
            kind = KINDS[rng.integers(len(KINDS))]
            try:
                made = kind(rng, x, pool)
            except (TraceError, AssertionError):
                raise
            except (ValueError, TypeError, IndexError, OverflowError):
                continue  # a line that NumPy refuses
            if made is not None and np.size(made) < 5000:
                pool.append(made)
        return pool


def unary(rng, x, pool):
    return UNARY[rng.integers(len(UNARY))](x)


def binary(rng, x, pool):
    y = pool[rng.integers(len(pool))] if rng.random() < 0.7 else NUMBERS[rng.integers(len(NUMBERS))]
    f = BINARY[rng.integers(len(BINARY))]
    return f(x, y) if rng.random() < 0.5 else f(y, x)


def power(rng, x, pool):
    if np.ndim(x) == 0:
        return x * x  # NumPy's scalars have a power of their own, which may differ in the last bit
    return x ** [2, 3, 0.5, 1][rng.integers(4)]


def fold(rng, x, pool):
    f = FOLDS[rng.integers(len(FOLDS))]
    axis = None if rng.random() < 0.3 else int(rng.integers(-x.ndim, x.ndim)) if x.ndim else None
    return f(x, axis=axis, keepdims=bool(rng.random() < 0.5))


def scan(rng, x, pool):
    f = np.cumsum if rng.random() < 0.5 else np.cumprod
    return f(x, axis=int(rng.integers(x.ndim)) if x.ndim else None)


def basic_key(rng, x):
    parts = []
    for n in x.shape[: int(rng.integers(x.ndim + 1))]:
        choice = rng.integers(5)
        if choice == 0 and n:
            parts.append(int(rng.integers(-n, n)))
        elif choice == 1:
            parts.append(slice(None, None, -1))
        elif choice == 2:
            parts.append(slice(int(rng.integers(0, n + 1)), None, 2))
        elif choice == 3:
            parts += [None, slice(1, None)]
        else:
            parts.append(slice(None))
    if rng.random() < 0.2:
        parts.append(Ellipsis)
    return tuple(parts)


def index(rng, x, pool):
    return x[basic_key(rng, x)]


def fancy(rng, x, pool):
    n = x.shape[0]
    return x[rng.integers(-n, n, (2, 3))] if rng.random() < 0.5 else np.take(x, [0, n - 1, 0], 0)


def turn(rng, x, pool):
    choice = rng.integers(8)
    if choice == 0:
        return x.T
    if choice == 1:
        return x.reshape(-1)
    if choice == 2:
        return np.flip(x, axis=int(rng.integers(x.ndim)))
    if choice == 3:
        return np.expand_dims(x, int(rng.integers(x.ndim + 1)))
    if choice == 4:
        return x.reshape(*x.shape[:-2], -1)
    if choice == 5:
        return np.squeeze(x)
    if choice == 6:
        return np.moveaxis(x, 0, -1)
    return np.broadcast_to(x, (2, *x.shape))


def copy(rng, x, pool):
    choice = rng.integers(4)
    if choice == 0:
        return x.copy()
    if choice == 1:
        return x.astype(DTYPES[rng.integers(3)])
    return np.zeros_like(x) if choice == 2 else np.full_like(x, 3)


def window(rng, x, pool):
    return np.lib.stride_tricks.sliding_window_view(x, 2, axis=int(rng.integers(x.ndim)))


def pad(rng, x, pool):
    return np.pad(x, int(rng.integers(0, 3)), constant_values=1)


def join(rng, x, pool):
    y = pool[rng.integers(len(pool))]
    f = np.concatenate if rng.random() < 0.6 else np.stack
    return f([x, y, x], axis=int(rng.integers(max(x.ndim, 1))))


def where(rng, x, pool):
    y = pool[rng.integers(len(pool))]
    return np.where(x > 0, y, NUMBERS[rng.integers(len(NUMBERS))])


def clip(rng, x, pool):
    return np.clip(x, -1, 2)


def product(rng, x, pool):
    y = pool[rng.integers(len(pool))].astype(x.dtype)
    return [lambda: x @ y, lambda: np.tensordot(x, y, 1), lambda: np.dot(x, y), lambda: x @ x.T][
        rng.integers(4)
    ]()


def write(rng, x, pool):
    """A new array with writes into it, and a view taken before."""
    y = np.zeros_like(x, dtype=np.result_type(x, np.float32))
    view = y[::-1] if y.ndim else y
    key = basic_key(rng, y)
    y[key] = x[key]
    y[basic_key(rng, y)] += 1.5
    y *= 2
    return view + y


KINDS = [unary, unary, binary, binary, binary, power, fold, fold, scan, index, index, fancy, turn,
         turn, copy, window, pad, join, where, clip, product, write, write]  # fmt: skip


def inputs(seed):
    rng = np.random.default_rng(seed + 1_000_000)
    arrays = []
    for _ in range(int(rng.integers(1, 4))):
        shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 4], p=[0.04, 0.16, 0.2, 0.3, 0.3],
                                                 size=rng.integers(0, 4)))  # fmt: skip
        array = np.asarray(rng.normal(0, 2, shape)).astype(DTYPES[rng.integers(len(DTYPES))])
        if array.ndim and rng.random() < 0.3:
            array = np.asarray(array.repeat(2, axis=-1)[..., ::2])
        if rng.random() < 0.3:
            array = np.asfortranarray(array)
        arrays.append(array)
    return arrays


def run(seed):
    """One program, in NumPy and compiled twice."""
    arrays, program = inputs(seed), Program(seed)
    with np.errstate(all="ignore"):
        plain = program(*arrays)
        step = shinso.compile(program)
        for _ in range(2):
            made = step(*arrays)
            assert len(plain) == len(made)
            for i, (a, b) in enumerate(zip(plain, made, strict=True)):
                assert type(a) is type(b), (i, type(a), type(b))
                assert (a.shape, a.dtype) == (b.shape, b.dtype), i
                np.testing.assert_array_equal(a, b, err_msg=str(i))


@pytest.mark.parametrize("start", range(0, 300, 10))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_random_programs(start):
    for seed in range(start, start + 10):
        run(seed)
