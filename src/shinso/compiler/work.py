"""How much work a kernel is: its arithmetic and the memory it must touch, counted in its loops.

    FLOPs   2 for every multiply-add of a contraction, 1 for every other function of floating-point
            numbers (an exp is 1, too), however often the loops carry it out; nothing for moving
            numbers, for their positions, or for integers
    bytes   each element of a buffer that is read, once, and each that is written, once; not what
            a kernel reads of its own results

Bytes are the least that has to move: a cache that is too small makes it more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shinso.compiler.nest import (
    Affine,
    Apply,
    Block,
    Bound,
    Expression,
    Fold,
    Folded,
    For,
    Load,
    Lookup,
    Position,
    Scatter,
    Statement,
    Within,
    dtype_of,
    operands_of,
    parts,
)
from shinso.compiler.program import Call, length


@dataclass(slots=True)
class Work:
    """flops: operations by the size of their numbers (4: float32, 8: float64); read, written:
    elements by the name of the buffer.
    """

    flops: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    read: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    written: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of one buffer that a kernel reads and writes, each element once."""

    read: int
    written: int


def blocks(
    body: Sequence[Statement], around: tuple[For, ...] = ()
) -> Iterator[tuple[tuple[For, ...], Block]]:
    """Every block with the loops around it, outermost first."""
    for statement in body:
        if isinstance(statement, Block):
            yield around, statement
        else:
            yield from blocks(statement.body, (*around, statement))


def count(body: Sequence[Statement], batch: int, threads: int) -> Work:
    """The work of loops. batch: examples, for extents with a name; threads: of the program."""
    work, seen = Work(), set[tuple[str, Affine]]()
    for loops, block in blocks(body):
        _Counter(loops, block, batch, threads, work, seen).count()
    return work


def traffic(call: Call, work: Work) -> list[Traffic]:
    """What a call moves of each of its slots; never more than there is of it."""
    passed = [b for b in call.kernel.buffers if not b.scratch]
    found = []
    for buffer, slot in zip(passed, call.slots, strict=True):
        size, most = slot.dtype.itemsize, slot.copies * math.prod(slot.shape)
        read = min(most, work.read.get(buffer.name, 0))
        written = min(most, work.written.get(buffer.name, 0))
        if slot.kind == "temporary":  # what it reads of its own results is in the cache
            read = max(0, read - written)
        found.append(Traffic(size * read, size * written))
    return found


class _Counter:
    """One block with its loops."""

    def __init__(
        self, loops: tuple[For, ...], block: Block, batch: int, threads: int, work: Work,
        seen: set[tuple[str, Affine]],
    ) -> None:  # fmt: skip
        self.loops, self.block, self.work, self.seen = loops, block, work, seen
        self.extents = {loop.variable: length(loop.extent, batch) for loop in loops}
        self.extents |= {a.variable: length(a.extent, batch) for a in block.reduction}
        self.extents |= {v: n for v, n in block.rows if v not in self.extents}
        self.extents["thread"] = threads
        self.folded = {a.variable for a in block.reduction}
        self.tile = {v for v, _ in block.rows}
        if block.vector is not None:
            self.tile.add(block.vector)
        self.points = frozenset(self.tile - self.folded)
        self.needs: dict[int, frozenset[str]] = {}

    def count(self) -> None:
        """Add this block's work."""
        block = self.block
        roots = [s.value for s in block.sums] + [x.value for x in block.then]
        roots += [s.begin for s in block.sums if s.begin is not None]
        for x in block.then:
            if isinstance(x, Scatter):
                roots += [i for _, i in x.indices]
        for part in parts(*roots):
            self.needs[id(part)] = self._needs(part)
            self._expression(part)
        for fold in block.sums:
            if fold.dtype.kind == "f":
                self.work.flops[fold.dtype.itemsize] += self._times(self.points | self.folded)
        for x in block.then:
            dtype = x.buffer.dtype
            if isinstance(x, (Fold, Scatter)) and dtype.kind == "f":
                self.work.flops[dtype.itemsize] += self._times(self.points)
            if x.buffer.scratch:
                continue
            variables = {v for v, _ in x.at.steps}
            if isinstance(x, Scatter):
                variables |= {v for _, i in x.indices for v in self.needs[id(i)]}
            places = self._places(variables)
            self.work.written[x.buffer.name] += places
            if isinstance(x, (Fold, Scatter)):
                self.work.read[x.buffer.name] += places

    def _expression(self, x: Expression) -> None:
        if isinstance(x, (Load, Lookup)) and not x.buffer.scratch:
            if isinstance(x, Load) and (x.buffer.name, x.at) in self.seen:
                return
            self.seen.add((x.buffer.name, x.at))
            variables = {v for v, _ in x.at.steps}
            if isinstance(x, Lookup):
                variables |= {v for _, i in x.indices for v in self.needs[id(i)]}
            self.work.read[x.buffer.name] += self._places(variables)
        elif isinstance(x, Apply):
            floats = [d for d in map(dtype_of, (x, *x.operands)) if d.kind == "f"]
            if floats:
                size = max(d.itemsize for d in floats)
                self.work.flops[size] += self._times(self.needs[id(x)])

    def _needs(self, x: Expression) -> frozenset[str]:
        """The variables that a value depends on."""
        found = {v for y in operands_of(x) for v in self.needs[id(y)]}
        if isinstance(x, (Load, Lookup)):
            found |= {v for v, _ in x.at.steps} | _of(x.bounds)
        elif isinstance(x, Within):
            found |= _of(x.bounds)
        elif isinstance(x, Position):
            found |= {v for v, _ in x.at.steps}
        elif isinstance(x, Folded):
            found |= self.points
        return frozenset(found)

    def _times(self, needed: frozenset[str] | set[str]) -> int:
        """How often a value is worked out: what does not vary in a tile, once for the tile."""
        times = 1
        for loop in self.loops:
            n = self.extents[loop.variable]
            inside = loop.variable in needed or loop.variable not in self.tile
            times *= n if inside and loop.step > 1 else -(-n // loop.step)
        around = {loop.variable for loop in self.loops}
        for variable in (*self.folded, *(v for v, _ in self.block.rows)):
            if variable in needed and variable not in around:
                times *= self.extents[variable]
        return times

    def _places(self, variables: set[str]) -> int:
        """How many positions a combination of variables can give."""
        return math.prod(self.extents.get(v, 1) for v in variables)


def _of(bounds: tuple[Bound, ...]) -> set[str]:
    return {v for b in bounds for v, _ in b.position.steps}
