"""Contractions over merged axes (flattened images, columns of windows) → over the axes themselves.

A reshape that merges axes cannot be a view, but a contraction does not need it: the other operand's
axis is split instead, which is only a view, and nothing is moved. So im2col costs nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from shinso.compiler import build
from shinso.compiler.graph import Contract, Graph, Node, Reshape, Row, Shape, View
from shinso.compiler.simplify import change, reshaped, same, taken_apart

Names = tuple[int, ...]


def without_merges(graph: Graph) -> Graph:
    """All contractions over the axes that their operands had before these were merged."""
    users: dict[int, list[Node]] = {}
    for node in graph.nodes():
        for x in node.operands:
            users.setdefault(id(x), []).append(node)
    kept = {id(x) for x in graph.roots}

    def rule(node: Node, operands: tuple[Node, ...]) -> Node:
        assert isinstance(node.operation, Contract)
        # A result is split only if whoever looks at it regroups its axes again.
        regrouped = id(node) not in kept and all(map(_regroups, users.get(id(node), [])))
        return _unmerged(node, node.operation, operands, regrouped)

    return change(graph, Contract, rule)


def _regroups(node: Node) -> bool:
    """Whether a node sees one axis of its operand as several, or several as one."""
    if isinstance(node.operation, View):
        return any(sum(1 for s in row.steps if s) > 1 for row in node.operation.rows)
    return isinstance(node.operation, Reshape)


def _unmerged(node: Node, contract: Contract, operands: tuple[Node, ...], regrouped: bool) -> Node:
    sides = [
        _unturned(x, names)
        for x, names in zip(operands, (contract.left, contract.right), strict=True)
    ]
    out: dict[int, Names] = {name: (name,) for name in contract.out}
    fresh = itertools.count(max((*contract.left, *contract.right, 0)) + 1)
    changed = False
    for side in (0, 1):
        x, names = sides[side]
        apart = taken_apart(x)
        if apart is None or len(set(names)) < len(names):
            continue
        base, groups = apart
        parts = {name: group for name, group in zip(names, groups, strict=True) if len(group) > 1}
        if not regrouped and any(name in out for name in parts):
            continue
        new = {name: tuple(next(fresh) for _ in group) for name, group in parts.items()}
        other, theirs = sides[1 - side]
        for name, group in parts.items():
            if name in theirs:
                other = _split_axis(other, theirs.index(name), [base.shape[a] for a in group])
                theirs = _in_place_of(theirs, name, new[name])
            out = {k: _in_place_of(v, name, new[name]) for k, v in out.items()}
        sides[side] = base, tuple(n for name in names for n in new.get(name, (name,)))
        sides[1 - side] = other, theirs
        changed = True
    if not changed:
        return same(node, operands)
    (a, left), (b, right) = sides
    every = [n for name in contract.out for n in out[name]]
    return reshaped(build.contract(a, b, left, right, every, "einsum"), node.shape)


def _in_place_of(names: Names, name: int, new: Names) -> Names:
    return tuple(n for k in names for n in (new if k == name else (k,)))


def _unturned(x: Node, names: Names) -> tuple[Node, Names]:
    """A reshape whose axes were then put in another order → the reshape, its names reordered."""
    if not isinstance(x.operation, View) or not isinstance(x.operands[0].operation, Reshape):
        return x, names
    below = x.operands[0]
    order = []
    for row, n in zip(x.operation.rows, below.shape, strict=True):
        moving = [a for a, s in enumerate(row.steps) if s]
        if row.start or len(moving) != 1 or row.steps[moving[0]] != 1 or x.shape[moving[0]] != n:
            return x, names
        order.append(moving[0])
    if sorted(order) != list(range(x.ndim)):
        return x, names
    return below, tuple(names[a] for a in order)


def _split_axis(x: Node, at: int, lengths: Sequence[int]) -> Node:
    """x with one axis seen as several."""
    shape: Shape = (*x.shape[:at], *lengths, *x.shape[at + 1 :])
    if isinstance(x.operation, Reshape):
        return reshaped(x.operands[0], shape)
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
