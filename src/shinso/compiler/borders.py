"""Correlations with widely padded operands, without the products that meet nothing but border."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from shinso.compiler import build
from shinso.compiler.graph import (
    Accumulate,
    Contract,
    Node,
    Pad,
    Row,
    View,
)
from shinso.compiler.remainders import move_of
from shinso.compiler.simplify import constant_of, same

_MOSTLY_BORDER = 1.5
"""From so many results per element on, most products of a padded correlation are with zeros."""


def without_border(node: Node, operands: tuple[Node, ...]) -> Node:
    """A correlation with a widely padded v → the products with v alone, added where they belong.

    y[h] = Σₖ pad(v)[h + k] w[k] → t[k, i] = v[i] w[k], y[i + before - k] += t[k, i] for every k.
    """
    contract = node.operation
    if not isinstance(contract, Contract):
        return same(node, operands)
    for side in (0, 1):
        x = operands[side]
        if isinstance(x.operation, View) and isinstance(x.operands[0].operation, Pad):
            made = _scattered_products(node, contract, operands, side)
            if made is not None:
                return made
    return same(node, operands)


def _scattered_products(
    node: Node, contract: Contract, operands: tuple[Node, ...], side: int
) -> Node | None:
    x, other = operands[side], operands[1 - side]
    view, pad = x.operation, x.operands[0]
    assert isinstance(view, View)
    assert isinstance(pad.operation, Pad)
    v, zero = pad.operands
    if constant_of(zero) != 0:
        return None
    names = (contract.left, contract.right)[side]
    others = (contract.left, contract.right)[1 - side]
    slides, mine = [], [-1] * v.ndim
    for axis, (row, (before, after)) in enumerate(
        zip(view.rows, pad.operation.widths, strict=True)
    ):
        if before or after:
            move = move_of(row, 0, 1, names, contract)
            if move is None or others.count(names[move[1]]) != 1:
                return None
            h, k, step, start, _ = move
            slides.append((axis, names[h], names[k], step, before - start))
            mine[axis] = names[h]
        else:
            moving = [a for a, s in enumerate(row.steps) if s] or [
                a for a, n in enumerate(x.shape) if n == 1 and names[a] not in mine
            ]
            if len(moving) != 1 or row.start or row.steps[moving[0]] not in (0, 1):
                return None
            mine[axis] = names[moving[0]]
    more = math.prod(node.shape[contract.out.index(h)] / v.shape[a] for a, h, *_ in slides)
    if not slides or more < _MOSTLY_BORDER or len(set(mine)) != v.ndim:
        return None
    return _products_in_place(node, contract, (v, other), side, mine, slides)


def _products_in_place(
    node: Node,
    contract: Contract,
    pair: tuple[Node, Node],
    side: int,
    mine: Sequence[int],
    slides: Sequence[tuple[int, int, int, int, int]],
) -> Node | None:
    v, other = pair
    others = (contract.left, contract.right)[1 - side]
    taps = [k for _, _, k, _, _ in slides]
    lengths = {k: other.shape[others.index(k)] for k in taps}
    rest = [name for name in contract.out if name not in mine]
    if not set(rest) <= set(others):
        return None  # an axis of length 1 that only the padded view has
    out = [*(name for name in contract.out if name in mine), *taps, *rest]
    if side == 0:
        products = build.contract(v, other, mine, others, out, "einsum")
    else:
        products = build.contract(other, v, others, mine, out, "einsum")
    shape = tuple(
        v.shape[mine.index(name)] if name in mine else n
        for name, n in zip(contract.out, node.shape, strict=True)
    )
    places, parts = [], []
    for at in itertools.product(*(range(lengths[k]) for k in taps)):
        starts = {}
        for (axis, h, _, step, offset), k in zip(slides, at, strict=True):
            start = offset - step * k
            if start < 0 or start + v.shape[axis] > node.shape[contract.out.index(h)]:
                return None  # a part of the products would be cut off
            starts[h] = start
        fixed = dict(zip(taps, at, strict=True))
        rows = [
            Row(
                fixed.get(name, 0),
                tuple(int(b == name and n > 1) for b, n in zip(contract.out, shape, strict=True)),
            )
            for name in out
        ]
        parts.append(build.view(products, rows, shape))
        places.append(
            tuple(
                Row(starts.get(name, 0), tuple(int(b == a and n > 1) for b, n in enumerate(shape)))
                for a, name in enumerate(contract.out)
            )
        )
    zeros = build.broadcast(build.constant(node.dtype.type(0)), node.shape)
    operation = Accumulate(tuple(places), covers=False)
    return Node(operation, (zeros, *parts), node.shape, node.dtype, node.source)
