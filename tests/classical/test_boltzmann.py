"""Against tiny machines whose every state is counted."""

import itertools

import numpy as np
import pytest
from sklearn.neural_network import BernoulliRBM

from shinso.classical.boltzmann import (
    bernoulli,
    draw_visible,
    free_energy,
    initial_weights,
    mean_visible,
    one_of,
    pseudo_likelihood,
)
from shinso.classical.seeding import stream
from shinso.ops.softmax import stable_softmax


def states(n):
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


@pytest.fixture
def machine():
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3)


def energies(v, h, w, a, b):
    """E of every pair of a row of v and a row of h."""
    return -(v @ a)[:, None] - (h @ b)[None, :] - v @ w @ h.T


def test_free_energy_is_the_sum_over_hidden_states(machine):
    w, a, b = machine
    v = states(4)
    expected = -np.log(np.exp(-energies(v, states(3), w, a, b)).sum(axis=1))
    np.testing.assert_allclose(free_energy(v, w, a, b), expected, rtol=1e-12)


def test_gaussian_free_energy(machine):
    w, a, b = machine
    v = np.random.default_rng(1).normal(size=(5, 4))
    h = states(3)
    energy = 0.5 * np.square(v - a).sum(1)[:, None] - (h @ b)[None, :] - v @ w @ h.T
    expected = -np.log(np.exp(-energy).sum(axis=1))
    np.testing.assert_allclose(free_energy(v, w, a, b, gaussian=True), expected, rtol=1e-12)


def test_pseudo_likelihood_is_the_sum_of_conditionals(machine):
    w, a, b = machine
    v = states(4)
    p = np.exp(-free_energy(v, w, a, b))
    p /= p.sum()
    lookup = {tuple(row): value for row, value in zip(v, p, strict=True)}
    expected = np.zeros(len(v))
    for n, row in enumerate(v):
        for i in range(4):
            other = row.copy()
            other[i] = 1 - other[i]
            mine, theirs = lookup[tuple(row)], lookup[tuple(other)]
            expected[n] += np.log(mine / (mine + theirs))
    np.testing.assert_allclose(pseudo_likelihood(v, w, a, b), expected, rtol=1e-10)


def test_pseudo_likelihood_with_large_weights():
    w = np.full((2, 2), 60.0, np.float32)
    v = np.array([[1, 1], [0, 1], [0, 0]], np.float32)
    value = pseudo_likelihood(v, w, np.zeros(2, np.float32), np.full(2, -30, np.float32))
    assert np.isfinite(value).all()
    # Two units that want to be on, given one: log P(on) is 0, log P(off) is -60.
    np.testing.assert_allclose(value[0], 0, atol=1e-5)


def test_pseudo_likelihood_is_what_scikit_learn_estimates():
    rng = np.random.default_rng(0)
    x = (rng.random((6, 8)) < 0.4).astype(float)
    theirs = BernoulliRBM(5, n_iter=3, random_state=0).fit(x)
    drawn = []
    for seed in range(1500):
        theirs.random_state = seed
        drawn.append(theirs.score_samples(x))
    ours = pseudo_likelihood(
        x, theirs.components_.T, theirs.intercept_visible_, theirs.intercept_hidden_
    )
    error = np.std(drawn, axis=0) / np.sqrt(len(drawn))
    assert (np.abs(np.mean(drawn, axis=0) - ours) < 4.5 * error + 1e-9).all()


def test_draws_have_their_probabilities():
    with stream(0):
        p = np.broadcast_to(np.array([0.0, 0.2, 0.7, 1.0]), (20_000, 4))
        drawn = bernoulli(p)
        assert set(np.unique(drawn)) == {0, 1}
        np.testing.assert_allclose(drawn.mean(0), p[0], atol=0.012)
        z = np.broadcast_to(np.log([0.5, 0.3, 0.2]), (20_000, 3))
        labels = one_of(z)
        np.testing.assert_array_equal(labels.sum(axis=1), 1)
        np.testing.assert_allclose(labels.mean(0), [0.5, 0.3, 0.2], atol=0.012)
        normal = draw_visible(np.full((20_000, 1), 3.0), gaussian=True)
        np.testing.assert_allclose([normal.mean(), normal.std()], [3, 1], atol=0.03)


def test_labels_are_one_softmax():
    z = np.array([[0.0, 1.0, 2.0, 3.0]])
    mean = mean_visible(z, False, labels=2)
    np.testing.assert_allclose(mean[0, :2], 1 / (1 + np.exp([0, -1])))
    np.testing.assert_allclose(mean[0, 2:], stable_softmax(z[:, 2:])[0])
    with stream(0):
        drawn = draw_visible(np.repeat(z, 50, axis=0), False, labels=2)
    np.testing.assert_array_equal(drawn[:, 2:].sum(axis=1), 1)
    np.testing.assert_array_equal(mean_visible(z, True), z)


def test_initial_weights():
    w = initial_weights((900, 50), np.random.default_rng(0), np.float32)
    assert w.dtype == np.float32
    np.testing.assert_allclose(w.std(), 0.01, rtol=0.05)
