"""Inception v4 and Inception-ResNet v2."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

SMALL = {"num_classes": 3, "width_mult": 1 / 16}
SHORT = {"inception_v4": (1, 1, 1), "inception_resnet_v2": (2, 1, 1)}


@pytest.mark.parametrize("name", SHORT)
def test_keys_and_count(name):
    check_golden(name)


@pytest.mark.parametrize("name", SHORT)
def test_golden_of_short_ones(name):
    assert check_golden(name, f"{name}_short", layers=SHORT[name])


@pytest.mark.parametrize("name", SHORT)
def test_narrow_ones_learn(name):
    model = models.create(name, in_channels=1, layers=SHORT[name], **SMALL)
    assert trained_once(model, (2, 1, 75, 80)).shape == (2, 3)
    with pytest.raises(ValueError, match=r"74×80; .* takes 75×75 and larger"):
        model(np.zeros((1, 1, 74, 80), np.float32))
    assert models.entry(name).smallest == 75


def test_sizes_on_the_way_are_the_papers():
    model = models.create("inception_v4", layers=(1, 1, 1), **SMALL).eval()
    x, sides = np.zeros((1, 3, 299, 299), np.float32), []
    for layer in model.features:
        x = layer(x)
        sides.append(x.shape[2])
    assert sides == [149, 147, 147, 73, 71, 35, 35, 17, 17, 8, 8]


def test_residual_scales_and_the_last_without_relu():
    model = models.create("inception_resnet_v2", layers=(1, 1, 1), **SMALL)
    blocks = [model.repeat[0], model.repeat_1[0], model.repeat_2[0], model.block8]
    assert [block.scale for block in blocks] == [0.17, 0.1, 0.2, 1.0]
    assert [block.relu for block in blocks] == [True, True, True, False]
    block = model.repeat[0].eval()
    x = np.random.default_rng(0).standard_normal((1, block.out_channels, 4, 4)).astype(np.float32)
    block.conv2d.weight.data = np.zeros_like(block.conv2d.weight.data)
    block.conv2d.bias.data = np.ones_like(block.conv2d.bias.data)
    np.testing.assert_allclose(block(x).data, np.maximum(x + np.float32(0.17), 0), rtol=1e-6)


def test_options():
    for name in SHORT:
        model = models.create(name, dropout=0.2, layers=(1, 1, 1), **SMALL)
        assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.2]
        none = models.create(name, layers=(0, 0, 0), **SMALL).eval()
        assert none(np.zeros((1, 3, 75, 75), np.float32)).shape == (1, 3)
