"""The bundled digits: all there, unchanged, split for good."""

import hashlib

import numpy as np
import pytest

from shinso.data import ToFloat, digits
from shinso.data.digits import FILE


def test_both_parts():
    train, test = digits(), digits("test")
    assert train.arrays[0].shape == (1437, 1, 8, 8)
    assert test.arrays[0].shape == (360, 1, 8, 8)
    for part in (train, test):
        assert part.arrays[0].dtype == np.uint8
        assert part.arrays[1].dtype == np.int64
        assert part.arrays[0].max() == 16
        assert part.classes == tuple("0123456789")
        assert part.name == "digits"
    counts = [np.bincount(part.arrays[1]) for part in (train, test)]
    assert (counts[0] + counts[1]).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert counts[1].tolist() == [36, 37, 35, 37, 36, 36, 36, 36, 35, 36]


def test_the_split_never_changes():
    # Reported accuracies belong to this split.
    found = hashlib.sha256(digits("test").arrays[0].tobytes()).hexdigest()
    assert found[:16] == "70e9b9bcacd07fc2"


def test_the_pixels_are_those_of_the_source():
    with np.load(FILE, allow_pickle=False) as file:
        assert file["images"].shape == (1797, 8, 8)
        assert int(file["images"].sum()) == 561718
        assert file["images"][0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
        assert file["labels"][:10].tolist() == list(range(10))


def test_the_licence_stands_beside_the_file():
    text = (FILE.parent / "LICENSE-digits.txt").read_text(encoding="utf-8")
    assert "CC BY 4.0" in text
    assert "10.24432/C50P49" in text


def test_a_transform_and_a_wrong_split():
    x, _ = digits("test", transform=ToFloat(16))[:]
    assert x.max() == 1.0
    with pytest.raises(ValueError, match="'train' or 'test', got 'val'"):
        digits("val")
