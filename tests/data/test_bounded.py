"""BoundedFile: gzip and plain files up to a limit, and every way a file can be bad."""

import gzip
import io
import os

import pytest

from shinso.data import DataError
from shinso.data.bounded import BoundedFile


@pytest.fixture(params=["a.bin", "a.bin.gz"])
def path(request, tmp_path):
    content = bytes(range(256)) * 4
    path = tmp_path / request.param
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_reading(path):
    with BoundedFile(path, 1024) as file:
        assert file.read(3) == b"\0\1\2"
        assert file.tell() == 3
        assert file.seek(258) == 258
        assert file.read(2) == b"\2\3"
        file.seek(0)
        assert len(file.read()) == 1024
        assert file.read(10) == b""
        assert file.is_gzip == (path.suffix == ".gz")
        with pytest.raises(io.UnsupportedOperation, match="from its beginning"):
            file.seek(0, io.SEEK_END)
    assert file.closed


def test_as_a_stream(path):
    with BoundedFile(path, 1024) as file:
        assert io.BufferedReader(file).read(1000) == (bytes(range(256)) * 4)[:1000]


def test_the_limit(path):
    with BoundedFile(path, 1023) as file, pytest.raises(DataError, match="allowed 1,023 bytes"):
        file.read()
    with BoundedFile(path, 1023) as file, pytest.raises(DataError, match="allowed 1,023 bytes"):
        file.seek(1024)
    with BoundedFile(path, 10**6, max_read=10) as file:
        assert len(file.read(10)) == 10
        with pytest.raises(DataError, match="piece of 11 bytes; at most 10"):
            file.read(11)


def test_a_bomb_is_not_inflated(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(20_000_000)))
    assert path.stat().st_size < 30_000
    with BoundedFile(path, 1000) as file, pytest.raises(DataError, match="once inflated"):
        file.read()


def test_damaged_gzip(tmp_path):
    good = gzip.compress(os.urandom(1000))
    path = tmp_path / "a.gz"

    def read(content):
        path.write_bytes(content)
        with BoundedFile(path, 10_000) as file:
            return file.read()

    assert len(read(good)) == 1000
    with pytest.raises(DataError, match=r"a.gz: gzip file cut short"):
        read(good[:-1])
    with pytest.raises(DataError, match="cut short"):
        read(good[:300])
    with pytest.raises(DataError, match=r"a.gz: damaged gzip file \(CRC check failed"):
        read(good[:-8] + b"abcd" + good[-4:])
    with pytest.raises(DataError, match="damaged gzip file"):
        read(good[:10] + b"\xff" * 50 + good[60:])
    with pytest.raises(DataError, match="damaged gzip file"):
        read(good + b"rubbish")
    with pytest.raises(DataError, match="is named like a gzip file but is none"):
        read(b"plain text")
    with pytest.raises(DataError, match="is named like a gzip file but is none"):
        read(b"")


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"nothing.idx: there is no such file"):
        BoundedFile(tmp_path / "nothing.idx", 10)
    with pytest.raises(DataError, match="is no file but a folder"):
        BoundedFile(tmp_path, 10)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe: is no file\."):
        BoundedFile(tmp_path / "pipe", 10)


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret"
    path.write_bytes(b"x")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(DataError, match=r"secret: cannot be read \(Permission denied\)"):
        BoundedFile(path, 10)
