"""Swapout networks: pre-activation ResNets whose sums are drawn."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.graph import no_grad
from shinso.models.preact_resnet import CifarPreActResNet
from shinso.models.swapout import SwapoutResNet, between

sys.path.insert(0, str(Path(__file__).parent))

from zoo import count, trained_once

COUNTS = {20: 4_326_986, 32: 7_427_146}
SMALL = {"num_classes": 3, "in_channels": 1, "layers": (1, 2), "width": 4}


@pytest.mark.parametrize("depth", COUNTS)
def test_counts_and_probabilities(depth):
    with nn.init.skip():
        model = models.create(f"cifar_swapout_resnet{depth}")
    assert count(model) == COUNTS[depth]
    swaps = [m for m in model.modules() if isinstance(m, nn.Swapout)]
    assert len(swaps) == (depth - 2) // 2
    expected = np.linspace(1, 0.5, len(swaps))
    np.testing.assert_allclose([s.p1 for s in swaps], expected, rtol=1e-12)
    np.testing.assert_allclose([s.p2 for s in swaps], expected, rtol=1e-12)
    assert (swaps[0].p1, swaps[-1].p1) == (1.0, 0.5)


def test_width():
    with nn.init.skip():
        assert count(models.create("cifar_swapout_resnet20", width=32)) == 1_084_202


def test_where_all_units_pass_it_is_the_plain_one():
    plain = CifarPreActResNet(stem=4, **SMALL)
    model = SwapoutResNet(theta1=(1, 1), theta2=(1, 1), **SMALL)
    model.load_state_dict(plain.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    with no_grad():
        for training in (True, False):
            y, expected = (m.train(training)(x).data for m in (model, plain))
            np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


def test_inference_of_both_kinds():
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    for stochastic in (False, True):
        model = SwapoutResNet(stochastic=stochastic, **SMALL).eval()
        with no_grad():
            assert (model(x).data != model(x).data).any() == stochastic


def test_small_ones_learn():
    assert trained_once(SwapoutResNet(**SMALL), (3, 1, 9, 8)).shape == (3, 3)
    one = SwapoutResNet(3, 1, layers=(1,), width=4, theta2=(0.5, 0.5))
    assert (one.layer1[0].swapout.p1, one.layer1[0].swapout.p2) == (1.0, 0.5)


def test_schedule():
    assert [between(1.0, 0.5, i, 3) for i in range(3)] == [1.0, 0.75, 0.5]
    assert between(0.9, 0.5, 0, 1) == 0.9


def test_errors():
    for wrong in ((1.0, 1.5), (-0.1, 0.5), (1.0,)):
        with pytest.raises(ValueError, match="theta2 is two probabilities"):
            models.create("cifar_swapout_resnet20", theta2=wrong, width=2)
