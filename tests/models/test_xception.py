"""Xception."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.xception import Block, separable

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once


def test_keys_and_count():
    check_golden("xception")


def test_golden_of_a_short_one():
    assert check_golden("legacy_xception", "xception_short", middle=1)


def test_small_ones_learn():
    model = models.create("xception", 3, in_channels=1, width_mult=1 / 16, middle=2)
    assert trained_once(model, (2, 1, 32, 40)).shape == (2, 3)
    assert [*model.state_dict()][-1] == "fc.bias"
    assert sum(isinstance(m, Block) for m in model.modules()) == 6


@pytest.mark.parametrize(("channels", "widths", "stride"), [(4, (6, 6), 2), (4, (4, 5, 4), 1)])
def test_block(channels, widths, stride):
    block = Block(channels, widths, stride)
    x = np.random.default_rng(0).standard_normal((2, channels, 7, 4)).astype(np.float32)
    assert block(x).shape == ((2, 6, 4, 2) if stride == 2 else (2, 4, 7, 4))
    assert ("skip.weight" in block.state_dict()) == (stride == 2)


def test_a_block_without_work_is_its_shortcut():
    block = Block(4, (4, 4))
    for key, tensor in block.named_parameters():
        if key.startswith("rep.5"):
            tensor.data = np.zeros_like(tensor.data)
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(block(x).numpy(), x)


def test_separable_is_the_layer_of_nn():
    ours, layer = separable(6, 4), nn.DepthwiseSeparableConv2d(6, 4, 3, padding=1, bias=False)
    state = {k.replace("conv1", "depthwise"): v for k, v in ours.state_dict().items()}
    layer.load_state_dict(state)
    x = np.random.default_rng(0).standard_normal((2, 6, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(ours(x).numpy(), layer(x).numpy())


def test_options_and_errors():
    model = models.create("xception", width_mult=1 / 32, middle=0, dropout=0.5)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.5]
    with pytest.raises(ValueError, match=r'conv1" \(3 → 1\).*3 channels'):
        model(np.zeros((1, 4, 64, 64), np.float32))
    with pytest.raises(ValueError, match="middle is a number of blocks, at least 0, not -1"):
        models.Xception(middle=-1)
    with pytest.raises(ValueError, match="width_mult is a factor over 0, not 0"):
        models.Xception(width_mult=0)


def test_preprocessing_is_inceptions():
    known = models.entry("xception").preprocessing
    assert (known.resize, known.crop, known.mean) == (333, 299, (0.5, 0.5, 0.5))
