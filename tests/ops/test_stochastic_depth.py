"""How often a branch is left out, for whom, and by what the rest is multiplied."""

import math

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Tensor
from shinso.ops.random import generator_cell


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_rows_are_left_out_whole_and_as_often_as_they_should(p):
    n = 20_000
    y = ops.stochastic_depth(np.ones((n, 2, 3)), p, "row").data
    rows = y[:, 0, 0]
    assert (y == rows[:, None, None]).all()
    np.testing.assert_allclose(np.unique(rows), [0, 1 / (1 - p)], rtol=1e-15)
    assert abs((rows == 0).mean() - p) < 4 * math.sqrt(p * (1 - p) / n)
    assert abs(y.mean() - 1) < 4 * math.sqrt(p / (1 - p) / n)


def test_a_batch_is_left_out_whole():
    n, p = 1000, 0.3
    means = [ops.stochastic_depth(np.ones((3, 2)), p, "batch").data for _ in range(n)]
    assert all((y == y[0, 0]).all() for y in means)
    assert abs(np.mean([y[0, 0] == 0 for y in means]) - p) < 4 * math.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_backward_uses_the_mask_of_forward(mode):
    for _ in range(5):
        x = Tensor(np.ones((20, 3)), requires_grad=True)
        y = ops.stochastic_depth(x, 0.5, mode)
        y.backward(np.full(x.shape, 3.0))
        np.testing.assert_array_equal(x.grad, 3 * y.data)


def test_evaluation_draws_nothing():
    before = generator_cell().numpy()
    x = np.ones((5, 4))
    for p, training in ((0.5, False), (1.0, False), (0.0, True)):
        np.testing.assert_array_equal(ops.stochastic_depth(x, p, "row", training).data, x)
    np.testing.assert_array_equal(generator_cell().data, before)
