"""The gradient check, and the check of the check: a gradient slightly off must fail."""

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Function, GradientError, Tensor, check_gradient, numerical_gradient


class Square(Function):
    """y = x², with a gradient that can be wrong by a factor."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def forward(self, x):
        self.x = x
        return x * x

    def backward(self, dy):
        return dy * 2 * self.x * self.factor


def test_numerical_gradient():
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(numerical_gradient(lambda v: (v**3).sum(), x), 3 * x**2, rtol=1e-8)
    y = Tensor(x)
    np.testing.assert_allclose(numerical_gradient(lambda v: ops.sum(v * v), y), 2 * x, rtol=1e-8)


def test_a_right_gradient_passes():
    check_gradient(lambda x: Square()(x), np.random.default_rng(0).standard_normal((3, 4)))


@pytest.mark.parametrize("factor", [1.0005, 0.9995, 0.0, -1.0, 2.001])
def test_a_gradient_off_by_a_little_fails(factor):
    with pytest.raises(GradientError, match=r"input 0 .* element \(\d, \d\)"):
        check_gradient(lambda x: Square(factor)(x), np.random.default_rng(0).random((3, 4)) + 0.5)


def test_one_wrong_element_is_named():
    class OneWrong(Square):
        def backward(self, dy):
            dx = dy * 2 * self.x
            dx[1, 2] += 0.01
            return dx

    with pytest.raises(GradientError, match=r"element \(1, 2\)"):
        check_gradient(lambda x: OneWrong()(x), np.random.default_rng(0).random((3, 4)) + 0.5)


def test_parameters_of_a_network_are_checked_too():
    rng = np.random.default_rng(0)
    w = Tensor(rng.standard_normal((3, 4)), requires_grad=True, name="w")
    check_gradient(
        lambda x: ops.tanh(ops.linear(x, w)), rng.standard_normal((2, 4)), parameters=[w]
    )
    assert w.grad is None
    with pytest.raises(GradientError, match="parameter w"):
        check_gradient(lambda x: Square(1.01)(w) + x.sum(), np.ones(3), parameters=[w])
    with pytest.raises(TypeError, match="double"):
        check_gradient(lambda x: x, np.ones(2), parameters=[Tensor([1.0], requires_grad=True)])


def test_a_missing_gradient_is_an_error():
    class Blocked(Square):
        def backward(self, dy):
            return None

    with pytest.raises(GradientError):
        check_gradient(lambda x: Blocked()(x), np.array([1.0, 2.0]))
