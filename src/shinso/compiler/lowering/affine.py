"""Integer arrays that are affine: an index known beforehand is often a slice in disguise."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.graph import Row, Shape


def affine_row(index: Array, shape: Shape) -> Row | None:
    """The row start + Σ steps[a] · i[a] that an index (broadcast to `shape`) follows, or None.

    An index without elements follows every row.
    """
    full = np.broadcast_to(index, shape)
    if full.size == 0:
        return Row(0, (0,) * len(shape))
    start = int(full[(0,) * len(shape)])
    steps = []
    for axis, n in enumerate(shape):
        second = tuple(int(a == axis) for a in range(len(shape)))
        steps.append(int(full[second]) - start if n > 1 else 0)
    expected: Any = np.int64(start)
    for axis, n in enumerate(shape):
        turned = (n,) + (1,) * (len(shape) - axis - 1)
        expected = expected + np.arange(n, dtype=np.int64).reshape(turned) * steps[axis]
    return Row(start, tuple(steps)) if np.array_equal(full, expected) else None


def runs(positions: Array) -> list[tuple[int, int, int]]:
    """A list of positions cut into affine runs (start, step, count), from left to right."""
    found: list[tuple[int, int, int]] = []
    i, n = 0, len(positions)
    while i < n:
        step = int(positions[i + 1] - positions[i]) if i + 1 < n else 0
        j = i + 1
        while j < n and positions[j] - positions[j - 1] == step:
            j += 1
        found.append((int(positions[i]), step, j - i))
        i = j
    return found
