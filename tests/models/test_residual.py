"""What residual networks are made of: shortcuts, blocks, stages."""

import numpy as np
import pytest

from shinso import graph, models, nn
from shinso.graph import Tensor
from shinso.models import residual
from shinso.models.residual import BasicBlock, Bottleneck, ResidualBlock, ZeroChannels

X = np.random.default_rng(0).standard_normal((2, 4, 7, 6))


@pytest.fixture(autouse=True)
def double():
    graph.set_default_dtype(np.float64)
    yield
    graph.set_default_dtype(np.float32)


def filled(model):
    """Batch norms that are not the identity."""
    r = np.random.default_rng(1)
    for key, cell in model._named_state():
        if "bn" in key and "tracked" not in key:
            cell.data = np.abs(r.standard_normal(cell.shape)) + 0.5
    return model


def test_zero_channels():
    y = ZeroChannels(7, 2)(Tensor(X)).numpy()
    assert y.shape == (2, 7, 4, 3)
    np.testing.assert_array_equal(y[:, :4], X[:, :, ::2, ::2])
    assert (y[:, 4:] == 0).all()
    np.testing.assert_array_equal(ZeroChannels(4)(Tensor(X)).numpy(), X)
    with pytest.raises(ValueError, match=r"got 4 channels.*until there are 3"):
        ZeroChannels(3)(Tensor(X))


def test_zero_channels_of_means():
    y = ZeroChannels(5, 2, pool=True)(Tensor(X)).numpy()
    assert y.shape == (2, 5, 4, 3)
    np.testing.assert_allclose(y[:, :4, 0, 0], X[:, :, :2, :2].mean((2, 3)))
    np.testing.assert_allclose(y[:, :4, 3, 2], X[:, :, 6:, 4:].mean((2, 3)))  # what is there


def test_gradient_of_zero_channels():
    for pool in (False, True):
        x = Tensor(X, requires_grad=True)
        y = ZeroChannels(5, 2, pool)(x)
        g = np.random.default_rng(2).standard_normal(y.shape)
        (y * g).sum().backward()
        wanted = np.zeros_like(X)
        for i in range(4):
            for j in range(3):
                part = wanted[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                if pool:
                    part += g[:, :4, i : i + 1, j : j + 1] / part[0, 0].size
                else:
                    part[:, :, 0, 0] += g[:, :4, i, j]
        np.testing.assert_allclose(x.grad, wanted, atol=1e-15)


@pytest.mark.parametrize("kind", ["projection", "identity"])
def test_shortcut_is_nothing_where_the_shape_stays(kind):
    assert BasicBlock(4, 4, shortcut=kind).downsample is None
    assert BasicBlock(4, 4, 2, shortcut=kind).downsample is not None
    assert BasicBlock(4, 5, shortcut=kind).downsample is not None
    assert Bottleneck(4, 1, shortcut=kind).downsample is None


def test_block_is_the_sum_of_its_parts():
    block = filled(BasicBlock(4, 6, 2)).eval()
    x = Tensor(X)
    inner = block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x)))))
    wanted = np.maximum(inner.numpy() + block.downsample(x).numpy(), 0)
    np.testing.assert_array_equal(block(x).numpy(), wanted)


def test_attention_weighs_before_the_addition():
    block = filled(BasicBlock(4, 4, attention=lambda c: nn.SqueezeExcitation(c, 2))).eval()
    x = Tensor(X)
    wanted = np.maximum(X + block.se(block.branch(x)).numpy(), 0)
    np.testing.assert_array_equal(block(x).numpy(), wanted)
    assert [*block._modules] == ["conv1", "bn1", "conv2", "bn2", "se", "relu"]


def test_drop_path_leaves_out_what_is_added():
    block = filled(BasicBlock(4, 4, drop_path=nn.StochasticDepth(1.0, "row")))
    np.testing.assert_array_equal(block(Tensor(X)).numpy(), np.maximum(X, 0))
    block.eval()
    assert np.abs(block(Tensor(X)).numpy() - np.maximum(X, 0)).max() > 0.01


def test_zero_init():
    block = Bottleneck(4, 1)
    block.zero_init()
    np.testing.assert_array_equal(block(Tensor(X)).numpy(), np.maximum(X, 0))


def test_where_a_bottleneck_strides():
    assert Bottleneck(4, 2, 2).conv2.stride == (2, 2)
    first = Bottleneck(4, 2, 2, stride_first=True)
    assert (first.conv1.stride, first.conv2.stride) == ((2, 2), (1, 1))


def test_groups():
    block = Bottleneck(64, 64, groups=32, width_per_group=4)
    assert block.conv2.weight.shape == (128, 4, 3, 3)
    assert block.out_channels == 256
    with pytest.raises(ValueError, match=r"width=8 and width_per_group=4.*at least 64"):
        Bottleneck(8, 8, groups=32, width_per_group=4)


def test_widths():
    assert residual.widths(16, (2, 2, 1)) == [[16, 16], [32, 32], [64]]
    for width, layers in ((0, (1,)), (4, ()), (4, (1, 0))):
        with pytest.raises(ValueError, match="at least 1"):
            residual.widths(width, layers)


def test_stages():
    made = residual.stages(Bottleneck, [[2, 2], [4], [4]], 3, strides=(1, 3, 1))
    assert [*made] == ["layer1", "layer2", "layer3"]
    strides = [block.conv2.stride[0] for stage in made.values() for block in stage]
    assert strides == [1, 1, 3, 1]
    assert residual.out_channels(made) == 16
    usual = residual.stages(BasicBlock, [[2, 2], [4], [4]], 3)
    assert [b.conv1.stride[0] for s in usual.values() for b in s] == [1, 1, 2, 2]


def test_drop_path_grows_linearly():
    made = residual.stages(BasicBlock, [[2, 2], [2, 2]], 2, drop_path=0.5)
    assert [b.drop_path.p for s in made.values() for b in s] == [0.125, 0.25, 0.375, 0.5]
    assert [b.drop_path.mode for b in made["layer1"]] == ["row", "row"]
    none = residual.stages(BasicBlock, [[2]], 2)
    assert none["layer1"][0].drop_path is None
    other = residual.stages(BasicBlock, [[2]], 2, drop_path=0.5, drop=nn.Dropout)
    assert isinstance(other["layer1"][0].drop_path, nn.Dropout)
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"drop_path is a probability.*{p}"):
            residual.stages(BasicBlock, [[2]], 2, drop_path=p)


def test_block_without_a_branch():
    class Empty(ResidualBlock):
        def __init__(self):
            super().__init__()
            self.complete(4, 4, 1)

    with pytest.raises(NotImplementedError, match=r"Empty must define branch\(self, x\)"):
        Empty()(Tensor(X))


def test_unknown_shortcut():
    with pytest.raises(ValueError, match='shortcut is "projection" or "identity", not \'none\''):
        BasicBlock(4, 4, shortcut="none")
    with pytest.raises(ValueError, match="has no option 'shortcuts'"):
        models.create("resnet18", shortcuts="identity")
