"""MnasNet."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

LAYERS = (2, 1, 1, 1, 1, 1)


@pytest.mark.parametrize("width", ["0_5", "0_75", "1_0", "1_3"])
def test_golden(width):
    found = check_golden(f"mnasnet{width}")
    assert bool(found) == (width == "1_0")


def test_small_ones_learn():
    model = models.create("mnasnet1_0", 3, in_channels=1, width_mult=0.25, layers=LAYERS)
    assert trained_once(model, (3, 1, 32, 35)).shape == (3, 3)


def test_start():
    state = models.create("mnasnet0_5").state_dict()
    bound = (3 / 1000) ** 0.5
    assert 0.99 * bound < np.abs(state["classifier.1.weight"]).max() <= bound
    assert not state["classifier.1.bias"].any()
    weight = state["layers.14.weight"]
    assert abs(float(weight.std()) / (2 / 1280) ** 0.5 - 1) < 0.02


def test_statistics():
    with nn.init.skip():
        model = models.create("mnasnet1_0")
    momenta = {m.momentum for m in model.modules() if isinstance(m, nn.BatchNorm2d)}
    assert momenta == {1 - 0.9997}


def test_errors():
    with nn.init.skip():
        model = models.create("mnasnet1_0")
    with pytest.raises(ValueError, match=r"\(3 → \d+\).*3 channels"):
        model(np.zeros((1, 1, 64, 64), np.float32))
    with pytest.raises(ValueError, match=r"layers are \w+ numbers, each at least 1, not \(1,\)"):
        models.create("mnasnet1_0", layers=(1,))
    with pytest.raises(ValueError, match="over 0"):
        models.create("mnasnet1_0", width_mult=-1)
