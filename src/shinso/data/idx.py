"""The IDX format of the MNIST files: a header with type and shape, then the numbers, big-endian.

    byte 0, 1    0
    byte 2       type: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64
    byte 3       number of dimensions d
    4 d bytes    the dimensions as 32-bit integers
    the rest     the numbers, last dimension fastest

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from shinso.data.bounded import LARGEST_RATIO, BoundedFile
from shinso.data.errors import DataError
from shinso.data.protocols import Array

DTYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MOST_DIMENSIONS = 32
CHUNK = 1 << 20


def read_idx(path: str | Path, max_bytes: int = 2 << 30) -> Array:
    """Read an IDX file, plain or gzip, into an array of the machine's byte order.

    The header is compared with the real size before memory is taken: a plain file must have just
    the size the header promises, and a gzip file is inflated piece by piece, no further than that.

    path: the file. max_bytes: the largest amount of data to accept.
    Raises DataError if it is no IDX file, is cut short, has bytes left over, is damaged or too
    large.
    """
    path = Path(path)
    with BoundedFile(path, max_bytes + 4 + 4 * MOST_DIMENSIONS + 1) as file:
        dtype, shape = _read_header(file)
        size = math.prod(shape) * dtype.itemsize
        _check_size(file, shape, size, max_bytes)
        data = bytearray()
        while len(data) < size:
            piece = file.read(min(CHUNK, size - len(data)))
            if not piece:
                raise DataError(_promise(path, shape, size) + f", but only {len(data):,} follow.")
            data += piece
        if file.read(1):
            raise DataError(_promise(path, shape, size) + ", but more follow.")
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(file: BoundedFile) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    """Return the dtype and the shape that the header names."""
    path, magic = file.path, file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path}: is no IDX file; it must begin with two zero bytes, a type and a number of "
            f"dimensions, but begins with {magic.hex(' ') or 'nothing'}."
        )
    if magic[2] not in DTYPES:
        known = ", ".join(map(str, DTYPES))
        raise DataError(f"{path}: unknown IDX type code {magic[2]}; known are {known}.")
    count = magic[3]
    if not 1 <= count <= MOST_DIMENSIONS:
        raise DataError(
            f"{path}: the IDX header names {count} dimensions; 1 to {MOST_DIMENSIONS} are allowed."
        )
    header = file.read(4 * count)
    if len(header) < 4 * count:
        raise DataError(
            f"{path}: cut short in the IDX header; {count} dimensions take {4 * count} bytes, "
            f"{len(header)} follow."
        )
    shape = struct.unpack(f">{count}i", header)
    if min(shape) < 0:
        raise DataError(f"{path}: the IDX header names a negative dimension in {_times(shape)}.")
    return np.dtype(DTYPES[magic[2]]), shape


def _check_size(file: BoundedFile, shape: tuple[int, ...], size: int, max_bytes: int) -> None:
    """Raise if the promised size cannot be true or is over the limit."""
    # Zeros are left out so that 0 x (huge) x (huge), which no array can have, is refused too.
    if math.prod(n for n in shape if n) > max_bytes or size > max_bytes:
        raise DataError(
            _promise(file.path, shape, size) + f"; at most {max_bytes:,} are allowed (max_bytes)."
        )
    if file.is_gzip:
        if size > file.size_on_disk * LARGEST_RATIO:
            raise DataError(
                _promise(file.path, shape, size)
                + f", more than {file.size_on_disk:,} bytes of gzip can hold."
            )
        return
    real = file.size_on_disk - 4 - 4 * len(shape)
    if real != size:
        raise DataError(_promise(file.path, shape, size) + f", but {real:,} follow.")


def _promise(path: Path, shape: tuple[int, ...], size: int) -> str:
    """Return the beginning of a message: what the header says."""
    return f"{path}: the IDX header promises {_times(shape)} numbers in {size:,} bytes"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
