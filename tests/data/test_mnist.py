"""MNIST-like files: found, read, and checked against one another."""

import gzip
import struct

import numpy as np
import pytest

from shinso.data import DataError, load
from shinso.data import mnist as mnist_module
from shinso.data.mnist import FASHION_MNIST, FILES, MNIST


def idx(array):
    array = np.asarray(array, dtype=np.uint8)
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}i", *array.shape)
        + (array.tobytes())
    )


def contents(side=28, n=12):
    rng = np.random.default_rng(0)
    files = []
    for count in (n, 5):
        files += [rng.integers(0, 256, (count, side, side)), np.arange(count) % 10]
    return dict(zip(FILES, map(idx, files), strict=True))


def put(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("place", ["", "own"])
def test_load(tmp_path, name, place):
    put(tmp_path / name if place == "own" else tmp_path, contents())
    splits = load(name, data_dir=tmp_path)
    assert splits.name == name
    assert splits.task == "classification"
    assert splits.input_shape == (1, 28, 28)
    assert (len(splits.train), len(splits.test)) == (12, 5)
    assert len(splits.classes) == 10
    x, t = splits.train[:]
    assert x.dtype == np.float32
    assert t.dtype == np.int64
    assert 0.99 < x.max() <= 1.0
    assert splits.mean[0] == pytest.approx(x.mean(dtype=np.float64), abs=1e-7)
    assert splits.std[0] == pytest.approx(x.std(dtype=np.float64), abs=1e-7)
    assert splits.train.arrays[0].dtype == np.uint8
    assert str(tmp_path) in splits.source


def test_from_the_environment_and_the_cache(tmp_path, monkeypatch, cache):
    put(cache / "shinso" / "data" / "mnist", contents(n=20))
    assert len(load("mnist").train) == 20
    put(tmp_path, contents(n=11))
    monkeypatch.setenv("SHINSO_DATA", str(tmp_path))
    assert len(load("mnist").train) == 11


def test_inflated_files(tmp_path):
    put(tmp_path, {name.removesuffix(".gz"): data for name, data in contents().items()})
    assert len(load("mnist", data_dir=tmp_path).train) == 12


def test_image_size(tmp_path):
    put(tmp_path, contents())
    splits = load("mnist", data_dir=tmp_path, image_size=32)
    assert splits.input_shape == (1, 32, 32)
    assert splits.test[:2][0].shape == (2, 1, 32, 32)
    assert load("mnist", data_dir=tmp_path, image_size=(9, 7)).input_shape == (1, 9, 7)


@pytest.mark.parametrize(
    ("position", "array", "message"),
    [
        (1, np.arange(11) % 10, r"train-labels.*: 11 labels, but train-images.* has 12 images"),
        (3, [0, 1, 10, 2, 3], r"t10k-labels.*: label 10 of example 2 is out of range.* 0 to 9"),
        (1, np.zeros((12, 1)), r"train-labels.*must be whole numbers of shape \(N,\)"),
        (0, np.zeros((12, 784)), r"train-images.*expected uint8 images"),
        (0, np.zeros((0, 28, 28)), r"train-images.*expected uint8 images"),
        (2, np.zeros((5, 27, 28)), r"t10k-images.*\(1, 27, 28\), but the training .*\(1, 28, 28\)"),
    ],
)
def test_files_that_do_not_fit_together(tmp_path, position, array, message):
    put(tmp_path, contents() | {FILES[position]: idx(array)})
    with pytest.raises(DataError, match=message):
        load("mnist", data_dir=tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    put(tmp_path, contents())
    path = tmp_path / FILES[0]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: gzip file cut short"):
        load("mnist", data_dir=tmp_path)


def test_the_files_of_the_other_data_set(tmp_path, monkeypatch):
    put(tmp_path, contents())
    monkeypatch.setattr(mnist_module, "sha256", lambda path: MNIST.files[1].sha256)
    assert load("mnist", data_dir=tmp_path)
    with pytest.raises(DataError, match="holds the files of mnist, not of fashion_mnist"):
        load("fashion_mnist", data_dir=tmp_path)


@pytest.mark.parametrize("source", [MNIST, FASHION_MNIST])
def test_without_files_and_network_all_four_are_named(source, cache):
    with pytest.raises(DataError) as caught:
        load(source.dataset)
    assert ", ".join(FILES) in str(caught.value)
    assert str(cache / "shinso" / "data" / source.dataset) in str(caught.value)


def test_sources():
    for source in (MNIST, FASHION_MNIST):
        assert [file.name for file in source.files] == list(FILES)
        assert all(len(file.sha256) == 64 for file in source.files)
        assert all(mirror.startswith("https://") and mirror[-1] == "/" for mirror in source.mirrors)
