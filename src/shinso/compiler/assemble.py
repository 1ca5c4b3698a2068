"""From a plan to kernels: boxes of work with all their positions, loops, argument words.

A batch phase becomes one kernel that runs through its share of the batch, doing every stage for one
example before the next; every other stage becomes a kernel of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from shinso.compiler import schedule
from shinso.compiler.box import Box, Loop, collapse
from shinso.compiler.boxes import (
    contraction,
    copy_box,
    fold_value,
    scan_boxes,
    scatter_box,
    with_variables,
    write_box,
)
from shinso.compiler.fuse import Plan, Stage, fuse
from shinso.compiler.graph import Accumulate, Argument, Constant, Graph, Node, Reduce, State
from shinso.compiler.inline import Inliner, Placed, contiguous
from shinso.compiler.labels import EXTENT, LONG, NOMINAL
from shinso.compiler.layout import Layout, arrange, room, strides_of
from shinso.compiler.nest import (
    Affine,
    Buffer,
    Expression,
    Fold,
    Folded,
    For,
    Literal,
    Load,
    Statement,
    Store,
    Sum,
    neutral,
)
from shinso.compiler.pieces import pieces
from shinso.compiler.program import Call, Delivery, HostCall, Program, Slot, canonical
from shinso.compiler.rewrite import rewrite
from shinso.compiler.root import Root, is_leaf, sources, target_place
from shinso.compiler.simplify import simplify
from shinso.compiler.target import Target

BATCH = "n"
"""The variable of a batch phase's loop."""

_WORTH_A_TEAM = 1 << 14
"""So many operations are worth waking the other threads for."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Where a root lies, and the buffer in which threads gather their parts of it."""

    slot: Slot | None
    placed: Placed


def lower(graph: Graph, target: Target, threads: int = 1) -> Program:
    """The program of a graph for a machine and a number of threads."""
    plan = fuse(rewrite(simplify(graph), target), threads)
    return _Assembly(plan, arrange(plan, target), target, threads).program


class _Assembly:
    def __init__(self, plan: Plan, layout: Layout, target: Target, threads: int) -> None:
        self.plan, self.layout, self.target, self.threads = plan, layout, target, threads
        self.program = Program(threads=threads, batch=plan.batch)
        self.nominal = LONG if plan.batch >= LONG else NOMINAL
        self.slots: dict[str, Slot] = {}
        self.memory: dict[int, Memory] = {}
        self.leaves: dict[int, Placed] = {}
        self.leaf_slots: dict[int, Slot] = {}
        for node in plan.graph.nodes():
            self._place_leaf(node)
        for level in sorted(plan.levels):
            self._level(level, plan.levels[level])
        self._finish()

    # -- memory ----------------------------------------------------------------------------------

    def _place_leaf(self, node: Node) -> None:
        operation = node.operation
        if isinstance(operation, Argument):
            slot = self._slot("argument", operation.index, node)
        elif isinstance(operation, State):
            slot = self._slot("state", operation.index, node)
        elif isinstance(operation, Constant) and node.ndim:
            self.program.constants.append(np.ascontiguousarray(operation.array))
            slot = self._slot("constant", len(self.program.constants) - 1, node)
        else:
            return
        self.leaf_slots[id(node)] = slot
        self.leaves[id(node)] = Placed(slot.buffer, contiguous(node.shape))

    def _slot(self, kind: str, index: int, node: Node, copies: int = 1, spare: int = 0) -> Slot:
        slot = Slot(kind, index, node.shape, node.dtype, copies, spare)
        self.slots[slot.buffer.name] = slot
        return slot

    def _temporary(self, node: Node, copies: int = 1, spare: int = 0) -> Slot:
        slot = self._slot("temporary", len(self.program.temporaries), node, copies, spare)
        self.program.temporaries.append(slot)
        return slot

    def _give_memory(self, root: Root) -> None:
        """A place for a root's result, unless it is used in its own stage only."""
        node = root.node
        base = self._reused(root)
        if base is not None:
            self.memory[id(root)] = base
        elif id(root) in self.plan.in_place:
            cell = self.plan.in_place[id(root)]
            slot = self._slot("state", cell, node)
            self.memory[id(root)] = Memory(slot, Placed(slot.buffer, self._dense(node)))
        elif root.partly and root.level % 2:
            slot = self._temporary(node, self.threads)
            self.memory[id(root)] = Memory(slot, Placed(slot.buffer, self._dense(node)))
        elif id(root) in self.layout.lasting:
            spread = self.layout.strides(node)
            slot = self._temporary(node, spare=room(node.shape, spread) - node.size)
            self.memory[id(root)] = Memory(slot, Placed(slot.buffer, spread))
        elif self._is_read_elsewhere(root):
            axis = self.plan.labels[id(node)]
            own = tuple(0 if a == axis else n for a, n in enumerate(self.layout.strides(node)))
            size = room(node.shape, own)
            name = f"scratch{len(self.memory)}"
            self.memory[id(root)] = Memory(
                None, Placed(Buffer(name, node.dtype, max(1, size)), own)
            )

    def _dense(self, node: Node) -> tuple[int, ...]:
        return strides_of(node.shape, self.layout.order[id(node)])

    def _is_read_elsewhere(self, root: Root) -> bool:
        stage = self.plan.levels[root.level][root.stage]
        follows = root is not stage.first
        return (follows and root.kind == "fold") or any(
            other is not stage for other, _ in self.layout.readers.get(id(root), ())
        )

    def _reused(self, root: Root) -> Memory | None:
        """A write into something that nobody else looks at happens where it lies."""
        if root.kind not in ("write", "scatter"):
            return None
        node = root.node.operands[0]
        if is_leaf(node) or id(node) in self.plan.aliases or id(node) not in self.plan.instances:
            return None
        base = self.plan.root(node, root.level)
        if len(self.layout.readers.get(id(base), ())) != 1 or id(base) not in self.memory:
            return None
        same = self.layout.order[id(node)] == self.layout.order[id(root.node)]
        lasting = id(root) in self.layout.lasting, id(base) in self.layout.lasting
        slot = self.memory[id(base)].slot
        if not same or lasting[0] != lasting[1] or (slot is not None and slot.kind != "temporary"):
            return None
        if any(
            id(self.plan.base(x)) in self.plan.instances and self.plan.root(x, -1) is base
            for x in self.plan.graph.roots
        ):
            return None
        return self.memory[id(base)] if id(root) not in self.plan.in_place else None

    def _placed(self, node: Node, level: int) -> Placed | None:
        """Where a reader in this level finds a node; None if it has to be worked out."""
        if id(node) in self.plan.aliases:
            return self._alias(node, level)
        found = self.plan.instances.get(id(node))
        if not found:
            return self.leaves.get(id(node))
        root = found.get(level) or found[min(found)]
        memory = self.memory.get(id(root))
        return None if memory is None else memory.placed

    def _alias(self, node: Node, level: int) -> Placed | None:
        """The memory of the node that another one only names anew."""
        base = self.plan.base(node)
        below = self.leaves.get(id(base)) if is_leaf(base) else self._placed(base, level)
        if below is None:
            return None
        groups = self.layout.groups.get(id(base))
        if groups is None:
            strides = list(contiguous(node.shape))
        else:
            strides = [below.strides[group[-1]] for group in groups]
        axis = self.plan.labels.get(id(node))
        if below.buffer.scratch and axis is not None:
            strides[axis] = 0
        return Placed(below.buffer, tuple(strides))

    def _inliner(self, level: int) -> Inliner:
        return Inliner(lambda node: self._placed(node, level))

    # -- levels ----------------------------------------------------------------------------------

    def _level(self, level: int, stages: list[Stage]) -> None:
        stages = [s for s in stages if s.roots]
        if level % 2:
            self._batch_phase(level, stages)
            return
        for stage in stages:
            if stage.first.kind == "host":
                self._host(stage.first)
                continue
            for root in stage.roots:
                self._give_memory(root)
            self._plain_stage(stage, level)

    def _plain_stage(self, stage: Stage, level: int) -> None:
        for before, box in self._boxes(stage, level):
            assert not before
            # What is added at several places may meet in one element: one after the other, since
            # different threads would add at the same time.
            alone = [replace(box, then=(s,)) for s in box.then] if _adds(box) else [box]
            for piece in (x for part in alone for x in pieces(part)):
                part = collapse(piece)
                work = math.prod(x.extent for x in (*part.pure, *part.reduction))
                parallel = self.threads > 1 and work >= _WORTH_A_TEAM and not part.serial
                body = schedule.schedule(part, self.target, parallel)
                if body:
                    self._call(body, stage, serial=not _has_parallel(body))

    def _batch_phase(self, level: int, stages: list[Stage]) -> None:
        setup: list[Statement] = []
        body: list[Statement] = []
        for stage in stages:
            for root in stage.roots:
                self._give_memory(root)
            for before, box in self._boxes(stage, level):
                for piece in pieces(box):
                    made = schedule.schedule(collapse(piece), self.target, parallel=False)
                    (setup if before else body).extend(made)
        if body:
            loop = For(BATCH, EXTENT, tuple(body), parallel=True)
            self._call((*setup, loop), *stages)

    def _call(self, body: tuple[Statement, ...], *stages: Stage, serial: bool = False) -> None:
        kernel, slots, numbers = canonical(body, self.slots)
        nodes = tuple(r.node for s in stages for r in s.roots)
        update = any(id(r) in self.plan.in_place for s in stages for r in s.roots)
        self.program.calls.append(Call(kernel, slots, nodes, serial, update, numbers))

    # -- boxes -----------------------------------------------------------------------------------

    def _boxes(self, stage: Stage, level: int) -> Iterator[tuple[bool, Box]]:
        """The stage's boxes; True: to be done once, before the batch loop."""
        first = stage.first
        inliner = self._inliner(level)
        names = self._names(stage, 0)
        pure = self._loops(first, first.pure)
        reduction = self._loops(first, first.reduction)
        if first.kind == "merge":
            reduction = (Loop("t", self.threads),)
        if first.kind in ("write", "scatter", "scan"):
            for box in self._writing_boxes(first, names, inliner):
                yield False, box
            return
        sums, value = self._first_value(first, names, inliner)
        then: list[Store | Fold] = []
        zeroed: list[Box] = []
        for i, root in enumerate(stage.roots):
            names = self._names(stage, i)
            yield from self._border(root, inliner)
            if i:
                value = self._follower_value(root, names, inliner)
            place = with_variables(target_place(root.node), names)
            if root.kind != "fold" or i == 0:
                inliner.local[id(root.node), place] = value
            memory = self.memory.get(id(root))
            if memory is None:
                continue
            at = self._position(root, memory, place)
            if root.kind == "fold" and i:
                assert isinstance(root.node.operation, Reduce)
                function = root.node.operation.function
                zeroed.append(self._zeroed(root, memory, names, function))
                then.append(Fold(memory.placed.buffer, at, function, value))
            else:
                then.append(Store(memory.placed.buffer, at, value))
        if first.partly and level % 2:
            yield True, self._cleared(self.memory[id(first)], first.node)
        for box in zeroed:
            yield False, box
        if then:
            yield False, Box(self._in_order(pure, then), reduction, sums, tuple(then))

    def _names(self, stage: Stage, i: int) -> dict[str, str]:
        """A root's variables in the stage's terms; those of length 1 are left out."""
        root, batch = stage.roots[i], stage.first.batch if stage.level % 2 else None
        names = {}
        for loop in (*root.pure, *root.reduction):
            new = stage.renamed[i].get(loop.variable)
            if new is not None and loop.extent > 1:
                names[loop.variable] = BATCH if new == batch else new
        return names

    def _loops(self, root: Root, loops: tuple[Loop, ...]) -> tuple[Loop, ...]:
        """Without what is 1 long; the batch is the phase's loop, or its length is not yet known."""
        own, found = root.level % 2, []
        for loop in loops:
            if loop.variable == root.batch and loop.extent > 1:
                assert loop.extent == self.plan.batch, (loop, self.plan.batch)
                if not own:
                    found.append(replace(loop, extent=self.nominal, named=EXTENT))
            elif loop.extent != 1:
                found.append(loop)
        return tuple(found)

    def _in_order(self, pure: tuple[Loop, ...], then: list[Store | Fold]) -> tuple[Loop, ...]:
        """Loops in the order of the memory that is written."""
        stored = next((s.at for s in then if isinstance(s, Store)), then[0].at)
        return tuple(sorted(pure, key=lambda x: -abs(stored.step(x.variable))))

    def _first_value(
        self, root: Root, names: dict[str, str], inliner: Inliner
    ) -> tuple[tuple[Sum, ...], Expression]:
        node = root.node
        if root.kind == "product":
            begin = None
            if root.partly and root.level % 2:
                memory = self.memory[id(root)]
                place = with_variables(target_place(node), names)
                begin = Load(memory.placed.buffer, self._position(root, memory, place))
            return (contraction(node, names, inliner, begin),), Folded(0, node.dtype)
        if root.kind == "fold":
            assert isinstance(node.operation, Reduce)
            value = fold_value(node, names, inliner)
            return (Sum(node.operation.function, value, node.dtype),), Folded(0, node.dtype)
        if root.kind == "merge":
            return (self._merged(root, names),), Folded(0, node.dtype)
        return (), self._follower_value(root, names, inliner)

    def _merged(self, root: Root, names: dict[str, str]) -> Sum:
        assert root.partial is not None
        memory = self.memory[id(root.partial)]
        at = memory.placed.at(with_variables(target_place(root.node), names))
        at = Affine(at.start, tuple(sorted((*at.steps, ("t", root.node.size)))))
        return Sum("add", Load(memory.placed.buffer, at), root.node.dtype)

    def _follower_value(self, root: Root, names: dict[str, str], inliner: Inliner) -> Expression:
        x, place = sources(root.node)[0]
        place = with_variables(place, names)
        if x is root.node:
            return inliner.worked_out(x, place)
        return inliner.value(x, place)

    def _position(self, root: Root, memory: Memory, place: tuple[Affine, ...]) -> Affine:
        at = memory.placed.at(place)
        if root.partly and root.level % 2:
            at = Affine(at.start, tuple(sorted((*at.steps, ("thread", root.node.size)))))
        return at

    def _cleared(self, memory: Memory, node: Node) -> Box:
        """A thread's own part, set to zero."""
        at = Affine(0, (("thread", node.size), ("z", 1)))
        zero = Literal(neutral("add", node.dtype), node.dtype)
        return Box((Loop("z", node.size),), (), (), (Store(memory.placed.buffer, at, zero),))

    def _zeroed(self, root: Root, memory: Memory, names: dict[str, str], function: str) -> Box:
        """What a follower folds into, set to the neutral value."""
        loops = tuple(
            replace(x, variable=names[x.variable])
            for x in self._loops(root, root.pure)
            if x.variable in names
        )
        place = with_variables(target_place(root.node), names)
        value = Literal(neutral(function, root.node.dtype), root.node.dtype)
        return Box(loops, (), (), (Store(memory.placed.buffer, memory.placed.at(place), value),))

    def _border(self, root: Root, inliner: Inliner) -> Iterator[tuple[bool, Box]]:
        """A pad's memory filled with its value: scratch once, for all examples."""
        memory = self.memory.get(id(root))
        if root.kind != "pad" or memory is None:
            return
        node, level = root.node, root.level
        scratch = memory.slot is None
        value = inliner.value(node.operands[1], ())
        loops, place = [], []
        for a, n in enumerate(node.shape):
            if level % 2 and a == self.plan.labels.get(id(node)):
                place.append(Affine() if scratch else Affine(0, ((BATCH, 1),)))
            else:
                loops.append(self._along(node, a, f"z{a}"))
                place.append(Affine(0, ((f"z{a}", 1),)) if n != 1 else Affine())
        order = self.layout.order[id(node)]
        ordered = [x for a in order for x in loops if x.variable == f"z{a}"]
        at = memory.placed.at(tuple(place))
        store = Store(memory.placed.buffer, at, value)
        yield scratch, Box(tuple(x for x in ordered if x.extent != 1), (), (), (store,))

    def _along(self, node: Node, axis: int, variable: str) -> Loop:
        """A loop along an axis of a node."""
        if self.plan.labels.get(id(node)) == axis:
            return Loop(variable, self.nominal, EXTENT)
        return Loop(variable, node.shape[axis])

    def _writing_boxes(self, root: Root, names: dict[str, str], inliner: Inliner) -> Iterator[Box]:
        """Writes into what lies beneath; scans."""
        node, memory = root.node, self.memory[id(root)]
        if not node.size:
            return
        batch = self.plan.labels.get(id(node)) if root.level % 2 else None
        loops = self._loops(root, root.pure)
        if root.kind == "scan":
            yield from scan_boxes(node, memory.placed, names, inliner, loops)
            return
        base = inliner.placed(node.operands[0])
        covered = isinstance(node.operation, Accumulate) and node.operation.covers
        if not covered and (base is None or base.buffer != memory.placed.buffer):
            axes = [
                self._along(node, a, BATCH if a == batch else f"c{a}") for a in range(node.ndim)
            ]
            yield copy_box(node.operands[0], memory.placed, axes, BATCH, inliner)
        make = write_box if root.kind == "write" else scatter_box
        yield make(node, memory.placed, names, inliner, loops)

    # -- the end ---------------------------------------------------------------------------------

    def _host(self, root: Root) -> None:
        node = root.node
        operands = tuple(self._slot_of(x) for x in node.operands)
        items = {
            r.node.operation.index: r  # type: ignore[union-attr]
            for found in self.plan.instances.values()
            for r in found.values()
            if r.kind == "item" and r.node.operands[0] is node
        }
        made = [items.get(i) for i in range(max(items) + 1)] if items else [root]
        results = tuple(None if r is None else self._plain_memory(r) for r in made)
        self.program.calls.append(HostCall(node, operands, results))

    def _plain_memory(self, root: Root) -> Slot:
        """A place in C order, for what NumPy makes."""
        slot = self._temporary(root.node)
        self.memory[id(root)] = Memory(slot, Placed(slot.buffer, contiguous(root.node.shape)))
        return slot

    def _slot_of(self, node: Node) -> Slot:
        """The memory of a node that something outside the kernels looks at; in C order."""
        base = self.plan.base(node)
        if id(base) in self.leaf_slots:
            return self.leaf_slots[id(base)]
        if id(base) in self.plan.instances:
            slot = self.memory[id(self.plan.root(base, -1))].slot
            assert slot is not None
            return slot
        slot = self._temporary(node)  # a leaf without memory, such as a 0-d constant
        placed = Placed(slot.buffer, contiguous(node.shape))
        axes = [self._along(node, a, f"c{a}") for a in range(node.ndim)]
        box = copy_box(node, placed, axes, None, Inliner(lambda x: self.leaves.get(id(x))))
        body = schedule.schedule(box, self.target, parallel=False)
        if body:
            kernel, slots, numbers = canonical(body, self.slots)
            self.program.calls.append(Call(kernel, slots, (node,), serial=True, numbers=numbers))
        self.leaf_slots[id(node)] = slot
        return slot

    def _finish(self) -> None:
        program, graph = self.program, self.plan.graph
        program.outputs = [self._slot_of(x) for x in graph.outputs]
        program.checks = [(self._slot_of(c.condition), c) for c in graph.checks]
        for update in graph.updates:
            if update.value is None:
                program.deliveries.append(Delivery(update.cell, update.slot, None, False))
                continue
            slot = self._slot_of(update.value)
            here = slot.kind == "state" and slot.index == update.cell
            program.deliveries.append(Delivery(update.cell, update.slot, slot, here))


def _adds(box: Box) -> bool:
    """Whether all a box does is to add several things."""
    return not box.sums and len(box.then) > 1 and all(isinstance(s, Fold) for s in box.then)


def _has_parallel(body: tuple[Statement, ...]) -> bool:
    return any(isinstance(s, For) and s.parallel for s in body)
