"""The blocks of the networks for telephones."""

import numpy as np
import pytest

from shinso import nn
from shinso.models.inverted_residual import (
    FanOutLinear,
    InvertedResidual,
    conv_unit,
    make_divisible,
    squeeze_excitation,
)
from shinso.models.mnasnet import Block as MnasBlock
from shinso.models.mobilenet_v2 import Block as MobileBlock


def images(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(33.6, 32), (11.2, 16), (8, 8), (1, 8), (12, 16), (11.9, 16), (8.8, 8), (8.9, 16), (90, 88)],
)
def test_make_divisible(channels, expected):
    assert make_divisible(channels) == expected


def test_make_divisible_by_others():
    assert make_divisible(33.6, 1) == 34
    assert make_divisible(10, 16) == 16


@pytest.mark.parametrize("channels", [0, -4, float("nan")])
def test_no_channels(channels):
    with pytest.raises(ValueError, match="a factor of widths is a number over 0"):
        make_divisible(channels)


@pytest.mark.parametrize("stride", [1, 2])
def test_unit(stride):
    unit = conv_unit(3, 4, 5, stride, activation=nn.SiLU)
    assert unit(images(2, 3, 7, 6)).shape == ((2, 4, 7, 6) if stride == 1 else (2, 4, 4, 3))
    assert [type(layer) for layer in unit][1:] == [nn.BatchNorm2d, nn.SiLU]
    assert len(conv_unit(3, 4, activation=None)) == 2


@pytest.mark.parametrize(("out_channels", "stride"), [(4, 1), (4, 2), (6, 1)])
def test_the_shortcut_is_there_where_the_shape_stays(out_channels, stride):
    block = InvertedResidual(4, 12, out_channels, 5, stride).eval()
    for key, tensor in block.named_parameters():
        if key.startswith("block.2.1"):  # the last batch norm: F is 0
            tensor.data = np.zeros_like(tensor.data)
    x = images(2, 4, 6, 6)
    y = block(x).numpy()
    assert y.shape == (2, out_channels, 6 // stride, 6 // stride)
    np.testing.assert_array_equal(y, x if (out_channels, stride) == (4, 1) else 0 * y)


def test_names():
    def names(block):
        return [key for key in block.state_dict() if key.endswith("weight")]

    assert names(InvertedResidual(4, 8, 4))[::2] == [f"block.{i}.0.weight" for i in range(3)]
    assert names(InvertedResidual(4, 4, 4))[::2] == [f"block.{i}.0.weight" for i in range(2)]
    attentive = InvertedResidual(4, 8, 4, attention=squeeze_excitation(8, 2))
    assert names(attentive)[4:6] == ["block.2.fc1.weight", "block.2.fc2.weight"]
    assert names(MobileBlock(4, 8, 4))[::2] == [f"conv.{i}.weight" for i in ("0.0", "1.0", "2")]
    assert names(MnasBlock(4, 8, 4))[::2] == [f"layers.{i}.weight" for i in (0, 3, 6)]


def test_what_is_added_can_be_dropped():
    block = InvertedResidual(4, 8, 4, drop=nn.StochasticDepth(1.0))
    x = images(2, 4, 5, 5)
    np.testing.assert_array_equal(block(x).numpy(), x)
    assert (block.eval()(x).numpy() != x).all()
    assert InvertedResidual(4, 8, 6, drop=nn.StochasticDepth(1.0))(x).numpy().any()


def test_start():
    dense = FanOutLinear(300, 50)
    assert 0.99 * 50**-0.5 < np.abs(dense.weight.data).max() <= 50**-0.5
    assert not dense.bias.data.any()
    squeeze = squeeze_excitation(400, 100)
    assert abs(float(squeeze.fc1.weight.data.std()) / (2 / 100) ** 0.5 - 1) < 0.02
    assert abs(float(squeeze.fc2.weight.data.std()) / (2 / 400) ** 0.5 - 1) < 0.02
    assert not squeeze.fc1.bias.data.any()
    assert not squeeze.fc2.bias.data.any()
