"""Correlations with 3 × 3 kernels, in 16 multiplications where the definition takes 36.

For a tile of 2 × 2 results, 4 × 4 elements d of the input and the kernel g are transformed, then
multiplied element by element (and summed over channels: 16 matrix products), then transformed back:

    y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A        and so        dg = Σ Gᵀ [(A dy Aᵀ) ⊙ (Bᵀ d B)] G

    Bᵀ = ⎡1  0 -1  0⎤   G = ⎡ 1    0    0 ⎤   Aᵀ = ⎡1  1  1  0⎤
         ⎢0  1  1  0⎥       ⎢1/2  1/2  1/2⎥        ⎣0  1 -1 -1⎦
         ⎢0 -1  1  0⎥       ⎢1/2 -1/2  1/2⎥
         ⎣0  1  0 -1⎦       ⎣ 0    0    1 ⎦

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import Accumulate, Contract, Node, Pad, Row, View
from shinso.compiler.simplify import constant_of, same

_CHANNELS = 32
"""Below so many channels on either side, the transforms cost what the products save."""

_KERNELS = 1 << 14
"""More transformed kernels than this do not stay in the cache from one example to the next."""

Grid = list[list[Node]]


@dataclass(frozen=True, slots=True)
class _Correlation:
    """A contraction seen as a correlation: which name is what, and the operands' axes."""

    x: Node
    rows: tuple[Row, ...]
    axes: Mapping[int, int]  # the axis of x that a name runs along
    w: Node
    w_names: tuple[int, ...]
    h: int
    k: int
    v: int
    l: int  # noqa: E741 - h, w move by kernel row k and kernel column l
    channel: int
    out: int


def by_tiles(node: Node, operands: tuple[Node, ...]) -> Node:
    """A correlation of stride 1 with 3 × 3 kernels, in float32 → the same by tiles of 2 × 2."""
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
    if not isinstance(view.operation, View) or len(set(names)) != 6 or len(set(w_names)) != 4:
        return None
    found = _slides(view, names, set(contract.out))
    if found is None:
        return None
    slides, axes = found
    lengths = dict(zip(names, view.shape, strict=True)) | dict(zip(w_names, w.shape, strict=True))
    if any(h not in contract.out or k in contract.out for h, k in slides):
        return None
    (h, k), (v, l) = slides  # noqa: E741
    folded = [x for x in names if x in w_names and x not in (k, l)]
    own = [x for x in w_names if x in contract.out]
    if len(folded) != 1 or len(own) != 1 or folded[0] in contract.out or own[0] in names:
        return None
    if {k, l, folded[0], own[0]} != set(w_names) or (lengths[k], lengths[l]) != (3, 3):
        return None
    if min(lengths[h], lengths[v]) < 2 or min(lengths[folded[0]], lengths[own[0]]) < _CHANNELS:
        return None
    if lengths[folded[0]] * lengths[own[0]] > _KERNELS:
        return None
    rows = view.operation.rows
    return _Correlation(view.operands[0], rows, axes, w, w_names, h, k, v, l, folded[0], own[0])


def _tiled(node: Node, contract: Contract, c: _Correlation) -> Node:
    lengths = dict(zip(contract.out, node.shape, strict=True))
    p, q = max((*contract.left, *contract.right)) + 1, max((*contract.left, *contract.right)) + 2
    batch = [name for name in contract.out if name not in (c.out, c.h, c.v)]
    seen = [*batch, c.channel, c.h, c.v]
    data = _gathered(_both(_tiles(c, seen, lengths), _input), len(seen))
    kernel = _gathered(_both(_taps(c), _kernel), 2)
    out = [p, q, *batch, c.out, c.h, c.v]
    products = build.contract(data, kernel, (p, q, *seen), (p, q, c.channel, c.out), out, "einsum")
    results = _both(_parts(products), _output)
    return _put_back(node, contract, c, out, results)


def _tiles(c: _Correlation, seen: Sequence[int], lengths: Mapping[int, int]) -> Grid:
    """d[i][j]: element (i, j) of every tile, with the axes `seen` (h and v count tiles).

    A last tile that is only half needed reaches beyond x, which gets a border there.
    """
    last = {
        c.axes[name]: c.rows[c.axes[name]].start + (lengths[name] + 1) // 2 * 2 + 2
        for name in (c.h, c.v)
    }
    x = _longer(c.x, [max(n, last.get(a, 0)) for a, n in enumerate(c.x.shape)])
    shape = [0] * len(seen)
    for at, name in enumerate(seen):
        n = c.x.shape[c.axes[name]] if name not in (c.h, c.v) else (lengths[name] + 1) // 2
        shape[at] = n
    grid = []
    for i in range(4):
        line = []
        for j in range(4):
            rows: list[Row] = [Row(0, ())] * c.x.ndim
            for at, name in enumerate(seen):
                axis = c.axes[name]
                extra = {c.h: i, c.v: j}.get(name, 0)
                step = 2 if name in (c.h, c.v) else 1
                steps = tuple(step if b == at and shape[b] > 1 else 0 for b in range(len(seen)))
                rows[axis] = Row(c.rows[axis].start + extra, steps)
            line.append(build.view(x, rows, tuple(shape)))
        grid.append(line)
    return grid


def _taps(c: _Correlation) -> Grid:
    """g[k][l], with the axes (channel, out)."""
    order = [c.w_names.index(c.channel), c.w_names.index(c.out)]
    shape = tuple(c.w.shape[a] for a in order)
    grid = []
    for k in range(3):
        line = []
        for l in range(3):  # noqa: E741
            rows = []
            for axis, name in enumerate(c.w_names):
                if name in (c.k, c.l):
                    rows.append(Row(k if name == c.k else l, (0, 0)))
                else:
                    at = order.index(axis)
                    rows.append(Row(0, tuple(int(b == at and shape[b] > 1) for b in range(2))))
            line.append(build.view(c.w, rows, shape))
        grid.append(line)
    return grid


def _parts(products: Node) -> Grid:
    """m[i][j] of a node whose first two axes are i and j."""
    shape = products.shape[2:]
    grid = []
    for i in range(4):
        line = []
        for j in range(4):
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
    if not isinstance(view.operation, View) or len(set(names)) != 6 or len(set(dy_names)) != 4:
        return None
    found = _slides(view, names, set(dy_names))
    if found is None:
        return None
    ((h, k), (v, l)), axes = found  # noqa: E741
    if any(x in contract.out for x in (h, v)) or any(x not in contract.out for x in (k, l)):
        return None
    rest = [x for x in names if x not in (h, k, v, l)]
    channel = [x for x in rest if x in contract.out]
    batch = [x for x in rest if x not in contract.out]
    own = [x for x in dy_names if x not in names]
    if len(channel) != 1 or len(batch) != 1 or len(own) != 1 or own[0] not in contract.out:
        return None
    if set(dy_names) != {batch[0], own[0], h, v}:
        return None
    lengths = dict(zip(names, view.shape, strict=True))
    lengths |= dict(zip(dy_names, dy.shape, strict=True))
    if (lengths[k], lengths[l]) != (3, 3) or min(lengths[h], lengths[v]) < 2:
        return None
    if min(lengths[channel[0]], lengths[own[0]]) < _CHANNELS:
        return None
    rows = view.operation.rows
    return _Correlation(view.operands[0], rows, axes, dy, dy_names, h, k, v, l, channel[0], own[0])


def _slides(
    view: Node, names: Sequence[int], fixed: set[int]
) -> tuple[list[tuple[int, int]], dict[int, int]] | None:
    """The pairs of names that move along one axis together (one of `fixed` first), and the axis of
    every name; None if an axis is not read one by one.
    """
    slides, axes = [], {}
    assert isinstance(view.operation, View)
    for axis, row in enumerate(view.operation.rows):
        moving = [a for a, s in enumerate(row.steps) if s]
        if any(row.steps[a] != 1 for a in moving):
            return None
        if len(moving) == 2:
            h, k = sorted(moving, key=lambda a: names[a] not in fixed)
            slides.append((names[h], names[k]))
            axes[names[h]] = axis
        elif len(moving) == 1 and not row.start:
            axes[names[moving[0]]] = axis
        else:
            return None
    return (slides, axes) if len(slides) == 2 else None


def _tiled_gradient(node: Node, contract: Contract, c: _Correlation) -> Node:
    top = max((*contract.left, *contract.right))
    p, q = top + 1, top + 2
    lengths = dict(zip(c.w_names, c.w.shape, strict=True))
    batch = [name for name in c.w_names if name not in (c.out, c.h, c.v)]
    seen = [*batch, c.channel, c.h, c.v]
    data = _gathered(_both(_tiles(c, seen, lengths), _input), len(seen))
    theirs = [*batch, c.out, c.h, c.v]
    slopes = _gathered(_both(_pairs(c, theirs), _output_gradient), len(theirs))
    out = [p, q, c.channel, c.out]
    products = build.contract(data, slopes, (p, q, *seen), (p, q, *theirs), out, "einsum")
    taps = _both(_parts(products), _kernel_gradient)
    order = [name for name in contract.out if name in (c.channel, c.out)]
    places, parts = [], []
    for i, line in enumerate(taps):
        for j, x in enumerate(line):
            axes = [
                (None if name in (c.k, c.l) else [c.channel, c.out].index(name))
                for name in contract.out
            ]
            part = build.select(x, axes)
            rows = []
            for axis, name in enumerate(contract.out):
                moves = name in order and part.shape[axis] > 1
                steps = tuple(int(b == axis and moves) for b in range(node.ndim))
                rows.append(Row({c.k: i, c.l: j}.get(name, 0), steps))
            places.append(tuple(rows))
            parts.append(part)
    return _covering(places, parts, node.shape, node)


def _pairs(c: _Correlation, seen: Sequence[int]) -> Grid:
    """dy at (2 h + i, 2 v + j), with the axes `seen`."""
    lengths = dict(zip(c.w_names, c.w.shape, strict=True))
    even = [n + n % 2 if x in (c.h, c.v) else n for x, n in lengths.items()]
    dy = _longer(c.w, even)
    shape = tuple((lengths[x] + 1) // 2 if x in (c.h, c.v) else lengths[x] for x in seen)
    grid = []
    for i in range(2):
        line = []
        for j in range(2):
            rows = []
            for name in c.w_names:
                at = seen.index(name)
                step = 2 if name in (c.h, c.v) else 1
                steps = tuple(step if b == at and shape[b] > 1 else 0 for b in range(len(seen)))
                rows.append(Row({c.h: i, c.v: j}.get(name, 0), steps))
            line.append(build.view(dy, rows, shape))
        grid.append(line)
    return grid


def _longer(x: Node, shape: Sequence[int]) -> Node:
    """x with zeros after its end, up to a shape."""
    zero = build.constant(x.dtype.type(0))
    more = [after - n for n, after in zip(x.shape, shape, strict=True)]
    if isinstance(x.operation, Pad) and constant_of(x.operands[1]) == 0:
        widths = [(b, a + m) for (b, a), m in zip(x.operation.widths, more, strict=True)]
        return build.pad(x.operands[0], widths, zero)
    return build.pad(x, [(0, m) for m in more], zero)


# -- the transforms -------------------------------------------------------------------------------


def _both(grid: Grid, transform: Callable[[list[Node]], list[Node]]) -> Grid:
    """A transform along the columns, then along the rows."""
    columns = [transform(list(column)) for column in zip(*grid, strict=True)]
    return [transform(list(line)) for line in zip(*columns, strict=True)]


def _input(d: list[Node]) -> list[Node]:
    """Bᵀ d."""
    return [_minus(d[0], d[2]), _plus(d[1], d[2]), _minus(d[2], d[1]), _minus(d[1], d[3])]


def _kernel(g: list[Node]) -> list[Node]:
    """G g."""
    outer, middle = _half(_plus(g[0], g[2])), _half(g[1])
    return [g[0], _plus(outer, middle), _minus(outer, middle), g[2]]


def _output(m: list[Node]) -> list[Node]:
    """Aᵀ m."""
    return [_plus(_plus(m[0], m[1]), m[2]), _minus(_minus(m[1], m[2]), m[3])]


def _output_gradient(y: list[Node]) -> list[Node]:
    """A dy."""
    return [y[0], _plus(y[0], y[1]), _minus(y[0], y[1]), _negative(y[1])]


def _kernel_gradient(u: list[Node]) -> list[Node]:
    """Gᵀ u."""
    middle, between = _half(_plus(u[1], u[2])), _half(_minus(u[1], u[2]))
    return [_plus(u[0], middle), between, _plus(u[3], middle)]


def _negative(x: Node) -> Node:
    return build.apply("negative", [x], x.dtype)


def _plus(x: Node, y: Node) -> Node:
    return build.apply("add", [x, y], x.dtype)


def _minus(x: Node, y: Node) -> Node:
    return build.apply("subtract", [x, y], x.dtype)


def _half(x: Node) -> Node:
    half = build.broadcast(build.constant(x.dtype.type(0.5)), x.shape)
    return build.apply("multiply", [x, half], x.dtype)


# -- one array from parts -------------------------------------------------------------------------


def _gathered(grid: Grid, ndim: int) -> Node:
    """The parts as one array with two more axes in front."""
    part = grid[0][0]
    assert part.ndim == ndim
    shape = (1, 1, *part.shape)
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
    """The four results of every tile at their places in y."""
    order = [out.index(name) - 2 for name in contract.out]
    places, parts = [], []
    for i, line in enumerate(results):
        for j, x in enumerate(line):
            part = build.select(x, order)
            rows = []
            for axis, name in enumerate(contract.out):
                start = {c.h: i, c.v: j}.get(name, 0)
                step = 2 if name in (c.h, c.v) else 1
                n = part.shape[axis]
                steps = tuple(step if b == axis and n > 1 else 0 for b in range(len(contract.out)))
                rows.append(Row(start, steps))
            places.append(tuple(rows))
            parts.append(part)
    even = [
        n + n % 2 if name in (c.h, c.v) else n
        for name, n in zip(contract.out, node.shape, strict=True)
    ]
    return build.view(
        _covering(places, parts, tuple(even), node), build.identity(node.shape), node.shape
    )


def _covering(
    places: Sequence[tuple[Row, ...]], parts: Sequence[Node], shape: tuple[int, ...], like: Node
) -> Node:
    zeros = build.broadcast(build.constant(like.dtype.type(0)), shape)
    operation = Accumulate(tuple(places), covers=True)
    return Node(operation, (zeros, *parts), shape, like.dtype, like.source)
