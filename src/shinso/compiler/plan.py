"""`Plan`: one trace made ready to run: where its arrays come from and where its results go."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from shinso.cell import NOT_KEPT, Array, Cell, overlaid, version
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Constant, Graph, Node
from shinso.compiler.interpret import interpret
from shinso.compiler.key import Call, fill, graph_key, node_key
from shinso.compiler.program import InPlace
from shinso.compiler.trace import Made, Place, Results, Same, Trace, graph_of
from shinso.compiler.verify import verify


class Executable(Protocol):
    """A graph made ready to run."""

    def run(
        self, arguments: Sequence[Array], states: Sequence[Array | None]
    ) -> tuple[list[Array], list[Any]]:
        """The outputs, and the value of each update (or an InPlace).

        Raises CheckFailed before anything is written.
        """


class Interpreted:
    """A graph run by NumPy."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def run(
        self, arguments: Sequence[Array], states: Sequence[Array | None]
    ) -> tuple[list[Array], list[Any]]:
        """Run it."""
        return interpret(self.graph, arguments, states)


def prepare(graph: Graph) -> Executable:
    """The way from a graph to something that runs: machine code."""
    from shinso.compiler.executable import Executable as Compiled  # needs LLVM

    return Compiled(graph)


class Plan:
    """What is needed to run a traced function again without running its Python."""

    executable: Executable
    arguments: tuple[str, ...] = ()  # what the function calls its arrays
    bound: tuple[Any] | None = None  # the short way (fast.py), or (None,) if there is none

    def __init__(
        self, graph: Graph, structure: Any, results: Any, places: tuple[Place, ...],
        dropped: tuple[int, ...], call: Call, detached: tuple[Any, ...],
    ) -> None:  # fmt: skip
        self.graph, self.key = graph, graph_key(graph)
        self.structure, self.results_key = structure, results
        self.places, self.dropped = places, dropped
        self.detached = detached
        self.version = version()
        self.tensors = [
            weakref.ref(x) if isinstance(x, Cell) and x._store is not None else None
            for x in call.leaves
        ]
        # Reached through an argument or through a variable? Until a second trace with another
        # tensor has given the same graph, the plan is good for the very tensors it was traced with.
        self.pinned = any(t is not None for t in self.tensors)

    def share(self) -> None:
        """Another tensor in the place of an argument has given the same graph."""
        self.pinned = False

    def alive(self) -> bool:
        """Whether all its cells are still there."""
        return all(p.argument is not None or p.find([]) is not None for p in self.places)

    def fits(self, call: Call) -> bool:
        """Whether it may run for this call: cells alive, gradients as they were, no new aliases."""
        if self.pinned:
            for tensor, given in zip(self.tensors, call.leaves, strict=True):
                if tensor is not None and tensor() is not given:
                    return False
        passed = {id(x) for x in call.leaves if isinstance(x, Cell)} if self.tensors else set()
        for place in self.places:
            cell = place.find(call.leaves)
            if cell is None or (place.argument is None and id(cell) in passed):
                return False
            if place.slot == "grad" and not _as_expected(place, cell):
                return False
        return True

    def same_but_for_tensors(self, other: Plan) -> bool:
        """Whether two traces did the same with the same cells, whatever tensors were passed."""
        mine = [(p.argument, p.slot, p.find([]) if p.argument is None else None, p.expected)
                for p in self.places]  # fmt: skip
        theirs = [(p.argument, p.slot, p.find([]) if p.argument is None else None, p.expected)
                  for p in other.places]  # fmt: skip
        return (
            len(mine) == len(theirs)
            and all(
                a[0] == b[0] and a[1] == b[1] and a[2] is b[2] and a[3] == b[3]
                for a, b in zip(mine, theirs, strict=True)
            )
            and self.key == other.key
            and self.results_key == other.results_key
            and self.dropped == other.dropped
        )

    def states(self, leaves: list[Any]) -> list[Array | None]:
        """What its cells hold. leaves: a call's; without them, cells that were passed are None."""
        found: list[Array | None] = []
        for place in self.places:
            known = place.argument is None or place.argument < len(leaves)
            cell = place.find(leaves) if known else None
            value = getattr(cell, "_view" if place.slot == "data" else "_grad", None)
            found.append(value if isinstance(value, np.ndarray) else None)
        return found

    def names(self) -> list[str | None]:
        """The names of its cells, where they have one; a gradient's says so."""
        found = []
        for place in self.places:
            name = None if place.cell is None else getattr(place.cell(), "name", None)
            found.append(f"{name}.grad" if name and place.slot == "grad" else name)
        return found

    def run(self, call: Call) -> Any:
        """Run for these arguments: compute everything, then write everything, then return."""
        cells = [place.find(call.leaves) for place in self.places]
        states = self.states(call.leaves)
        arguments = call.arrays()
        outputs, updates = self.executable.run(arguments, states)
        foreign = {id(a) for a in (*arguments, *states)}
        fresh = [own(array, foreign) for array in outputs]
        written = [u if u is None or isinstance(u, InPlace) else own(u, foreign) for u in updates]
        for update, value in zip(self.graph.updates, written, strict=True):
            cell = cells[update.cell]
            assert cell is not None
            if isinstance(value, InPlace):
                continue
            deliver(cell, update.slot, value)
        for index in self.dropped:
            cell = cells[index]
            assert cell is not None
            not_kept(cell)
        for index, slot, value in self.detached:
            deliver(call.leaves[index], slot, None if value is None else fresh[value])
        return fill(self.structure, lambda leaf: _result(leaf, fresh, call), (Made, Same))  # type: ignore[arg-type]


def _as_expected(place: Place, cell: Cell) -> bool:
    if place.expected is None:
        return True
    grad = getattr(cell, "_grad", None)
    if grad is None or grad is NOT_KEPT:
        return grad is None and place.expected == "none"
    return bool(place.expected == (grad.shape, grad.dtype))


def _result(leaf: Made | Same, outputs: list[Array], call: Call) -> Any:
    if isinstance(leaf, Same):
        if leaf.argument is not None:
            return call.leaves[leaf.argument]
        assert leaf.cell is not None
        return leaf.cell()
    array = outputs[leaf.output]
    if leaf.scalar:
        return array[()]
    return array if leaf.kind is None else leaf.kind._holding(array)  # type: ignore[attr-defined]


# -- writing ------------------------------------------------------------------------------------


def deliver(cell: Cell, slot: str, value: Array | None) -> None:
    """Write a step's result into a cell."""
    if slot == "grad":
        cell._grad = value  # type: ignore[attr-defined]
    elif cell._store is None:
        cell._view = value  # type: ignore[assignment]
    else:
        cell._write(value)


def not_kept(cell: Cell) -> None:
    """Mark a gradient that a step computed and let go."""
    cell._grad = NOT_KEPT  # type: ignore[attr-defined]


def own(array: Array, others: set[int]) -> Array:
    """An array that shares memory with nothing else: this one, or a copy of it."""
    if not array.flags.owndata or not array.flags.writeable or id(array) in others:
        array = np.array(array)
    others.add(id(array))
    return array


# -- making one -----------------------------------------------------------------------------------


def trace(function: Callable[..., Any], call: Call, keep_grads: bool) -> Plan:
    """Run a function once on traced arrays and make a plan of what it did."""
    recorder = Trace(call)
    try:
        plan = _traced(function, call, keep_grads, recorder)
    finally:
        recorder.close()
    recorder.survivors()
    return plan


def _traced(function: Callable[..., Any], call: Call, keep_grads: bool, recorder: Trace) -> Plan:
    args, kwargs = call.rebuilt(recorder.leaves)
    with overlaid(recorder):
        value = function(*args, **kwargs)
        results = Results(recorder, call)
        structure = results.take(value)
        del value
        detached = _detached(recorder, results)
        graph, dropped = graph_of(recorder, results, keep_grads)
    if "PYTEST_CURRENT_TEST" in os.environ:
        verify(graph)
    key = (results.key, detached)
    plan = Plan(graph, structure, key, recorder.places(), dropped, call, detached)
    plan.arguments = call.names(function)
    return plan


def _detached(recorder: Trace, results: Results) -> tuple[Any, ...]:
    """What was written to tensors that are no cells, which stood in for arguments."""
    found: list[Any] = []
    for index, tensor in recorder.stand_ins.items():
        if tensor._view is not recorder.leaves[index]._view or _moved(tensor, recorder, index):
            found.append((index, "data", results.take(tensor._view).output))
        if getattr(tensor, "_grad", None) is not None:
            found.append((index, "grad", results.take(tensor._grad).output))  # type: ignore[attr-defined]
    return tuple(found)


def _moved(tensor: Cell, recorder: Trace, index: int) -> bool:
    node = getattr(tensor._view, "_node", None)
    return node is not recorder.nodes[index]


def compare(first: Plan, second: Plan) -> None:
    """Raise TraceError, naming the line, if two traces in a row did not do the same."""
    if first.same_but_for_tensors(second):
        return
    before, after = first.graph.nodes(), second.graph.nodes()
    numbers = [{id(n): i for i, n in enumerate(nodes)} for nodes in (before, after)]
    for a, b in zip(before, after, strict=False):
        if node_key(a, numbers[0]) != node_key(b, numbers[1]):
            raise TraceError(f"{_difference(a, b)}. {_REMEDY}", b.source or a.source)
    raise TraceError(
        "the function returned or wrote other things when it was run a second time with the same "
        f"arguments. {_REMEDY}"
    )


_REMEDY = (
    "What changes from call to call and is no argument would be built in as it was. Keep counters "
    "and the like in a shinso cell (a Tensor, written by .data = …), pass them as arrays, or draw "
    "random numbers from shinso.ops.random"
)


def _difference(a: Node, b: Node) -> str:
    x, y = a.operation, b.operation
    if isinstance(x, Constant) and isinstance(y, Constant):
        if x.array.size == y.array.size == 1:
            return (
                f"a value changed from {x.array.item()!r} to {y.array.item()!r} when the function "
                "was run a second time"
            )
        return "an array of values changed when the function was run a second time"
    return "the function did something else when it was run a second time"
