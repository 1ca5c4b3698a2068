"""Occlusion: what changes when a square covers a place."""

import numpy as np
import pytest

from shinso import nn
from shinso.viz.occlusion import map_extent, occlusion_map, occlusion_picture
from shinso.viz.style import language


def reader(height, width, channels=1, classes=2):
    """Scores: the sum of the image times a weight for class 0, zeros for the others."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes)).double()
    model[1].weight.data = np.zeros((classes, channels * height * width))
    model[1].bias.data = np.zeros(classes)
    return model


def one_pixel(height, width, row, column):
    model = reader(height, width)
    weight = np.zeros((2, height, width))
    weight[0, row, column] = 1
    model[1].weight.data = weight.reshape(2, -1)
    return model


def probability(score):
    return 1 / (1 + np.exp(-score))


def test_only_squares_over_the_pixel_count():
    image = np.full((1, 5, 6), 2.0)
    found = occlusion_map(one_pixel(5, 6, 3, 1), image, 0, 2, fill=0.5)
    assert found.shape == (4, 5)
    expected = np.zeros((4, 5))
    expected[2:4, 0:2] = probability(2) - probability(0.5)  # squares from rows 2, 3; columns 0, 1
    assert np.allclose(found, expected)
    other = occlusion_map(one_pixel(5, 6, 3, 1), image, 1, 2, fill=0.5)
    assert np.allclose(other, -expected)


@pytest.mark.parametrize(
    ("size", "stride", "shape"),
    [(1, 1, (5, 7)), (2, 2, (2, 3)), (3, 2, (2, 3)), (5, 1, (1, 3)), (3, 10, (1, 1))],
)
def test_geometry(size, stride, shape):
    model = reader(5, 7)
    rng = np.random.default_rng(0)
    model[1].weight.data = rng.normal(size=(2, 35))
    x = rng.normal(size=(1, 1, 5, 7))
    found = occlusion_map(model, x, 1, size, stride, fill=0)
    assert found.shape == shape
    for i, j in np.ndindex(shape):
        covered = x.copy()
        covered[0, 0, i * stride : i * stride + size, j * stride : j * stride + size] = 0
        a, b = (softmax(model(v).data[0])[1] for v in (x, covered))
        assert found[i, j] == pytest.approx(a - b)


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def test_grey_is_the_mean_of_each_channel():
    model = reader(2, 2, channels=3, classes=3)
    rng = np.random.default_rng(0)
    model[1].weight.data = rng.normal(size=(3, 12))
    x = rng.normal(size=(1, 3, 2, 2))
    covered = np.broadcast_to(x.mean(axis=(2, 3), keepdims=True), x.shape)
    a, b = (softmax(model(v).data[0])[2] for v in (x, covered))
    assert occlusion_map(model, x, 2, 2)[0, 0] == pytest.approx(a - b)
    assert np.allclose(occlusion_map(model, 0 * x + 4, 2, 1), 0)


def test_more_squares_than_a_batch_holds():
    found = occlusion_map(one_pixel(12, 12, 11, 11), np.ones((1, 12, 12)), 0, 1, fill=0)
    assert found.shape == (12, 12)
    assert np.flatnonzero(found).tolist() == [143]


def test_bad_input_is_refused():
    model, x = reader(4, 4), np.zeros((1, 1, 4, 4))
    for size, stride in ((5, 1), (0, 1), (2, 0)):
        with pytest.raises(ValueError, match=f"a square of {size} pixels moved by {stride}"):
            occlusion_map(model, x, 0, size, stride)
    with pytest.raises(ValueError, match="one image, not 2"):
        occlusion_map(model, np.zeros((2, 1, 4, 4)), 0, 2)
    with pytest.raises(ValueError, match="classes 0 to 1"):
        occlusion_map(model, x, 2, 2)
    with pytest.raises(ValueError, match="two or more classes"):
        occlusion_map(reader(4, 4, classes=1), x, 0, 2)


def test_fields_lie_around_the_centres_of_their_squares():
    # A square of one pixel at every pixel: the map lies exactly over the image.
    assert map_extent(4, 6, 1, 1) == (-0.5, 5.5, 3.5, -0.5)
    # Squares of 4 from columns 0 and 2: centres 1.5 and 3.5, fields 2 wide.
    assert map_extent(1, 2, 4, 2) == (0.5, 4.5, 2.5, 0.5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_has_pixels_on_its_axes(channels):
    x = np.random.default_rng(0).uniform(size=(1, channels, 6, 8))
    model = reader(6, 8, channels)
    with language("ja"):
        picture = occlusion_picture(model, x, 1, 2, 2)
    left, right, bar = picture.axes
    assert left.get_xlabel() == right.get_xlabel() == "列(画素)"
    assert (left.get_xlim(), left.get_ylim()) == ((-0.5, 7.5), (5.5, -0.5))
    assert right.images[0].get_array().shape == (3, 4)
    assert right.images[0].get_extent() == list(map_extent(3, 4, 2, 2))
    assert bar.get_ylabel() == "クラス 1 の確率の低下"
