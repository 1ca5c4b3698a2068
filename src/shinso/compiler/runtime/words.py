"""A small language for the run time's native code: functions over 64-bit words.

The thread team, the driver and the fast call must run without Python's interpreter, and nobody may
need a C compiler for them. So they are written in Python, as functions that emit LLVM code. A
`Word` is a 64-bit number in that code (addresses are numbers, too), and a `Routine` has the
statements: load, store, call, `with when(condition)`, `with repeat()`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)


class Word:
    """A value in the emitted code: 64 bits, or the truth of a comparison."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _binary(self, name: str, other: Word | int) -> Word:
        right = other.value if isinstance(other, Word) else ir.Constant(self.value.type, other)
        return Word(self.builder, getattr(self.builder, name)(self.value, right))

    def _compare(self, sign: str, other: Word | int) -> Word:
        right = other.value if isinstance(other, Word) else ir.Constant(I64, other)
        return Word(self.builder, self.builder.icmp_signed(sign, self.value, right))

    def __add__(self, other: Word | int) -> Word:
        return self._binary("add", other)

    def __sub__(self, other: Word | int) -> Word:
        return self._binary("sub", other)

    def __mul__(self, other: Word | int) -> Word:
        return self._binary("mul", other)

    def __and__(self, other: Word | int) -> Word:
        return self._binary("and_", other)

    def __or__(self, other: Word | int) -> Word:
        return self._binary("or_", other)

    def __rshift__(self, other: int) -> Word:
        return self._binary("lshr", other)

    def __lt__(self, other: Word | int) -> Word:
        return self._compare("<", other)

    def __gt__(self, other: Word | int) -> Word:
        return self._compare(">", other)

    def __ge__(self, other: Word | int) -> Word:
        return self._compare(">=", other)

    def __le__(self, other: Word | int) -> Word:
        return self._compare("<=", other)

    def equals(self, other: Word | int) -> Word:
        """Whether two words are the same. (== keeps Python's own meaning.)"""
        return self._compare("==", other)

    def differs(self, other: Word | int) -> Word:
        """Whether two words are not the same."""
        return self._compare("!=", other)


class Variable:
    """A word that changes; LLVM keeps it in a register."""

    def __init__(self, routine: Routine, start: Word | int) -> None:
        self._routine = routine
        self._place = routine.reserve(I64)
        self.set(start)

    def get(self) -> Word:
        """The value now."""
        return Word(self._routine.builder, self._routine.builder.load(self._place))

    def set(self, value: Word | int) -> None:
        """Give it another value."""
        self._routine.builder.store(self._routine.word(value).value, self._place)


class Loop:
    """A loop being emitted; see `Routine.repeat`."""

    def __init__(self, builder: Any, end: Any) -> None:
        self._builder = builder
        self._end = end

    def leave_if(self, condition: Word) -> None:
        """Go on behind the loop if the condition holds."""
        after = self._builder.append_basic_block()
        self._builder.cbranch(condition.value, self._end, after)
        self._builder.position_at_end(after)


class Routine:
    """One function being emitted: its arguments and its statements."""

    def __init__(self, module: Any, function: Any) -> None:
        self.module = module
        self.builder: Any = ir.IRBuilder(function.append_basic_block("entry"))
        self.arguments = [Word(self.builder, a) for a in function.args]
        self._entry = self.builder.block

    # -- values ----------------------------------------------------------------------------------

    def word(self, value: Word | int) -> Word:
        """A constant as a word; a word as it is."""
        if isinstance(value, Word):
            return value
        return Word(self.builder, ir.Constant(I64, value))

    def variable(self, start: Word | int = 0) -> Variable:
        """A new variable."""
        return Variable(self, start)

    def reserve(self, kind: Any) -> Any:
        """Memory in the function's frame, as long as the function runs."""
        with self.builder.goto_block(self._entry):
            self.builder.position_at_start(self._entry)
            return self.builder.alloca(kind)

    def frame(self, words: int) -> Word:
        """The address of so many words in the function's frame."""
        place = self.reserve(ir.ArrayType(I64, words))
        return Word(self.builder, self.builder.ptrtoint(place, I64))

    def place(self, table: str) -> Word:
        """The address of one of the module's tables."""
        return Word(self.builder, self.builder.ptrtoint(self.module.get_global(table), I64))

    def choose(self, condition: Word, yes: Word | int, no: Word | int) -> Word:
        """One of two words."""
        values = self.word(yes).value, self.word(no).value
        return Word(self.builder, self.builder.select(condition.value, *values))

    # -- memory ----------------------------------------------------------------------------------

    def _pointer(self, address: Word, kind: Any = I64) -> Any:
        return self.builder.inttoptr(address.value, kind.as_pointer())

    def load(self, address: Word) -> Word:
        """The word at an address."""
        return Word(self.builder, self.builder.load(self._pointer(address), typ=I64))

    def load32(self, address: Word) -> Word:
        """The 32-bit number at an address, widened."""
        short = self.builder.load(self._pointer(address, I32), typ=I32)
        return Word(self.builder, self.builder.zext(short, I64))

    def store(self, address: Word, value: Word | int) -> None:
        """Write a word."""
        self.builder.store(self.word(value).value, self._pointer(address))

    def watch(self, address: Word) -> Word:
        """Load a word that other threads write, and see all they wrote before it."""
        pointer = self._pointer(address)
        return Word(self.builder, self.builder.load_atomic(pointer, "seq_cst", 8, typ=I64))

    def publish(self, address: Word, value: Word | int) -> None:
        """Store a word for other threads, after everything stored before it."""
        self.builder.store_atomic(self.word(value).value, self._pointer(address), "release", 8)

    def exchange(self, address: Word, value: Word | int) -> Word:
        """Store a word and get the old one, in one step; later loads wait for it."""
        return self._modify("xchg", address, value)

    def add_to(self, address: Word, value: Word | int) -> Word:
        """Add to a word and get the old one, in one step."""
        return self._modify("add", address, value)

    def _modify(self, what: str, address: Word, value: Word | int) -> Word:
        pointer = self._pointer(address)
        number = self.word(value).value
        return Word(self.builder, self.builder.atomic_rmw(what, pointer, number, "seq_cst"))

    def swap_if(self, address: Word, old: int, new: int) -> Word:
        """Put `new` in the place of `old`, in one step. Whether `old` was there."""
        constants = ir.Constant(I64, old), ir.Constant(I64, new)
        pair = self.builder.cmpxchg(self._pointer(address), *constants, "seq_cst")
        return Word(self.builder, self.builder.extract_value(pair, 1))

    # -- calls -----------------------------------------------------------------------------------

    def call(self, name: str, *arguments: Word | int) -> Word:
        """Call a routine of this module; it may be defined later."""
        function = _named(self.module, name, len(arguments))
        values = [self.word(a).value for a in arguments]
        return Word(self.builder, self.builder.call(function, values))

    def intrinsic(self, name: str, *arguments: int | str) -> Word:
        """Call a function that LLVM provides. Numbers are 32 bits long; a text is metadata."""
        values = [
            self.module.add_metadata([a]) if isinstance(a, str) else ir.Constant(I32, a)
            for a in arguments
        ]
        result = I64 if name.startswith("llvm.read") else ir.VoidType()
        kind = ir.FunctionType(result, [v.type for v in values])
        function = self.module.globals.get(name) or ir.Function(self.module, kind, name)
        return Word(self.builder, self.builder.call(function, values))

    def call_at(self, address: Word, *arguments: Word | int) -> Word:
        """Call whatever function is at an address."""
        kind = ir.FunctionType(I64, [I64] * len(arguments))
        pointer = self._pointer(address, kind)
        values = [self.word(a).value for a in arguments]
        return Word(self.builder, self.builder.call(pointer, values))

    def give(self, value: Word | int = 0) -> None:
        """Return from the function."""
        self.builder.ret(self.word(value).value)

    # -- control ---------------------------------------------------------------------------------

    @contextmanager
    def when(self, condition: Word) -> Iterator[None]:
        """The statements inside run if the condition holds."""
        with self.builder.if_then(condition.value):
            yield

    @contextmanager
    def repeat(self) -> Iterator[Loop]:
        """The statements inside run again and again, until `leave_if` or `give`."""
        body, end = self.builder.append_basic_block(), self.builder.append_basic_block()
        self.builder.branch(body)
        self.builder.position_at_end(body)
        yield Loop(self.builder, end)
        self.builder.branch(body)
        self.builder.position_at_end(end)

    @contextmanager
    def count(self, n: Word | int) -> Iterator[Word]:
        """The statements inside run for 0, 1, … n - 1."""
        i = self.variable(0)
        with self.repeat() as loop:
            now = i.get()
            loop.leave_if(now >= n)
            yield now
            i.set(now + 1)


def _named(module: Any, name: str, arguments: int) -> Any:
    """The function of this name, declared when it is first mentioned."""
    if name in module.globals:
        return module.globals[name]
    return ir.Function(module, ir.FunctionType(I64, [I64] * arguments), name)


class Module:
    """An LLVM module under construction."""

    def __init__(self, triple: str) -> None:
        self._module: Any = ir.Module("shinso_runtime")
        self._module.triple = triple

    def table(self, name: str, words: int) -> None:
        """A table of words that the module owns, all 0."""
        variable = ir.GlobalVariable(self._module, ir.ArrayType(I64, words), name)
        variable.linkage = "internal"
        variable.initializer = ir.Constant(variable.type.pointee, None)

    @contextmanager
    def routine(self, name: str, arguments: int, export: bool = False) -> Iterator[Routine]:
        """Define a function of so many words that returns a word (0 if the end is reached)."""
        function = _named(self._module, name, arguments)
        function.attributes.add("nounwind")
        if not export:
            function.linkage = "internal"
        routine = Routine(self._module, function)
        yield routine
        if not routine.builder.block.is_terminated:
            routine.give(0)

    def text(self) -> str:
        """The module in LLVM's own language."""
        return str(self._module)
