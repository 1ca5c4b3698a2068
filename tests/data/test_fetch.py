"""Finding files in folders, and downloading: checked, whole or not at all, with clear messages."""

import hashlib
import io
import os
import urllib.error
import urllib.request

import pytest

from shinso.data import DataError
from shinso.data.fetch import (
    RemoteFile,
    Source,
    cache_folder,
    fetch,
    find,
    search_folders,
    sha256,
)

CONTENTS = {"a.gz": b"hello", "b.gz": b"x" * 200_000}
SOURCE = Source(
    "pets",
    tuple(RemoteFile(n, len(c), hashlib.sha256(c).hexdigest()) for n, c in CONTENTS.items()),
    ("https://one.example/", "https://two.example/"),
)


@pytest.fixture
def web(monkeypatch):
    """Answer each address from a table of contents or errors, and note what was asked."""
    pages = {mirror + name: c for mirror in SOURCE.mirrors for name, c in CONTENTS.items()}
    asked = []

    def urlopen(url, timeout):
        assert timeout > 0
        asked.append(url)
        page = pages[url]
        if isinstance(page, Exception):
            raise page
        return page if hasattr(page, "read") else io.BytesIO(page)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return pages, asked


def only_cache():
    return search_folders("pets", None)


def left_over(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_order_of_folders(tmp_path, monkeypatch):
    (tmp_path / "given").mkdir()
    (tmp_path / "env").mkdir()
    monkeypatch.setenv("SHINSO_DATA", str(tmp_path / "env"))
    assert search_folders("pets", tmp_path / "given") == [
        tmp_path / "given" / "pets",
        tmp_path / "given",
        tmp_path / "env" / "pets",
        tmp_path / "env",
        cache_folder("pets"),
    ]


def test_a_folder_that_is_not_there_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"--data-dir \(data_dir\): there is no folder .*gone"):
        search_folders("pets", tmp_path / "gone")
    monkeypatch.setenv("SHINSO_DATA", str(tmp_path / "gone"))
    with pytest.raises(DataError, match=r"SHINSO_DATA: there is no folder .*gone"):
        search_folders("pets", None)
    monkeypatch.setenv("SHINSO_DATA", "")
    assert search_folders("pets", None) == [cache_folder("pets")]


def test_find_takes_the_first_folder_with_all_files(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    for folder in (one, two):
        folder.mkdir()
    (one / "a.gz").touch()
    assert find([one, two], ["a.gz", "b.gz"]) is None
    (two / "a.gz").touch()
    (two / "b").touch()  # inflated
    assert find([one, two], ["a.gz", "b.gz"]) == [two / "a.gz", two / "b"]
    assert find([one, two], ["a.gz"]) == [one / "a.gz"]


def test_download_once(web):
    _, asked = web
    paths = fetch(SOURCE, only_cache())
    assert [path.read_bytes() for path in paths] == list(CONTENTS.values())
    assert left_over(cache_folder("pets")) == ["a.gz", "b.gz"]
    assert asked == ["https://one.example/a.gz", "https://one.example/b.gz"]
    assert fetch(SOURCE, only_cache()) == paths
    assert len(asked) == 2


def test_the_next_mirror_helps(web):
    pages, asked = web
    pages["https://one.example/a.gz"] = urllib.error.HTTPError("u", 404, "Not Found", {}, None)
    pages["https://one.example/b.gz"] = TimeoutError("timed out")
    assert fetch(SOURCE, only_cache())[0].read_bytes() == b"hello"
    assert len(asked) == 4


@pytest.mark.parametrize("wrong", [b"hellO", b"hell", b"hello!", b"", b"x" * 10_000_000])
def test_a_wrong_file_is_never_kept(web, wrong):
    pages, _ = web
    for mirror in SOURCE.mirrors:
        pages[mirror + "a.gz"] = wrong
    with pytest.raises(
        DataError, match=r"a\.gz could not be downloaded .*SHA-256 .*expected 5 and"
    ):
        fetch(SOURCE, only_cache())
    assert left_over(cache_folder("pets")) == []


def test_no_more_is_read_than_the_file_may_have(web):
    pages, _ = web
    endless = io.BytesIO(b"x" * 10_000_000)
    pages["https://one.example/a.gz"] = endless
    fetch(SOURCE, only_cache())
    assert endless.closed


def test_a_connection_that_breaks_leaves_nothing(web):
    pages, _ = web

    class Breaks(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 1000:
                raise ConnectionResetError("connection reset")
            return super().read(min(size, 1001))

    for mirror in SOURCE.mirrors:
        pages[mirror + "b.gz"] = Breaks(CONTENTS["b.gz"])
    with pytest.raises(DataError, match=r"b\.gz could not be downloaded .*connection reset"):
        fetch(SOURCE, only_cache())
    assert left_over(cache_folder("pets")) == ["a.gz"]


def test_an_interrupt_leaves_nothing(web):
    pages, _ = web
    pages["https://one.example/a.gz"] = KeyboardInterrupt()

    class Interrupted(io.BytesIO):
        def read(self, size=-1):
            raise KeyboardInterrupt

    pages["https://one.example/a.gz"] = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        fetch(SOURCE, only_cache())
    assert left_over(cache_folder("pets")) == []


def test_without_a_network_the_message_says_which_files_to_put_where():
    with pytest.raises(DataError) as caught:
        fetch(SOURCE, only_cache())
    message = str(caught.value)
    assert "no network" in message
    assert "get a.gz, b.gz (for example from https://one.example/)" in message
    assert f"put them into {cache_folder('pets')}, or into any folder" in message
    assert "--data-dir or SHINSO_DATA" in message
    assert f"Looked in {cache_folder('pets')}." in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["mkdir", "mkstemp"])
def test_without_permission_to_write_to_the_cache(web, monkeypatch, name):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    target = "pathlib.Path.mkdir" if name == "mkdir" else "tempfile.mkstemp"
    monkeypatch.setattr(target, refuse)
    with pytest.raises(
        DataError, match=r"pets: cannot write to the cache .*Permission denied.*put"
    ):
        fetch(SOURCE, only_cache())


def test_a_full_disk(web, monkeypatch):
    real = os.fdopen

    def full(handle, mode):
        file = real(handle, mode)

        class Full(io.RawIOBase):
            def write(self, data):
                raise OSError(28, "No space left on device")

            def close(self):
                file.close()

        return Full()

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(DataError, match=r"cannot write to the cache .*No space left"):
        fetch(SOURCE, only_cache())
    assert left_over(cache_folder("pets")) == []


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"hello")
    assert sha256(tmp_path / "a") == SOURCE.files[0].sha256
