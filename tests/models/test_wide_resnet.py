"""Wide residual networks for small images."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.wide_resnet import WideResNet

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

SMALL = {"depth": 10, "widen_factor": 2, "width": 4, "num_classes": 3}


def test_golden():
    assert check_golden("wrn_16_4")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("wrn_16_4", 2_748_890), ("wrn_28_10", 36_479_194), ("wrn_40_4", 8_949_210)],
)
def test_counts(name, wanted):
    with nn.init.skip():
        assert count(models.create(name)) == wanted


def test_dropout_stands_between_the_convolutions():
    model = WideResNet(dropout=0.3, **SMALL)
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.3] * 3
    same = WideResNet(**SMALL)
    assert not [m for m in same.modules() if isinstance(m, nn.Dropout)]
    same.load_state_dict(model.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(model.eval()(x).numpy(), same.eval()(x).numpy())
    assert len({model.train()(x).numpy().tobytes() for _ in range(4)}) == 4


def test_small_ones_learn():
    model = WideResNet(in_channels=1, dropout=0.2, drop_path=0.2, **SMALL)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)
    thin = WideResNet(depth=10, widen_factor=1, width=4, num_classes=3)
    assert trained_once(thin, (2, 3, 8, 8)).shape == (2, 3)


def test_errors():
    for depth in (4, 11, 20):
        with pytest.raises(ValueError, match=f"depth is 10, 16, 22.*not {depth}"):
            WideResNet(depth=depth)
    with pytest.raises(ValueError, match=r'"conv1" \(3 → 4\).*3 channels'):
        WideResNet(**SMALL)(np.zeros((1, 1, 8, 8), np.float32))
