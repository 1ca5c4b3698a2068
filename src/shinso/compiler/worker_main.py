"""What a worker process runs: read a module, compile it, answer with object code, repeat.

Started by `workers.py` with this file's path, isolated and without site packages: it imports
neither NumPy nor the package (60 ms instead of 200), and never the user's program. It speaks over
its standard input and output, in frames: 8 bytes of length (little-endian), then the bytes.

    first     <- HELLO
    first     -> triple, CPU, features          (three frames)
    then      -> a module's text, empty: end    <- status (1 byte), seconds (float64), object code
                                                   or the error's text
"""

from __future__ import annotations

import importlib.util
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import IO, NamedTuple

HELLO = b"shinso worker 1"
DONE, REFUSED = 0, 1
ANSWER = struct.Struct("<Bd")
_LENGTH = struct.Struct("<Q")


class WireTarget(NamedTuple):
    """A target as it travels to a worker."""

    triple: str
    cpu: str
    features: str


def send(stream: IO[bytes], *frames: bytes) -> None:
    """Write frames and flush. Raises OSError if nobody reads."""
    for frame in frames:
        stream.write(_LENGTH.pack(len(frame)))
        stream.write(frame)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """Read one frame. Raises EOFError if the other side has gone."""
    header = stream.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        raise EOFError("the other process has ended")
    (length,) = _LENGTH.unpack(header)
    frame = stream.read(length)
    if len(frame) < length:
        raise EOFError("the other process ended within an answer")
    return frame


def main(site: str) -> None:
    """Serve until the input ends. `site` is the folder that holds llvmlite."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _no_core_dump()
    _watch_parent()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever LLVM prints must not get between the frames
    questions = sys.stdin.buffer
    sys.path.append(site)
    objects = _load_objects()
    objects.versions()  # imports LLVM: if that fails, it fails before we say we are there
    send(answers, HELLO)
    target = WireTarget(*(receive(questions).decode() for _ in range(3)))
    while text := receive(questions):
        start = time.perf_counter()
        try:
            status, answer = DONE, objects.compile_ir(text.decode(), target)
        except objects.CompileError as error:
            status, answer = REFUSED, str(error).encode()
        send(answers, ANSWER.pack(status, time.perf_counter() - start) + answer)


def _load_objects() -> ModuleType:
    """The file objects.py beside this one, without the package around it."""
    path = Path(__file__).with_name("objects.py")
    spec = importlib.util.spec_from_file_location("objects", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _no_core_dump() -> None:
    """An abort in LLVM is expected here: leave no core file behind."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _watch_parent() -> None:
    """End with the parent, even in the middle of a long compilation."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (EOFError, OSError):  # the parent has gone: nobody is left to tell
        sys.exit(1)
