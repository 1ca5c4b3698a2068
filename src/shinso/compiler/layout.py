"""Where everything lies: which axis of each root is innermost, what is scratch, what lasts.

What leaves the step, or is handed to NumPy, is in C order. Everything else lies as its readers
like it: a contraction's result has the axis of its lanes innermost, and so have its operands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shinso.compiler.fuse import Plan, Stage
from shinso.compiler.graph import Contract, Host, Node, Reshape
from shinso.compiler.inline import Place
from shinso.compiler.labels import nominal_size
from shinso.compiler.products import choose
from shinso.compiler.root import Root, is_leaf, named_places, target_place
from shinso.compiler.simplify import taken_apart
from shinso.compiler.target import Target

Groups = tuple[tuple[int, ...], ...]

_LINE, _ROW, _PAGE = 64, 1024, 4096
_SMALL = 1 << 16  # bytes: what is smaller is not spread


@dataclass(slots=True)
class Layout:
    """order: the axes of a node from the outermost; readers: who reads a root, by its id.

    groups: the axes of a node that are seen as one by a reshape: they lie side by side. plain: ids
    of nodes in C order without gaps, as whoever looks at them from outside expects.
    """

    order: dict[int, tuple[int, ...]] = field(default_factory=dict)
    groups: dict[int, Groups] = field(default_factory=dict)
    readers: dict[int, list[tuple[Stage, Root]]] = field(default_factory=dict)
    lasting: set[int] = field(default_factory=set)  # ids of roots read outside their level
    plain: set[int] = field(default_factory=set)

    def strides(self, node: Node) -> tuple[int, ...]:
        """How far an element of a root's result lies from the next along each axis."""
        order = self.order[id(node)]
        if id(node) in self.plain:
            return strides_of(node.shape, order)
        alone = tuple((a,) for a in range(node.ndim))
        return spread_strides(node, order, self.groups.get(id(node), alone))


def arrange(plan: Plan, target: Target) -> Layout:
    """Decide on memory for a plan."""
    layout = Layout()
    _find_readers(plan, layout)
    plain = layout.plain = _plain_nodes(plan, layout.groups)
    wishes = _wishes(plan, target, layout.groups)
    inner: dict[int, int] = {}
    for stage in plan.stages():
        for root in stage.roots:
            node = root.node
            if id(node) in layout.order:
                continue
            if id(node) in plain:
                layout.order[id(node)] = tuple(range(node.ndim))
                if plan.labels.get(id(node), 0) != 0:
                    layout.lasting.update(map(id, plan.instances[id(node)].values()))
            else:
                axis = _inner_axis(root, plan, wishes, inner, target)
                groups = layout.groups.get(id(node), tuple((a,) for a in range(node.ndim)))
                layout.order[id(node)] = _order(groups, axis, plan.labels.get(id(node)))
            if node.ndim:
                inner[id(node)] = layout.order[id(node)][-1]
    return layout


def strides_of(shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
    """Strides in elements of axes that lie in an order, the last one innermost."""
    strides, step = [0] * len(shape), 1
    for axis in reversed(order):
        strides[axis] = step
        step *= shape[axis]
    return tuple(strides)


def spread_strides(node: Node, order: Sequence[int], groups: Groups) -> tuple[int, ...]:
    """`strides_of`, but with a line of memory left free where rows would lie a page apart.

    Lines whose distance is a multiple of a page compete for one set of the cache; the rows of a
    tile, or the positions of a sum over channels, would drive one another out. Axes of one of
    `groups` stay side by side.
    """
    size, line = node.dtype.itemsize, _LINE // node.dtype.itemsize
    together = {axis: group for group in groups for axis in group}
    strides, step, spread = [0] * node.ndim, 1, node.size * size < _SMALL
    for place, axis in reversed(list(enumerate(order))):
        strides[axis] = step
        step *= node.shape[axis]
        inner = place and order[place - 1] in together[axis]
        if spread or inner or place == 0 or step == 1:
            continue
        first = together[axis] == together[order[-1]]
        if step * size % (_ROW if first else _PAGE) == 0 and (first or place > 1):
            step, spread = step + line, True
    return tuple(strides)


def room(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How many elements an array with these strides needs."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))


def _find_readers(plan: Plan, layout: Layout) -> None:
    for stage in plan.stages():
        for root in stage.roots:
            sources = root.partial.reads if root.partial else root.reads
            for read in sources:
                if is_leaf(plan.base(read.node)):
                    continue
                level = root.partial.level if root.partial else root.level
                made = plan.root(read.node, level)
                layout.readers.setdefault(id(made), []).append((stage, root))
                together = made in stage.roots and made.level == level
                if made.level != level or (level % 2 == 0 and not together):
                    layout.lasting.add(id(made))
    for node in plan.graph.roots:
        if id(plan.base(node)) in plan.instances:
            layout.lasting.add(id(plan.root(node, -1)))


def _plain_nodes(plan: Plan, found: dict[int, Groups]) -> set[int]:
    """Nodes that must lie in C order. found: filled with groups of axes of some that need not."""
    plain = {id(plan.base(x)) for x in plan.graph.roots}
    for node in plan.graph.nodes():
        if id(node) in plan.aliases:
            base, groups = plan.base(node), _merged_axes(node)
            if groups is None or found.setdefault(id(base), groups) != groups:
                plain.add(id(base))
    for stage in plan.stages():
        for root in stage.roots:
            if isinstance(root.node.operation, Host):
                plain.add(id(root.node))
                plain.update(id(plan.base(x)) for x in root.node.operands)
    for key in plain:
        found.pop(key, None)
    return plain


def _merged_axes(alias: Node) -> Groups | None:
    """The axes of its operand that each axis of a reshape merges; None if it does anything else."""
    apart = taken_apart(alias)
    if apart is None or apart[0] is not alias.operands[0] or is_leaf(apart[0]):
        return None
    if isinstance(apart[0].operation, Reshape):
        return None
    return tuple(map(tuple, apart[1]))


def _wishes(
    plan: Plan, target: Target, groups: Mapping[int, Groups]
) -> tuple[dict[int, int], dict[int, int]]:
    """The innermost axis that contractions want of their operands: for vectors, for the rest."""
    strong: dict[int, int] = {}
    weak: dict[int, int] = {}
    for stage in plan.stages():
        for root in (r.partial or r for r in stage.roots):
            if root.kind != "product":
                continue
            product = choose(root.node, plan.labels, target)
            names = named_places(root.node)
            for name in product.inner:
                if name is None:
                    continue
                variable = names[name].steps[0][0]
                table = strong if name == product.vector else weak
                for read in root.reads:
                    axes = [a for a, at in enumerate(read.place) if at.step(variable)]
                    if len(axes) == 1:
                        base = id(plan.base(read.node))
                        merged = id(read.node) in plan.aliases and base in groups
                        axis = groups[base][axes[0]][-1] if merged else axes[0]
                        table.setdefault(base, axis)
    return strong, weak


def _inner_axis(
    root: Root,
    plan: Plan,
    wishes: tuple[dict[int, int], dict[int, int]],
    inner: dict[int, int],
    target: Target,
) -> int | None:
    node = root.node
    if root.kind in ("product", "merge"):
        product = choose(node, plan.labels, target)
        contract = node.operation
        assert isinstance(contract, Contract)
        if product.out is not None and product.out in contract.out:
            return contract.out.index(product.out)
    strong, weak = wishes
    if id(node) in strong:
        return strong[id(node)]
    found = _as_largest_read(root, plan, inner)
    return weak.get(id(node)) if found is None else found


def _as_largest_read(root: Root, plan: Plan, inner: dict[int, int]) -> int | None:
    """The axis along which most of what is read runs on."""
    at = target_place(root.node)
    best, size = None, 0
    for read in root.reads:
        base = read.node
        if id(base) not in inner or id(base) in plan.aliases or not read.place:
            continue
        axis = _axis_along(read.place, inner[id(base)], at)
        large = nominal_size(base, plan.labels)
        if axis is not None and large > size:
            best, size = axis, large
    return best


def _axis_along(place: Place, axis: int, at: Place) -> int | None:
    moving = [v for v, _ in place[axis].steps]
    for a, own in enumerate(at):
        if len(own.steps) == 1 and own.steps[0][0] in moving:
            return a
    return None


def _order(groups: Groups, inner: int | None, batch: int | None) -> tuple[int, ...]:
    """The batch outermost, so that an example lies in one piece; the wish innermost."""
    first = [g for g in groups if batch in g]
    last = [g for g in groups if inner in g and batch not in g]
    rest = [g for g in groups if g not in (*first, *last)]
    return tuple(a for g in (*first, *rest, *last) for a in g)
