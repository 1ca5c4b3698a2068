"""Squeeze and excitation: timm's networks, the authors' own, and those for small images."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.senet import CifarSEResNet, SENet, SEResNet, squeeze_excitation

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

SHORT = (1, 1, 1, 1)
PHOTOS = ("seresnet50", "seresnext50_32x4d", "legacy_seresnet50", "legacy_seresnext50_32x4d")


@pytest.mark.parametrize("name", [*PHOTOS, "senet154"])
def test_keys_and_count(name):
    with nn.init.skip():
        check_golden(name)


def test_golden_of_short_ones():
    assert check_golden("seresnet50", "seresnet50_short", layers=SHORT)
    for name in PHOTOS[2:]:
        file = name.removesuffix("_32x4d") + "_short"
        assert check_golden(name, file, layers=SHORT)


def test_golden_of_a_short_senet154():
    assert check_golden("senet154", "senet154_short", layers=(1, 1, 1))


def test_golden_for_small_images():
    assert check_golden("cifar_seresnet20")
    assert check_golden("cifar_seresnet164", "cifar_seresnet164_short", layers=(1, 1, 1))


@pytest.mark.parametrize(
    ("depth", "wanted"), [(20, 274_847), (56, 862_889), (110, 1_744_952), (164, 1_906_258)]
)
def test_counts(depth, wanted):
    with nn.init.skip():
        assert count(models.create(f"cifar_seresnet{depth}")) == wanted


@pytest.mark.parametrize("name", [*PHOTOS, "senet154"])
def test_small_ones_learn(name):
    options = {"groups": 4} if name == "senet154" else {}
    model = models.create(name, 3, in_channels=1, layers=(1, 1), width=16, drop_path=0.2, **options)
    for block in model.modules():
        if hasattr(block, "zero_init"):  # undo it: behind a factor of 0 nothing learns at first
            block.bn3.reset_parameters()
    assert trained_once(model, (3, 1, 33, 32)).shape == (3, 3)


def test_small_cifar_ones_learn():
    model = CifarSEResNet(3, 1, layers=(1, 1), width=4, reduction=2, shortcut="identity")
    assert model.layer2[0].se.fc1.weight.shape == (4, 8, 1, 1)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_squeeze_excitation():
    assert squeeze_excitation(64).fc1.weight.shape == (4, 64, 1, 1)
    assert squeeze_excitation(8).fc1.weight.shape == (1, 8, 1, 1)
    weight = squeeze_excitation(1024, 2).fc1.weight.numpy()
    assert abs(float(weight.std()) / (2 / 512) ** 0.5 - 1) < 0.02


def test_names_and_starts():
    assert models.entry("legacy_senet154").name == "senet154"
    modern = SEResNet(layers=SHORT, width=8).state_dict()
    assert (modern["layer1.0.bn3.weight"] == 0).all()  # as timm starts them
    old = SENet(3, layers=(1, 1), width=16, groups=4).state_dict()
    assert (old["layer1.0.bn3.weight"] == 1).all()


def test_errors():
    with pytest.raises(ValueError, match='block is "senet" or "bottleneck", not \'basic\''):
        models.create("senet154", block="basic")
    small = SENet(3, layers=(1, 1), width=16, groups=4)
    with pytest.raises(ValueError, match=r'"layer0.conv1" \(3 → 16\).*3 channels'):
        small(np.zeros((1, 1, 32, 32), np.float32))
    with pytest.raises(ValueError, match=r'MaxPool2d "pool0".*\(1, 1\).*must fit'):
        small.eval()(np.zeros((1, 3, 2, 2), np.float32))
    with pytest.raises(ValueError, match="has no option 'aux_logits'"):
        models.create("seresnet50", aux_logits=True)
