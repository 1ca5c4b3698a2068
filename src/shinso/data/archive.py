"""Going through the files of a tar archive in memory, without unpacking anything to the disk.

Nothing in an archive is trusted: links, devices, absolute names and names that climb with ".." are
refused; so are archives with too many files or too many bytes, counted while they are inflated.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shinso.data.bounded import BoundedFile
from shinso.data.errors import DataError

MAX_MEMBERS = 500_000
MAX_MEMBER_BYTES = 64 << 20
MAX_TOTAL_BYTES = 8 << 30
BLOCK = 512

Parts = tuple[str, ...]


def is_tar_name(path: Path) -> bool:
    """Return whether a file is named as a tar archive: .tar, .tar.gz or .tgz."""
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz"))


def tar_names(path: Path) -> list[Parts]:
    """Return the names of all files in the archive, each as a tuple of folders and file name.

    Raises DataError as `tar_files` does.
    """
    return [parts for parts, _ in tar_files(path, lambda parts: False)]


def tar_files(path: Path, wanted: Callable[[Parts], bool]) -> Iterator[tuple[Parts, bytes]]:
    """Yield (name, content) of each file in the archive; content is empty unless `wanted(name)`.

    Raises DataError for what is no tar archive, damaged or cut short, for a link, a device, a name
    that leaves the archive's folder, a name that comes twice, and an archive over the limits.
    """
    seen: set[Parts] = set()
    with BoundedFile(path, MAX_TOTAL_BYTES, MAX_MEMBER_BYTES) as file:
        with _tar_errors(path):
            tar = tarfile.TarFile(fileobj=file, mode="r")
        while True:
            with _tar_errors(path):
                member = tar.next()
            tar.members.clear()  # type: ignore[attr-defined]  # it would keep every header
            if member is None:
                break
            parts = _checked_name(path, member)
            if member.isdir():
                continue
            if parts in seen:
                raise DataError(f"{path}: {member.name!r} is in the archive twice.")
            seen.add(parts)
            if len(seen) > MAX_MEMBERS:
                raise DataError(f"{path}: more than the allowed {MAX_MEMBERS:,} files.")
            yield parts, _content(file, member) if wanted(parts) else b""
        _check_end(file, tar.offset)


def _checked_name(path: Path, member: tarfile.TarInfo) -> Parts:
    """Return the name of a member in parts, after checking what and where it is."""
    name = member.name
    if member.issym() or member.islnk():
        raise DataError(f"{path}: {name!r} is a link to {member.linkname!r}; links are refused.")
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise DataError(f"{path}: {name!r} is neither a plain file nor a folder; it is refused.")
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    if name.startswith(("/", "\\")) or ".." in parts or (parts and ":" in parts[0]):
        raise DataError(f"{path}: the name {name!r} leads out of the archive; it is refused.")
    if "\0" in name or (not parts and not member.isdir()):
        raise DataError(f"{path}: {name!r} is no file name.")
    if member.size > MAX_MEMBER_BYTES:
        raise DataError(
            f"{path}: {name!r} has {member.size:,} bytes; at most {MAX_MEMBER_BYTES:,} are allowed."
        )
    return parts


def _content(file: BoundedFile, member: tarfile.TarInfo) -> bytes:
    """Return the bytes of a member."""
    file.seek(member.offset_data)
    data = file.read(member.size)
    if len(data) < member.size:
        raise DataError(f"{file.path}: cut short within {member.name!r}.")
    return data


def _check_end(file: BoundedFile, offset: int) -> None:
    """Raise unless the archive ends as it should, with a block of zeros.

    `tarfile` takes a damaged header in the middle for the end, which would silently lose files.
    """
    file.seek(offset)
    if file.read(BLOCK) != bytes(BLOCK):
        raise DataError(
            f"{file.path}: damaged or cut short at byte {offset:,}; its end is missing."
        )
    while file.read(1 << 20):  # to the end of a gzip file, where its checksum is compared
        pass


@contextmanager
def _tar_errors(path: Path) -> Iterator[None]:
    """Turn what `tarfile` raises for a damaged archive into a `DataError`."""
    try:
        yield
    except DataError:
        raise
    except (tarfile.TarError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise DataError(f"{path}: damaged or no tar archive ({error}).") from error
