"""read_idx: every type, and every way an IDX file can lie."""

import gzip
import struct

import numpy as np
import pytest

from shinso.data import DataError, read_idx
from shinso.data.idx import DTYPES


def header(code, shape, count=None):
    return bytes([0, 0, code, len(shape) if count is None else count]) + struct.pack(
        f">{len(shape)}i", *shape
    )


GOOD = header(8, (2, 3)) + bytes(range(6))


@pytest.fixture(params=["plain", "gzip"])
def read(request, tmp_path):
    """Write bytes to a file, plain or gzip, and read it as IDX."""

    def write_and_read(content, **options):
        path = tmp_path / ("a-idx" if request.param == "plain" else "a-idx.gz")
        path.write_bytes(content if request.param == "plain" else gzip.compress(content))
        return read_idx(path, **options)

    return write_and_read


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (1, 1, 1, 1), (0, 28, 28)])
def test_every_type(read, code, shape):
    dtype = np.dtype(DTYPES[code])
    expected = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    array = read(header(code, shape) + expected.tobytes())
    assert array.dtype == dtype.newbyteorder("=")
    assert array.dtype.isnative
    assert array.shape == shape
    assert np.array_equal(array, expected)
    assert array.flags.writeable


def test_a_large_file_is_read_in_pieces(read):
    data = np.random.default_rng(0).integers(0, 256, 3_000_001, dtype=np.uint8)
    assert np.array_equal(read(header(8, data.shape) + data.tobytes()), data)


def test_gzip_is_recognized_without_its_name(tmp_path):
    (tmp_path / "a").write_bytes(gzip.compress(GOOD))
    assert read_idx(str(tmp_path / "a")).shape == (2, 3)


def test_data_cut_short(read):
    with pytest.raises(DataError, match=r"a-idx.*promises 2 x 3 numbers in 6 bytes, but .*5"):
        read(GOOD[:-1])
    with pytest.raises(DataError, match="promises 2 x 3 numbers"):
        read(GOOD[:12])


def test_bytes_left_over(read):
    with pytest.raises(DataError, match=r"promises 2 x 3 numbers in 6 bytes, but (more|7) follow"):
        read(GOOD + b"x")


def test_a_bomb_behind_an_honest_header(read):
    with pytest.raises(DataError, match="follow"):
        read(GOOD + bytes(10_000_000))


@pytest.mark.parametrize("shape", [(2**31 - 1,), (60_000, 28, 28), (2**31 - 1,) * 3])
def test_a_header_that_promises_too_much(read, shape):
    with pytest.raises(DataError, match=r"promises .* (but 6 follow|bytes of gzip|are allowed)"):
        read(header(8, shape) + bytes(6))


def test_nothing_of_a_lying_size_is_taken(read, monkeypatch):
    monkeypatch.setattr("shinso.data.idx.np.frombuffer", None)  # would raise a TypeError
    with pytest.raises(DataError):
        read(header(14, (100_000_000,)) + bytes(6))


def test_zero_times_huge(read):
    with pytest.raises(DataError, match="are allowed"):
        read(header(8, (0, 2**31 - 1, 2**31 - 1, 2**31 - 1)))


def test_the_limit(read):
    assert read(GOOD, max_bytes=6).shape == (2, 3)
    with pytest.raises(DataError, match=r"6 bytes; at most 5 are allowed \(max_bytes\)"):
        read(GOOD, max_bytes=5)


def test_negative_dimension(read):
    with pytest.raises(DataError, match="negative dimension in 2 x -3"):
        read(header(8, (2, -3)) + bytes(6))


@pytest.mark.parametrize("code", [0, 1, 7, 10, 15, 255])
def test_unknown_type(read, code):
    with pytest.raises(DataError, match=f"unknown IDX type code {code}; known are 8, 9, 11"):
        read(header(code, (2, 3)) + bytes(6))


@pytest.mark.parametrize("count", [0, 33, 255])
def test_wrong_number_of_dimensions(read, count):
    with pytest.raises(DataError, match=f"names {count} dimensions; 1 to 32"):
        read(header(8, (), count) + bytes(2000))


def test_header_cut_short(read):
    with pytest.raises(DataError, match="cut short in the IDX header; 3 dimensions take 12 bytes"):
        read(header(8, (2, 3), 3))


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"hello world", b"\x89PNG"])
def test_no_idx_file(read, content):
    with pytest.raises(DataError, match="is no IDX file; it must begin with"):
        read(content)


def test_damaged_gzip(tmp_path):
    path = tmp_path / "t.gz"
    packed = gzip.compress(GOOD)
    path.write_bytes(packed[:-8] + bytes(4) + packed[-4:])
    with pytest.raises(DataError, match=r"t.gz: damaged gzip file \(CRC"):
        read_idx(path)
    path.write_bytes(packed[:-3])
    with pytest.raises(DataError, match=r"t.gz: gzip file cut short"):
        read_idx(path)
    path.write_bytes(GOOD)
    with pytest.raises(DataError, match="named like a gzip file but is none"):
        read_idx(path)
    with pytest.raises(DataError, match="no such file"):
        read_idx(tmp_path / "missing")


def test_random_damage_gives_an_array_or_a_data_error(tmp_path):
    rng = np.random.default_rng(0)
    messages = []
    for good, name in ((GOOD, "a"), (gzip.compress(GOOD), "a.gz")):
        for _ in range(300):
            bad = bytearray(good)
            for place in rng.integers(0, len(bad), rng.integers(1, 4)):
                bad[place] = rng.integers(0, 256)
            (tmp_path / name).write_bytes(bad[: rng.integers(0, len(bad) + 1)])
            try:
                assert read_idx(tmp_path / name).nbytes < 100
            except DataError as error:
                messages.append(str(error))
    assert len(messages) > 300
    assert all(message.startswith(str(tmp_path / "a")) for message in messages)
    assert not any("\n" in message for message in messages)
