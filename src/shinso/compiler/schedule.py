"""From what is to be computed at every point of a box to loops: which variable goes into the lanes,
which are unrolled into a register tile, and in which order the rest run.

All that is looked at are the positions in memory: how far each access moves when a variable does.
So one set of rules serves element-wise work, folds, matrix products and all convolutions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shinso.compiler.box import Box, Loop, split, with_folded
from shinso.compiler.labels import LONG
from shinso.compiler.nest import (
    Affine,
    Apply,
    Axis,
    Block,
    Expression,
    Folded,
    For,
    Load,
    Scatter,
    Statement,
    Store,
    Sum,
    parts,
)
from shinso.compiler.roots import DEAR
from shinso.compiler.target import Target, caches

_UNROLLED = 128  # how many multiplications are written out in a reduction loop's body

_STATEMENTS = 8  # so many at a point keep the CPU busy without unrolling

_CHUNKS = 4  # a loop of fewer steps is not worth sharing between threads

_AT_ONCE = 16  # so far at most is a loop unrolled whose length is not known

_SHORT = 128  # a sum this short costs less than storing what it gives,
_LARGE = 1 << 17  # if there are so many;
_BEYOND = 1 << 20  # over the batch, if they do not fit into caches

_LINE = 16  # numbers: what is so far apart is in different lines of the cache

_PAGE, _ONE_SET = 4096, 6
"""Places so far apart, or a multiple, compete for the few lines of one set of the first cache."""


def accesses(x: Expression) -> Iterator[Affine]:
    """Every position in memory that an expression reads at."""
    for part in parts(x):
        if isinstance(part, Load):
            yield part.at


def schedule(box: Box, target: Target, parallel: bool) -> tuple[Statement, ...]:
    """The loops for a box. parallel: split the outermost loop between the threads."""
    if any(p.extent == 0 for p in box.pure):
        return ()
    empty = any(r.extent == 0 for r in box.reduction)
    if any(isinstance(s, Scatter) for s in box.then) or box.serial or empty:
        return _loops(box.pure, _scalar_block(box), {}, False)
    if _is_product(box):
        return _contraction(box, target, parallel)
    return _folds(box, target, parallel)


def _is_product(box: Box) -> bool:
    return len(box.sums) == 1 and _factors(box.sums[0]) is not None and bool(box.reduction)


def _factors(fold: Sum) -> tuple[Load, Load] | None:
    value = fold.value
    if fold.function == "add" and isinstance(value, Apply) and value.function == "multiply":
        x, y = value.operands
        if isinstance(x, Load) and isinstance(y, Load):
            return x, y
    return None


def _loops(
    pure: Sequence[Loop], block: Block, steps: dict[str, int], parallel: bool
) -> tuple[Statement, ...]:
    """Loops around a block, the first of `pure` outermost."""
    statement: Statement = block
    for i, loop in reversed(list(enumerate(pure))):
        step = steps.get(loop.variable, 1)
        statement = For(loop.variable, loop.end, (statement,), step, parallel=parallel and i == 0)
    return (statement,)


def _scalar_block(box: Box) -> Block:
    axes = tuple(Axis(r.variable, r.end) for r in box.reduction)
    return Block((), None, 1, axes, box.sums, box.then)


# -- element-wise work and folds ------------------------------------------------------------------


def _folds(box: Box, target: Target, parallel: bool) -> tuple[Statement, ...]:
    lanes = _lanes(box, target)
    stores = [s.at for s in box.then]
    reads = [a for s in box.sums for a in accesses(s.value)]
    reads += [a for s in box.then if not isinstance(s, Scatter) for a in accesses(s.value)]
    pure = box.pure
    inside = _best_vector(box.reduction, reads, reads) if box.reduction else None
    outside = _best_vector(pure, stores, [*stores, *reads])
    if inside is not None and (
        outside is None or _unit(reads, inside.variable) > _unit(reads, outside.variable)
    ):
        return _fold_in_lanes(box, inside, lanes, parallel)
    if outside is None:
        return _loops(pure, _scalar_block(box), {}, parallel)
    axes = tuple(Axis(r.variable, r.end) for r in box.reduction)
    long = len(box.then) > _STATEMENTS  # enough work at one point, and enough code
    vectors = 1 if outside.extent <= lanes or long else 2
    rows: tuple[tuple[str, int], ...] = ()
    steps = {outside.variable: lanes * vectors}
    if outside.extent <= lanes and not long:
        others = [p for p in pure if p is not outside and p.extent > 1]
        if others:
            rows = ((others[-1].variable, min(4, others[-1].extent)),)
            steps[others[-1].variable] = rows[0][1]
    block = Block(rows, outside.variable, lanes, axes, box.sums, box.then)
    return _loops(_order(pure, outside, reads, parallel), block, steps, parallel)


def _order(
    pure: Sequence[Loop], outside: Loop, reads: Sequence[Affine], parallel: bool
) -> tuple[Loop, ...]:
    """The loops around vectors along `outside`: its own last.

    But where something is read that jumps along it and runs on along another loop, that loop goes
    inside: the lines that one vector gathers from then serve its neighbours, too.
    """
    order = _last(pure, outside)
    beside = [
        p
        for p in order[:-1]
        if p.extent >= _LINE
        and any(a.step(p.variable) == 1 and abs(a.step(outside.variable)) >= _LINE for a in reads)
    ]
    if not beside or (parallel and beside[0] is pure[0]):
        return order
    return _last(order, beside[0])


def _fold_in_lanes(box: Box, inside: Loop, lanes: int, parallel: bool) -> tuple[Statement, ...]:
    """The fold's own unit-stride variable in the lanes, several points (rows) at a time."""
    order = _last(box.reduction, inside)
    unroll = lanes * (4 if inside.extent >= 4 * lanes and not box.pure else 1)
    axes = [Axis(r.variable, r.end, unroll if r is inside else 1) for r in order]
    rows: tuple[tuple[str, int], ...] = ()
    steps: dict[str, int] = {}
    if box.pure:
        row = box.pure[-1]
        rows = ((row.variable, min(4, row.extent)),)
        steps = {row.variable: rows[0][1]}
    block = Block(rows, inside.variable, lanes, tuple(axes), box.sums, box.then)
    return _loops(box.pure, block, steps, parallel)


def _best_vector(
    loops: Sequence[Loop], must: Sequence[Affine], wanted: Sequence[Affine]
) -> Loop | None:
    """The variable along which memory runs on: unit steps in most places, none in one of `must`."""
    best, score = None, 0.0
    for loop in loops:
        if loop.extent <= 1:
            continue
        units = _unit(wanted, loop.variable)
        good = sum(1 for a in must if a.step(loop.variable) == 1)
        value = units + 0.5 * good + min(loop.extent, 64) / 1000
        if good and value > score:
            best, score = loop, value
    return best


def _unit(places: Sequence[Affine], variable: str) -> float:
    """How many places run on with a variable; places that do not move at all count a little."""
    steps = [a.step(variable) for a in places]
    return sum(1.0 if s == 1 else 0.3 if s == 0 else 0.0 for s in steps)


def _last(loops: Sequence[Loop], loop: Loop) -> tuple[Loop, ...]:
    return (*(x for x in loops if x is not loop), loop)


def _lanes(box: Box, target: Target) -> int:
    return max(1, target.vector_bytes // _itemsize(box))


def _itemsize(box: Box) -> int:
    sizes = [s.dtype.itemsize for s in box.sums]
    sizes += [s.buffer.dtype.itemsize for s in box.then]
    return max(4, *sizes)


# -- contractions ---------------------------------------------------------------------------------


def _contraction(box: Box, target: Target, parallel: bool) -> tuple[Statement, ...]:
    factors = _factors(box.sums[0])
    assert factors is not None
    x, y = factors
    lanes = _lanes(box, target)
    choice = _vector_of_product(box, x.at, y.at, target)
    if choice is None:
        return _folds(box, target, parallel)
    vector, still, moving = choice
    if any(vector is r for r in box.reduction):
        return _dot_tile(_blocked(box), vector, lanes, parallel)
    lanes, _ = target.fit(vector.extent, _itemsize(box))
    row_loops = [p for p in box.pure if p is not vector and still.step(p.variable)]
    alone = [p for p in row_loops if not moving.step(p.variable)]
    row_loops = _near(alone or row_loops, still)  # along which whole vectors are used again
    size = math.prod(p.extent for p in box.pure)
    known = [r.extent for r in box.reduction if not r.named or r.extent >= LONG]
    large = _LARGE if len(known) == len(box.reduction) else _BEYOND
    short = size >= large and math.prod(known) < _SHORT
    panel = math.prod(r.extent for r in box.reduction) * target.vector_bytes
    far = panel > caches().level1 // 2
    apart = _in_one_set(row_loops, still, _itemsize(box)) and 4 * panel <= caches().level2 // 4
    most = 4 if short else _ONE_SET if apart else 28
    price = 4 if far else 2
    tile, vectors = _tile(row_loops, vector.extent, lanes, target.registers, most, price)
    steps = {**dict(tile), vector.variable: lanes * vectors}
    axes = _reduction_axes(box.reduction, still, tile, vectors, target.registers)
    block = Block(tuple(tile), vector.variable, lanes, axes, box.sums, box.then)
    rows = {v for v, _ in tile}
    outer = [p for p in box.pure if p is not vector and p.variable not in rows]
    tall = [p for p in box.pure if p.variable in rows]
    if short:
        order = [*outer, *tall, vector]  # mostly writing: along the memory that is written
    else:
        order = _least_reloading(outer, vector, tall, still, moving, box, steps)
    if parallel:
        order = _shared_out(order, steps)
    return _loops(order, block, steps, parallel)


def _least_reloading(
    outer: Sequence[Loop],
    vector: Loop,
    tall: Sequence[Loop],
    still: Affine,
    moving: Affine,
    box: Box,
    steps: Mapping[str, int],
) -> list[Loop]:
    """The order of the loops around a tile: the first of `outer`, then blocks of the vector.

    But if what moves with the vector is not in the second cache, and is wanted anew at each step of
    loops that it does not depend on (a kernel at every row of an image, say), those go inside,
    unless the other factor would then be loaded more often than that.
    """
    usual = [*outer[:1], vector, *outer[1:], *tall]
    aside = [p for p in outer if not moving.step(p.variable)]
    if not outer or outer[0] not in aside:
        return usual
    itemsize = _itemsize(box)
    loops = [*box.pure, *box.reduction]
    sizes = [
        math.prod(p.extent for p in loops if factor.step(p.variable)) * itemsize
        for factor in (moving, still)
    ]
    blocks = -(-vector.extent // steps[vector.variable])
    again = outer[0].extent * sizes[0], blocks * sizes[1]
    if sizes[0] <= caches().level2 or again[0] <= again[1]:
        return usual
    return [*(p for p in outer if p not in aside), vector, *aside, *tall]


def _in_one_set(rows: Sequence[Loop], still: Affine, itemsize: int) -> bool:
    """Whether the lines that a column of the tile reads all belong to one set of the cache."""
    steps = [abs(still.step(p.variable)) * itemsize for p in rows if p.extent > _ONE_SET]
    return bool(steps) and all(step and step % _PAGE == 0 for step in steps)


def _near(rows: Sequence[Loop], still: Affine) -> list[Loop]:
    """Candidates for the rows of a tile, the best last: two inner ones, but neighbours in memory
    before others, since one cache line then serves a whole column of the tile.
    """
    found = [p for p in rows if p.extent > 1]
    beside = [p for p in found[:-2] if abs(still.step(p.variable)) == 1 and p.extent >= 8]
    return [found[-1], beside[-1]] if beside else found[-2:]


def _shared_out(order: Sequence[Loop], steps: Mapping[str, int]) -> list[Loop]:
    """Loops with one outermost that has something to do for every thread."""
    chunks = [-(-x.extent // steps.get(x.variable, 1)) for x in order]
    enough = [i for i, n in enumerate(chunks) if n >= _CHUNKS]
    first = enough[0] if enough else chunks.index(max(chunks))
    return [order[first], *order[:first], *order[first + 1 :]]


def _vector_of_product(
    box: Box, x: Affine, y: Affine, target: Target
) -> tuple[Loop, Affine, Affine] | None:
    """The variable for the lanes, the factor that stands still along it, and the one that moves."""
    stores = [s.at for s in box.then]
    best: tuple[float, Loop, Affine, Affine] | None = None
    for loop in (*box.pure, *box.reduction):
        if loop.extent <= 1:
            continue
        v, pure = loop.variable, any(loop is p for p in box.pure)
        share = target.fit(loop.extent, _itemsize(box))[1]
        for still, moving in ((x, y), (y, x)):
            a, b = still.step(v), moving.step(v)
            if b != 1 or a not in (0, 1) or (not pure and a != 1):
                continue
            value = 2.0 * share if pure and a == 0 else 1.0
            value += 0.1 * any(still.step(p.variable) for p in box.pure if p is not loop)
            value += 0.5 * any(s.step(v) == 1 for s in stores) + min(loop.extent, 64) / 256
            if best is None or value > best[0]:
                best = value, loop, still, moving
    return None if best is None else best[1:]


def _tile(
    rows: Sequence[Loop], vector: int, lanes: int, registers: int, most: int, price: int
) -> tuple[list[tuple[str, int]], int]:
    """Rows and vectors of a register tile: little waste, few loads for each multiplication.

    most: rows at most. price: what a vector costs to load, in broadcast elements.
    """
    best: tuple[float, list[tuple[str, int]], int] | None = None
    whole = -(-vector // lanes)
    for vectors in range(1, min(4, whole) + 1):
        waste_v = -(-whole // vectors) * vectors / whole
        for counts in itertools.product(*(range(1, min(p.extent, most) + 1) for p in rows)):
            m = math.prod(counts)
            if m * vectors + vectors + 1 > registers - 1 and m > 1:
                continue
            waste = waste_v * math.prod(
                (p.extent // c + (p.extent % c > 0)) * c / p.extent
                for p, c in zip(rows, counts, strict=True)
            )
            loads = (m + price * vectors) / (m * vectors)
            latency = max(1.0, 8 / (m * vectors))
            cost = waste * latency * (1 + 0.25 * loads) - 0.0001 * counts[-1] if counts else 1.0
            if best is None or cost < best[0]:
                tile = [(p.variable, c) for p, c in zip(rows, counts, strict=True)]
                best = cost, tile, vectors
    assert best is not None
    return [(v, c) for v, c in best[1] if c > 1], best[2]


def _reduction_axes(
    loops: Sequence[Loop],
    still: Affine,
    tile: Sequence[tuple[str, int]],
    vectors: int,
    registers: int,
) -> tuple[Axis, ...]:
    """Reduction loops, the smallest step of the broadcast factor innermost and unrolled.

    A body of very many instructions is slow to read for the CPU, and elements that several unrolled
    steps share are kept in registers, where there must be room for them.
    """
    order = sorted(loops, key=lambda r: -abs(still.step(r.variable)))
    axes: list[Axis] = []
    sums = math.prod(count for _, count in tile) * vectors
    room = max(2, _UNROLLED // sums)
    for loop in reversed(order):
        unroll = 1
        if room > 1:
            unroll = _unrolled(loop, room)
            shared = _shared(still, tile, loop.variable, unroll)
            if shared and sums + vectors + shared > registers:
                unroll = room = 1
            room = room // unroll if unroll == loop.extent else 1
        axes.append(Axis(loop.variable, loop.end, unroll))
    return tuple(reversed(axes))


def _shared(still: Affine, tile: Sequence[tuple[str, int]], variable: str, unroll: int) -> int:
    """How many elements of a factor a tile needs in so many steps, if steps have some in common."""
    steps = [*((still.step(v), count) for v, count in tile), (still.step(variable), unroll)]
    places = {
        sum(step * i for (step, _), i in zip(steps, point, strict=True))
        for point in itertools.product(*(range(count) for _, count in steps))
    }
    return len(places) if len(places) < math.prod(count for _, count in steps) else 0


def _unrolled(loop: Loop, room: int) -> int:
    if loop.named:
        return _divisor(loop.extent, min(room, _AT_ONCE))
    return loop.extent if loop.extent <= room else _divisor(loop.extent, room)


def _divisor(n: int, most: int) -> int:
    """The largest divisor of n up to `most`, or a power of two if there is no good one."""
    best = max(d for d in range(1, most + 1) if n % d == 0)
    return best if best >= 4 else min(8, most)


def _blocked(box: Box) -> Box:
    """Pieces of the last loop, so that what it runs along stays in the cache for all the others."""
    pure = [p for p in box.pure if p.extent > 1]
    if len(pure) < 2 or pure[-1].named:
        return box
    last = pure[-1]
    row = math.prod(r.extent for r in box.reduction) * _itemsize(box)
    room = caches().level2 // 4 // row
    if last.extent <= 2 * room:
        return box
    good = [d for d in range(8, room + 1) if last.extent % d == 0]
    return split(box, last, good[-1]) if good else box


def _dot_tile(box: Box, vector: Loop, lanes: int, parallel: bool) -> tuple[Statement, ...]:
    """Lanes along the reduction: 4 x 4 results at a time, folded across at the end."""
    pure = [p for p in box.pure if p.extent > 1][-2:]
    rows = tuple((p.variable, min(4, p.extent)) for p in pure)
    axes = tuple(
        Axis(r.variable, r.end, lanes if r is vector else 1) for r in _last(box.reduction, vector)
    )
    block = Block(rows, vector.variable, lanes, axes, box.sums, box.then)
    if len(pure) == 2 and pure[1] is box.pure[-1] and pure[1].extent >= lanes:
        later = _afterwards(box, pure[1])
        if later is not None:
            return _dots_then(box, pure[1], replace(block, then=later[:1]), later[1:], parallel)
    return _loops(box.pure, block, dict(rows), parallel)


def _afterwards(box: Box, last: Loop) -> tuple[Store, ...] | None:
    """The results as they are stored first, then what is to be done with them by whole vectors.

    Dear functions of results one by one would cost more than the sums.
    """
    stores = [s for s in box.then if isinstance(s, Store)]
    every = [x for s in stores for x in parts(s.value)]
    dear = any(isinstance(x, Apply) and x.function in DEAR for x in every)
    if not dear or len(stores) < len(box.then):
        return None
    for store in stores:
        own = all(store.at.step(p.variable) for p in box.pure)
        same = store.buffer.dtype == box.sums[0].dtype and store.at.step(last.variable) == 1
        read = any(isinstance(x, Load) and x.buffer == store.buffer for x in every)
        if own and same and not read:
            raw = Store(store.buffer, store.at, Folded(0, box.sums[0].dtype))
            rest = [s for s in stores if s is not store]  # what overwrites the result comes last
            return (raw, *with_folded([*rest, store], Load(store.buffer, store.at)))
    return None


def _dots_then(
    box: Box, last: Loop, block: Block, later: tuple[Store, ...], parallel: bool
) -> tuple[Statement, ...]:
    """Some rows of dot products, then what is to be done with these rows."""
    (row, count), (_, at_once) = block.rows
    elements = Block(((row, count),), last.variable, block.lanes, (), (), later)
    body: tuple[Statement, ...] = (
        For(last.variable, last.end, (block,), at_once),
        For(last.variable, last.end, (elements,), block.lanes),
    )
    for i, loop in reversed(list(enumerate(box.pure[:-1]))):
        step = count if loop.variable == row else 1
        body = (For(loop.variable, loop.end, body, step, parallel=parallel and i == 0),)
    return body
