"""Looking does not change: modes, gradients, statistics, random numbers, hooks, images."""

import numpy as np
import pytest

from shinso import Tensor, get_rng_state, nn, no_grad
from shinso.viz.attention import grad_cam, guided_backprop, saliency
from shinso.viz.deconvnet import deconvnet, deconvnet_picture
from shinso.viz.filters import feature_maps, filters
from shinso.viz.occlusion import occlusion_map
from shinso.viz.patches import max_activating, top_patches

X = np.random.default_rng(0).uniform(0.1, 1, size=(3, 1, 8, 8)).astype(np.float32)

LOOKS = {
    "filters": lambda m, x: filters(m[0]),
    "feature_maps": lambda m, x: feature_maps(m, x[:1], "1"),
    "deconvnet": lambda m, x: deconvnet(m, x, "3", 1),
    "deconvnet_picture": lambda m, x: deconvnet_picture(m, x, "3", most=1),
    "saliency": lambda m, x: saliency(m, x, 1),
    "guided_backprop": lambda m, x: guided_backprop(m, x, [0, 1, 2]),
    "grad_cam": lambda m, x: grad_cam(m, x, 1, "3"),
    "occlusion_map": lambda m, x: occlusion_map(m, x[:1], 1, 3, 2),
    "top_patches": lambda m, x: top_patches(m, x, "3", count=2),
    "max_activating": lambda m, x: max_activating(m, x, "3", count=2, projected=True),
}


def network():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.5),
        nn.Flatten(), nn.Linear(36, 3),
    )  # fmt: skip
    model[6].eval()  # a mixture of modes
    model[0].weight.requires_grad = False
    y = model(Tensor(X))
    y.sum().backward()
    return model


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("recording", [True, False])
def test_nothing_changes(name, recording):
    model = network()
    before = [
        [m.training for m in model.modules()],
        [None if p.grad is None else p.grad.copy() for p in model.parameters()],
        [p.requires_grad for p in model.parameters()],
        model.state_dict(),
        get_rng_state(),
    ]
    images = X.copy()
    if recording:
        first = LOOKS[name](model, images)
    else:
        with no_grad():
            first = LOOKS[name](model, images)
    modes, gradients, needs, state, random = before
    assert [m.training for m in model.modules()] == modes
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        assert (p.grad is None) == (gradient is None)
        assert gradient is None or np.array_equal(p.grad, gradient)
    assert [p.requires_grad for p in model.parameters()] == needs
    assert all(np.array_equal(v, state[k]) for k, v in model.state_dict().items())
    assert get_rng_state() == random
    assert not any(m._hooks for m in model.modules())
    assert np.array_equal(images, X)
    if isinstance(first, np.ndarray):
        assert np.array_equal(first, LOOKS[name](model, images))


@pytest.mark.parametrize("name", [n for n in LOOKS if n not in ("filters", "saliency")])
def test_modes_come_back_after_an_error(name):
    model = network()
    modes = [m.training for m in model.modules()]
    with pytest.raises(ValueError):
        LOOKS[name](model, X[:, :, :5, :5])
    assert [m.training for m in model.modules()] == modes
    assert not any(m._hooks for m in model.modules())
