"""Pre-activation: nothing but addition on the way; wide networks of the same blocks."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.preact_resnet import CifarPreActResNet, PreActBlock, PreActResNet

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

SMALL = {"layers": (1, 2), "width": 4, "num_classes": 3}


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_keys_and_count(depth):
    with nn.init.skip():
        check_golden(f"preact_resnet{depth}")
        assert models.entry(f"resnetv2_{depth}").name == f"preact_resnet{depth}"


def test_golden():
    assert check_golden("preact_resnet18", "preact_resnet18_narrow", width=16)
    narrow = {"width": 16, "layers": (2, 2, 2, 2)}
    assert check_golden("preact_resnet50", "preact_resnet50_narrow", **narrow)


@pytest.mark.parametrize("depth", [110, 164])
def test_golden_for_small_images(depth):
    name = f"cifar_preact_resnet{depth}"
    assert check_golden(name, f"{name}_short", layers=(2, 2, 2))


def test_counts():
    with nn.init.skip():
        assert count(models.create("cifar_preact_resnet110")) == 1_730_522
        assert count(models.create("cifar_preact_resnet164")) == 1_703_258


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_small_ones_learn(block):
    large = PreActResNet(in_channels=1, block=block, drop_path=0.1, **SMALL)
    assert trained_once(large, (3, 1, 32, 33)).shape == (3, 3)
    small = CifarPreActResNet(block=block, shortcut="identity", **SMALL)
    assert trained_once(small, (3, 3, 9, 8)).shape == (3, 3)
    assert not [key for key in small.state_dict() if "downsample" in key]


def test_an_untouched_way_from_end_to_end():
    """With convolutions of 0 a block hands on its input as it is, negative values too."""
    block = PreActBlock(4, 4)
    block.conv2.weight.data = np.zeros_like(block.conv2.weight.data)
    x = np.random.default_rng(0).standard_normal((2, 4, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(block(x).numpy(), x)


def test_where_both_ways_start_activated():
    model = CifarPreActResNet(layers=(2, 2), width=4, stem=4)
    shared = [block.shared for stage in (model.layer1, model.layer2) for block in stage]
    assert shared == [True, False, True, False]
    large = PreActResNet(block="basic", layers=(2, 2), width=4)  # timm: only where shapes change
    assert [b.shared for s in large.stages for b in s.blocks] == [False, False, True, False]


def test_start():
    state = PreActResNet(layers=(1, 1, 1)).state_dict()
    assert abs(float(state["head.fc.weight"].std()) - 0.01) < 5e-4
    assert (state["head.fc.bias"] == 0).all()
    weight = state["stages.1.blocks.0.conv2.weight"]
    assert abs(float(weight.std()) / (2 / (128 * 9)) ** 0.5 - 1) < 0.03


def test_errors():
    with pytest.raises(ValueError, match='block is "basic" or "bottleneck", not \'wide\''):
        models.create("preact_resnet18", block="wide")
    with pytest.raises(ValueError, match=r'"stem.conv" \(3 → 4\).*3 channels'):
        PreActResNet(**SMALL)(np.zeros((1, 1, 32, 32), np.float32))
    with pytest.raises(ValueError, match="has no option 'dropouts'"):
        models.create("cifar_preact_resnet110", dropouts=0.1)
