"""ResNet, ResNeXt and wide ResNet for photographs."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models import resnext, wide_resnet
from shinso.models.resnet import ENTRIES

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

PHOTOS = [e.name for e in (*ENTRIES, *wide_resnet.ENTRIES, *resnext.ENTRIES) if e.image_size > 32]
SMALL = {"layers": (1, 1, 1, 1), "width": 16, "num_classes": 3}


@pytest.fixture
def unseen():
    """Weights that nobody looks at are not drawn."""
    with nn.init.skip():
        yield


@pytest.mark.parametrize("name", [name for name in PHOTOS if name != "resnet18"])
def test_keys_and_count(name, unseen):
    check_golden(name)


def test_golden():
    assert check_golden("resnet18")


@pytest.mark.parametrize("name", ["resnet34", "resnet50", "resnext50_32x4d"])
def test_golden_of_short_ones(name):
    assert check_golden(name, f"{name}_short", layers=(1, 1, 1, 1))


@pytest.mark.parametrize("name", PHOTOS)
def test_small_ones_learn(name):
    model = models.create(name, in_channels=1, **SMALL)
    assert trained_once(model, (2, 1, 32, 35)).shape == (2, 3)


@pytest.mark.parametrize("name", PHOTOS)
def test_as_many_layers_as_the_name_says(name, unseen):
    model = models.create(name, width=32)
    counted = [
        key
        for key, value in model.state_dict().items()
        if key.endswith("weight") and value.ndim > 1 and "downsample" not in key
    ]
    assert len(counted) == int(name.split("_")[-2 if "wide" in name else 0].strip("resnxtwid"))


def test_start():
    state = models.ResNet(block="basic", layers=(1, 1, 1, 1)).state_dict()
    weight = state["layer3.0.conv2.weight"]
    assert abs(float(weight.std()) / (2 / (256 * 9)) ** 0.5 - 1) < 0.02
    assert all((v == 1).all() for k, v in state.items() if k.endswith("bn2.weight"))
    assert all((v == 0).all() for k, v in state.items() if "bn" in k and k.endswith("bias"))


def test_zero_init_residual():
    state = models.ResNet(zero_init_residual=True, **SMALL).state_dict()
    for stage in range(1, 5):
        assert (state[f"layer{stage}.0.bn3.weight"] == 0).all()
        assert (state[f"layer{stage}.0.bn2.weight"] == 1).all()


def test_drop_path_is_for_training_only():
    plain, dropping = models.ResNet(**SMALL), models.ResNet(drop_path=0.5, **SMALL)
    dropping.load_state_dict(plain.state_dict())
    x = np.random.default_rng(0).standard_normal((2, 3, 32, 32)).astype(np.float32)
    np.testing.assert_array_equal(dropping.eval()(x).numpy(), plain.eval()(x).numpy())
    outputs = {dropping.train()(x).numpy().tobytes() for _ in range(8)}
    assert len(outputs) > 1


def test_parameter_free_shortcuts():
    state = models.create("resnet18", shortcut="identity", **SMALL).state_dict()
    assert not [key for key in state if "downsample" in key]


def test_errors():
    model = models.create("resnet18", **SMALL)
    with pytest.raises(ValueError, match=r'"conv1" \(3 → 16\).*3 channels'):
        model(np.zeros((1, 1, 32, 32), np.float32))
    with pytest.raises(ValueError, match='block is "basic" or "bottleneck", not \'dense\''):
        models.create("resnet18", block="dense")
    with pytest.raises(ValueError, match="has no option 'aux_logits'"):
        models.create("resnet18", aux_logits=True)
    with pytest.raises(ValueError, match=r"layers=\(2, 0\)"):
        models.create("resnet50", layers=(2, 0))
