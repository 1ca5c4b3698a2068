"""Receptive fields, and the patches that units respond to most."""

import numpy as np
import pytest

from shinso import Tensor, models, nn, no_grad, ops
from shinso.viz.layer_output import layer_output
from shinso.viz.patches import Patch, crop, max_activating, top_patches
from shinso.viz.receptive_field import receptive_fields
from shinso.viz.style import language


def poisoned(model, shape, layer, place):
    """The field from the other side: which pixels, made NaN, make the place NaN."""
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    reached = []
    for axis in (1, 2):
        batch = np.repeat(image[None], shape[axis], axis=0)
        for i, one in enumerate(batch):
            one[(slice(None),) * axis + (i,)] = np.nan
        with no_grad(), np.errstate(all="ignore"):
            maps = layer_output(model, Tensor(batch), layer)[1].data
        hit = np.flatnonzero(np.isnan(maps[:, :, place[0], place[1]]).any(axis=1))
        reached += [int(hit[0]), int(hit[-1]) + 1]
    return tuple(reached)


@pytest.mark.parametrize(
    ("layer", "size", "jump"),
    [("features.0", 5, 1), ("features.1", 5, 1), ("features.2", 6, 2), ("features.3", 14, 2),
     ("features.5", 16, 4)],
)  # fmt: skip
def test_receptive_fields_of_lenet(layer, size, jump):
    model = models.create("lenet5", in_channels=1)
    found = receptive_fields(model, (1, 32, 32), layer, [(0, 0), (1, 3), (4, 2)])
    expected = [(y * jump, y * jump + size, x * jump, x * jump + size)
                for y, x in ((0, 0), (1, 3), (4, 2))]  # fmt: skip
    assert found == expected


def test_padding_reaches_over_the_border():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.Conv2d(1, 1, 3, padding=1))
    found = receptive_fields(model, (1, 9, 12), "2", [(0, 0), (8, 11), (4, 5)])
    assert found == [(-2, 3, -2, 3), (6, 11, 9, 14), (2, 7, 3, 8)]


def test_strides_dilation_and_windows_that_are_not_square():
    model = nn.Sequential(
        nn.Conv2d(2, 3, (1, 3), stride=(1, 2), dilation=(1, 2)), nn.AvgPool2d((2, 1), stride=1)
    )
    # Columns: 0, 2, 4 around a step of 2; rows: 2 of the pooling.
    assert receptive_fields(model, (2, 6, 15), "1", [(3, 2)]) == [(3, 5, 4, 9)]


class Gated(nn.Module):
    def __init__(self, pool):
        super().__init__()
        self.conv, self.pool, self.end = nn.Conv2d(1, 2, 3, padding=1), pool, nn.Identity()

    def forward(self, x):
        y = self.conv(x)
        return self.end(y * ops.sigmoid(self.pool(y)))


@pytest.mark.parametrize("pool", [nn.GlobalAvgPool(keepdims=True), nn.GlobalMaxPool(keepdims=True)])
def test_a_global_gate_sees_everything(pool):
    assert receptive_fields(Gated(pool), (1, 7, 8), "end", [(0, 5)]) == [(0, 7, 0, 8)]


@pytest.mark.parametrize(
    "activation",
    [nn.ReLU6(), nn.Hardswish(), nn.Hardsigmoid(), nn.Step(), nn.Sigmoid(), nn.Maxout(2)],
)
def test_what_is_switched_off_is_seen_as_well(activation):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), activation)
    model[0].bias.data = np.full(2, -100, np.float32)
    assert receptive_fields(model, (1, 8, 8), "1", [(2, 3)]) == [(2, 5, 3, 6)]


class Choosing(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.conv, self.function, self.end = nn.Conv2d(1, 1, 3), function, nn.Identity()

    def forward(self, x):
        return self.end(self.function(self.conv(x)))


@pytest.mark.parametrize(
    "function",
    [
        lambda y: ops.maximum(y, 100.0),
        lambda y: ops.minimum(y, -100.0),
        lambda y: ops.clip(y, 50.0, 60.0),
        lambda y: ops.where(y.data > 100, y, 0.0),
    ],
)
def test_choices_between_numbers(function):
    assert receptive_fields(Choosing(function), (1, 8, 8), "end", [(2, 3)]) == [(2, 5, 3, 6)]


@pytest.mark.parametrize("pool", [nn.AdaptiveMaxPool2d(3), nn.AdaptiveAvgPool2d(3)])
def test_adaptive_pooling(pool):
    model = nn.Sequential(pool)
    # 7 in 3: rows 0-2, 2-4, 4-6.
    assert receptive_fields(model, (1, 7, 7), "0", [(1, 2)]) == [(2, 5, 4, 7)]


@pytest.mark.parametrize(
    ("name", "layer", "place"),
    [
        ("cifar_resnet20", "layer1.2", (16, 13)),
        ("cifar_resnet20", "layer2.0", (7, 8)),
        ("squeezenet1_1", "features.4", (3, 2)),
    ],
)
def test_the_same_from_the_other_side(name, layer, place):
    model = models.create(name)
    shape = (3, 32, 32)
    found = receptive_fields(model, shape, layer, [place])[0]
    inside = tuple(int(v) for v in np.clip(found, 0, 32))
    assert inside == poisoned(model, shape, layer, place)


# -- patches --------------------------------------------------------------------------------------


def spot(weight=((0.0, 1.0), (0.0, 0.0))):
    """One 2×2 convolution that reads the upper right pixel of its window, and a silent unit."""
    layer = nn.Conv2d(1, 2, 2, bias=False)
    layer.weight.data = np.array([[weight], [((-1.0,) * 2,) * 2]], np.float32)
    return nn.Sequential(layer, nn.ReLU())


IMAGES = np.zeros((4, 1, 3, 4), np.float32)
for _number, (_row, _column, _value) in enumerate([(0, 2, 5), (1, 1, 9), (1, 3, 7)]):
    IMAGES[_number, 0, _row, _column] = _value
    IMAGES[_number, 0, _row + 1, _column] = 1


def test_the_strongest_responses_come_first():
    found = top_patches(spot(), IMAGES, "1", count=2)
    assert list(found) == [0, 1]
    assert [(p.value, p.image, p.place, p.box) for p in found[0]] == [
        (9, 1, (1, 0), (1, 3, 0, 2)),
        (7, 2, (1, 2), (1, 3, 2, 4)),
    ]
    assert [p.pixels.tolist() for p in found[0]] == [[[[0, 9], [0, 1]]], [[[0, 7], [0, 1]]]]


def test_silence_is_no_response():
    found = top_patches(spot(), IMAGES, "1", count=9)
    assert [p.image for p in found[0]] == [1, 2, 0]
    assert found[1] == []


def test_negative_responses_count_before_the_relu():
    found = top_patches(spot(), -IMAGES, "0", units=[1, 1], count=1)
    assert list(found) == [1]
    assert [(p.value, p.image) for p in found[1]] == [(10, 1)]


def test_at_most_one_patch_of_each_image_in_many_batches():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(150, 1, 6, 6)).astype(np.float32)
    model = nn.Sequential(nn.Conv2d(1, 3, 3))
    found = top_patches(model, images, "0", units=[2], count=150)[2]
    assert sorted(p.image for p in found) == list(range(150))
    with no_grad():
        maps = model(Tensor(images)).data[:, 2]
    assert np.allclose([p.value for p in found], np.sort(maps.max(axis=(1, 2)))[::-1])
    for patch in found[::30]:
        assert patch.value == pytest.approx(maps[(patch.image, *patch.place)], rel=1e-5)


def test_patches_at_the_border_are_padded_with_zeros():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False))
    model[0].weight.data = np.ones((1, 1, 3, 3), np.float32)
    images = np.zeros((1, 1, 5, 5), np.float32)
    images[0, 0, 0, 4] = 2
    images[0, 0, 1, 4] = 1
    patch = top_patches(model, images, "0")[0][0]
    assert (patch.place, patch.box) == ((0, 3), (-1, 2, 2, 5))  # the first of equal responses
    assert patch.pixels.shape == (1, 3, 3)
    assert patch.pixels.sum() == patch.value


def test_cropping():
    image = np.arange(6.0).reshape(1, 2, 3)
    assert crop(image, (-1, 1, 2, 5)).tolist() == [[[0, 0, 0], [2, 0, 0]]]
    assert crop(image, (0, 2, 0, 3)).tolist() == image.tolist()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="there is no unit 2"):
        top_patches(spot(), IMAGES, "1", units=[0, 2])
    with pytest.raises(ValueError, match="at least 1"):
        top_patches(spot(), IMAGES, "1", count=0)
    with pytest.raises(ValueError, match="no unit of '1' responds"):
        max_activating(spot(), 0 * IMAGES, "1")


@pytest.mark.parametrize("projected", [False, True])
def test_the_picture_has_a_row_for_each_unit(projected):
    picture = max_activating(spot(), IMAGES, "1", count=3, projected=projected)
    words = [t.get_text() for t in picture.axes[0].texts if t.get_text()]
    assert words == ["unit 0", "unit 1", "no response"]
    drawn = picture.axes[0].images
    assert len(drawn) == 3 * (1 + projected)
    assert drawn[0].get_array().tolist() == [[0, 9], [0, 1]]
    if projected:
        assert drawn[3].get_array().tolist() == [[0, 9], [0, 0]]
        assert drawn[3].get_clim() == (-9, 9)
    with language("ja"):
        japanese = max_activating(spot(), IMAGES, "1", units=[1, 0], count=2)
    words = [t.get_text() for t in japanese.axes[0].texts if t.get_text()]
    assert words == ["ユニット 1", "ユニット 0", "反応なし"]


def test_a_patch_says_where_it_is_from():
    patch = top_patches(spot(), IMAGES, "1", units=[0], count=1)[0][0]
    assert isinstance(patch, Patch)
    top, bottom, left, right = patch.box
    assert np.array_equal(patch.pixels, IMAGES[patch.image, :, top:bottom, left:right])
