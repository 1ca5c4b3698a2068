"""ResNet of stochastic depth: cifar_resnet110, with blocks left out."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn, ops
from shinso.graph import no_grad
from shinso.models.cifar_resnet import CifarResNet
from shinso.models.stochastic_depth import stochastic_depth_resnet

sys.path.insert(0, str(Path(__file__).parent))

from zoo import count, key_hash, trained_once, without_chance

SMALL = {"num_classes": 3, "in_channels": 1, "layers": (2, 2), "width": 4}


def test_it_is_resnet110_with_the_linear_rule():
    with nn.init.skip():
        model, plain = models.create("cifar_resnet110_sd"), models.create("cifar_resnet110")
    assert count(model) == 1_727_962
    assert key_hash(model) == key_hash(plain)
    drops = [m for m in model.modules() if isinstance(m, nn.StochasticDepth)]
    np.testing.assert_allclose([d.p for d in drops], 0.5 * np.arange(1, 55) / 54, rtol=1e-12)
    assert {d.mode for d in drops} == {"batch"}


def test_without_chance_it_is_the_plain_one():
    plain, model = CifarResNet(**SMALL), stochastic_depth_resnet(**SMALL)
    model.load_state_dict(plain.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 1, 8, 8)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(model.eval()(x).data, plain.eval()(x).data)
        without_chance(model.train()).load_state_dict(plain.state_dict())
        np.testing.assert_array_equal(model(x).data, plain.train()(x).data)


def test_blocks_that_are_left_out_learn_nothing():
    ops.manual_seed(0)
    model = stochastic_depth_resnet(drop_path=1.0, **SMALL)
    trained_once(model, (3, 1, 9, 8))
    assert (model.layer2[1].conv1.weight.grad == 0).all()  # the last: left out for certain
    assert (model.conv1.weight.grad != 0).any()


def test_rows():
    model = stochastic_depth_resnet(mode="row", **SMALL)
    assert {m.mode for m in model.modules() if isinstance(m, nn.StochasticDepth)} == {"row"}
    assert trained_once(model, (3, 1, 9, 8)).shape == (3, 3)


def test_errors():
    with pytest.raises(ValueError, match="not 'rows'"):
        models.create("cifar_resnet110_sd", mode="rows")
    with pytest.raises(ValueError, match="drop_path is a probability"):
        models.create("cifar_resnet110_sd", drop_path=-0.5)
