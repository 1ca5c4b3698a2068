"""PyramidNet: a little wider with every block."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.pyramidnet import PyramidNet, pyramid_widths

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, count, trained_once

COUNTS = {
    "pyramidnet110_a48": 1_772_706,
    "pyramidnet110_a84": 3_904_446,
    "pyramidnet110_a270": 28_485_477,
    "pyramidnet272_a200": 26_210_842,
}


def test_golden():
    short = {"layers": (2, 2, 2)}
    assert check_golden("pyramidnet110_a48", "pyramidnet110_short", alpha=12, **short)
    assert check_golden("pyramidnet272_a200", "pyramidnet272_short", alpha=18, **short)


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name):
    with nn.init.skip():
        model = models.create(name)
    assert count(model) == COUNTS[name]
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == int(name[10:13]) - 1


def test_widths():
    assert pyramid_widths(16, 12, (2, 2, 2)) == [[18, 20], [22, 24], [26, 28]]
    assert pyramid_widths(16, 48, (18, 18, 18))[2][-1] == 64
    assert pyramid_widths(4, 0, (1, 2)) == [[4], [4, 4]]
    for width, alpha, layers in ((16, -1, (1,)), (0, 1, (1,)), (16, 1, ()), (16, 1, (0,))):
        with pytest.raises(ValueError, match="alpha is not negative"):
            pyramid_widths(width, alpha, layers)


def test_no_shortcut_has_parameters():
    state = PyramidNet(layers=(1, 1), alpha=4).state_dict()
    assert not [key for key in state if "downsample" in key]


@pytest.mark.parametrize("bottleneck", [False, True])
def test_small_ones_learn(bottleneck):
    model = PyramidNet(3, 1, alpha=4, layers=(1, 2), bottleneck=bottleneck, width=4, drop_path=0.2)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_errors():
    with pytest.raises(ValueError, match=r'"conv1" \(3 → 4\).*3 channels'):
        PyramidNet(width=4, alpha=4, layers=(1,))(np.zeros((1, 1, 8, 8), np.float32))
    with pytest.raises(ValueError, match="has no option 'groups'"):
        models.create("pyramidnet110_a48", groups=2)
