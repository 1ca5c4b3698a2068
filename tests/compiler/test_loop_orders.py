"""In which order loops run, and how far they are unrolled: so that registers and lines suffice."""

import numpy as np
import pytest

import shinso
from shinso import nn, no_grad
from shinso.compiler.box import Loop
from shinso.compiler.nest import affine
from shinso.compiler.schedule import _order, _reduction_axes, _shared


@pytest.mark.parametrize(
    ("still", "tile", "unroll", "count"),
    [
        (affine(w=1, r=1), [("w", 14)], 3, 16),  # a row of an image and a tap: neighbours shared
        (affine(w=1, r=1), [("w", 14)], 1, 0),  # one step shares nothing
        (affine(w=2, r=1), [("w", 4)], 3, 9),  # stride 2
        (affine(w=4, r=1), [("w", 4)], 4, 0),  # a stride as wide as the steps
        (affine(w=100, r=1), [("w", 4)], 3, 0),  # a plain matrix product
        (affine(h=16, w=1, r=1), [("h", 2), ("w", 6)], 3, 16),
    ],
)
def test_elements_that_steps_share(still, tile, unroll, count):
    assert _shared(still, tile, "r", unroll) == count


@pytest.mark.parametrize(("registers", "rows", "unroll"), [(32, 14, 1), (64, 14, 3), (32, 4, 3)])
def test_steps_that_share_too_much_are_not_unrolled(registers, rows, unroll):
    loops = [Loop("c", 32), Loop("r", 3)]
    axes = _reduction_axes(loops, affine(c=256, w=1, r=1), [("w", rows)], 2, registers)
    assert [(a.variable, a.unroll) for a in axes][-1] == ("r", unroll)


def test_gathered_lines_serve_their_neighbours():
    pure = [Loop("n", 4), Loop("c", 64), Loop("x", 196)]
    flipped, straight = affine(n=12544, x=64, c=1), affine(n=12544, c=196, x=1)
    across = pure[2]
    assert [p.variable for p in _order(pure, across, [flipped], False)] == ["n", "x", "c"]
    assert [p.variable for p in _order(pure, across, [straight], False)] == ["n", "c", "x"]
    close = affine(n=12544, x=4, c=1)  # one line holds several
    assert [p.variable for p in _order(pure, across, [close], False)] == ["n", "c", "x"]
    # What is shared between threads stays outermost.
    assert [p.variable for p in _order(pure[1:], across, [flipped], True)] == ["c", "x"]
    assert [p.variable for p in _order(pure, across, [flipped], True)] == ["n", "x", "c"]


@pytest.mark.parametrize(("groups", "stride"), [(4, 1), (1, 1), (16, 2)])
def test_direct_convolutions_are_right(groups, stride):
    x = np.random.default_rng(0).standard_normal((4, 64, 14, 14))
    layer = nn.Conv2d(64, 64, 3, padding=1, stride=stride, groups=groups).double()
    step = shinso.compile(lambda x: layer(x))
    with no_grad():
        assert np.abs(step(x).data - layer(x).data).max() < 1e-12
