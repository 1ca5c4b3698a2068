"""Which units get x, F(x), both or neither, and how often."""

import math

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Tensor
from shinso.ops.random import generator_cell

N = 100_000


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


@pytest.mark.parametrize(("p1", "p2"), [(0.5, 0.5), (0.9, 0.2), (1.0, 0.7), (0.0, 0.3)])
def test_all_four_cases_occur_independently(p1, p2):
    y = ops.swapout(np.ones(N), np.full(N, 10.0), p1, p2).data
    assert set(np.unique(y)) <= {0.0, 1.0, 10.0, 11.0}
    for value, p in (
        (0.0, (1 - p1) * (1 - p2)),
        (1.0, p1 * (1 - p2)),
        (10.0, (1 - p1) * p2),
        (11.0, p1 * p2),
    ):
        assert abs((y == value).mean() - p) <= 4 * math.sqrt(p * (1 - p) / N)


def test_backward_uses_the_masks_of_forward():
    x = Tensor(np.ones((20, 30)), requires_grad=True)
    f = Tensor(np.full((20, 30), 10.0), requires_grad=True)
    y = ops.swapout(x, f, 0.6, 0.3)
    y.backward(np.full(x.shape, 2.0))
    np.testing.assert_array_equal(x.grad, 2 * (y.data % 10))
    np.testing.assert_array_equal(f.grad, 2 * (y.data // 10))


def test_evaluation_is_the_mean_of_training():
    x, f = np.full(N, 3.0), np.full(N, -5.0)
    expected = ops.swapout(x, f, 0.7, 0.4, training=False).data
    np.testing.assert_allclose(expected, 0.7 * 3 - 0.4 * 5, rtol=1e-15)
    deviation = math.sqrt(9 * 0.7 * 0.3 + 25 * 0.4 * 0.6)
    assert abs(ops.swapout(x, f, 0.7, 0.4).data.mean() - 0.1) < 4 * deviation / math.sqrt(N)


def test_nothing_is_drawn_where_nothing_is_open():
    before = generator_cell().numpy()
    x = np.ones(4)
    np.testing.assert_array_equal(ops.swapout(x, x, 1, 1).data, 2 * x)
    np.testing.assert_array_equal(ops.swapout(x, x, 0, 1).data, x)
    np.testing.assert_array_equal(ops.swapout(x, x, 0, 0).data, 0 * x)
    ops.swapout(x, x, training=False)
    np.testing.assert_array_equal(generator_cell().data, before)
