"""Against tiny deep machines whose every state is counted."""

import itertools

import numpy as np
import pytest

from shinso.cell import Cell
from shinso.classical import running
from shinso.classical.contrastive import Rule
from shinso.classical.deep_boltzmann import Machine, gibbs, layer_input, mean_field, mean_fields
from shinso.classical.running import Report
from shinso.classical.seeding import stream

SIZES = [(4, 3, 2), (3, 2, 3, 2)]


def states(n):
    return np.array(list(itertools.product([0.0, 1.0], repeat=n)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def parameters(sizes, scale=1.0):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=pair) * scale for pair in itertools.pairwise(sizes)]
    return weights, [rng.normal(size=n) * scale for n in sizes]


def all_states(sizes):
    """Every joint state, as one array per layer."""
    joint = states(sum(sizes))
    return np.split(joint, np.cumsum(sizes)[:-1], axis=1)


def energy(layers, weights, biases):
    total = -sum(h @ b for h, b in zip(layers, biases, strict=True))
    for i, w in enumerate(weights):
        total = total - ((layers[i] @ w) * layers[i + 1]).sum(axis=1)
    return total


def joint_distribution(sizes, weights, biases):
    layers = all_states(sizes)
    p = np.exp(-energy(layers, weights, biases))
    return layers, p / p.sum()


def bound(v, mus, weights, biases):
    """E_q[-E] + entropy of q, for each row: at most log P(v) + log Z."""
    layers = [v, *mus]
    entropy = sum(-(m * np.log(m) + (1 - m) * np.log(1 - m)).sum(axis=1) for m in mus)
    return -energy(layers, weights, biases) + entropy


@pytest.mark.parametrize("sizes", SIZES)
def test_layer_inputs_give_the_exact_conditionals(sizes):
    weights, biases = parameters(sizes)
    layers, p = joint_distribution(sizes, weights, biases)
    rng = np.random.default_rng(1)
    row = [rng.integers(0, 2, n).astype(float) for n in sizes]
    for i, n in enumerate(sizes):
        fits = np.ones(len(p), bool)
        for j, value in enumerate(row):
            if j != i:
                fits &= (layers[j] == value).all(axis=1)
        expected = (p[fits] @ layers[i][fits]) / p[fits].sum()
        z = layer_input([r[None] for r in row], i, weights, biases)
        np.testing.assert_allclose(sigmoid(z)[0], expected, rtol=1e-10)
        assert len(expected) == n


@pytest.mark.parametrize("sizes", SIZES)
def test_mean_field_raises_the_bound_and_ends_at_a_fixed_point(sizes):
    weights, biases = parameters(sizes, 1.5)
    v = states(sizes[0])
    bounds = [bound(v, mean_field(v, weights, biases, r), weights, biases) for r in range(8)]
    assert all((b - a >= -1e-12).all() for a, b in itertools.pairwise(bounds))
    layers, _ = joint_distribution(sizes, weights, biases)
    weight = np.exp(-energy(layers, weights, biases))
    exact = np.log([weight[(layers[0] == row).all(axis=1)].sum() for row in v])
    assert (bounds[-1] <= exact + 1e-12).all()
    mus = mean_field(v, weights, biases, 2000)
    for i in range(1, len(sizes)):
        z = layer_input([v, *mus], i, weights, biases)
        np.testing.assert_allclose(mus[i - 1], sigmoid(z), atol=1e-9)


def test_mean_field_is_exact_where_units_are_independent():
    weights, biases = parameters((4, 3, 2))
    weights[1][:] = 0
    v = states(4)
    first, second = mean_field(v, weights, biases, 1)
    np.testing.assert_allclose(first, sigmoid(v @ weights[0] + biases[1]))
    np.testing.assert_allclose(second, np.broadcast_to(sigmoid(biases[2]), second.shape))


@pytest.mark.parametrize("sizes", SIZES)
def test_gibbs_sampling_has_the_machines_distribution(sizes):
    weights, biases = parameters(sizes, 0.7)
    layers, p = joint_distribution(sizes, weights, biases)
    with stream(0):
        odd = [np.zeros((20_000, n)) for n in sizes[1::2]]
        for _ in range(15):
            drawn, odd = gibbs(odd, weights, biases, gaussian=False)
    for i, values in enumerate(drawn):
        np.testing.assert_allclose(values.mean(axis=0), p @ layers[i], atol=0.015)
        if i:
            product = drawn[i - 1].T @ values / len(values)
            expected = (layers[i - 1] * p[:, None]).T @ layers[i]
            np.testing.assert_allclose(product, expected, atol=0.015)


@pytest.mark.parametrize("sizes", SIZES)
def test_one_step_is_mean_field_minus_the_model(sizes):
    """With chains that have settled; the second average is counted."""
    weights, biases = parameters(sizes, 0.7)
    layers, p = joint_distribution(sizes, weights, biases)
    data = states(sizes[0])[[1, 3, 3, 6]]
    mus = [data, *mean_field(data, weights, biases, 9)]
    machine = Machine(weights, biases, False, 20_000)
    rate = Cell(np.array(0.0))
    learn = machine.step(Rule(k=4), 9, rate)
    with stream(0):
        for _ in range(4):
            learn(data)
        rate.data = np.array(1.0)
        learn(data)
    for i, w in enumerate(weights):
        expected = mus[i].T @ mus[i + 1] / 4 - (layers[i] * p[:, None]).T @ layers[i + 1]
        np.testing.assert_allclose(machine.weights[i].data - w, expected, atol=0.015)
    for i, b in enumerate(biases):
        expected = mus[i].mean(axis=0) - p @ layers[i]
        np.testing.assert_allclose(machine.biases[i].data - b, expected, atol=0.015)


def test_learning_raises_the_likelihood():
    sizes = (4, 4, 3)
    data = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1.0]])
    weights, biases = parameters(sizes, 0.1)

    def likelihood(machine):
        layers, p = joint_distribution(sizes, *machine.values())
        return np.mean(np.log([p[(layers[0] == row).all(axis=1)].sum() for row in data]))

    machine = Machine(weights, biases, False, 40)
    before = likelihood(machine)
    rule = Rule(k=2, learning_rate=0.4, schedule="linear", batch_size=40, epochs=700)
    with stream(1) as rng:
        machine.fit(np.tile(data, (10, 1)), rule, 5, rng, Report(0, "", 1))
    assert before == pytest.approx(np.log(1 / 16), abs=0.15)
    assert likelihood(machine) > before + 0.4


def test_compiled_learning_is_the_same(monkeypatch):
    x = np.random.default_rng(0).random((50, 8)).astype(np.float32)
    sizes = (8, 6, 5)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=s).astype(np.float32) for s in itertools.pairwise(sizes)]
    biases = [np.zeros(n, np.float32) for n in sizes]
    rule = Rule("pcd", 2, 0.05, "linear", 0.5, 1e-3, 20, 2)
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        machine = Machine(weights, biases, False, 20)
        with stream(0) as order:
            machine.fit(x, rule, 3, order, Report(0, "", 1))
        values = [w.copy() for group in machine.values() for w in group]
        found.append(values + mean_fields(x, *machine.values(), 3, rows=20))
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=5e-5)
