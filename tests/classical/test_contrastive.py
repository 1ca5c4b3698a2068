"""Updates against exact averages over all states of tiny machines."""

import itertools

import numpy as np
import pytest

from shinso.cell import Cell
from shinso.classical import running
from shinso.classical.boltzmann import free_energy
from shinso.classical.contrastive import Pair, Rule
from shinso.classical.running import Report
from shinso.classical.seeding import stream

SILENT = Report(0, "RBM", 1)


def states(n):
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def small_pair(visible=4, hidden=3, **options):
    rng = np.random.default_rng(0)
    pair = Pair(visible, hidden, rng, np.float64, **options)
    pair.weight.data = rng.normal(size=(visible, hidden))
    pair.visible_bias.data = rng.normal(size=visible)
    pair.hidden_bias.data = rng.normal(size=hidden)
    return pair


def values(pair):
    return pair.weight.numpy(), pair.visible_bias.numpy(), pair.hidden_bias.numpy()


def statistics(v, p, w, b):
    """⟨v h⟩, ⟨v⟩, ⟨h⟩ for rows v of probability p."""
    h = sigmoid(v @ w + b)
    return (v * p[:, None]).T @ h, p @ v, p @ h


def bernoulli_rows(p, v):
    """The probability of each row of v where unit i is 1 with probability p[..., i]."""
    return np.prod(np.where(v[None] == 1, p[:, None], 1 - p[:, None]), axis=2)


def test_one_step_of_cd_is_the_exact_expectation():
    """Over many copies of the data, against the sum over all hidden and visible states."""
    pair = small_pair()
    w, a, b = values(pair)
    data = states(4)[[1, 6, 6, 11]]
    v, h = states(4), states(3)
    up = bernoulli_rows(sigmoid(v @ w + b), h)
    down = bernoulli_rows(sigmoid(h @ w.T + a), v)
    start = np.array([(data == row).all(1).mean() for row in v])
    after = start @ up @ down @ up @ down  # two Gibbs steps
    expected = [
        x - y for x, y in zip(statistics(v, start, w, b), statistics(v, after, w, b), strict=True)
    ]
    rule = Rule("cd", k=2, learning_rate=1.0)
    with stream(0):
        pair.step(rule, Cell(np.array(1.0)))(np.repeat(data, 8_000, axis=0))
    for before, now, change in zip((w, a, b), values(pair), expected, strict=True):
        np.testing.assert_allclose(now - before, change, atol=0.012)


def exact_gradient(data, w, a, b):
    v = states(len(a))
    p = np.exp(-free_energy(v, w, a, b))
    positive = statistics(data, np.full(len(data), 1 / len(data)), w, b)
    return [x - y for x, y in zip(positive, statistics(v, p / p.sum(), w, b), strict=True)]


def test_persistent_chains_give_the_gradient_of_the_likelihood():
    """With a learning rate of 0 the chains settle at the model's distribution."""
    pair = small_pair()
    w, a, b = values(pair)
    data = states(4)[[1, 6, 6, 11]]
    pair.chains = Cell(np.zeros((20_000, 3)))
    rate = Cell(np.array(0.0))
    learn = pair.step(Rule("pcd", k=3), rate)
    with stream(0):
        for _ in range(12):
            learn(data)
        rate.data = np.array(1.0)
        learn(data)
    for before, now, change in zip((w, a, b), values(pair), exact_gradient(data, w, a, b),
                                   strict=True):  # fmt: skip
        np.testing.assert_allclose(now - before, change, atol=0.015)


def test_the_exact_gradient_is_the_slope_of_the_likelihood():
    w, a, b = values(small_pair())
    data = states(4)[[1, 6, 6, 11]]

    def likelihood(w):
        z = np.log(np.exp(-free_energy(states(4), w, a, b)).sum())
        return -free_energy(data, w, a, b).mean() - z

    step = np.zeros_like(w)
    step[2, 1] = 1e-5
    slope = (likelihood(w + step) - likelihood(w - step)) / 2e-5
    np.testing.assert_allclose(exact_gradient(data, w, a, b)[0][2, 1], slope, rtol=1e-6)


def log_likelihood(pair, data):
    w, a, b = values(pair)
    total = np.log(np.exp(-free_energy(states(len(a)), w, a, b)).sum())
    return float((-free_energy(data, w, a, b)).mean() - total)


@pytest.mark.parametrize(("algorithm", "k"), [("cd", 1), ("pcd", 2)])
def test_learning_comes_near_the_best_likelihood(algorithm, k):
    """Bars: 4 of 16 pictures occur; nothing beats a likelihood of log(1 / 4)."""
    data = np.tile(np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1.0]]), (10, 1))
    with stream(1) as rng:
        pair = Pair(4, 8, rng, np.float64)
        before = log_likelihood(pair, data)
        rule = Rule(algorithm, k, 0.2, "linear", batch_size=40, epochs=900)
        pair.fit(data, rule, rng, SILENT)
    after = log_likelihood(pair, data)
    best = np.log(0.25)
    assert before == pytest.approx(np.log(1 / 16), abs=0.1)
    assert best - 0.45 < after <= best


def test_momentum_weight_decay_and_rate():
    pair = Pair(2, 2, np.random.default_rng(0), np.float64)
    w0 = pair.weight.numpy()
    pair.moving = [Cell(np.zeros_like(c.data)) for c in
                   (pair.weight, pair.visible_bias, pair.hidden_bias)]  # fmt: skip
    rule = Rule(momentum=0.5, weight_decay=0.1)
    rate, gradient, zero = np.array(0.2), np.ones((2, 2)), np.zeros(2)
    pair.update(rule, rate, gradient, zero, np.ones(2))
    first = 0.2 * (1 - 0.1 * w0)
    np.testing.assert_allclose(pair.weight.data, w0 + first)
    pair.update(rule, rate, gradient, zero, np.ones(2))
    second = 0.5 * first + 0.2 * (1 - 0.1 * (w0 + first))
    np.testing.assert_allclose(pair.weight.data, w0 + first + second)
    np.testing.assert_allclose(pair.hidden_bias.data, 0.2 + 0.3)
    np.testing.assert_allclose(pair.visible_bias.data, 0)


def test_doubled_weights():
    pair = small_pair(up=2, down=3)
    w, a, b = values(pair)
    v, h = states(4), states(3)
    np.testing.assert_allclose(pair.hidden(v), sigmoid(2 * v @ w + b))
    np.testing.assert_allclose(pair.visible_input(h), 3 * h @ w.T + a)


def test_a_gaussian_rbm_learns_mean_and_direction():
    rng = np.random.default_rng(3)
    data = np.where(rng.random((400, 1)) < 0.5, 1, -1) * [[2.0, -2.0]] + rng.normal(size=(400, 2))
    with stream(0) as order:
        pair = Pair(2, 4, order, np.float64, gaussian=True)
        pair.fit(data, Rule("cd", 1, 0.01, batch_size=20, epochs=60), order, SILENT)
        energy = [
            free_energy(np.array([[x, y]]), *values(pair), gaussian=True)[0]
            for x, y in ((2, -2), (-2, 2), (2, 2), (-2, -2))
        ]
    assert max(energy[:2]) < min(energy[2:]) - 2


@pytest.mark.parametrize(("algorithm", "gaussian"), [("cd", True), ("pcd", False)])
def test_compiled_learning_is_the_same(algorithm, gaussian, monkeypatch):
    x = np.random.default_rng(0).random((70, 12)).astype(np.float32)
    rule = Rule(algorithm, 2, 0.05, "linear", 0.5, 1e-3, 20, 3)
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        with stream(0) as rng:
            pair = Pair(12, 9, rng, np.float32, gaussian=gaussian)
            pair.fit(x, rule, rng, SILENT)
        found.append(values(pair))
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=2e-5)


def test_compiled_labels(monkeypatch):
    x = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1]]
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        with stream(0) as rng:
            pair = Pair(4, 3, rng, np.float32, labels=2)
            pair.fit(x, Rule("cd", batch_size=3, epochs=2), rng, SILENT)
        found.append(pair.weight.numpy())
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)


def test_diverging_says_what_to_do():
    x = np.full((20, 3), 1e30, np.float32)
    with stream(0) as rng:
        pair = Pair(3, 2, rng, np.float32, gaussian=True)
        rule = Rule("cd", learning_rate=1e30, epochs=3)
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="lower the learning rate"):
            pair.fit(x, rule, rng, SILENT)
