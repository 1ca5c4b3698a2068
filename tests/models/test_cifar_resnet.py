"""ResNets for small images: with the parameter-free shortcut, with projections, without any."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.cifar_resnet import CifarPlainNet, CifarResNet
from shinso.models.residual import ZeroChannels

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

COUNTS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}
SMALL = {"layers": (1, 2, 1), "width": 4, "num_classes": 3}


def test_golden():
    assert check_golden("cifar_resnet20")
    assert check_golden("cifar_resnet20", "cifar_resnet20_projection", shortcut="projection")
    assert check_golden("cifar_plainnet20")
    assert check_golden("cifar_resnet164", "cifar_resnet164_short", layers=(2, 2, 2))


@pytest.mark.parametrize("depth", COUNTS)
def test_counts(depth):
    with nn.init.skip():
        model = models.create(f"cifar_resnet{depth}")
        assert count(model) == COUNTS[depth]
        assert count(models.create(f"cifar_plainnet{depth}")) == COUNTS[depth]
        larger = models.create(f"cifar_resnet{depth}", shortcut="projection")
    assert count(larger) == COUNTS[depth] + 2_752
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == depth - 1


def test_count_of_bottlenecks():
    with nn.init.skip():
        assert count(models.create("cifar_resnet164")) == 1_704_154


def test_plain_has_the_same_state():
    plain, residual = (kind(**SMALL).state_dict() for kind in (CifarPlainNet, CifarResNet))
    assert {k: v.shape for k, v in plain.items()} == {k: v.shape for k, v in residual.items()}


def test_plain_does_not_see_its_input_again():
    """A block whose convolutions are 0 hands on nothing; a residual one hands on its input."""
    x = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    for model, same in ((CifarPlainNet(**SMALL), True), (CifarResNet(**SMALL), False)):
        block = model.layer1[0]
        block.conv2.weight.data = np.zeros_like(block.conv2.weight.data)
        y = model.eval().layer1[0](model.relu(model.bn1(model.conv1(x))))
        assert (y.numpy() == 0).all() == same


def test_small_ones_learn():
    for options in ({}, {"shortcut": "projection"}, {"drop_path": 0.2, "dropout": 0.1}):
        model = CifarResNet(in_channels=1, **options, **SMALL)
        assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)
    assert trained_once(CifarPlainNet(dropout=0.5, **SMALL), (3, 3, 28, 28)).shape == (3, 3)


def test_shortcuts():
    model = CifarResNet(**SMALL)
    assert sum(isinstance(m, ZeroChannels) for m in model.modules()) == 2
    with pytest.raises(ValueError, match='shortcut is "projection" or "identity", not \'A\''):
        models.create("cifar_resnet20", shortcut="A")


def test_errors():
    with pytest.raises(ValueError, match=r'"conv1" \(3 → 4\).*3 channels'):
        CifarResNet(**SMALL)(np.zeros((1, 1, 8, 8), np.float32))
    with pytest.raises(ValueError, match="has no option 'drop_path'"):
        models.create("cifar_plainnet20", drop_path=0.1)
    with pytest.raises(ValueError, match="drop_path is a probability"):
        models.create("cifar_resnet20", drop_path=2.0)
