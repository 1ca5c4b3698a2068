"""Contractions over merged axes, taken apart: no column matrix (im2col) is ever stored."""

import numpy as np
import pytest

import shinso
from shinso import ops
from shinso.compiler.graph import Contract, Reshape
from shinso.compiler.rewrite import rewrite
from shinso.compiler.simplify import simplify
from shinso.compiler.target import target


def lowered(fn, *arrays):
    """The rewritten graph of a function, its result compiled, its result in NumPy."""
    step = shinso.compile(fn)
    made = step(*arrays)
    [executable] = step._executables.values()
    return rewrite(simplify(executable.graph), target()), made, fn(*arrays)


@pytest.mark.parametrize(
    ("x", "w", "groups", "stride"),
    [
        ((2, 6, 5, 5), (6, 1, 3, 3), 6, 1),
        ((2, 6, 5, 5), (6, 1, 3, 3), 6, 2),
        ((2, 6, 5, 4), (12, 1, 3, 2), 6, 1),
        ((2, 8, 5, 5), (12, 2, 3, 3), 4, 1),
        ((3, 4, 9), (6, 2, 3), 2, 2),
        ((1, 4, 3, 4, 5), (4, 1, 2, 2, 2), 4, 1),
    ],
)
def test_grouped_convolutions_keep_their_windows_as_views(x, w, groups, stride):
    rng = np.random.default_rng(0)
    x, w = (shinso.Tensor(rng.standard_normal(s), requires_grad=True) for s in (x, w))
    conv = {3: ops.conv1d, 4: ops.conv2d, 5: ops.conv3d}[x.ndim]

    def step(factor):
        y = conv(x, w, stride=stride, padding=1, groups=groups)
        (y * y * factor).sum().backward()
        grads = x.grad, w.grad
        x.grad = w.grad = None
        return y.data, *grads

    graph, made, plain = lowered(step, np.ones(1))
    largest = max(x.data.size, made[0].size) * 4
    for node in graph.nodes():
        if isinstance(node.operation, Contract):
            assert all(not isinstance(o.operation, Reshape) for o in node.operands)
        if isinstance(node.operation, Reshape):
            assert node.size <= largest
    for a, b in zip(made, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


def test_merged_rows_of_a_product_stay_apart_if_they_are_split_again():
    def fn(x, w):
        return (x.reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[-1]) + 1

    rng = np.random.default_rng(1)
    graph, made, plain = lowered(fn, rng.standard_normal((3, 4, 5)), rng.standard_normal((5, 6)))
    assert not [n for n in graph.nodes() if isinstance(n.operation, Reshape)]
    np.testing.assert_allclose(made, plain, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "view",
    [
        lambda y: y[:, ::4],  # every row's first
        lambda y: y[:, 4:8],  # one row
        lambda y: y[:, 1:3],  # a part of one
        lambda y: y[:, 2:6],  # from one row into the next: no place in it is affine
        lambda y: y[:, ::3],
        lambda y: y[:, ::-1],
        lambda y: y.reshape(2, 3, 2, 2),
    ],
)
def test_views_of_merged_axes(view):
    def fn(x):
        return view(np.tanh(x).reshape(2, 12)) * 2

    _, made, plain = lowered(fn, np.random.default_rng(2).standard_normal((2, 3, 4)))
    np.testing.assert_allclose(made, plain, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rows", [1, 3, 8, 130])
@pytest.mark.parametrize("columns", [5, 16, 37, 300])
def test_dear_functions_of_dot_products(rows, columns):
    """Results of dot products are stored before a dear function of them is taken by vectors."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(s) / 9 for s in ((rows, 400), (columns, 400), (columns,)))

    def fn(x, w, b):
        y = x @ w.T + b
        return np.tanh(y), y * np.exp(-y), y.sum(axis=1)

    _, made, plain = lowered(fn, x, w, b)
    for got, wanted in zip(made, plain, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(1, np.abs(wanted).max()))
