"""Squeeze and excitation, and depthwise separable convolution, by their formulas."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.graph import check_gradient


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.fixture(autouse=True)
def seeded():
    ops.manual_seed(0)


def test_channels_are_weighed_by_what_all_of_them_hold():
    layer = nn.SqueezeExcitation(4, 2).double()
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        "fc1.weight": (2, 4, 1, 1),
        "fc1.bias": (2,),
        "fc2.weight": (4, 2, 1, 1),
        "fc2.bias": (4,),
    }
    x = draw(3, 4, 5, 6)
    s = {k: v.reshape(v.shape[:2]) if v.ndim > 1 else v for k, v in layer.state_dict().items()}
    hidden = np.maximum(x.mean(axis=(2, 3)) @ s["fc1.weight"].T + s["fc1.bias"], 0)
    scale = 1 / (1 + np.exp(-(hidden @ s["fc2.weight"].T + s["fc2.bias"])))
    np.testing.assert_allclose(layer(x).data, x * scale[:, :, None, None], rtol=1e-12)
    np.testing.assert_allclose(layer.scale(x).data[:, :, 0, 0], scale, rtol=1e-12)
    check_gradient(lambda x: layer(x), x)


def test_other_activations():
    layer = nn.SqueezeExcitation(4, 2, nn.SiLU, nn.Hardsigmoid)
    names = [type(module).__name__ for module in layer.children()]
    assert names == ["GlobalAvgPool", "Conv2d", "Conv2d", "SiLU", "Hardsigmoid"]
    assert "4 → 2 → 4" in layer.label()


def test_wrong_channels_are_named():
    with pytest.raises(ValueError, match="4 channels, not 3"):
        nn.SqueezeExcitation(4, 2)(draw(1, 3, 2, 2).astype(np.float32))


@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_then_pointwise(multiplier):
    layer = nn.DepthwiseSeparableConv2d(
        3, 5, 3, stride=2, padding=1, bias=False, depth_multiplier=multiplier
    ).double()
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        "depthwise.weight": (3 * multiplier, 1, 3, 3),
        "pointwise.weight": (5, 3 * multiplier, 1, 1),
    }
    x = draw(2, 3, 7, 8)
    w = layer.state_dict()
    channels = [
        ops.conv2d(x[:, i // multiplier, None], kernel[None], None, 2, 1).data
        for i, kernel in enumerate(w["depthwise.weight"])
    ]
    expected = np.einsum(
        "nchw,oc->nohw", np.concatenate(channels, axis=1), w["pointwise.weight"][:, :, 0, 0]
    )
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-12, atol=1e-12)
    assert "3 → 5" in layer.label()


def test_it_takes_fewer_parameters():
    def count(layer):
        return sum(p.size for p in layer.parameters())

    plain = count(nn.Conv2d(64, 128, 3, bias=False))
    separable = count(nn.DepthwiseSeparableConv2d(64, 128, 3, bias=False))
    assert (plain, separable) == (73_728, 8_768)


@pytest.mark.parametrize("multiplier", [0, 1.5, "2"])
def test_wrong_multipliers(multiplier):
    with pytest.raises(ValueError, match="depth_multiplier is a whole number"):
        nn.DepthwiseSeparableConv2d(3, 5, 3, depth_multiplier=multiplier)
