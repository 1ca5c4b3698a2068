"""Random weights on branches: their spread, their levels, and that backward has its own."""

import math

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Tensor
from shinso.ops.random import generator_cell

SHAPE = (6, 5, 3, 2)
SHARED = {"batch": (0, 1, 2, 3), "image": (1, 2, 3), "channel": (2, 3), "pixel": ()}


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


def coefficients(call, branches, shape=SHAPE):
    """What a function multiplies each of its inputs by, forward and backward."""
    forward, backward = [], []
    for i in range(branches):
        ops.manual_seed(0)
        given = [Tensor(np.full(shape, float(i == j)), requires_grad=True) for j in range(branches)]
        y = call(*given)
        y.backward(np.ones(shape))
        forward.append(y.data)
        backward.append(given[i].grad)
    return forward, backward


def assert_level(weights, level):
    shared = SHARED[level]
    assert (weights == weights.max(axis=shared, keepdims=True)).all()
    own = math.prod(n for i, n in enumerate(weights.shape) if i not in shared)
    assert len(np.unique(weights)) == own


@pytest.mark.parametrize("level", SHARED)
def test_shake_shake_shares_out_both_ways_with_other_weights(level):
    (a1, a2), (b1, b2) = coefficients(lambda x, y: ops.shake_shake(x, y, level=level), 2)
    np.testing.assert_allclose(a1 + a2, 1, rtol=1e-15)
    np.testing.assert_allclose(b1 + b2, 1, rtol=1e-15)
    assert (a1 != b1).all()
    assert_level(a1, level)
    assert_level(b1, level)
    assert ((a1 >= 0) & (a1 < 1) & (b1 >= 0) & (b1 < 1)).all()


@pytest.mark.parametrize(
    ("forward", "backward"),
    [("shake", "even"), ("shake", "keep"), ("even", "shake"), ("even", "even"), ("even", "keep")],
)
def test_shake_shake_ways(forward, backward):
    (a1, a2), (b1, b2) = coefficients(lambda x, y: ops.shake_shake(x, y, forward, backward), 2)
    assert (len(np.unique(a1)) > 1) == (forward == "shake")
    assert forward == "shake" or (a1 == 0.5).all()
    if backward == "keep":
        np.testing.assert_array_equal(b1, a1)
        np.testing.assert_array_equal(b2, a2)
    else:
        assert (len(np.unique(b1)) > 1) == (backward == "shake")
        assert backward == "shake" or (b1 == 0.5).all()


def test_shake_shake_weights_are_uniform_and_independent():
    (a, _), (b, _) = coefficients(
        lambda x, y: ops.shake_shake(x, y, level="pixel"), 2, shape=(100, 200)
    )
    n = a.size
    for weights in (a, b):
        assert abs(weights.mean() - 0.5) < 4 / math.sqrt(12 * n)
        assert abs(weights.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / n)
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / math.sqrt(n)


@pytest.mark.parametrize("level", SHARED)
def test_shake_drop_multiplies_by_alpha_and_the_gradient_by_beta(level):
    (a,), (b,) = coefficients(lambda x: ops.shake_drop(x, 1.0, level=level), 1)
    assert_level(a, level)
    assert_level(b, level)
    assert (np.abs(a) <= 1).all()
    assert ((b >= 0) & (b < 1)).all()
    assert (a != b).all()


def test_shake_drop_hits_as_often_as_it_should():
    """One decision for the whole batch; else the branch is left as it is, both ways."""
    hit, alphas, betas = 0, [], []
    n, p = 800, 0.3
    for _ in range(n):
        x = Tensor(np.ones((2, 1)), requires_grad=True)
        y = ops.shake_drop(x, p, level="image")
        y.backward(np.ones((2, 1)))
        alone = (y.data == 1).all() and (x.grad == 1).all()
        hit += not alone
        if not alone:
            assert (y.data != 1).all()
            assert (x.grad != 1).all()
            alphas += [*y.data.ravel()]
            betas += [*x.grad.ravel()]
    assert abs(hit / n - p) < 4 * math.sqrt(p * (1 - p) / n)
    m = len(alphas)
    assert abs(np.mean(alphas)) < 4 * math.sqrt(1 / 3 / m)
    assert abs(np.mean(betas) - 0.5) < 4 * math.sqrt(1 / 12 / m)
    assert min(alphas) < -0.9
    assert max(alphas) > 0.9


@pytest.mark.parametrize(
    ("p", "alpha", "expected"),
    [(0.5, (-1, 1), 0.5), (0.2, (0, 1), 0.9), (1.0, (0, 0), 0.0), (0.0, (-1, 1), 1.0)],
)
def test_shake_drop_evaluates_to_the_expected_value(p, alpha, expected):
    (a,), (b,) = coefficients(lambda x: ops.shake_drop(x, p, alpha, training=False), 1)
    np.testing.assert_allclose(a, expected, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(b, expected, rtol=1e-15, atol=1e-15)


def test_training_and_evaluation_agree_on_average():
    n, x = 1000, np.ones((1, 1))
    mean = np.mean([ops.shake_drop(x, 0.4, (0.0, 1.0)).data for _ in range(n)])
    assert abs(
        mean - ops.shake_drop(x, 0.4, (0.0, 1.0), training=False).data[0, 0]
    ) < 4 * 0.31 / math.sqrt(n)
    y = ops.shake_shake(np.ones(20_000), np.zeros(20_000)).data
    assert abs(y.mean() - 0.5) < 4 / math.sqrt(12 * 20_000)


def test_evaluation_draws_nothing():
    before = generator_cell().numpy()
    x = np.ones(SHAPE)
    ops.shake_shake(x, x, training=False)
    ops.shake_shake(x, x, "even", "even")
    ops.shake_drop(x, 0.0)
    ops.shake_drop(x, 0.5, training=False)
    np.testing.assert_array_equal(generator_cell().data, before)
