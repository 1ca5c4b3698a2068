"""Saliency, guided backpropagation and Grad-CAM against sums by hand."""

import numpy as np
import pytest

from shinso import Tensor, nn
from shinso.viz.attention import grad_cam, guided_backprop, heatmaps, saliency


class Net(nn.Module):
    """Convolution, ReLU, mean of each map, a matrix: Grad-CAM is then the class activation map."""

    def __init__(self, weight, matrix, **options):
        super().__init__()
        outputs, inputs, *size = np.shape(weight)
        self.conv = nn.Conv2d(inputs, outputs, tuple(size), bias=False, **options)
        self.relu = nn.ReLU()
        self.pool = nn.GlobalAvgPool()
        self.out = nn.Linear(outputs, len(matrix), bias=False)
        self.double()
        self.conv.weight.data = np.asarray(weight, np.float64)
        self.out.weight.data = np.asarray(matrix, np.float64)

    def forward(self, x):
        return self.out(self.pool(self.relu(self.conv(x))))


WEIGHT = np.array([[[[1.0]]], [[[-1.0]]]])
MATRIX = np.array([[1.0, -2.0], [-1.0, 0.5]])
X = np.array([[[[3.0, -1.0], [2.0, -4.0]]]])


def test_saliency_is_the_gradient():
    # maps: [3 0; 2 0] and [0 1; 0 4]; each pixel counts a quarter.
    found = saliency(Net(WEIGHT, MATRIX), X, 0)
    assert np.allclose(found, [[[[0.25, 0.5], [0.25, 0.5]]]])


def test_guided_backprop_leaves_out_what_speaks_against():
    found = guided_backprop(Net(WEIGHT, MATRIX), X, 0)
    assert np.allclose(found, [[[[0.25, 0], [0.25, 0]]]])
    other = guided_backprop(Net(WEIGHT, MATRIX), X, 1)
    assert np.allclose(other, [[[[0, -0.125], [0, -0.125]]]])


def test_in_a_linear_network_both_are_the_same():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).double()
    expected = model[1].weight.data[2].reshape(1, 1, 2, 2)
    assert np.array_equal(saliency(model, X, 2), expected)
    assert np.array_equal(guided_backprop(model, X, 2), expected)


def test_grad_cam_by_hand():
    model = Net(WEIGHT, MATRIX)
    # α = matrix / 4: 0.25 · [3 0; 2 0] - 0.5 · [0 1; 0 4], rectified, over its maximum 0.75.
    assert np.allclose(grad_cam(model, X, 0, "relu"), [[[1, 0], [2 / 3, 0]]])
    # -0.25 · [3 0; 2 0] + 0.125 · [0 1; 0 4], over 0.5.
    assert np.allclose(grad_cam(model, X, 1, "relu"), [[[0, 0.25], [0, 1]]])
    # Before the ReLU: the same weights where it was open on average.
    maps = np.stack([X[0, 0], -X[0, 0]])
    alpha = np.array([1.0, -2.0]) / 4 * [0.5, 0.5]
    expected = np.maximum(np.tensordot(alpha, maps, 1), 0)
    assert np.allclose(grad_cam(model, X, 0, "conv")[0], expected / expected.max())


def test_grad_cam_is_resized_with_bilinear_interpolation():
    model = Net(np.ones((1, 1, 2, 2)), [[1.0], [-1.0]], stride=2)
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, :2, :2] = 1
    one = np.array([1, 0.75, 0.25, 0])
    assert np.allclose(grad_cam(model, x, 0, "relu")[0], np.outer(one, one))


def test_a_map_of_zeros_stays_one():
    model = Net(WEIGHT, -(MATRIX**2))
    found = grad_cam(model, np.concatenate([X, 0 * X]), 0, "relu")
    assert not found.any()
    assert found.shape == (2, 2, 2)


@pytest.mark.parametrize("how", [saliency, guided_backprop, lambda *a: grad_cam(*a, "relu")])
def test_each_image_has_its_own_class(how):
    rng = np.random.default_rng(0)
    model = Net(rng.normal(size=(3, 1, 2, 2)), rng.normal(size=(4, 3)))
    x = rng.normal(size=(3, 1, 5, 5))
    together = how(model, x, [1, 3, 0])
    for i, target in enumerate([1, 3, 0]):
        assert np.allclose(together[i], how(model, x[i : i + 1], target)[0])


def test_float32_stays_float32():
    model = Net(WEIGHT, MATRIX).float()
    assert grad_cam(model, X, 0, "relu").dtype == np.float32
    assert guided_backprop(model, X, 0).dtype == np.float32


@pytest.mark.parametrize("target", [2, -1, [0], [0, 1, 1], 1.0, "cat"])
def test_other_targets_are_refused(target):
    with pytest.raises(ValueError, match="target is"):
        saliency(Net(WEIGHT, MATRIX), np.concatenate([X, X]), target)


def test_other_models_are_refused():
    with pytest.raises(ValueError, match=r"not a score for each class"):
        saliency(nn.Sequential(nn.ReLU()), X, 0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match=r"gives \(1, 4\), not maps"):
        grad_cam(model, X, 0, "0")


def test_the_main_output_counts():
    class Two(Net):
        def forward(self, x):
            y = super().forward(x)
            return y, y * 0

    assert np.array_equal(
        grad_cam(Two(WEIGHT, MATRIX), X, 0, "relu"), grad_cam(Net(WEIGHT, MATRIX), X, 0, "relu")
    )


def test_a_layer_that_the_score_does_not_use_is_refused():
    class Aside(Net):
        def forward(self, x):
            self.relu(x)
            return self.out(self.pool(self.conv(x)))

    with pytest.raises(ValueError, match="does not depend"):
        grad_cam(Aside(WEIGHT, MATRIX), X, 0, "relu")


def test_heatmaps_show_each_image_and_its_map():
    images = np.random.default_rng(0).uniform(size=(5, 3, 4, 4))
    maps = np.zeros((5, 4, 4))
    maps[:, 1, 2] = np.arange(5) / 2
    picture = heatmaps(images, maps, list("abcde"), title="t")
    drawn = picture.axes[0].images
    assert len(drawn) == 15
    assert np.allclose(drawn[0].get_array(), images[0].transpose(1, 2, 0))
    assert np.allclose(drawn[1].get_array(), images[0].mean(axis=0))
    assert np.allclose(drawn[14].get_array(), maps[4])
    assert drawn[14].get_clim() == (0, 2)
    assert drawn[14].get_cmap().name == "viridis"
    assert drawn[13].get_extent() == drawn[14].get_extent()
    assert [t.get_text() for t in picture.axes[0].texts] == list("abcde")
    alpha = drawn[14].get_alpha()
    assert alpha[0, 0] == 0
    assert alpha[1, 2] == alpha.max() > 0.5


def test_signed_and_empty_maps():
    signed = heatmaps(X[0], X).axes[0].images[2]
    assert signed.get_clim() == (-4, 4)
    assert signed.get_cmap().name == "RdBu_r"
    assert heatmaps(X[0], 0 * X).axes[0].images[2].get_clim() == (0, 1)
    heatmaps(Tensor(X), X[0]).encoded()


@pytest.mark.parametrize("maps", [np.zeros((2, 2, 2)), np.zeros((1, 2, 3)), np.zeros((1, 3, 2, 2))])
def test_each_image_needs_a_map_of_its_size(maps):
    with pytest.raises(ValueError, match="map of its size"):
        heatmaps(X, maps)
