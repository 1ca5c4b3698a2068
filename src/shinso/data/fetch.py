"""Finding the files of a named data set on this computer, or downloading them once.

A download is checked by SHA-256 and appears in the cache under its name only when it is complete
and right; until then it has another name.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from shinso.data.errors import DataError

ENVIRONMENT = "SHINSO_DATA"
TIMEOUT_SECONDS = 30
CHUNK = 1 << 16


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded: its name, its exact size in bytes, its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """The files of a data set, and folders on the web (ending in "/") that hold all of them."""

    dataset: str
    files: tuple[RemoteFile, ...]
    mirrors: tuple[str, ...]


def cache_folder(dataset: str) -> Path:
    """Return the user's folder for downloaded data, which need not exist yet."""
    return platformdirs.user_cache_path("shinso") / "data" / dataset


def search_folders(dataset: str, data_dir: str | Path | None) -> list[Path]:
    """Return the folders to look into, best first: given, from the environment, the cache.

    Raises DataError if `data_dir` or the environment variable names a folder that does not exist.
    """
    folders: list[Path] = []
    given = (("--data-dir (data_dir)", data_dir), (ENVIRONMENT, os.environ.get(ENVIRONMENT)))
    for origin, value in given:
        if value:
            root = Path(value).expanduser()
            if not root.is_dir():
                raise DataError(f"{origin}: there is no folder {root}.")
            folders += [root / dataset, root]
    return [*folders, cache_folder(dataset)]


def find(folders: Sequence[Path], names: Sequence[str]) -> list[Path] | None:
    """Return the paths of `names` in the first folder that has all of them, or None.

    A file `x.gz` may also lie there inflated, as `x`.
    """
    for folder in folders:
        paths = []
        for name in names:
            choices = [folder / name] + ([folder / name[:-3]] if name.endswith(".gz") else [])
            paths += [path for path in choices if path.is_file()][:1]
        if len(paths) == len(names):
            return paths
    return None


def fetch(source: Source, folders: Sequence[Path]) -> list[Path]:
    """Return the paths of the files of `source`, from `folders` or else downloaded to the last one.

    Raises DataError if a file can be neither found nor downloaded (the message says which files to
    put where), or the cache cannot be written.
    """
    found = find(folders, [file.name for file in source.files])
    if found is not None:
        return found
    cache = folders[-1]
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return [_download(source, file, cache) for file in source.files]
    except DataError as error:
        raise DataError(f"{error} {_by_hand(source, folders)}") from error
    except OSError as error:
        raise DataError(
            f"{source.dataset}: cannot write to the cache {cache} ({error.strerror or error}). "
            + _by_hand(source, folders)
        ) from error


def _by_hand(source: Source, folders: Sequence[Path]) -> str:
    """Return the sentence that says which files to put where."""
    names = ", ".join(file.name for file in source.files)
    return (
        f"To use {source.dataset} without a download, get {names} (for example from "
        f"{source.mirrors[0]}) and put them into {folders[-1]}, or into any folder given with "
        f"--data-dir or {ENVIRONMENT}. Looked in {', '.join(map(str, folders))}."
    )


def _download(source: Source, file: RemoteFile, cache: Path) -> Path:
    """Download one file into the cache, unless it is there; return its path."""
    target = cache / file.name
    if target.is_file():
        return target
    problems = []
    for mirror in source.mirrors:
        try:
            _download_from(mirror + file.name, file, target)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, DataError) as error:
            problems.append(f"{mirror}: {getattr(error, 'reason', None) or error}")
        else:
            return target
    raise DataError(
        f"{source.dataset}: {file.name} could not be downloaded ({'; '.join(problems)})."
    )


def _download_from(url: str, file: RemoteFile, target: Path) -> None:
    """Download `url` to a temporary file, check it, and only then give it its name."""
    handle, name = tempfile.mkstemp(prefix=f"{file.name}.", suffix=".part", dir=target.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            digest, size = _copy(url, out.write, file.size)
        if size != file.size or digest != file.sha256:
            raise DataError(
                f"what came has {size:,} bytes and SHA-256 {digest}, expected {file.size:,} and "
                f"{file.sha256}"
            )
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(url: str, write: Callable[[bytes], object], limit: int) -> tuple[str, int]:
    """Copy `url` piece by piece, up to one byte over the limit; return (SHA-256, size)."""
    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
        while size <= limit:
            try:
                piece = response.read(min(CHUNK, limit + 1 - size))
            except OSError as error:  # the connection broke; an error of the disk comes from write
                raise urllib.error.URLError(error) from error
            if not piece:
                break
            write(piece)
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
