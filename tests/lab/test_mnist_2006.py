"""The experiment's machinery on a few pictures, with a small recipe in place of the long ones."""

import numpy as np
import pytest

from shinso.classical.recipes import MNIST, Recipe
from shinso.data import ArrayDataset, DataSplits
from shinso.lab import EXPERIMENTS, Settings, Verdict, mnist, mnist_2006


@pytest.fixture
def pictures(monkeypatch):
    rng = np.random.default_rng(0)
    parts = []
    for n in (100, 40):
        t = np.arange(n) % 2
        x = (rng.random((n, 1, 28, 28)) * 99 + 150 * t[:, None, None, None]).astype(np.uint8)
        parts.append(ArrayDataset(x, t, classes="01"))
    splits = DataSplits(
        *parts, "mnist", "classification", ("0", "1"), (0.5,), (0.2,), (1, 28, 28), "here"
    )
    monkeypatch.setattr(mnist.data, "load", lambda name, data_dir: splits)


def test_table_and_verdicts(pictures, monkeypatch):
    small = Recipe("ELMClassifier", {"n_hidden": 30, "random_state": 0}, 99.0, 1, 99.03)
    low = Recipe("ELMClassifier", {"n_hidden": 30, "random_state": 0}, 99.0, 1, 101.0)
    monkeypatch.setattr(mnist_2006, "MNIST", {"elm": small, "dbn": low})
    said = []
    found = EXPERIMENTS["mnist-2006"].run(Settings(say=said.append))
    assert [row[0] for row in found.rows] == ["ELMClassifier"] * 2
    assert [row[-1] for row in found.rows] == ["reached", "missed"]
    assert found.rows[0][1] == "100.00 %"
    assert [v.holds for v in found.verdicts] == [True, False]
    assert len(said) == 2


def test_single_parts(pictures, monkeypatch):
    monkeypatch.setitem(mnist_2006._THEIR_TIME, "elm", "a while")
    with pytest.raises(ValueError, match="no 'svm'; it has elm, dbn"):
        EXPERIMENTS["mnist-2006"].run(Settings(only=("svm",)))
    assert EXPERIMENTS["mnist-2006"].parts == tuple(MNIST)


@pytest.mark.parametrize(("found", "holds"), [(98.86, True), (98.84, False), (99.5, True)])
def test_verdict(found, holds):
    assert Verdict("x", found, 99.0, 0.15).holds == holds
