"""Randomness is a function of its key: repeatable, different for every place, stable for good."""

import numpy as np
import pytest

from shinso.data.shuffle import generator, permutation


def test_a_permutation_holds_every_number_once():
    assert sorted(permutation(1000, 3, 1, 2).tolist()) == list(range(1000))
    assert permutation(0, 0).shape == (0,)
    assert permutation(1, 0).tolist() == [0]


def test_a_permutation_depends_on_all_of_its_key():
    keys = [(0,), (1,), (0, 0), (0, 1), (0, 0, 0), (2**32,), (2**100, 1)]
    orders = {tuple(permutation(50, *key)) for key in keys}
    assert len(orders) == len(keys)
    assert np.array_equal(permutation(50, 7, 1), permutation(50, 7, 1))


def test_the_order_never_changes():
    # If this fails, runs can no longer be resumed and the bundled split is another one.
    assert permutation(10, 0, 1, 0).tolist() == [4, 6, 3, 5, 2, 9, 1, 0, 7, 8]


def test_every_place_is_reached_equally_often():
    first = np.array([permutation(4, seed)[0] for seed in range(2000)])
    assert np.abs(np.bincount(first) - 500).max() < 100


def test_generators():
    assert generator(1, 2).random() == generator(1, 2).random()
    assert generator(1, 2).random() != generator(1, 3).random()


def test_seeds():
    with pytest.raises(ValueError, match="seed must be 0 or greater, got -1"):
        permutation(3, -1)
    with pytest.raises(TypeError, match="whole number"):
        permutation(3, 0.5)
