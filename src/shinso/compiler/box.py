"""Boxes of work: what is to be done at every point of some loops, before it is scheduled.

Neighbouring loops that move all positions alike can be joined; a loop can be cut into equal pieces,
or restricted to some of its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shinso.compiler.nest import (
    Affine,
    Apply,
    Convert,
    Expression,
    Extent,
    Fold,
    Folded,
    Load,
    Lookup,
    Position,
    Scatter,
    Store,
    Sum,
    Within,
    parts,
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A variable and how far it runs.

    named: what the kernel calls this extent, if it is known at run time only; `extent` is then what
    choices are made for.
    """

    variable: str
    extent: int
    named: str = ""

    @property
    def end(self) -> Extent:
        """How far it runs in the kernel."""
        return self.named or self.extent


@dataclass(frozen=True, slots=True)
class Box:
    """Work at every point of a box: fold `sums` over `reduction`, then carry out `then`.

    pure: the variables of the points, outermost in memory first. serial: the first variables of
    `pure` whose order must be kept.
    """

    pure: tuple[Loop, ...]
    reduction: tuple[Loop, ...]
    sums: tuple[Sum, ...]
    then: tuple[Store | Fold | Scatter, ...]
    serial: int = 0


def collapse(box: Box) -> Box:
    """Neighbouring variables that move all positions alike become one: fewer, longer loops.

    Two pure loops (a, b) become one of extent a · b where every access moves a's step = b's extent
    times b's step, and likewise two reduction loops.
    """
    for name in ("pure", "reduction"):
        loops = list(getattr(box, name))
        i = 0
        while i + 1 < len(loops):
            outer, inner = loops[i], loops[i + 1]
            if i + 1 >= (box.serial if name == "pure" else 0) and _joinable(box, outer, inner):
                box = _renamed(box, name, outer, inner)
                loops = list(getattr(box, name))
            else:
                i += 1
    return box


def _joinable(box: Box, outer: Loop, inner: Loop) -> bool:
    if inner.named:
        return False
    places = list(_places(box))
    return all(a.step(outer.variable) == inner.extent * a.step(inner.variable) for a in places)


def _places(box: Box) -> Iterator[Affine]:
    for fold in box.sums:
        yield from _every(fold.value)
        if fold.begin is not None:
            yield from _every(fold.begin)
    for statement in box.then:
        yield statement.at
        yield from _every(statement.value)
        if isinstance(statement, Scatter):
            for _, index in statement.indices:
                yield from _every(index)


def _every(x: Expression) -> Iterator[Affine]:
    """Every affine position in an expression: reads, bounds and numbers."""
    for part in parts(x):
        match part:
            case Load() | Lookup():
                yield part.at
                yield from (bound.position for bound in part.bounds)
            case Within():
                yield from (bound.position for bound in part.bounds)
            case Position():
                yield part.at


def _renamed(box: Box, name: str, outer: Loop, inner: Loop) -> Box:
    """Drop the outer variable; the inner one runs over both."""
    loops = tuple(
        _merged(outer, inner) if x is inner else x for x in getattr(box, name) if x is not outer
    )

    def place(at: Affine) -> Affine:
        return Affine(at.start, tuple(s for s in at.steps if s[0] != outer.variable))

    parts: dict[str, Any] = {name: loops}
    return replace(_placed(box, place), **parts)


def split(box: Box, loop: Loop, length: int) -> Box:
    """A pure loop in pieces of some length, a divisor of its extent: the pieces' loop outermost."""
    outer = f"{loop.variable}_"

    def place(at: Affine) -> Affine:
        step = at.step(loop.variable)
        more = ((outer, step * length),) if step else ()
        return Affine(at.start, tuple(sorted((*at.steps, *more))))

    inner = tuple(replace(x, extent=length) if x is loop else x for x in box.pure)
    pieces = Loop(outer, loop.extent // length)
    return replace(_placed(box, place), pure=(pieces, *inner))


def restricted(box: Box, loop: Loop, first: int, length: int) -> Box:
    """The part of a box where a pure loop is at `first` or one of the next steps."""

    def place(at: Affine) -> Affine:
        return Affine(at.start + first * at.step(loop.variable), at.steps)

    pure = tuple(replace(x, extent=length) if x is loop else x for x in box.pure)
    return replace(_placed(box, place), pure=pure)


def expressions(box: Box) -> list[Expression]:
    """What is folded and what is written."""
    found = [s.value for s in box.then]
    for fold in box.sums:
        found.append(fold.value)
        if fold.begin is not None:
            found.append(fold.begin)
    return found


def with_folded(then: Sequence[Store], value: Load) -> tuple[Store, ...]:
    """Statements that read the sum's result from memory."""
    known: dict[int, Expression] = {}
    for x in parts(*(s.value for s in then)):
        if isinstance(x, Folded):
            known[id(x)] = value
        elif isinstance(x, Apply):
            known[id(x)] = replace(x, operands=tuple(known[id(y)] for y in x.operands))
        elif isinstance(x, Convert):
            known[id(x)] = replace(x, operand=known[id(x.operand)])
        else:
            known[id(x)] = x
    return tuple(replace(s, value=known[id(s.value)]) for s in then)


def _placed(box: Box, place: Callable[[Affine], Affine]) -> Box:
    """A box with all its positions changed."""
    known: dict[int, Any] = {}

    def change(x: Expression) -> Expression:
        if id(x) not in known:
            known[id(x)] = _moved(x, place, change)
        result: Expression = known[id(x)]
        return result

    sums = tuple(
        replace(s, value=change(s.value), begin=None if s.begin is None else change(s.begin))
        for s in box.sums
    )
    then: list[Store | Fold | Scatter] = []
    for s in box.then:
        moved = replace(s, at=place(s.at), value=change(s.value))
        if isinstance(moved, Scatter):
            moved = replace(moved, indices=tuple((k, change(i)) for k, i in moved.indices))
        then.append(moved)
    return replace(box, sums=sums, then=tuple(then))


def _merged(outer: Loop, inner: Loop) -> Loop:
    """One loop over both; where the outer one is named, so many times its extent."""
    name, _, times = outer.named.partition("*")
    named = f"{name}*{int(times or 1) * inner.extent}" if name else ""
    return Loop(inner.variable, outer.extent * inner.extent, named)


def _moved(x: Expression, place: Any, change: Any) -> Expression:
    match x:
        case Load():
            bounds = tuple(replace(b, position=place(b.position)) for b in x.bounds)
            return replace(x, at=place(x.at), bounds=bounds)
        case Lookup():
            bounds = tuple(replace(b, position=place(b.position)) for b in x.bounds)
            indices = tuple((k, change(i)) for k, i in x.indices)
            return replace(x, at=place(x.at), bounds=bounds, indices=indices)
        case Within():
            return replace(
                x, bounds=tuple(replace(b, position=place(b.position)) for b in x.bounds)
            )
        case Position():
            return replace(x, at=place(x.at))
        case Apply():
            return replace(x, operands=tuple(change(y) for y in x.operands))
        case Convert():
            return replace(x, operand=change(x.operand))
    return x
