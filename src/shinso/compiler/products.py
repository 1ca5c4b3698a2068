"""Contractions: which axis goes into the lanes, and what that asks of the operands' memory.

    y[…] = Σ a[…] b[…]

An axis that only one operand has can be the vector: that operand is read by whole vectors, the
other is broadcast, and its own axes are the rows of the register tile. An axis that both operands
and the result share can be the vector too (depthwise convolution), and so can a folded one along
which both operands run on (a matrix times a transposed matrix, where nothing has to be moved).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from shinso.compiler.graph import Argument, Constant, Contract, Node, State, View
from shinso.compiler.inline import contiguous
from shinso.compiler.labels import NOMINAL, nominal_size
from shinso.compiler.root import folded_names
from shinso.compiler.target import Target

_DOT, _BROADCAST, _SHARED = 0.76, 1.0, 0.45  # how near the peak each form comes
_ACROSS = 4.0  # what it costs to add up the lanes of a dot product, in its vectors
_ALONE = 1.25  # an axis that no window slides over: vectors begin where cache lines do
_OF_EXAMPLES = 0.9  # an axis of examples, where one of weights (their channels) would do, too
_LEAPING = 0.1  # every second pixel, say: no vector can be loaded at once
_ALONG_BATCH = 0.3  # the batch is what threads and phases are made of
_MOVED = 64.0  # what it costs to move an element, in multiplications
_SMALL = NOMINAL // 4  # weights are copied for a batch only if it would pay for smaller ones, too


@dataclass(frozen=True, slots=True)
class Product:
    """The choice for one contraction.

    vector: the name in the lanes. inner: for each operand, the name that should be innermost in its
    memory (None: no wish). moved: for each operand, whether it is in memory already, but not so:
    it must be copied. out: the name that the result should have innermost.
    """

    vector: int
    inner: tuple[int | None, int | None]
    moved: tuple[bool, bool]
    out: int | None


def choose(node: Node, labels: Mapping[int, int], target: Target) -> Product:
    """The best form for a contraction, by what it computes in vain and what it has to move.

    target: the machine that it is for.
    """
    contract = node.operation
    assert isinstance(contract, Contract)
    options = list(_options(node, contract, labels, target))
    return max(options, key=lambda pair: pair[0])[1]


def _options(node: Node, contract: Contract, labels: Mapping[int, int], target: Target):  # type: ignore[no-untyped-def]
    a, b = node.operands
    names = (contract.left, contract.right)
    lengths = dict(zip((*contract.left, *contract.right), (*a.shape, *b.shape), strict=True))
    batch = _batch_names(node, contract, labels)
    lengths.update((name, _SMALL) for name in batch)
    gone = {name for name, _ in folded_names(node)}
    shares = [_SMALL / NOMINAL if id(x) in labels else 1.0 for x in (a, b)]
    sizes = [s * nominal_size(x, labels) for s, x in zip(shares, (a, b), strict=True)]
    work = max(1, math.prod(lengths.values()))
    for name, n in lengths.items():
        full = target.fit(n, max(4, node.dtype.itemsize))[1]
        in_both = name in names[0] and name in names[1]
        if name in gone:
            if not in_both:
                continue
            moved = tuple(_must_move(x, k, name) for x, k in zip((a, b), names, strict=True))
            cost = sum(n * _MOVED for n, m in zip(sizes, moved, strict=True) if m)
            length = math.prod(lengths[k] for k in gone) / target.lanes(node.dtype)
            value = _DOT * full * length / (length + _ACROSS) / (1 + cost / work)
            yield value, Product(name, (name, name), moved, None)  # type: ignore[arg-type]
            continue
        if in_both:
            moved = tuple(_must_move(x, k, name) for x, k in zip((a, b), names, strict=True))
            cost = sum(n * _MOVED for n, m in zip(sizes, moved, strict=True) if m)
            yield _SHARED * full / (1 + cost / work), Product(name, (name, name), moved, name)  # type: ignore[arg-type]
            continue
        side = 0 if name in names[0] else 1
        other = names[1 - side]
        rows = math.prod(
            lengths[k] for k in other if k not in gone and k not in names[side] and k not in batch
        )
        if not rows or rows == 1:
            rows = math.prod(lengths[k] for k in other if k not in gone and k not in names[side])
        tall = min(1.0, (rows + 1) / 9) * (_ALONG_BATCH if name in batch else 1.0)
        if _has_axis_alone((a, b)[side], names[side], name):
            tall *= _ALONE
        if id((a, b)[side]) in labels:
            tall *= _OF_EXAMPLES + names[side].index(name) / 1000  # and rather a later axis
        if _leaps((a, b)[side], names[side], name):
            tall *= _LEAPING
        must = _must_move((a, b)[side], names[side], name)
        cost = sizes[side] * _MOVED if must else 0.0
        inner: list[int | None] = [None, None]
        inner[side] = name
        inner[1 - side] = _lone_name((a, b)[1 - side], other, gone)
        moved = (must, False) if side == 0 else (False, must)
        value = _BROADCAST * full * tall / (1 + cost / work)
        yield value, Product(name, (inner[0], inner[1]), moved, name)
    if not lengths or not any(name in contract.out or name in gone for name in lengths):
        return
    yield 0.0001, Product(-1, (None, None), (False, False), None)


def _batch_names(node: Node, contract: Contract, labels: Mapping[int, int]) -> set[int]:
    found = set()
    for x, names in zip(node.operands, (contract.left, contract.right), strict=True):
        if id(x) in labels:
            found.add(names[labels[id(x)]])
    return found


def _must_move(x: Node, names: tuple[int, ...], name: int) -> bool:
    """Whether an operand lies in memory already, with `name` not running on."""
    base = x.operands[0] if isinstance(x.operation, View) else x
    if not isinstance(base.operation, (Argument, State, Constant)):
        return False
    axis = names.index(name)
    strides = contiguous(base.shape)
    if isinstance(x.operation, View):
        step = sum(s * r.steps[axis] for s, r in zip(strides, x.operation.rows, strict=True))
    else:
        step = strides[axis]
    return step != 1


def _leaps(x: Node, names: tuple[int, ...], name: int) -> bool:
    """Whether an operand is read with gaps along a name, however its memory lies."""
    if not isinstance(x.operation, View):
        return False
    axis = names.index(name)
    return any(abs(row.steps[axis]) > 1 for row in x.operation.rows)


def _has_axis_alone(x: Node, names: tuple[int, ...], name: int) -> bool:
    """Whether an axis of the operand's memory belongs to this name alone."""
    if not isinstance(x.operation, View):
        return True
    axis = names.index(name)
    rows = [r for r in x.operation.rows if r.steps[axis]]
    return all(sum(1 for s in r.steps if s) == 1 for r in rows)


def _lone_name(x: Node, names: tuple[int, ...], gone: set[int]) -> int | None:
    """A folded name that has an axis of the operand's memory to itself, the longest."""
    best: int | None = None
    longest = 1
    for axis, name in enumerate(names):
        if name not in gone or x.shape[axis] <= longest:
            continue
        if isinstance(x.operation, View):
            rows = [r for r in x.operation.rows if r.steps[axis]]
            if any(sum(1 for s in r.steps if s) > 1 for r in rows):
                continue
        best, longest = name, x.shape[axis]
    return best
