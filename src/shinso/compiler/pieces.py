"""A box whose bounds change along a loop, as one box for each range in which they do not.

What concatenates k arrays has a choice among k in every element; cut at the seams, each piece
reads one array and decides nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from shinso.compiler.box import Box, Loop, expressions, restricted
from shinso.compiler.nest import (
    Affine,
    Apply,
    Bound,
    Convert,
    Expression,
    Literal,
    Load,
    Lookup,
    Within,
    parts,
)

_SHORTEST = 4
"""A piece has at least so many steps; a border of one or two is not worth a loop of its own."""

_MOST = 64
"""So many pieces at most."""


def pieces(box: Box) -> list[Box]:
    """The box, cut along each pure loop where bounds of its variable alone begin or end to hold."""
    found = [box]
    for number in range(box.serial, len(box.pure)):
        found = [piece for x in found for piece in _cut(x, x.pure[number])]
    return found


def _cut(box: Box, loop: Loop) -> list[Box]:
    if loop.named or loop.extent < 2 * _SHORTEST:
        return [box]
    seams = sorted({seam for bound in _bounds(box, loop) for seam in _seams(bound, loop)})
    ends = [0, *seams, loop.extent]
    lengths = [b - a for a, b in itertools.pairwise(ends)]
    if not seams or min(lengths) < _SHORTEST or len(lengths) > _MOST:
        return [box]
    return [
        _decided(restricted(box, loop, first, n), replace(loop, extent=n))
        for first, n in zip(ends, lengths, strict=False)
    ]


def _bounds(box: Box, loop: Loop) -> Iterator[Bound]:
    """The bounds that depend on this loop's variable and no other."""
    for x in parts(*expressions(box)):
        if isinstance(x, (Load, Lookup, Within)):
            for bound in x.bounds:
                if _is_of(bound.position, loop):
                    yield bound


def _is_of(position: Affine, loop: Loop) -> bool:
    return len(position.steps) == 1 and position.steps[0][0] == loop.variable


def _seams(bound: Bound, loop: Loop) -> Iterator[int]:
    """The steps of the loop, after the first, at which a bound begins or ceases to hold."""
    ((_, step),) = bound.position.steps
    for edge in (bound.low, bound.high):
        far = edge - bound.position.start
        # step > 0: holds from ⌈far / step⌉ on; step < 0: up to ⌊far / step⌋.
        seam = -(-far // step) if step > 0 else far // step + 1
        if 0 < seam < loop.extent:
            yield seam


def _decided(box: Box, loop: Loop) -> Box:
    """A box without the bounds that always hold, and without the choices that never change."""
    known: dict[int, Expression] = {}
    for x in parts(*expressions(box)):
        known[id(x)] = _plain(x, loop, known)
    sums = tuple(
        replace(s, value=known[id(s.value)], begin=None if s.begin is None else known[id(s.begin)])
        for s in box.sums
    )
    then = tuple(replace(s, value=known[id(s.value)]) for s in box.then)
    return replace(box, sums=sums, then=then)


def _plain(x: Expression, loop: Loop, known: dict[int, Expression]) -> Expression:
    match x:
        case Apply():
            operands = tuple([known[id(y)] for y in x.operands])
            if x.function == "where" and isinstance(operands[0], Literal):
                return operands[1] if operands[0].value else operands[2]
            return replace(x, operands=operands)
        case Convert():
            return replace(x, operand=known[id(x.operand)])
        case Within():
            left = _open(x.bounds, loop)
            if left is None:
                return Literal(False, x.dtype)
            return replace(x, bounds=left) if left else Literal(True, x.dtype)
        case Load():
            left = _open(x.bounds, loop)
            return Literal(0, x.buffer.dtype) if left is None else replace(x, bounds=left)
        case Lookup():
            left = _open(x.bounds, loop)
            if left is None:
                return Literal(0, x.buffer.dtype)
            return replace(x, bounds=left, indices=tuple((k, known[id(i)]) for k, i in x.indices))
    return x


def _open(bounds: tuple[Bound, ...], loop: Loop) -> tuple[Bound, ...] | None:
    """The bounds that remain to be looked at; None if one of them never holds."""
    left = []
    for bound in bounds:
        if not _is_of(bound.position, loop):
            left.append(bound)
            continue
        ((_, step),) = bound.position.steps
        ends = bound.position.start, bound.position.start + step * (loop.extent - 1)
        if max(ends) < bound.low or min(ends) >= bound.high:
            return None
        if min(ends) < bound.low or max(ends) >= bound.high:
            left.append(bound)
    return tuple(left)
