import itertools

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from shinso.classical import running
from shinso.classical.finetuning import LayeredNetwork, Tuning, fine_tune, run_network
from shinso.classical.running import Report
from shinso.classical.seeding import stream

SILENT = Report(0, "", 1)


def arrays(*sizes, dtype=np.float64):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=s).astype(dtype) * 0.5 for s in itertools.pairwise(sizes)]
    return weights, [rng.normal(size=n).astype(dtype) * 0.1 for n in sizes[1:]]


def blobs(n=60):
    rng = np.random.default_rng(1)
    t = rng.integers(0, 3, n)
    return rng.normal(size=(n, 4)) + 2 * np.eye(3, 4)[t], t


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
def test_values_are_those_of_scikit_learns_network(activation):
    weights, biases = arrays(4, 5, 6, 3)
    x, t = blobs()
    theirs = MLPClassifier((5, 6), activation=activation, max_iter=1, solver="sgd",
                           learning_rate_init=1e-9, batch_size=60)  # fmt: skip
    with pytest.warns(UserWarning, match="hasn't converged"):
        theirs.fit(x, t)
    theirs.coefs_, theirs.intercepts_ = weights, biases
    network = LayeredNetwork(weights, biases, activation)
    z = run_network(network, x)
    p = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(p / p.sum(axis=1, keepdims=True), theirs.predict_proba(x))
    hidden = run_network(network, x, 2)
    assert hidden.shape == (60, 6)
    np.testing.assert_allclose(hidden @ weights[2] + biases[2], z)


def test_side_inputs_join_their_layer():
    rng = np.random.default_rng(0)
    v, second, third = rng.normal(size=(5, 4)), rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    shapes = [(4 + 2, 7), (7 + 3, 6), (6, 2)]
    weights = [rng.normal(size=s) for s in shapes]
    biases = [rng.normal(size=s[1]) for s in shapes]
    network = LayeredNetwork(weights, biases, "tanh", [2, 3, 0])
    h = np.tanh(np.hstack([v, second]) @ weights[0] + biases[0])
    h = np.tanh(np.hstack([h, third]) @ weights[1] + biases[1])
    expected = h @ weights[2] + biases[2]
    np.testing.assert_allclose(run_network(network, np.hstack([v, second, third])), expected)


def test_one_step_of_sgd_is_the_finite_difference():
    weights, biases = arrays(4, 5, 3)
    x, t = blobs(20)

    def loss(weights):
        z = run_network(LayeredNetwork(weights, biases), x)
        z = z - z.max(axis=1, keepdims=True)
        data = (np.log(np.exp(z).sum(axis=1)) - z[np.arange(20), t]).mean()
        return data + 0.15 * sum(np.square(w).sum() for w in weights)

    network = LayeredNetwork(weights, biases)
    tuning = Tuning("sgd", 1.0, "constant", 0.0, alpha=0.3, batch_size=20, epochs=1)
    losses = fine_tune(network, x, t, tuning, np.random.default_rng(0), SILENT)
    moved = network.arrays()[0]
    for layer, place in ((0, (1, 2)), (1, (4, 0))):
        slope = []
        for sign in (1, -1):
            changed = [w.copy() for w in weights]
            changed[layer][place] += sign * 1e-5
            slope.append(loss(changed))
        expected = (slope[0] - slope[1]) / 2e-5
        np.testing.assert_allclose(weights[layer][place] - moved[layer][place], expected, rtol=1e-5)
    plain = loss(weights) - 0.15 * sum(np.square(w).sum() for w in weights)
    assert losses == [pytest.approx(plain)]


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_learns(solver):
    x, t = blobs(200)
    network = LayeredNetwork(*arrays(4, 10, 3))
    rate = {"adam": 0.02, "sgd": 0.1}[solver]
    tuning = Tuning(solver, rate, "linear", dropout=0.1, input_dropout=0.1, batch_size=20)
    with stream(0) as rng:
        losses = fine_tune(network, x, t, tuning, rng, SILENT)
    assert len(losses) == 30
    assert losses[-1] < 0.5 * losses[0]
    assert (run_network(network, x).argmax(axis=1) == t).mean() > 0.8


def test_dropout_is_for_training_only():
    network = LayeredNetwork(*arrays(4, 50, 3))
    network.dropout = 0.5
    x, _ = blobs(5)
    still = run_network(network, x)
    np.testing.assert_array_equal(run_network(network, x), still)
    with stream(0):
        network.training = True
        assert (network.scores(x).data != still).any()
        np.testing.assert_array_equal(run_network(network, x), still)
        assert network.training


def test_compiled_is_the_same(monkeypatch):
    x, t = blobs()
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        network = LayeredNetwork(*arrays(4, 6, 3, dtype=np.float32))
        tuning = Tuning(dropout=0.2, input_dropout=0.1, schedule="linear", batch_size=25, epochs=2)
        with stream(0) as rng:
            fine_tune(network, x.astype(np.float32), t, tuning, rng, SILENT)
        found.append([*network.arrays()[0], *network.arrays()[1]])
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-4)


def test_diverging_says_what_to_do():
    x, t = blobs()
    network = LayeredNetwork(*arrays(4, 6, 3, dtype=np.float32), "relu")
    tuning = Tuning("sgd", 1e30, epochs=3)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="lower the learning rate"):
        fine_tune(network, x.astype(np.float32), t, tuning, np.random.default_rng(0), SILENT)
