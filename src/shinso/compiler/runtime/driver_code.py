"""Native code of the driver: one thread's way through a plan's records, and the whole plan.

plan    threads, number of records, address of records, address of the status word
record  address of the kernel, address of its arguments, flags
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shinso.compiler.runtime.team_code import (
    NUMBER,
    RECORDS,
    STATUS,
    THREADS,
    VERDICT,
    WORKERS,
    the_team,
)

if TYPE_CHECKING:
    from shinso.compiler.runtime.words import Module, Routine, Word

BARRIER, SINGLE, CHECKED = 1, 2, 4
TOO_FEW = -1

_RECORD = 24


def emit(module: Module) -> None:
    """Define work (one thread's part), run_locked and run (the whole plan), and patch.

    A patch is three words: number of an array, address of the word to write, offset in bytes; data
    says where the arrays' elements are.
    """
    with module.routine("work", 4) as f:
        team_, plan, thread, times = f.arguments
        threads, n = f.load(plan + THREADS), f.load(plan + NUMBER)
        with f.when(times.equals(0)):
            _emit_records(f, team_, plan, thread, threads, n, None)
            f.give()
        _emit_records(f, team_, plan, thread, threads, n, times)
    with module.routine("run_locked", 2, export=True) as f:
        plan, times = f.arguments
        team_, threads = the_team(f), f.load(plan + THREADS)
        f.store(f.load(plan + STATUS), 0)
        with f.when(threads.equals(1)):
            f.call("work", team_, plan, 0, times)
            f.give(f.load(f.load(plan + STATUS)))
        with f.when(f.load(team_ + WORKERS) < threads - 1):
            f.give(TOO_FEW)
        f.call("call_up", team_, threads, plan, times)
        f.call("work", team_, plan, 0, times)
        f.call("meet", team_, plan, 1)
        f.give(f.load(team_ + VERDICT))
    with module.routine("patch", 3) as f:
        n, patches, data = f.arguments
        with f.count(n) as i:
            number, word, offset = (f.load(patches + i * 24 + o) for o in (0, 8, 16))
            f.store(word, f.load(data + number * 8) + offset)
    with module.routine("run", 5, export=True) as f:
        plan, times, n, patches, data = f.arguments
        f.call("lock")
        f.call("patch", n, patches, data)
        status = f.call("run_locked", plan, times)
        f.call("unlock")
        f.give(status)


def _emit_records(
    f: Routine, team_: Word, plan: Word, thread: Word, threads: Word, n: Word, times: Word | None
) -> None:
    """One thread's way through the records. times: where to write when it began and ended each."""
    records = f.load(plan + RECORDS)
    with f.count(n) as i:
        record = records + i * _RECORD
        kernel, arguments, flags = (f.load(record + offset) for offset in (0, 8, 16))
        if times is not None:
            slot = times + (i * threads + thread) * 16
            f.store(slot, f.call("ticks"))
        alone = flags & SINGLE
        with f.when(alone.equals(0)):
            f.call_at(kernel, arguments, thread, threads)
        with f.when(alone.differs(0)), f.when(thread.equals(0)):
            f.call_at(kernel, arguments, 0, 1)
        if times is not None:
            f.store(slot + 8, f.call("ticks"))
        # All meet after the last record anyway.
        with f.when((flags & (BARRIER | CHECKED)).differs(0)), f.when(i < n - 1):
            with f.when(threads > 1):
                f.call("meet", team_, plan, 1)
            with f.when((flags & CHECKED).differs(0)):
                _emit_verdict(f, team_, plan, threads)


def _emit_verdict(f: Routine, team_: Word, plan: Word, threads: Word) -> None:
    """End the plan if a check failed. The threads must agree, so they read what the barrier's last
    one found: the status itself may be changed by who is already further on.
    """
    with f.when(threads.equals(1)), f.when(f.load(f.load(plan + STATUS)).differs(0)):
        f.give()
    with f.when(threads > 1), f.when(f.load(team_ + VERDICT).differs(0)):
        f.give()
