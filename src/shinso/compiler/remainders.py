"""Contractions over operands spread out with zeros, as in gradients of strided convolutions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from shinso.compiler import build
from shinso.compiler.graph import (
    Contract,
    Node,
    Row,
    View,
    Write,
)
from shinso.compiler.simplify import constant_of, same


def without_zeros(node: Node, operands: tuple[Node, ...]) -> Node:
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
    if constant_of(base) != 0 or not _is_spread(write.rows, v):
        return None
    names = (contract.left, contract.right)[side]
    moves = []
    for axis, (row, place) in enumerate(zip(rows, write.rows, strict=True)):
        step = max(1, place.steps[axis])
        if (place.start, step) != (0, 1) or v.shape[axis] != base.shape[axis]:
            move = move_of(row, place.start, step, names, contract)
            if move is None:
                return None
            moves.append((axis, *move))
    if all(step == 1 for *_, step in moves):
        return None
    return _residues(node, contract, (x, other), side, v, moves)


def _is_spread(rows: Sequence[Row], v: Node) -> bool:
    """Whether each axis of v goes to the same axis, in steps."""
    return len(rows) == v.ndim and all(
        all(s == 0 for a, s in enumerate(row.steps) if a != axis)
        and (row.steps[axis] >= 1 or v.shape[axis] == 1)
        for axis, row in enumerate(rows)
    )


def move_of(
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
    every = [*itertools.product(*(range(m[-1]) for m in moves))]
    found = [(r, _residue(node, contract, pair, side, v, moves, r)) for r in every]
    # Parts of one shape that are all there leave nothing to be cleared: see `_gathered_writes`.
    alike = len({None if part is None else part.shape for _, part in found}) == 1
    for remainders, part in found:
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
        result = build.write(result, part, rows, add=alike)
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
