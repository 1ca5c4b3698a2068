"""The experiment's machinery on digits, with its quickest parts."""

import numpy as np
import pytest

from shinso.data import read_image
from shinso.lab import Settings, experiment
from shinso.lab.experiments import b04_digits_from_noise as digits_from_noise


def test_figures_and_verdicts(tmp_path):
    found = experiment("b4-digits-from-noise").run(Settings(fast=True, only=("elm-ae",)))
    assert [f.name for f in found.figures] == ["elm-ae"]
    assert [v.holds for v in found.verdicts] == [True]
    (tmp_path / "a.png").write_bytes(found.figures[0].content)
    assert read_image(tmp_path / "a.png", mode="L").shape == (1, 6 * 60, 600)  # 3 times 2 rows


def test_unknown_parts():
    with pytest.raises(ValueError, match="no 'gan'; it has rbm, dbn"):
        experiment("b4-digits-from-noise").run(Settings(only=("gan",)))


def test_a_grid_of_pictures():
    rows = np.stack([np.full(784, v, np.float32) for v in (0.0, 1.0, 0.5, 2.0)])
    grid = digits_from_noise._grid(rows, across=2)
    assert grid.shape == (120, 120)
    assert [grid[y, x] for y, x in ((30, 30), (30, 90), (90, 30), (90, 90))] == [0, 255, 128, 255]
