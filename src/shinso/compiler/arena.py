"""Memory for temporaries: one piece for all of them, places given out by lifetimes.

Two arrays share a place if one is no longer needed when the other is made. So a step takes as much
memory as its busiest moment, not as all its arrays together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = 64


@dataclass(slots=True)
class Lifetime:
    """An array of `size` bytes that is needed from call `first` to call `last`, both included."""

    size: int
    first: int
    last: int


def place(lifetimes: Sequence[Lifetime]) -> tuple[list[int], int]:
    """An offset for each array, and the size of the whole.

    The largest arrays are placed first, each at the lowest place that is free throughout its life.
    """
    offsets = [0] * len(lifetimes)
    done: list[int] = []
    total = 0
    for i in sorted(range(len(lifetimes)), key=lambda i: -lifetimes[i].size):
        mine = lifetimes[i]
        size = rounded(mine.size)
        taken = sorted(
            (offsets[j], offsets[j] + rounded(lifetimes[j].size))
            for j in done
            if lifetimes[j].first <= mine.last and mine.first <= lifetimes[j].last
        )
        offset = 0
        for low, high in taken:
            if offset + size <= low:
                break
            offset = max(offset, high)
        offsets[i] = offset
        total = max(total, offset + size)
        done.append(i)
    return offsets, total


def rounded(size: int) -> int:
    """A size in whole cache lines, one at least."""
    return max(1, math.ceil(size / _LINE)) * _LINE
