"""VGG: eight networks from one table."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

NARROW = 1 / 16
NAMES = [f"vgg{depth}{bn}" for depth in (11, 13, 16, 19) for bn in ("", "_bn")]


@pytest.mark.parametrize("name", NAMES)
def test_keys_and_count(name):
    check_golden(name)


@pytest.mark.parametrize("name", ["vgg11", "vgg16_bn"])
def test_golden_of_narrow_ones(name):
    assert check_golden(name, f"{name}_narrow", width_mult=NARROW)


@pytest.mark.parametrize("name", NAMES)
def test_as_many_layers_as_the_name_says(name):
    model = models.create(name, num_classes=3, width_mult=NARROW)
    weights = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(weights) == int(name[3:5])
    assert len(norms) == (len(weights) - 3 if name.endswith("_bn") else 0)
    assert trained_once(model, (2, 3, 32, 32)).shape == (2, 3)


def test_other_sizes_and_too_small():
    model = models.create("vgg11", num_classes=3, in_channels=1, width_mult=NARROW)
    assert trained_once(model, (1, 1, 32, 71)).shape == (1, 3)
    with pytest.raises(ValueError, match=r"31×40; VGG takes 32×32 and larger"):
        model(np.zeros((1, 1, 31, 40), np.float32))


def test_start():
    model = models.create("vgg11", width_mult=1 / 4)
    state = model.state_dict()
    conv = state["features.6.weight"]  # fan_out = 64 · 9
    assert abs(float(conv.std()) / (2 / (conv.shape[0] * 9)) ** 0.5 - 1) < 0.03
    assert abs(float(state["classifier.3.weight"].std()) - 0.01) < 5e-4
    assert all((v == 0).all() for k, v in state.items() if k.endswith("bias"))


def test_options():
    model = models.create("vgg16", dropout=0.2, width_mult=NARROW)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.2, 0.2]
    with pytest.raises(ValueError, match="five numbers of convolutions"):
        models.VGG(layers=(1, 1))
    with pytest.raises(ValueError, match="five numbers of convolutions"):
        models.VGG(layers=(1, 1, 0, 1, 1))
    with pytest.raises(ValueError, match="has no option 'aux_logits'"):
        models.create("vgg16", aux_logits=True)
