"""Gradient clipping by norm and by value."""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from shinso.cell import overlaid
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.optim import clip_grad_norm_, clip_grad_value_

GOLDEN = Path(__file__).parent.parent / "golden"
TABLE = runpy.run_path(str(GOLDEN / "optim_cases.py"))


def with_gradients(*gradients):
    params = [Tensor(np.zeros_like(g), requires_grad=True) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = g
    return params


@pytest.mark.parametrize("norm_type", TABLE["CLIP_NORMS"])
@pytest.mark.parametrize("max_norm", TABLE["CLIP_LIMITS"])
def test_golden(norm_type, max_norm):
    golden = np.load(GOLDEN / "optim" / "clip.npz")
    params = with_gradients(*[made[1] for made in TABLE["slopes"](7)])
    total = clip_grad_norm_(params, max_norm, norm_type)
    key = f"norm{norm_type}/max{max_norm}"
    np.testing.assert_allclose(total, golden[f"{key}/total"], rtol=1e-13)
    for i, p in enumerate(params):
        np.testing.assert_allclose(p.grad, golden[f"{key}/grad{i}"], rtol=1e-13)


@pytest.mark.parametrize("norm_type", [1, 2, 3, math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_and_tiny_gradients(norm_type, dtype):
    for size in (1e30, 1e-30):
        params = with_gradients(np.array([3, 0], dtype) * dtype(size), np.array(4, dtype) * 0)
        total = clip_grad_norm_(params, 1.0, norm_type)
        assert total.dtype == np.float64
        np.testing.assert_allclose(total, 3 * size, rtol=1e-6)
        assert params[0].grad.dtype == dtype
        np.testing.assert_allclose(params[0].grad[0], min(3 * size, 1), rtol=2e-6)


def test_nothing_to_clip():
    untouched = Tensor(np.ones(2), requires_grad=True)
    assert clip_grad_norm_([], 1.0) == 0
    assert clip_grad_norm_([untouched], 1.0) == 0
    assert untouched.grad is None
    zero, empty = with_gradients(np.zeros(2), np.zeros((0, 3)))
    assert clip_grad_norm_([zero, empty, untouched], 1.0) == 0
    np.testing.assert_array_equal(zero.grad, [0, 0])
    clip_grad_value_([zero, empty, untouched], 1.0)
    assert empty.grad.shape == (0, 3)


def test_a_generator_and_a_single_tensor_will_do():
    a, b = with_gradients(np.array([3.0]), np.array([4.0]))
    assert clip_grad_norm_((p for p in (a, b)), 10.0) == 5
    assert clip_grad_norm_(a, 10.0) == 3
    clip_grad_value_(b, 0.5)
    assert b.grad[0] == 0.5


def test_not_finite():
    (p,) = with_gradients(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    assert p.grad[0] == 1
    assert np.isnan(clip_grad_norm_([p], 1.0))
    assert np.isnan(p.grad).all()
    (p,) = with_gradients(np.array([1.0, -np.inf]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    with np.errstate(invalid="ignore"):
        assert clip_grad_norm_([p], 1.0) == np.inf
    assert p.grad[0] == 0
    assert np.isnan(p.grad[1])


def test_by_value():
    (p,) = with_gradients(np.array([-3.0, -0.5, 0.0, 2.0, np.nan, np.inf], np.float32))
    clip_grad_value_([p], 1.0)
    np.testing.assert_array_equal(p.grad, np.array([-1, -0.5, 0, 1, np.nan, 1], np.float32))
    assert p.grad.dtype == np.float32


@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
def test_probe_nothing_escapes(norm_type):
    gradients = [np.array([3.0, -4.0]), np.array(2.0)]

    def run(wrap):
        params = [Tensor(np.zeros_like(g), requires_grad=True) for g in gradients]
        for p, g in zip(params, gradients, strict=True):
            p.grad = wrap(g)
        total = clip_grad_norm_(params, 1.0, norm_type, error_if_nonfinite=True)
        clip_grad_value_(params, 0.25)
        return [total, *(p.grad for p in params)]

    with overlaid(ProbeOverlay()):
        probed = run(Probe)
        assert all(isinstance(x, Probe) for x in probed)
    for a, b in zip(probed, run(lambda array: array), strict=True):
        np.testing.assert_array_equal(a.array, b)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: clip_grad_norm_(p, -1.0), ValueError, "max_norm=-1.0"),
        (lambda p: clip_grad_norm_(p, math.nan), ValueError, "max_norm=nan"),
        (lambda p: clip_grad_norm_(p, 1.0, 0), ValueError, "norm_type=0"),
        (lambda p: clip_grad_value_(p, -1.0), ValueError, "clip_value=-1.0"),
        (lambda p: clip_grad_value_([1.0], 1.0), TypeError, "not float"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call(with_gradients(np.ones(2)))
