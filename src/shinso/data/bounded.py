"""Reading a file, plain or gzip, without ever taking more bytes than agreed.

A compressed file of a few kilobytes can inflate to gigabytes (a "bomb"), and a header can promise
any size. So everything that inflates reads through here: piece by piece, up to a limit.
"""

from __future__ import annotations

import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shinso.data.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
# Deflate codes at most 258 bytes in 2 bits, so no file inflates more than 1032 times.
LARGEST_RATIO = 1032


def regular_file_size(path: Path) -> int:
    """Return the size of a file in bytes.

    Raises DataError if there is no such file, or it is a folder, a pipe or a device.
    """
    with file_errors(path):
        status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path}: is no file" + (" but a folder." if path.is_dir() else "."))
    return status.st_size


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a `DataError` that names the file."""
    try:
        yield
    except gzip.BadGzipFile as error:
        raise DataError(f"{path}: damaged gzip file ({error}). Fetch it again.") from error
    except EOFError as error:
        raise DataError(f"{path}: gzip file cut short; its end is missing. Fetch it again.") from (
            error
        )
    except zlib.error as error:
        raise DataError(f"{path}: damaged gzip file ({error}). Fetch it again.") from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file or folder.") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error


class BoundedFile(io.RawIOBase):
    """A file opened for reading that refuses to go past a limit; gzip is inflated on the way.

    path: the file. It is gzip if it begins as gzip does; a name in .gz or .tgz must.
    max_bytes: the largest size of the (inflated) content. max_read: the largest piece that a single
    `read` may ask for.
    Raises DataError, here or in `read` and `seek`, if there is no such file, or it is not gzip but
    should be, is damaged, or is over the limit.
    """

    def __init__(self, path: Path, max_bytes: int, max_read: int = 1 << 30) -> None:
        super().__init__()
        self.path, self.max_bytes, self.max_read = path, max_bytes, max_read
        self.size_on_disk = regular_file_size(path)
        with file_errors(path):
            raw = path.open("rb")
            self.is_gzip = raw.read(2) == GZIP_MAGIC
            raw.seek(0)
        self._raw = raw
        self._file: Any = raw
        if self.is_gzip:
            self._file = gzip.GzipFile(fileobj=raw)
        elif path.suffix in (".gz", ".tgz"):
            raw.close()
            raise DataError(f"{path}: is named like a gzip file but is none.")

    def read(self, size: int = -1, /) -> bytes:
        """Return the next `size` bytes, fewer only at the end; -1 for all."""
        if size < 0:
            size = self.max_bytes - self.tell() + 1
        elif size > self.max_read:
            raise DataError(
                f"{self.path}: announces a piece of {size:,} bytes; at most {self.max_read:,} are "
                "allowed. The file is damaged or made to do harm."
            )
        with file_errors(self.path):
            data: bytes = self._file.read(size)
        self._check(self.tell())
        return data

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` with the next bytes and return how many they are."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place counted from the beginning of the content."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a bounded file is only sought from its beginning")
        self._check(offset)
        with file_errors(self.path):
            return int(self._file.seek(offset))

    def _check(self, place: int) -> None:
        """Raise if `place` lies beyond the limit."""
        if place > self.max_bytes:
            raise DataError(
                f"{self.path}: holds more than the allowed {self.max_bytes:,} bytes"
                + (" once inflated." if self.is_gzip else ".")
            )

    def tell(self) -> int:
        """Return how many bytes of content lie before the next one."""
        return int(self._file.tell())

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True: forward is cheap, backward in gzip begins anew."""
        return True

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
            self._raw.close()
        super().close()
