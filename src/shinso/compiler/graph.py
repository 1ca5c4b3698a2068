"""The dataflow graph: what a traced function computes, in a few primitives.

The grammar. Every node has operands (other nodes), a shape, a dtype and the source line it came
from; a node never changes.

    leaf      Argument(i)              an array the caller passes
              State(i)                 a cell's array, as it is when the step begins
              Constant(array)          a value that is part of the program, of any shape
              Iota()                   0, 1, 2, … n - 1
    element   Map(f)(x, …)             f of the elements; operands and result have one shape
              Cast()(x)                the same values in the node's dtype, as `astype` gives them
    fold      Reduce(f, axes)(x)       f of all elements along axes, which disappear
              Pick(f, axis)(x)         argmax or argmin: int64, the first of equals
              Scan(f, axis)(x)         f of all elements up to here: cumsum, cumprod
              Contract(a, b, y)(a, b)  y[…] = Σ a[…] b[…]; axes are named by numbers, as in einsum
    place     View(rows)(x)            y[i] = x[rows(i)]: each axis of x has an affine function of i
              Reshape()(x)             the same elements in C order, in another shape
              Pad(widths)(x, v)        a border of the 0-d value v around x
              Gather(rows)(x, k, …)    as View, where rows may also be integer operands
              Concatenate(axis)(x, …)  one after the other
              Write(rows, add)(x, v)   x, but x[rows(i)] = v[i], or += v[i]
              Accumulate(places)(x, v, …)  several such additions at once, of v of one shape
              Scatter(rows)(x, v, k, …)  x, but x[rows(i)] += v[i], in the order of i
    other     Host(call)(x, …)         a public NumPy function, called as it is
              Item(i)(host)            the i-th of several results of a host node

A step is a `Graph`: its outputs, the cells it writes, and the conditions it demands of values.
Broadcasting is a View with steps of 0; the operands of a Map have been cast to the types its loop
takes. So a pass has to know these few things and nothing of NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from shinso.cell import Array

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where in the user's or an op's code a node was made."""

    file: str
    line: int
    function: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}: {self.text}"


class Row(NamedTuple):
    """The position on one axis of an operand: start + Σ steps[a] · i[a] over the node's axes."""

    start: int
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """An array that the caller passes."""

    index: int


@dataclass(frozen=True, slots=True)
class State:
    """A cell's array when the step begins."""

    index: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that belongs to the program. `array` is read-only; its bytes take part in the key."""

    array: Array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and _bits(self.array) == _bits(other.array)

    def __hash__(self) -> int:
        return hash(_bits(self.array))


@dataclass(frozen=True, slots=True)
class Iota:
    """0, 1, 2, … along the only axis."""


@dataclass(frozen=True, slots=True)
class Map:
    """A function of elements, by its ufunc's name (`where` too)."""

    function: str


@dataclass(frozen=True, slots=True)
class Cast:
    """The same values in the node's dtype.

    order: "K", or "C" where the user asked for it; the interpreter's memory has that order.
    """

    order: str = field(default="K", compare=False)


@dataclass(frozen=True, slots=True)
class Reduce:
    """All elements along the axes folded into one by a ufunc: add, multiply, maximum, …"""

    function: str
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """The position of the extreme along one axis: argmax or argmin."""

    function: str
    axis: int


@dataclass(frozen=True, slots=True)
class Scan:
    """The running fold along one axis: add or multiply."""

    function: str
    axis: int


@dataclass(frozen=True, slots=True)
class Contract:
    """y[out] = Σ a[left] b[right] over the names that `out` lacks.

    spelling: the NumPy function it came from (tensordot, matmul, einsum, dot), which the
    interpreter calls again so as to get the same bits.
    """

    left: tuple[int, ...]
    right: tuple[int, ...]
    out: tuple[int, ...]
    spelling: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class View:
    """y[i] = x[rows(i)], one row for each axis of x."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same elements in C order."""


@dataclass(frozen=True, slots=True)
class Pad:
    """A border: (before, after) for each axis, none negative."""

    widths: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Gather:
    """As View; a row that is a number k takes its position from operand k (negative: from the end).

    Index operands have the node's shape. Positions outside are a Check's business; here they are
    clamped.
    """

    rows: tuple[Row | int, ...]


@dataclass(frozen=True, slots=True)
class Concatenate:
    """Operands one after the other along an axis."""

    axis: int


@dataclass(frozen=True, slots=True)
class Write:
    """The first operand with the second written to (or added at) the places rows(i).

    No two i have the same place. Everything else of the first operand stays.
    """

    rows: tuple[Row, ...]
    add: bool


@dataclass(frozen=True, slots=True)
class Accumulate:
    """The first operand with each of the others added at the places of its rows.

    What remains of a chain of Writes that add. covers: each element of the first operand, which is
    all zeros, gets exactly one of them, so that it need not be there at all.
    """

    places: tuple[tuple[Row, ...], ...]
    covers: bool


@dataclass(frozen=True, slots=True)
class Scatter:
    """The first operand with the second added at places that index operands give (`np.add.at`).

    A row that is a number k takes its position from operand k. Places may repeat.
    """

    rows: tuple[Row | int, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A call of NumPy itself. call: the function's name; structure: its arguments, hashable, with
    numbers of operands in the places of arrays; run: the function that makes the call.
    """

    call: str
    structure: Any
    run: Callable[..., Any] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One of the several results of a host node."""

    index: int


Operation = (
    Argument | State | Constant | Iota | Map | Cast | Reduce | Pick | Scan | Contract | View
    | Reshape | Pad | Gather | Concatenate | Write | Accumulate | Scatter | Host | Item
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value of the graph: what makes it, from what, and its shape and dtype.

    like: a node whose order of axes in memory this one's array has in NumPy (`np.zeros_like`). Only
    the interpreter looks at it; a pass may leave it out.
    """

    operation: Operation
    operands: tuple[Node, ...]
    shape: Shape
    dtype: np.dtype[Any]
    source: Source | None = None
    like: Node | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        n = 1
        for length in self.shape:
            n *= length
        return n


@dataclass(frozen=True, slots=True)
class Update:
    """A cell's slot ('data' or 'grad') as the step leaves it; None for a gradient that is gone."""

    cell: int
    slot: str
    value: Node | None


@dataclass(frozen=True, slots=True)
class Check:
    """A demand on values, made before anything is written: all of `condition` must be true."""

    condition: Node
    error: type[Exception]
    message: str | Callable[[], str] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Graph:
    """One step: what it returns, which cells it writes, what it demands."""

    outputs: tuple[Node, ...]
    updates: tuple[Update, ...]
    checks: tuple[Check, ...]
    _order: list[Node] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def roots(self) -> tuple[Node, ...]:
        """Every node that something outside needs."""
        written = tuple(u.value for u in self.updates if u.value is not None)
        return (*self.outputs, *written, *(c.condition for c in self.checks))

    def nodes(self) -> list[Node]:
        """Every node that the roots depend on, operands before their users."""
        order = self._order  # found once: every pass asks
        if order:
            return order
        opened: set[int] = set()
        done: set[int] = set()
        stack = [*reversed(self.roots)]
        while stack:
            node = stack[-1]
            key = id(node)
            if key not in opened:
                opened.add(key)
                for x in reversed(node.operands):
                    if id(x) not in opened:
                        stack.append(x)
                continue
            stack.pop()
            if key not in done:
                done.add(key)
                order.append(node)
        return order


def _bits(array: Array) -> tuple[Shape, str, bytes]:
    return array.shape, array.dtype.str, array.tobytes()
