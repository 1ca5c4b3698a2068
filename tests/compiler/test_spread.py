"""Rows of temporaries that would lie a page apart get a free line, and nothing else changes."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import shinso
from shinso import nn, ops
from shinso.compiler.extent import check_call
from shinso.compiler.layout import room, spread_strides
from shinso.compiler.program import Call


def node(*shape, dtype=np.float32):
    return SimpleNamespace(
        shape=shape, dtype=np.dtype(dtype), ndim=len(shape), size=int(np.prod(shape))
    )


def alone(n):
    return tuple((a,) for a in range(n))


@pytest.mark.parametrize(
    ("shape", "order", "groups", "strides"),
    [
        # channels innermost, 256 of them: 1024 bytes and a line of 64
        ((4, 256, 8, 8), (0, 2, 3, 1), alone(4), (64 * 272, 1, 8 * 272, 272)),
        # 200 channels: nothing to do
        ((4, 200, 16, 16), (0, 2, 3, 1), alone(4), (51200, 1, 3200, 200)),
        # channels a page apart
        ((4, 8, 32, 32), (0, 1, 2, 3), alone(4), (8 * 1040, 1040, 32, 1)),
        # examples a page apart: they are not neighbours in any tile
        ((64, 8, 8, 16), (0, 1, 2, 3), alone(4), (1024, 128, 16, 1)),
        # two axes that somebody sees as one stay side by side
        (
            (4, 8, 128, 8, 4),
            (0, 3, 4, 1, 2),
            ((0,), (1, 2), (3,), (4,)),
            (32 * 1040, 128, 1, 4 * 1040, 1040),
        ),
        # small
        ((2, 256), (0, 1), alone(2), (256, 1)),
        ((100, 256), (0, 1), alone(2), (272, 1)),
    ],
)
def test_strides(shape, order, groups, strides):
    assert spread_strides(node(*shape), order, groups) == strides


def test_room():
    assert room((4, 256), (272, 1)) == 3 * 272 + 256
    assert room((0, 256), (272, 1)) == 0
    assert room((), ()) == 1


class Net(nn.Module):
    """Wide enough for every rule: channels of 1024 bytes, groups, a stride, large kernels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 256, 1)
        self.grouped = nn.Conv2d(256, 256, 3, stride=2, padding=1, groups=4)
        self.wide = nn.Conv2d(256, 256, 3, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(256)

    def forward(self, x):
        x = ops.relu(self.first(x))
        x = ops.relu(self.bn(self.grouped(x)))
        return self.wide(x).mean(axis=(2, 3))


@pytest.mark.parametrize("threads", [1, 2])
def test_a_step_is_the_same(threads, monkeypatch):
    monkeypatch.setenv("SHINSO_NUM_THREADS", str(threads))
    x = np.random.default_rng(0).normal(size=(4, 3, 16, 16))
    results = []
    for compiled in (False, True):
        shinso.manual_seed(1)
        net = Net().double()
        parameters = list(net.parameters())

        def step(x, net=net, parameters=parameters):
            loss = (net(x) ** 2).mean()
            loss.backward()
            return loss, *(p.grad for p in parameters)

        if compiled:
            step = shinso.compile(step)
        results.append([np.asarray(getattr(r, "data", r)) for r in step(x)])
    for ours, wanted in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(
            ours, wanted, rtol=1e-9, atol=1e-12 + 1e-9 * np.abs(wanted).max()
        )
    [executable] = step._executables.values()
    assert any(slot.spare for slot in executable.program.temporaries)
    for call in executable.program.calls:
        if isinstance(call, Call):
            check_call(call, executable.program.batch, executable.program.threads)


@pytest.mark.parametrize("groups", [1, 4])
def test_strided_inference_has_whole_vectors(groups):
    """Every second pixel is no vector: one example's strided convolution puts channels in lanes."""
    shinso.manual_seed(0)
    layer = nn.Conv2d(64, 64, 3, stride=2, padding=1, groups=groups)
    x = np.random.default_rng(0).normal(size=(1, 64, 16, 16)).astype(np.float32)
    compiled = shinso.compile(lambda x: layer(x))
    with shinso.no_grad():
        np.testing.assert_allclose(compiled(x).data, layer(x).data, atol=1e-5)
    [executable] = compiled._executables.values()
    texts = [c.kernel.text for c in executable.program.calls if isinstance(c, Call)]
    [product] = [text for text in texts if "multiply" in text]
    vector = re.search(r"vector (\w+) x", product).group(1)
    loads = [line for line in product.splitlines() if "= b" in line]
    assert not any(re.search(rf"[2-9] {vector}\b", line) for line in loads), product
