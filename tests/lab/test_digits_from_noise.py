"""The experiment's machinery on rows that are no digits, with its quickest parts."""

import numpy as np
import pytest

from shinso.data import read_image
from shinso.lab import EXPERIMENTS, Settings, digits_from_noise


@pytest.fixture(autouse=True)
def pictures(monkeypatch):
    rng = np.random.default_rng(0)
    t = np.arange(300) % 10
    x = (rng.random((10, 784))[t] + 0.1 * rng.random((300, 784))).astype(np.float32) / 1.1
    monkeypatch.setattr(digits_from_noise, "mnist_rows", lambda folder: ((x, t), (x[:50], t[:50])))


def test_figures_and_verdicts(tmp_path):
    found = EXPERIMENTS["digits-from-noise"].run(Settings(only=("elm-ae", "sdae")))
    assert [row[0] for row in found.rows] == ["elm-ae", "sdae"]
    assert set(found.figures) == {"elm-ae.png", "sdae.png"}
    (tmp_path / "a.png").write_bytes(found.figures["sdae.png"])
    assert read_image(tmp_path / "a.png", mode="L").shape == (1, 9 * 60, 600)  # 3 times 3 rows


def test_unknown_parts():
    with pytest.raises(ValueError, match="no 'gan'; it has rbm, dbn"):
        EXPERIMENTS["digits-from-noise"].run(Settings(only=("gan",)))


def test_a_grid_of_pictures():
    rows = np.stack([np.full(784, v, np.float32) for v in (0.0, 1.0, 0.5, 2.0)])
    grid = digits_from_noise._grid(rows, across=2)
    assert grid.shape == (120, 120)
    assert [grid[y, x] for y, x in ((30, 30), (30, 90), (90, 30), (90, 90))] == [0, 255, 128, 255]
