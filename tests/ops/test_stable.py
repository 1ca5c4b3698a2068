"""The formulas that several operations and estimators share neither overflow nor round away."""

import numpy as np

from shinso.ops.activation import stable_sigmoid, stable_softplus
from shinso.ops.softmax import stable_log_softmax, stable_softmax

FAR = np.array([[-800.0, 0.0, 800.0]])


def test_sigmoid_and_softplus():
    np.testing.assert_allclose(stable_sigmoid(FAR), [[0, 0.5, 1]], atol=1e-300)
    np.testing.assert_allclose(stable_softplus(FAR), [[0, np.log(2), 800]])
    np.testing.assert_allclose(stable_softplus(np.array(-50.0)), np.exp(-50.0))


def test_softmax_and_its_logarithm():
    np.testing.assert_allclose(stable_softmax(FAR), [[0, 0, 1]], atol=1e-300)
    np.testing.assert_allclose(stable_log_softmax(FAR), [[-1600, -800, 0]])
    z = np.array([[1.0, 2.0], [3.0, -1.0]])
    np.testing.assert_allclose(stable_softmax(z, axis=0).sum(axis=0), 1)
    np.testing.assert_allclose(np.exp(stable_log_softmax(z)), stable_softmax(z))
