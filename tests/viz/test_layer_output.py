"""Layers by name, and what they make of images."""

import numpy as np
import pytest

from shinso import Tensor, nn, ops
from shinso.viz.layer_output import find_layer, input_images, layer_output


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.MaxPool2d(2))
        self.unused = nn.Conv2d(1, 1, 1)
        self.shared = nn.ReLU()
        self.out = nn.Linear(2, 3)

    def forward(self, x):
        x = self.shared(self.features(self.shared(x)) + 1)
        return self.out(ops.global_avg_pool(x))


X = Tensor(np.random.default_rng(0).normal(size=(2, 1, 4, 4)).astype(np.float32))


def test_output_of_a_layer_and_of_the_model():
    model = Net()
    scores, maps = layer_output(model, X, "features.0")
    expected = model.features[0](ops.relu(X))
    assert np.array_equal(maps.data, expected.data)
    assert np.array_equal(scores.data, model(X).data)


def test_of_a_layer_used_twice_the_last_output_counts():
    _, maps = layer_output(Net(), X, "shared")
    assert maps.shape == (2, 2, 2, 2)


def test_a_cut_graph_begins_at_the_layer():
    scores, maps = layer_output(Net(), X, "features", cut=True)
    assert maps.is_leaf
    scores.sum().backward()
    assert maps.grad is not None


def test_unknown_layers_are_refused_with_near_names():
    with pytest.raises(ValueError, match=r"no layer 'feature\.0'; did you mean 'features\.0'"):
        find_layer(Net(), "feature.0")
    with pytest.raises(ValueError, match=r"it has: features, features\.0"):
        find_layer(Net(), "zzz")
    with pytest.raises(ValueError, match="it has: none"):
        find_layer(nn.ReLU(), "")


def test_layers_without_maps_are_refused():
    model = Net()
    with pytest.raises(ValueError, match=r"'out' gives \(2, 3\), not maps \(n, c, h, w\)"):
        layer_output(model, X, "out")
    with pytest.raises(ValueError, match="'unused' did not run"):
        layer_output(model, X, "unused")
    both = nn.Sequential(nn.MaxPool2d(2, return_indices=True))
    with pytest.raises(ValueError, match="gives tuple"):
        layer_output(both, X, "0")
    assert not model._modules["out"]._hooks


def test_images_get_the_type_of_the_model():
    assert input_images(Net(), np.zeros((1, 1, 2, 2))).dtype == np.float32
    assert input_images(Net().double(), np.zeros((1, 1, 2, 2), np.float32)).dtype == np.float64
    assert input_images(nn.ReLU(), np.zeros((1, 1, 2, 2))).dtype == np.float64


def test_other_images_are_refused():
    with pytest.raises(ValueError, match=r"a single one is x\[None\]"):
        input_images(Net(), np.zeros((1, 2, 2)))
    with pytest.raises(TypeError, match="uint8"):
        input_images(Net(), np.zeros((1, 1, 2, 2), np.uint8))
