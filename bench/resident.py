"""The resident memory of processes, as Linux counts it in /proc."""

from __future__ import annotations

import threading
from pathlib import Path

PROC = Path("/proc")


def field(status: str, name: str) -> int:
    """Bytes that a line such as "VmHWM:  1234 kB" of a status file states; 0 without that line."""
    for line in status.splitlines():
        label, _, value = line.partition(":")
        if label == name:
            return 1024 * int(value.split()[0])
    return 0


def resident(pid: int | str = "self") -> int:
    """Bytes of a process now; 0 if it is gone."""
    return _status(pid, "VmRSS")


def peak(pid: int | str = "self") -> int:
    """The most bytes since the process began, or since `forget_peak`.

    Not getrusage's ru_maxrss: that one begins with the memory of the process that started this one.
    """
    return _status(pid, "VmHWM")


def forget_peak() -> None:
    """Let the peak of this process begin anew, at what is resident now."""
    (PROC / "self" / "clear_refs").write_text("5")


def available() -> bool:
    """Whether this system counts in this way."""
    return (PROC / "self" / "clear_refs").exists() and peak() > 0


def _status(pid: int | str, name: str) -> int:
    try:
        return field((PROC / str(pid) / "status").read_text(), name)
    except (FileNotFoundError, ProcessLookupError):
        return 0


def family(pid: int) -> list[int]:
    """A process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                # After the name, which may hold anything in its brackets: state, then the parent.
                after = (entry / "stat").read_text().rpartition(")")[2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(after.split()[1]), []).append(int(entry.name))
    found = [pid]
    for member in found:  # grows as it goes
        found += children.get(member, [])
    return found


class Watch:
    """Looks every 20 ms how much a process and all that it started take together.

    most: the highest sum seen. Pages that several processes share count in each of them.
    """

    def __init__(self, pid: int, pause: float = 0.02) -> None:
        self.pid, self.pause, self.most = pid, pause, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while True:
            self.most = max(self.most, sum(resident(member) for member in family(self.pid)))
            if self._stop.wait(self.pause):
                return

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()
