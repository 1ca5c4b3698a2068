"""Photographs as published weights expect them: torchvision's pixels and floats, bit for bit."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from shinso.data import DataError, ImagePreprocessing

GOLDEN = Path(__file__).parent.parent / "golden" / "preprocessing"


def load_cases():
    spec = importlib.util.spec_from_file_location("cases", GOLDEN / "preprocessing_cases.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CASES = load_cases()


@pytest.mark.parametrize("name", CASES.CASES)
def test_the_same_bits_as_torchvision(name):
    (_, _, channels), resize, crop, interpolation = CASES.CASES[name]
    prepare = ImagePreprocessing(
        resize, crop, CASES.MEAN[:channels], CASES.STD[:channels], interpolation
    )
    pixels = np.ascontiguousarray(CASES.image(name).transpose(2, 0, 1))
    with np.load(GOLDEN / "preprocessing.npz") as golden:
        small = prepare.pixels(pixels)
        np.testing.assert_array_equal(small.transpose(1, 2, 0), golden[f"{name}/pixels"])
        floats = prepare(pixels)
        assert floats.dtype == np.float32
        assert floats.shape == (channels, crop, crop)
        np.testing.assert_array_equal(floats[:, ::5, ::5], golden[f"{name}/floats"])


def test_the_golden_file_has_these_cases():
    with np.load(GOLDEN / "preprocessing.npz") as golden:
        assert {key.split("/")[0] for key in golden.files} == set(CASES.CASES)


def test_the_default_is_torchvisions_for_imagenet():
    x = ImagePreprocessing()(np.full((3, 300, 500), 255, np.uint8))
    assert x.shape == (3, 224, 224)
    np.testing.assert_allclose(x[:, 0, 0], [2.2489, 2.4286, 2.64], atol=1e-4)


def test_the_input_is_left_alone():
    pixels = np.arange(3 * 9 * 9, dtype=np.uint8).reshape(3, 9, 9)
    before = pixels.copy()
    prepare = ImagePreprocessing(9, 9)
    result = prepare.pixels(pixels)
    result[:] = 0
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"resize": 0}, "resize must be a whole number from 1"),
        ({"crop": 2.5}, "crop must be a whole number"),
        ({"crop": 1 << 20}, "crop must be"),
        ({"mean": (0.5,)}, "one number per channel each"),
        ({"mean": (0.5, np.nan, 0.5)}, "one number per channel each"),
        ({"std": (0.5, 0.0, 0.5)}, "std must be positive"),
        ({"mean": (), "std": ()}, "std must be positive"),
        ({"interpolation": "nearest"}, "bilinear, bicubic, not 'nearest'"),
    ],
)
def test_wrong_settings(arguments, says):
    with pytest.raises(ValueError, match=says):
        ImagePreprocessing(**arguments)


def test_wrong_images():
    prepare = ImagePreprocessing(8, 8)
    with pytest.raises(TypeError, match="uint8, as read_image gives them, not float32"):
        prepare(np.zeros((3, 9, 9), np.float32))
    with pytest.raises(TypeError, match="not list"):
        prepare([[1]])
    for shape in ((9, 9), (2, 9, 9), (1, 3, 9, 9), (3, 0, 9)):
        with pytest.raises(ValueError, match=r"one image, \(C, H, W\) of 1 or 3 channels"):
            prepare(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="3 numbers for an image of 1 channels"):
        prepare(np.zeros((1, 9, 9), np.uint8))
    with pytest.raises(DataError, match="less extreme shape"):
        ImagePreprocessing(256, 224)(np.zeros((3, 1, 1000), np.uint8))


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="needs Pillow"):
        ImagePreprocessing(8, 8)(np.zeros((3, 20, 9), np.uint8))
    assert ImagePreprocessing(9, 8)(np.zeros((3, 9, 9), np.uint8)).shape == (3, 8, 8)
