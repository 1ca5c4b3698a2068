"""The loss of a network with auxiliary heads."""

from typing import NamedTuple

import numpy as np
import pytest

from shinso import nn, ops
from shinso.graph import Tensor, check_gradient

RNG = np.random.default_rng(0)
Y, A, B = (RNG.normal(size=(5, 3)) for _ in range(3))
T = np.array([0, 2, 1, 1, 0])


class Outputs(NamedTuple):
    logits: Tensor
    aux: Tensor | None


def number(*arguments):
    return ops.cross_entropy(*arguments).item()


def test_the_sum():
    loss = nn.AuxiliaryLoss(nn.CrossEntropyLoss(), 0.4)
    y, a, b = map(Tensor, (Y, A, B))
    expected = number(y, T) + 0.4 * (number(a, T) + number(b, T))
    assert loss((y, a, b), T).item() == pytest.approx(expected, rel=1e-12)
    assert loss([y, a], T).item() == pytest.approx(number(y, T) + 0.4 * number(a, T), rel=1e-12)
    assert loss(Outputs(y, a), T).item() == loss((y, a), T).item()
    assert nn.AuxiliaryLoss(ops.cross_entropy)((y, a), T).item() == pytest.approx(
        number(y, T) + 0.3 * number(a, T), rel=1e-12
    )


def test_one_output_is_the_plain_loss():
    loss = nn.AuxiliaryLoss(nn.CrossEntropyLoss())
    for given in (Tensor(Y), (Tensor(Y),), Outputs(Tensor(Y), None)):
        assert loss(given, T).item() == number(Tensor(Y), T)


def test_gradients_reach_every_head():
    loss = nn.AuxiliaryLoss(nn.MSELoss(), 0.25)
    target = RNG.normal(size=(5, 3))
    check_gradient(lambda y, a, b: loss((y, a, b), target), Y, A, B)
    y, a = Tensor(Y, requires_grad=True), Tensor(A, requires_grad=True)
    loss((y, a), target).backward()
    np.testing.assert_allclose(a.grad, 0.25 * 2 * (A - target) / 15)


def test_float32_stays_float32():
    y = Tensor(Y.astype(np.float32))
    assert nn.AuxiliaryLoss(ops.cross_entropy, 0.3)((y, y), T).dtype == np.float32


def test_wrong_arguments():
    with pytest.raises(TypeError, match="takes a loss, such as"):
        nn.AuxiliaryLoss(0.3)
    for weight in (-1, float("nan"), float("inf"), True):
        with pytest.raises(ValueError, match="weight must be a number from 0 on"):
            nn.AuxiliaryLoss(ops.cross_entropy, weight)
    with pytest.raises(ValueError, match="a tuple without any output"):
        nn.AuxiliaryLoss(ops.cross_entropy)((), T)


def test_repr():
    assert repr(nn.AuxiliaryLoss(ops.mse_loss, 0.5)) == "AuxiliaryLoss(mse_loss, weight=0.5)"
    assert "CrossEntropyLoss" in repr(nn.AuxiliaryLoss(nn.CrossEntropyLoss()))
