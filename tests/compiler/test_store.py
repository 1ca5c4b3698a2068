"""The store on disk, and everything that can be wrong with a disk."""

import errno
import hashlib
import os
import stat
import struct
import time

import pytest

from shinso.compiler import store as module
from shinso.compiler.store import Store, default_store

KEY = hashlib.sha256(b"key").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
CONTENT = b"f\0" + bytes(range(256)) * 4
HEADER = struct.calcsize("<8sI32sQ32s")

posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="file modes and owners")


def entry(folder, key=KEY):
    return folder / f"{key}.kernel"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "deep" / "kernels"


@pytest.fixture
def filled(folder):
    kept = Store(folder)
    kept.write(KEY, CONTENT)
    return kept


def leftovers(folder):
    return [path.name for path in folder.iterdir() if not path.name.endswith(".kernel")]


def test_write_then_read(folder, filled):
    assert filled.read(KEY) == CONTENT
    assert Store(folder).read(KEY) == CONTENT
    assert Store(folder).read(OTHER) is None
    assert leftovers(folder) == []


def test_empty_content(folder):
    Store(folder).write(KEY, b"")
    assert Store(folder).read(KEY) == b""


def test_no_folder_no_store():
    off = Store(None)
    off.write(KEY, CONTENT)
    off.prune(0)
    assert off.read(KEY) is None


@posix
def test_folder_and_files_are_private(folder, filled):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry(folder).stat().st_mode) == 0o600


@pytest.mark.parametrize("position", [0, 7, 8, 12, 43, 44, 51, 52, 83, HEADER, HEADER + 500])
def test_one_flipped_bit_anywhere_is_noticed(folder, filled, position):
    data = bytearray(entry(folder).read_bytes())
    data[position] ^= 0x10
    entry(folder).write_bytes(data)
    assert filled.read(KEY) is None
    filled.write(KEY, CONTENT)
    assert filled.read(KEY) == CONTENT


@pytest.mark.parametrize("length", [0, 1, HEADER - 1, HEADER, HEADER + 1, HEADER + 1000])
def test_truncated(folder, filled, length):
    entry(folder).write_bytes(entry(folder).read_bytes()[:length])
    assert filled.read(KEY) is None


def test_lengthened_and_lying_about_its_length(folder, filled):
    good = entry(folder).read_bytes()
    entry(folder).write_bytes(good + b"x")
    assert filled.read(KEY) is None
    entry(folder).write_bytes(good[:44] + struct.pack("<Q", 2**63) + good[52:])
    assert filled.read(KEY) is None


def test_an_entry_under_another_name(folder, filled):
    entry(folder, OTHER).write_bytes(entry(folder).read_bytes())
    entry(folder, OTHER).chmod(0o600)
    assert filled.read(OTHER) is None


def test_larger_than_the_whole_store_is_not_read(folder, filled):
    assert Store(folder, limit=100).read(KEY) is None


def test_symbolic_link_is_not_followed_and_is_replaced(folder, filled, tmp_path):
    outside = tmp_path / "outside"
    entry(folder).rename(outside)
    entry(folder).symlink_to(outside)
    before = outside.read_bytes()
    if hasattr(os, "O_NOFOLLOW"):
        assert filled.read(KEY) is None
    filled.write(KEY, b"new")
    assert filled.read(KEY) == b"new"
    assert not entry(folder).is_symlink()
    assert outside.read_bytes() == before


def test_a_folder_in_place_of_an_entry(folder, filled):
    entry(folder).unlink()
    entry(folder).mkdir()
    assert filled.read(KEY) is None
    with pytest.warns(RuntimeWarning, match="not kept"):
        filled.write(KEY, CONTENT)
    filled.write(KEY, CONTENT)  # one warning is enough
    assert leftovers(folder) == []


@posix
def test_a_pipe_in_place_of_an_entry_does_not_hang(folder, filled):
    entry(folder).unlink()
    os.mkfifo(entry(folder), 0o600)
    assert filled.read(KEY) is None


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_refused(folder, mode):
    folder.mkdir(parents=True)
    folder.chmod(mode)
    refused = Store(folder)
    with pytest.warns(RuntimeWarning, match="written by others"):
        refused.write(KEY, CONTENT)
    assert refused.read(KEY) is None
    assert list(folder.iterdir()) == []


@posix
def test_a_folder_or_file_of_somebody_else_is_refused(folder, filled, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert filled.read(KEY) is None
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        assert Store(folder).read(KEY) is None


@posix
def test_an_entry_that_others_can_write_is_not_read(folder, filled):
    entry(folder).chmod(0o666)
    assert filled.read(KEY) is None


@posix
def test_a_linked_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.warns(RuntimeWarning, match="not a folder"):
        assert Store(tmp_path / "link").read(KEY) is None


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "kernels").write_text("")
    blocked = Store(tmp_path / "kernels")
    with pytest.warns(RuntimeWarning, match="cannot use"):
        blocked.write(KEY, CONTENT)
    assert blocked.read(KEY) is None


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_a_disk_that_refuses_costs_one_warning(folder, filled, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(module.tempfile, "mkstemp", refuse)
        with pytest.warns(RuntimeWarning, match="SHINSO_CACHE=0"):
            filled.write(OTHER, CONTENT)
        filled.write(OTHER, CONTENT)  # a second warning would be an error here
    assert filled.read(KEY) == CONTENT
    filled.write(OTHER, CONTENT)  # the disk has room again
    assert filled.read(OTHER) == CONTENT


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_behind(folder, filled, monkeypatch):
    opened = os.fdopen

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            self.file.write(data[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", lambda number, mode: Full(opened(number, mode)))
    with pytest.warns(RuntimeWarning, match="No space left"):
        filled.write(OTHER, CONTENT)
    assert leftovers(folder) == []
    assert not entry(folder, OTHER).exists()


def test_unreadable(filled, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert filled.read(KEY) is None


def test_a_folder_that_vanished_is_made_again(folder, filled):
    entry(folder).unlink()
    folder.rmdir()
    assert filled.read(KEY) is None
    filled.prune(0)
    filled.write(KEY, CONTENT)
    assert filled.read(KEY) == CONTENT


def test_prune_removes_what_was_not_used_for_longest(folder):
    kept = Store(folder)
    keys = [hashlib.sha256(bytes([number])).hexdigest() for number in range(6)]
    now = time.time()
    for age, key in enumerate(keys):
        kept.write(key, CONTENT)
        os.utime(entry(folder, key), (now - 10_000 + age, now - 10_000 + age))
    assert kept.read(keys[0]) == CONTENT  # just used: no longer the oldest
    kept.prune(3 * (len(CONTENT) + HEADER))
    assert [key for key in keys if entry(folder, key).exists()] == [keys[0], keys[4], keys[5]]


def test_writing_keeps_the_store_within_its_limit(folder):
    limit = 5 * (len(CONTENT) + HEADER)
    kept = Store(folder, limit=limit)
    for number in range(40):
        kept.write(hashlib.sha256(bytes([number])).hexdigest(), CONTENT)
        assert sum(path.stat().st_size for path in folder.iterdir()) <= limit
    assert len(list(folder.iterdir())) >= 4


def test_prune_removes_abandoned_temporary_files_only(folder, filled):
    old, new, foreign = folder / "a.part", folder / "b.part", folder / "notes.txt"
    for path in (old, new, foreign):
        path.write_text("x")
    os.utime(old, (0, 0))
    os.utime(foreign, (0, 0))
    filled.prune(1 << 20)
    assert (old.exists(), new.exists(), foreign.exists()) == (False, True, True)


def test_prune_while_others_prune_and_read(folder, filled, monkeypatch):
    with entry(folder).open("rb") as reader:
        filled.prune(0)
        if hasattr(os, "geteuid"):
            assert reader.read().endswith(CONTENT)
    filled.write(KEY, CONTENT)
    remove = module.Path.unlink

    def lose_the_race(path, missing_ok=False):
        remove(path)
        remove(path, missing_ok=missing_ok)

    monkeypatch.setattr(module.Path, "unlink", lose_the_race)
    filled.prune(0)
    assert filled.read(KEY) is None


def test_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SHINSO_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("SHINSO_CACHE", raising=False)
    monkeypatch.delenv("SHINSO_CACHE_SIZE", raising=False)
    default_store().write(KEY, CONTENT)
    assert entry(tmp_path / "kernels").exists()
    monkeypatch.setenv("SHINSO_CACHE", "0")
    assert default_store().read(KEY) is None
    monkeypatch.setenv("SHINSO_CACHE", "1")
    monkeypatch.setenv("SHINSO_CACHE_SIZE", "0")
    assert default_store().read(KEY) is None
    monkeypatch.setenv("SHINSO_CACHE_SIZE", "lots")
    with pytest.raises(ValueError, match="SHINSO_CACHE_SIZE is 'lots'"):
        default_store()


def test_the_default_folder_is_the_systems_place_for_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("SHINSO_CACHE_DIR", raising=False)
    monkeypatch.delenv("SHINSO_CACHE", raising=False)
    monkeypatch.setattr(module.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    default_store().write(KEY, CONTENT)
    assert entry(tmp_path / "shinso" / "kernels").exists()
