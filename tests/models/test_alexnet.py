"""AlexNet in one column, that of 2012, and ZFNet, against references and the papers' tables."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

NARROW = 1 / 16


@pytest.mark.parametrize("name", ["alexnet", "alexnet_lrn", "zfnet"])
def test_golden(name):
    check_golden(name)
    assert check_golden(name, f"{name}_narrow", width_mult=NARROW)


def test_parameters_are_as_published():
    known = {"alexnet": 61_100_840, "alexnet_lrn": 60_965_224, "zfnet": 62_357_608}
    for name, published in known.items():
        with np.load(Path(__file__).parents[1] / f"golden/models/{name}.npz") as golden:
            assert int(golden["parameters"]) == published


@pytest.mark.parametrize("side", [63, 64, 130])
def test_other_sizes_are_averaged_to_the_grid(side):
    model = models.create("alexnet", num_classes=4, width_mult=NARROW)
    assert trained_once(model, (2, 3, side, side)).shape == (2, 4)
    assert models.entry("alexnet").smallest == 63


def test_images_too_small():
    model = models.create("alexnet", width_mult=NARROW)
    with pytest.raises(ValueError, match=r"62×70; AlexNet takes 63×63 and larger.*data\.Resize"):
        model(np.zeros((1, 3, 62, 70), np.float32))


@pytest.mark.parametrize(("name", "side"), [("alexnet_lrn", 227), ("zfnet", 224)])
def test_networks_of_one_size(name, side):
    model = models.create(name, num_classes=3, in_channels=1, width_mult=NARROW)
    assert trained_once(model, (1, 1, side, side)).shape == (1, 3)
    with pytest.raises(ValueError, match=rf"230×230; .* takes {side}×{side}"):
        model(np.zeros((1, 1, 230, 230), np.float32))
    assert models.entry(name).smallest is None


def test_channels_are_checked():
    with pytest.raises(ValueError, match="must have 3 channels, not 1"):
        models.create("alexnet", width_mult=NARROW)(np.zeros((1, 1, 64, 64), np.float32))


def test_sizes_on_the_way_are_the_papers():
    model = models.create("alexnet_lrn", width_mult=NARROW).eval()
    x, sides = np.zeros((1, 3, 227, 227), np.float32), []
    for layer in model.features:
        x = layer(x)
        sides.append(x.shape[2])
    assert sides == [55] * 3 + [27] * 4 + [13] * 7 + [6]
    zf = models.create("zfnet", width_mult=NARROW).eval()
    x, sides = np.zeros((1, 3, 224, 224), np.float32), []
    for layer in zf.features:
        x = layer(x)
        sides.append(x.shape[2])
    assert sides == [110, 110, 55, 55, 26, 26, 13, 13] + [13] * 6 + [6]


def test_start_of_2012():
    model = models.create("alexnet_lrn", width_mult=1 / 4)
    biases = {k: v for k, v in model.state_dict().items() if k.endswith("bias")}
    ones = {f"features.{i}.bias" for i in (4, 10, 12)} | {f"classifier.{i}.bias" for i in (1, 4)}
    assert {k for k, v in biases.items() if (v == 1).all()} == ones
    assert {k for k, v in biases.items() if (v == 0).all()} == biases.keys() - ones
    for key, value in model.state_dict().items():
        if key.endswith("weight"):
            assert abs(float(value.std()) - 0.01) < 5e-4, key


def test_options():
    model = models.create("alexnet", num_classes=7, dropout=0.1, width_mult=NARROW)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.1, 0.1]
    plain = models.create("zfnet", normalization=False, width_mult=NARROW)
    assert not any(isinstance(m, nn.LocalResponseNorm) for m in plain.modules())
    seen = models.create("zfnet", width_mult=NARROW)
    assert sum(isinstance(m, nn.LocalResponseNorm) for m in seen.modules()) == 2
    assert list(plain.state_dict()) == list(seen.state_dict())
