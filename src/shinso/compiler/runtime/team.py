"""The team: threads that wait in native code for a plan, run their part, and wait again.

A worker is a Python daemon thread that calls one native function and does not come back from it
until the team is shut down; so it never needs Python's lock. Between plans it spins for a short
time (a plan may follow within microseconds) and then sleeps. Thread 0 of every plan is the caller.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from shinso.compiler.runtime import affinity, team_code
from shinso.compiler.runtime.native import Native, native

# In microseconds. A thread that pauses longer than PATIENCE lets others have its processor. Waking
# a sleeper takes about 50, so a worker always spins that long; it spins twice the usual gap
# between plans, up to the longest, and not at all if the gaps are usually longer than that.
_PATIENCE, _LEAST, _LONGEST = 50, 50, 200


class Team:
    """The workers of this process. Use `team()`; a process has one, a forked child a new one."""

    def __init__(self, functions: Native) -> None:
        self.functions = functions
        self._memory = np.zeros(
            team_code.BOXES // 8 + (affinity.MOST + 1) * team_code.LINE // 8, dtype=np.int64
        )
        skip = -self._memory.ctypes.data % team_code.LINE // 8
        self._block = self._memory[skip:]
        self._threads: list[threading.Thread] = []
        self._growing = threading.Lock()
        per_microsecond = functions.ticks_per_second() / 1e6
        for word, time_ in (
            (team_code.PATIENCE, _PATIENCE),
            (team_code.LEAST, _LEAST),
            (team_code.LONGEST, _LONGEST),
        ):
            self._block[word // 8] = round(time_ * per_microsecond)
        functions.install(self._block.ctypes.data)

    @property
    def workers(self) -> int:
        """How many threads wait for work, besides the one that will call."""
        return int(self._block[team_code.WORKERS // 8])

    def ensure(self, threads: int) -> None:
        """Have enough workers for plans of so many threads (1 to 256). Workers are never sent home:
        those that a smaller plan does not need sleep on.
        """
        with self._growing:
            if self._block[team_code.STOPPED // 8]:
                raise RuntimeError("compiled steps cannot run any more: Python is shutting down")
            for thread in range(self.workers + 1, threads):
                worker = threading.Thread(
                    target=self.functions.live,
                    args=(self._block.ctypes.data, thread),
                    name=f"shinso-{thread}",
                    daemon=True,
                )
                worker.start()
                self._threads.append(worker)
                # Until the worker has arrived in native code, it needs Python's lock, which the
                # caller of a plan may keep.
                alive = (team_code.BOXES + thread * team_code.LINE + team_code.ALIVE) // 8
                while not self._block[alive]:
                    time.sleep(0)
                if thread >= affinity.usable_cpus():
                    # Who spins on a crowded machine keeps from working whom he is waiting for.
                    self._block[team_code.PATIENCE // 8] = 0
                self._block[team_code.WORKERS // 8] = thread

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run lock: no compiled step runs elsewhere meanwhile. Not to be nested."""
        self.functions.lock()
        try:
            yield
        finally:
            self.functions.unlock()

    def shut_down(self) -> None:
        """Send the workers home, before the interpreter goes. Plans of several threads fail then.

        If a daemon thread is in the midst of a plan, the workers are left as they are: they never
        come back to Python, and the process ends with them.
        """
        with self._growing:
            deadline = time.monotonic() + 1
            while not self.functions.try_lock():
                if time.monotonic() > deadline:
                    return
                time.sleep(0.001)
            workers = self.workers
            self._block[team_code.STOPPED // 8] = 1
            self._block[team_code.WORKERS // 8] = 0
            self.functions.call_up(self._block.ctypes.data, workers + 1, 0, 0)
            self.functions.unlock()
        for worker in self._threads:
            worker.join(timeout=1)


_team: Team | None = None
_creating = threading.Lock()


def team() -> Team:
    """The team of this process, made when first asked for. It begins without workers."""
    global _team
    if _team is None:
        with _creating:
            if _team is None:
                _team = Team(native())
    return _team


def _forget() -> None:
    """In a forked child: its parent's workers are not here, nor whoever held a lock."""
    global _team, _creating
    _creating = threading.Lock()
    if _team is not None:
        # At once: the fast call finds the team without asking Python.
        _team = Team(_team.functions)


def _end() -> None:
    if _team is not None:
        _team.shut_down()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(_end)
