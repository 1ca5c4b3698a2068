"""Files are written whole or not at all."""

import os

import pytest

from shinso.data import atomic


def test_text_is_utf8_and_replaces(tmp_path):
    path = tmp_path / "x.txt"
    atomic.write_text(path, "old")
    atomic.write_text(path, "深層\n")
    assert path.read_bytes() == "深層\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_the_users_mask_decides_who_may_read(tmp_path):
    before = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "x", "")
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path = tmp_path / "x"
    atomic.write_bytes(path, b"old")

    def fail(handle):
        raise error

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(type(error)):
        atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        atomic.write_bytes(tmp_path / "gone" / "x", b"")
