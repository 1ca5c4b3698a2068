"""The experiment's machinery on the digits, with a small recipe in place of the long ones."""

from shinso.classical.recipes import MNIST, Recipe
from shinso.lab import Settings, experiment
from shinso.lab.experiments import b03_mnist_2006 as mnist_2006


def test_table_and_verdicts(monkeypatch):
    small = Recipe("ELMClassifier", {"n_hidden": 300, "random_state": 0}, 99.0, 1, 99.03)
    monkeypatch.setattr(mnist_2006, "MNIST", {"elm": small, "dbn": small})
    monkeypatch.setattr(mnist_2006, "_SMALLER", {"elm": {}, "dbn": {"n_hidden": 5}})
    said = []
    found = mnist_2006.work(Settings(fast=True, progress=lambda text, share: said.append(text)))
    assert [row[0] for row in found.tables[0].rows] == ["ELMClassifier"] * 2 + [
        "LogisticRegression"
    ]
    assert [v.holds for v in found.verdicts] == [True, False]
    assert said == ["elm", "dbn"]


def test_full_form_asks_for_the_published_figures(monkeypatch):
    small = Recipe("ELMClassifier", {"n_hidden": 300, "random_state": 0}, 99.0, 1, 99.03)
    monkeypatch.setattr(mnist_2006, "MNIST", {"elm": small})
    rows = mnist_2006.rows_and_classes(Settings(fast=True))
    monkeypatch.setattr(mnist_2006, "rows_and_classes", lambda settings: rows)
    [verdict] = mnist_2006.work(Settings()).verdicts
    assert (verdict.wanted, verdict.tolerance, verdict.relation) == (99.03, 0.15, "≥")


def test_parts():
    assert experiment("b3-mnist-2006").parts == tuple(MNIST)
