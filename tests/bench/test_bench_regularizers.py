"""The comparison of regularizers, on a few random pictures."""

import numpy as np
import pytest

from bench import regularizers
from bench.regularizers import METHODS, Result, main, table, train
from shinso import data


def pictures(count):
    rng = np.random.default_rng(count)
    return rng.normal(size=(count, 3, 32, 32)).astype(np.float32), np.arange(count) % 10


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains(name):
    found = train(name, 0, 1, pictures(20), pictures(10))
    assert (found.method, found.seed) == (name, 0)
    assert 0 <= found.test <= 1
    assert 0 <= found.training <= 1


def test_only_the_method_differs():
    """The noise of stochastic depth is off at evaluation, and the seed decides the rest."""
    first, again = (train("none", 3, 1, pictures(20), pictures(10)) for _ in range(2))
    assert first == again


def test_the_table_has_means_and_spreads(capsys):
    rows = [Result("a", s, 0.0, e) for s, e in enumerate((0.25, 0.35))] + [Result("b", 0, 0.1, 0.5)]
    shown = table(rows)
    assert [*shown.columns[3].cells] == ["30.0 ± 7.1 %", "50.0 %"]
    assert [*shown.columns[1].cells] == ["2", "1"]


def test_missing_files_are_said(tmp_path, monkeypatch, capsys):
    def gone(*_, **__):
        raise data.DataError("no files here")

    monkeypatch.setattr(regularizers.data, "load", gone)
    assert main(["--data-dir", str(tmp_path)]) == 1
    assert "no files here" in capsys.readouterr().err
