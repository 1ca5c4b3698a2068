"""One run of a function on traced arrays, with every read and write of a cell caught.

Cells become states in the order in which they are first read or written. What they hold at the end
is an update. No cell is touched: an exception leaves everything as it was.
"""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from shinso.cell import NOT_KEPT, Array, Cell, Overlay
from shinso.compiler import build, methods
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Check, Graph, Node, Source, Update
from shinso.compiler.key import Call, Many, plain
from shinso.compiler.source import here, users_line
from shinso.compiler.traced import Traced, constant, fresh, held, node_of

assert methods  # it gives Traced its operators


@dataclass(frozen=True, slots=True)
class Place:
    """A slot of a cell that existed before: of argument number `argument`, or of the cell itself.

    expected: what must be there when a step begins, for a slot that was read: a shape and dtype, or
    "none"; None if it does not matter.
    """

    cell: weakref.ref[Cell] | None
    argument: int | None
    slot: str
    expected: Any

    def find(self, leaves: list[Any]) -> Cell | None:
        """The cell, in a call with these arguments; None if it is gone."""
        if self.argument is not None:
            return cast(Cell, leaves[self.argument])
        assert self.cell is not None
        return self.cell()


class Slot:
    """'data' or 'grad' of a cell during a trace: what it was, and what it is now."""

    __slots__ = ("before", "cell", "expected", "index", "name", "value")

    def __init__(self, cell: Cell, name: str, index: int | None) -> None:
        self.cell, self.name, self.index = cell, name, index
        self.before: Node | None = None
        self.value: Any = None
        self.expected: Any = None


class Trace(Overlay):
    """The overlay that records."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.checks: list[Check] = []
        self.thread = threading.get_ident()
        self.closed = False
        self.slots: list[Slot] = []
        self.found: dict[tuple[int, str], Slot] = {}
        self.births: dict[int, tuple[weakref.ref[Cell], Source | None]] = {}
        self.passed: dict[int, int] = {}
        self.nodes = [build.argument(i, array) for i, array in enumerate(call.arrays())]
        self.stand_ins: dict[int, Cell] = {}
        self.leaves = self._leaves(call)

    def _leaves(self, call: Call) -> list[Any]:
        """What the function gets in the place of each array and tensor."""
        leaves: list[Any] = []
        for i, given in enumerate(call.leaves):
            if not isinstance(given, Cell):
                scalar = isinstance(given, np.generic)
                leaves.append(held(self.nodes[i], self, scalar))
            elif given._store is not None:
                self.passed[id(given)] = i
                leaves.append(given)
            else:
                stand_in = type(given)._holding(held(self.nodes[i], self))
                for name in ("name", "_requires_grad"):
                    if hasattr(given, name):
                        setattr(stand_in, name, getattr(given, name))
                self.stand_ins[i] = stand_in
                leaves.append(stand_in)
        return leaves

    # -- cells -----------------------------------------------------------------------------------

    def born(self, cell: Cell) -> None:
        """A cell made by the function: a constant of the program, which must not outlive it."""
        self.births[id(cell)] = (weakref.ref(cell), users_line())

    def read(self, cell: Cell, slot: str, array: Any) -> Any:
        """One slot of a cell, as it is at this point of the function."""
        met = self.found.get((id(cell), slot))
        if met is None:
            met = self._meet(cell, slot, array)
            if array is NOT_KEPT:
                return NOT_KEPT
        if met.before is None and met.value is None and met.index is not None:
            self._begin(met, array)
        return met.value

    def _meet(self, cell: Cell, slot: str, array: Any) -> Slot:
        own = id(cell) in self.births
        met = Slot(cell, slot, None if own else len(self.slots))
        if array is NOT_KEPT:
            return met
        self.found[id(cell), slot] = met
        if own:
            met.value = None if array is None else constant(array, self)
        else:
            self.slots.append(met)
        return met

    def _begin(self, met: Slot, array: Any) -> None:
        """The first read of a slot that nothing has been written to."""
        if met.expected is not None:
            return
        if array is None:
            met.expected = "none"
            return
        passed = self.passed.get(id(met.cell))
        if passed is not None and met.name == "data":
            met.before = self.nodes[passed]
        else:
            assert met.index is not None
            with build.located(here()):
                met.before = build.state(met.index, array)
        met.expected = (array.shape, array.dtype)
        met.value = held(met.before, self)

    def write(self, cell: Cell, slot: str, value: Any) -> None:
        """Remember what a slot holds from now on."""
        met = self.found.get((id(cell), slot))
        if met is None:
            met = self._meet(cell, slot, getattr(cell, "_store" if slot == "data" else "_grad"))
            if (id(cell), slot) not in self.found:  # a gradient that was not kept
                self.found[id(cell), slot] = met
                self.slots.append(met)
        if slot == "data":
            self._write_data(met, cell, value)
        else:
            self._write_grad(met, value)
        if met.expected is None:
            met.expected = "written"

    def _write_data(self, met: Slot, cell: Cell, value: Any) -> None:
        if isinstance(value, Traced):
            node = node_of(value)
        else:
            node = node_of(constant(_as_written(cell, met, value), self))
        now = met.value
        if now is not None and (now.shape, now.dtype) == (node.shape, node.dtype):
            now._storage.put(node)  # arrays that were read before show it, as in NumPy
        else:
            met.value = held(node, self)

    def _write_grad(self, met: Slot, value: Any) -> None:
        if value is None:
            met.value = None
        elif not isinstance(value, Traced):
            met.value = fresh(node_of(constant(value, self)), self)
        else:
            taken = any(s.value is value for s in self.found.values() if s is not met)
            if taken or value._parent is not None or value._scalar:
                value = fresh(node_of(value), self)  # every gradient is an array of its own
            met.value = value

    # -- the end ---------------------------------------------------------------------------------

    def updates(self, keep_grads: bool) -> tuple[tuple[Update, ...], tuple[int, ...]]:
        """What the function has changed; and the slots whose gradient is not kept."""
        updates, dropped = [], []
        for met in self.slots:
            assert met.index is not None
            node = None if met.value is None else node_of(met.value)
            if met.name == "data":
                if node is not None and node is not met.before:
                    updates.append(Update(met.index, "data", node))
            elif node is None:
                if met.expected != "none":
                    updates.append(Update(met.index, "grad", None))
            elif node is not met.before:
                if keep_grads or id(met.cell) in self.passed:
                    updates.append(Update(met.index, "grad", node))
                else:
                    dropped.append(met.index)
        return tuple(updates), tuple(dropped)

    def places(self) -> tuple[Place, ...]:
        """Where each slot's array is to be found in later calls."""
        found = []
        for met in self.slots:
            i = self.passed.get(id(met.cell))
            cell = weakref.ref(met.cell) if i is None else None
            expected = None if met.expected == "written" else met.expected
            found.append(Place(cell, i, met.name, expected))
        return tuple(found)

    def close(self) -> None:
        """Nothing of this trace may be used from now on."""
        self.closed = True
        self.found.clear()
        self.slots.clear()
        self.leaves.clear()
        self.stand_ins.clear()

    def survivors(self) -> None:
        """Raise TraceError if a cell that the function made is still there. After `close`."""
        if not any(reference() is not None for reference, _ in self.births.values()):
            return
        gc.collect()
        for reference, source in self.births.values():
            cell = reference()
            if cell is not None:
                name = f" {cell.name!r}" if cell.name else ""
                raise TraceError(
                    f"a {type(cell).__name__}{name} was made while tracing and is still held "
                    "somewhere after the function has returned: compiled calls would not make it "
                    "again. Make what lasts (buffers, optimizer state) before the first call, in "
                    "__init__, and write its .data",
                    source,
                )


def _as_written(cell: Cell, met: Slot, value: Any) -> Array:
    """A value as `Cell._write` takes it: a plain number takes the cell's dtype."""
    array = np.asarray(value)
    now = met.value if met.value is not None else cell._view
    if not isinstance(value, (np.ndarray, np.generic)) and array.shape == now.shape:
        array = array.astype(now.dtype)
    return array


# -- results --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """A result: output number `output` of the graph as an array, a NumPy scalar, or a tensor."""

    output: int
    scalar: bool
    kind: type | None


@dataclass(frozen=True, slots=True)
class Same:
    """A result that is an argument, or a cell that existed before."""

    argument: int | None
    cell: weakref.ref[Cell] | None


class Results:
    """The structure of what a function returned, and the nodes it needs."""

    def __init__(self, trace: Trace, call: Call) -> None:
        self.trace, self.call = trace, call
        self.outputs: list[Node] = []
        self.key: list[Any] = []
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # so that ids stay unique

    def take(self, value: Any) -> Any:
        """A structure for a result; Made and Same are its leaves."""
        if isinstance(value, Traced):
            return self._array(value, None)
        if isinstance(value, Cell):
            return self._cell(value)
        if isinstance(value, (np.ndarray, np.generic)):
            return self._array(constant(value, self.trace), None, isinstance(value, np.generic))
        kind = type(value)
        if kind in (tuple, list) or (isinstance(value, tuple) and hasattr(value, "_fields")):
            self.key.append((kind, len(value)))
            return Many(kind, [self.take(v) for v in value])
        if kind is dict:
            self.key.append((dict, tuple(plain(k) for k in value)))
            return Many(dict, [self.take(v) for v in value.values()], list(value))
        if value is not None and not isinstance(value, (bool, int, float, complex, str, bytes)):
            raise TraceError(
                f"a compiled function returns tensors, arrays, plain Python values, and tuples, "
                f"lists and dicts of them, not a {kind.__name__}"
            )
        self.key.append(plain(value))
        return value

    def _array(self, value: Traced, kind: type | None, scalar: bool = False) -> Any:
        node = node_of(value)
        for i, leaf in enumerate(self.trace.leaves):
            if leaf is value:
                self.key.append(("argument", i))
                return Same(i, None)
        number = self._seen.get(id(value))
        if number is None:
            number = self._seen[id(value)] = len(self.outputs)
            self.outputs.append(node)
            self._kept.append(value)
        made = Made(number, (scalar or value._scalar) and kind is None, kind)
        self.key.append(made)
        return made

    def _cell(self, cell: Cell) -> Any:
        for i, leaf in enumerate(self.trace.leaves):
            if leaf is cell:
                self.key.append(("argument", i))
                return Same(i, None)
        if cell._store is not None and id(cell) not in self.trace.births:
            self.key.append(("cell", id(cell)))
            return Same(None, weakref.ref(cell))
        data: Any = cell.data
        if not isinstance(data, Traced):
            data = constant(data, self.trace)
        return self._array(data, type(cell))


def graph_of(trace: Trace, results: Results, keep_grads: bool) -> tuple[Graph, tuple[int, ...]]:
    """The graph that a finished trace has recorded, and the slots whose gradient is not kept."""
    updates, dropped = trace.updates(keep_grads)
    return Graph(tuple(results.outputs), updates, tuple(trace.checks)), dropped
