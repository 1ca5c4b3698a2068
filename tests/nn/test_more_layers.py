"""Layers without a twin in PyTorch, random ones and losses: probed, and by finite differences."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.cell import overlaid
from shinso.graph import check_gradient
from shinso.graph.probe import Probe, ProbeOverlay


def draw(*shape):
    return np.random.default_rng(0).standard_normal(shape)


LABELS = np.array([0, 2, 1, 2])
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])
HALF = np.array([0.1, 0.5, 0.9, 0.3])

LAYERS = {
    "Maxout": (nn.Maxout(2), draw(3, 4)),
    "GlobalAvgPool": (nn.GlobalAvgPool(), draw(2, 3, 4, 4)),
    "GlobalMaxPool": (nn.GlobalMaxPool(keepdims=True), draw(2, 3, 4, 4)),
    "Hardsigmoid": (nn.Hardsigmoid(), draw(3, 4)),
    "Dropout": (nn.Dropout(0.4), draw(6, 5)),
    "Dropout1d": (nn.Dropout1d(0.4), draw(6, 5, 3)),
    "Dropout2d": (nn.Dropout2d(0.4), draw(6, 5, 2, 2)),
    "Dropout3d": (nn.Dropout3d(0.4), draw(3, 4, 2, 2, 2)),
    "AlphaDropout": (nn.AlphaDropout(0.4), draw(6, 5)),
    "GaussianNoise": (nn.GaussianNoise(0.3), draw(6, 5)),
}
LOSSES = {
    "SquaredError": (nn.SquaredError(), draw(4), HALF),
    "MSELoss": (nn.MSELoss(), draw(4), HALF),
    "L1Loss": (nn.L1Loss(), draw(4), HALF),
    "SmoothL1Loss": (nn.SmoothL1Loss(beta=0.5), draw(4), HALF),
    "HuberLoss": (nn.HuberLoss(delta=0.5), draw(4), HALF),
    "CrossEntropyLoss": (nn.CrossEntropyLoss(label_smoothing=0.1), draw(4, 3), LABELS),
    "NLLLoss": (nn.NLLLoss(), -np.abs(draw(4, 3)), LABELS),
    "BCELoss": (nn.BCELoss(), HALF[::-1].copy(), HALF),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), draw(4), HALF),
    "KLDivLoss": (nn.KLDivLoss("batchmean"), -np.abs(draw(4, 3)), np.abs(draw(4, 3))),
    "HingeLoss": (nn.HingeLoss(), draw(4), SIGNS),
    "AuxiliaryLoss": (nn.AuxiliaryLoss(nn.MSELoss()), draw(4), HALF),
}


@pytest.fixture(autouse=True)
def seeded():
    ops.manual_seed(0)


def test_every_loss_layer_is_here():
    assert {n for n in nn.__all__ if n.endswith("Loss") or n == "SquaredError"} == set(LOSSES)


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    layer, x = LAYERS[name]
    plain = layer(x).data
    ops.manual_seed(0)
    with overlaid(ProbeOverlay()):
        probed = layer(Probe(x)).data
        assert isinstance(probed, Probe)
        np.testing.assert_allclose(probed.array, plain, rtol=1e-14)

    def call(x):
        ops.manual_seed(0)
        return layer(x)

    check_gradient(call, x)
    assert layer(x.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    loss, y, t = LOSSES[name]
    plain = loss(y, t)
    with overlaid(ProbeOverlay()):
        probed = loss(Probe(y), Probe(t)).data
        assert isinstance(probed, Probe)
        np.testing.assert_allclose(probed.array, plain.data, rtol=1e-14)
    check_gradient(lambda y: loss(y, t), y)
    assert loss(y.astype(np.float32), t).dtype == np.float32
