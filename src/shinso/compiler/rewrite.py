"""Rewritings that make work local to an example, or make less of it.

Each says before → after. They change roundings (sums in another order, a product with a reciprocal
instead of a quotient), never what is computed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from shinso.compiler import build
from shinso.compiler.borders import without_border
from shinso.compiler.examples import by_example
from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Constant,
    Contract,
    Graph,
    Map,
    Node,
    Pad,
    Reshape,
    Row,
    State,
    View,
    Write,
)
from shinso.compiler.labels import batch_axes
from shinso.compiler.merged import without_merges
from shinso.compiler.products import choose
from shinso.compiler.remainders import without_zeros
from shinso.compiler.simplify import beneath, change, constant_of, merge, same
from shinso.compiler.target import Target
from shinso.compiler.winograd import by_tiles


def rewrite(graph: Graph, target: Target) -> Graph:
    """All rewritings, in order."""
    graph = _reciprocals(graph)
    graph = change(without_merges(graph), Contract, without_zeros)
    graph = _gathered_writes(merge(graph))
    graph = by_example(graph, batch_axes(graph))
    graph = change(_masks_of_results(graph), Contract, _plainer)
    graph = _read_from_pads(graph)
    return merge(_packed(graph, batch_axes(graph), target))


def _plainer(node: Node, operands: tuple[Node, ...]) -> Node:
    """A contraction in the form of the first rule that has anything to say about it."""
    made = by_tiles(node, operands)
    return without_border(made, made.operands) if isinstance(made.operation, Contract) else made


# -- quotients ------------------------------------------------------------------------------------
_STEPS = frozenset(
    (
        *("floor", "ceil", "trunc", "rint", "floor_divide", "remainder", "fmod"),
        *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    )
)


def _reciprocals(graph: Graph) -> Graph:
    """Quotients as products, but where a step function looks at them: 49 / 49 is 1, not less."""
    exact: set[int] = set()
    for node in graph.nodes():
        if isinstance(node.operation, Map) and node.operation.function in _STEPS:
            if not any(constant_of(x) == 0 for x in node.operands):  # a sign is right in any case
                exact.update(id(_looked_at(x)) for x in node.operands)
        elif isinstance(node.operation, Cast) and node.dtype.kind in "iu":
            exact.update(id(_looked_at(x)) for x in node.operands)

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        return same(node, operands) if id(node) in exact else _reciprocal(node, operands)

    return change(graph, Map, rule)


def _looked_at(x: Node) -> Node:
    """What lies beneath views and reshapes."""
    while isinstance(x.operation, (View, Reshape)):
        x = x.operands[0]
    return x


def _reciprocal(node: Node, operands: tuple[Node, ...]) -> Node:
    """x / spread(s) → x · spread(1 / s), where s is much smaller than x."""
    if not (isinstance(node.operation, Map) and node.operation.function == "divide"):
        return same(node, operands)
    x, y = operands
    if not isinstance(y.operation, View) or y.dtype.kind != "f":
        return same(node, operands)
    base, rows = y.operands[0], y.operation.rows
    if 4 * base.size > x.size or isinstance(base.operation, Constant):
        return same(node, operands)
    one = build.broadcast(build.constant(base.dtype.type(1)), base.shape)
    inverse = build.apply("divide", [one, base], base.dtype)
    return build.apply("multiply", [x, build.view(inverse, rows, y.shape)], node.dtype)


# -- chains of additions --------------------------------------------------------------------------
def _gathered_writes(graph: Graph) -> Graph:
    """x[a] += u; x[b] += v; … → one pass over u, v, …, if nobody looks at x in between.

    Where they meet every element exactly once, they become plain stores and x need not be cleared.
    """
    users: dict[int, int] = {id(x): 1 for x in graph.roots}
    for node in graph.nodes():
        for x in node.operands:
            users[id(x)] = users.get(id(x), 0) + 1

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        write = node.operation
        if not isinstance(write, Write) or not write.add:
            return same(node, operands)
        base, v = operands
        below = base.operation
        places: tuple[tuple[Row, ...], ...] = (write.rows,)
        parts: tuple[Node, ...] = (v,)
        alone = users.get(id(node.operands[0])) == 1
        if alone and isinstance(below, Accumulate) and base.operands[1].shape == v.shape:
            places, parts = (*below.places, *places), (*base.operands[1:], *parts)
            base = base.operands[0]
        covers = constant_of(base) == 0 and _meets_all_once(places, v.shape, node.shape)
        operation = Accumulate(places, covers)
        return Node(operation, (base, *parts), node.shape, node.dtype, node.source)

    return change(graph, Write, rule)


def _meets_all_once(
    places: Sequence[tuple[Row, ...]], part: tuple[int, ...], shape: tuple[int, ...]
) -> bool:
    """Whether parts at these places meet every element of a shape exactly once."""
    if len(places) * math.prod(part) != math.prod(shape):
        return False
    seen = set()
    for rows in places:
        residue = []
        for axis, (row, first) in enumerate(zip(rows, places[0], strict=True)):
            moving = [a for a, s in enumerate(row.steps) if s]
            if row.steps != first.steps or moving not in ([], [axis]):
                return False
            step = row.steps[axis] if moving else shape[axis]
            residue.append(row.start % max(step, 1))
        seen.add(tuple(residue))
    return len(seen) == len(places)


# -- masks ----------------------------------------------------------------------------------------
def _masks_of_results(graph: Graph) -> Graph:
    """x > 0 → max(x, 0) > 0, where max(x, 0) is computed anyway: it may be what stays in memory."""
    positive: dict[int, Node] = {}
    for node in graph.nodes():
        if isinstance(node.operation, Map) and node.operation.function == "maximum":
            for x, other in (node.operands, node.operands[::-1]):
                if constant_of(other) == 0 and constant_of(x) is None:
                    positive[id(x)] = node
    if not positive:
        return graph
    new: dict[int, Node] = {}

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        assert isinstance(node.operation, Map)
        if node.operation.function == "greater":
            x, zero = node.operands
            peak = positive.get(id(x))
            if peak is not None and constant_of(zero) == 0 and np.dtype(x.dtype).kind == "f":
                made = new.get(id(peak))
                if made is not None:
                    return build.apply("greater", [made, operands[1]], bool)
        return same(node, operands)

    return change(graph, Map, rule, new)


# -- operands that are padded elsewhere -----------------------------------------------------------
def _read_from_pads(graph: Graph) -> Graph:
    """A contraction of x → of the inside of pad(x), where another one needs pad(x) in memory."""
    pads: dict[int, Node] = {}
    for node in graph.nodes():
        if isinstance(node.operation, Contract):
            for x in map(beneath, node.operands):
                if isinstance(x.operation, Pad) and not is_given(x.operands[0]):
                    pads.setdefault(id(x.operands[0]), x)
    new: dict[int, Node] = {}

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        pairs = zip(node.operands, operands, strict=True)
        return same(node, tuple(_inside(x, y, pads, new) for x, y in pairs))

    return change(graph, Contract, rule, new) if pads else graph


def _inside(old: Node, x: Node, pads: Mapping[int, Node], new: Mapping[int, Node]) -> Node:
    pad = pads.get(id(beneath(old)))
    made = None if pad is None else new.get(id(pad))
    if pad is None or made is None or not isinstance(pad.operation, Pad):
        return x
    rows = old.operation.rows if isinstance(old.operation, View) else build.identity(old.shape)
    moved = [
        Row(row.start + before, row.steps)
        for row, (before, _) in zip(rows, pad.operation.widths, strict=True)
    ]
    return build.view(made, moved, old.shape)


def is_given(node: Node) -> bool:
    """Whether a node is in memory before the step begins."""
    return isinstance(node.operation, (Argument, State, Constant))


# -- operands that lie the wrong way --------------------------------------------------------------
def _packed(graph: Graph, labels: Mapping[int, int], target: Target) -> Graph:
    """A contraction of an array that lies in memory the wrong way → of a copy of it.

    The copy gets the order that the contraction's vectors want: the packing of weights.
    """
    choices = {
        id(node): choose(node, labels, target).moved
        for node in graph.nodes()
        if isinstance(node.operation, Contract)
    }

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        moved = choices.get(id(node), (False, False))
        copied = tuple(
            Node(Cast(), (x,), x.shape, x.dtype, node.source) if m else x
            for x, m in zip(operands, moved, strict=False)
        )
        return same(node, copied if any(moved) else operands)

    return change(graph, Contract, rule)
