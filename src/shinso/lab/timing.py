"""Times of several things side by side, on a machine that may have other work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any


def least_milliseconds(jobs: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The least time that each job took in so many rounds.

    Jobs take turns, so that all are met alike by what else the machine does; the least time is
    that with the least of it. The first round, in which things may be compiled, counts for nothing.
    """
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            spent[name].append(1e3 * (time.perf_counter() - start))
    return {name: min(times[1:]) for name, times in spent.items()}
