"""EfficientNet."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

LAYERS = (1, 2, 1, 1, 1, 1, 1)


def test_golden():
    assert check_golden("efficientnet_b0")


def test_width_and_depth_of_efficientnet():
    layers = (2, 3, 3, 5, 5, 6, 2)
    check_golden("efficientnet_b0", "efficientnet_b3", width_mult=1.2, layers=layers)


def test_small_ones_learn():
    model = models.create("efficientnet_b0", 3, in_channels=1, width_mult=0.25, layers=LAYERS)
    for module in model.modules():
        if isinstance(module, nn.StochasticDepth):
            module.p = 0.0  # what is left out learns nothing
    assert trained_once(model, (3, 1, 32, 35)).shape == (3, 3)


def test_leaves_out_later_blocks_more_often():
    with nn.init.skip():
        model = models.create("efficientnet_b0")
        other = models.create("efficientnet_b0", drop_path=0.5, dropout=0.0)
    found = [m.p for m in model.modules() if isinstance(m, nn.StochasticDepth)]
    where = [2, 4, 6, 7, 9, 10, 12, 13, 14]  # blocks with a shortcut, of 16
    np.testing.assert_allclose(found, [0.2 * i / 16 for i in where])
    assert max(m.p for m in other.modules() if isinstance(m, nn.StochasticDepth)) == 0.4375
    assert [m.p for m in other.modules() if isinstance(m, nn.Dropout)] == [0.0]


def test_stochastic_depth_is_for_training_only():
    options = {"width_mult": 0.25, "layers": LAYERS, "dropout": 0.0}
    model = models.create("efficientnet_b0", drop_path=1.0, **options)
    x = np.random.default_rng(0).standard_normal((8, 3, 32, 32)).astype(np.float32)
    assert len({model(x).numpy().tobytes() for _ in range(8)}) > 1
    model.eval()
    assert len({model(x).numpy().tobytes() for _ in range(2)}) == 1


def test_errors():
    with nn.init.skip():
        model = models.create("efficientnet_b0")
    with pytest.raises(ValueError, match=r"\(3 → \d+\).*3 channels"):
        model(np.zeros((1, 1, 64, 64), np.float32))
    with pytest.raises(ValueError, match=r"layers are \w+ numbers, each at least 1, not \(1,\)"):
        models.create("efficientnet_b0", layers=(1,))
    with pytest.raises(ValueError, match="over 0"):
        models.create("efficientnet_b0", width_mult=-1)


def test_wrong_probability():
    with pytest.raises(ValueError, match="drop_path is a probability, between 0 and 1, not 2"):
        models.EfficientNet(drop_path=2)
