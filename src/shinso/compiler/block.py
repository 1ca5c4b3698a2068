"""One register tile as LLVM code: sums in registers through the reduction loops, then stores."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from shinso.compiler import scalar
from shinso.compiler.llvm_types import I1, I32, I64, is_vector, memory_type, register_type
from shinso.compiler.nest import (
    Affine,
    Apply,
    Axis,
    Buffer,
    Fold,
    Position,
    Scatter,
    Store,
    Sum,
    neutral,
)
from shinso.compiler.values import Offsets, Values


class BlockEmitter(Values):
    """One register tile: points = rows × vectors."""

    # -- the block -------------------------------------------------------------------------------

    def emit(self) -> None:
        """Fold the sums, then carry out the statements at every point."""
        if self.block.sums:
            self._fold_sums()
        for statement in self.block.then:
            if isinstance(statement, Store):
                self._store(statement)
            elif isinstance(statement, Fold):
                self._fold_into(statement)
            else:
                self._scatter_add(statement)

    # -- folds in registers ----------------------------------------------------------------------

    def _fold_sums(self) -> None:
        sums, points = self.block.sums, self._points()
        start = [self._begin(s, r, j) for s in sums for r, j in points]
        values = self._reduce(list(self.block.reduction), start, {})
        keys = [(k, r, j) for k in range(len(sums)) for r, j in points]
        for (k, r, j), value in zip(keys, values, strict=True):
            if self.in_lanes:
                value = self._across(sums[k].function, value, sums[k].dtype)
                value = self._onto_begin(sums[k], value, r, j)
            self.folded[k, r, j] = value

    def _onto_begin(self, fold: Sum, value: Any, r: int, j: int) -> Any:
        """What was in the lanes, folded onto what the sum begins with."""
        if fold.begin is None:
            return value
        begin = self._value(fold.begin, self.rows[r], j)
        types = [fold.dtype, fold.dtype]
        return scalar.emit(
            self.builder, self.outer.target, fold.function, [begin, value], types, fold.dtype
        )

    def _begin(self, fold: Sum, r: int, j: int) -> Any:
        kind = register_type(fold.dtype)
        lanes = self.block.lanes if self.block.vector is not None else 0
        if fold.begin is not None and not self.in_lanes:
            value = self._value(fold.begin, self.rows[r], j)
            return self._splat(value) if lanes and not is_vector(value) else value
        empty = ir.Constant(kind, neutral(fold.function, fold.dtype))
        return self._splat(empty) if lanes else empty

    def _reduce(self, axes: list[Axis], values: list[Any], at: dict[str, int]) -> list[Any]:
        """The reduction loops from the outermost of `axes` inwards."""
        if not axes:
            return self._accumulate(values, at)
        axis, inner = axes[0], axes[1:]
        name, lanes = axis.variable, self.block.lanes
        in_lanes = name == self.block.vector
        step = axis.unroll
        zero = ir.Constant(I64, 0)

        def steps(i: Any, carried: list[Any], count: Any) -> list[Any]:
            self.outer.variables[name] = i
            for u in range(0, count, lanes if in_lanes else 1):
                if in_lanes and count - u < lanes:
                    bits = [int(k < count - u) for k in range(lanes)]
                    self.mask = ir.Constant(ir.VectorType(I1, lanes), bits)
                carried = self._reduce(inner, carried, {**at, name: u})
                self.mask = None if in_lanes else self.mask
            del self.outer.variables[name]
            return carried

        if isinstance(axis.extent, int):
            whole, rest = divmod(axis.extent, step)
            if whole == 1:
                values = steps(zero, values, step)
            elif whole:
                end = ir.Constant(I64, whole * step)
                values = self.outer.fold_loop(
                    zero, end, step, values, lambda i, v: steps(i, list(v), step)
                )
            return steps(ir.Constant(I64, whole * step), values, rest) if rest else values
        return self._reduce_variable(axis, values, at, steps)

    def _reduce_variable(
        self, axis: Axis, values: list[Any], at: dict[str, int], steps: Any
    ) -> list[Any]:
        b, step, lanes = self.builder, axis.unroll, self.block.lanes
        n = self.outer.extents[str(axis.extent)]
        whole = b.sub(n, b.urem(n, ir.Constant(I64, step)))
        zero = ir.Constant(I64, 0)
        values = self.outer.fold_loop(
            zero, whole, step, values, lambda i, v: steps(i, list(v), step)
        )
        if step == 1:
            return values
        if axis.variable != self.block.vector:
            return self.outer.fold_loop(whole, n, 1, values, lambda i, v: steps(i, list(v), 1))

        def rest(i: Any, carried: Any) -> Any:
            self.outer.variables[axis.variable] = i
            self.mask = self._first(b.sub(n, i))
            result = self._reduce([], list(carried), {**at, axis.variable: 0})
            self.mask = None
            del self.outer.variables[axis.variable]
            return result

        return self.outer.fold_loop(whole, n, lanes, values, rest)

    def _accumulate(self, values: list[Any], at: dict[str, int]) -> list[Any]:
        """One step of every sum at every point."""
        self.known = {}
        changed, i = [], 0
        for fold in self.block.sums:
            for r, j in self._points():
                changed.append(self._add(fold, values[i], {**at, **self.rows[r]}, j))
                i += 1
        self.known = {}
        return changed

    def _add(self, fold: Sum, total: Any, at: Offsets, j: int) -> Any:
        b, value = self.builder, fold.value
        product = (
            fold.function == "add"
            and fold.dtype.kind == "f"
            and isinstance(value, Apply)
            and value.function == "multiply"
        )
        if product and self.target_fma:
            assert isinstance(value, Apply)
            x, y = (self._value(x, at, j) for x in value.operands)
            factors = self._like(x, total), self._like(y, total)
            result = self._intrinsic("llvm.fma", total.type, *factors, total)
            if self.in_lanes and self.mask is not None:
                result = b.select(self.mask, result, total)
            return result
        new = self._like(self._value(value, at, j), total)
        result = scalar.emit(
            b, self.outer.target, fold.function, [total, new], [fold.dtype] * 2, fold.dtype
        )
        if self.in_lanes and self.mask is not None:
            result = b.select(self.mask, result, total)
        return result

    @property
    def target_fma(self) -> bool:
        """Whether the machine multiplies and adds in one instruction."""
        return bool(self.outer.target.fma)

    def _across(self, function: str, value: Any, dtype: np.dtype[Any]) -> Any:
        """All lanes folded into one value, halves with halves."""
        b, lanes = self.builder, value.type.count
        while lanes > 1:
            lanes //= 2
            index = [ir.Constant(I32, i) for i in range(2 * lanes)]
            low, high = (
                b.shuffle_vector(
                    value, value, ir.Constant(ir.VectorType(I32, lanes), [i.constant for i in part])
                )
                for part in (index[:lanes], index[lanes:])
            )
            value = scalar.emit(b, self.outer.target, function, [low, high], [dtype, dtype], dtype)
        return b.extract_element(value, ir.Constant(I32, 0))

    # -- statements ------------------------------------------------------------------------------

    def _store(self, store: Store) -> None:
        for r, j in self._points():
            at = self.rows[r]
            self._put(store.buffer, store.at, at, j, self._value(store.value, at, j))

    def _put(self, buffer: Buffer, at: Affine, offsets: Offsets, j: int, value: Any) -> None:
        b, block = self.builder, self.block
        stored = self._to_memory(value, buffer.dtype)
        lanes = 0 if block.vector is None or self.in_lanes else block.lanes
        step = at.step(block.vector) if lanes and block.vector is not None else 0
        offset = self._offset(at, offsets, j)
        address = self.outer.pointer(buffer, at, offset)
        if not lanes or step == 0:
            if is_vector(stored):
                stored = b.extract_element(stored, ir.Constant(I32, 0))
            b.store(stored, address, align=buffer.dtype.itemsize)
            return
        if not is_vector(stored):
            stored = self._splat(stored)
        mask = self._mask(j)
        if step == 1:
            if mask is None:
                b.store(stored, address, align=buffer.dtype.itemsize)
            else:
                self._intrinsic("llvm.masked.store", ir.VoidType(), stored, address, mask)
            return
        self._scatter(stored, buffer, address, step, mask)

    def _scatter(self, value: Any, buffer: Buffer, address: Any, step: int, mask: Any) -> None:
        b = self.builder
        addresses = self._addresses(buffer, address, self._lane_steps(step))
        if mask is not None and not isinstance(mask, ir.Constant):
            self._intrinsic("llvm.masked.scatter", ir.VoidType(), value, addresses, mask)
            return
        for i in range(self.block.lanes):
            if mask is None or mask.constant[i].constant:
                place = b.gep(
                    address,
                    [ir.Constant(I64, i * step)],
                    source_etype=memory_type(buffer.dtype),
                )
                element = b.extract_element(value, ir.Constant(I32, i))
                b.store(element, place, align=buffer.dtype.itemsize)

    def _fold_into(self, fold: Fold) -> None:
        """Fold all points that share a place in registers; then read, fold and write it."""
        groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for r, j in self._points():
            spread = j if self.block.vector and fold.at.step(self.block.vector) else -1
            groups.setdefault((self._offset(fold.at, self.rows[r], 0), spread), []).append((r, j))
        dtype = fold.buffer.dtype
        for (_, spread), points in groups.items():
            total = None
            for r, j in points:
                value = self._value(fold.value, self.rows[r], j)
                if self._lanes() and not is_vector(value):
                    value = self._splat(value)
                if spread < 0 and self._lanes() and self._mask(j) is not None:
                    empty = self._splat(
                        ir.Constant(register_type(dtype), neutral(fold.function, dtype))
                    )
                    value = self.builder.select(self._mask(j), value, empty)
                total = value if total is None else self._combine(fold, total, value)
            if spread < 0 and self._lanes():
                total = self._across(fold.function, total, dtype)
            r, j = points[0]
            old = self._read(fold.buffer, fold.at, self.rows[r], j, None)
            self._put(fold.buffer, fold.at, self.rows[r], j, self._combine(fold, old, total))

    def _combine(self, fold: Fold, x: Any, y: Any) -> Any:
        dtype = fold.buffer.dtype
        return scalar.emit(
            self.builder, self.outer.target, fold.function, [x, y], [dtype, dtype], dtype
        )

    def _scatter_add(self, scatter: Scatter) -> None:
        """Point after point: read, add, write."""
        b, buffer = self.builder, scatter.buffer
        assert self._lanes() == 0
        kind = memory_type(buffer.dtype)
        for row in self.rows:
            place = self._position(Position(scatter.at), row, 0)
            place = self._plus_indices(place, scatter.indices, row, 0)
            address = b.gep(self.outer.bases[buffer.name], [place], source_etype=kind)
            old = self._to_register(
                b.load(address, align=buffer.dtype.itemsize, typ=kind), buffer.dtype
            )
            value = self._value(scatter.value, row, 0)
            types = [buffer.dtype, buffer.dtype]
            new = scalar.emit(b, self.outer.target, "add", [old, value], types, buffer.dtype)
            b.store(self._to_memory(new, buffer.dtype), address, align=buffer.dtype.itemsize)
