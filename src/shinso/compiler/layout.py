"""Where everything lies: which axis of each root is innermost, what is scratch, what lasts.

What leaves the step, or is handed to NumPy, is in C order. Everything else lies as its readers
like it: a contraction's result has the axis of its lanes innermost, and so have its operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shinso.compiler.fuse import Plan, Stage
from shinso.compiler.graph import Contract, Host, Node
from shinso.compiler.inline import Place
from shinso.compiler.labels import nominal_size
from shinso.compiler.products import choose
from shinso.compiler.root import Root, is_leaf, named_places, target_place


@dataclass(slots=True)
class Layout:
    """order: the axes of a node from the outermost; readers: who reads a root, by its id."""

    order: dict[int, tuple[int, ...]] = field(default_factory=dict)
    readers: dict[int, list[tuple[Stage, Root]]] = field(default_factory=dict)
    lasting: set[int] = field(default_factory=set)  # ids of roots read outside their level


def arrange(plan: Plan, lanes: int) -> Layout:
    """Decide on memory for a plan."""
    layout = Layout()
    _find_readers(plan, layout)
    plain = _plain_nodes(plan)
    strong, weak = _wishes(plan, lanes)
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
                axis = _inner_axis(root, plan, (strong, weak), inner, lanes)
                layout.order[id(node)] = _order(node, axis, plan.labels.get(id(node)))
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


def _plain_nodes(plan: Plan) -> set[int]:
    """Nodes that must lie in C order."""
    plain = {id(plan.base(x)) for x in plan.graph.roots}
    plain.update(id(plan.base(x)) for x in plan.aliases.values())
    for stage in plan.stages():
        for root in stage.roots:
            if isinstance(root.node.operation, Host):
                plain.add(id(root.node))
                plain.update(id(plan.base(x)) for x in root.node.operands)
            if root.kind == "item":
                plain.add(id(root.node))
    return plain


def _wishes(plan: Plan, lanes: int) -> tuple[dict[int, int], dict[int, int]]:
    """The innermost axis that contractions want of their operands: for vectors, for the rest."""
    strong: dict[int, int] = {}
    weak: dict[int, int] = {}
    for stage in plan.stages():
        for root in (r.partial or r for r in stage.roots):
            if root.kind != "product":
                continue
            product = choose(root.node, plan.labels, lanes)
            names = named_places(root.node)
            for name in product.inner:
                if name is None:
                    continue
                variable = names[name].steps[0][0]
                table = strong if name == product.vector else weak
                for read in root.reads:
                    axes = [a for a, at in enumerate(read.place) if at.step(variable)]
                    if len(axes) == 1:
                        table.setdefault(id(plan.base(read.node)), axes[0])
    return strong, weak


def _inner_axis(
    root: Root,
    plan: Plan,
    wishes: tuple[dict[int, int], dict[int, int]],
    inner: dict[int, int],
    lanes: int,
) -> int | None:
    node = root.node
    if root.kind in ("product", "merge"):
        product = choose(node, plan.labels, lanes)
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


def _order(node: Node, inner: int | None, batch: int | None) -> tuple[int, ...]:
    """The batch outermost, so that an example lies in one piece; the wish innermost."""
    rest = [a for a in range(node.ndim) if a not in (inner, batch)]
    first = [] if batch is None else [batch]
    last = [] if inner is None or inner == batch else [inner]
    return (*first, *rest, *last)
