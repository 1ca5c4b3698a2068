"""SqueezeNet 1.0 and 1.1."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.squeezenet import Fire

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

NAMES = ["squeezenet1_0", "squeezenet1_1"]


@pytest.mark.parametrize("name", NAMES)
def test_golden(name):
    assert check_golden(name)


@pytest.mark.parametrize(("name", "least"), [*zip(NAMES, (21, 17), strict=True)])
def test_smallest_size(name, least):
    model = models.create(name, num_classes=3, in_channels=1, width_mult=1 / 8)
    assert trained_once(model, (2, 1, least, least)).shape == (2, 3)
    with pytest.raises(ValueError, match=rf"takes {least}×{least} and larger"):
        model(np.zeros((1, 1, least, least - 1), np.float32))
    assert models.entry(name).smallest == least


def test_fire_puts_two_windows_side_by_side():
    fire = Fire(8, 2, 3)
    assert sum(p.size for p in fire.parameters()) == (8 * 2 + 2) + (2 * 3 + 3) + (2 * 27 + 3)
    assert fire(np.zeros((1, 8, 5, 5), np.float32)).shape == (1, 6, 5, 5)


def test_options_and_start():
    model = models.create("squeezenet1_1", dropout=0.1)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.1]
    state = model.state_dict()
    assert abs(float(state["classifier.1.weight"].std()) - 0.01) < 5e-4
    assert all((v == 0).all() for k, v in state.items() if k.endswith("bias"))
    expand = state["features.12.expand3x3.weight"]
    bound = (6 / (expand.shape[1] * 9)) ** 0.5
    assert 0.99 * bound < np.abs(expand).max() <= bound
    with pytest.raises(ValueError, match=r'"1_0" or "1_1"'):
        models.SqueezeNet(version="2")
