"""What this machine can do at best: multiply-adds per second, and bytes per second.

Measured, not looked up: clocks, shared caches and virtual machines make data sheets useless. Both
kernels are written in the loop language and compiled as all others are:

    arithmetic   a register tile of Σ a[k, i] · b[k, j] whose operands stay in the first cache
    bandwidth    the sum of an array, again and again: of arrays that fit in a core's first
                 cache, in its second, in the last, and in none
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shinso.cell import Array
from shinso.compiler.executable import compile_kernels
from shinso.compiler.nest import (
    Apply,
    Axis,
    Block,
    Buffer,
    Folded,
    For,
    Load,
    Statement,
    Store,
    Sum,
    affine,
)
from shinso.compiler.program import Call, Program, Slot, canonical
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.target import Target, caches

_ADDED = 128
"""Multiply-adds of one element of the tile: operands of some 20 KB."""
_SECONDS = 0.004
"""How long one measurement is to take, about."""
_RUNS = 5
_GUESS = 5e9
"""Vector operations per second and thread: only decides how much work a measurement gets."""
_LARGEST = 96 << 20
"""Bytes that no cache holds, or so few of them that it does not matter."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The best of a number of threads. float32, float64: operations per second (a multiply-add is
    two). bandwidths: (bytes, bytes per second): how fast data of at most so many bytes are read;
    the last is the memory's.
    """

    threads: int
    float32: float
    float64: float
    bandwidths: tuple[tuple[int, float], ...]

    @property
    def memory(self) -> float:
        """Bytes per second from memory."""
        return self.bandwidths[-1][1]

    def bandwidth(self, size: int) -> float:
        """Bytes per second for data of `size` bytes: that of the smallest cache that holds them."""
        return next((speed for held, speed in self.bandwidths if size <= held), self.memory)

    def arithmetic(self, flops: dict[int, int]) -> float:
        """Seconds that operations take at best. flops: by the size of their numbers in bytes."""
        return sum(n / (self.float64 if size > 4 else self.float32) for size, n in flops.items())


_best: dict[tuple[Target, int], Peak] = {}


def peak(target: Target, threads: int, again: bool = False) -> Peak:
    """Measure what `threads` threads can do with a target's instructions, once in a process.

    again: measure once more; the best ever measured counts, for other work on the machine may have
    slowed the first attempt. Takes about 0.1 s.
    """
    known = _best.get((target, threads))
    if known is None or again:
        made = _measured(target, threads)
        known = _best[target, threads] = made if known is None else _better(known, made)
    return known


def _better(a: Peak, b: Peak) -> Peak:
    """The best of two measurements."""
    speeds = [(n, max(x, y)) for (n, x), (_, y) in zip(a.bandwidths, b.bandwidths, strict=True)]
    return Peak(
        a.threads, max(a.float32, b.float32), max(a.float64, b.float64), tuple(speeds)
    )  # fmt: skip


def _measured(target: Target, threads: int) -> Peak:
    first, second = (size * threads for size in (caches().level1, caches().level2))
    third = caches().level3
    sizes = [first // 2, second // 2]  # with room to spare
    if third > 2 * second:
        sizes.append(third // 2)
    sizes.append(min(_LARGEST, max(4 * third, 16 << 20)))
    memory = np.ones(sizes[-1] // 4, np.float32)
    return Peak(
        threads,
        _arithmetic(target, threads, np.dtype(np.float32)),
        _arithmetic(target, threads, np.dtype(np.float64)),
        tuple((size, _bandwidth(target, threads, memory, size)) for size in sizes),
    )


def _arithmetic(target: Target, threads: int, dtype: np.dtype[np.floating]) -> float:
    """Operations per second of a full register tile."""
    lanes = target.lanes(dtype)
    rows, vectors = (target.registers - 4) // 2, 2
    width = vectors * lanes
    repeats = threads * max(1, int(_SECONDS * _GUESS / (rows * vectors * _ADDED)))
    slots = [
        Slot("argument", 0, (_ADDED, rows), dtype),
        Slot("argument", 1, (_ADDED, width), dtype),
        Slot("argument", 2, (threads, rows, width), dtype),
    ]
    a, b, c = (s.buffer for s in slots)
    product = Apply(
        "multiply", (Load(a, affine(0, k=rows, i=1)), Load(b, affine(0, k=width, j=1))), dtype
    )
    tile = Block(
        (("i", rows),), "j", lanes, (Axis("k", _ADDED, 4),), (Sum("add", product, dtype),),
        (Store(c, affine(0, thread=rows * width, i=width, j=1), Folded(0, dtype)),),
    )  # fmt: skip
    body: Statement = For("j", width, (tile,), width)
    body = For("p", repeats, (For("i", rows, (body,), rows),), parallel=True)
    arrays = [np.full(s.shape, 1e-3, dtype) for s in slots]
    seconds = _fastest(target, threads, (body,), slots, arrays)
    return 2.0 * repeats * rows * width * _ADDED / seconds


def _bandwidth(target: Target, threads: int, memory: Array, size: int) -> float:
    """Bytes per second of reading the first `size` bytes of `memory` over and over."""
    lanes, rows = target.lanes(np.float32), 8
    dtype = memory.dtype
    row = rows * lanes
    chunk = size // 4 // threads // row  # rows of each thread's part
    repeats = 1 if size == memory.nbytes else max(1, int(_SECONDS * 2e10) // size)
    slots = [
        Slot("argument", 0, memory.shape, dtype),
        Slot("argument", 1, (threads, row), dtype),
    ]
    a, c = (Buffer(f"argument{i}", dtype) for i in range(2))
    value = Load(a, affine(0, p=chunk * row, k=row, i=lanes, j=1))
    reduction = (Axis("again", repeats), Axis("k", chunk))
    at = affine(0, p=row, i=lanes, j=1)
    block = Block(
        (("i", rows),), "j", lanes, reduction, (Sum("add", value, dtype),),
        (Store(c, at, Folded(0, dtype)),),
    )  # fmt: skip
    body: Statement = For("j", lanes, (block,), lanes)
    body = For("p", threads, (For("i", rows, (body,), rows),), parallel=True)
    arrays = [memory, np.zeros((threads, row), dtype)]
    seconds = _fastest(target, threads, (body,), slots, arrays)
    return 4.0 * repeats * chunk * row * threads / seconds


def _fastest(
    target: Target, threads: int, body: tuple[Statement, ...], slots: list[Slot],
    arrays: list[Array],
) -> float:  # fmt: skip
    """Compile loops, run them a few times, and return the shortest time in seconds."""
    named = {s.buffer.name: s for s in slots}
    kernel, passed, _ = canonical(body, named)
    program = Program(threads=threads, calls=[Call(kernel, passed, ())])
    address = compile_kernels(program, target)[kernel.text]
    words = np.array([*(arrays[s.index].ctypes.data for s in passed), 0, 0], np.int64)
    plan = Plan([Record(address, 0)], words, threads, keep=arrays)
    best = math.inf
    for _ in range(_RUNS):
        _, times = plan.run_timed()
        best = min(best, float(np.nanmax(times[:, :, 1]) - np.nanmin(times[:, :, 0])))
    return best
