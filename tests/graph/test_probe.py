"""The probe lets traceable code through and stops what a tracer could not follow."""

import numpy as np
import pytest

from shinso.cell import overlaid
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeError, ProbeOverlay


@pytest.fixture
def x():
    return Probe(np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    "escape",
    [
        lambda x: bool(x.sum() > 0),
        lambda x: float(x.sum()),
        lambda x: int(x.sum()),
        lambda x: np.asarray(x),
        lambda x: np.zeros(3)[x[0].astype(int)],
        lambda x: np.eye(3)[x[0].astype(int)],
        lambda x: np.array([x, x]),
        lambda x: list(x),
        lambda x: f"{x}",
        lambda x: hash(x),
        lambda x: [10, 20][x[0, 0].astype(int)],
        lambda x: np.take(np.arange(9), x[0].astype(int)),
        lambda x: np.copyto(np.zeros((2, 3)), x),
        lambda x: np.add(x, x, out=np.zeros((2, 3))),
        lambda x: np.add(x, x, where=x > 0),
        lambda x: x.__setitem__(0, 1.0),
        lambda x: np.add.at(np.zeros((2, 3)), (0,), x[0]),
        lambda x: x.tobytes(),
        lambda x: np.zeros_like(x).__setitem__(x > 0, 1.0),
        lambda x: np.put_along_axis(np.zeros((2, 3)), x.astype(int), x, 1),
    ],
)
def test_escapes_are_stopped(x, escape):
    with pytest.raises((ProbeError, AttributeError, TypeError)):
        escape(x)


def test_writing_into_a_real_array_is_stopped(x):
    real = np.zeros((2, 3))
    with pytest.raises((ProbeError, ValueError)):
        real[:] = x
    with pytest.raises(ProbeError):
        real += x


def test_traceable_code_passes(x):
    y = np.zeros_like(x, shape=(2, 5))
    y[:, 1:4] = x
    y[:, :3] += x
    z = np.where(y > 1, np.exp(-np.abs(y)), 0.0) @ np.ones((5, 2))
    assert y.array[0].tolist() == [0.0, 1.0, 3.0, 2.0, 0.0]
    total = np.zeros_like(z)
    total += z
    rows = np.lib.stride_tricks.sliding_window_view(y, 3, axis=1)
    assert isinstance(total, Probe)
    assert rows.shape == (2, 3, 3)
    assert np.tensordot(rows, np.ones((3, 4)), axes=([2], [0])).shape == (2, 3, 4)


def test_a_kept_gradient_is_a_probe():
    with overlaid(ProbeOverlay()):
        x = Tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.sum().backward()
        assert isinstance(y.grad, Probe)
