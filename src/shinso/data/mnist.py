"""MNIST and Fashion-MNIST: 28 x 28 grey images in four IDX files each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shinso.data.dataset import ArrayDataset, check_labels
from shinso.data.errors import DataError
from shinso.data.fetch import RemoteFile, Source, fetch, search_folders, sha256
from shinso.data.idx import read_idx

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def _source(dataset: str, checks: Sequence[tuple[int, str]], mirrors: tuple[str, ...]) -> Source:
    files = (RemoteFile(name, *check) for name, check in zip(FILES, checks, strict=True))
    return Source(dataset, tuple(files), mirrors)


MNIST = _source(
    "mnist",
    (
        (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)
FASHION_MNIST = _source(
    "fashion_mnist",
    (
        (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
)


def load_mnist(
    source: Source, classes: Sequence[str], data_dir: str | Path | None
) -> tuple[ArrayDataset, ArrayDataset, str]:
    """Return (train, test, where the files are); images uint8 (N, 1, H, W), labels int64 (N,).

    source: `MNIST` or `FASHION_MNIST`. classes: the names of the classes. data_dir: a folder to
    look into first.
    Raises DataError if the files cannot be had, are damaged, do not fit together, or are those of
    the other data set, which has the same file names.
    """
    paths = fetch(source, search_folders(source.dataset, data_dir))
    _check_not_the_other(source, paths)
    train = _read_part(paths[0], paths[1], source.dataset, classes)
    test = _read_part(paths[2], paths[3], source.dataset, classes)
    if train.input_shape != test.input_shape:
        raise DataError(
            f"{paths[2]}: images of shape {test.input_shape}, but the training images have "
            f"{train.input_shape}."
        )
    return train, test, str(paths[0].parent)


def _read_part(
    images_path: Path, labels_path: Path, name: str, classes: Sequence[str]
) -> ArrayDataset:
    """Read a file of images and one of labels that belong together."""
    images, labels = read_idx(images_path), read_idx(labels_path)
    if images.ndim != 3 or images.dtype.name != "uint8" or images.size == 0:
        raise DataError(
            f"{images_path}: expected uint8 images (N, height, width), got {images.dtype} "
            f"{images.shape}."
        )
    check_labels(labels, len(classes), str(labels_path))
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: {len(labels)} labels, but {images_path.name} has {len(images)} images."
        )
    return ArrayDataset(images[:, None], labels.astype("int64"), classes=classes, name=name)


def _check_not_the_other(source: Source, paths: Sequence[Path]) -> None:
    """Raise if the training labels are those of the other data set with the same file names."""
    found = sha256(paths[1])
    for other in (MNIST, FASHION_MNIST):
        if other is not source and found == other.files[1].sha256:
            raise DataError(
                f"{paths[1].parent}: holds the files of {other.dataset}, not of {source.dataset}. "
                f"Put each data set into a folder of its own name."
            )
