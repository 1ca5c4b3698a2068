"""Correlations of stride 1 by tiles, with fewer multiplications than the definition has.

For a tile of m × m results, n × n elements d of the input and the r × r kernel g are transformed,
then multiplied element by element (and summed over channels: n² matrix products), then transformed
back; see `tile_forms` for the matrices:

    y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        and so        dg = Σ Gᵀ [(A dy Aᵀ) ⊙ (Bᵀ d B)] G

2 × 2 results of a 3 × 3 kernel take 16 multiplications instead of 36, 4 × 4 ones 36 instead of 144,
2 × 2 results of a 5 × 5 kernel 36 instead of 100.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import Accumulate, Contract, Node, Pad, Row, View
from shinso.compiler.simplify import constant_of, same
from shinso.compiler.tile_forms import Form, Grid, Matrix, applied, form, operations, turned

_SIZES = {3: (2, 4), 5: (2, 4)}
"""For kernels of a size, how many results a tile may have along each axis."""

_WORTH = 0.65
"""Tiles are used if their cost, estimated, is this share of the definition's."""

_TRANSFORMED = 1.5
"""An operation of a transform costs so many of a product's: it moves what it works on."""

_STORED = 4.0
"""What it costs to store an element of a transform and to load it again."""

_SCATTERED = 1.5
"""Products with what is inside a border have to be added where they belong."""

_NEAR, _FAR = 2.0, 8.0
"""What loading an element of the kernels costs, in multiplications: from level 2, from level 3."""

_LEVEL_2 = 1 << 18
"""So many elements of kernels are loaded from level 2 anew for every example, not from level 3."""


@dataclass(frozen=True, slots=True)
class _Correlation:
    """A contraction seen as a correlation: which name is what, and the operands' axes."""

    x: Node
    rows: tuple[Row, ...]
    axes: Mapping[int, tuple[int, int]]  # the axis of x that a name runs along, and its step
    lengths: Mapping[int, int]
    w: Node
    w_names: tuple[int, ...]
    h: int
    k: int
    v: int
    l: int  # noqa: E741 - h, w move by kernel row k and kernel column l
    channel: int
    out: int
    groups: tuple[int, ...]  # the name of the groups of channels, if there are such
    form: Form


def by_tiles(node: Node, operands: tuple[Node, ...]) -> Node:
    """A correlation of stride 1 with 3 × 3 or 5 × 5 kernels, in float32 → the same by tiles."""
    if not isinstance(node.operation, Contract) or node.dtype != np.float32:
        return same(node, operands)
    for side in (0, 1):
        found = _recognized(node, node.operation, operands, side)
        if found is not None:
            return _tiled(node, node.operation, found)
        slid = _recognized_gradient(node, node.operation, operands, side)
        if slid is not None:
            return _tiled_gradient(node, node.operation, slid)
    return same(node, operands)


def _recognized(
    node: Node, contract: Contract, operands: tuple[Node, ...], side: int
) -> _Correlation | None:
    view, w = operands[side], operands[1 - side]
    names = (contract.left, contract.right)[side]
    w_names = (contract.left, contract.right)[1 - side]
    if not isinstance(view.operation, View):
        return None
    groups = tuple(x for x in names if x in w_names and x in contract.out)
    if not _are(names, 6, groups) or not _are(w_names, 4, groups):
        return None
    found = _slides(view, names, set(contract.out), groups)
    if found is None:
        return None
    slides, axes = found
    lengths = dict(zip(names, view.shape, strict=True)) | dict(zip(w_names, w.shape, strict=True))
    if any(h not in contract.out or k in contract.out for h, k in slides):
        return None
    (h, k), (v, l) = slides  # noqa: E741
    folded = [x for x in names if x in w_names and x not in (k, l, *groups)]
    own = [x for x in w_names if x in contract.out and x not in groups]
    if len(folded) != 1 or len(own) != 1 or folded[0] in contract.out or own[0] in names:
        return None
    if {k, l, folded[0], own[0], *groups} != set(w_names) or lengths[k] != lengths[l]:
        return None
    sizes = lengths[h], lengths[v], lengths[folded[0]], lengths[own[0]]
    share = _without_border(view, axes, h, v, sizes)
    batch = [x for x in contract.out if x not in (folded[0], own[0], h, v, *groups)]
    alone = math.prod(lengths[x] for x in batch) == 1
    count = math.prod(lengths[g] for g in groups)
    best = _best_form(lengths[k], *sizes, share, count, alone)
    if best is None:
        return None
    rows, x = view.operation.rows, view.operands[0]
    return _Correlation(
        x, rows, axes, lengths, w, w_names, h, k, v, l, folded[0], own[0], groups, best
    )


def _are(names: Sequence[int], count: int, groups: Sequence[int]) -> bool:
    """Whether these are so many different names and those of the groups, of which one at most."""
    return len(groups) <= 1 and len(set(names)) == len(names) == count + len(groups)


def _without_border(
    view: Node, axes: Mapping[int, tuple[int, int]], h: int, v: int, sizes: Sequence[int]
) -> float:
    """The share of a correlation's products that are left if those with a border are left out."""
    x = view.operands[0]
    if not isinstance(x.operation, Pad):
        return 1.0
    inside = [x.operands[0].shape[axes[name][0]] for name in (h, v)]
    return min(1.0, inside[0] * inside[1] / (sizes[0] * sizes[1]))


def _best_form(
    r: int,
    h: int,
    v: int,
    channels: int,
    out: int,
    share: float = 1.0,
    groups: int = 1,
    alone: bool = False,
) -> Form | None:
    """The form of least cost, if that is well below the definition's.

    Costs are of one example and one group of channels. alone: there is one example only, for which
    the kernels have to be transformed; for many that does not count.
    """
    pairs = channels * out
    share = min(1.0, share * _SCATTERED) if share < 1 else share
    plain = r * r * pairs * (h * v * share + _loading(groups * r * r * pairs))
    best: tuple[float, Form] | None = None
    for m in _SIZES.get(r, ()):
        f = form(m, r)
        tiles = -(-h // m) * -(-v // m)
        moved = tiles * channels * 2 * f.n * operations(f.input)
        moved += tiles * out * (f.n + m) * operations(f.output)
        stored = tiles * f.n**2 * (2 * channels + out) + tiles * f.n * m * out
        cost = f.n**2 * pairs * (tiles + _loading(groups * f.n**2 * pairs))
        if alone:
            moved += pairs * (f.n + r) * operations(f.kernel)
            stored += pairs * f.n * (f.n + r)
        cost += _TRANSFORMED * moved + _STORED * stored
        if min(h, v) >= 2 and (best is None or cost < best[0]):
            best = cost, f
    return best[1] if best is not None and best[0] < _WORTH * plain else None


def _loading(elements: int) -> float:
    return _NEAR if elements <= _LEVEL_2 else _FAR


def _tiled(node: Node, contract: Contract, c: _Correlation) -> Node:
    lengths = dict(zip(contract.out, node.shape, strict=True))
    p, q = max((*contract.left, *contract.right)) + 1, max((*contract.left, *contract.right)) + 2
    batch = [name for name in contract.out if name not in (c.out, c.h, c.v)]
    seen = [*batch, c.channel, c.h, c.v]
    data = _transformed(_tiles(c, seen, lengths), c.form.input)
    kernel = _transformed(_taps(c), c.form.kernel)
    out = [p, q, *batch, c.out, c.h, c.v]
    taps = (p, q, *c.groups, c.channel, c.out)
    products = build.contract(data, kernel, (p, q, *seen), taps, out, "einsum")
    results = _in_two_steps(_parts(products), c.form.output)
    return _put_back(node, contract, c, out, results)


def _tiles(c: _Correlation, seen: Sequence[int], lengths: Mapping[int, int]) -> Grid:
    """d[i][j]: element (i, j) of every tile, with the axes `seen` (h and v count tiles).

    A last tile that is only half needed reaches beyond x, which gets a border there.
    """
    last = {
        c.axes[name][0]: c.rows[c.axes[name][0]].start + _up(lengths[name], c.form.m) + c.form.r - 1
        for name in (c.h, c.v)
    }
    x = _longer(c.x, [max(n, last.get(a, 0)) for a, n in enumerate(c.x.shape)])
    m = c.form.m
    shape = [-(-lengths[x] // m) if x in (c.h, c.v) else c.lengths[x] for x in seen]
    grid = []
    for i in range(c.form.n):
        line = []
        for j in range(c.form.n):
            starts = [row.start for row in c.rows]
            steps = [[0] * len(seen) for _ in c.rows]
            for at, name in enumerate(seen):
                axis, step = c.axes[name]
                starts[axis] += {c.h: i, c.v: j}.get(name, 0)
                if shape[at] > 1:
                    steps[axis][at] = m if name in (c.h, c.v) else step
            rows = [Row(a, tuple(b)) for a, b in zip(starts, steps, strict=True)]
            line.append(build.view(x, rows, tuple(shape)))
        grid.append(line)
    return grid


def _taps(c: _Correlation) -> Grid:
    """g[k][l], with the axes (group, channel, out)."""
    order = [c.w_names.index(name) for name in (*c.groups, c.channel, c.out)]
    shape = tuple(c.w.shape[a] for a in order)
    grid = []
    for k in range(c.form.r):
        line = []
        for l in range(c.form.r):  # noqa: E741
            rows = []
            for axis, name in enumerate(c.w_names):
                if name in (c.k, c.l):
                    rows.append(Row(k if name == c.k else l, (0,) * len(order)))
                else:
                    at = order.index(axis)
                    moves = tuple(int(b == at and n > 1) for b, n in enumerate(shape))
                    rows.append(Row(0, moves))
            line.append(build.view(c.w, rows, shape))
        grid.append(line)
    return grid


def _parts(products: Node) -> Grid:
    """m[i][j] of a node whose first two axes are i and j."""
    shape = products.shape[2:]
    grid = []
    for i in range(products.shape[0]):
        line = []
        for j in range(products.shape[1]):
            rows = [Row(i, (0,) * len(shape)), Row(j, (0,) * len(shape))]
            rows += [
                Row(0, tuple(int(a == b and n > 1) for b, n in enumerate(shape)))
                for a in range(len(shape))
            ]
            line.append(build.view(products, rows, shape))
        grid.append(line)
    return grid


# -- the kernel's gradient -------------------------------------------------------------------------


def _recognized_gradient(
    node: Node, contract: Contract, operands: tuple[Node, ...], side: int
) -> _Correlation | None:
    """The windows of x times dy, summed over the batch and all positions."""
    view, dy = operands[side], operands[1 - side]
    names = (contract.left, contract.right)[side]
    dy_names = (contract.left, contract.right)[1 - side]
    if not isinstance(view.operation, View):
        return None
    groups = tuple(x for x in names if x in dy_names and x in contract.out)
    if not _are(names, 6, groups) or not _are(dy_names, 4, groups):
        return None
    found = _slides(view, names, set(dy_names), groups)
    if found is None:
        return None
    ((h, k), (v, l)), axes = found  # noqa: E741
    if any(x in contract.out for x in (h, v)) or any(x not in contract.out for x in (k, l)):
        return None
    rest = [x for x in names if x not in (h, k, v, l, *groups)]
    channel = [x for x in rest if x in contract.out]
    batch = [x for x in rest if x not in contract.out]
    own = [x for x in dy_names if x not in names]
    if len(channel) != 1 or len(batch) != 1 or len(own) != 1 or own[0] not in contract.out:
        return None
    if set(dy_names) != {batch[0], own[0], h, v, *groups}:
        return None
    lengths = dict(zip(names, view.shape, strict=True))
    lengths |= dict(zip(dy_names, dy.shape, strict=True))
    if lengths[k] != lengths[l]:
        return None
    sizes = lengths[h], lengths[v], lengths[channel[0]], lengths[own[0]]
    best = _best_form(lengths[k], *sizes, 1.0, math.prod(lengths[g] for g in groups))
    if best is None:
        return None
    rows, x = view.operation.rows, view.operands[0]
    return _Correlation(
        x, rows, axes, lengths, dy, dy_names, h, k, v, l, channel[0], own[0], groups, best
    )


def _slides(
    view: Node, names: Sequence[int], fixed: set[int], groups: Sequence[int]
) -> tuple[list[tuple[int, int]], dict[int, tuple[int, int]]] | None:
    """The pairs of names that move along one axis together (one of `fixed` first), and the axis and
    step of every name; None if an axis is not read one by one.
    """
    slides: list[tuple[int, int]] = []
    axes: dict[int, tuple[int, int]] = {}
    assert isinstance(view.operation, View)
    for axis, row in enumerate(view.operation.rows):
        moving = {names[a]: s for a, s in enumerate(row.steps) if s}
        grouped = [name for name in moving if name in groups]
        plain = [name for name in moving if name not in groups]
        if any(moving[name] != 1 for name in plain) or (grouped and len(plain) > 1):
            return None
        axes |= {name: (axis, step) for name, step in moving.items()}
        if len(plain) == 2:
            h, k = sorted(plain, key=lambda name: name not in fixed)
            del axes[k]
            slides.append((h, k))
        elif not moving or len(plain) > 2 or row.start:
            return None
    return (slides, axes) if len(slides) == 2 else None


def _tiled_gradient(node: Node, contract: Contract, c: _Correlation) -> Node:
    top = max((*contract.left, *contract.right))
    p, q = top + 1, top + 2
    lengths = dict(zip(c.w_names, c.w.shape, strict=True))
    batch = [name for name in c.w_names if name not in (c.out, c.h, c.v)]
    seen = [*batch, c.channel, c.h, c.v]
    data = _transformed(_tiles(c, seen, lengths), c.form.input)
    theirs = [*batch, c.out, c.h, c.v]
    slopes = _transformed(_pairs(c, theirs), turned(c.form.output))
    kept = [*c.groups, c.channel, c.out]
    out = [p, q, *kept]
    products = build.contract(data, slopes, (p, q, *seen), (p, q, *theirs), out, "einsum")
    taps = _in_two_steps(_parts(products), turned(c.form.kernel))
    places, parts = [], []
    for i, line in enumerate(taps):
        for j, x in enumerate(line):
            axes = [(None if name in (c.k, c.l) else kept.index(name)) for name in contract.out]
            part = build.select(x, axes)
            rows = []
            for axis, name in enumerate(contract.out):
                moves = name in kept and part.shape[axis] > 1
                steps = tuple(int(b == axis and moves) for b in range(node.ndim))
                rows.append(Row({c.k: i, c.l: j}.get(name, 0), steps))
            places.append(tuple(rows))
            parts.append(part)
    return _covering(places, parts, node.shape, node)


def _pairs(c: _Correlation, seen: Sequence[int]) -> Grid:
    """dy at (m h + i, m v + j), with the axes `seen`."""
    m = c.form.m
    lengths = dict(zip(c.w_names, c.w.shape, strict=True))
    whole = [_up(n, m) if x in (c.h, c.v) else n for x, n in lengths.items()]
    dy = _longer(c.w, whole)
    shape = tuple(-(-lengths[x] // m) if x in (c.h, c.v) else lengths[x] for x in seen)
    grid = []
    for i in range(m):
        line = []
        for j in range(m):
            rows = []
            for name in c.w_names:
                at = seen.index(name)
                step = m if name in (c.h, c.v) else 1
                steps = tuple(step if b == at and shape[b] > 1 else 0 for b in range(len(seen)))
                rows.append(Row({c.h: i, c.v: j}.get(name, 0), steps))
            line.append(build.view(dy, rows, shape))
        grid.append(line)
    return grid


def _up(n: int, m: int) -> int:
    """n rounded up to a multiple of m."""
    return -(-n // m) * m


def _longer(x: Node, shape: Sequence[int]) -> Node:
    """x with zeros after its end, up to a shape."""
    zero = build.constant(x.dtype.type(0))
    more = [after - n for n, after in zip(x.shape, shape, strict=True)]
    if isinstance(x.operation, Pad) and constant_of(x.operands[1]) == 0:
        widths = [(b, a + m) for (b, a), m in zip(x.operation.widths, more, strict=True)]
        return build.pad(x.operands[0], widths, zero)
    return build.pad(x, [(0, m) for m in more], zero)


# -- transforms -----------------------------------------------------------------------------------


def _transformed(grid: Grid, matrix: Matrix) -> Node:
    """matrix · grid · matrixᵀ as one array with two more axes in front."""
    return _gathered(_in_two_steps(grid, matrix))


def _in_two_steps(grid: Grid, matrix: Matrix) -> Grid:
    """matrix · grid · matrixᵀ: columns first. What they become is stored: each is needed often."""
    columns = [applied(matrix, list(column)) for column in zip(*grid, strict=True)]
    between = _parts(_gathered(columns))
    return [applied(matrix, list(line)) for line in zip(*between, strict=True)]


# -- one array from parts -------------------------------------------------------------------------


def _gathered(grid: Grid) -> Node:
    """The parts as one array with two more axes in front."""
    part = grid[0][0]
    ndim, shape = part.ndim, (1, 1, *part.shape)
    places, parts = [], []
    for i, line in enumerate(grid):
        for j, x in enumerate(line):
            rows = [Row(i, (0,) * len(shape)), Row(j, (0,) * len(shape))]
            rows += [
                Row(0, tuple(int(b == a + 2 and n > 1) for b, n in enumerate(shape)))
                for a in range(ndim)
            ]
            places.append(tuple(rows))
            parts.append(build.select(x, [None, None, *range(ndim)]))
    whole = (len(grid), len(grid[0]), *part.shape)
    return _covering(places, parts, whole, part)


def _put_back(
    node: Node, contract: Contract, c: _Correlation, out: Sequence[int], results: Grid
) -> Node:
    """The results of every tile at their places in y."""
    m = c.form.m
    order = [out.index(name) - 2 for name in contract.out]
    places, parts = [], []
    for i, line in enumerate(results):
        for j, x in enumerate(line):
            part = build.select(x, order)
            rows = []
            for axis, name in enumerate(contract.out):
                start = {c.h: i, c.v: j}.get(name, 0)
                step = m if name in (c.h, c.v) else 1
                n = part.shape[axis]
                steps = tuple(step if b == axis and n > 1 else 0 for b in range(len(contract.out)))
                rows.append(Row(start, steps))
            places.append(tuple(rows))
            parts.append(part)
    whole = [
        _up(n, m) if name in (c.h, c.v) else n
        for name, n in zip(contract.out, node.shape, strict=True)
    ]
    return build.view(
        _covering(places, parts, tuple(whole), node), build.identity(node.shape), node.shape
    )


def _covering(
    places: Sequence[tuple[Row, ...]], parts: Sequence[Node], shape: tuple[int, ...], like: Node
) -> Node:
    zeros = build.broadcast(build.constant(like.dtype.type(0)), shape)
    operation = Accumulate(tuple(places), covers=True)
    return Node(operation, (zeros, *parts), shape, like.dtype, like.source)
