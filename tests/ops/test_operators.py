"""Operators and methods of Tensor: bound as declared, and doing what the functions do."""

import math
from pathlib import Path

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Tensor, methods
from shinso.graph.probe import vocabulary
from shinso.ops.erf import erf
from shinso.ops.operators import BOUND


def test_what_is_declared_is_bound():
    lines = Path(methods.__file__).read_text().splitlines()
    declared = {line.split("(")[0].split()[1] for line in lines if line.startswith(" " * 8 + "def")}
    assert declared == set(BOUND)


def test_arithmetic_with_numbers_and_arrays_on_either_side():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = 2 * x + 1 - x / 2 + np.array([1.0, 1.0], dtype=np.float32) * x - 3**x
    np.testing.assert_allclose(y.data, [0.5, -3.0])
    assert y.dtype == np.float32
    y.sum().backward()
    np.testing.assert_allclose(x.grad, 2.5 - np.log(3) * np.array([3.0, 9.0]), rtol=1e-6)


def test_comparison_is_elementwise_and_never_equal_to_strangers():
    x = Tensor([1.0, 2.0])
    assert (x == [1.0]) is False
    assert (x == 1.0).tolist() == [True, False]
    assert (x != x).tolist() == [False, False]
    assert (x == None) is False  # noqa: E711
    assert (x >= np.array([1.0, 3.0])).tolist() == [True, False]
    assert x in {x: 1}


def test_rows_can_be_iterated():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(TypeError, match="0-dimensional"):
        iter(Tensor(1.0))


def test_transposed():
    x = Tensor(np.arange(6.0).reshape(1, 2, 3))
    assert x.T.shape == (3, 2, 1)


def test_erf_to_the_last_digits():
    x = np.concatenate([np.linspace(-10, 10, 4001), [0.0, 1e-300, 0.46875, 4.0, 27.0, -1e308]])
    exact = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(erf(x), exact, rtol=2e-15, atol=0)
    assert np.isnan(erf(np.array([np.nan]))).all()
    assert erf(x[:-1].astype(np.float32)).dtype == np.float32


def test_softmax_does_not_mind_a_constant():
    z = np.random.default_rng(0).standard_normal((3, 5))
    np.testing.assert_allclose(ops.softmax(z + 100).data, ops.softmax(z).data, rtol=1e-12)


def test_two_class_softmax_is_the_sigmoid_of_the_difference():
    z = np.random.default_rng(0).standard_normal((7, 2))
    np.testing.assert_allclose(
        ops.softmax(z).data[:, 0], ops.sigmoid(z[:, 0] - z[:, 1]).data, rtol=1e-12
    )


def test_the_vocabulary_is_recorded():
    assert isinstance(vocabulary, set)


def test_pytorch_names_of_arguments_are_known_where_they_mean_something():
    x = Tensor(np.arange(6.0).reshape(2, 3))
    assert x.argmax(dim=1, keepdim=True).tolist() == [[2], [2]]
    assert ops.argmin(x, axis=0, keepdims=True).shape == (1, 3)
    assert x.flip(dims=(0, 1)).tolist() == [[5, 4, 3], [2, 1, 0]]
    assert x.flatten(start_dim=0).shape == (6,)
    assert [part.shape for part in x.split(2, dim=1)] == [(2, 2), (2, 1)]
    assert x.log_softmax(dim=1).shape == x.shape
    assert x.clamp(min=1.0, max=2.0).add(1).sub(1).mul(2).div(2).neg().tolist()[0] == [-1, -1, -2]
    assert (x.numel(), x.dim()) == (6, 2)
    with pytest.raises(TypeError, match="both dim and axis"):
        ops.sum(x, axis=0, dim=0)
    with pytest.raises(TypeError, match="keepdim"):
        ops.softmax(x, dim=0, keepdim=True)


@pytest.mark.parametrize("function", [np.min, np.max, np.sum, np.mean])
def test_numpys_functions_call_the_methods(function):
    x = np.arange(6.0).reshape(2, 3)
    assert function(Tensor(x)).item() == function(x)
    np.testing.assert_array_equal(function(Tensor(x), axis=1).numpy(), function(x, axis=1))
    with pytest.raises(TypeError, match="out"):
        function(Tensor(x), out=np.zeros(()))
