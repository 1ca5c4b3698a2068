"""Fusion: what is computed together, and in which order.

    stage   roots computed in one box of loops: the first and those that follow it point by point
    level   even: stages one after the other, each on all threads or on one;
            odd:  a batch phase: its stages example by example, the batch split between the threads

What belongs to one example is computed while it is in the cache; a level ends where something needs
all examples. Cheap element-wise work is done again in a later level rather than kept in memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from shinso.compiler.graph import Accumulate, Contract, Graph, Node, Reshape, State
from shinso.compiler.labels import NOMINAL, batch_axes, batch_length, nominal_size
from shinso.compiler.nest import Affine
from shinso.compiler.root import Read, Root, folded_names, is_leaf, make_roots, target_place
from shinso.compiler.roots import memory_nodes

_ACCUMULATED, _PER_RESULT = 1 << 16, 64
"""A sum over the batch with more elements is not added up by each thread for itself, unless an
example has more than so many products for each of them.
"""


@dataclass(slots=True, eq=False)
class Stage:
    """Roots in one box of loops; each with its variables in the terms of the first one's."""

    level: int
    roots: list[Root]
    renamed: list[dict[str, str]]

    @property
    def first(self) -> Root:
        """The root whose box this is."""
        return self.roots[0]


@dataclass(slots=True)
class Plan:
    """Levels of stages. instances: a node's roots by level; labels: the batch axis of nodes."""

    graph: Graph
    batch: int
    labels: dict[int, int]
    levels: dict[int, list[Stage]] = field(default_factory=dict)
    instances: dict[int, dict[int, Root]] = field(default_factory=dict)
    aliases: dict[int, Node] = field(default_factory=dict)
    in_place: dict[int, int] = field(default_factory=dict)  # root's id → the cell it is written to

    def base(self, node: Node) -> Node:
        """The node whose memory this node's is."""
        while id(node) in self.aliases:
            node = self.aliases[id(node)]
        return node

    def root(self, node: Node, level: int) -> Root:
        """Where a reader in a level finds a node: in its own level, or where it was first made."""
        found = self.instances[id(self.base(node))]
        return found.get(level) or found[min(found)]

    def stages(self) -> Iterator[Stage]:
        """All stages in order."""
        for level in sorted(self.levels):
            yield from self.levels[level]

    def place(self, root: Root) -> tuple[int, int]:
        """The level and the position in it of a root."""
        return root.level, root.stage


def fuse(graph: Graph, threads: int) -> Plan:
    """A plan for a simplified graph."""
    fusion = _Fusion(graph, threads)
    fusion.run()
    return fusion.plan


class _Fusion:
    def __init__(self, graph: Graph, threads: int) -> None:
        labels = batch_axes(graph)
        self.plan = Plan(graph, batch_length(graph), labels)
        self.threads = threads
        self.memory = memory_nodes(graph, labels)
        self.table = {id(n): n for n in self.memory}
        self.roots = make_roots(graph, self.memory, labels)
        # Nodes that a batch phase reads at another example than its own: never done again in one.
        self.crossed = {
            id(_named_first(read.node))
            for root in self.roots
            if self._is_phased(root)
            for read in root.reads
            if not self._is_own_example(read, root)
            or (isinstance(read.node.operation, Reshape) and id(read.node) not in labels)
        }
        self.state_readers: dict[int, list[Root]] = {}
        for root in self.roots:
            self._note_states(root)
        self.states = {
            n.operation.index: n for n in graph.nodes() if isinstance(n.operation, State)
        }
        self.updated: dict[int, int] = {}
        self.demanded = -1  # the last level that demands something of values
        for update in graph.updates:
            if update.value is not None and update.slot == "data":
                self.updated[id(update.value)] = update.cell

    def run(self) -> None:
        """Updates of cells come last: by then nobody needs what the cells held."""
        late = [r for r in self.roots if self._is_update(r)]
        count = -1
        while count != len(late):
            count = len(late)
            early = {id(r.node) for root in self.roots if root not in late for r in root.reads}
            late = [r for r in late if id(r.node) not in early]
        for root in self.roots:
            if root not in late:
                self._add(root)
        for check in self.plan.graph.checks:
            if not self._is_given(check.condition):
                level = self.plan.root(check.condition, -1).level
                self.demanded = max(self.demanded, level)
        for root in late:
            self._add(root)
        self._drop_unread()
        for root in late:
            self._write_in_place(root)

    def _note_states(self, root: Root) -> None:
        """Remember who reads what cells hold when the step begins."""
        for base in {id(x): x for x in (_named_first(read.node) for read in root.reads)}.values():
            if isinstance(base.operation, State):
                self.state_readers.setdefault(id(base), []).append(root)

    def _is_update(self, root: Root) -> bool:
        return id(root.node) in self.updated

    def _is_given(self, node: Node) -> bool:
        """Whether a node lies in memory before the step begins, perhaps in another shape."""
        return is_leaf(self.plan.base(node))

    # -- adding a root ---------------------------------------------------------------------------

    def _add(self, root: Root) -> None:
        if root.kind == "alias":
            self.plan.aliases[id(root.node)] = root.node.operands[0]
            return
        if root.kind == "item":
            host = self.plan.root(root.node.operands[0], 0)
            self._record(root, host.level, host.stage)
            return
        found = self._stage_to_follow(root)
        if found is not None:
            stage, renamed = found
            stage.roots.append(root)
            stage.renamed.append(renamed)
            self._record(root, stage.level, self.plan.levels[stage.level].index(stage))
            return
        level = self._level(root)
        self._clone_reads(root, level)
        self._open(root, level)
        if root.partly and level % 2:
            self._merge(root, level + 1)

    def _record(self, root: Root, level: int, stage: int) -> None:
        root.level, root.stage = level, stage
        self.plan.instances.setdefault(id(root.node), {})[level] = root

    def _open(self, root: Root, level: int) -> None:
        stages = self.plan.levels.setdefault(level, [])
        loops = (*root.pure, *root.reduction)
        stages.append(Stage(level, [root], [{x.variable: x.variable for x in loops}]))
        self._record(root, level, len(stages) - 1)

    def _merge(self, root: Root, level: int) -> None:
        """The threads' parts of a sum over the batch, added up in the next level."""
        merge = Root(root.node, "merge", root.pure, (), (), None, partial=root)
        del self.plan.instances[id(root.node)]
        self._open(merge, level)

    # -- levels ----------------------------------------------------------------------------------

    def _level(self, root: Root) -> int:
        phased = self._is_phased(root)
        level = int(phased)
        if self._is_update(root):
            level = max(level, self.demanded + 1)
        for read in root.reads:
            if self._is_given(read.node):
                continue
            made = self.plan.root(read.node, -1)
            same = made.level % 2 == int(phased)
            if same and (not phased or self._is_aligned(read, root)):
                level = max(level, made.level)
            else:
                level = max(level, made.level + 1)
        for other in self._other_readers(root):
            level = max(level, other.level + other.level % 2)
        return level if level % 2 == int(phased) else level + 1

    def _other_readers(self, root: Root) -> Iterator[Root]:
        """Of a cell's update: everything else that reads what the cell holds before."""
        cell = self.updated.get(id(root.node))
        if cell is not None and cell in self.states:
            for other in self.state_readers.get(id(self.states[cell]), ()):
                if other is not root and other.level >= 0:
                    yield other

    def _is_phased(self, root: Root) -> bool:
        """Whether a root is worked out example by example."""
        if root.batch is None or self.plan.batch < max(2, self.threads) or root.kind == "host":
            return False
        if root.kind == "fold":
            return not root.partly
        if root.kind == "product":
            return self._is_phased_product(root)
        return True

    def _is_phased_product(self, root: Root) -> bool:
        """An example must have enough work: several rows of a register tile, or a long sum."""
        size = math.prod(x.extent for x in root.pure)
        if root.partly:
            others = math.prod(r.extent for r in root.reduction if r.variable != root.batch)
            return others >= 8 and size <= _ACCUMULATED * max(1, others // _PER_RESULT)
        contract = root.node.operation
        assert isinstance(contract, Contract)
        shared = {name for name, _ in folded_names(root.node)}
        for names, x in zip((contract.left, contract.right), root.node.operands, strict=True):
            if id(x) in self.plan.labels:
                axis = self.plan.labels[id(x)]
                rows = [n for a, n in enumerate(x.shape) if names[a] not in shared and a != axis]
                return math.prod(rows) >= 4
        return False

    def _is_aligned(self, read: Read, root: Root) -> bool:
        """Whether a root reads, at its example, only what was made at the same example."""
        node = read.node
        axis = self.plan.labels.get(id(node))
        if axis is None or root.batch is None or not read.place:
            return False
        made = self.plan.root(node, -1)
        if made.partly or made.batch is None:
            return False
        return self._is_own_example(read, root)

    def _is_own_example(self, read: Read, root: Root) -> bool:
        axis = self.plan.labels.get(id(read.node))
        if axis is None or root.batch is None or not read.place:
            return axis is None
        return read.place[axis] == Affine(0, ((root.batch, 1),))

    # -- following -------------------------------------------------------------------------------

    def _stage_to_follow(self, root: Root) -> tuple[Stage, dict[str, str]] | None:
        """A stage that computes, point by point, what this root needs."""
        if root.kind not in ("copy", "pad", "fold") or root.partly:
            return None
        made = [(self.plan.root(r.node, -1), r) for r in root.reads if not self._is_given(r.node)]
        made = [(m, r) for m, r in made if id(r.node) not in self.plan.aliases]
        if not made:
            return None
        last = max((m for m, _ in made), key=self.plan.place)
        stage = self.plan.levels[last.level][last.stage]
        odd = stage.level % 2 == 1
        if stage.first.kind not in ("copy", "fold", "product", "merge"):
            return None
        if root.kind == "fold" and not odd:
            return None
        if self._is_update(root) and stage.level <= self.demanded:
            return None
        if odd and (stage.first.partly or root.batch is None):
            return None
        renamed = self._renaming(root, stage, made)
        if renamed is None or (odd and renamed.get(root.batch or "") != stage.first.batch):
            return None
        for m, read in made:
            beside = m.level == stage.level and m not in stage.roots
            if beside and (m.stage >= last.stage or (odd and not self._is_aligned(read, root))):
                return None
        for read in root.reads:
            if id(read.node) not in self.plan.aliases or self._is_given(read.node):
                continue
            m = self.plan.root(read.node, -1)
            if (m.level, m.stage) >= (stage.level, last.stage):
                return None
        for other in self._other_readers(root):
            if self.plan.place(other) >= (stage.level, last.stage) and other not in stage.roots:
                return None
        return stage, renamed

    def _renaming(
        self, root: Root, stage: Stage, made: Sequence[tuple[Root, Read]]
    ) -> dict[str, str] | None:
        """The root's variables in the stage's terms, if it is computed point by point."""
        extents = {x.variable: x.extent for x in (*root.pure, *root.reduction)}
        if 0 in extents.values():
            return None
        wanted = {x.variable for x in stage.first.pure if x.extent > 1}
        renamed: dict[str, str] = {}
        for producer, read in made:
            if producer not in stage.roots:
                continue
            if producer.kind == "pad":
                return None
            names = stage.renamed[stage.roots.index(producer)]
            if producer.kind == "fold" and producer is not stage.first:
                return None
            for at, loop in zip(read.place, producer.pure, strict=True):
                if loop.extent == 1:
                    continue
                if at.start or len(at.steps) != 1 or at.steps[0][1] != 1:
                    return None
                mine = at.steps[0][0]
                if extents[mine] != loop.extent:
                    return None
                if renamed.setdefault(mine, names[loop.variable]) != names[loop.variable]:
                    return None
        if {v for v, n in extents.items() if n > 1} != set(renamed):
            return None
        if set(renamed.values()) != wanted or len(renamed) != len(wanted):
            return None
        return renamed

    # -- doing cheap work again ------------------------------------------------------------------

    def _clone_reads(self, root: Root, level: int) -> None:
        """Element-wise roots of earlier levels that one stream of memory suffices for."""
        if level % 2 == 0:
            return
        for read in root.reads:
            if self._is_given(read.node) or id(read.node) in self.plan.aliases:
                continue
            made = self.plan.root(read.node, level)
            if made.level >= level or not self._is_cheap(made) or id(made.node) in self.crossed:
                continue
            if id(made.node) in self.updated or not self._is_aligned(read, root):
                continue
            again = replace(made, level=-1, stage=-1)
            self._clone_reads(again, level)
            self._open(again, level)
            self._note_states(again)

    def _is_cheap(self, root: Root) -> bool:
        operation = root.node.operation
        covers = isinstance(operation, Accumulate) and operation.covers
        if not (root.kind in ("copy", "pad") or covers) or root.batch is None:
            return False
        if root.node in self.plan.graph.roots:
            return False
        size = math.prod(NOMINAL if x.variable == root.batch else x.extent for x in root.pure)
        reads = {id(r.node): nominal_size(r.node, self.plan.labels) for r in root.reads}
        large = [n for n in reads.values() if 2 * n >= size]
        most = 1.0 if covers else 1.5
        return len(large) <= 1 and sum(large) <= most * nominal_size(root.node, self.plan.labels)

    def _drop_unread(self) -> None:
        """Roots that were done again wherever they are read are not computed where nobody is."""
        changed = True
        while changed:
            changed = False
            read = {
                id(self.plan.root(x, -1))
                for x in self.plan.graph.roots
                if not self._is_given(x) and id(self.plan.base(x)) in self.plan.instances
            }
            for stage in self.plan.stages():
                for root in stage.roots:
                    sources = root.partial.reads if root.partial else root.reads
                    read.update(
                        id(self.plan.root(r.node, root.level))
                        for r in sources
                        if id(self.plan.base(r.node)) in self.plan.instances
                    )
                    if root.partial:
                        read.add(id(root.partial))
            for items in self.plan.instances.values():  # they are in no stage
                read.update(
                    id(self.plan.root(item.node.operands[0], item.level))
                    for item in items.values()
                    if item.kind == "item"
                )
            for stage in self.plan.stages():
                for root in list(stage.roots):
                    if id(root) not in read:
                        changed = self._remove(stage, root) or changed

    def _remove(self, stage: Stage, root: Root) -> bool:
        i = stage.roots.index(root)
        if i == 0 and len(stage.roots) > 1:
            return False
        del stage.roots[i], stage.renamed[i]
        self.plan.instances[id(root.node)].pop(root.level, None)
        for readers in self.state_readers.values():
            if root in readers:
                readers.remove(root)
        return True

    # -- updates ---------------------------------------------------------------------------------

    def _write_in_place(self, root: Root) -> None:
        """An update goes straight into its cell if nobody reads the old value afterwards."""
        cell = self.updated[id(root.node)]
        state = self.states.get(cell)
        root = self.plan.root(root.node, -1)
        if state is not None:
            if state.shape != root.node.shape or state.dtype != root.node.dtype:
                return
            if any(self.plan.base(x) is state for x in self.plan.graph.roots):
                return  # what the cell held leaves the step, or goes into another cell
            for other in self.state_readers.get(id(state), ()):
                here = (other.level, other.stage) == (root.level, root.stage)
                if not here and self.plan.place(other) >= self.plan.place(root):
                    return
                if here and not self._reads_own_place(other, root, state):
                    return
        self.plan.in_place[id(root)] = cell

    def _reads_own_place(self, other: Root, root: Root, state: Node) -> bool:
        """Whether a root of the same stage reads the old value only where, and before, it goes."""
        stage = self.plan.levels[root.level][root.stage]
        if root.kind == "pad" or stage.roots.index(other) > stage.roots.index(root):
            return False  # a pad's memory is filled before its inside is computed
        names = stage.renamed[stage.roots.index(other)]
        mine = stage.renamed[stage.roots.index(root)]
        own = [_renamed(at, mine) for at in target_place(root.node)]
        return all(
            read.node is state and [_renamed(at, names) for at in read.place] == own
            for read in other.reads
            if _named_first(read.node) is state
        )


def _named_first(node: Node) -> Node:
    """The node whose memory a reshape, or a reshape of one, names anew."""
    while isinstance(node.operation, Reshape):
        node = node.operands[0]
    return node


def _renamed(at: Affine, names: dict[str, str]) -> Affine:
    return Affine(at.start, tuple(sorted((names.get(v, v), s) for v, s in at.steps if s)))
