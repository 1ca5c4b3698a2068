"""The interpreter on graphs made by hand: each operation, checks, and the order in memory."""

import numpy as np
import pytest

from shinso.compiler import build
from shinso.compiler.graph import Check, Graph, Row, Update
from shinso.compiler.interpret import CheckFailed, interpret

X = np.arange(6.0).reshape(2, 3)


def run(make, *arrays, states=()):
    nodes = [build.argument(i, a) for i, a in enumerate(arrays)]
    made = make(*nodes)
    return interpret(Graph((made,), (), ()), arrays, states)[0][0]


def test_places():
    rows = (Row(1, (-1, 0)), Row(0, (0, 1)))
    flipped = run(lambda x: build.view(x, rows, (2, 3)), X)
    np.testing.assert_array_equal(flipped, X[::-1])
    assert np.shares_memory(flipped, X)
    index = np.array([[2, -1, 9], [0, -9, 1]])
    picked = run(lambda x, k: build.gather(x, [Row(0, (1, 0)), 1], [k], (2, 3)), X, index)
    np.testing.assert_array_equal(picked, [[2, 2, 2], [3, 3, 4]])  # clamped where outside
    added = run(
        lambda x, k: build.scatter(x, x, [Row(0, (0, 0)), 1], [k]), X, np.array([[0, 0, 1]] * 2)
    )
    np.testing.assert_array_equal(added, [[0 + 0 + 1 + 3 + 4, 1 + 2 + 5, 2], [3, 4, 5]])
    corner = (Row(0, (1, 0)), Row(1, (0, 1)))
    ones = build.full(build.constant(1.0), (2, 2))
    for add, expected in ((True, [[0, 2, 3], [3, 5, 6]]), (False, [[0, 1, 1], [3, 1, 1]])):
        y = run(lambda x, add=add: build.write(x, ones, corner, add), X)
        np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(X, np.arange(6.0).reshape(2, 3))
    zero = build.constant(0.0)
    padded = run(lambda x: build.pad(x, [(1, 0), (0, 2)], zero), X)
    np.testing.assert_array_equal(padded, np.pad(X, [(1, 0), (0, 2)]))
    np.testing.assert_array_equal(run(lambda x: build.iota(4, np.int32), X), np.arange(4))


@pytest.mark.parametrize("spelling", ["tensordot", "matmul", "dot", "einsum", "unheard of"])
def test_contractions_in_every_spelling(spelling):
    y = np.arange(12.0).reshape(3, 4)
    for out, expected in (((0, 2), X @ y), ((2, 0), (X @ y).T)):
        made = run(lambda a, b, out=out: build.contract(a, b, (0, 1), (1, 2), out, spelling), X, y)
        np.testing.assert_array_equal(made, expected)


@pytest.mark.parametrize("spelling", ["tensordot", "matmul", "dot"])
def test_a_contraction_that_its_spelling_cannot_say(spelling):
    made = run(lambda a, b: build.contract(a, b, (0, 1), (0, 1), (0,), spelling), X, X)
    np.testing.assert_array_equal(made, (X * X).sum(axis=1))


def test_memory_lies_as_in_numpy():
    turned = np.asfortranarray(X)
    like = run(
        lambda x: build.write(
            build.laid_out(build.full(build.constant(0.0), x.shape), x), x,
            build.identity(x.shape), False,
        ), turned
    )  # fmt: skip
    assert like.strides == np.zeros_like(turned).strides
    assert run(build.copy, turned).flags.f_contiguous
    assert run(lambda x: build.copy(x, "C"), turned).flags.c_contiguous


def test_states_updates_and_checks():
    x, s = build.argument(0, X), build.state(0, X)
    total = build.apply("add", (x, s), X.dtype)
    positive = build.apply("greater", (x, build.full(build.constant(0.0), X.shape)), np.bool_)
    anything = build.apply("equal", (x, x), np.bool_)
    graph = Graph((total,), (Update(0, "data", total), Update(1, "grad", None)), (
        Check(anything, ValueError, "first"), Check(positive, IndexError, "second"),
    ))  # fmt: skip
    outputs, updates = interpret(graph, [X + 1], [X, None])
    np.testing.assert_array_equal(outputs[0], 2 * X + 1)
    assert updates[0] is outputs[0]
    assert updates[1] is None
    with pytest.raises(CheckFailed) as failed:
        interpret(graph, [X], [X, None])
    assert failed.value.index == 1
