"""Roots: the nodes that get memory of their own, each with the box of work that fills it.

A root knows its box's variables, what it reads and where (in these variables), and which variable
runs along the batch. Fusion needs no more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shinso.compiler.box import Loop
from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Constant,
    Contract,
    Graph,
    Host,
    Item,
    Node,
    Pad,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    State,
    Write,
)
from shinso.compiler.inline import Inliner, Place, through
from shinso.compiler.nest import Affine, Bound, Buffer, Expression, Load, affine


@dataclass(frozen=True, slots=True)
class Read:
    """One node in memory that a root looks at, and where, in the root's variables."""

    node: Node
    place: Place


@dataclass(slots=True, eq=False)
class Root:
    """A node with memory of its own.

    kind: copy, pad, fold, product, write, scatter, scan, host, alias or merge. pure: a variable for
    each axis of the box it is computed in (a pad's is its inside); reduction: variables folded
    away. batch: the variable that runs along the batch.
    """

    node: Node
    kind: str
    pure: tuple[Loop, ...]
    reduction: tuple[Loop, ...]
    reads: tuple[Read, ...]
    batch: str | None
    partial: Root | None = None  # of a merge: what the threads have added up
    level: int = -1
    stage: int = -1

    @property
    def partly(self) -> bool:
        """Whether the batch is folded away, so that each thread has a part of the result."""
        return any(r.variable == self.batch for r in self.reduction)

    @property
    def batch_axis(self) -> int | None:
        """The node's own axis along the batch."""
        for axis, loop in enumerate(self.pure):
            if loop.variable == self.batch:
                return axis
        return None


def domain(node: Node) -> tuple[str, tuple[Loop, ...], tuple[Loop, ...]]:
    """The kind of a root, and its variables: i0, i1 … for its box's axes, r0, r1 … folded away."""
    operation, shape = node.operation, node.shape
    gone: Sequence[int] = ()
    kind = "copy"
    match operation:
        case Reduce(_, axes):
            kind, gone = "fold", [node.operands[0].shape[a] for a in axes]
        case Contract():
            kind, gone = "product", [n for _, n in folded_names(node)]
        case Pad():
            kind, shape = "pad", node.operands[0].shape
        case Accumulate():
            kind, shape = "write", node.operands[1].shape
        case Write() | Scatter():
            kind, shape = type(operation).__name__.lower(), node.operands[1].shape
        case Scan() | Host():
            kind = type(operation).__name__.lower()
        case Reshape():
            kind = "alias"
        case Item():
            kind = "item"
    pure = tuple(Loop(f"i{a}", n) for a, n in enumerate(shape))
    return kind, pure, tuple(Loop(f"r{k}", n) for k, n in enumerate(gone))


def folded_names(node: Node) -> list[tuple[int, int]]:
    """The names that a contraction sums over, with their lengths, in order of appearance."""
    contract = node.operation
    assert isinstance(contract, Contract)
    a, b = node.operands
    lengths = dict(zip((*contract.left, *contract.right), (*a.shape, *b.shape), strict=True))
    return [(name, n) for name, n in lengths.items() if name not in contract.out]


def named_places(node: Node) -> dict[int, Affine]:
    """The variable of each name of a contraction."""
    contract = node.operation
    assert isinstance(contract, Contract)
    places = {name: affine(0, **{f"i{k}": 1}) for k, name in enumerate(contract.out)}
    for k, (name, _) in enumerate(folded_names(node)):
        places[name] = affine(0, **{f"r{k}": 1})
    return places


def target_place(node: Node) -> Place:
    """Where in the node a point of its box lies."""
    place = variables(domain(node)[1])
    match node.operation:
        case Pad(widths):
            return tuple(
                Affine(p.start + before, p.steps)
                for p, (before, _) in zip(place, widths, strict=True)
            )
        case Accumulate(places):
            return through(places[0], place)
        case Write(rows) | Scatter(rows):
            return tuple(
                through([row], place)[0] if isinstance(row, Row) else Affine() for row in rows
            )
    return place


def variables(loops: Sequence[Loop]) -> Place:
    """The place that some variables stand for."""
    return tuple(affine(0, **{x.variable: 1}) for x in loops)


def sources(node: Node) -> list[tuple[Node, Place]]:
    """What a root's box looks at directly: operands and their places in the box's variables."""
    _, pure, reduction = domain(node)
    place = variables(pure)
    match node.operation:
        case Reduce(_, axes):
            left, over = iter(place), iter(variables(reduction))
            x = node.operands[0]
            return [(x, tuple([next(over) if a in axes else next(left) for a in range(x.ndim)]))]
        case Contract(left, right, _):
            names = named_places(node)
            a, b = node.operands
            return [(a, tuple(names[k] for k in left)), (b, tuple(names[k] for k in right))]
        case Pad():
            return [(node.operands[0], place), (node.operands[1], ())]
        case Accumulate():
            return [(x, place) for x in node.operands[1:]]
        case Write() | Scatter():
            _, v, *indices = node.operands
            return [(x, place) for x in (v, *indices)]
        case Scan():
            return [(node.operands[0], place)]
    return [(node, place)]


class _Reader(Inliner):
    """Finds what is read instead of working out values."""

    def __init__(self, memory: dict[int, Node], own: Node) -> None:
        super().__init__(lambda _: None)
        self.memory, self.own = memory, own
        self.found: dict[tuple[int, Place], Read] = {}

    def value(self, node: Node, place: Place, bounds: tuple[Bound, ...] = ()) -> Expression:
        stored = id(node) in self.memory and node is not self.own
        if stored or (is_leaf(node) and node.ndim):
            self.found.setdefault((id(node), place), Read(node, place))
            return Load(Buffer("", node.dtype), Affine(), bounds)
        if is_leaf(node) and not isinstance(node.operation, Constant):
            self.found.setdefault((id(node), place), Read(node, place))
            return Load(Buffer("", node.dtype), Affine(), bounds)
        return super().value(node, place, bounds)

    def _gather(
        self, node: Node, rows: Sequence[Row | int], place: Place, bounds: tuple[Bound, ...]
    ) -> Expression:
        x, *indices = node.operands
        whole = tuple(through([r], place)[0] if isinstance(r, Row) else Affine() for r in rows)
        self.found.setdefault((id(x), whole), Read(x, whole))
        for index in indices:
            self.value(index, place, bounds)
        return Load(Buffer("", node.dtype), Affine(), bounds)


def reads_of(node: Node, memory: dict[int, Node], batch: int | None) -> tuple[Read, ...]:
    """Everything in memory that a root's box looks at."""
    kind = domain(node)[0]
    if kind in ("host", "alias", "item"):
        return tuple(Read(x, ()) for x in node.operands)
    reader = _Reader(memory, node)
    for x, place in sources(node):
        if x is node:
            reader.worked_out(x, place)
        else:
            reader.value(x, place)
    if kind in ("write", "scatter"):  # and what lies beneath, in places that only the batch names
        at = target_place(node)
        beneath = tuple(p if a == batch else Affine() for a, p in enumerate(at))
        below = _Reader(memory, node)  # counted on its own, though what is written may look there
        below.value(node.operands[0], beneath)
        return (*reader.found.values(), *below.found.values())
    return tuple(reader.found.values())


def is_leaf(node: Node) -> bool:
    """Whether a node is in memory before the step begins."""
    return isinstance(node.operation, (Argument, State, Constant))


def make_roots(graph: Graph, memory: Sequence[Node], labels: dict[int, int]) -> list[Root]:
    """A root for each node with memory, in an order in which they can be computed."""
    table = {id(n): n for n in memory}
    roots = []
    for node in memory:
        kind, pure, reduction = domain(node)
        reads = reads_of(node, table, labels.get(id(node)))
        roots.append(Root(node, kind, pure, reduction, reads, _batch(node, labels)))
    return roots


def _batch(node: Node, labels: dict[int, int]) -> str | None:
    """The variable of a root's box that runs along the batch."""
    axis = labels.get(id(node))
    if axis is not None:
        for loop in domain(node)[1]:  # every example is written, each at its own place
            whole = loop.extent == node.shape[axis]
            if whole and target_place(node)[axis] == Affine(0, ((loop.variable, 1),)):
                return loop.variable
        return None
    for x, place in sources(node):
        below = labels.get(id(x))
        if below is not None and x is not node:
            names = [v for v, s in place[below].steps if s == 1]
            if len(names) == 1 and names[0].startswith("r"):
                return names[0]
    return None
