"""RoR: shortcuts of three levels."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.ror import RoR

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

SMALL = {"num_classes": 3, "layers": (1, 2), "width": 4}


def test_golden():
    assert check_golden("ror3_110", "ror3_110_short", layers=(2, 2, 2))


@pytest.mark.parametrize(("depth", "wanted"), [(110, 1_637_690), (164, 2_512_634)])
def test_counts(depth, wanted):
    with nn.init.skip():
        model = models.create(f"ror3_{depth}")
    assert count(model) == wanted
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == depth  # shortcut convolutions are counted


def test_the_outer_shortcuts_carry_on_when_all_blocks_are_left_out():
    model = RoR(drop_path=1.0, **SMALL)
    for block in (b for group in model.groups.values() for b in group.blocks):
        block.drop_path.p = 1.0
    x = np.random.default_rng(0).standard_normal((4, 3, 8, 8)).astype(np.float32)
    stem = model.stem(x)
    first, second = model.groups.values()
    y = model.relu(stem + first.shortcut(stem))
    z = model.relu(second.blocks[0].downsample(y))
    total = model.relu(z + second.shortcut(y) + model.shortcut(stem))
    np.testing.assert_allclose(model(x).numpy(), model.head(total).numpy(), atol=1e-6)


def test_small_ones_learn():
    assert trained_once(RoR(in_channels=1, drop_path=0.2, **SMALL), (3, 1, 9, 8)).shape == (3, 3)
    assert trained_once(RoR(3, 3, (1,), 4), (3, 3, 8, 8)).shape == (3, 3)


def test_errors():
    with pytest.raises(ValueError, match=r'"stem.conv1" \(3 → 4\).*3 channels'):
        RoR(**SMALL)(np.zeros((1, 1, 8, 8), np.float32))
    with pytest.raises(ValueError, match="drop_path is a probability"):
        models.create("ror3_110", drop_path=-1)
