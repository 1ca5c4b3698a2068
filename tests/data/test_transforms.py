"""Transforms of whole batches: values, shapes, dtypes, randomness, errors."""

import numpy as np
import pytest

from shinso.data import (
    Compose,
    Flatten,
    Normalize,
    OneHot,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    ToFloat,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def pictures(n=5, c=3, h=6, w=7, dtype=np.uint8):
    return rng(1).integers(0, 256, (n, c, h, w)).astype(dtype)


def test_to_float():
    x = np.array([[0, 51, 255]], dtype=np.uint8)
    y = ToFloat()(x)
    assert y.dtype == np.float32
    assert np.array_equal(y, np.array([[0, 0.2, 1]], dtype=np.float32))
    assert ToFloat(16)(np.uint8([8])).tolist() == [0.5]
    for dtype in (np.float32, np.float64):
        given = np.ones(3, dtype)
        assert ToFloat()(given) is given
    assert ToFloat()(np.zeros((0, 1, 2, 2), np.uint8)).shape == (0, 1, 2, 2)


def test_to_float_refuses():
    with pytest.raises(TypeError, match="got int64"):
        ToFloat()(np.arange(3))
    with pytest.raises(ValueError, match="pixel 17 is greater than scale=16"):
        ToFloat(16)(np.uint8([17]))
    with pytest.raises(ValueError, match="scale must be greater than 0"):
        ToFloat(0)


def test_normalize():
    x = pictures().astype(np.float32)
    mean, std = x.mean(axis=(0, 2, 3)), x.std(axis=(0, 2, 3))
    y = Normalize(mean, std)(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=(0, 2, 3)), 1, atol=1e-5)
    assert Normalize(0.5, 0.5)(np.array([[0.0, 1.0]])).tolist() == [[-1.0, 1.0]]
    assert Normalize((1, 2), (1, 4))(np.array([[1.0, 6.0]])).tolist() == [[0.0, 1.0]]
    assert Normalize(0.0, 1.0)(x.astype(np.float64)).dtype == np.float64


def test_normalize_refuses():
    with pytest.raises(TypeError, match=r"put ToFloat\(\) before it"):
        Normalize(0.5, 0.5)(pictures())
    with pytest.raises(ValueError, match=r"has 2 means.*\(5, 3, 6, 7\)"):
        Normalize((0, 0), (1, 1))(pictures().astype(np.float32))
    with pytest.raises(ValueError, match="axis 1"):
        Normalize(0.0, 1.0)(np.zeros(3))
    with pytest.raises(ValueError, match="2 means but 1"):
        Normalize((0, 0), (1,))
    for std in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="above 0"):
            Normalize(0.0, std)
    with pytest.raises(ValueError, match="finite means"):
        Normalize(float("nan"), 1.0)


def test_flatten():
    x = pictures()
    assert Flatten()(x).shape == (5, 126)
    assert np.shares_memory(Flatten()(x), x)
    assert Flatten()(np.zeros((0, 2, 3))).shape == (0, 6)
    assert Flatten()(np.zeros(4)).shape == (4, 1)
    with pytest.raises(ValueError, match="takes a batch"):
        Flatten()(np.float32(1))


def test_one_hot():
    y = OneHot(3)(np.array([2, 0]))
    assert y.dtype == np.float32
    assert y.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert OneHot(3)(np.zeros(0, np.int64)).shape == (0, 3)
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=f"label {wrong} is out of range 0 to 2"):
            OneHot(3)(np.array([0, wrong]))
    with pytest.raises(TypeError, match="got float64"):
        OneHot(3)(np.zeros(2))
    with pytest.raises(ValueError, match=r"got \(2, 1\)"):
        OneHot(3)(np.zeros((2, 1), np.int64))
    with pytest.raises(ValueError, match="num_classes"):
        OneHot(0)


def test_pad_sides():
    x = np.ones((1, 1, 2, 3), np.float32)
    assert Pad(1)(x).shape == (1, 1, 4, 5)
    assert Pad((1, 2))(x).shape == (1, 1, 6, 5)
    y = Pad((1, 0, 0, 2), fill=9)(x)
    assert y[0, 0].tolist() == [[9, 1, 1, 1], [9, 1, 1, 1], [9, 9, 9, 9], [9, 9, 9, 9]]
    assert y.dtype == np.float32
    assert Pad(1, fill=7)(pictures())[0, 0, 0, 0] == 7
    assert np.array_equal(Pad(0)(x), x)


def test_pad_modes():
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    assert Pad((2, 0), padding_mode="edge")(x)[0, 0, 0].tolist() == [1, 1, 1, 2, 3, 3, 3]
    assert Pad((2, 0), padding_mode="reflect")(x)[0, 0, 0].tolist() == [3, 2, 1, 2, 3, 2, 1]
    assert Pad((2, 0), padding_mode="symmetric")(x)[0, 0, 0].tolist() == [2, 1, 1, 2, 3, 3, 2]


def test_pad_refuses():
    with pytest.raises(ValueError, match=r"'reflect' needs a padding smaller .* 1 x 3"):
        Pad(2, padding_mode="reflect")(np.zeros((1, 1, 1, 3)))
    with pytest.raises(ValueError, match="padding_mode must be"):
        Pad(1, padding_mode="wrap")
    with pytest.raises(ValueError, match="1, 2 or 4 numbers"):
        Pad((1, 2, 3))
    with pytest.raises(ValueError, match="padding must be 0 or greater"):
        Pad(-1)
    with pytest.raises(ValueError, match="no uint8 pixel"):
        Pad(1, fill=256)(pictures())


def test_random_crop_takes_windows_of_each_image():
    x = np.arange(4 * 2 * 5 * 6, dtype=np.float32).reshape(4, 2, 5, 6)
    y = RandomCrop((3, 2))(x, rng())
    assert y.shape == (4, 2, 3, 2)
    places = set()
    for n in range(4):
        top, left = divmod(int(y[n, 0, 0, 0]) - n * 60, 6)
        assert np.array_equal(y[n], x[n, :, top : top + 3, left : left + 2])
        places.add((top, left))
    assert len(places) > 1
    assert np.array_equal(y, RandomCrop((3, 2))(x, rng()))


def test_random_crop_reaches_every_place():
    x = np.broadcast_to(np.arange(9.0).reshape(1, 1, 3, 3), (500, 1, 3, 3))
    y = RandomCrop(2)(x, rng())
    assert {int(corner) for corner in y[:, 0, 0, 0]} == {0, 1, 3, 4}


def test_random_crop_with_padding_shifts():
    x = np.ones((50, 1, 4, 4), np.uint8)
    y = RandomCrop(4, padding=1)(x, rng())
    assert y.shape == x.shape
    assert y.dtype == np.uint8
    assert {9, 12, 16} == {int(total) for total in y.sum(axis=(1, 2, 3))}


def test_random_crop_refuses():
    with pytest.raises(ValueError, match="7 x 7 does not fit into images of 6 x 7"):
        RandomCrop(7)(pictures(), rng())
    with pytest.raises(ValueError, match="needs a generator"):
        RandomCrop(2)(pictures())
    with pytest.raises(ValueError, match="size"):
        RandomCrop(0)
    with pytest.raises(ValueError, match="one number or"):
        RandomCrop((1, 2, 3))


def test_random_flip():
    x = pictures(200)
    given = x.copy()
    y = RandomHorizontalFlip()(x, rng())
    flipped = np.array([np.array_equal(b, a[:, :, ::-1]) for a, b in zip(x, y, strict=True)])
    kept = np.array([np.array_equal(b, a) for a, b in zip(x, y, strict=True)])
    assert (flipped ^ kept).all()
    assert 60 < flipped.sum() < 140
    assert np.array_equal(x, given)
    assert np.array_equal(RandomHorizontalFlip(0)(x, rng()), x)
    assert np.array_equal(RandomHorizontalFlip(1)(x, rng()), x[..., ::-1])
    with pytest.raises(ValueError, match="p must lie between 0 and 1"):
        RandomHorizontalFlip(1.5)
    with pytest.raises(ValueError, match="needs a generator"):
        RandomHorizontalFlip()(x)


@pytest.mark.parametrize("transform", [Pad(1), RandomCrop(2), RandomHorizontalFlip()])
def test_only_images_are_images(transform):
    with pytest.raises(ValueError, match=r"takes images \(N, C, H, W\), got .* \(2, 3\)"):
        transform(np.zeros((2, 3)), rng())
    with pytest.raises(ValueError, match="takes images"):
        transform(np.zeros((2, 3, 0, 4)), rng())
    with pytest.raises(TypeError, match="uint8 or float, got int64"):
        transform(np.zeros((2, 3, 4, 4), np.int64), rng())
    assert len(transform(np.zeros((0, 1, 4, 4)), rng())) == 0


def test_compose():
    both = Compose([ToFloat(), Normalize(0.5, 0.5)])
    assert both(np.uint8([[0, 255]])).tolist() == [[-1.0, 1.0]]
    assert repr(both) == "Compose([ToFloat(scale=255.0), Normalize(mean=(0.5,), std=(0.5,))])"
    assert Compose([])(3.0) == 3.0
    with pytest.raises(TypeError, match="cannot be called"):
        Compose([ToFloat(), 3])
