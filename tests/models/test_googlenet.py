"""GoogLeNet: inception modules, auxiliary heads, torchvision's two peculiarities."""

import sys
from pathlib import Path

import numpy as np
import pytest

from shinso import models, nn
from shinso.models.googlenet import transformed

sys.path.insert(0, str(Path(__file__).parent))

from zoo import check_golden, trained_once

SMALL = {"num_classes": 3, "width_mult": 1 / 16}


def images(side: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, channels, side, side)).astype(np.float32)


def test_golden():
    found = check_golden("googlenet")
    assert {"train:logits", "train:aux_logits2", "train:aux_logits1"} <= found.keys()
    assert "train_grad:aux1.conv.conv.weight" in found


def test_golden_without_heads():
    options = {"aux_logits": False, "transform_input": True}
    assert check_golden("googlenet", "googlenet_no_heads", **options)


def test_heads_speak_in_training_only():
    model = models.create("googlenet", **SMALL)
    outputs = model(images(32))
    assert type(outputs).__name__ == "GoogLeNetOutputs"
    assert [head.shape for head in outputs] == [(2, 3)] * 3
    assert model.eval()(images(32)).shape == (2, 3)
    assert models.create("googlenet", aux_logits=False, **SMALL)(images(32)).shape == (2, 3)


def test_heads_reach_the_middle():
    model = models.create("googlenet", dropout_aux=0.0, **SMALL)
    model(images(32)).aux_logits1.sum().backward()
    assert np.abs(model.inception4a.branch1.conv.weight.grad).max() > 0
    assert model.inception4b.branch1.conv.weight.grad is None


def test_auxiliary_loss_takes_the_heads():
    model = models.create("googlenet", dropout=0.0, dropout_aux=0.0, **SMALL)
    loss = nn.AuxiliaryLoss(nn.CrossEntropyLoss(), 0.3)
    target = np.array([0, 2])
    outputs = model(images(32))
    single = [float(nn.CrossEntropyLoss()(head, target).data) for head in outputs]
    total = float(loss(outputs, target).data)
    assert total == pytest.approx(single[0] + 0.3 * (single[1] + single[2]), rel=1e-5)


def test_transform_undoes_one_normalization_and_does_the_other():
    pixels = np.random.default_rng(0).random((1, 3, 4, 4))
    usual = models.Preprocessing()
    mean, std = (np.array(v)[:, None, None] for v in (usual.mean, usual.std))
    np.testing.assert_allclose(
        transformed((pixels - mean) / std).data, (pixels - 0.5) / 0.5, atol=1e-12
    )
    with pytest.raises(ValueError, match="transform_input is for in_channels=3, not 1"):
        models.create("googlenet", in_channels=1, transform_input=True)


@pytest.mark.parametrize("side", [15, 64])
def test_sizes(side):
    model = models.create("googlenet", in_channels=1, aux_logits=False, **SMALL)
    assert trained_once(model, (2, 1, side, side)).shape == (2, 3)
    with pytest.raises(ValueError, match="14×64; GoogLeNet takes 15×15 and larger"):
        model(np.zeros((1, 1, 14, 64), np.float32))


def test_start_and_options():
    model = models.create("googlenet", dropout=0.1, dropout_aux=0.2, width_mult=1 / 4)
    assert sorted(m.p for m in model.modules() if isinstance(m, nn.Dropout)) == [0.1, 0.2, 0.2]
    assert abs(float(model.aux1.fc1.weight.data.std()) - 0.01) < 1e-3
    assert abs(float(model.conv3.conv.weight.data.std()) - 0.01) < 1e-3
    assert models.entry("inception_v1") is models.entry("googlenet")
    assert model.inception3a.branch3._modules["1"].conv.kernel_size == (3, 3)
