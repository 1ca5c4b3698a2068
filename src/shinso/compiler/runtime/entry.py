"""The entry: one compiled step for one signature, as a function that Python calls directly.

    entry = Entry(plan, arguments, results, patches, slow=…, failed=…)
    entry.call(x, t)

`call` is a builtin function made of native code (call_code.py). It checks the arguments, writes
the addresses of their elements into the plan, makes the result arrays, runs the plan, and wraps up
what it returns: well under a microsecond, where Python would take ten. Whatever is not exactly as
expected, it hands on to `slow(…)` with the same arguments.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.runtime import call_code as code
from shinso.compiler.runtime import layout
from shinso.compiler.runtime.driver import Plan
from shinso.compiler.runtime.native import native
from shinso.compiler.runtime.team import team

_FASTCALL_WITH_KEYWORDS = 0x80 | 0x02


@dataclass(frozen=True, slots=True)
class Holder:
    """A class whose instances hold an argument's array in one of their __slots__ (a tensor).

    same: other slots, and the very objects that they must hold (as {"_creator": None}).
    """

    kind: type
    slot: str
    same: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArrayArgument:
    """An argument that is an array of this dtype and shape, or an object that holds one."""

    dtype: Any
    shape: tuple[int, ...]
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class ObjectArgument:
    """An argument that must be one very object: None, True, a module."""

    value: object


@dataclass(frozen=True, slots=True)
class Maker:
    """A class to wrap a result in, without calling it: its slots are filled. slot: where the
    array goes; others: what the other slots get. The class must have no __dict__ and no __new__.
    """

    kind: type
    slot: str
    others: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A result: a fresh array. scalar: given out as a NumPy scalar (then shape must be ())."""

    dtype: Any
    shape: tuple[int, ...]
    scalar: bool = False
    maker: Maker | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A word of the plan's args that points into an argument's or a result's elements.

    array: the argument's position, or the number of arguments + the result's; word: position in
    `plan.args`; offset: bytes from the first element.
    """

    array: int
    word: int
    offset: int = 0


class Entry:
    """A plan together with what its caller passes and gets.

    slow: called with the same arguments whenever they do not fit, `version` has changed, or the
    team lacks workers. failed: called with the status word when a check failed; what it returns
    (or raises) is the call's result. returns: "none", "one", "tuple", or a function that gets all
    results and makes the answer. release: let go of Python's lock while the plan runs; right for
    plans of more than about 100 µs (taking it back beside a busy thread costs 400 µs).
    version: an int64 array of one element that must hold `expected`. written: arrays that the
    plan writes; an argument that is a view of one goes to `slow`, which copies it.
    Raises ValueError or TypeError if the parts do not fit together.
    """

    def __init__(
        self,
        plan: Plan,
        arguments: Sequence[ArrayArgument | ObjectArgument],
        results: Sequence[Result],
        patches: Sequence[Patch],
        *,
        slow: Callable[..., Any],
        failed: Callable[[int], Any],
        returns: str | Callable[..., Any] = "one",
        release: bool = False,
        version: Array | None = None,
        expected: int = 0,
        written: Sequence[Array] = (),
        name: str = "step",
    ) -> None:
        self.plan = plan
        self.arguments = tuple(arguments)
        self.results = tuple(results)
        self.patches = tuple(patches)
        self._check(returns)
        base = plan.args.ctypes.data
        words = [(p.array, base + 8 * p.word, p.offset) for p in self.patches]
        self._patches = np.array(words, dtype=np.int64).reshape(-1, 3)
        self._alive: list[object] = [plan, slow, failed, returns]
        self._table = np.zeros(code.TABLE_WORDS, dtype=np.int64)
        version = np.full(1, expected, np.int64) if version is None else version
        if version.dtype != np.int64 or version.size != 1:
            raise ValueError("the version must be an int64 array of one element")
        self._set(code.PLAN, plan.address)
        self._set(code.VERSION, self._keep(version).ctypes.data)
        self._set(code.SLOW, id(slow))
        self._set(code.FAILED, id(failed))
        self._set(code.RELEASE, int(release))
        self._set_returns(returns)
        self.renew(expected)
        team().ensure(plan.threads)
        self.trouble = layout.trouble()
        """Why `call` is `slow` itself; None if it is the fast function."""
        if self.trouble is None and max(len(self.arguments), len(self.results)) > code.MOST:
            self.trouble = f"more than {code.MOST} arguments or results"
        self.call: Callable[..., Any] = slow
        if self.trouble is None:
            self._fill(written)
            self.call = self._make(name)

    # -- use -------------------------------------------------------------------------------------

    def renew(self, expected: int) -> None:
        """The program was found to be the same at another version: be valid for that one."""
        self._set(code.EXPECTED, expected)

    def new_results(self) -> list[Array]:
        """Fresh arrays for all results, to be passed to `run`."""
        return [np.empty(r.shape, r.dtype) for r in self.results]

    def run(self, arrays: Sequence[Array | None]) -> int:
        """Run the plan on these arrays: the arguments' (None for an ObjectArgument), then the
        results'. Returns the status word. Raises ValueError for an array that does not fit.
        """
        return self.plan.run(self._patches, self._addresses(arrays))

    def run_timed(self, arrays: Sequence[Array | None]) -> tuple[int, Array]:
        """As `run`, with the seconds that `Plan.run_timed` returns."""
        return self.plan.run_timed(self._patches, self._addresses(arrays))

    def _addresses(self, arrays: Sequence[Array | None]) -> Array:
        wanted = (*self.arguments, *self.results)
        if len(arrays) != len(wanted):
            raise ValueError(f"{len(arrays)} arrays were given; {len(wanted)} are needed")
        for number, (array, want) in enumerate(zip(arrays, wanted, strict=True)):
            if not isinstance(want, ObjectArgument):
                _check_array(array, want, number)
        return np.array([0 if a is None else a.ctypes.data for a in arrays], dtype=np.int64)

    # -- construction ----------------------------------------------------------------------------

    def _check(self, returns: str | Callable[..., Any]) -> None:
        wanted = (*self.arguments, *self.results)
        for patch in self.patches:
            if not 0 <= patch.array < len(wanted) or not 0 <= patch.word < self.plan.args.size:
                raise ValueError(f"{patch} points outside the plan")
            if isinstance(wanted[patch.array], ObjectArgument):
                raise ValueError(f"{patch} points to an argument that is no array")
        for result in self.results:
            if result.scalar and result.shape:
                raise ValueError(f"a result of shape {result.shape} cannot be a scalar")
        if isinstance(returns, str) and returns not in ("none", "one", "tuple"):
            raise ValueError(f"returns is {returns!r}, not 'none', 'one', 'tuple' or a function")
        if returns == "one" and len(self.results) != 1:
            raise ValueError(f"'one' result is to be returned, but there are {len(self.results)}")

    def _set(self, place: int, value: int) -> None:
        self._table[place // 8] = value

    def _keep(self, thing: Any) -> Any:
        """Have an object live as long as the function does."""
        self._alive.append(thing)
        return thing

    def _words(self, words: Sequence[int]) -> int:
        """The address of an array of words that lives as long as the function."""
        address: int = self._keep(np.array(words, dtype=np.int64)).ctypes.data
        return address

    def _set_returns(self, returns: str | Callable[..., Any]) -> None:
        names = {"none": code.NOTHING, "one": code.ONE, "tuple": code.TUPLE}
        if isinstance(returns, str):
            self._set(code.RETURNS, names[returns])
        else:
            self._set(code.RETURNS, code.WRAPPED)
            self._set(code.WRAP, id(returns))

    def _fill(self, written: Sequence[Array]) -> None:
        arguments = [word for a in self.arguments for word in self._argument(a)]
        results = [word for r in self.results for word in self._result(r)]
        ranges = sorted((a.ctypes.data, a.ctypes.data + a.nbytes) for a in map(self._keep, written))
        if ranges:
            ranges.insert(0, (ranges[0][0], max(stop for _, stop in ranges)))
        self._set(code.N_ARGUMENTS, len(self.arguments))
        self._set(code.ARGUMENTS, self._words(arguments))
        self._set(code.N_RESULTS, len(self.results))
        self._set(code.RESULTS, self._words(results))
        self._set(code.N_PATCHES, len(self.patches))
        self._set(code.PATCHES, self._keep(self._patches).ctypes.data)
        self._set(code.N_WRITTEN, len(ranges))
        self._set(code.WRITTEN, self._words([word for pair in ranges for word in pair]))

    def _argument(self, argument: ArrayArgument | ObjectArgument) -> list[int]:
        if isinstance(argument, ObjectArgument):
            return [code.OBJECT, id(self._keep(argument.value)), *[0] * 7]
        head = [code.ARRAY, 0, 0, 0, 0]
        holder = argument.holder
        if holder is not None:
            pairs = self._slots(holder.kind, holder.same)
            head = [
                code.HOLDER,
                id(self._keep(holder.kind)),
                layout.slot_offset(holder.kind, holder.slot),
                len(holder.same),
                self._words(pairs),
            ]
        dtype = self._keep(np.dtype(argument.dtype))
        size = int(np.prod(argument.shape, dtype=np.int64)) * dtype.itemsize
        dims = self._words(argument.shape)
        return [*head, id(dtype), len(argument.shape), dims, size]

    def _result(self, result: Result) -> list[int]:
        dtype = self._keep(np.dtype(result.dtype))
        words = [int(result.scalar), id(dtype), len(result.shape), self._words(result.shape)]
        maker = result.maker
        if maker is None:
            return [*words, 0, 0, 0]
        if not layout.makeable(maker.kind):
            raise TypeError(
                f"{maker.kind.__name__} cannot be made by filling its slots; it must be a plain "
                "class whose bases all have __slots__, and no __new__"
            )
        fill = [*self._slots(maker.kind, maker.others), layout.slot_offset(maker.kind, maker.slot)]
        return [*words, id(self._keep(maker.kind)), len(fill) // 2 + 1, self._words([*fill, 0])]

    def _slots(self, kind: type, values: Mapping[str, object]) -> list[int]:
        found: list[int] = []
        for name, value in values.items():
            found += [layout.slot_offset(kind, name), id(self._keep(value))]
        return found

    def _make(self, name: str) -> Callable[..., Any]:
        """The builtin function. Its definition lies in memory that its own `self` keeps alive."""
        text = self._keep(np.frombuffer(name.encode() + b"\0", np.uint8))
        address = native().address("call")
        method = self._words([text.ctypes.data, address, _FASTCALL_WITH_KEYWORDS, 0])
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype = ctypes.py_object
        make.argtypes = [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
        function: Callable[..., Any] = make(method, (self._table, *self._alive), None)
        return function

    def __reduce__(self) -> Any:
        raise TypeError("a compiled step holds addresses and cannot be copied or pickled")


def _check_array(array: Array | None, want: ArrayArgument | Result, number: int) -> None:
    if array is None or array.dtype != np.dtype(want.dtype) or array.shape != want.shape:
        got = "nothing" if array is None else f"{array.dtype} {array.shape}"
        raise ValueError(f"array {number} must be {np.dtype(want.dtype)} {want.shape}, not {got}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise ValueError(f"array {number} must be contiguous and aligned; pass a copy")
    if isinstance(want, Result) and not array.flags.writeable:
        raise ValueError(f"array {number} is a result and must be writable")
