"""MobileNet, MobileNetV2, MobileNetV3."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

NAMES = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"]
LAYERS = {
    "mobilenet_v1": (1, 2, 2, 6, 2),
    "mobilenet_v2": (1, 2, 3, 4, 3, 3, 1),
    "mobilenet_v3_small": (1, 2, 3, 2, 3),
    "mobilenet_v3_large": (1, 2, 3, 4, 2, 3),
}


@pytest.mark.parametrize("name", NAMES)
def test_golden(name):
    assert check_golden(name)


def test_golden_of_a_narrow_one():
    assert check_golden("mobilenet_v2", "mobilenet_v2_035", width_mult=0.35)


@pytest.mark.parametrize(
    ("name", "width_mult"),
    [("mobilenet_v1", 1.25), ("mobilenet_v2", 1.4), ("mobilenet_v3_small", 0.75),
     ("mobilenet_v3_large", 0.75)],
)  # fmt: skip
def test_widths(name, width_mult):
    check_golden(name, f"{name}_{round(100 * width_mult):03}", width_mult=width_mult)


@pytest.mark.parametrize("name", NAMES)
def test_small_ones_learn(name):
    layers = tuple(min(n, 2) for n in LAYERS[name])
    model = models.create(name, 3, in_channels=1, width_mult=0.25, layers=layers)
    assert trained_once(model, (3, 1, 32, 35)).shape == (3, 3)


@pytest.mark.parametrize("name", NAMES)
def test_number_of_blocks(name):
    with nn.init.skip():
        whole = models.create(name).state_dict().keys()
        said = models.create(name, layers=LAYERS[name]).state_dict().keys()
        first = models.create(name, layers=(1,) * len(LAYERS[name])).state_dict().keys()
    assert [*whole] == [*said]
    assert len(first) < len(whole)


def test_other_libraries_names():
    assert models.entry("mobilenetv1_100").name == "mobilenet_v1"
    assert models.entry("mobilenetv2_100").name == "mobilenet_v2"


def test_options():
    for name, dropout in zip(NAMES, (0.0, 0.2, 0.2, 0.2), strict=True):
        with nn.init.skip():
            usual, other = models.create(name), models.create(name, dropout=0.6)
        assert [m.p for m in usual.modules() if isinstance(m, nn.Dropout)] == [dropout]
        assert [m.p for m in other.modules() if isinstance(m, nn.Dropout)] == [0.6]


def test_statistics_of_v3():
    with nn.init.skip():
        model = models.create("mobilenet_v3_small")
    norms = {(m.eps, m.momentum) for m in model.modules() if isinstance(m, nn.BatchNorm2d)}
    assert norms == {(0.001, 0.01)}


def test_start():
    state = models.create("mobilenet_v2").state_dict()
    assert abs(float(state["classifier.1.weight"].std()) - 0.01) < 1e-4
    assert not state["classifier.1.bias"].any()
    depthwise = state["features.17.conv.1.0.weight"]
    assert abs(float(depthwise.std()) / (2 / (960 * 9)) ** 0.5 - 1) < 0.05
    state = models.create("mobilenet_v1").state_dict()
    depthwise = state["blocks.4.1.conv_dw.weight"]
    assert abs(float(depthwise.std()) / (2 / 9) ** 0.5 - 1) < 0.05
    assert 0.99 * 1000**-0.5 < np.abs(state["classifier.weight"]).max() <= 1000**-0.5


def test_errors():
    for name in NAMES:
        with nn.init.skip():
            model = models.create(name, width_mult=0.25)
        with pytest.raises(ValueError, match=r"\(3 → 8\).*3 channels"):
            model(np.zeros((1, 1, 64, 64), np.float32))
        with pytest.raises(ValueError, match=r"layers are \w+ numbers.*not \(1, 2\)"):
            models.create(name, layers=(1, 2))
        with pytest.raises(ValueError, match="over 0"):
            models.create(name, width_mult=0)
    with pytest.raises(ValueError, match=r"from 1 to \(1, 2, 3, 2, 3\) each"):
        models.create("mobilenet_v3_small", layers=(1, 2, 3, 2, 4))
    with pytest.raises(ValueError, match='"large" or "small", not \'medium\''):
        models.MobileNetV3(size="medium")
