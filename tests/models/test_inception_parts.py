"""Branches side by side, and what counts their channels."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.inception_parts import Branches, ConvUnit, Stack, numbered, row


def images(channels: int = 4, side: int = 6) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, channels, side, side)).astype(np.float32)


def test_a_unit_is_convolution_norm_relu():
    unit, x = ConvUnit(4, 3, 3).eval(), images()
    y = ops.relu(unit.bn(unit.conv(x)))
    np.testing.assert_array_equal(unit(x).data, y.data)
    assert unit.conv.bias is None
    assert unit.bn.eps == 0.001


def test_padding_keeps_the_size_unless_the_stride_is_more():
    assert ConvUnit(4, 1, (1, 7))(images()).shape == (2, 1, 6, 6)
    assert ConvUnit(4, 1, 5)(images()).shape == (2, 1, 6, 6)
    assert ConvUnit(4, 1, 3, 2)(images()).shape == (2, 1, 2, 2)
    assert ConvUnit(4, 1, 3, 1, 0)(images()).shape == (2, 1, 4, 4)


def test_branches_with_a_fork():
    block = Branches(
        4,
        {"a": ConvUnit(4, 2, 1)},
        numbered("b_", 4, (3, 1), (5, 3)),
        {"c_0": ConvUnit(4, 6, 1), "fork": [{"c_a": ConvUnit(6, 7, 1)}, {"c_b": nn.MaxPool2d(1)}]},
        {"pool": nn.AvgPool2d(3, 1, 1)},
        {"d": row(4, (1, 1), (8, 1))},
    ).eval()
    assert [name for name, _ in block.named_children()] == [
        *("a", "b_1", "b_2", "c_0", "c_a", "c_b", "pool", "d")
    ]
    assert block.out_channels == 2 + 5 + 7 + 6 + 4 + 8
    x = Tensor(images())
    c = block.c_0(x)
    parts = [block.a(x), block.b_2(block.b_1(x)), block.c_a(c), c, block.pool(x), block.d(x)]
    np.testing.assert_array_equal(block(x).data, ops.cat(parts, 1).data)


def test_an_exchanged_child_is_used():
    block = Branches(4, {"a": ConvUnit(4, 2, 1)}, {"b": ConvUnit(4, 2, 1)})
    block.a = nn.Identity()
    assert block(images()).shape == (2, 6, 6, 6)


def test_a_stack_counts_channels():
    stack = Stack(3, 1 / 4)
    stack.unit("one", 16, 3)
    stack.add("pool", nn.MaxPool2d(2))
    stack.repeat("two", 2, lambda channels, width: ConvUnit(channels, width(2 * channels), 1))
    stack.block("three", lambda channels, width, out: ConvUnit(channels, width(out), 1), 1)
    assert [*stack.layers] == ["one", "pool", "two", "three"]
    assert stack.channels == 1
    assert nn.Sequential(stack.layers)(images(3)).shape == (2, 1, 3, 3)


def test_branches_of_different_sizes_are_refused():
    block = Branches(4, {"a": ConvUnit(4, 2, 1)}, {"b": ConvUnit(4, 2, 3, 2)})
    with pytest.raises(ValueError, match="Branches"):
        block(images())
