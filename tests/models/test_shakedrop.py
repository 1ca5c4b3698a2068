"""ShakeDrop on PyramidNets: the same network, shaken."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.graph import no_grad
from shinso.models.pyramidnet import PyramidNet
from shinso.models.shakedrop import ShakeDropPyramidNet

sys.path.insert(0, str(Path(__file__).parent))

from zoo import count, trained_once, without_chance

COUNTS = {"shakedrop_pyramidnet110_a270": 28_485_493, "shakedrop_pyramidnet272_a200": 26_210_842}
SMALL = {"num_classes": 3, "in_channels": 1, "alpha": 6, "layers": (1, 2), "width": 4}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_and_probabilities(name):
    with nn.init.skip():
        model = models.create(name)
    assert count(model) == COUNTS[name]
    shakes = [m for m in model.modules() if isinstance(m, nn.ShakeDrop)]
    p = [shake.p for shake in shakes]
    np.testing.assert_allclose(p, 0.5 * np.arange(1, len(p) + 1) / len(p), rtol=1e-12)
    assert len(p) == (54 if "110" in name else 90)
    assert all((s.alpha, s.beta, s.level) == ((-1.0, 1.0), (0.0, 1.0), "batch") for s in shakes)


def test_only_the_bias_of_the_stem_is_new():
    with nn.init.skip():
        ours = models.create("shakedrop_pyramidnet110_a270").state_dict()
        plain = models.create("pyramidnet110_a270").state_dict()
    shapes = {key: value.shape for key, value in ours.items()}
    assert shapes.pop("conv1.bias") == (16,)
    assert list(shapes.items()) == [(key, value.shape) for key, value in plain.items()]


@pytest.mark.parametrize("bottleneck", [False, True])
def test_without_chance_it_is_a_pyramidnet(bottleneck):
    plain = PyramidNet(bottleneck=bottleneck, **SMALL)
    shaken = ShakeDropPyramidNet(bottleneck=bottleneck, **SMALL)
    shaken.load_state_dict(plain.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    with no_grad():
        assert (shaken(x).data != plain(x).data).any()
        without_chance(shaken).load_state_dict(plain.state_dict())
        np.testing.assert_array_equal(shaken(x).data, plain(x).data)


def test_evaluation_weighs_each_block_by_its_expected_value():
    plain = PyramidNet(**SMALL).eval()
    shaken = ShakeDropPyramidNet(shake_alpha=(0, 1), drop_path=0.6, **SMALL).eval()
    shaken.load_state_dict(plain.state_dict())
    # p of the three blocks: 0.2, 0.4, 0.6; a branch counts 1 - p + p / 2.
    for stage, block, weight in (("layer1", 0, 0.9), ("layer2", 0, 0.8), ("layer2", 1, 0.7)):
        norm = getattr(plain, stage)[block].bn3
        norm.weight.data, norm.bias.data = weight * norm.weight.data, weight * norm.bias.data
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    with no_grad():
        np.testing.assert_allclose(shaken(x).data, plain(x).data, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("level", ["batch", "image", "channel", "pixel"])
def test_small_ones_learn(level):
    model = ShakeDropPyramidNet(level=level, stem_bias=True, **SMALL)
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_errors():
    with pytest.raises(ValueError, match="drop_path is a probability"):
        ShakeDropPyramidNet(drop_path=1.5)
    with pytest.raises(ValueError, match="'row'"):
        models.create("shakedrop_pyramidnet110_a270", level="row")
