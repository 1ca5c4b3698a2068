"""Runs of a compiled program for their times alone: on copies of its arrays, so nothing changes."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from shinso.cell import Array
from shinso.compiler.executable import Executable
from shinso.compiler.fast import renewed
from shinso.compiler.program import HostCall, Slot
from shinso.compiler.runtime.driver_code import SINGLE

_FEWEST, _MOST, _SECONDS = 5, 30, 0.5
"""So many runs, within these bounds, as fit in so many seconds."""


class Rehearsal:
    """Runs of a program on copies of its arrays."""

    def __init__(
        self, executable: Executable, arguments: Sequence[Array | None],
        states: Sequence[Array | None],
    ) -> None:  # fmt: skip
        self.executable = executable
        self.originals: dict[tuple[str, int], Array] = {}
        given = {"argument": arguments, "state": states}
        for slot in _passed(executable):
            array = given[slot.kind][slot.index] if slot.index < len(given[slot.kind]) else None
            self.originals[slot.kind, slot.index] = _usable(array, slot)
        self.arrays = {key: np.array(x, order="C") for key, x in self.originals.items()}
        words = executable.words.copy()
        for key, at in executable.patches.items():
            words[at] = self.arrays[key].ctypes.data
        self.plans = [
            None if s.plan is None else renewed(s, words, executable) for s in executable.segments
        ]

    def measure(self) -> tuple[list[float], float]:
        """The median seconds of each call of the program, and of the whole."""
        rows: list[list[float]] = []
        totals: list[float] = []
        begin = time.perf_counter()
        self._run()  # so that all code and memory have been touched
        while len(rows) < _FEWEST or (len(rows) < _MOST and time.perf_counter() - begin < _SECONDS):
            row, total = self._run()
            rows.append(row)
            totals.append(total)
        return np.median(np.array(rows), axis=0).tolist(), float(np.median(totals))

    def _run(self) -> tuple[list[float], float]:
        """One run: the seconds of each call, and of all together."""
        for key, array in self.arrays.items():
            if key[0] == "state":  # an update may have been written into it
                np.copyto(array, self.originals[key])
        row: list[float] = []
        total = 0.0
        for segment, plan in zip(self.executable.segments, self.plans, strict=True):
            if plan is not None:
                _, times = plan.run_timed()
                row += [_seconds(t, r) for t, r in zip(times, plan._records, strict=True)]
                total += float(np.nanmax(times) - np.nanmin(times))
            elif segment.host is not None:
                start = time.perf_counter()
                self.executable._call_host(segment.host, self.arrays)
                row.append(time.perf_counter() - start)
                total += row[-1]
        return row, total


def _seconds(times: Array, record: Array) -> float:
    """How long a kernel took, from (threads, 2) times. A thread that only waits does not count."""
    if record[2] & SINGLE:
        times = times[:1]
    return float(np.nanmax(times[:, 1]) - np.nanmin(times[:, 0]))


def _passed(executable: Executable) -> list[Slot]:
    """The arguments and states that the program's calls look at."""
    found: dict[tuple[str, int], Slot] = {}
    for call in executable.wiring.calls:
        slots = call.operands if isinstance(call, HostCall) else call.slots
        for slot in slots:
            if slot.kind in ("argument", "state"):
                found[slot.kind, slot.index] = slot
    return list(found.values())


def _usable(array: Array | None, slot: Slot) -> Array:
    """An array as the program takes it, or something in its place."""
    if array is not None and array.size == math.prod(slot.shape) and array.dtype == slot.dtype:
        return array
    if slot.dtype.kind != "f":
        return np.zeros(slot.shape, slot.dtype)
    random = np.random.default_rng(0)
    return random.standard_normal(slot.shape).astype(slot.dtype)
