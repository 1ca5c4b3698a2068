"""Inception v3: modules, the auxiliary head, starting weights."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models
from shinso.models.inception_v3 import InceptionAux

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, check_model, trained_once

SMALL = {"num_classes": 3, "width_mult": 1 / 16}


def test_keys_and_count():
    check_golden("inception_v3")


def test_golden_without_head():
    options = {"aux_logits": False, "transform_input": True}
    assert check_golden("inception_v3", "inception_v3_no_head", **options)


def test_golden_of_the_head():
    assert check_model(InceptionAux(32, 10, lambda n: n), "inception_v3_head")


def test_head_speaks_in_training_only_and_needs_the_papers_size():
    model = models.create("inception_v3", **SMALL)
    x = np.random.default_rng(0).standard_normal((2, 3, 299, 299)).astype(np.float32)
    outputs = model(x)
    assert type(outputs).__name__ == "InceptionOutputs"
    assert [head.shape for head in outputs] == [(2, 3)] * 2
    with pytest.raises(ValueError, match=r"298×298; .* auxiliary head takes 299×299 and larger"):
        model(x[:, :, 1:, 1:])
    assert model.eval()(x[:, :, :80, :75]).shape == (2, 3)
    with pytest.raises(ValueError, match="74×75; Inception v3 takes 75×75 and larger"):
        model(x[:, :, :74, :75])
    assert models.entry("inception_v3").smallest == 299


def test_sizes_on_the_way_are_the_papers():
    model = models.create("inception_v3", **SMALL).eval()
    x, sides = np.zeros((1, 3, 299, 299), np.float32), []
    for name in model.names:
        x = model.get_submodule(name)(x)
        sides.append(x.shape[2])
    assert sides == [149, 147, 147, 73, 73, 71, 35, 35, 35, 35, *[17] * 5, 8, 8, 8]


def test_narrow_one_learns():
    model = models.create("inception_v3", aux_logits=False, in_channels=1, **SMALL)
    assert trained_once(model, (2, 1, 75, 75)).shape == (2, 3)


def test_start():
    model = models.create("inception_v3", width_mult=1 / 2)
    deviations = {
        "Mixed_6b.branch1x1.conv.weight": 0.1,
        "fc.weight": 0.1,
        "AuxLogits.conv0.conv.weight": 0.1,
        "AuxLogits.conv1.conv.weight": 0.01,
        "AuxLogits.fc.weight": 0.001,
    }
    state = model.state_dict()
    for key, deviation in deviations.items():
        assert abs(float(state[key].std()) / deviation - 1) < 0.03, key
