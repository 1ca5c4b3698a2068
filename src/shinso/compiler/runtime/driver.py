"""The driver: runs a plan, which is a list of kernels with barriers between them.

    plan    threads, number of records, address of records, address of the status word
    record  address of the kernel, address of its arguments, flags

Every thread goes through the same records and calls kernel(arguments, thread, threads). Kernels may
set bits of the status word (a check on values has failed); 0 means that all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.runtime import driver_code
from shinso.compiler.runtime.affinity import MOST
from shinso.compiler.runtime.native import native
from shinso.compiler.runtime.team import team

BARRIER = driver_code.BARRIER
"""Flag: all threads must be done with this record before any begins the next."""
SINGLE = driver_code.SINGLE
"""Flag: thread 0 does it all, called as kernel(arguments, 0, 1); the others go on."""
CHECKED = driver_code.CHECKED
"""Flag: here the checks end. If the status is not 0, the plan ends, too. Includes BARRIER."""

TOO_FEW = driver_code.TOO_FEW
"""What `run` returns if the team lacks workers (a forked child's does): nothing was run."""


NO_WORDS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Record:
    """One call of a plan. kernel: its address; first: where its arguments begin, counted in words
    of the plan's `args`; flags: BARRIER, SINGLE, CHECKED or a sum of them.
    """

    kernel: int
    first: int
    flags: int = BARRIER


class Plan:
    """A plan in memory.

    args: the words of all kernels' arguments, int64, contiguous; the plan reads this very array
    whenever it runs, so pointers may be written into it between runs. threads: 1 to 256. keep:
    whatever must live as long as the plan (code, arena, cells' arrays).
    Raises ValueError for anything that does not fit together.
    """

    def __init__(
        self, records: Sequence[Record], args: Array, threads: int, keep: object = None
    ) -> None:
        if not 1 <= threads <= MOST:
            raise ValueError(f"a plan for {threads} threads; it must be 1 to {MOST}")
        if args.dtype != np.int64 or args.ndim != 1 or not args.flags.carray:
            raise ValueError("a plan's args must be one contiguous, writable row of int64")
        for number, record in enumerate(records):
            if not record.kernel or not 0 <= record.first <= args.size:
                raise ValueError(f"record {number} of the plan is damaged: {record}")
        self.args = args
        self.keep = keep
        self.threads = threads
        self._status = np.zeros(1, dtype=np.int64)
        base = args.ctypes.data
        self._records = np.array(
            [(r.kernel, base + 8 * r.first, r.flags) for r in records], dtype=np.int64
        ).reshape(-1, 3)
        self._plan = np.array(
            [threads, len(records), self._records.ctypes.data, self._status.ctypes.data],
            dtype=np.int64,
        )
        self.address: int = self._plan.ctypes.data
        self.status_address: int = self._status.ctypes.data

    def run(self, patches: Array = NO_WORDS, data: Array = NO_WORDS) -> int:
        """Run it, without Python's lock, and return the status word.

        patches: int64 (n, 3): number of an array, address of the word to write first, offset;
        data: int64 (arrays,): the addresses of the arrays' elements.
        """
        return self._try(lambda: self._run(0, patches, data))

    def run_locked(self) -> int:
        """Run it, as the holder of the run lock (`team().locked()`), and return the status word."""
        return self._try(lambda: native().run_locked(self.address, 0))

    def run_timed(self, patches: Array = NO_WORDS, data: Array = NO_WORDS) -> tuple[int, Array]:
        """Run it as `run` does and take the time of every call.

        Returns the status and an array (records, threads, 2) of seconds since the plan's beginning:
        when each thread began and ended the record (before the barrier); NaN where none did.
        """
        times = np.zeros((len(self._records), self.threads, 2), dtype=np.int64)
        status = self._try(lambda: self._run(times.ctypes.data, patches, data))
        seconds = (times - times[times > 0].min(initial=1 << 62)) / native().ticks_per_second()
        return status, np.where(times > 0, seconds, np.nan)

    def _run(self, times: int, patches: Array, data: Array) -> int:
        n = len(patches)
        return native().run(self.address, times, n, patches.ctypes.data, data.ctypes.data)

    def _try(self, run: Callable[[], int]) -> int:
        crew = team()
        for _ in range(3):
            status = run()
            if status != TOO_FEW:
                return status
            crew.ensure(self.threads)
        raise RuntimeError(f"cannot get a team of {self.threads} threads")

    def __reduce__(self) -> Any:
        raise TypeError("a compiled plan holds addresses and cannot be copied or pickled")
