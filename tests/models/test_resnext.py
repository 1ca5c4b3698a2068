"""ResNeXt for small images; those for photographs are in test_resnet.py."""

import sys
from pathlib import Path

import pytest

from shinso import models, nn
from shinso.models.resnext import CifarResNeXt

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once


def test_golden():
    assert check_golden("resnext29_8x64d", "resnext29_8x64d_narrow", width=8)


@pytest.mark.parametrize(
    ("name", "wanted"), [("resnext29_8x64d", 34_426_698), ("resnext29_16x64d", 68_155_210)]
)
def test_counts(name, wanted):
    with nn.init.skip():
        model = models.create(name)
    assert count(model) == wanted
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 28 + 3  # the shortcut convolutions are not counted in the name


def test_small_ones_learn():
    model = CifarResNeXt(3, 1, groups=4, width_per_group=8, layers=(1, 1), width=16, drop_path=0.3)
    assert model.layer1[0].conv2.weight.shape == (8, 2, 3, 3)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_too_narrow():
    with pytest.raises(ValueError, match="width=4 and width_per_group=8"):
        CifarResNeXt(width=4, width_per_group=8)
