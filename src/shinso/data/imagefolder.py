"""Images sorted into one folder per class, in a folder or in a tar archive.

    flowers/rose/1.jpg            one folder per class; the caller splits
    flowers/tulip/2.png

    pets/train/cat/1.jpg          train, and test (or val, valid, validation), above the classes
    pets/test/dog/9.jpg

One folder around all of it, as archives often have, makes no difference.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shinso.data.archive import (
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    Parts,
    is_tar_name,
    tar_files,
    tar_names,
)
from shinso.data.bounded import file_errors
from shinso.data.dataset import ArrayDataset
from shinso.data.errors import DataError
from shinso.data.images import SUFFIXES, Mode, read_bytes, read_image
from shinso.data.prefetch import ordered_map
from shinso.data.transforms import height_and_width

MAX_DECODED_BYTES = 8 << 30
IMAGES_PER_TASK = 64
# Measured on two cores: decoding 32 x 32 JPEGs (1 kB) in threads takes 1.6 times as long as without
# (they wait for the interpreter's lock), 128 x 128 (6 kB) the same, 512 x 512 (85 kB) 0.4 times.
BYTES_WORTH_A_THREAD = 8192
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}


class ImageFile(NamedTuple):
    """Where an image is: its part ("" if there are no parts), its class, its path in the folder."""

    split: str
    label: str
    parts: Parts


def image_folder(
    path: str | Path,
    size: int | tuple[int, int] | None = None,
    split: str | None = None,
    mode: Mode = "RGB",
) -> ArrayDataset:
    """Read a folder (or .tar, .tar.gz, .tgz) of class folders into memory.

    path: the folder or archive. size: resize every image to (height, width); one number means a
    square. Without it, all images must have the same size.
    split: "train", "test" or "val" if the folder has such parts; None takes all images. mode: "RGB"
    or "L" (grey).
    Returns images uint8 (N, C, H, W) sorted by part, class and file name, and labels int64 (N,);
    `classes` are the names of the class folders, sorted.
    Raises DataError, naming the file, for a broken image, different sizes, a link that leads out of
    the folder, an archive over the limits, no images, no such part, no Pillow.
    """
    path = Path(path)
    files = arrange(_names(path), path)
    classes = sorted({file.label for file in files})
    if split is not None:
        files = [file for file in files if file.split == split]
        if not files:
            raise DataError(
                f"{path}: has no part {split!r} (a folder {split!r} above the classes)."
            )
    return _read(path, files, classes, size, mode)


def image_folder_splits(
    path: str | Path, size: int | tuple[int, int] | None = None, mode: Mode = "RGB"
) -> tuple[ArrayDataset, ArrayDataset | None]:
    """Read the training and the test part of a folder or archive; see `image_folder`.

    Returns (train, test). `test` is the part "test", or "val" if there is no "test"; it is None if
    the folder has neither, and then `train` holds all images.
    Raises DataError as `image_folder` does, and for a test part without a training part.
    """
    path = Path(path)
    files = arrange(_names(path), path)
    classes = sorted({file.label for file in files})
    present = {file.split for file in files}
    if present == {""} or present == {"train"}:
        return _read(path, files, classes, size, mode), None
    if "train" not in present:
        raise DataError(f"{path}: has a part {sorted(present)[0]!r} but no part 'train'.")
    held_out = "test" if "test" in present else "val"
    used = [file for part in ("train", held_out) for file in files if file.split == part]
    both = _read(path, used, classes, size, mode)
    count = sum(file.split == "train" for file in used)
    images, labels = both.arrays
    return (
        ArrayDataset(images[:count], labels[:count], classes=classes, name=path.name),
        ArrayDataset(images[count:], labels[count:], classes=classes, name=path.name),
    )


def arrange(names: Sequence[Parts], where: Path) -> list[ImageFile]:
    """Find out which part and class each image belongs to, from the names alone.

    Raises DataError if there is no image, or one lies outside a class folder.
    """
    images = sorted(name for name in names if _is_image(name))
    if not images:
        raise DataError(
            f"{where}: no images found. Put them into one folder per class; "
            f"the names must end in {', '.join(SUFFIXES)}."
        )
    skip = 0
    if len({name[0] for name in images}) == 1 and images[0][0].lower() not in SPLITS:
        skip = 1 if all(len(name) > 2 for name in images) else 0
    tops = {name[skip].lower() for name in images if len(name) > skip + 1}
    has_splits = bool(tops & SPLITS.keys())
    if has_splits and not tops <= SPLITS.keys():
        other = sorted(tops - SPLITS.keys())[0]
        part = sorted(tops & SPLITS.keys())[0]
        raise DataError(f"{where}: folder {other!r} lies beside {part!r}; is it a class or a part?")
    files = []
    for name in images:
        inner = name[skip + has_splits :]
        if len(inner) < 2:
            raise DataError(f"{where}: {'/'.join(name)} lies outside a class folder.")
        split = SPLITS[name[skip].lower()] if has_splits else ""
        files.append(ImageFile(split, inner[0], name))
    return files


def _is_image(name: Parts) -> bool:
    """Return whether a name is that of an image; hidden files and other files are passed over."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in name)
    return not hidden and name[-1].lower().endswith(SUFFIXES)


def _names(path: Path) -> list[Parts]:
    """Return the names of all files in a folder or archive."""
    if path.is_dir():
        return _folder_names(path)
    if is_tar_name(path):
        return tar_names(path)
    with file_errors(path):
        path.stat()
    raise DataError(f"{path}: is neither a folder nor a .tar, .tar.gz or .tgz archive.")


def _folder_names(root: Path) -> list[Parts]:
    """Return the names of all files below a folder; links must not lead out of it."""

    def fail(error: OSError) -> None:
        with file_errors(Path(error.filename or root)):
            raise error

    inside = root.resolve()
    names: list[Parts] = []
    for folder, folders, files in os.walk(root, onerror=fail):
        for name in folders:
            if Path(folder, name).is_symlink():
                raise DataError(f"{Path(folder, name)}: is a link to a folder; links are refused.")
        for name in files:
            file = Path(folder, name)
            if file.is_symlink() and not file.resolve().is_relative_to(inside):
                raise DataError(f"{file}: is a link that leads out of {root}; it is refused.")
            names.append(file.relative_to(root).parts)
        if len(names) > MAX_MEMBERS:
            raise DataError(f"{root}: more than the allowed {MAX_MEMBERS:,} files.")
    return names


def _contents(path: Path, files: Sequence[ImageFile]) -> Iterator[tuple[int, str, bytes]]:
    """Yield (position in `files`, name for messages, bytes) of each file, in any order."""
    if path.is_dir():
        for position, file in enumerate(files):
            name = path.joinpath(*file.parts)
            yield position, str(name), read_bytes(name, MAX_MEMBER_BYTES)
        return
    positions = {file.parts: position for position, file in enumerate(files)}
    for parts, data in tar_files(path, positions.__contains__):
        if parts in positions:
            yield positions[parts], f"{path}: {'/'.join(parts)}", data


def _read(
    path: Path,
    files: Sequence[ImageFile],
    classes: Sequence[str],
    size: int | tuple[int, int] | None,
    mode: Mode,
) -> ArrayDataset:
    """Decode the files, in threads, into one array."""
    target = None if size is None else height_and_width(size, "image_folder")
    if target is not None:
        _check_memory(path, len(files), *target, mode)
    contents = _contents(path, files)
    position, first_name, data = next(contents)
    first = read_image(data, first_name, mode, target)
    _check_memory(path, len(files), first.shape[1], first.shape[2], mode)
    images = np.empty((len(files), *first.shape), dtype=np.uint8)
    images[position] = first

    def decode(task: list[tuple[int, str, bytes]]) -> int:
        for position, name, data in task:
            images[position] = _same_size(read_image(data, name, mode, target), first, name)
        return len(task)

    workers = min(4, os.cpu_count() or 1) if len(data) >= BYTES_WORTH_A_THREAD else 0
    done = 1 + sum(ordered_map(decode, _tasks(contents), workers, 2 * workers))
    if done != len(files):
        raise DataError(f"{path}: changed while it was read.")
    numbers = {label: number for number, label in enumerate(classes)}
    labels = np.array([numbers[file.label] for file in files], dtype=np.int64)
    return ArrayDataset(images, labels, classes=classes, name=path.name)


def _check_memory(path: Path, count: int, height: int, width: int, mode: Mode) -> None:
    """Raise if so many images of this size are too much to hold."""
    if count * height * width * len(mode) > MAX_DECODED_BYTES:
        raise DataError(
            f"{path}: {count:,} images of {height} x {width} take more than "
            f"{MAX_DECODED_BYTES:,} bytes; make them smaller with --image-size."
        )


def _same_size(image: NDArray[np.uint8], first: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Return `image` if it has the size of the first one."""
    if image.shape != first.shape:
        raise DataError(
            f"{name}: {image.shape[1]} x {image.shape[2]} pixels (height x width), but an image "
            f"before it has {first.shape[1]} x {first.shape[2]}; give --image-size (size=) to "
            "bring all to one size."
        )
    return image


def _tasks(
    contents: Iterator[tuple[int, str, bytes]],
) -> Iterator[list[tuple[int, str, bytes]]]:
    """Group files: decoding a tiny image is too little work to hand over alone."""
    task: list[tuple[int, str, bytes]] = []
    for item in contents:
        task.append(item)
        if len(task) == IMAGES_PER_TASK:
            yield task
            task = []
    if task:
        yield task
