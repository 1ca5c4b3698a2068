"""Kernels and feature maps."""

import numpy as np
import pytest

from shinso import nn
from shinso.viz.filters import feature_maps, filters


def conv(weight, bias=False):
    outputs, inputs, *size = np.shape(weight)
    layer = nn.Conv2d(inputs, outputs, tuple(size), bias=bias)
    layer.weight.data = np.asarray(weight, layer.weight.dtype)
    return layer


def tiles(picture):
    return [np.asarray(i.get_array()) for i in picture.axes[0].images]


def words(picture):
    return [t.get_text() for t in picture.axes[0].texts if t.get_text()]


def test_colour_kernels_reach_as_far_from_grey_as_they_can():
    weight = np.zeros((2, 3, 1, 2))
    weight[0, 1, 0] = -0.1, 0.05
    weight[1, 2, 0] = 4, 0
    first, second = tiles(filters(conv(weight)))
    assert np.allclose(first, [[[0.5, 0, 0.5], [0.5, 0.75, 0.5]]])
    assert np.allclose(second, [[[0.5, 0.5, 1], [0.5, 0.5, 0.5]]])


def test_grey_kernels_have_a_common_scale():
    picture = filters(conv([[[[1.0, -3.0]]], [[[0.5, 0.0]]]]))
    assert [i.get_clim() for i in picture.axes[0].images] == [(-3, 3)] * 2
    assert words(picture) == ["0", "1"]
    assert picture.get_suptitle() == "2 kernels"


def test_many_input_channels_are_columns():
    weight = np.random.default_rng(0).normal(size=(5, 4, 3, 2))
    picture = filters(conv(weight))
    assert words(picture) == [*"01234", *"0123"]
    shown = tiles(picture)
    assert len(shown) == 20
    assert np.allclose(shown[6], weight[1, 2])


@pytest.mark.parametrize(
    ("inputs", "most", "shown"), [(1, 4, 4), (3, 4, 4), (6, 9, 9), (6, 64, 60), (2, 1, 1)]
)
def test_at_most_so_many_are_drawn_and_the_heading_says_so(inputs, most, shown):
    picture = filters(nn.Conv2d(inputs, 10, 3), most=most)
    assert len(tiles(picture)) == shown
    there = 10 if inputs in (1, 3) else 10 * inputs
    expected = f"{shown} of {there} kernels" if shown < there else f"{there} kernels"
    assert picture.get_suptitle().startswith(expected)


def test_groups_count_their_own_input_channels():
    assert len(tiles(filters(nn.Conv2d(8, 8, 3, groups=8)))) == 8


def test_other_layers_are_refused():
    with pytest.raises(TypeError, match=r"nn\.Conv2d, not of a Linear"):
        filters(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="get_submodule"):
        filters(nn.Sequential(nn.Conv2d(1, 1, 1)))
    with pytest.raises(ValueError, match="at least 1"):
        filters(nn.Conv2d(1, 1, 1), most=0)


def test_feature_maps_are_what_the_layer_gives():
    model = nn.Sequential(conv([[[[2.0]]], [[[-1.0]]]]), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    x = np.array([[[[1.0, 0.0], [3.0, 2.0]]]], np.float32)
    before = feature_maps(model, x, "0")
    assert np.allclose(tiles(before)[1], -x[0, 0])
    assert before.axes[0].images[0].get_clim() == (-6, 6)
    assert before.axes[0].images[0].get_cmap().name == "RdBu_r"
    after = feature_maps(model, x[0], "1")
    assert np.allclose(tiles(after), [2 * x[0, 0], 0 * x[0, 0]])
    assert [i.get_clim() for i in after.axes[0].images] == [(0, 6)] * 2
    assert after.axes[0].images[0].get_cmap().name == "viridis"
    assert words(after) == ["0", "1"]
    assert after.get_suptitle() == "layer 1: 2 maps"


def test_maps_on_their_own_scale_and_silent_ones():
    model = nn.Sequential(conv([[[[2.0]]], [[[-1.0]]]]), nn.ReLU())
    picture = feature_maps(model, np.ones((1, 1, 2, 2), np.float32), "1", own_scale=True)
    assert [i.get_clim() for i in picture.axes[0].images] == [(0, 2), (0, 1)]
    assert len(picture.axes) == 1


def test_most_maps():
    model = nn.Sequential(nn.Conv2d(1, 6, 1))
    picture = feature_maps(model, np.ones((1, 1, 2, 2), np.float32), "0", most=4)
    assert len(tiles(picture)) == 4
    assert picture.get_suptitle() == "layer 0: 4 of 6 maps"
    with pytest.raises(ValueError, match="at least 1"):
        feature_maps(model, np.ones((1, 1, 2, 2), np.float32), "0", most=0)


def test_one_image_of_maps():
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    with pytest.raises(ValueError, match="one image, not 2"):
        feature_maps(model, np.ones((2, 1, 2, 2), np.float32), "0")
