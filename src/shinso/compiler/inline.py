"""What one element of a node is, as an expression over loop variables.

Nodes that have memory of their own are loaded; everything between them is worked out on the way,
element by element: functions are applied, views and pads become positions and bounds. So a chain of
NumPy calls costs one loop, and a view costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.compiler.graph import (
    Cast,
    Concatenate,
    Constant,
    Gather,
    Iota,
    Map,
    Node,
    Pad,
    Row,
    View,
)
from shinso.compiler.nest import (
    Affine,
    Apply,
    Bound,
    Buffer,
    Convert,
    Expression,
    Literal,
    Load,
    Lookup,
    Parameter,
    Position,
    Within,
    affine_of,
)
from shinso.compiler.simplify import beneath

BOOL, INT64 = np.dtype(bool), np.dtype(np.int64)

Place = tuple[Affine, ...]

_ARITHMETIC = frozenset(("add", "subtract", "multiply", "divide"))
_PLAIN = (0, 1, -1, 0.5, 2, -2)  # numbers that make simpler code


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a node's elements lie: start + Σ strides[a] · i[a], in elements of a buffer."""

    buffer: Buffer
    strides: tuple[int, ...]
    start: int = 0

    def at(self, place: Sequence[Affine]) -> Affine:
        """The position of the element at an affine place."""
        return combine(self.start, self.strides, place)


def combine(start: int, steps: Sequence[int], place: Sequence[Affine]) -> Affine:
    """start + Σ steps[a] · place[a]."""
    total: dict[str, int] = {}
    for step, at in zip(steps, place, strict=True):
        if step:
            start += step * at.start
            for variable, s in at.steps:
                total[variable] = total.get(variable, 0) + step * s
    return affine_of(start, total)


def through(rows: Sequence[Row], place: Sequence[Affine]) -> Place:
    """The place in a view's operand that belongs to a place in the view."""
    return tuple([combine(row.start, row.steps, place) for row in rows])


def contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    """The strides of a C-order array, in elements."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


class Inliner:
    """Expressions for elements of nodes. placed: where a node is in memory, or None."""

    def __init__(self, placed: Callable[[Node], Placed | None]) -> None:
        self.placed = placed
        self.local: dict[tuple[int, Place], Expression] = {}
        self.known: dict[tuple[int, Place, tuple[Bound, ...]], Expression] = {}

    def value(self, node: Node, place: Place, bounds: tuple[Bound, ...] = ()) -> Expression:
        """The element of `node` at a place; memory is touched only where the bounds hold."""
        found = self.local.get((id(node), place))
        if found is not None:
            return found
        key = (id(node), place, bounds)
        if key not in self.known:
            self.known[key] = self._value(node, place, bounds)
        return self.known[key]

    def _value(self, node: Node, place: Place, bounds: tuple[Bound, ...]) -> Expression:
        placed = self.placed(node)
        if placed is not None:
            return Load(placed.buffer, placed.at(place), bounds)
        return self.worked_out(node, place, bounds)

    def worked_out(self, node: Node, place: Place, bounds: tuple[Bound, ...] = ()) -> Expression:
        """The element computed from the node's operands, though it may have memory."""
        operands, operation = node.operands, node.operation
        match operation:
            case Constant(array):
                assert array.ndim == 0, "a constant array needs a place"
                return Literal(array.item(), node.dtype)
            case Iota():
                return converted(Position(place[0]), node.dtype)
            case Map(function):
                if function in _ARITHMETIC:
                    values = tuple([self._operand(x, place, bounds) for x in operands])
                else:
                    values = tuple([self.value(x, place, bounds) for x in operands])
                return Apply(function, values, node.dtype)
            case Cast():
                return converted(self.value(operands[0], place, bounds), node.dtype)
            case View(rows):
                return self.value(operands[0], through(rows, place), bounds)
            case Pad():
                return self._pad(node, place, bounds)
            case Gather(rows):
                return self._gather(node, rows, place, bounds)
            case Concatenate(axis):
                return self._concatenate(node, axis, place, bounds)
        raise AssertionError(f"{operation} has no memory to be loaded from")

    def _operand(self, x: Node, place: Place, bounds: tuple[Bound, ...]) -> Expression:
        """An operand; a number is passed to the kernel, which then serves others, too.

        Numbers follow from the length of the batch (means) or from settings (momentum).
        """
        base = beneath(x)
        if isinstance(base.operation, Constant) and base.ndim == 0 and x.dtype.kind in "fiu":
            number = base.operation.array.item()
            if math.isfinite(number) and number not in _PLAIN:
                key = (id(base), (), ())
                if key not in self.known:
                    self.known[key] = Parameter("", x.dtype, number)
                return self.known[key]
        return self.value(x, place, bounds)

    def _pad(self, node: Node, place: Place, bounds: tuple[Bound, ...]) -> Expression:
        x, v = node.operands
        assert isinstance(node.operation, Pad)
        inner, inside = [], []
        for at, n, (before, after) in zip(place, x.shape, node.operation.widths, strict=True):
            moved = Affine(at.start - before, at.steps)
            inner.append(moved)
            if before or after:
                inside.append(Bound(moved, 0, n))
        every = _joined(bounds, inside)
        value = self.value(x, tuple(inner), every)
        other = self.value(v, (), bounds)
        return Apply("where", (Within(tuple(inside), BOOL), value, other), node.dtype)

    def _gather(
        self, node: Node, rows: Sequence[Row | int], place: Place, bounds: tuple[Bound, ...]
    ) -> Expression:
        x, *indices = node.operands
        placed = self.placed(x)
        assert placed is not None, "what is gathered from has memory"
        at, terms = Affine(placed.start), []
        for row, stride, n in zip(rows, placed.strides, x.shape, strict=True):
            if isinstance(row, Row):
                moved = combine(row.start, row.steps, place)
                at = combine(0, (1, stride), (at, moved))
            else:
                index = self.value(indices[row - 1], place, bounds)
                terms.append((stride, inside(converted(index, INT64), n)))
        return Lookup(placed.buffer, at, tuple(terms), bounds)

    def _concatenate(
        self, node: Node, axis: int, place: Place, bounds: tuple[Bound, ...]
    ) -> Expression:
        """Each operand in its own range, the last one where no other holds."""
        result: Expression | None = None
        end = node.shape[axis]
        for x in reversed(node.operands):
            begin = end - x.shape[axis]
            mine = Bound(Affine(place[axis].start - begin, place[axis].steps), 0, x.shape[axis])
            if x.shape[axis]:
                moved = (*place[:axis], mine.position, *place[axis + 1 :])
                value = self.value(x, moved, _joined(bounds, [mine]))
                if result is None:
                    result = value
                else:
                    within = Within((mine,), BOOL)
                    result = Apply("where", (within, value, result), node.dtype)
            end = begin
        return Literal(0, node.dtype) if result is None else result  # no element: none is asked for


def inside(index: Expression, n: int) -> Expression:
    """An index counted from the end where negative, and clamped to 0 … n - 1."""
    zero, last = Literal(0, INT64), Literal(max(n - 1, 0), INT64)
    negative = Apply("less", (index, zero), BOOL)
    turned = Apply("add", (index, Literal(n, INT64)), INT64)
    index = Apply("where", (negative, turned, index), INT64)
    return Apply("minimum", (Apply("maximum", (index, zero), INT64), last), INT64)


def _joined(bounds: tuple[Bound, ...], more: Sequence[Bound]) -> tuple[Bound, ...]:
    return (*bounds, *(b for b in more if b not in bounds))


def converted(x: Expression, dtype: np.dtype[Any]) -> Expression:
    """An expression in a dtype; itself if it has it."""
    current = x.buffer.dtype if isinstance(x, (Load, Lookup)) else x.dtype
    return x if current == dtype else Convert(x, dtype)
