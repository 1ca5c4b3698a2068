"""The verifier finds every way in which a graph can break the grammar."""

from dataclasses import replace

import numpy as np
import pytest

from shinso.compiler import build
from shinso.compiler.graph import (
    Argument,
    Cast,
    Check,
    Concatenate,
    Constant,
    Contract,
    Gather,
    Graph,
    Host,
    Iota,
    Item,
    Map,
    Node,
    Pad,
    Pick,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    Update,
    View,
    Write,
)
from shinso.compiler.verify import GraphError, verify

F, I, B = np.dtype(np.float64), np.dtype(np.int64), np.dtype(bool)  # noqa: E741


def leaf(*shape, dtype=F, index=0):
    return Node(Argument(index), (), shape, np.dtype(dtype))


def graph(*nodes):
    return Graph(nodes, (), ())


X, Y, V = leaf(2, 3), leaf(3, 4), leaf(3)
ZERO = build.constant(0.0)
K = leaf(2, dtype=I)
ROWS = (Row(0, (1, 0)), Row(0, (0, 1)))
WRITABLE = np.zeros(3)
FROZEN = np.zeros(3)
FROZEN.flags.writeable = False
HOST = Node(Host("np.sort", (), np.sort), (X,), (2, 3), F)

GOOD = [
    X,
    build.constant([1, 2]),
    build.iota(3, np.int64),
    build.apply("add", (X, X), F),
    build.apply("where", (leaf(2, dtype=B), leaf(2), leaf(2)), F),
    build.apply("less", (X, X), B),
    build.cast(X, np.float32),
    build.copy(X, "C"),
    build.reduce("add", X, (0,)),
    build.pick("argmax", X, 1),
    build.scan("add", X, 1),
    build.contract(X, Y, (0, 1), (1, 2), (0, 2), "tensordot"),
    build.select(X, [1, None, 0]),
    build.broadcast(V, (2, 3)),
    build.reshape(X, (6,)),
    build.pad(X, [(1, 0), (0, 2)], ZERO),
    build.gather(X, [1, Row(0, (0,))], [K], (2,)),
    build.concatenate([X, X], 1),
    build.write(X, X, ROWS, True),
    build.scatter(X, leaf(2), [1, Row(2, (0,))], [K]),
    HOST,
    Node(Item(0), (HOST,), (2, 3), F),
]

BAD = {
    "no such operation": Node("add", (), (), F),
    "its dtype is none": Node(Argument(0), (), (), "float64"),
    "no numbers": Node(Argument(0), (), (), np.dtype("U3")),
    "not made of lengths": leaf(-1),
    "a negative number": leaf(2, index=-1),
    "wrong operands": Node(Cast(), (X, X), (2, 3), F),
    "not the constant's shape": Node(Constant(FROZEN), (), (2,), F),
    "not the constant's dtype": Node(Constant(FROZEN), (), (3,), I),
    "can be written": Node(Constant(WRITABLE), (), (3,), F),
    "iota has one axis": Node(Iota(), (), (2, 2), I),
    "counts in integers": Node(Iota(), (), (2,), F),
    "operands of another shape": Node(Map("add"), (X, V), (2, 3), F),
    "where takes three": Node(Map("where"), (X, X), (2, 3), F),
    "a condition and two alike": Node(Map("where"), (X, X, X), (2, 3), F),
    "no ufunc": Node(Map("sum"), (X, X), (2, 3), F),
    "a wrong number of operands": Node(Map("add"), (X,), (2, 3), F),
    "no such loop": Node(Map("add"), (X, leaf(2, 3, dtype=I)), (2, 3), F),
    "a cast changes no shape": Node(Cast(), (X,), (3, 2), I),
    "no such order": Node(Cast("Z"), (X,), (2, 3), I),
    "no fold of this name": Node(Reduce("negative", (0,)), (X,), (3,), F),
    "does not have, or out of order": Node(Reduce("add", (1, 0)), (X,), (), F),
    "not the shape without": Node(Reduce("add", (0,)), (X,), (2,), F),
    "a fold changes no dtype": Node(Reduce("add", (0,)), (X,), (3,), I),
    "neither argmax nor argmin": Node(Pick("max", 0), (X,), (3,), I),
    "the extreme of nothing": Node(Pick("argmax", 0), (leaf(0, 3),), (3,), I),
    "positions are int64": Node(Pick("argmax", 0), (X,), (3,), F),
    "neither add nor multiply": Node(Scan("maximum", 0), (X,), (2, 3), F),
    "an axis that the operand does not": Node(Scan("add", 2), (X,), (2, 3), F),
    "a scan changes no shape": Node(Scan("add", 0), (X,), (3, 2), F),
    "a name for each axis": Node(Contract((0,), (1, 2), (0,), ""), (X, Y), (2,), F),
    "both operands have": Node(
        Contract((0, 1), (1, 2), (0, 2), ""), (X, leaf(3, 4, dtype=I)), (2, 4), F
    ),
    "has two lengths": Node(Contract((0, 1), (0, 2), (0,), ""), (X, Y), (2,), F),
    "of the result comes twice": Node(Contract((0, 1), (1, 2), (0, 0), ""), (X, Y), (2, 2), F),
    "that no operand has": Node(Contract((0, 1), (1, 2), (0, 7), ""), (X, Y), (2, 4), F),
    "not the shape of these axes": Node(Contract((0, 1), (1, 2), (0, 2), ""), (X, Y), (4, 2), F),
    "one row for each axis": Node(View(ROWS[:1]), (X,), (2, 3), F),
    "one step for each axis": Node(View(ROWS), (X,), (2,), F),
    "positions 0 to 2 of 2": Node(View(ROWS), (X,), (3, 3), F),
    "positions -1 to 0 of 2": Node(View((Row(-1, (1, 0)), ROWS[1])), (X,), (2, 3), F),
    "a view changes no dtype": Node(View(ROWS), (X,), (2, 3), I),
    "another number of elements": Node(Reshape(), (X,), (5,), F),
    "a reshape changes no dtype": Node(Reshape(), (X,), (6,), I),
    "the border has one value": Node(Pad(((0, 0), (0, 0))), (X, V), (2, 3), F),
    "of one dtype": Node(Pad(((0, 0), (0, 0))), (X, build.constant(0)), (2, 3), F),
    "two widths for each": Node(Pad(((0, 0),)), (X, ZERO), (2, 3), F),
    "a negative width": Node(Pad(((0, 0), (-1, 0))), (X, ZERO), (2, 2), F),
    "with this border": Node(Pad(((1, 0), (0, 0))), (X, ZERO), (2, 3), F),
    "an index operand of another": Node(Gather((1, Row(0, (0,)))), (X, K), (3,), F),
    "that is no integer": Node(Gather((1, Row(0, (0,)))), (X, leaf(2)), (2,), F),
    "one row for each index": Node(Gather((2, Row(0, (0,)))), (X, K), (2,), F),
    "a gather changes no dtype": Node(Gather((1, Row(0, (0,)))), (X, K), (2,), I),
    "axis that the operands": Node(Concatenate(2), (X, X), (2, 3), F),
    "other shapes": Node(Concatenate(0), (X, Y), (5, 3), F),
    "not the lengths together": Node(Concatenate(0), (X, X), (2, 3), F),
    "operands of one dtype": Node(Concatenate(0), (X, leaf(2, 3, dtype=I)), (4, 3), F),
    "a write changes no shape": Node(Write(ROWS, False), (X, X), (3, 2), F),
    "the array's dtype": Node(Write(ROWS, False), (X, leaf(2, 3, dtype=I)), (2, 3), F),
    "over and over": Node(Write((Row(0, (0, 0)), ROWS[1]), True), (X, X), (2, 3), F),
    "positions 0 to 5 of 3": Node(Scatter((1, Row(0, (5,)))), (X, leaf(2), K), (2, 3), F),
    "without a name": Node(Host("", (), np.sort), (X,), (2, 3), F),
    "cannot be made": Node(Host("np.sort", (), None), (X,), (2, 3), F),
    "what is no host": Node(Item(0), (X,), (2, 3), F),
}


@pytest.mark.parametrize("node", GOOD, ids=lambda node: str(node.operation)[:30])
def test_a_good_node_passes(node):
    verify(graph(node))


@pytest.mark.parametrize("message", BAD)
def test_a_bad_node_is_found(message):
    with pytest.raises(GraphError, match=message):
        verify(graph(X, BAD[message]))


def test_a_node_deep_inside_is_found():
    inner = replace(build.apply("add", (X, X), F), dtype=I)
    with pytest.raises(GraphError):
        verify(graph(build.apply("negative", (inner,), I)))


def test_checks_and_updates():
    verify(Graph((), (Update(0, "data", X), Update(0, "grad", None)), ()))
    for updates, message in (
        ((Update(0, "name", X),), "slot 'name'"),
        ((Update(0, "data", None),), "takes a cell's data away"),
        ((Update(1, "data", X), Update(1, "data", X)), "two updates"),
    ):
        with pytest.raises(GraphError, match=message):
            verify(Graph((), updates, ()))
    with pytest.raises(GraphError, match="not boolean"):
        verify(Graph((), (), (Check(X, ValueError, ""),)))
