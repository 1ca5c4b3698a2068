"""From the loop language to LLVM: loops become basic blocks, blocks become straight vector code.

Nothing is decided here. Vectors are explicit, tiles are unrolled, accumulators stay in registers
through the reduction loops; LLVM is left with moving loop-invariant addresses out and giving out
registers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from shinso.compiler.block import BlockEmitter
from shinso.compiler.llvm_types import I8, I64, POINTER, memory_type, register_type
from shinso.compiler.nest import (
    Affine,
    Block,
    Buffer,
    For,
    Kernel,
    Statement,
)
from shinso.compiler.target import Target

_FEW = 4
"""So many rows at a time, then one by one, are done of what does not fill a whole tile."""


def emit_kernel(kernel: Kernel, target: Target) -> str:
    """LLVM IR of a module with one function, `kernel.name`."""
    module = ir.Module(name=kernel.name)
    module.triple = target.triple
    function = ir.Function(
        module, ir.FunctionType(ir.VoidType(), (POINTER, I64, I64)), name=kernel.name
    )
    Emitter(kernel, target, function).emit()
    return _with_attributes(str(module), target)


def _with_attributes(text: str, target: Target) -> str:
    """The module with the target's function attributes, which llvmlite's own list does not have."""
    attributes = " ".join(target.function_attributes)
    lines = [f"{line} #0" if line.startswith("define ") else line for line in text.splitlines()]
    return "\n".join([*lines, f"attributes #0 = {{ {attributes} }}", ""])


class Emitter:
    """The state of emitting one kernel."""

    def __init__(self, kernel: Kernel, target: Target, function: Any) -> None:
        self.kernel, self.target, self.function = kernel, target, function
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.words, self.thread, self.threads = function.args
        # Loop variables in nesting order; the thread's number is one that never runs.
        self.variables: dict[str, Any] = {"thread": self.thread}
        self.active: dict[str, Any] = {}  # how many of a variable's step are there; see `_count`
        self.bases: dict[str, Any] = {}
        self.extents: dict[str, Any] = {}
        self.parameters: dict[str, Any] = {}

    # -- the frame -------------------------------------------------------------------------------

    def emit(self) -> None:
        """The whole function."""
        kernel, b = self.kernel, self.builder
        passed = [x for x in kernel.buffers if not x.scratch]
        for i, buffer in enumerate(passed):
            self.bases[buffer.name] = b.load(self._word(i), typ=POINTER, name=buffer.name)
        for i, name in enumerate(kernel.extents, len(passed)):
            self.extents[name] = b.load(self._word(i), typ=I64, name=name)
        first = len(passed) + len(kernel.extents)
        for i, parameter in enumerate(kernel.parameters, first):
            self.parameters[parameter.name] = b.load(
                self._word(i), typ=register_type(parameter.dtype), name=parameter.name
            )
        if any(x.scratch for x in kernel.buffers):
            self._place_scratch(first + len(kernel.parameters))
        for statement in kernel.body:
            self.statement(statement)
        b.ret_void()

    def _word(self, i: int) -> Any:
        return self.builder.gep(self.words, [ir.Constant(I64, i)], source_etype=I64)

    def _place_scratch(self, word: int) -> None:
        """Scratch buffers lie one after the other, 64-byte aligned, in the thread's own part."""
        b = self.builder
        base = b.load(self._word(word), typ=POINTER, name="scratch")
        stride = b.load(self._word(word + 1), typ=I64, name="scratch_stride")
        mine = b.gep(base, [b.mul(self.thread, stride)], source_etype=I8)
        offset = 0
        for buffer in self.kernel.buffers:
            if buffer.scratch:
                self.bases[buffer.name] = b.gep(
                    mine, [ir.Constant(I64, offset)], source_etype=I8, name=buffer.name
                )
                offset += scratch_bytes(buffer)

    def _extent(self, extent: int | str) -> Any:
        return ir.Constant(I64, extent) if isinstance(extent, int) else self.extents[extent]

    # -- loops -----------------------------------------------------------------------------------

    def statement(self, statement: Statement) -> None:
        """A loop or a block."""
        if isinstance(statement, Block):
            BlockEmitter(self, statement).emit()
        elif isinstance(statement.extent, int) and not statement.parallel:
            self._constant_for(statement, statement.extent)
        else:
            self._variable_for(statement)

    def _constant_for(self, loop: For, extent: int) -> None:
        whole, rest = divmod(extent, loop.step)
        if whole == 1:
            self._at(loop, ir.Constant(I64, 0), loop.step)
        elif whole:
            end = ir.Constant(I64, whole * loop.step)
            self.loop(ir.Constant(I64, 0), end, loop.step, lambda i: self._at(loop, i, loop.step))
        if rest:
            self._at(loop, ir.Constant(I64, whole * loop.step), rest)

    def _variable_for(self, loop: For) -> None:
        b, step = self.builder, ir.Constant(I64, loop.step)
        n = self._extent(loop.extent)
        low, high, extent = ir.Constant(I64, 0), n, n
        if loop.parallel:
            chunks = b.udiv(b.add(n, ir.Constant(I64, loop.step - 1)), step)
            low = b.mul(b.udiv(b.mul(chunks, self.thread), self.threads), step)
            after = b.add(self.thread, ir.Constant(I64, 1))
            high = b.mul(b.udiv(b.mul(chunks, after), self.threads), step)
            high = b.select(b.icmp_signed("<", high, extent), high, extent)
        if loop.step == 1:
            self.loop(low, high, 1, lambda i: self._at(loop, i, 1))
            return
        whole = b.sub(high, b.urem(b.sub(high, low), step))
        self.loop(low, whole, loop.step, lambda i: self._at(loop, i, loop.step))
        lanes = self._lanes_of(loop.body, loop.variable)
        if lanes:  # vector by vector, the last one masked
            self.loop(whole, high, lanes, lambda i: self._at(loop, i, b.sub(high, i)))
            return
        if loop.step >= 2 * _FEW:
            some = b.sub(high, b.urem(b.sub(high, whole), ir.Constant(I64, _FEW)))
            self.loop(whole, some, _FEW, lambda i: self._at(loop, i, _FEW))
            whole = some
        self.loop(whole, high, 1, lambda i: self._at(loop, i, 1))

    def _at(self, loop: For, value: Any, active: Any) -> None:
        """The body with the variable at one value; `active` of its step exist."""
        self.variables[loop.variable], self.active[loop.variable] = value, active
        for statement in loop.body:
            self.statement(statement)
        del self.variables[loop.variable], self.active[loop.variable]

    def _lanes_of(self, body: tuple[Statement, ...], variable: str) -> int:
        """How many lanes the variable has in the blocks below; 0 where it is no vector there."""
        for x in body:
            if isinstance(x, For):
                lanes = self._lanes_of(x.body, variable)
            else:
                lanes = x.lanes if x.vector == variable else 0
            if lanes:
                return lanes
        return 0

    def loop(self, low: Any, high: Any, step: int, body: Callable[[Any], None]) -> None:
        """for i in range(low, high, step): body(i)."""

        def once(i: Any, _: Any) -> tuple[Any, ...]:
            body(i)
            return ()

        self.fold_loop(low, high, step, (), once)

    def fold_loop(
        self, low: Any, high: Any, step: int, values: Any, body: Callable[[Any, Any], Any]
    ) -> list[Any]:
        """The same, with values that each round turns into new ones (phi nodes)."""
        b = self.builder
        before = b.block
        head = self.function.append_basic_block("loop")
        after = self.function.append_basic_block("done")
        b.cbranch(b.icmp_signed("<", low, high), head, after)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(low, before)
        phis = []
        for value in values:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            phis.append(phi)
        changed = body(i, phis)
        following = b.add(i, ir.Constant(I64, step), flags=["nuw", "nsw"])
        end = b.block
        b.cbranch(b.icmp_signed("<", following, high), head, after)
        i.add_incoming(following, end)
        for phi, value in zip(phis, changed, strict=True):
            phi.add_incoming(value, end)
        b.position_at_end(after)
        results = []
        for value, new in zip(values, changed, strict=True):
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            phi.add_incoming(new, end)
            results.append(phi)
        return results

    # -- positions -------------------------------------------------------------------------------

    def pointer(self, buffer: Buffer, at: Affine, offset: int) -> Any:
        """The address of an element: a step for each loop, outermost first, then a constant."""
        b, kind = self.builder, memory_type(buffer.dtype)
        address = self.bases[buffer.name]
        for variable, value in self.variables.items():
            step = at.step(variable)
            if step and not (isinstance(value, ir.Constant) and value.constant == 0):
                moved = value if step == 1 else b.mul(value, ir.Constant(I64, step), flags=["nsw"])
                address = b.gep(address, [moved], inbounds=True, source_etype=kind)
        constant = at.start + offset
        if constant:
            address = b.gep(address, [ir.Constant(I64, constant)], True, source_etype=kind)
        return address

    def position(self, at: Affine, offset: int) -> Any:
        """An affine position as an i64."""
        b = self.builder
        value = ir.Constant(I64, at.start + offset)
        for variable, step in at.steps:
            if variable in self.variables:
                value = b.add(value, b.mul(self.variables[variable], ir.Constant(I64, step)))
        return value


def scratch_bytes(buffer: Buffer) -> int:
    """How much memory a scratch buffer takes, rounded up to whole cache lines."""
    return -(-buffer.scratch * buffer.dtype.itemsize // 64) * 64
