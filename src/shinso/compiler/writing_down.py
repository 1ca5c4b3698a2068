"""A kernel in writing: statements and expressions as numbered lines, equal ones written once.

The text is what makes two kernels the same, and the key under which object code is kept. While it
is written, buffers get names in order of appearance and equal expressions become one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shinso.compiler.nest import (
    Affine,
    Apply,
    Block,
    Bound,
    Buffer,
    Convert,
    Expression,
    Fold,
    Folded,
    For,
    Literal,
    Load,
    Lookup,
    Parameter,
    Position,
    Scatter,
    Statement,
    Store,
    Within,
    parts,
)


class Writer:
    """Writes statements down; `statement` returns them with the new names."""

    def __init__(self) -> None:
        self.buffers: dict[str, Buffer] = {}
        self.parameters: dict[tuple[float, str], Parameter] = {}  # by value and dtype
        self.lines: list[str] = []
        self.written: dict[str, Expression] = {}
        self.number: dict[int, int] = {}
        self.new: dict[int, tuple[Expression, Expression]] = {}
        self.depth = 0

    def statement(self, s: Statement) -> Statement:
        """A loop or a block with everything in it."""
        if isinstance(s, For):
            how = "parallel " if s.parallel else ""
            self._line(f"{how}for {s.variable} in {s.extent} step {s.step}")
            self.depth += 1
            body = tuple(self.statement(x) for x in s.body)
            self.depth -= 1
            return replace(s, body=body)
        return self._block(s)

    def _block(self, s: Block) -> Block:
        axes = ", ".join(f"{a.variable} in {a.extent} by {a.unroll}" for a in s.reduction)
        self._line(f"block rows {s.rows} vector {s.vector} x {s.lanes} fold {axes}")
        sums = []
        for f in s.sums:
            value = self.expression(f.value)
            begin = None if f.begin is None else self.expression(f.begin)
            start = "" if begin is None else f" from {self._name(begin)}"
            self._line(f"  {f.function} {f.dtype} {self._name(value)}{start}")
            sums.append(replace(f, value=value, begin=begin))
        then: list[Store | Fold | Scatter] = []
        for x in s.then:
            value = self.expression(x.value)
            buffer = self._buffer(x.buffer)
            made = replace(x, buffer=buffer, value=value)
            how = x.function if isinstance(x, Fold) else type(x).__name__.lower()
            extra = ""
            if isinstance(made, Scatter):
                indices = tuple((k, self.expression(i)) for k, i in made.indices)
                made = replace(made, indices=indices)
                extra = " ".join(f"+ {k} {self._name(i)}" for k, i in indices)
            self._line(f"  {how} {buffer.name}[{_affine(x.at)}{extra}] = {self._name(value)}")
            then.append(made)
        return replace(s, sums=tuple(sums), then=tuple(then))

    def expression(self, x: Expression) -> Expression:
        """An expression with new names; one that was written before is that one."""
        for part in parts(x):
            if id(part) not in self.new:
                made, text = self._written(part)
                first = self.written.get(text)
                if first is None:
                    self.number[id(made)] = len(self.written)
                    self.written[text] = first = made
                    self._line(f"  {self._name(made)} = {text}")
                self.new[id(part)] = (part, first)
        return self.new[id(x)][1]

    def _written(self, x: Expression) -> tuple[Expression, str]:
        match x:
            case Load():
                made = replace(x, buffer=self._buffer(x.buffer))
                return made, f"{made.buffer.name}[{_affine(x.at)}]{_bounds(x.bounds)}"
            case Lookup():
                indices = tuple((k, self.new[id(i)][1]) for k, i in x.indices)
                found = replace(x, buffer=self._buffer(x.buffer), indices=indices)
                terms = " ".join(f"+ {k} {self._name(i)}" for k, i in indices)
                place = f"{found.buffer.name}[{_affine(x.at)} {terms}]"
                return found, f"{place}{_bounds(x.bounds)}"
            case Within():
                return x, f"within{_bounds(x.bounds)}"
            case Literal():
                return x, f"{x.value!r} {x.dtype}"
            case Parameter():
                key = x.value, str(x.dtype)
                named = Parameter(f"p{len(self.parameters)}", x.dtype)
                named = self.parameters.setdefault(key, named)
                return named, f"parameter {named.name} {named.dtype}"
            case Position():
                return x, f"position {_affine(x.at)}"
            case Folded():
                return x, f"folded {x.index} {x.dtype} {self.depth} {len(self.lines)}"
            case Apply():
                operands = tuple(self.new[id(y)][1] for y in x.operands)
                names = ", ".join(self._name(y) for y in operands)
                return replace(x, operands=operands), f"{x.function}({names}) {x.dtype}"
            case Convert():
                operand = self.new[id(x.operand)][1]
                return replace(x, operand=operand), f"{x.dtype}({self._name(operand)})"

    def _name(self, x: Expression) -> str:
        return f"%{self.number[id(x)]}"

    def _buffer(self, buffer: Buffer) -> Buffer:
        if buffer.name not in self.buffers:
            named = replace(buffer, name=f"b{len(self.buffers)}")
            self.buffers[buffer.name] = named
            self._line(f"{named.name}: {named.dtype} {named.scratch or ''}")
        return self.buffers[buffer.name]

    def _line(self, text: Any) -> None:
        self.lines.append("  " * self.depth + text)


def _affine(at: Affine) -> str:
    terms = [f"{s} {v}" for v, s in at.steps]
    return " + ".join([str(at.start), *terms])


def _bounds(bounds: tuple[Bound, ...]) -> str:
    return "".join(f" if {b.low} <= {_affine(b.position)} < {b.high}" for b in bounds)
