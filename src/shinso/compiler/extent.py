"""A proof that a kernel stays inside its buffers: the reach of every access, worked out from loops.

Every position is affine in loop variables with known ranges, so its least and greatest value are
known before any code is made. Loads under bounds are checked within these bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shinso.compiler.nest import (
    Affine,
    Block,
    Bound,
    Expression,
    Fold,
    For,
    Kernel,
    Load,
    Scatter,
    Statement,
    Store,
    parts,
)
from shinso.compiler.program import Call, length

Range = tuple[int, int]


class OutsideError(AssertionError):
    """A kernel would touch memory outside a buffer: a mistake in the compiler."""


def check_call(call: Call, batch: int, threads: int) -> None:
    """Raise OutsideError if a call's kernel could leave the memory it gets."""
    sizes: dict[str, int] = {}
    slots = iter(call.slots)
    for buffer in call.kernel.buffers:
        if buffer.scratch:
            sizes[buffer.name] = buffer.scratch
        else:
            slot = next(slots)
            sizes[buffer.name] = slot.elements
    highest = 0 if call.serial else threads - 1
    _Checker(call.kernel, sizes, batch).statements(call.kernel.body, {"thread": (0, highest)})


class _Checker:
    def __init__(self, kernel: Kernel, sizes: Mapping[str, int], batch: int) -> None:
        self.kernel, self.sizes, self.batch = kernel, sizes, batch

    def statements(self, body: Sequence[Statement], ranges: dict[str, Range]) -> None:
        """Everything inside loops whose variables have these ranges."""
        for statement in body:
            if isinstance(statement, For):
                n = self._length(statement.extent)
                if n > 0:
                    inner = {**ranges, statement.variable: (0, n - 1)}
                    self.statements(statement.body, inner)
            else:
                self._block(statement, ranges)

    def _length(self, extent: int | str) -> int:
        return length(extent, self.batch)

    def _block(self, block: Block, ranges: dict[str, Range]) -> None:
        inner = dict(ranges)
        empty = False
        for axis in block.reduction:
            n = self._length(axis.extent)
            inner[axis.variable] = (0, n - 1)
            empty = empty or n == 0
        for fold in block.sums:
            if not empty:
                self._expression(fold.value, inner)
            if fold.begin is not None:
                self._expression(fold.begin, ranges)
        for statement in block.then:
            self._final(statement, ranges)

    def _final(self, statement: Store | Fold | Scatter, ranges: dict[str, Range]) -> None:
        self._expression(statement.value, ranges)
        if not isinstance(statement, Scatter):
            self._access(statement.buffer.name, statement.at, ranges, ())
        else:
            for _, index in statement.indices:  # clamped where they are used
                self._expression(index, ranges)

    def _expression(self, x: Expression, ranges: dict[str, Range]) -> None:
        for part in parts(x):
            if isinstance(part, Load):
                self._access(part.buffer.name, part.at, ranges, part.bounds)

    def _access(
        self, name: str, at: Affine, ranges: dict[str, Range], bounds: Sequence[Bound]
    ) -> None:
        tightened = _tightened(ranges, bounds)
        if tightened is None:
            return
        low, high = _within(at, bounds, tightened)
        if low <= high and (low < 0 or high >= self.sizes[name]):
            raise OutsideError(
                f"{name} has {self.sizes[name]} elements; {at} reaches from {low} to {high}"
            )


def _within(at: Affine, bounds: Sequence[Bound], ranges: Mapping[str, Range]) -> Range:
    """The reach of a position: multiples of the bounded positions it is made of, and the rest."""
    low, high = 0, 0
    whole = reach(at, ranges)
    for bound in bounds:
        factors = {at.step(v) // s for v, s in bound.position.steps}
        if len(factors) == 1 and 0 not in factors:
            (factor,) = factors
            rest = {v: s - factor * bound.position.step(v) for v, s in at.steps}
            start = at.start - factor * bound.position.start
            at = Affine(start, tuple((v, s) for v, s in rest.items() if s))
            first, last = reach(bound.position, ranges)
            ends = factor * max(first, bound.low), factor * min(last, bound.high - 1)
            low, high = low + min(ends), high + max(ends)
    ends_of_rest = reach(at, ranges)
    return max(whole[0], low + ends_of_rest[0]), min(whole[1], high + ends_of_rest[1])


def reach(at: Affine, ranges: Mapping[str, Range]) -> Range:
    """The least and the greatest value of a position."""
    low = high = at.start
    for variable, step in at.steps:
        ends = [step * x for x in ranges[variable]]
        low, high = low + min(ends), high + max(ends)
    return low, high


def _tightened(ranges: dict[str, Range], bounds: Sequence[Bound]) -> dict[str, Range] | None:
    """Ranges within bounds on single variables; None if nothing is left."""
    result = dict(ranges)
    for bound in bounds:
        if not bound.position.steps and not bound.low <= bound.position.start < bound.high:
            return None
        if len(bound.position.steps) != 1:
            continue  # a window's bound on several variables: left to the run-time check
        variable, step = bound.position.steps[0]
        low, high = result[variable]
        start = bound.position.start
        if step > 0:
            low = max(low, -(-(bound.low - start) // step))
            high = min(high, (bound.high - 1 - start) // step)
        else:
            low = max(low, -((bound.high - 1 - start) // -step))
            high = min(high, (start - bound.low) // -step)
        if low > high:
            return None
        result[variable] = (low, high)
    return result
