"""Gradient descent on the textbooks' functions: the iterates themselves."""

import numpy as np
import pytest

from shinso import optim
from shinso.optim.trajectory import trajectory


def test_one_dimension():
    path = trajectory(lambda x: x**2, 2.0, steps=4, lr=0.2)
    np.testing.assert_allclose(path, [2, 1.2, 0.72, 0.432, 0.2592], rtol=1e-12)


def test_two_dimensions():
    path = trajectory(lambda x: 0.5 * x[0] ** 2 + 5 * x[1] ** 2, [3.0, 1.0], steps=50, lr=0.15)
    np.testing.assert_allclose(path[1], [3 * 0.85, 1 - 1.5])
    assert np.abs(path[-1]).max() < 1e-2
    round_bowl = trajectory(lambda x: (x**2).sum(), [3.0, -1.0], steps=1, lr=0.5)
    np.testing.assert_allclose(round_bowl[-1], [0, 0], atol=1e-12)


def test_too_large_a_rate_diverges_and_too_small_crawls():
    def slope(x):
        return x**2

    assert abs(trajectory(slope, 2.0, steps=20, lr=1.1)[-1]) > 2
    assert trajectory(slope, 2.0, steps=20, lr=0.001)[-1] > 1.9
    assert len(trajectory(lambda x: x**4, 10.0, steps=50, lr=1.0)) < 51


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.RMSprop, optim.Adagrad])
def test_every_optimizer_goes_downhill(kind):
    path = trajectory(lambda x: (x**2).sum(), [1.0, -2.0], steps=30, lr=0.05, optimizer=kind)
    assert path.shape == (31, 2)
    assert (path[-1] ** 2).sum() < (path[0] ** 2).sum()
