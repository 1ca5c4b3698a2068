"""CIFAR-10 from binary files, their archive, or a tar of JPEG files; the cache of the latter."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from shinso.data import DataError, load
from shinso.data import cifar10 as cifar10_module
from shinso.data.cifar10 import CIFAR10, CLASSES, JPEG_ARCHIVE, TEST_FILE, TRAIN_FILES


def records(n, seed=0):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (n, 3073), dtype=np.uint8)
    table[:, 0] %= 10
    return table


def binary_files():
    return {name: records(4, seed).tobytes() for seed, name in enumerate((*TRAIN_FILES, TEST_FILE))}


def make_tar(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def jpeg(value, side=32):
    out = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), value, np.uint8)).save(out, "JPEG")
    return out.getvalue()


def jpeg_files(side=32, classes=CLASSES):
    return {
        f"cifar10/{part}/{label}/{number}.jpg": jpeg(10 * k + number, side)
        for k, label in enumerate(classes)
        for part, count in (("train", 2), ("test", 1))
        for number in range(count)
    }


def check(splits):
    assert splits.classes == CLASSES
    assert splits.input_shape == (3, 32, 32)
    assert (len(splits.train), len(splits.test)) == (20, 4)
    x, t = splits.train.arrays
    table = np.concatenate([records(4, seed) for seed in range(5)])
    assert np.array_equal(t, table[:, 0])
    assert np.array_equal(x[7, 0, 3], table[7, 1 + 3 * 32 : 1 + 4 * 32])
    assert np.array_equal(x[7, 2, 31], table[7, -32:])


@pytest.mark.parametrize("place", ["", "cifar10", "cifar-10-batches-bin"])
def test_binary_files(tmp_path, place):
    (tmp_path / place).mkdir(exist_ok=True)
    for name, data in binary_files().items():
        (tmp_path / place / name).write_bytes(data)
    check(load("cifar10", data_dir=tmp_path))


def test_the_archive_of_binary_files(tmp_path):
    files = {f"cifar-10-batches-bin/{name}": data for name, data in binary_files().items()}
    files["cifar-10-batches-bin/readme.html"] = b"hi"
    make_tar(tmp_path / "cifar-10-binary.tar.gz", files)
    check(load("cifar10", data_dir=tmp_path))


def test_binary_files_come_before_jpeg(tmp_path):
    make_tar(tmp_path / "cifar-10-binary.tar.gz", binary_files())
    make_tar(tmp_path / JPEG_ARCHIVE, jpeg_files())
    assert "JPEG" not in load("cifar10", data_dir=tmp_path).source


def test_bad_binary_files(tmp_path):
    path = tmp_path / "cifar-10-binary.tar.gz"
    make_tar(path, {k: v for k, v in binary_files().items() if k != "data_batch_3.bin"})
    with pytest.raises(DataError, match=r"data_batch_3\.bin is missing"):
        load("cifar10", data_dir=tmp_path)
    for data in (b"", records(2).tobytes()[:-1], b"x"):
        make_tar(path, binary_files() | {TEST_FILE: data})
        with pytest.raises(DataError, match=r"test_batch\.bin has .* no whole number of records"):
            load("cifar10", data_dir=tmp_path)
    table = records(4)
    table[2, 0] = 10
    make_tar(path, binary_files() | {TEST_FILE: table.tobytes()})
    with pytest.raises(DataError, match=r"test_batch\.bin: label 10 of example 2"):
        load("cifar10", data_dir=tmp_path)


def test_jpeg_files_and_their_cache(tmp_path, cache, monkeypatch):
    make_tar(tmp_path / "cifar10" / JPEG_ARCHIVE, jpeg_files())
    splits = load("cifar10", data_dir=tmp_path)
    assert splits.classes == CLASSES
    assert (len(splits.train), len(splits.test)) == (20, 10)
    assert "JPEG, lossy" in splits.source
    assert splits.test.arrays[1].tolist() == list(range(10))
    assert splits.test.arrays[0][:, 0, 0, 0].tolist() == [10 * k for k in range(10)]

    monkeypatch.setattr(cifar10_module, "image_folder_splits", None)  # must not be needed again
    again = load("cifar10", data_dir=tmp_path)
    assert np.array_equal(again.train.arrays[0], splits.train.arrays[0])
    assert np.array_equal(again.test.arrays[1], splits.test.arrays[1])
    monkeypatch.undo()


def test_a_damaged_cache_is_made_anew(tmp_path, cache):
    make_tar(tmp_path / JPEG_ARCHIVE, jpeg_files())
    good = load("cifar10", data_dir=tmp_path).train.arrays[0]
    [path] = (cache / "shinso" / "data" / "cifar10").iterdir()
    content = path.read_bytes()
    pickled = io.BytesIO()
    np.savez(pickled, x_train=np.array([{}], dtype=object), t_train=1, x_test=1, t_test=1)
    other = io.BytesIO()
    np.savez(other, x_train=good[:3], t_train=np.zeros(2), x_test=good, t_test=np.zeros(2))
    for bad in (
        b"",
        b"rubbish",
        content[: len(content) // 2],
        pickled.getvalue(),
        other.getvalue(),
    ):
        path.write_bytes(bad)
        assert np.array_equal(load("cifar10", data_dir=tmp_path).train.arrays[0], good)
        assert path.read_bytes() == content
        assert len(list(path.parent.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    make_tar(tmp_path / JPEG_ARCHIVE, jpeg_files())

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.warns(UserWarning, match="could not be kept in .*Permission denied"):
        assert len(load("cifar10", data_dir=tmp_path).train) == 20


@pytest.mark.parametrize(
    "files",
    [jpeg_files(side=16), jpeg_files(classes=CLASSES[:9]), {"a/b/1.jpg": jpeg(1)}],
    ids=["size", "classes", "parts"],
)
def test_an_archive_of_something_else(tmp_path, files, cache):
    make_tar(tmp_path / JPEG_ARCHIVE, files)
    with pytest.raises(DataError, match="expected 32 x 32 images in train/CLASS and test/CLASS"):
        load("cifar10", data_dir=tmp_path)
    assert not (cache / "shinso").exists()


def test_without_files_and_network(cache):
    with pytest.raises(DataError, match=r"get cifar-10-binary\.tar\.gz .*put them into"):
        load("cifar10")
    assert len(CIFAR10.files[0].sha256) == 64


def test_the_python_version_is_not_opened(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(b"pickle")
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"pickle")
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz"):
        load("cifar10", data_dir=tmp_path)
