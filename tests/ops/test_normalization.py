"""Running statistics: what training writes, what evaluation reads, and what stays untouched."""

import numpy as np
import pytest

from shinso import ops
from shinso.cell import Cell, overlaid
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeOverlay

RNG = np.random.default_rng(0)


def statistics(dtype=np.float64, kind=Tensor):
    return kind(np.array([1.0, -2.0, 0.5], dtype)), kind(np.array([1.0, 4.0, 0.25], dtype))


@pytest.mark.parametrize("kind", [Tensor, Cell])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 2, 3), (2, 3, 1, 2, 2)])
def test_batch_norm_moves_the_running_statistics(shape, kind):
    x = RNG.standard_normal(shape)
    mean, var = statistics(kind=kind)
    old_mean, old_var = mean.numpy(), var.numpy()
    ops.batch_norm(x, mean, var, training=True, momentum=0.3)
    flat = np.moveaxis(x, 1, 0).reshape(3, -1)
    np.testing.assert_allclose(mean.data, 0.7 * old_mean + 0.3 * flat.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(var.data, 0.7 * old_var + 0.3 * flat.var(axis=1, ddof=1), rtol=1e-12)


def test_instance_norm_moves_them_by_the_mean_over_the_batch():
    x = RNG.standard_normal((4, 3, 6))
    mean, var = statistics()
    old_mean, old_var = mean.numpy(), var.numpy()
    ops.instance_norm(x, mean, var)
    np.testing.assert_allclose(mean.data, 0.9 * old_mean + 0.1 * x.mean(axis=(0, 2)), rtol=1e-12)
    expected = 0.9 * old_var + 0.1 * x.var(axis=2, ddof=1).mean(axis=0)
    np.testing.assert_allclose(var.data, expected, rtol=1e-12)


def test_instance_norm_of_no_examples_leaves_them():
    mean, var = statistics()
    kept = mean.numpy(), var.numpy()
    assert ops.instance_norm(np.zeros((0, 3, 4)), mean, var).shape == (0, 3, 4)
    np.testing.assert_array_equal(mean.data, kept[0])
    np.testing.assert_array_equal(var.data, kept[1])


def test_statistics_keep_their_dtype_and_address():
    mean, var = statistics(np.float32)
    addresses = mean.data.ctypes.data, var.data.ctypes.data
    momentum = np.float64(0.25)  # a cumulative average comes as 1 / count, a float64
    y = ops.batch_norm(
        RNG.standard_normal((4, 3)).astype("f4"), mean, var, None, None, True, momentum
    )
    assert y.dtype == mean.dtype == var.dtype == np.float32
    assert (mean.data.ctypes.data, var.data.ctypes.data) == addresses


def test_evaluation_writes_nothing_and_gives_statistics_no_gradient():
    mean, var = statistics()
    mean.requires_grad = var.requires_grad = True
    kept = mean.numpy(), var.numpy()
    x = Tensor(RNG.standard_normal((4, 3)), requires_grad=True)
    y = ops.batch_norm(x, mean, var)
    np.testing.assert_allclose(y.data, (x.data - kept[0]) / np.sqrt(kept[1] + 1e-5), rtol=1e-12)
    y.sum().backward()
    assert mean.grad is None
    assert var.grad is None
    np.testing.assert_array_equal(mean.data, kept[0])
    np.testing.assert_array_equal(var.data, kept[1])


@pytest.mark.parametrize("op", ["batch_norm", "instance_norm"])
def test_under_an_overlay_the_update_is_a_write_to_it(op):
    mean, var = statistics()
    kept = mean.numpy(), var.numpy()
    x = RNG.standard_normal((4, 3, 2))
    call = getattr(ops, op)
    options = {"training": True} if op == "batch_norm" else {}
    with overlaid(ProbeOverlay()):
        call(Probe(x), mean, var, **options)
        seen = mean.data, var.data
    assert isinstance(seen[0], Probe)
    np.testing.assert_array_equal(mean.data, kept[0])
    np.testing.assert_array_equal(var.data, kept[1])
    call(x, mean, var, **options)
    np.testing.assert_array_equal(mean.data, seen[0].array)
    np.testing.assert_array_equal(var.data, seen[1].array)


def test_a_large_mean_costs_no_accuracy():
    """A one-pass variance Σx²/n - m² would be off by 1e-4 here, in float32."""
    x = (30 + RNG.standard_normal((64, 2, 8))).astype(np.float32)
    y = ops.batch_norm(x, None, None, training=True).data
    wide = ops.batch_norm(x.astype(np.float64), None, None, training=True).data
    np.testing.assert_allclose(y, wide, atol=2e-5)


def test_group_norm_of_extremes_is_layer_and_instance_norm():
    x = RNG.standard_normal((2, 4, 3))
    np.testing.assert_allclose(
        ops.group_norm(x, 1).data, ops.layer_norm(x, (4, 3)).data, rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        ops.group_norm(x, 4).data, ops.instance_norm(x).data, rtol=0, atol=1e-12
    )
