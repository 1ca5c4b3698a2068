"""More lines for random programs: what training code is made of.

Normalizing, windows, products, what crosses from example to example, writes and additions into
fresh arrays. Each line has the form of those in `test_random_programs`.
"""

import numpy as np

from tests.compiler import test_random_programs as programs


def axis_of(rng, x):
    return int(rng.integers(x.ndim))


def roll(rng, x, pool):
    return np.roll(x, int(rng.integers(-2, 3)), axis_of(rng, x))


def repeat(rng, x, pool):
    if rng.random() < 0.5:
        return np.repeat(x, 2, axis_of(rng, x))
    return np.tile(x, (2, 1)[: max(1, x.ndim)])


def differences(rng, x, pool):
    z = np.moveaxis(np.exp(np.clip(x * 1.0, -3, 3)), axis_of(rng, x), 0)
    return z[1:] - z[:-1]


def triangle(rng, x, pool):
    if x.ndim == 0:
        return None
    return np.tril(x) if rng.random() < 0.5 else np.triu(x, 1)


def diagonal(rng, x, pool):
    return np.diagonal(x) if x.ndim > 1 else np.diag(x)


def softmax(rng, x, pool):
    axis = axis_of(rng, x)
    e = np.exp(x * 1.0 - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def normalized(rng, x, pool):
    axis = axis_of(rng, x)
    mean = np.mean(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(np.mean((x - mean) ** 2, axis=axis, keepdims=True) + 1)


def contraction(rng, x, pool):
    x = np.tanh(x * 1.0).astype(np.float32 if rng.random() < 0.5 else np.float64)
    choice = rng.integers(6)
    if choice == 0:
        return x.T @ x
    if choice == 1:
        return np.tensordot(x, x, ([0], [0]))
    if choice == 5:
        return np.einsum("ijk,ikl->ijl", x, np.swapaxes(x, 1, 2))
    return np.einsum(["i...,j...->ij", "ij,ik->ijk", "ij,ij->i"][choice - 2], x, x)


def fold_twice(rng, x, pool):
    f = programs.FOLDS[rng.integers(9)]
    axes = tuple(int(a) for a in rng.permutation(x.ndim)[:2])
    return f(x, axis=axes, keepdims=bool(rng.random() < 0.5))


def add_at(rng, x, pool):
    y = np.zeros_like(x, dtype=np.result_type(x, np.float32))
    n = x.shape[0]
    np.add.at(y, rng.integers(0, n, n), x)
    return y * 2


def larger(rng, x, pool):
    """x inside a larger array, which is then written again; or a view taken before that."""
    shape = tuple(n + 2 for n in x.shape)
    y = np.zeros_like(x, np.result_type(x, np.float64), shape=shape)
    inside = tuple(slice(1, -1) for _ in x.shape)
    view = y[inside]
    y[inside] += x
    y[::2] *= -1
    y[:1] = 3
    return y if rng.random() < 0.5 else view


def with_its_mirror(rng, x, pool):
    z = np.exp(np.minimum(x * 1.0, 2))
    return z + z[::-1]


def rotated(rng, x, pool):
    z = np.tanh(x * 1.0)
    return np.concatenate([z[1:], z[:1] * 2], 0)


def regrouped(rng, x, pool):
    z = np.tanh(x * 1.0) if rng.random() < 0.5 else x
    divisors = [k for k in range(1, x.size + 1) if x.size % k == 0]
    rows = int(divisors[rng.integers(len(divisors))])
    return z.reshape(rows, x.size // rows)


def chosen(rng, x, pool):
    return np.where((x > 0) & (x < 2), x * 2, pool[rng.integers(len(pool))])


def taken(rng, x, pool):
    axis = axis_of(rng, x)
    return np.take_along_axis(x, np.expand_dims(np.argmax(x, axis), axis), axis)


def looked_up(rng, x, pool):
    finite = np.where(np.isfinite(x), x, 1)
    sums = np.clip(np.sum(finite.reshape(x.shape[0], -1), 1), -5, 5)
    places = np.minimum(np.abs(np.floor(sums)).astype(np.int64), x.shape[0] - 1)
    return np.tanh(x * 1.0)[places]


def scan_back(rng, x, pool):
    axis = axis_of(rng, x)
    z = np.cumsum(x, axis=axis)
    return z if rng.random() < 0.5 else np.flip(np.cumsum(np.flip(x, axis), axis), axis) - z


def variance(rng, x, pool):
    return np.var(x, axis=axis_of(rng, x), ddof=1, keepdims=True)


def pooled(rng, x, pool):
    w = np.lib.stride_tricks.sliding_window_view(x, 2, axis=axis_of(rng, x))
    return w.max(-1) if rng.random() < 0.5 else w.sum(-1)


def convolved(rng, x, pool):
    x = np.tanh(x * 1.0)
    kernel = np.asarray(rng.normal(0, 1, (3, 2))).astype(x.dtype)
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 1)])
    return np.lib.stride_tricks.sliding_window_view(padded, 3, axis=-1) @ kernel


def updated(rng, x, pool):
    y = x.copy()
    key = programs.basic_key(rng, y)
    y[key] = y[key] * 2 if y.dtype != bool else ~y[key]
    view = y.T
    y[...] = y * 2 if y.dtype != bool else y
    y[programs.basic_key(rng, y)] *= 3 if y.dtype != bool else True
    return view


def outer(rng, x, pool):
    y = pool[rng.integers(len(pool))]
    return np.multiply.outer(x, y) if x.size * y.size < 2000 else None


LINES = [
    roll, repeat, differences, triangle, diagonal, softmax, normalized, contraction, contraction,
    fold_twice, add_at, larger, with_its_mirror, rotated, regrouped, regrouped, chosen, taken,
    looked_up, scan_back, variance, pooled, convolved, updated, outer,
]  # fmt: skip
