"""A lowered step: kernels, the memory they work on, and the order in which they run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.graph import Check, Node, Shape
from shinso.compiler.nest import Buffer, Extent, For, Kernel, Statement
from shinso.compiler.writing_down import Writer


class InPlace:
    """What stands for the new value of a cell when it has been written there already."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of memory of the step.

    kind: argument, state, constant, temporary or output; index: which of them. `shape` is how the
    array looks from outside (C order); a temporary's elements may lie in any order. copies: one for
    each thread where they add up parts of a sum. spare: elements of a temporary that are left free
    between the others.
    """

    kind: str
    index: int
    shape: Shape
    dtype: np.dtype[Any]
    copies: int = 1
    spare: int = 0

    @property
    def elements(self) -> int:
        """How many elements it has room for."""
        return self.copies * (math.prod(self.shape) + self.spare)

    @property
    def buffer(self) -> Buffer:
        """The slot's name in the loop language, before a kernel numbers its own buffers."""
        return Buffer(f"{self.kind}{self.index}", self.dtype)


@dataclass(frozen=True, slots=True)
class Call:
    """One kernel on the memory it gets.

    nodes: what it computes. serial: one thread does it alone. update: it writes into cells, so it
    waits for all checks. numbers: the values of the kernel's parameters.
    """

    kernel: Kernel
    slots: tuple[Slot, ...]
    nodes: tuple[Node, ...]
    serial: bool = False
    update: bool = False
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class HostCall:
    """NumPy itself: the operands' slots, the node that says what to call, the results' slots."""

    node: Node
    operands: tuple[Slot, ...]
    results: tuple[Slot | None, ...]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What becomes of a graph's update: the slot with the new array, or None for no gradient."""

    cell: int
    slot: str
    source: Slot | None
    in_place: bool


@dataclass(slots=True)
class Program:
    """A step ready to be compiled: calls in order and where everything lies."""

    threads: int = 1
    batch: int = 0
    calls: list[Call | HostCall] = field(default_factory=list)
    constants: list[Array] = field(default_factory=list)
    temporaries: list[Slot] = field(default_factory=list)
    outputs: list[Slot] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    checks: list[tuple[Slot, Check]] = field(default_factory=list)


def length(extent: Extent, batch: int) -> int:
    """An extent as a number, now that the batch's length is known."""
    if isinstance(extent, int):
        return extent
    times = extent.partition("*")[2]
    return batch * int(times or 1)


def canonical(
    body: tuple[Statement, ...], slots: dict[str, Slot]
) -> tuple[Kernel, tuple[Slot, ...], tuple[float, ...]]:
    """A kernel whose buffers and numbers are named in order of appearance, and what they stand for.

    Kernels that do the same to different memory become equal, and are compiled once.
    """
    writer = Writer()
    changed = tuple(writer.statement(s) for s in body)
    buffers = tuple(writer.buffers.values())
    extents = tuple(sorted(set(_extents(changed))))
    parameters = tuple(writer.parameters.values())
    kernel = Kernel("", buffers, extents, changed, parameters, "\n".join(writer.lines))
    passed = tuple(slots[old] for old, b in writer.buffers.items() if not b.scratch)
    return kernel, passed, tuple(value for value, _ in writer.parameters)


def _extents(body: tuple[Statement, ...]) -> Iterator[str]:
    """The names of extents that are only known at run time."""
    for s in body:
        if isinstance(s, For):
            if isinstance(s.extent, str):
                yield s.extent
            yield from _extents(s.body)
        else:
            yield from (a.extent for a in s.reduction if isinstance(a.extent, str))
