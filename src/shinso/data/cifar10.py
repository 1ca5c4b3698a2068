"""CIFAR-10: 32 x 32 colour photographs, from the official binary files or a tar of JPEG files.

The official "binary version" is read, as an archive or unpacked: records of one label byte and 3072
pixel bytes (1024 red, 1024 green, 1024 blue, row by row). The "python version" is a pickle, which
can run programs, and is never opened.
"""

from __future__ import annotations

import os
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np

from shinso.data.archive import tar_files
from shinso.data.dataset import ArrayDataset, check_labels
from shinso.data.errors import DataError
from shinso.data.fetch import (
    RemoteFile,
    Source,
    cache_folder,
    fetch,
    find,
    search_folders,
    sha256,
)
from shinso.data.imagefolder import image_folder_splits
from shinso.data.images import read_bytes

CIFAR10 = Source(
    "cifar10",
    (
        RemoteFile(
            "cifar-10-binary.tar.gz",
            170052171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    (
        "https://www.cs.toronto.edu/~kriz/",
        "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
    ),
)
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
TRAIN_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST_FILE = "test_batch.bin"
JPEG_ARCHIVE = "cifar10_jpg.tar.gz"
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32

Arrays = dict[str, np.ndarray]


def load_cifar10(data_dir: str | Path | None) -> tuple[ArrayDataset, ArrayDataset, str]:
    """Return (train, test, where the data came from); images uint8 (N, 3, 32, 32), labels int64.

    In each folder looked into, the unpacked binary files are preferred, then their archive, then
    `cifar10_jpg.tar.gz`, a tar of train/CLASS/*.jpg and test/CLASS/*.jpg (lossy, so accuracies are
    close to the published ones but not comparable). The decoded JPEG files are kept in the cache.

    Raises DataError if the files cannot be had or are damaged, or a label is out of range.
    """
    folders = search_folders("cifar10", data_dir)
    for folder in folders:
        inner = [folder, folder / "cifar-10-batches-bin"]
        if unpacked := find(inner, [*TRAIN_FILES, TEST_FILE]):
            data = {path.name: read_bytes(path) for path in unpacked}
            return *_from_records(data, unpacked[0].parent), str(unpacked[0].parent)
        if archive := find([folder], [CIFAR10.files[0].name]):
            return *_from_archive(archive[0]), str(archive[0])
        if archive := find([folder], [JPEG_ARCHIVE]):
            return *_from_jpeg(archive[0]), f"{archive[0]} (JPEG, lossy)"
    path = fetch(CIFAR10, folders)[0]
    return *_from_archive(path), str(path)


def _from_archive(path: Path) -> tuple[ArrayDataset, ArrayDataset]:
    """Read the official archive without unpacking it to the disk."""
    names = {*TRAIN_FILES, TEST_FILE}
    files = {parts[-1]: data for parts, data in tar_files(path, lambda parts: parts[-1] in names)}
    return _from_records(files, path)


def _from_records(files: dict[str, bytes], where: Path) -> tuple[ArrayDataset, ArrayDataset]:
    """Join the training files, and turn records into images and labels."""
    parts = []
    for name in (*TRAIN_FILES, TEST_FILE):
        if name not in files:
            raise DataError(f"{where}: {name} is missing.")
        data = files[name]
        if not data or len(data) % RECORD:
            raise DataError(
                f"{where}: {name} has {len(data):,} bytes, which is no whole number of records of "
                f"{RECORD} bytes (a label and 3 x 32 x 32 pixels)."
            )
        records = np.frombuffer(data, dtype=np.uint8).reshape(-1, RECORD)
        check_labels(records[:, 0], len(CLASSES), f"{where}: {name}")
        parts.append(records)
    return _dataset(np.concatenate(parts[:-1])), _dataset(parts[-1])


def _dataset(records: np.ndarray) -> ArrayDataset:
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, *SHAPE)
    labels = records[:, 0].astype(np.int64)
    return ArrayDataset(images, labels, classes=CLASSES, name="cifar10")


def _from_jpeg(path: Path) -> tuple[ArrayDataset, ArrayDataset]:
    """Decode an archive of JPEG files, or take what was decoded before from the cache."""
    cache = cache_folder("cifar10") / f"decoded-{sha256(path)[:32]}.npz"
    arrays = _read_cache(cache)
    if arrays is None:
        train, test = image_folder_splits(path)
        if test is None or train.classes != CLASSES or train.input_shape != SHAPE:
            raise DataError(
                f"{path}: expected 32 x 32 images in train/CLASS and test/CLASS for the classes "
                f"{', '.join(CLASSES)}; got {train.input_shape} and {train.classes}."
            )
        (x, t), (x_test, t_test) = train.arrays, test.arrays
        arrays = {"x_train": x, "t_train": t, "x_test": x_test, "t_test": t_test}
        _write_cache(cache, arrays)
    return (
        ArrayDataset(arrays["x_train"], arrays["t_train"], classes=CLASSES, name="cifar10"),
        ArrayDataset(arrays["x_test"], arrays["t_test"], classes=CLASSES, name="cifar10"),
    )


def _read_cache(path: Path) -> Arrays | None:
    """Return the arrays in the cache; None if there are none, or they are not as they should be."""
    if not path.is_file():
        return None
    try:
        # Opened here: given a path, np.load leaves a damaged file open.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("x_train", "t_train", "x_test", "t_test")}
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile):
        return None  # damaged: it is decoded again and written anew
    for part in ("train", "test"):
        x, t = arrays[f"x_{part}"], arrays[f"t_{part}"]
        if x.dtype != np.uint8 or x.shape != (len(t), *SHAPE) or t.dtype != np.int64:
            return None
    return arrays


def _write_cache(path: Path, arrays: Arrays) -> None:
    """Keep decoded arrays, whole or not at all; without room or permission it only warns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="decoded-", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                np.savez(out, **arrays)  # type: ignore[arg-type]  # the stubs think of allow_pickle
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        warnings.warn(
            f"cifar10: the decoded images could not be kept in {path.parent} "
            f"({error.strerror or error}); they will be decoded again next time.",
            stacklevel=2,
        )
