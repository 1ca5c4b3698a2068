"""Resize against Pillow's numbers; rotation against what must come out exactly."""

import numpy as np
import pytest
from PIL import Image

from shinso.data import RandomRotation, Resize
from shinso.data.resample import interpolation_matrix, rotate

SIZES = [
    ((28, 28), (32, 32)),
    ((32, 32), (13, 50)),
    ((100, 80), (7, 9)),
    ((5, 1), (8, 8)),
    ((1, 1), (4, 4)),
    ((8, 8), (28, 28)),
    ((6, 9), (6, 3)),
    ((3, 3), (1, 1)),
]


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_resize_gives_pillows_floats(old, new):
    x = np.random.default_rng(0).normal(size=(2, 3, *old)).astype(np.float32)
    y = Resize(new)(x)
    assert y.dtype == np.float32
    assert y.shape == (2, 3, *new)
    for n in range(2):
        for c in range(3):
            image = Image.fromarray(x[n, c]).resize(new[::-1], Image.Resampling.BILINEAR)
            np.testing.assert_allclose(y[n, c], np.asarray(image), rtol=0, atol=2e-6)


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_resize_gives_pillows_pixels_up_to_one_level(old, new):
    # Pillow rounds after the rows and again after the columns, we round once.
    x = np.random.default_rng(0).integers(0, 256, (1, 1, *old), dtype=np.uint8)
    y = Resize(new)(x)
    assert y.dtype == np.uint8
    image = Image.fromarray(x[0, 0]).resize(new[::-1], Image.Resampling.BILINEAR)
    assert np.abs(y[0, 0].astype(int) - np.asarray(image).astype(int)).max() <= 1


def test_resize_keeps_constants_and_float64():
    x = np.full((1, 1, 5, 7), 200, np.uint8)
    assert (Resize((11, 3))(x) == 200).all()
    assert Resize(3)(np.ones((1, 1, 5, 5))).dtype == np.float64
    assert Resize(4)(np.zeros((0, 1, 8, 8))).shape == (0, 1, 4, 4)


def test_a_size_of_one_number_is_the_shorter_side():
    x = np.zeros((1, 1, 20, 30), np.uint8)
    assert Resize(10)(x).shape == (1, 1, 10, 15)
    assert Resize(10)(x.transpose(0, 1, 3, 2)).shape == (1, 1, 15, 10)
    assert Resize(20)(x) is x
    assert Resize(1)(np.zeros((1, 1, 1, 7))).shape == (1, 1, 1, 7)


def test_resize_refuses():
    for size in (0, -1, (3, 0)):
        with pytest.raises(ValueError, match="size must be 1 or greater"):
            Resize(size)
    with pytest.raises(TypeError, match="whole number"):
        Resize((2.5, 3))
    with pytest.raises(ValueError, match="takes images"):
        Resize(3)(np.zeros((4, 4)))


def test_the_weights_of_halving_and_doubling():
    np.testing.assert_allclose(
        interpolation_matrix(2, 4), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
    )
    np.testing.assert_allclose(
        interpolation_matrix(4, 2), np.array([[3, 3, 1, 0], [0, 1, 3, 3]]) / 7
    )
    np.testing.assert_allclose(interpolation_matrix(37, 11).sum(axis=1), 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("side", [1, 4, 5])
@pytest.mark.parametrize("quarter", [-1, 0, 1, 2, 3, 4])
def test_quarter_turns_are_exact(dtype, side, quarter):
    x = np.random.default_rng(0).integers(0, 256, (2, 3, side, side)).astype(dtype)
    y = rotate(x, np.full(2, 90.0 * quarter))
    assert y.dtype == dtype
    tolerance = {np.uint8: 0, np.float32: 2e-3, np.float64: 1e-11}[dtype]
    np.testing.assert_allclose(y, np.rot90(x, quarter, axes=(2, 3)), rtol=0, atol=tolerance)


def test_rotation_is_bilinear_and_zero_outside():
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1] = 1.0  # a line through the centre
    y = rotate(x, np.array([45.0]))[0, 0]
    assert y[1, 1] == pytest.approx(1)
    # The new corner (0, 2) lies sqrt(2) to the right of the centre on the old line: half outside.
    assert y[0, 2] == pytest.approx(2 - np.sqrt(2))
    assert y[2, 0] == pytest.approx(2 - np.sqrt(2))
    assert y[0, 0] == pytest.approx(0)
    ones = rotate(np.ones((1, 1, 20, 20)), np.array([45.0]))[0, 0]
    assert ones[0, 0] == ones[0, -1] == ones[-1, 0] == ones[-1, -1] == 0
    assert ones[10, 10] == pytest.approx(1)


def test_rotation_of_an_oblong_image_by_half_a_turn():
    x = np.random.default_rng(0).normal(size=(1, 2, 3, 8))
    np.testing.assert_allclose(rotate(x, np.array([180.0])), x[:, :, ::-1, ::-1], atol=1e-12)


def test_random_rotation():
    x = np.random.default_rng(0).normal(size=(6, 1, 5, 5)).astype(np.float32)
    turn = RandomRotation(30)
    assert turn.degrees == (-30.0, 30.0)
    y = turn(x, np.random.default_rng(1))
    assert y.dtype == np.float32
    assert np.array_equal(y, turn(x, np.random.default_rng(1)))
    assert not np.array_equal(y, turn(x, np.random.default_rng(2)))
    angles = np.random.default_rng(1).uniform(-30, 30, 6)
    assert np.array_equal(y, rotate(x, angles))
    np.testing.assert_allclose(RandomRotation(0)(x, np.random.default_rng(0)), x, atol=1e-6)
    np.testing.assert_allclose(
        RandomRotation((90, 90))(x, np.random.default_rng(0)), np.rot90(x, 1, (2, 3)), atol=1e-5
    )
    assert turn(x[:0], np.random.default_rng(0)).shape == (0, 1, 5, 5)
    assert repr(turn) == "RandomRotation(degrees=(-30.0, 30.0))"


def test_random_rotation_refuses():
    for degrees in ((3, 1), (1, 2, 3), (0, float("nan")), float("inf")):
        with pytest.raises(ValueError, match="degrees must be one number or"):
            RandomRotation(degrees)
    with pytest.raises(ValueError, match="must not be negative"):
        RandomRotation(-1)
    with pytest.raises(ValueError, match="needs a generator"):
        RandomRotation(3)(np.zeros((1, 1, 2, 2)))
