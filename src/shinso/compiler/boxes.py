"""The work of each kind of root, as expressions and boxes over its variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from shinso.compiler.box import Box, Loop
from shinso.compiler.graph import Accumulate, Contract, Node, Row, Scan, Scatter, Write
from shinso.compiler.inline import (
    INT64,
    Inliner,
    Place,
    Placed,
    combine,
    converted,
    inside,
    through,
)
from shinso.compiler.nest import Affine, Apply, Expression, Fold, Load, Store, Sum
from shinso.compiler.nest import Scatter as ScatterAdd
from shinso.compiler.root import domain, named_places, sources, variables


def with_variables(place: Sequence[Affine], names: Mapping[str, str]) -> Place:
    """A place in other variables; a variable without a new name stays at 0."""
    return tuple(
        Affine(at.start, tuple(sorted((names[v], s) for v, s in at.steps if v in names)))
        for at in place
    )


def contraction(
    node: Node, names: Mapping[str, str], inliner: Inliner, begin: Expression | None
) -> Sum:
    """The sum of products."""
    contract = node.operation
    assert isinstance(contract, Contract)
    places = named_places(node)
    factors = tuple(
        inliner.value(x, with_variables(tuple(places[k] for k in mine), names))
        for x, mine in zip(node.operands, (contract.left, contract.right), strict=True)
    )
    logical = node.dtype.kind == "b"
    product = Apply("logical_and" if logical else "multiply", factors, node.dtype)
    return Sum("logical_or" if logical else "add", product, node.dtype, begin)


def fold_value(node: Node, names: Mapping[str, str], inliner: Inliner) -> Expression:
    """What a Reduce folds, at a place of its operand."""
    x, place = sources(node)[0]
    return inliner.value(x, with_variables(place, names))


def copy_box(
    x: Node, to: Placed, axes: Sequence[Loop], outside: str | None, inliner: Inliner
) -> Box:
    """All of x into a node's memory. axes: a loop for each axis; outside: one that runs already."""
    place = tuple(
        Affine(0, ((loop.variable, 1),)) if loop.extent != 1 else Affine() for loop in axes
    )
    at = to.at(place)
    loops = [loop for loop in axes if loop.extent != 1 and loop.variable != outside]
    loops.sort(key=lambda loop: -abs(at.step(loop.variable)))
    value = inliner.value(x, place)
    return Box(tuple(loops), (), (), (Store(to.buffer, at, value),))


def write_box(
    node: Node, to: Placed, names: Mapping[str, str], inliner: Inliner, loops: tuple[Loop, ...]
) -> Box:
    """What is written, or added, into its places."""
    operation = node.operation
    place = with_variables(variables(domain(node)[1]), names)
    if isinstance(operation, Accumulate):
        places, add = operation.places, not operation.covers
    else:
        assert isinstance(operation, Write)
        places, add = (operation.rows,), operation.add
    then: list[Store | Fold] = []
    for rows, v in zip(places, node.operands[1:], strict=True):
        at = to.at(through(rows, place))
        value = inliner.value(v, place)
        then.append(Fold(to.buffer, at, "add", value) if add else Store(to.buffer, at, value))
    order = tuple(sorted(loops, key=lambda loop: -abs(then[0].at.step(loop.variable))))
    return Box(order, (), (), tuple(then))


def scatter_box(
    node: Node, to: Placed, names: Mapping[str, str], inliner: Inliner, loops: tuple[Loop, ...]
) -> Box:
    """The second operand added at computed places, point after point in order."""
    assert isinstance(node.operation, Scatter)
    _, v, *indices = node.operands
    place = with_variables(variables(domain(node)[1]), names)
    at, terms = Affine(to.start), []
    for row, stride, n in zip(node.operation.rows, to.strides, node.shape, strict=True):
        if isinstance(row, Row):
            at = combine(0, (1, stride), (at, through([row], place)[0]))
        else:
            index = converted(inliner.value(indices[row - 1], place), INT64)
            terms.append((stride, inside(index, n)))
    add = ScatterAdd(to.buffer, at, tuple(terms), inliner.value(v, place))
    return Box(loops, (), (), (add,))


def scan_boxes(
    node: Node, to: Placed, names: Mapping[str, str], inliner: Inliner, loops: tuple[Loop, ...]
) -> Iterator[Box]:
    """The first element along the axis, then each from the one before."""
    scan, x = node.operation, node.operands[0]
    assert isinstance(scan, Scan)
    pure = domain(node)[1]
    place = with_variables(variables(pure), names)
    own = pure[scan.axis].variable
    start = tuple(Affine() if a == scan.axis else p for a, p in enumerate(place))
    others = tuple(loop for loop in loops if loop.variable != own)
    yield Box(others, (), (), (Store(to.buffer, to.at(start), inliner.value(x, start)),))
    if node.shape[scan.axis] < 2:
        return
    now = tuple(replace(p, start=1) if a == scan.axis else p for a, p in enumerate(place))
    last = Load(to.buffer, to.at(place))
    value = Apply(scan.function, (last, inliner.value(x, now)), node.dtype)
    order = (Loop(own, node.shape[scan.axis] - 1), *others)
    yield Box(order, (), (), (Store(to.buffer, to.at(now), value),), serial=1)
