"""What outputs and targets are taken for, and which samples are the worst mistakes."""

import numpy as np
import pytest

from shinso import nn, ops, optim
from shinso.data import ArrayDataset, DataLoader
from shinso.train import Trainer, outcome
from shinso.train.outcome import interpret, measure_outcome, probabilities

F = np.float32


@pytest.mark.parametrize(
    ("y", "t", "task"),
    [
        (np.zeros((3, 4), F), np.array([0, 1, 3]), "classification"),
        (np.zeros((3, 4), F), np.eye(4)[:3], "classification"),
        (np.zeros((3, 4), F), np.full((3, 4), F(0.1)) + F(0.6) * np.eye(4)[:3], "classification"),
        (np.zeros((3, 1), F), np.array([[0.0], [1], [1]]), "classification"),
        (np.zeros(3, F), np.array([0, 1, 1]), "classification"),
        (np.zeros((3, 1), F), np.array([[-1.0], [1], [1]]), "classification"),
        (np.zeros((3, 1), F), np.array([[0.5], [1], [1]]), "regression"),
        (np.zeros((3, 4), F), np.zeros((3, 4), F), "regression"),
        (np.zeros((3, 2), F), np.array([0, 1, 3]), "other"),
        (np.zeros((3, 4, 5, 5), F), np.zeros((3, 5, 5), int), "other"),
        (np.zeros((0, 4), F), np.zeros(0, int), "classification"),
    ],
)
def test_tasks(y, t, task):
    found, true, predicted, _ = interpret(y, t)
    assert found == task
    assert len(true) == len(predicted)


def test_binary_outputs_are_probabilities_or_logits():
    t = np.array([0, 1, 1])
    _, true, predicted, p = interpret(np.array([0.2, 0.9, 0.4]), t)
    assert (true.tolist(), predicted.tolist()) == ([0, 1, 1], [0, 1, 0])
    assert p == pytest.approx([0.8, 0.9, 0.6])
    _, _, predicted, p = interpret(np.array([-1000.0, 1000, 0.1]), t)
    assert predicted.tolist() == [0, 1, 1]
    assert p == pytest.approx([1, 1, 0.524979])


def test_probabilities():
    assert probabilities(np.array([[0.25, 0.75]])) == pytest.approx([0.75])
    assert probabilities(np.array([[1e4, -1e4], [0, 0]])) == pytest.approx([1, 0.5])


def trainer_of(model):
    return Trainer(model, ops.cross_entropy, optim.SGD(model.parameters(), lr=0.1), progress=False)


class Double(nn.Module):
    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(1, 1)

    def forward(self, x):
        return ops.mul(x, 2.0)


def test_worst_mistakes_come_with_their_numbers():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3)).astype(F)
    t = x.argmax(axis=1)
    wrong = np.arange(0, 100, 5)
    t[wrong] = (t[wrong] + 1) % 3
    loader = DataLoader(ArrayDataset(x, t, classes=["a", "b", "c"]), 16, shuffle=True, seed=3)
    found = measure_outcome(trainer_of(Double()), loader)
    assert found.task == "classification"
    assert found.classes == ("a", "b", "c")
    assert found.complete
    p = probabilities(2 * x)
    expected = sorted(wrong, key=lambda i: -p[i])[: outcome.MISTAKES]
    assert [m.number for m in found.mistakes] == [int(i) for i in expected]
    for mistake in found.mistakes:
        assert np.array_equal(mistake.x, x[mistake.number])
        assert mistake.true == t[mistake.number] != mistake.predicted
        assert mistake.probability == pytest.approx(p[mistake.number])


def test_regression_of_several_outputs():
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(F)
    found = measure_outcome(trainer_of(Double()), DataLoader(ArrayDataset(x, 2 * x), 2))
    assert found.task == "regression"
    assert np.array_equal(found.predicted, found.true)
    assert found.numbers.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_only_so_many_samples(monkeypatch):
    monkeypatch.setattr(outcome, "MOST_SAMPLES", 6)
    x = np.zeros((20, 3), F)
    found = measure_outcome(trainer_of(Double()), DataLoader(ArrayDataset(x, x), 4))
    assert not found.complete
    assert len(found.true) == 8 * 3


def test_all_batches_are_looked_at_together():
    x = np.zeros((4, 1), F)
    t = np.array([[0], [1], [0.5], [2]], F)  # the first batch alone looks like classes
    found = measure_outcome(trainer_of(Double()), DataLoader(ArrayDataset(x, t), 2))
    assert found.task == "regression"
    x = np.array([[0.1], [0.2], [3], [-3]], F)  # the first batch alone looks like probabilities
    t = np.array([1, 1, 1, 0])
    found = measure_outcome(trainer_of(Double()), DataLoader(ArrayDataset(x, t), 2))
    assert found.predicted.tolist() == [1, 1, 1, 0]
