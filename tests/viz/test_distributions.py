"""Histograms as they are measured."""

import numpy as np
import pytest

from shinso.viz.distributions import Distributions, measure


def test_counts_edges_and_statistics():
    values = np.random.default_rng(0).normal(2, 3, 1000).reshape(10, 100)
    found = measure({"a": values.astype(np.float32), "b": np.array([0.0, 0.0, 1.0])}, 20)
    assert found.layers == ("a", "b")
    assert found.counts.sum(axis=1).tolist() == [1000, 3]
    expected, _ = np.histogram(values, found.edges[0])
    assert abs(found.counts[0] - expected).max() <= 1  # float32 against float64 at an edge
    np.testing.assert_allclose(found.mean, [values.mean(), 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(found.std, [values.std(), np.sqrt(2 / 9)], rtol=1e-6)
    np.testing.assert_allclose(found.zeros, [0, 2 / 3])
    assert found.row("b") == 1


def test_a_far_value_gets_into_the_outermost_bin_and_squeezes_no_other():
    values = np.concatenate([np.linspace(-1, 1, 999), [1e4]])
    found = measure({"a": values}, 10)
    assert found.edges[0, -1] == 1e4
    assert found.counts[0, -1] == 1
    assert (np.diff(found.edges[0]) > 0).all()
    assert np.ptp(np.diff(found.edges[0, :-1])) < 1e-9
    # Without far values the bins are equally wide from end to end.
    even = measure({"a": values[:-1]}, 10).edges[0]
    np.testing.assert_allclose(even, np.linspace(-1, 1, 11))


@pytest.mark.parametrize("value", [0.0, 1.0, -3e-9, 1e30, 5e-324])
def test_all_the_same(value):
    found = measure({"a": np.full(7, value)}, 9)
    assert found.counts.sum() == 7
    assert found.counts.max() == 7
    assert (np.diff(found.edges[0]) > 0).all()
    assert found.edges[0, 0] <= value <= found.edges[0, -1]
    assert found.std[0] < 1e-9 * max(abs(value), 1e-300) or found.std[0] == 0


def test_values_that_are_not_finite_are_left_out():
    found = measure({"some": np.array([np.nan, 1.0, np.inf, 2.0]), "all": np.array([np.nan])}, 5)
    assert found.counts.sum(axis=1).tolist() == [2, 0]
    assert found.mean[0] == 1.5
    assert np.isnan(found.mean[1])
    assert measure({}, 5).counts.shape == (0, 5)


def test_to_a_state_and_back():
    found = measure({"a": np.arange(5.0)}, 4)
    again = Distributions.of_state(found.state())
    assert again.layers == ("a",)
    np.testing.assert_array_equal(again.edges, found.edges)
