"""Rewritings that make work local to an example, or make less of it.

Each says before → after. They change roundings (sums in another order, a product with a reciprocal
instead of a quotient), never what is computed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from shinso.compiler import build
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
    Reduce,
    Reshape,
    Row,
    State,
    View,
    Write,
)
from shinso.compiler.labels import batch_axes
from shinso.compiler.products import choose
from shinso.compiler.simplify import rebuild, same

_LARGE = 1 << 14
"""A fold over fewer elements is not worth being taken apart."""


def rewrite(graph: Graph, lanes: int) -> Graph:
    """All rewritings, in order. lanes: 4-byte numbers in a vector register."""
    graph = rebuild(graph, _reciprocal)
    graph = rebuild(graph, _without_zeros)
    graph = rebuild(graph, _unmerged)
    graph = _gathered_writes(graph)
    labels = batch_axes(graph)
    graph = _by_example(graph, labels)
    graph = _read_from_pads(_masks_of_results(graph))
    return _packed(graph, batch_axes(graph), lanes)


# -- quotients ------------------------------------------------------------------------------------


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


# -- folds over batch and more --------------------------------------------------------------------


def _by_example(graph: Graph, labels: Mapping[int, int]) -> Graph:
    """Σ over batch and positions → Σ over the batch of Σ over positions; variances likewise.

    Σ (x - m)² with m the mean over the same axes → per example n: its own mean mₙ and
    qₙ = Σ (x - mₙ)², then Σₙ qₙ + k (mₙ - m)², k positions each. Example by example the data are
    still in the cache for the second look, and nothing is lost to cancellation.
    """
    old_labels = dict(labels)
    by_new: dict[int, int] = {}
    kept: list[Node] = []

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        result = _example_fold(node, operands, by_new)
        axis = old_labels.get(id(node))
        if axis is not None:
            by_new[id(result)] = axis
            kept.append(result)
        return result

    return rebuild(graph, rule, made=lambda before, after: _carry(before, after, by_new, kept))


def _carry(before: Node, after: Node, labels: dict[int, int], kept: list[Node]) -> None:
    if id(before) in labels:
        labels[id(after)] = labels[id(before)]
        kept.append(after)


def _example_fold(node: Node, operands: tuple[Node, ...], labels: Mapping[int, int]) -> Node:
    fold = node.operation
    if not isinstance(fold, Reduce) or operands[0].size < _LARGE:
        return same(node, operands)
    x = operands[0]
    batch = labels.get(id(x))
    rest = [a for a in fold.axes if a != batch]
    if batch not in fold.axes or math.prod(x.shape[a] for a in rest) < 2:
        return same(node, operands)
    assert batch is not None
    spread = _deviation(x, fold.axes) if fold.function == "add" else None
    if spread is not None:
        return _variance(spread, fold.axes, rest, batch)
    inner = build.reduce(fold.function, x, rest)
    return build.reduce(fold.function, inner, [_left(batch, rest)])


def _left(axis: int, gone: Sequence[int]) -> int:
    """Where an axis is when others have gone."""
    return axis - sum(a < axis for a in gone)


def _deviation(x: Node, axes: tuple[int, ...]) -> Node | None:
    """The y of (y - mean of y over axes)², or None."""
    if not (isinstance(x.operation, Map) and x.operation.function in ("multiply", "square")):
        return None
    d = x.operands[0]
    if any(other is not d for other in x.operands):
        return None
    if not (isinstance(d.operation, Map) and d.operation.function == "subtract"):
        return None
    y, mean = d.operands[0], _beneath(d.operands[1])
    if not (isinstance(mean.operation, Map) and mean.operation.function in ("divide", "multiply")):
        return None
    total = _beneath(mean.operands[0])
    while isinstance(total.operation, Reduce) and total.operation.function == "add":
        total = _beneath(total.operands[0])
    return y if total is y and x.dtype.kind == "f" and axes else None


def _beneath(x: Node) -> Node:
    while isinstance(x.operation, View):
        x = x.operands[0]
    return x


def _variance(x: Node, axes: Sequence[int], rest: Sequence[int], batch: int) -> Node:
    positions = math.prod(x.shape[a] for a in rest)
    count = positions * x.shape[batch]
    sums = build.reduce("add", x, rest)
    own = _scaled(sums, 1.0 / positions)
    kept = [a for a in range(x.ndim) if a not in rest]
    d = build.apply("subtract", [x, _spread(own, kept, x)], x.dtype)
    squares = build.reduce("add", build.apply("multiply", [d, d], x.dtype), rest)
    axis = _left(batch, rest)
    mean = _scaled(build.reduce("add", sums, [axis]), 1.0 / count)
    away = build.apply(
        "subtract", [own, _spread(mean, [a for a in range(own.ndim) if a != axis], own)], x.dtype
    )
    between = _scaled(build.apply("multiply", [away, away], x.dtype), float(positions))
    return build.reduce("add", build.apply("add", [squares, between], x.dtype), [axis])


def _scaled(x: Node, factor: float) -> Node:
    number = build.broadcast(build.constant(x.dtype.type(factor)), x.shape)
    return build.apply("multiply", [x, number], x.dtype)


def _spread(x: Node, kept: Sequence[int], like: Node) -> Node:
    """x repeated along the axes it lacks; its axes are the `kept` ones of `like`."""
    rows = [
        Row(0, tuple(int(a == axis and like.shape[a] > 1) for a in range(like.ndim)))
        for axis in kept
    ]
    return build.view(x, rows, like.shape)


# -- contractions over spread-out operands --------------------------------------------------------


def _without_zeros(node: Node, operands: tuple[Node, ...]) -> Node:
    """A contraction over d, where d is zeros with v at every s-th place: no zero is multiplied.

    The result is taken apart by remainders modulo s along the axes that move over d: each remainder
    meets a fixed part of the other operand and needs v alone.
    """
    if not isinstance(node.operation, Contract):
        return same(node, operands)
    for side in (0, 1):
        made = _by_remainders(node, operands, side)
        if made is not None:
            return made
    return same(node, operands)


def _by_remainders(node: Node, operands: tuple[Node, ...], side: int) -> Node | None:
    contract = node.operation
    assert isinstance(contract, Contract)
    x, other = operands[side], operands[1 - side]
    if not isinstance(x.operation, View) or not isinstance(x.operands[0].operation, Write):
        return None
    spread, rows = x.operands[0], x.operation.rows
    write = spread.operation
    assert isinstance(write, Write)
    base, v = spread.operands
    if _constant(base) != 0 or not _is_spread(write.rows, v):
        return None
    names = (contract.left, contract.right)[side]
    moves = []
    for axis, (row, place) in enumerate(zip(rows, write.rows, strict=True)):
        step = place.steps[axis]
        if step > 1:
            move = _move(row, place.start, step, names, contract)
            if move is None:
                return None
            moves.append((axis, *move))
    if not moves:
        return None
    return _residues(node, contract, (x, other), side, v, moves)


def _constant(x: Node) -> float | None:
    x = _beneath(x)
    if isinstance(x.operation, Constant) and x.ndim == 0:
        return float(x.operation.array)
    return None


def _is_spread(rows: Sequence[Row], v: Node) -> bool:
    """Whether each axis of v goes to the same axis, in steps."""
    return len(rows) == v.ndim and all(
        all(s == 0 for a, s in enumerate(row.steps) if a != axis)
        and (row.steps[axis] >= 1 or v.shape[axis] == 1)
        for axis, row in enumerate(rows)
    )


def _move(
    row: Row, start: int, step: int, names: Sequence[int], contract: Contract
) -> tuple[int, int, int, int, int] | None:
    """(result's name, its place in x, folded name, its place, offset) of an axis, or None."""
    moving = [(a, s) for a, s in enumerate(row.steps) if s]
    results = [(a, s) for a, s in moving if names[a] in contract.out]
    folded = [(a, s) for a, s in moving if names[a] not in contract.out]
    if len(results) != 1 or len(folded) != 1 or results[0][1] != 1 or folded[0][1] < 1:
        return None
    if math.gcd(folded[0][1], step) != 1:
        return None
    return results[0][0], folded[0][0], folded[0][1], row.start - start, step


def _residues(
    node: Node,
    contract: Contract,
    pair: tuple[Node, Node],
    side: int,
    v: Node,
    moves: Sequence[tuple[int, int, int, int, int, int]],
) -> Node:
    zero = build.constant(node.dtype.type(0))
    result = build.broadcast(zero, node.shape)
    for remainders in itertools.product(*(range(m[-1]) for m in moves)):
        part = _residue(node, contract, pair, side, v, moves, remainders)
        if part is None:
            continue
        names = (contract.left, contract.right)[side]
        places = {
            contract.out.index(names[m[1]]): (r, m[-1])
            for m, r in zip(moves, remainders, strict=True)
        }
        rows = [
            Row(
                places.get(a, (0, 1))[0],
                tuple(
                    places.get(a, (0, 1))[1] if b == a and part.shape[b] > 1 else 0
                    for b in range(node.ndim)
                ),
            )
            for a in range(node.ndim)
        ]
        result = build.write(result, part, rows, add=False)
    return result


def _residue(
    node: Node,
    contract: Contract,
    pair: tuple[Node, Node],
    side: int,
    v: Node,
    moves: Sequence[tuple[int, int, int, int, int, int]],
    remainders: Sequence[int],
) -> Node | None:
    """The contraction for result positions with one remainder along each axis."""
    x, other = pair
    names = (contract.left, contract.right)[side]
    others = (contract.left, contract.right)[1 - side]
    assert isinstance(x.operation, View)
    shape = list(x.shape)
    rows = list(x.operation.rows)
    widths = [(0, 0)] * v.ndim
    taps: dict[int, tuple[int, int]] = {}
    for (axis, h, k, t, offset, step), r in zip(moves, remainders, strict=True):
        shape[h] = max(0, -(-(x.shape[h] - r) // step))
        first = next((j for j in range(step) if (offset + r + t * j) % step == 0), None)
        assert first is not None
        shape[k] = max(0, -(-(x.shape[k] - first) // step))
        if not shape[h] or not shape[k]:
            return None
        start = (offset + r + t * first) // step
        low, high = start, start + (shape[h] - 1) + t * (shape[k] - 1)
        before, after = max(0, -low), max(0, high - v.shape[axis] + 1)
        widths[axis] = (before, after)
        steps = [0] * len(shape)
        steps[h], steps[k] = int(shape[h] > 1), t * (shape[k] > 1)
        rows[axis] = Row(start + before, tuple(steps))
        taps[names[k]] = (first, step)
    for axis, row in enumerate(rows):
        if all(axis != m[0] for m in moves):
            rows[axis] = _on_v(row, x, axis, shape)
    zero = build.constant(v.dtype.type(0))
    mine = build.view(build.pad(v, widths, zero), rows, tuple(shape))
    theirs = _every(other, others, taps, dict(zip(names, shape, strict=True)))
    left, right = (mine, theirs) if side == 0 else (theirs, mine)
    return build.contract(
        left, right, contract.left, contract.right, contract.out, contract.spelling
    )


def _on_v(row: Row, x: Node, axis: int, shape: Sequence[int]) -> Row:
    """A row over the spread operand, over v itself where the axis is not spread."""
    write = x.operands[0].operation
    assert isinstance(write, Write)
    steps = tuple(s if shape[a] > 1 else 0 for a, s in enumerate(row.steps))
    return Row(row.start - write.rows[axis].start, steps)


def _every(
    x: Node, names: Sequence[int], taps: Mapping[int, tuple[int, int]], lengths: Mapping[int, int]
) -> Node:
    """Of each named axis, the places first, first + step, …"""
    shape = tuple(lengths.get(name, n) for name, n in zip(names, x.shape, strict=True))
    rows = []
    for axis, name in enumerate(names):
        first, step = taps.get(name, (0, 1))
        steps = tuple(step if a == axis and shape[a] > 1 else 0 for a in range(len(names)))
        rows.append(Row(first, steps))
    return build.view(x, rows, shape)


# -- merged axes ----------------------------------------------------------------------------------


def _unmerged(node: Node, operands: tuple[Node, ...]) -> Node:
    """A contraction over merged axes (flattened images) → over the axes themselves.

    The other operand's axis is split instead, which is only a view: nothing is moved.
    """
    contract = node.operation
    if not isinstance(contract, Contract):
        return same(node, operands)
    pair = list(operands)
    names = [contract.left, contract.right]
    fresh = itertools.count(max((*contract.left, *contract.right, 0)) + 1)
    changed = False
    for side in (0, 1):
        x = pair[side]
        groups = _merges(x)
        if groups is None:
            continue
        for axis in reversed(range(x.ndim)):
            name, group = names[side][axis], groups[axis]
            if len(group) < 2:
                continue
            if name in contract.out or names[side].count(name) > 1:
                break
            new = [next(fresh) for _ in group]
            mine = tuple(x.operands[0].shape[a] for a in group)
            for s in (0, 1):
                while name in names[s]:
                    at = names[s].index(name)
                    shape = (*pair[s].shape[:at], *mine, *pair[s].shape[at + 1 :])
                    pair[s] = _split_axis(pair[s], at, mine, shape)
                    names[s] = (*names[s][:at], *new, *names[s][at + 1 :])
            changed = True
    if not changed:
        return same(node, operands)
    return build.contract(pair[0], pair[1], names[0], names[1], contract.out, "einsum")


def _merges(x: Node) -> list[list[int]] | None:
    """For each axis of a reshape that only merges, the axes it merges."""
    if not isinstance(x.operation, Reshape):
        return None
    before, groups, axis = x.operands[0].shape, [], 0
    for n in x.shape:
        group, size = [], 1
        while size < n and axis < len(before):
            size *= before[axis]
            group.append(axis)
            axis += 1
        if size != n:
            return None
        groups.append(group)
    if any(before[a] != 1 for a in range(axis, len(before))):
        return None
    return groups


def _split_axis(x: Node, at: int, lengths: Sequence[int], shape: tuple[int, ...]) -> Node:
    """x with one axis seen as several: a view, or the array before it was merged."""
    if isinstance(x.operation, Reshape) and x.operands[0].shape == shape:
        return x.operands[0]
    rows = []
    for axis in range(x.ndim):
        steps = [0] * len(shape)
        if axis == at:
            step = 1
            for k in reversed(range(len(lengths))):
                steps[at + k] = step if lengths[k] > 1 else 0
                step *= lengths[k]
        else:
            place = axis if axis < at else axis + len(lengths) - 1
            steps[place] = int(x.shape[axis] > 1)
        rows.append(Row(0, tuple(steps)))
    return build.view(x, rows, shape)


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
        covers = _constant(base) == 0 and _meets_all_once(places, v.shape, node.shape)
        operation = Accumulate(places, covers)
        return Node(operation, (base, *parts), node.shape, node.dtype, node.source)

    return rebuild(graph, rule)


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
                if _constant(other) == 0 and _constant(x) is None:
                    positive[id(x)] = node
    if not positive:
        return graph
    new: dict[int, Node] = {}

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        result = same(node, operands)
        if isinstance(node.operation, Map) and node.operation.function == "greater":
            x, zero = node.operands
            peak = positive.get(id(x))
            if peak is not None and _constant(zero) == 0 and np.dtype(x.dtype).kind == "f":
                made = new.get(id(peak))
                if made is not None:
                    return build.apply("greater", [made, operands[1]], bool)
        new[id(node)] = result
        return result

    return rebuild(graph, rule)


# -- operands that are padded elsewhere -----------------------------------------------------------


def _read_from_pads(graph: Graph) -> Graph:
    """A contraction of x → of the inside of pad(x), where another one needs pad(x) in memory."""
    pads: dict[int, Node] = {}
    for node in graph.nodes():
        if isinstance(node.operation, Contract):
            for x in map(_beneath, node.operands):
                if isinstance(x.operation, Pad) and not is_given(x.operands[0]):
                    pads.setdefault(id(x.operands[0]), x)
    new: dict[int, Node] = {}

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        result = same(node, operands)
        if isinstance(node.operation, Contract):
            result = same(
                node,
                tuple(
                    _inside(x, y, pads, new) for x, y in zip(node.operands, operands, strict=True)
                ),
            )
        new[id(node)] = result
        return result

    return rebuild(graph, rule) if pads else graph


def _inside(old: Node, x: Node, pads: Mapping[int, Node], new: Mapping[int, Node]) -> Node:
    pad = pads.get(id(_beneath(old)))
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


def _packed(graph: Graph, labels: Mapping[int, int], lanes: int) -> Graph:
    """A contraction of an array that lies in memory the wrong way → of a copy of it.

    The copy gets the order that the contraction's vectors want: the packing of weights.
    """
    choices = {
        id(node): choose(node, labels, lanes).moved
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

    return rebuild(graph, rule)
