"""The data sets one can ask for by name, and `load`, which gets any of them ready for training."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from shinso.data.cifar10 import load_cifar10
from shinso.data.csv_table import Task, csv_table
from shinso.data.dataset import ArrayDataset, train_test_split
from shinso.data.digits import LARGEST_PIXEL, digits
from shinso.data.errors import DataError
from shinso.data.imagefolder import image_folder_splits
from shinso.data.images import Mode
from shinso.data.mnist import CLOTHES, DIGITS, FASHION_MNIST, MNIST, load_mnist
from shinso.data.resample import Resize
from shinso.data.splits import DataSplits, mean_and_std
from shinso.data.transforms import Compose, ToFloat, height_and_width

TEST_SHARE = 0.2
MAX_SIDE = 4096  # of the images that image_size= asks for


@dataclass(frozen=True)
class DatasetInfo:
    """One line about a named data set: what it holds, where it comes from, under which licence."""

    name: str
    examples: str
    shape: str
    classes: int
    source: str
    licence: str


CATALOG = (
    DatasetInfo(
        "digits", "1,437 + 360", "1 x 8 x 8", 10,
        "UCI optical digits, Alpaydin and Kaynak 1998 (bundled)", "CC BY 4.0",
    ),
    DatasetInfo(
        "mnist", "60,000 + 10,000", "1 x 28 x 28", 10,
        "LeCun, Cortes, Burges 1998 (download, 12 MB)", "none stated; often given as CC BY-SA 3.0",
    ),
    DatasetInfo(
        "fashion_mnist", "60,000 + 10,000", "1 x 28 x 28", 10,
        "Xiao, Rasul, Vollgraf 2017 (download, 31 MB)", "MIT",
    ),
    DatasetInfo(
        "cifar10", "50,000 + 10,000", "3 x 32 x 32", 10,
        "Krizhevsky 2009 (download, 170 MB)", "none stated; cite the report",
    ),
)  # fmt: skip
SPECS = ("imagefolder:PATH", "csv:PATH")


def names() -> tuple[DatasetInfo, ...]:
    """Return one entry per named data set; besides them there are imagefolder:PATH and csv:PATH."""
    return CATALOG


def load(
    name_or_spec: str,
    data_dir: str | Path | None = None,
    image_size: int | tuple[int, int] | None = None,
    target: int | str | None = None,
    *,
    task: Task | None = None,
    header: bool | Literal["auto"] = "auto",
    delimiter: str | None = None,
    mode: Mode = "RGB",
    seed: int = 0,
) -> DataSplits:
    """Load a data set by name, or your own: "imagefolder:PATH" or "csv:PATH".

    Named sets are looked for in `data_dir`, in the folder that the environment variable SHINSO_DATA
    names, and in the user's cache; what is nowhere is downloaded into the cache. Your own data is
    split at random (a fifth for the test, stratified) if it has no test part of its own.

    name_or_spec: "digits", "mnist", "fashion_mnist", "cifar10", "imagefolder:PATH" or "csv:PATH".
    data_dir: the folder with the files, or with a folder named like the data set.
    image_size: resize images to (height, width); one number means a square.
    target: csv only: the column to predict. header, delimiter: csv only. See `csv_table` for them.
    task: csv only: "classification" or "regression" if the guess would be wrong.
    mode: imagefolder only: "RGB", or "L" for grey. seed: decides the split of your own data.
    Raises DataError for an unknown name (the nearest is suggested), a file that is missing or bad,
    and an option that the data set has no use for.
    """
    kind, colon, path = name_or_spec.partition(":")
    _check_size(image_size)
    if kind == "csv" and image_size is not None:
        raise DataError(f"{name_or_spec}: a table has no images; leave --image-size out.")
    if kind != "csv" and not (target is None and task is None):
        raise DataError(f"{name_or_spec}: only csv:PATH takes a target column and a task.")
    if colon and kind == "imagefolder":
        given = Path(path).expanduser()
        train, test = image_folder_splits(_required(given, path, kind), image_size, mode)
        return _splits(train, test, given.name, str(given), seed=seed)
    if colon and kind == "csv":
        given = Path(path).expanduser()
        table = csv_table(_required(given, path, kind), target, header, delimiter, task)
        return _splits(table, None, given.name, str(given), seed=seed, scale=None)
    square = (image_size, image_size) if isinstance(image_size, int) else image_size
    if name_or_spec == "digits":
        train, test = digits("train"), digits("test")
        return _splits(train, test, "digits", "bundled", size=square, scale=LARGEST_PIXEL)
    if name_or_spec == "mnist":
        train, test, where = load_mnist(MNIST, DIGITS, data_dir)
    elif name_or_spec == "fashion_mnist":
        train, test, where = load_mnist(FASHION_MNIST, CLOTHES, data_dir)
    elif name_or_spec == "cifar10":
        train, test, where = load_cifar10(data_dir)
    else:
        raise DataError(_unknown(name_or_spec))
    return _splits(train, test, name_or_spec, where, size=square)


def _splits(
    train: ArrayDataset,
    test: ArrayDataset | None,
    name: str,
    source: str,
    *,
    size: tuple[int, int] | None = None,
    scale: float | None = 255.0,
    seed: int = 0,
) -> DataSplits:
    """Split if need be, measure the training part, and add the transform to floats and size.

    `scale` is the pixel value that becomes 1; None leaves the inputs as they are.
    """
    divided = test is None
    if test is None:
        if len(train) < 2:
            raise DataError(f"{source}: {len(train)} example is too few to split for a test.")
        train, test = train_test_split(train, TEST_SHARE, seed)
    mean, std = mean_and_std(train.arrays[0], scale or 1.0)
    transform = None
    if scale is not None:
        transform = Compose([ToFloat(scale)] if size is None else [ToFloat(scale), Resize(size)])
    parts = [
        ArrayDataset(*part.arrays, classes=part.classes, name=name, transform=transform)
        for part in (train, test)
    ]
    return DataSplits(
        train=parts[0],
        test=parts[1],
        name=name,
        task="regression" if train.classes is None else "classification",
        classes=train.classes,
        mean=mean,
        std=std,
        input_shape=parts[0].input_shape,
        source=source,
        divided=divided,
    )


def _check_size(size: int | tuple[int, int] | None) -> None:
    """Raise if images of this size would fill the memory before anything can complain."""
    if size is None:
        return
    height, width = height_and_width(size, "load")
    if height * width > MAX_SIDE**2:
        raise DataError(
            f"images of {height} x {width} pixels are too large; --image-size (image_size=) goes "
            f"up to {MAX_SIDE}."
        )


def _required(path: Path, text: str, kind: str) -> Path:
    """Return `path`, or raise that the spec has none."""
    if not text:
        raise DataError(f"{kind}: needs a path, as in {kind}:data/mine.")
    return path


def _unknown(name: str) -> str:
    """Return the message for a name that is not in the catalog."""
    known = [info.name for info in CATALOG]
    near = get_close_matches(name.lower(), known, 1, cutoff=0.5)
    if ":" in name:
        near = get_close_matches(name.partition(":")[0], ["imagefolder", "csv"], 1, cutoff=0.5)
        near = [f"{kind}:{name.partition(':')[2]}" for kind in near]
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"There is no data set {name!r}. {hint}Known are {', '.join((*known, *SPECS))}."
