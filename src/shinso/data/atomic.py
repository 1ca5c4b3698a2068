"""Writing files whole or not at all: to a temporary name, to the disk, then into place."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from shinso.data.errors import DataError


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` into the file `path`, replacing what was there in one move.

    A reader, or a crash at any moment, finds the old file or the new one, never a part.
    Raises OSError if the folder cannot be written.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """The same for text, in UTF-8 with plain line ends."""
    write_bytes(path, text.encode("utf-8"))


def save_bytes(path: str | Path, content: bytes) -> None:
    """`write_bytes` for a file that a user asked for. Raises DataError if it cannot be written."""
    try:
        write_bytes(Path(path), content)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}.") from None


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power failure, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
