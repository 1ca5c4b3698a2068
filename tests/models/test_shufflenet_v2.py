"""ShuffleNet V2."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.shufflenet_v2 import Block, channel_shuffle, channels_of

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

LAYERS = (2, 1, 1)


@pytest.mark.parametrize("width", ["0_5", "1_0", "1_5", "2_0"])
def test_golden(width):
    found = check_golden(f"shufflenet_v2_x{width}")
    assert bool(found) == (width in ("0_5", "1_0"))


def test_other_widths():
    check_golden("shufflenet_v2_x1_0", "shufflenet_v2_x0_25", width_mult=0.25)
    assert channels_of(1 / 64) == (2, 2, 4, 8, 16)


def test_small_ones_learn():
    model = models.create("shufflenet_v2_x1_0", 3, in_channels=1, width_mult=0.25, layers=LAYERS)
    assert trained_once(model, (3, 1, 32, 35)).shape == (3, 3)


def test_channel_shuffle():
    x = np.arange(6).reshape(1, 6, 1, 1)
    assert channel_shuffle(x, 2).numpy().ravel().tolist() == [0, 3, 1, 4, 2, 5]
    assert channel_shuffle(x, 3).numpy().ravel().tolist() == [0, 2, 4, 1, 3, 5]
    assert channel_shuffle(channel_shuffle(x, 2), 3).numpy().ravel().tolist() == [*range(6)]
    with pytest.raises(ValueError, match="6 channels cannot be divided into 4 groups"):
        channel_shuffle(x, 4)


def test_half_of_the_channels_pass():
    x = np.random.default_rng(0).standard_normal((2, 6, 5, 5)).astype(np.float32)
    np.testing.assert_array_equal(Block(6, 6)(x).numpy()[:, ::2], x[:, :3])
    assert Block(6, 10, 2)(x).shape == (2, 10, 3, 3)
    for wrong in ((6, 8), (6, 7, 2)):
        with pytest.raises(ValueError, match="the second is even"):
            Block(*wrong)


def test_errors():
    with nn.init.skip():
        model = models.create("shufflenet_v2_x1_0")
    with pytest.raises(ValueError, match=r"\(3 → \d+\).*3 channels"):
        model(np.zeros((1, 1, 64, 64), np.float32))
    with pytest.raises(ValueError, match=r"layers are \w+ numbers, each at least 1, not \(1,\)"):
        models.create("shufflenet_v2_x1_0", layers=(1,))
    with pytest.raises(ValueError, match="over 0"):
        models.create("shufflenet_v2_x1_0", width_mult=-1)
