"""Which nodes get memory of their own.

Everything else is worked out where it is used. Memory is given to what cannot be worked out element
by element (folds, contractions, writes, calls of NumPy), to what leaves the step, to what a
contraction or a lookup reads, and to what several users would otherwise compute again at length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Concatenate,
    Constant,
    Contract,
    Gather,
    Graph,
    Host,
    Iota,
    Item,
    Map,
    Node,
    Pad,
    Reduce,
    Reshape,
    Scan,
    Scatter,
    State,
    View,
    Write,
)
from shinso.compiler.labels import nominal_size

DEAR = frozenset(
    (
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2"),
        *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2"),
        *("arcsinh", "arccosh", "arctanh", "power", "cbrt", "hypot", "erf", "erfc"),
        *("divide", "remainder", "floor_divide", "fmod"),
    )
)
"""Functions of elements that cost many times what an addition does."""

_MANY = 8  # from so many parts on, what they all look at gets memory
_MUCH = 8  # so many operations are not repeated for a second user
_DEEP = 60  # so many, one inside the other, are not written as one expression


def memory_nodes(graph: Graph, labels: Mapping[int, int]) -> list[Node]:
    """The nodes with memory of their own, in an order in which they can be computed.

    Leaves are not among them: arguments, states and constant arrays have memory anyway.
    """
    order = graph.nodes()
    sizes = {id(n): nominal_size(n, labels) for n in order}
    users: dict[int, int] = {}
    for node in order:
        for x in node.operands:
            users[id(x)] = users.get(id(x), 0) + 1
    wanted: set[int] = {id(x) for x in graph.roots}
    for node in order:
        wanted.update(id(x) for x in _demands(node))
    spread = _Costs(order, sizes, users, wanted).spread
    return _Costs(order, sizes, users, wanted | spread).found


_OWN_MEMORY = (Reduce, Scan, Contract, Write, Accumulate, Scatter, Host, Item, Reshape)


class _Costs:
    """What an element of each node costs, counted from the nearest memory.

    found: the nodes with memory. spread: nodes that are repeated along large axes, and not free:
    what is small is not worked out again for each large element.
    """

    def __init__(
        self, order: list[Node], sizes: dict[int, int], users: dict[int, int], wanted: set[int]
    ) -> None:
        self.found: list[Node] = []
        self.spread: set[int] = set()
        cost: dict[int, int] = {}
        depth: dict[int, int] = {}
        streams: dict[int, frozenset[int]] = {}  # the large arrays that an element needs
        for node in order:
            mine = id(node)
            if _is_leaf(node):
                cost[mine], streams[mine], depth[mine] = 0, frozenset([mine]), 0
                continue
            depth[mine] = 1 + max((depth[id(x)] for x in node.operands), default=0)
            cost[mine] = _own_cost(node) + sum(cost[id(x)] for x in node.operands)
            below = frozenset().union(*(streams[id(x)] for x in node.operands))
            streams[mine] = frozenset(s for s in below if 2 * sizes[s] >= sizes[mine])
            if isinstance(node.operation, View):
                x = node.operands[0]
                if sizes[mine] >= 4 * sizes[id(x)] and cost[id(x)] > 1:
                    self.spread.add(id(x))
            again = cost[mine] >= _MUCH or (len(streams[mine]) > 1 and _own_cost(node) > 0)
            several = users.get(mine, 0) > 1 and again
            large = cost[mine] > 40 * _MUCH or depth[mine] > _DEEP
            if mine in wanted or _must(node) or several or large:
                self.found.append(node)
                cost[mine], streams[mine], depth[mine] = 0, frozenset([mine]), 0


def _is_leaf(node: Node) -> bool:
    return isinstance(node.operation, (Argument, State, Constant, Iota))


def _must(node: Node) -> bool:
    return isinstance(node.operation, _OWN_MEMORY)


def _demands(node: Node) -> tuple[Node, ...]:
    """Operands that this node can only read from memory."""
    operation, operands = node.operation, node.operands
    if isinstance(operation, Contract):
        return tuple(x for x in map(_beneath, operands) if not _is_leaf(x))
    if isinstance(operation, Gather):
        return tuple(x for x in operands[:1] if not isinstance(x.operation, (Argument, State)))
    if isinstance(operation, (Reshape, Host)):
        return operands
    if isinstance(operation, Accumulate) and len(operands) > _MANY:
        return tuple(_viewed(operands[1:]))
    return ()


def _viewed(parts: tuple[Node, ...]) -> Iterator[Node]:
    """What element-wise work on several views looks at: each element is needed several times."""
    seen: set[int] = set()
    stack = list(parts)
    while stack:
        x = stack.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x.operation, View) and not isinstance(_beneath(x).operation, Map):
            if not _is_leaf(_beneath(x)):
                yield _beneath(x)
        else:
            stack.extend(x.operands)


def _beneath(x: Node) -> Node:
    """What a view looks at."""
    while isinstance(x.operation, View):
        x = x.operands[0]
    return x


def _own_cost(node: Node) -> int:
    match node.operation:
        case Map(function):
            return _MUCH if function in DEAR else 1
        case Cast():
            return 1
        case Pad() | Gather():
            return 2
        case Concatenate():
            return 4
    return 0
