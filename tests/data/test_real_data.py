"""The real files, where SHINSO_DATA says they are; skipped where it says nothing."""

import os
from pathlib import Path

import numpy as np
import pytest

from shinso.data import csv_table, image_folder_splits, load

FOLDER = os.environ.get("SHINSO_DATA")  # read here, because conftest.py takes it away from tests
pytestmark = pytest.mark.skipif(not FOLDER, reason="SHINSO_DATA is not set")


def have(name):
    path = Path(FOLDER or "") / name
    if not path.exists():
        pytest.skip(f"SHINSO_DATA has no {name}")
    return path


@pytest.mark.parametrize(
    ("name", "mean", "std", "labels"),
    [
        ("mnist", 0.1307, 0.3081, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("fashion_mnist", 0.2860, 0.3530, [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
    ],
)
def test_mnist(name, mean, std, labels):
    have(name)
    splits = load(name, data_dir=FOLDER)
    assert splits.train.arrays[0].shape == (60000, 1, 28, 28)
    assert splits.test.arrays[0].shape == (10000, 1, 28, 28)
    assert splits.mean[0] == pytest.approx(mean, abs=5e-5)
    assert splits.std[0] == pytest.approx(std, abs=5e-5)
    assert splits.train.arrays[1][:10].tolist() == labels


def test_the_wrong_folder_is_noticed():
    folder = have("mnist")
    with pytest.raises(ValueError, match="holds the files of mnist, not of fashion_mnist"):
        load("fashion_mnist", data_dir=folder)


@pytest.mark.slow
def test_cifar10():
    have("cifar10")
    splits = load("cifar10", data_dir=FOLDER)
    assert splits.train.arrays[0].shape == (50000, 3, 32, 32)
    assert np.bincount(splits.train.arrays[1]).tolist() == [5000] * 10
    assert np.bincount(splits.test.arrays[1]).tolist() == [1000] * 10
    np.testing.assert_allclose(splits.mean, (0.4913, 0.4821, 0.4465), atol=2e-3)
    np.testing.assert_allclose(splits.std, (0.2452, 0.2428, 0.2606), atol=3e-3)


def test_cats_and_dogs():
    path = have("cats_dogs/cats_dogs.tar")
    train, test = image_folder_splits(path, size=32)
    assert train.classes == ("cat", "dog")
    for part in (train, test):
        assert np.bincount(part.arrays[1]).tolist() == [1000, 1000]
    with pytest.raises(ValueError, match="give --image-size"):
        image_folder_splits(path)


def test_facebook_comment_volume():
    path = have("facebook_comment_volume/Features_Variant_1.csv.gz")
    data = csv_table(path)
    x, t = data.arrays
    assert x.shape == (40949, 53)
    assert data.classes is None
    assert t.mean(dtype=np.float64) == pytest.approx(7.323, abs=5e-4)
    assert t.max() == 1305
