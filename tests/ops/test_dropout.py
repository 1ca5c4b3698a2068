"""Dropout's masks: how many are kept, their scale, one mask for both directions, repeatable."""

import math

import numpy as np
import pytest

from shinso import ops
from shinso.cell import overlaid
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.ops.random import generator_cell

N = 100_000
DROPS = ["dropout", "alpha_dropout"]


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_kept_fraction_and_scale(p):
    y = ops.dropout(np.ones(N, dtype=np.float32), p).data
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / (1 - p))}
    assert abs((y > 0).mean() - (1 - p)) < 4 * math.sqrt(p * (1 - p) / N)


@pytest.mark.parametrize("op", ["dropout", "dropout1d", "dropout2d", "dropout3d"])
def test_backward_uses_the_mask_of_forward(op):
    ndim = {"dropout": 2, "dropout1d": 3, "dropout2d": 4, "dropout3d": 5}[op]
    x = Tensor(np.ones((6, 8, 2, 3, 2)[:ndim]), requires_grad=True)
    y = getattr(ops, op)(x)
    y.backward(np.full(x.shape, 3.0))
    np.testing.assert_array_equal(x.grad, 3 * y.data)
    assert 0 < (y.data == 0).mean() < 1


def test_alpha_dropout_backward_uses_the_mask_of_forward():
    x = Tensor(np.random.default_rng(0).standard_normal((20, 20)), requires_grad=True)
    y = ops.alpha_dropout(x, 0.4, training=True)
    y.backward(np.ones(x.shape))
    dropped = x.grad == 0
    assert len(np.unique(y.data[dropped])) == 1
    assert len(np.unique(x.grad)) == 2
    assert 0.3 < dropped.mean() < 0.5


@pytest.mark.parametrize("op", ["dropout1d", "dropout2d", "dropout3d"])
def test_channels_are_dropped_whole(op):
    ndim = int(op[-2]) + 2
    y = getattr(ops, op)(np.ones((200, 50, 2, 2, 2)[:ndim])).data
    flat = y.reshape(200 * 50, -1)
    assert (flat == flat[:, :1]).all()
    assert abs((flat[:, 0] == 0).mean() - 0.5) < 4 * 0.5 / 100


@pytest.mark.parametrize("p", [0.05, 0.5, 0.8])
def test_alpha_dropout_keeps_mean_and_variance(p):
    x = np.random.default_rng(1).standard_normal(N)
    y = ops.alpha_dropout(x, p, training=True).data
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - 1) < 0.03


def test_gaussian_noise_has_its_standard_deviation():
    x = np.full(N, 2.0, dtype=np.float32)
    y = ops.gaussian_noise(x, std=0.3).data
    assert y.dtype == np.float32
    assert abs(y.mean() - 2) < 4 * 0.3 / math.sqrt(N)
    assert abs(y.std() - 0.3) < 0.003


@pytest.mark.parametrize("op", [*DROPS, "gaussian_noise"])
def test_a_seed_repeats_the_mask_and_evaluation_draws_nothing(op):
    call = getattr(ops, op)
    x = np.ones((5, 40))
    first = call(x, training=True).data
    assert (call(x, training=True).data != first).any()
    ops.manual_seed(0)
    np.testing.assert_array_equal(call(x, training=True).data, first)
    before = generator_cell().numpy()
    np.testing.assert_array_equal(call(x, training=False).data, x)
    np.testing.assert_array_equal(call(x, 0.0, training=True).data, x)
    np.testing.assert_array_equal(generator_cell().data, before)


def test_a_p_close_to_one_or_zero_does_not_overflow():
    y = ops.dropout(np.ones(100), math.nextafter(1.0, 0.0)).data
    assert (y == 0).all()
    y = ops.dropout(np.ones(100), 1e-12).data
    assert (y > 0).all()


@pytest.mark.parametrize("op", [*DROPS, "gaussian_noise"])
def test_the_counter_too_may_be_traced(op):
    """The table reseeds inside the overlay, which hides the counter from the probe: not here."""
    x = Tensor(np.ones((3, 4)), requires_grad=True)
    with overlaid(ProbeOverlay()):
        y = getattr(ops, op)(x, training=True)
        y.backward(Probe(np.ones((3, 4))))
        assert isinstance(y.data, Probe)
        assert isinstance(x.grad, Probe)
        assert isinstance(generator_cell().data, Probe)
    assert x.grad is None
