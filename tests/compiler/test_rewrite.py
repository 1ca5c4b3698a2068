"""Rewritings compute the same: the graph before and after, both run by NumPy."""

import math
from fractions import Fraction

import numpy as np
import pytest

import shinso
from shinso import ops
from shinso.compiler.graph import Accumulate, Contract, Graph, Reduce, Write
from shinso.compiler.interpret import interpret
from shinso.compiler.key import Call
from shinso.compiler.plan import trace
from shinso.compiler.rewrite import rewrite
from shinso.compiler.simplify import simplify
from shinso.compiler.target import target
from shinso.compiler.tile_forms import form
from shinso.compiler.verify import verify


def graph_of(function, *arrays) -> Graph:
    return trace(function, Call(arrays, {}), False).graph


def both(function, *arrays):
    """(outputs as traced, outputs rewritten, the rewritten graph)."""
    graph = graph_of(function, *arrays)
    small = simplify(graph)
    verify(small)
    after = rewrite(small, target())
    verify(after)
    return interpret(graph, arrays, [])[0], interpret(after, arrays, [])[0], after


def assert_close(function, *arrays, rtol=1e-12):
    before, after, graph = both(function, *arrays)
    for x, y in zip(before, after, strict=True):
        assert x.shape == y.shape
        assert x.dtype == y.dtype
        scale = np.abs(x).max(initial=0.0) + 1e-30
        assert np.abs(x - y).max(initial=0.0) <= rtol * scale
    return graph


def count(graph: Graph, kind: type) -> int:
    return sum(isinstance(n.operation, kind) for n in graph.nodes())


def draw(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape).astype(dtype)


def gradients(function, count):
    """The outputs' sum with weights, and its gradient with respect to each argument."""

    def run(*arrays):
        tensors = [shinso.Tensor._of(a, None, 0) for a in arrays]
        for t in tensors[:count]:
            t._requires_grad = True
        y = function(*tensors)
        weights = np.cos(np.arange(math.prod(y.shape), like=y.data)).reshape(y.shape)
        y.backward(weights.astype(y.dtype) * y.data)
        return (y.data, *(t.grad for t in tensors[:count]))

    return run


@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1)])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolutions(stride, padding, dilation):
    x, w = draw(4, 3, 9, 8), draw(5, 3, 3, 3)
    assert_close(gradients(lambda x, w: ops.conv2d(x, w, None, stride, padding, dilation), 2), x, w)


def test_strided_gradient_multiplies_no_zeros():
    x, w = draw(4, 3, 8, 8), draw(5, 3, 3, 3)
    graph = assert_close(gradients(lambda x, w: ops.conv2d(x, w, None, 2, 1), 2), x, w)
    assert not count(graph, Write)
    (whole,) = [n for n in graph.nodes() if isinstance(n.operation, Accumulate)]
    assert whole.operation.covers
    assert len(whole.operands) == 1 + 4  # one part of dx for each remainder of row and column
    assert all(isinstance(n.operation, Contract) for n in whole.operands[1:])


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_groups_and_transposed(groups):
    x, w = draw(3, 4, 6, 6), draw(8, 4 // groups, 3, 3)
    assert_close(gradients(lambda x, w: ops.conv2d(x, w, None, 1, 1, 1, groups), 2), x, w)
    w = draw(4, 8 // groups, 3, 3)
    assert_close(gradients(lambda x, w: ops.conv_transpose2d(x, w, None, 2, 1, 1, groups), 2), x, w)


def test_wide_borders_become_products_in_place():
    x, w = draw(2, 3, 12, 12), draw(4, 3, 5, 5)
    graph = assert_close(gradients(lambda x, w: ops.conv2d(x, w), 2), x, w)
    places = [n.operation.places for n in graph.nodes() if isinstance(n.operation, Accumulate)]
    assert [len(p) for p in places] == [25]


def test_pooling_backward_is_one_pass():
    graph = assert_close(gradients(lambda x: ops.max_pool2d(x, 2), 1), draw(2, 3, 8, 8))
    (node,) = [n for n in graph.nodes() if isinstance(n.operation, Accumulate)]
    assert node.operation.covers
    assert count(graph, Write) == 0
    graph = assert_close(gradients(lambda x: ops.max_pool2d(x, 3, 2), 1), draw(2, 3, 9, 9))
    (node,) = [n for n in graph.nodes() if isinstance(n.operation, Accumulate)]
    assert not node.operation.covers


def test_batch_statistics_are_taken_example_by_example():
    x = 30 + draw(8, 16, 16, 16)
    state = [np.zeros(16), np.ones(16)]

    def normalized(x):
        mean, var = shinso.Tensor(state[0]), shinso.Tensor(state[1])
        return ops.batch_norm(x, None, None, None, None, True) + 0 * (mean.sum() + var.sum())

    graph = assert_close(gradients(normalized, 1), x, rtol=1e-10)
    folds = [n for n in graph.nodes() if isinstance(n.operation, Reduce)]
    assert not any(0 in f.operation.axes and len(f.operation.axes) > 1 for f in folds)


def test_flattened_images_are_not_moved():
    x, w = draw(4, 3, 5, 6), draw(7, 90)
    graph = assert_close(lambda x, w: x.reshape(4, -1) @ w.T, x, w)
    (node,) = [n for n in graph.nodes() if isinstance(n.operation, Contract)]
    assert len(node.operation.left) == 4


@pytest.mark.parametrize("kernel", [(1, 3), (3, 1), (1, 1)])
def test_flat_kernels_on_small_maps(kernel):
    """An axis of length 1 belongs to the padded view alone."""
    padding = (kernel[0] // 2, kernel[1] // 2)
    run = gradients(lambda x, w: ops.conv2d(x, w, padding=padding), 2)
    assert_close(run, draw(4, 6, 2, 2), draw(5, 6, *kernel))


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("sizes", [(8, 8), (7, 8), (13, 13), (4, 5), (16, 16)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_tiles(kernel, sizes, padding):
    """Correlations in float32, forward and both gradients, within R8 of the definition."""
    if kernel == 5:
        sizes, padding = (sizes[0] + 4, sizes[1] + 4), 2 * padding
    x = draw(2, 32, *sizes, dtype=np.float32)
    w = draw(48, 32, kernel, kernel, dtype=np.float32) / 17
    run = gradients(lambda x, w: ops.conv2d(x, w, None, 1, padding), 2)
    wide = [x.astype(float), w.astype(float)]
    exact = interpret(graph_of(run, *wide), wide, [])[0]
    _, after, graph = both(run, x, w)
    products = [n for n in graph.nodes() if isinstance(n.operation, Contract)]
    tiled = [n for n in products if n.ndim > 2 and n.shape[0] == n.shape[1] in (4, 6, 8)]
    if min(sizes) >= 16:
        assert len(tiled) >= 2
    for e, y in zip(exact, after, strict=True):
        assert y.dtype == np.float32
        assert np.abs(e - y).max() <= 2e-5 * np.abs(e).max()


@pytest.mark.parametrize(("kernel", "channels"), [(3, 16), (3, 256), (5, 20), (5, 96)])
def test_tiles_of_many_channels_are_as_near(kernel, channels):
    x = np.maximum(draw(1, channels, 24, 24, dtype=np.float32), 0)
    w = draw(channels, channels, kernel, kernel, dtype=np.float32) / (kernel * channels**0.5)
    run = gradients(lambda x, w: ops.conv2d(x, w, None, 1, kernel // 2), 2)
    wide = [x.astype(float), w.astype(float)]
    exact = interpret(graph_of(run, *wide), wide, [])[0]
    _, after, _ = both(run, x, w)
    for e, y in zip(exact, after, strict=True):
        assert np.abs(e - y).max() <= 1e-5 * np.abs(e).max()


@pytest.mark.parametrize(("m", "r"), [(2, 3), (4, 3), (2, 5), (4, 5), (3, 3), (6, 3)])
def test_forms_are_exact_in_fractions(m, r):
    f = form(m, r)
    d, g = [Fraction(i * i - 3) for i in range(f.n)], [Fraction(2 * i + 1, 3) for i in range(r)]
    transformed = [
        sum(a * x for a, x in zip(k, g, strict=True))
        * sum(a * x for a, x in zip(b, d, strict=True))
        for k, b in zip(f.kernel, f.input, strict=True)
    ]
    y = [sum(a * x for a, x in zip(line, transformed, strict=True)) for line in f.output]
    assert y == [sum(g[k] * d[i + k] for k in range(r)) for i in range(m)]


def test_float64_is_left_alone():
    x, w = draw(2, 32, 8, 8), draw(32, 32, 3, 3)
    _, _, graph = both(lambda x, w: ops.conv2d(x, w).data, x, w)
    assert all(n.ndim < 6 for n in graph.nodes() if isinstance(n.operation, Accumulate))
