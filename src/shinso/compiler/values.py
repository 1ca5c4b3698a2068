"""Expressions as LLVM values at the points of a register tile.

A value that all lanes share is a scalar until it meets a vector; loads are vectors where memory
runs on along the lanes, single elements where it stands still, and gathered otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from shinso.compiler import scalar
from shinso.compiler.llvm_types import (
    I1,
    I8,
    I32,
    I64,
    POINTER,
    is_vector,
    memory_type,
    register_type,
)
from shinso.compiler.nest import (
    Affine,
    Apply,
    Block,
    Bound,
    Buffer,
    Convert,
    Expression,
    Folded,
    Literal,
    Load,
    Lookup,
    Parameter,
    Position,
    Within,
    dtype_of,
    operands_of,
    parts,
)

if TYPE_CHECKING:
    from shinso.compiler.emit import Emitter

Offsets = Mapping[str, int]


class Values:
    """Values of a block's expressions. A point is a row (offsets of the unrolled variables) and a
    vector (its number).
    """

    def __init__(self, outer: Emitter, block: Block) -> None:
        self.outer, self.block, self.builder = outer, block, outer.builder
        self.in_lanes = any(a.variable == block.vector for a in block.reduction)
        self.mask: Any = None  # of the last vector, where it is not full
        self.vectors = 1
        if block.vector is not None and not self.in_lanes:
            self._count_vectors(outer.active[block.vector])
        counts = [(v, outer.active[v]) for v, _ in block.rows]
        self.rows = [
            dict(zip((v for v, _ in counts), at, strict=True))
            for at in itertools.product(*(range(n) for _, n in counts))
        ]
        self.folded: dict[tuple[int, int, int], Any] = {}
        self.known: dict[Any, Any] = {}
        self.spreads: dict[int, tuple[str, ...]] = {}
        self.row_names = frozenset(v for v, _ in block.rows)

    def _count_vectors(self, active: Any) -> None:
        lanes = self.block.lanes
        if isinstance(active, int):
            self.vectors = -(-active // lanes)
            if active % lanes:
                bits = [int(i < active % lanes) for i in range(lanes)]
                self.mask = ir.Constant(ir.VectorType(I1, lanes), bits)
        else:
            self.vectors = 1
            self.mask = self._first(active)

    def _first(self, n: Any) -> Any:
        """A mask of the first n lanes, n at run time."""
        lanes = self.block.lanes
        steps = ir.Constant(ir.VectorType(I64, lanes), list(range(lanes)))
        return self.builder.icmp_signed("<", steps, self._splat(n))

    def _points(self) -> list[tuple[int, int]]:
        return [(r, j) for r in range(len(self.rows)) for j in range(self.vectors)]

    # -- expressions -----------------------------------------------------------------------------

    def _value(self, x: Expression, at: Offsets, j: int) -> Any:
        """An expression at a point: a scalar where all lanes agree, else a vector."""
        variables = self._variables(x)
        place = tuple([at.get(v, 0) for v in variables])
        key = (id(x), place, j if self.block.vector in variables or self.folded else 0)
        if key not in self.known:
            self.known[key] = self._compute(x, at, j)
        return self.known[key]

    def _variables(self, x: Expression) -> tuple[str, ...]:
        """The loop variables that an expression depends on."""
        if id(x) not in self.spreads:
            for part in parts(x):
                if id(part) not in self.spreads:
                    found = _own_variables(part, self.row_names)
                    found = found.union(*(self.spreads[id(y)] for y in operands_of(part)))
                    self.spreads[id(part)] = tuple(sorted(found))
        return self.spreads[id(x)]

    def _compute(self, x: Expression, at: Offsets, j: int) -> Any:
        b = self.builder
        match x:
            case Literal():
                value = x.value
                if x.dtype.kind != "f":
                    value = int(value)
                return ir.Constant(register_type(x.dtype), value)
            case Parameter():
                return self.outer.parameters[x.name]
            case Folded():
                r = next(i for i, row in enumerate(self.rows) if row.items() <= at.items())
                return self.folded[x.index, r, j]
            case Load():
                return self._read(x.buffer, x.at, at, j, self._within(x.bounds, at, j))
            case Lookup():
                return self._lookup(x, at, j)
            case Within():
                return self._within(x.bounds, at, j)
            case Position():
                return self._position(x, at, j)
            case Convert():
                value = self._value(x.operand, at, j)
                return scalar.cast(b, self.outer.target, value, dtype_of(x.operand), x.dtype)
            case Apply():
                values = [self._value(y, at, j) for y in x.operands]
                if any(map(is_vector, values)):
                    values = [v if is_vector(v) else self._splat(v) for v in values]
                types = [dtype_of(y) for y in x.operands]
                return scalar.emit(b, self.outer.target, x.function, values, types, x.dtype)

    def _position(self, x: Position, at: Offsets, j: int) -> Any:
        b = self.builder
        value = self.outer.position(x.at, self._offset(x.at, at, j))
        step = x.at.step(self.block.vector) if self.block.vector else 0
        if not step:
            return value
        lanes = self._first_positions(step)
        steps = ir.Constant(ir.VectorType(I64, self.block.lanes), lanes)
        return b.add(self._splat(value), steps)

    def _first_positions(self, step: int) -> list[int]:
        return [i * step for i in range(self.block.lanes)]

    def _within(self, bounds: tuple[Bound, ...], at: Offsets, j: int) -> Any:
        """All bounds at once: a bit, or a bit per lane; None where there are none."""
        condition = None
        for bound in bounds:
            holds = self._holds(bound, at, j)
            if condition is None:
                condition = holds
            else:
                if is_vector(holds) != is_vector(condition):
                    holds, condition = self._vector(holds), self._vector(condition)
                condition = self.builder.and_(condition, holds)
        return condition

    def _lookup(self, x: Lookup, at: Offsets, j: int) -> Any:
        """A load from computed places, lane by lane."""
        b, kind = self.builder, memory_type(x.buffer.dtype)
        condition = self._within(x.bounds, at, j)
        place = self._position(Position(x.at), at, j)
        place = self._plus_indices(place, x.indices, at, j)
        mask = self._mask(j) if is_vector(place) else None
        if condition is not None:
            if is_vector(condition) or is_vector(place):
                place, condition = self._vector(place), self._vector(condition)
                mask = self._mask(j)
                mask = condition if mask is None else b.and_(mask, condition)
            place = b.select(condition, place, ir.Constant(place.type, None))
        base = self.outer.bases[x.buffer.name]
        if not is_vector(place):
            address = b.gep(base, [place], source_etype=kind)
            value = b.load(address, align=x.buffer.dtype.itemsize, typ=kind)
            return self._to_register(value, x.buffer.dtype)
        lanes = ir.VectorType(kind, self.block.lanes)
        every = ir.Constant(ir.VectorType(I1, self.block.lanes), [1] * self.block.lanes)
        value = self._intrinsic(
            "llvm.masked.gather",
            lanes,
            self._addresses(x.buffer, base, place),
            every if mask is None else mask,
            ir.Constant(lanes, ir.Undefined),
        )
        return self._to_register(value, x.buffer.dtype)

    def _plus_indices(self, place: Any, indices: Any, at: Offsets, j: int) -> Any:
        b = self.builder
        for step, index in indices:
            value = self._value(index, at, j)
            if is_vector(value) != is_vector(place):
                value, place = self._vector(value), self._vector(place)
            steps = ir.Constant(I64, step)
            steps = self._splat(steps) if is_vector(value) else steps
            place = b.add(place, b.mul(value, steps))
        return place

    def _holds(self, bound: Bound, at: Offsets, j: int) -> Any:
        """low <= position < high as one unsigned comparison."""
        b = self.builder
        position = self._position(Position(bound.position), at, j)
        width = ir.Constant(I64, bound.high - bound.low)
        low = ir.Constant(I64, bound.low)
        if is_vector(position):
            return b.icmp_unsigned("<", b.sub(position, self._splat(low)), self._splat(width))
        return b.icmp_unsigned("<", b.sub(position, low), width)

    def _read(self, buffer: Buffer, at: Affine, offsets: Offsets, j: int, condition: Any) -> Any:
        """The element or vector at a place; where `condition` fails, memory is not touched."""
        b, block = self.builder, self.block
        kind = memory_type(buffer.dtype)
        step = at.step(block.vector) if block.vector is not None else 0
        address = self.outer.pointer(buffer, at, self._offset(at, offsets, j))
        size = buffer.dtype.itemsize
        if step == 0:
            if condition is not None:
                if is_vector(condition):
                    return self._gathered(buffer, address, 0, condition)
                address = b.select(condition, address, self.outer.bases[buffer.name])
            return self._to_register(b.load(address, align=size, typ=kind), buffer.dtype)
        mask = self._mask(j)
        if condition is not None:
            wide = condition if is_vector(condition) else self._splat(condition)
            mask = wide if mask is None else b.and_(mask, wide)
        lanes = ir.VectorType(kind, block.lanes)
        if step == 1 and mask is None:
            value = b.load(address, align=size, typ=lanes)
        elif step == 1:
            value = self._intrinsic(
                "llvm.masked.load", lanes, address, mask, ir.Constant(lanes, ir.Undefined)
            )
        else:
            return self._gathered(buffer, address, step, mask)
        return self._to_register(value, buffer.dtype)

    def _gathered(self, buffer: Buffer, address: Any, step: int, mask: Any) -> Any:
        b, kind = self.builder, memory_type(buffer.dtype)
        lanes = ir.VectorType(kind, self.block.lanes)
        if mask is not None and not isinstance(mask, ir.Constant):
            places = self._addresses(buffer, address, self._lane_steps(step))
            value = self._intrinsic(
                "llvm.masked.gather", lanes, places, mask, ir.Constant(lanes, ir.Undefined)
            )
            return self._to_register(value, buffer.dtype)
        value = ir.Constant(lanes, ir.Undefined)
        for i in range(self.block.lanes):
            if mask is None or mask.constant[i].constant:
                place = b.gep(address, [ir.Constant(I64, i * step)], source_etype=kind)
                element = b.load(place, align=buffer.dtype.itemsize, typ=kind)
                value = b.insert_element(value, element, ir.Constant(I32, i))
        return self._to_register(value, buffer.dtype)

    def _addresses(self, buffer: Buffer, address: Any, steps: Any) -> Any:
        """Addresses of several elements, `steps` elements from one address."""
        b, lanes = self.builder, self.block.lanes
        size = ir.Constant(I64, buffer.dtype.itemsize)
        places = b.add(self._splat(b.ptrtoint(address, I64)), b.mul(steps, self._splat(size)))
        return b.inttoptr(places, ir.VectorType(POINTER, lanes))

    def _lane_steps(self, step: int) -> Any:
        return ir.Constant(ir.VectorType(I64, self.block.lanes), self._first_positions(step))

    # -- small things ----------------------------------------------------------------------------

    def _offset(self, at: Affine, offsets: Offsets, j: int) -> int:
        total = sum(at.step(v) * o for v, o in offsets.items())
        if self.block.vector is not None and not self.in_lanes:
            total += at.step(self.block.vector) * j * self.block.lanes
        return total

    def _lanes(self) -> int:
        return 0 if self.block.vector is None or self.in_lanes else self.block.lanes

    def _mask(self, j: int) -> Any:
        if self.in_lanes:
            return self.mask
        return self.mask if j == self.vectors - 1 else None

    def _splat(self, value: Any) -> Any:
        lanes = self.block.lanes
        if isinstance(value, ir.Constant):
            return ir.Constant(ir.VectorType(value.type, lanes), [value.constant] * lanes)
        kind = ir.VectorType(value.type, lanes)
        one = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), value, ir.Constant(I32, 0)
        )
        zeros = ir.Constant(ir.VectorType(I32, lanes), [0] * lanes)
        return self.builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

    def _vector(self, value: Any) -> Any:
        return value if is_vector(value) else self._splat(value)

    def _like(self, value: Any, other: Any) -> Any:
        return self._splat(value) if is_vector(other) and not is_vector(value) else value

    def _to_memory(self, value: Any, dtype: np.dtype[Any]) -> Any:
        if dtype.kind != "b":
            return value
        wide = ir.VectorType(I8, value.type.count) if is_vector(value) else I8
        return self.builder.zext(value, wide)

    def _to_register(self, value: Any, dtype: np.dtype[Any]) -> Any:
        if dtype.kind != "b":
            return value
        bits = ir.VectorType(I1, value.type.count) if is_vector(value) else I1
        return self.builder.trunc(value, bits)

    def _intrinsic(self, name: str, result: Any, *operands: Any) -> Any:
        kinds = [x.type for x in operands]
        suffix = "".join(f".{_mangled(k)}" for k in _overloaded(name, result, kinds))
        module = self.outer.function.module
        full = name + suffix
        function = module.globals.get(full)
        if function is None:
            function = ir.Function(module, ir.FunctionType(result, kinds), name=full)
        return self.builder.call(function, operands)


def _own_variables(x: Expression, rows: frozenset[str]) -> set[str]:
    """The variables that an expression depends on by itself, not through its operands."""
    match x:
        case Load() | Lookup():
            found = {v for v, _ in x.at.steps}
            return found.union(*({v for v, _ in b.position.steps} for b in x.bounds))
        case Position():
            return {v for v, _ in x.at.steps}
        case Within():
            return {v for bound in x.bounds for v, _ in bound.position.steps}
        case Folded():
            return set(rows)  # every point has its own
    return set()


def _overloaded(name: str, result: Any, operands: list[Any]) -> list[Any]:
    if name == "llvm.fma":
        return [result]
    if name in ("llvm.masked.load", "llvm.masked.gather"):
        return [result, operands[0]]
    return [operands[0], operands[1]]


def _mangled(kind: Any) -> str:
    if isinstance(kind, ir.VectorType):
        return f"v{kind.count}{_mangled(kind.element)}"
    if isinstance(kind, ir.PointerType):
        return "p0"
    return {ir.FloatType: "f32", ir.DoubleType: "f64"}.get(type(kind)) or f"i{kind.width}"
