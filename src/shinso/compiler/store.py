"""Object code on disk: one file per kernel, never trusted, never in the way.

    <key>.kernel = magic, format version, key, length, SHA-256 of the content; then the content

A file is believed only if every field is as expected, it belongs to the user and nobody else may
write it; else it counts as missing and is written anew. Files appear whole (a temporary name, then
`os.replace`), so that processes may share the folder without locks. Whatever the disk refuses
(full, read-only, gone) costs one warning and the cache, not the program.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

import platformdirs

FOLDER, SWITCH, SIZE = "SHINSO_CACHE_DIR", "SHINSO_CACHE", "SHINSO_CACHE_SIZE"
DEFAULT_MEGABYTES = 512
FORMAT = 1
_MAGIC = b"shinso\x00K"
_HEADER = struct.Struct("<8sI32sQ32s")
_SUFFIX = ".kernel"
_TEMPORARY = ".part"
_TOUCH_SECONDS = 600.0
"""A file counts as just used for so long: not every reading writes its time."""
_ABANDONED_SECONDS = 3600.0
"""A temporary file older than this belongs to nobody."""


class Store:
    """A folder of entries, found by key (64 hexadecimal digits).

    folder: where, or None for no store at all; limit: bytes it may hold.
    """

    def __init__(self, folder: Path | None, limit: int = DEFAULT_MEGABYTES << 20) -> None:
        self._folder = folder
        self._limit = limit
        self._ready = False
        self._warned = False
        self._bytes: int | None = None  # what the folder holds, as far as known

    def read(self, key: str) -> bytes | None:
        """Return the content stored under a key, or None if there is none to be trusted."""
        if not self._open():
            return None
        path = self._path(key)
        try:
            descriptor = os.open(path, os.O_RDONLY | _NO_LINKS)
        except OSError:
            return None
        try:
            with os.fdopen(descriptor, "rb") as file:
                state = os.fstat(file.fileno())
                if not _private(state) or not stat.S_ISREG(state.st_mode):
                    return None
                if state.st_size > self._limit:
                    return None
                content = _checked(file.read(), key)
        except OSError:
            return None
        if content is not None and time.time() - state.st_mtime > _TOUCH_SECONDS:
            with suppress(OSError):
                os.utime(path)
        return content

    def write(self, key: str, content: bytes) -> None:
        """Store content under a key, in place of what was there. A failure only warns, once."""
        if not self._open():
            return
        digest = hashlib.sha256(content).digest()
        header = _HEADER.pack(_MAGIC, FORMAT, bytes.fromhex(key), len(content), digest)
        try:
            try:
                self._put(key, header + content)
            except FileNotFoundError:  # somebody removed the folder
                self._ready = False
                if self._open():
                    self._put(key, header + content)
        except OSError as error:
            self._warn(f"cannot write to {self._folder} ({error.strerror or error})")
            return
        self._make_room(len(header) + len(content))

    def prune(self, limit: int) -> None:
        """Remove the entries unused for longest until the rest fits into `limit` bytes.

        Other processes may do the same or use the entries meanwhile: an open file stays readable,
        a removed one is compiled again.
        """
        if self._folder is None:
            return
        entries = []
        now = time.time()
        with suppress(OSError), os.scandir(self._folder) as listing:
            for entry in listing:
                with suppress(OSError):
                    state = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(_SUFFIX) and stat.S_ISREG(state.st_mode):
                        entries.append((state.st_mtime, state.st_size, entry.path))
                    elif (
                        entry.name.endswith(_TEMPORARY)
                        and now - state.st_mtime > _ABANDONED_SECONDS
                    ):
                        Path(entry.path).unlink()
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= limit:
                break
            with suppress(OSError):
                Path(path).unlink(missing_ok=True)
                total -= size
        self._bytes = total

    def _make_room(self, written: int) -> None:
        """Prune when the limit is passed; to 80 %, so that it is not needed at every write."""
        if self._bytes is None:
            self.prune(self._limit)  # the first time: learn what is there
        else:
            self._bytes += written
        if self._bytes is not None and self._bytes > self._limit:
            self.prune(self._limit * 4 // 5)

    def _path(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}{_SUFFIX}"

    def _put(self, key: str, entry: bytes) -> None:
        """Write a file whole or not at all."""
        descriptor, name = tempfile.mkstemp(suffix=_TEMPORARY, dir=self._folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(entry)
            Path(name).replace(self._path(key))
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise

    def _open(self) -> bool:
        """Make sure of the folder: it exists, is ours, and nobody else may write to it."""
        if self._ready or self._folder is None:
            return self._ready
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = self._folder.lstat()
        except OSError as error:
            self._give_up(f"cannot use {self._folder} ({error.strerror or error})")
            return False
        if not stat.S_ISDIR(state.st_mode):
            self._give_up(f"{self._folder} is not a folder")
        elif not _private(state):
            self._give_up(
                f"{self._folder} belongs to another user or can be written by others, who could "
                f"put code there; `chmod 700` it, or set {FOLDER} to a folder of your own"
            )
        else:
            self._ready = True
        return self._ready

    def _give_up(self, reason: str) -> None:
        """Work without a disk from now on."""
        self._warn(reason)
        self._folder = None

    def _warn(self, reason: str) -> None:
        """Say once that kernels are not kept."""
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"Compiled kernels are not kept for the next run: {reason}. "
                f"{SWITCH}=0 turns the cache off and this warning too.",
                RuntimeWarning,
                stacklevel=2,
            )


_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def default_store() -> Store:
    """Return the user's store, as the environment wants it.

    SHINSO_CACHE=0: none. SHINSO_CACHE_DIR: the folder to hold `kernels/`, instead of the system's
    place for caches. SHINSO_CACHE_SIZE: megabytes it may take (512). Raises ValueError if that is
    no whole number.
    """
    text = os.environ.get(SIZE) or str(DEFAULT_MEGABYTES)
    if not text.isdecimal():
        raise ValueError(f"{SIZE} is {text!r}, but must be a whole number of megabytes, as 512.")
    if os.environ.get(SWITCH) == "0" or int(text) == 0:
        return Store(None)
    root = os.environ.get(FOLDER)
    base = Path(root).expanduser() if root else platformdirs.user_cache_path("shinso")
    return Store(base / "kernels", int(text) << 20)


def _private(state: os.stat_result) -> bool:
    """Whether a file belongs to this user and only to this user. Windows has no such bits."""
    if not hasattr(os, "geteuid"):
        return True
    return state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _checked(entry: bytes, key: str) -> bytes | None:
    """The content of an entry, if its header tells the truth about it."""
    if len(entry) < _HEADER.size:
        return None
    magic, version, stored_key, length, digest = _HEADER.unpack_from(entry)
    content = entry[_HEADER.size :]
    honest = (
        magic == _MAGIC
        and version == FORMAT
        and stored_key == bytes.fromhex(key)
        and length == len(content)
        and digest == hashlib.sha256(content).digest()
    )
    return content if honest else None
