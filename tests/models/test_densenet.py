"""DenseNet for photographs and for small images."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.densenet import DenseLayer, transition

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

PHOTOS = ["densenet121", "densenet161", "densenet169", "densenet201"]
SMALL_IMAGES = ["densenet40_12", "densenet_bc100_12", "densenet_bc190_40"]
NARROW = {"growth_rate": 8, "block_config": (2, 3, 1, 2), "num_init_features": 10}


@pytest.mark.parametrize("name", PHOTOS + SMALL_IMAGES)
def test_keys_and_count(name):
    check_golden(name)


def test_golden_of_a_narrow_one():
    assert check_golden("densenet121", "densenet_narrow", **NARROW)


@pytest.mark.parametrize(("name", "growth_rate"), [("densenet40_12", 4), ("densenet_bc100_12", 6)])
def test_golden_for_small_images(name, growth_rate):
    options = {"growth_rate": growth_rate, "block_config": (2, 3, 2)}
    assert check_golden(name, f"{name}_narrow", **options)


@pytest.mark.parametrize("name", PHOTOS + SMALL_IMAGES)
def test_as_many_layers_as_the_name_says(name):
    with nn.init.skip():
        state = models.create(name).state_dict()
    depth = sum(value.ndim > 1 for value in state.values())
    assert str(depth) == name.removeprefix("densenet").removeprefix("_bc").split("_")[0]


@pytest.mark.parametrize(("name", "least"), [("densenet169", 29), ("densenet_bc100_12", 4)])
def test_smallest_size(name, least):
    blocks = (1, 2, 1, 1) if name in PHOTOS else (1, 2, 1)
    model = models.create(name, 3, in_channels=1, growth_rate=4, block_config=blocks)
    assert trained_once(model, (3, 1, least, least + 2)).shape == (3, 3)
    with pytest.raises(ValueError, match=rf"takes {least}×{least} and larger"):
        model(np.zeros((1, 1, least, least - 1), np.float32))
    assert models.entry(name).smallest >= least


@pytest.mark.parametrize(("bn_size", "parameters"), [
    (4, 2 * 6 + 6 * 20 + 2 * 20 + 20 * 5 * 9),
    (0, 2 * 6 + 6 * 5 * 9),
])  # fmt: skip
def test_a_layer_adds_channels_and_keeps_the_old(bn_size, parameters):
    layer = DenseLayer(6, 5, bn_size)
    assert sum(p.size for p in layer.parameters()) == parameters
    x = np.random.default_rng(0).standard_normal((2, 6, 4, 3)).astype(np.float32)
    y = layer(x).numpy()
    assert y.shape == (2, 11, 4, 3)
    np.testing.assert_array_equal(y[:, :6], x)


def test_a_transition_halves_the_sides():
    x = np.random.default_rng(0).standard_normal((2, 6, 5, 8)).astype(np.float32)
    assert transition(6, 3)(x).shape == (2, 3, 2, 4)


def test_compression():
    kept = models.CifarDenseNet(block_config=(1, 1), growth_rate=4, compression=1.0)
    halved = models.CifarDenseNet(block_config=(1, 1), growth_rate=4)
    assert kept.state_dict()["features.transition1.conv.weight"].shape == (12, 12, 1, 1)
    assert halved.state_dict()["features.transition1.conv.weight"].shape == (6, 12, 1, 1)


def test_drop_rate_drops_new_channels_only():
    layer = DenseLayer(3, 200, drop_rate=0.25)
    x = np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype(np.float32)
    y = layer(x).numpy()
    np.testing.assert_array_equal(y[:, :3], x)
    assert abs((y[:, 3:] == 0).mean() - 0.25) < 0.02
    assert (layer.eval()(x).numpy() != 0).all()
    options = {"block_config": (1, 2), "growth_rate": 2}
    plain, dropping = models.DenseNet(**options), models.DenseNet(drop_rate=0.2, **options)
    assert plain.state_dict().keys() == dropping.state_dict().keys()
    assert sum(isinstance(m, nn.Dropout) for m in dropping.modules()) == 3
    assert not any(isinstance(m, nn.Dropout) for m in plain.modules())


def test_start():
    state = models.DenseNet(block_config=(2, 1)).state_dict()
    assert (state["classifier.bias"] == 0).all()
    for key, fan_in in [("conv0", 3 * 49), ("denseblock1.denselayer2.conv2", 128 * 9)]:
        weight = state[f"features.{key}.weight"]
        assert abs(float(weight.std()) / (2 / fan_in) ** 0.5 - 1) < 0.03


def test_errors():
    model = models.create("densenet121", **NARROW)
    with pytest.raises(ValueError, match=r'conv0" \(3 → 10\).*3 channels'):
        model(np.zeros((1, 1, 32, 32), np.float32))
    with pytest.raises(ValueError, match=r"growth_rate=0 and block_config=\(2, 3, 1, 2\)"):
        models.DenseNet(growth_rate=0, block_config=(2, 3, 1, 2))
    with pytest.raises(ValueError, match=r"block_config=\(2, 0\)"):
        models.DenseNet(block_config=(2, 0))
    with pytest.raises(ValueError, match="compression=0"):
        models.CifarDenseNet(compression=0, block_config=(1, 1))
    with pytest.raises(ValueError, match="bn_size=-1"):
        models.CifarDenseNet(bn_size=-1)
    with pytest.raises(ValueError, match="has no option 'width_mult'"):
        models.create("densenet121", width_mult=0.5)
