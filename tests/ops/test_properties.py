"""Properties that hold for any shape, drawn at random, against loops and finite differences."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shinso import ops
from shinso.graph import Tensor, check_gradient

few = settings(max_examples=40, deadline=None, derandomize=True)
sizes = st.integers(1, 4)
seeds = st.integers(0, 2**16)


def draw(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


@st.composite
def broadcasting_pairs(draw_from):
    """Two shapes that broadcast: axes of length 1, and leading axes left out."""
    full = draw_from(st.lists(sizes, max_size=4))
    first = [draw_from(st.sampled_from([1, n])) for n in full]
    second = [draw_from(st.sampled_from([1, n])) for n in full]
    return tuple(first[draw_from(st.integers(0, len(full))) :]), tuple(second)


@few
@given(broadcasting_pairs(), st.sampled_from(["add", "sub", "mul", "maximum"]), seeds)
def test_gradients_of_broadcast_operations(shapes, name, seed):
    x, y = draw(seed, shapes[0]), draw(seed + 1, shapes[1])
    check_gradient(getattr(ops, name), x, y)


@few
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.data(), seeds)
def test_a_sum_over_any_axes(shape, data, seed):
    axes = data.draw(st.sets(st.integers(-len(shape), len(shape) - 1), max_size=len(shape)))
    axes = tuple({a % len(shape) for a in axes}) or None
    keepdims = data.draw(st.booleans())
    x = Tensor(draw(seed, shape), requires_grad=True)
    y = ops.sum(x, axis=axes, keepdims=keepdims)
    np.testing.assert_allclose(y.data, x.data.sum(axis=axes, keepdims=keepdims))
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad, np.ones(shape))


def convolve_by_loops(x, w, stride, padding, dilation, groups):
    """The definition, one multiplication at a time."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, _, height, width = x.shape
    out_channels, depth, kh, kw = w.shape
    oh = (height - dilation * (kh - 1) - 1) // stride + 1
    ow = (width - dilation * (kw - 1) - 1) // stride + 1
    y = np.zeros((n, out_channels, oh, ow))
    for b, o, i, j in np.ndindex(y.shape):
        group = o // (out_channels // groups)
        for c, p, q in np.ndindex(depth, kh, kw):
            pixel = x[b, group * depth + c, i * stride + p * dilation, j * stride + q * dilation]
            y[b, o, i, j] += pixel * w[o, c, p, q]
    return y


@few
@given(
    st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2),
    st.integers(1, 3), st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), seeds,
)  # fmt: skip
def test_convolution_is_its_definition(
    n, groups, ins, outs, kernel, stride, padding, dilation, seed
):
    side = dilation * (kernel - 1) + 1 + seed % 4
    x = draw(seed, (n, ins * groups, side, side + 1))
    w = draw(seed + 1, (outs * groups, ins, kernel, kernel))
    arguments = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    expected = convolve_by_loops(x, w, stride, padding, dilation, groups)
    np.testing.assert_allclose(ops.conv2d(x, w, **arguments).data, expected, atol=1e-12)
    check_gradient(lambda x, w: ops.conv2d(x, w, **arguments), x, w)


@few
@given(st.lists(sizes, min_size=1, max_size=4), st.data(), seeds)
def test_permute_and_back(shape, data, seed):
    order = data.draw(st.permutations(range(len(shape))))
    x = Tensor(draw(seed, shape), requires_grad=True)
    y = ops.permute(x, *order)
    np.testing.assert_array_equal(y.data, np.transpose(x.data, order))
    g = draw(seed + 1, y.shape)
    y.backward(g)
    np.testing.assert_array_equal(x.grad, np.transpose(g, np.argsort(order)))


@few
@given(st.integers(1, 6), st.integers(1, 5), st.floats(-1e4, 1e4), seeds)
def test_softmax_is_a_distribution_that_ignores_shifts(n, classes, shift, seed):
    z = draw(seed, (n, classes)) * 10
    p = ops.softmax(z + shift, axis=1).data
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(p, ops.softmax(z, axis=1).data, rtol=1e-8)
