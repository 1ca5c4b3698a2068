"""The loop language: what a kernel does, in loops over numbers, before it is LLVM.

    kernel     a function of pointers and extents: scratch memory, then statements
    For        a loop over one variable, in steps; a parallel one is split between the threads
    Block      the innermost piece: a register tile with one vector variable

A block stands for all points of a small box: `rows` counts of some loop variables (unrolled) times
one vector variable. It first folds `sums` over its reduction variables, in registers, and then
carries out `then` for every point. Every position in memory is an affine function of the variables:
layout, padding, windows and strides have all become coefficients by now.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Extent = int | str
"""A number, or the name of a run-time parameter."""


@dataclass(frozen=True, slots=True)
class Affine:
    """start + Σ steps[v] · v over loop variables, in elements."""

    start: int = 0
    steps: tuple[tuple[str, int], ...] = ()

    def step(self, variable: str) -> int:
        """How far one more of `variable` moves."""
        return dict(self.steps).get(variable, 0)


def affine(start: int = 0, **steps: int) -> Affine:
    """An affine position with its steps by keyword, sorted; steps of 0 are left out."""
    return Affine(start, tuple(sorted((v, s) for v, s in steps.items() if s)))


def affine_of(start: int, steps: Mapping[str, int]) -> Affine:
    """An affine position from a mapping."""
    moving = [item for item in steps.items() if item[1]]
    if len(moving) > 1:
        moving.sort()
    return Affine(start, tuple(moving))


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory: a parameter (its address is passed) or scratch of the thread (`words` elements)."""

    name: str
    dtype: np.dtype[Any]
    scratch: int = 0


# -- expressions, compared by identity: they are shared, and as trees they may be huge ------------


@dataclass(frozen=True, slots=True)
class Bound:
    """Holds where low <= position < high."""

    position: Affine
    low: int
    high: int


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """An element. Where a bound does not hold memory is not touched and the value is undefined."""

    buffer: Buffer
    at: Affine
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """An element at a computed place: at + Σ step · index. The indices are known to be inside."""

    buffer: Buffer
    at: Affine
    indices: tuple[tuple[int, Expression], ...]
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """Whether all bounds hold."""

    bounds: tuple[Bound, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A number that is part of the code."""

    value: Any
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A number passed at run time. value: what is passed; it is no part of the kernel."""

    name: str
    dtype: np.dtype[Any]
    value: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Position:
    """An affine position as a number, an int64."""

    at: Affine

    @property
    def dtype(self) -> np.dtype[Any]:
        """Always int64."""
        return np.dtype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """A function of elements."""

    function: str
    operands: tuple[Expression, ...]
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Convert:
    """The same value in another dtype."""

    operand: Expression
    dtype: np.dtype[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """The result of the block's sum number `index`."""

    index: int
    dtype: np.dtype[Any]


Expression = Load | Lookup | Within | Literal | Parameter | Position | Apply | Convert | Folded


def dtype_of(x: Expression) -> np.dtype[Any]:
    """The dtype of an expression's value."""
    return x.buffer.dtype if isinstance(x, (Load, Lookup)) else x.dtype


def operands_of(x: Expression) -> tuple[Expression, ...]:
    """The expressions that an expression is made of."""
    kind = type(x)  # asked for very often: no match statement
    if kind is Apply:
        return x.operands  # type: ignore[union-attr]
    if kind is Convert:
        return (x.operand,)  # type: ignore[union-attr]
    if kind is Lookup:
        return tuple(index for _, index in x.indices)  # type: ignore[union-attr]
    return ()


def parts(*roots: Expression) -> list[Expression]:
    """Every expression beneath some others and themselves, each once, operands first."""
    opened: set[int] = set()
    done: set[int] = set()
    order: list[Expression] = []
    stack = [*reversed(roots)]
    while stack:
        x = stack[-1]
        key = id(x)
        if key not in opened:
            opened.add(key)
            for y in operands_of(x):
                if id(y) not in opened:
                    stack.append(y)
            continue
        stack.pop()
        if key not in done:
            done.add(key)
            order.append(x)
    return order


def neutral(function: str, dtype: np.dtype[Any]) -> Any:
    """What a fold begins with: the value that changes nothing."""
    if function in ("add", "logical_or", "bitwise_or", "bitwise_xor"):
        return dtype.type(0).item()
    if function in ("multiply", "logical_and"):
        return dtype.type(1).item()
    if dtype.kind == "f":
        return -math.inf if function in ("maximum", "fmax") else math.inf
    if dtype.kind == "b":
        return function != "maximum"
    if function == "bitwise_and":
        return -1 if dtype.kind == "i" else np.iinfo(dtype).max
    limits = np.iinfo(dtype)
    return limits.min if function == "maximum" else limits.max


# -- statements -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A fold over the block's reduction variables: function is add, multiply, maximum, minimum, …

    It begins with `begin`, or else with the function's neutral value.
    """

    function: str
    value: Expression
    dtype: np.dtype[Any]
    begin: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """buffer[at] = value."""

    buffer: Buffer
    at: Affine
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """buffer[at] = function(buffer[at], value), folded over all points that share `at`."""

    buffer: Buffer
    at: Affine
    function: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """buffer[at + Σ step · index] += value, point after point: places may repeat."""

    buffer: Buffer
    at: Affine
    indices: tuple[tuple[int, Expression], ...]
    value: Expression


@dataclass(frozen=True, slots=True)
class Axis:
    """A reduction variable of a block: how many, and how many at a time (unrolled)."""

    variable: str
    extent: Extent
    unroll: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A register tile.

    rows: variables that are unrolled, and how far. vector: the variable in the lanes; None for a
    scalar block. lanes: how many there are. One block covers lanes · vectors elements of it.
    reduction: the axes that `sums` are folded over, outermost first; the vector variable may be one
    of them (its unroll a multiple of the lanes), then the lanes are folded at the end.
    """

    rows: tuple[tuple[str, int], ...]
    vector: str | None
    lanes: int
    reduction: tuple[Axis, ...]
    sums: tuple[Sum, ...]
    then: tuple[Store | Fold | Scatter, ...]


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """A loop: variable from 0 to extent in steps. A parallel one is split between the threads.

    What does not fill a whole step is done by the body once more, with fewer rows or masked lanes.
    """

    variable: str
    extent: Extent
    body: tuple[Statement, ...]
    step: int = 1
    parallel: bool = False


Statement = For | Block


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """A function: its buffers and run-time numbers in the order of its argument words.

    text: all that it does, in writing: kernels with equal texts are equal.
    """

    name: str
    buffers: tuple[Buffer, ...]
    extents: tuple[str, ...]
    body: tuple[Statement, ...]
    parameters: tuple[Parameter, ...] = ()
    text: str = ""
