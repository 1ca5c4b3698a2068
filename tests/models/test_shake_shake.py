"""Shake-shake networks: against the author's layout, evenly mixed; and shaken."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn, ops
from shinso.graph import no_grad
from shinso.models.shake_shake import ShakeShakeNet, TwoFlows

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

EVEN = {"forward": "even", "backward": "even"}
SMALL = {"width": 4, "layers": (1, 1), "stem": 4}


@pytest.mark.parametrize("width", [32, 64, 96])
def test_keys_and_counts(width):
    check_golden(f"shake_shake26_2x{width}d")


def test_golden():
    narrow = {"width": 8, "layers": (2, 2, 2)}
    assert check_golden("shake_shake26_2x32d", "shake_shake_narrow", **narrow, **EVEN)


def test_depth():
    with nn.init.skip():
        model = models.create("shake_shake26_2x32d")
    one = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and "branch2" not in name and "downsample" not in name
    ]
    assert len(one) == 26 - 1  # and the dense layer
    assert (model.fc.bias.data == 0).all()


def test_the_second_flow_sees_other_pixels():
    flow = TwoFlows(1, 2, 2).eval()
    for conv in (flow.conv1, flow.conv2):
        conv.weight.data = np.ones_like(conv.weight.data)
    x = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
    y = flow(x).data * np.sqrt(1 + flow.bn.eps)
    np.testing.assert_allclose(y[0, 0], [[0, 2, 4], [10, 12, 14], [20, 22, 24]], rtol=1e-6)
    np.testing.assert_allclose(y[0, 1], [[0, 0, 0], [0, 6, 8], [0, 16, 18]], rtol=1e-6)


@pytest.mark.parametrize("level", ["batch", "image", "channel", "pixel"])
def test_small_ones_learn(level):
    model = ShakeShakeNet(3, 1, level=level, **SMALL)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_training_is_random_and_evaluation_is_not():
    model = ShakeShakeNet(3, 1, **SMALL)
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    with no_grad():
        assert (model(x).data != model(x).data).any()
        model.eval()
        np.testing.assert_array_equal(model(x).data, model(x).data)


def test_the_gradient_is_shared_out_by_other_weights():
    """With the same weights in both branches, forward cannot tell α; backward still has its β."""
    ops.manual_seed(0)
    model = ShakeShakeNet(3, 1, width=4, layers=(1,), stem=4)
    block = model.layer1[0]
    block.branch2.load_state_dict(block.branch1.state_dict())
    x = np.random.default_rng(0).standard_normal((4, 1, 8, 8)).astype(np.float32)
    model(x).sum().backward()
    one, two = (branch.conv2.weight.grad for branch in (block.branch1, block.branch2))
    assert (one != two).any()


def test_squeeze_and_excitation_fits_in():
    model = ShakeShakeNet(3, 1, attention=lambda c: nn.SqueezeExcitation(c, 2), **SMALL)
    assert "layer1.0.se.fc1.weight" in model.state_dict()
    trained_once(model, (3, 1, 8, 8))


def test_errors():
    with pytest.raises(ValueError, match="not 'odd'"):
        models.create("shake_shake26_2x32d", forward="odd")
    with pytest.raises(ValueError, match=r'"conv1" \(3 → 4\).*3 channels'):
        ShakeShakeNet(**SMALL)(np.zeros((1, 1, 8, 8), np.float32))
