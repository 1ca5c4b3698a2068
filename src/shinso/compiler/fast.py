"""The short way of a compiled call: a plan bound to the addresses of its cells.

`bind` takes a plan that has just run and, if it writes only into cells that stay where they are,
makes a `Fast` of it. What may differ in the next call is compared here, a few objects by identity;
arguments are checked by native code (runtime/entry.py). If anything differs, `Fast.call` gives
MISS, nothing has been written, and the call takes the long way.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from shinso.cell import NOT_KEPT, Array, Cell, ambient, version
from shinso.compiler.executable import Executable, _Segment, _work
from shinso.compiler.key import Call, Leaf, Many, Surroundings
from shinso.compiler.missed import MISS
from shinso.compiler.plan import Plan
from shinso.compiler.runtime.driver import Plan as NativePlan
from shinso.compiler.runtime.entry import (
    ArrayArgument,
    Entry,
    Holder,
    ObjectArgument,
    Patch,
)
from shinso.compiler.trace import Made

_LONG = 4_000_000
"""From so many operations on (about 200 µs), Python's lock is let go while the plan runs."""


class Fast:
    """A plan for calls that differ in nothing but the elements of their arguments.

    Call it as holder of the lock under which all steps run: memory is shared between calls.
    """

    def __init__(
        self, entry: Entry, rest: list[NativePlan], checks: list[Array], outputs: list[Array],
        copies: list[tuple[Array, Array]], plan: Plan, surroundings: Surroundings,
    ) -> None:  # fmt: skip
        self.version, self.ambient = plan.version, ambient()
        self._call, self._rest = entry.call, rest
        self._checks, self._outputs = checks, outputs
        self._copies = copies
        self._structure = plan.structure
        self._globals = surroundings.globals
        self._names = [(n, surroundings.globals.get(n)) for n in surroundings.names]
        self._cells = [(c, c.cell_contents) for c in surroundings.cells]
        self._alive = True
        me = weakref.ref(self)

        def gone(_: object) -> None:
            fast = me()
            if fast is not None:
                fast._alive = False

        self._bound = [weakref.ref(cast(Cell, p.find([])), gone) for p in plan.places]
        self._empty = [
            r for r, p in zip(self._bound, plan.places, strict=True)
            if p.slot == "grad" and p.expected == "none"
        ]  # fmt: skip
        self._after = [(self._bound[i], cast(Any, NOT_KEPT)) for i in plan.dropped]
        self._after += [(self._bound[u.cell], None) for u in plan.graph.updates if u.slot == "grad"]

    def call(self, args: tuple[Any, ...]) -> Any:
        """Run for these arguments, or give MISS."""
        if not self._fits() or self._call(*args) is MISS:
            return MISS
        for condition in self._checks:
            if not condition.all():
                return MISS  # nothing has been written; the long way says what is wrong
        for plan in self._rest:
            plan.run()
        for cell, value in self._copies:
            cell[...] = value
        for reference, grad in self._after:
            reference()._grad = grad  # type: ignore[union-attr]
        structure, outputs = self._structure, self._outputs
        if structure is None:
            return None
        if type(structure) is Made:
            return _result(structure, outputs[structure.output].copy())
        fresh = [array.copy() for array in outputs]
        return tuple([_result(made, fresh[made.output]) for made in structure.items])

    def _fits(self) -> bool:
        if not self._alive or self.version != version() or self.ambient != ambient():
            return False
        for name, value in self._names:
            if self._globals.get(name) is not value:
                return False
        for cell, value in self._cells:
            if cell.cell_contents is not value:
                return False
        return all(r()._grad is None for r in self._empty)  # type: ignore[union-attr]


def _result(made: Made, array: Array) -> Any:
    if made.scalar:
        return array[()]
    return array if made.kind is None else made.kind._holding(array)  # type: ignore[attr-defined]


def bind(plan: Plan, call: Call, surroundings: Surroundings) -> Fast | None:
    """The short way for a plan that has just run for this call; None if there is none."""
    executable = plan.executable
    arguments = _arguments(call)
    if (
        not isinstance(executable, Executable)
        or arguments is None
        or plan.detached
        or plan.pinned
        or not _returnable(plan.structure)
        or not _stays(plan, executable)
        or not _constant(surroundings)
    ):
        return None
    return _bound(plan, executable, arguments, call, surroundings)


def _bound(
    plan: Plan, executable: Executable, arguments: list[ArrayArgument | ObjectArgument],
    call: Call, surroundings: Surroundings,
) -> Fast | None:  # fmt: skip
    words = executable.words.copy()
    states = [_state(p.find([])) if p.slot == "data" else None for p in plan.places]
    positions = [i for i, a in enumerate(arguments) if isinstance(a, ArrayArgument)]
    patches: list[Patch] = []
    known: dict[tuple[str, int], Array] = {}
    for (kind, index), at in executable.patches.items():
        if kind == "argument":
            patches += [Patch(positions[index], int(word)) for word in at]
            continue
        array = states[index]
        if array is None or not (array.flags.c_contiguous and array.flags.aligned):
            return None
        words[at] = array.ctypes.data
        known[kind, index] = array
    plans = [renewed(s, words, executable) for s in executable.segments]
    if not plans:
        return None
    # A check in the first plan is looked at before the second one writes.
    checks = [
        (s, c.condition.shape)
        for s, c in zip(executable.wiring.checks, executable.graph.checks, strict=True)
    ]
    outputs = list(zip(executable.wiring.outputs, (n.shape for n in executable.graph.outputs),
                       strict=True))  # fmt: skip
    if any(slot.kind == "argument" for slot, _ in (*checks, *outputs)):
        return None
    if any(slot.kind == "state" and (slot.kind, slot.index) not in known
           for slot, _ in (*checks, *outputs)):  # fmt: skip
        return None
    entry = Entry(
        plans[0], arguments, [], patches, slow=_miss, failed=_failed, returns="none",
        release=_work(executable.graph) > _LONG,
        written=[s for s in states if s is not None],
    )  # fmt: skip
    if entry.trouble is not None:
        return None
    return Fast(
        entry,
        plans[1:],
        [executable._array(s, shape, known) for s, shape in checks],
        [executable._array(s, shape, known) for s, shape in outputs],
        [
            (cast(Array, states[u.cell]), executable._array(d.source, d.source.shape, known))
            for u, d in zip(plan.graph.updates, executable.wiring.deliveries, strict=True)
            if u.slot == "data" and not d.in_place and d.source is not None
        ],
        plan,
        surroundings,
    )


def renewed(segment: _Segment, words: Array, executable: Executable) -> NativePlan:
    """The same plan on other argument words."""
    old = cast(NativePlan, segment.plan)
    made = NativePlan([], words, old.threads, keep=(executable, old))
    shift = words.ctypes.data - old.args.ctypes.data
    made._records = old._records.copy()
    made._records[:, 1] += shift
    made._plan[1:3] = len(made._records), made._records.ctypes.data
    return made


def _miss(*args: Any, **kwargs: Any) -> Any:
    return MISS


def _failed(status: int) -> Any:
    raise RuntimeError(f"a compiled step ended with the unknown status {status}")


def _state(cell: Cell | None) -> Array | None:
    return None if cell is None else cell._store


def _arguments(call: Call) -> list[ArrayArgument | ObjectArgument] | None:
    """What native code has to compare of each argument; None if it cannot."""
    args, kwargs = call.structure.items
    if kwargs.items:
        return None
    found: list[ArrayArgument | ObjectArgument] = []
    tensors = 0
    for given in args.items:
        if isinstance(given, Leaf):
            leaf = call.leaves[given.index]
            if given.index != sum(isinstance(a, ArrayArgument) for a in found):
                return None
            if type(leaf) is np.ndarray:
                found.append(ArrayArgument(leaf.dtype, leaf.shape))
                continue
            tensors += 1
            same = _same(leaf) if isinstance(leaf, Cell) and tensors == 1 else None
            if same is None or type(leaf._view) is not np.ndarray:
                return None
            holder = Holder(type(leaf), "_view", same)
            found.append(ArrayArgument(leaf._view.dtype, leaf._view.shape, holder))
        elif given is None or given is True or given is False:
            found.append(ObjectArgument(given))
        else:
            return None
    return found


def _same(tensor: Cell) -> Mapping[str, object] | None:
    if tensor._store is not None or not hasattr(tensor, "_creator"):
        return None
    names = ("_store", "name", "_creator", "_requires_grad")
    return {name: getattr(tensor, name) for name in names}


def _returnable(structure: Any) -> bool:
    if isinstance(structure, Many):
        return structure.kind is tuple and all(type(x) is Made for x in structure.items)
    return structure is None or type(structure) is Made


def _stays(plan: Plan, executable: Executable) -> bool:
    """Whether all writes go into cells where they lie, and no gradient array is held or read."""
    wiring = executable.wiring
    if any(segment.plan is None for segment in executable.segments):
        return False
    if wiring.checks and (len(executable.segments) > 2 or executable.segments[0].checked):
        return False
    for place in plan.places:
        cell = place.find([]) if place.argument is None else None
        if cell is None or (place.slot == "grad" and place.expected not in (None, "none")):
            return False
    for update, delivery in zip(plan.graph.updates, wiring.deliveries, strict=True):
        if update.slot == "grad" and update.value is not None:
            return False
        if update.slot == "data" and not delivery.in_place:
            # A counter or a random state: computed elsewhere, and copied into its cell afterwards.
            store, source = _state(plan.places[update.cell].find([])), delivery.source
            if store is None or source is None or source.kind != "temporary":
                return False
            if (store.shape, store.dtype) != (source.shape, source.dtype):
                return False
            if any(slot.kind == "state" for slot in wiring.outputs):
                return False
    return True


def _constant(surroundings: Surroundings) -> bool:
    """Whether all that the function's own code reads from outside is compared by identity."""
    try:
        values = [surroundings.globals.get(name) for name in surroundings.names]
        values += [c.cell_contents for c in surroundings.cells]
    except ValueError:  # a variable that has no value yet
        return False
    return not any(isinstance(v, (list, tuple)) for v in values)
