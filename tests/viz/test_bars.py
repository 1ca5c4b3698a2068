"""Bars: lengths, order, labels, and what cannot be drawn."""

import math

import numpy as np
import pytest

from shinso.viz.bars import bars


def test_lengths_and_labels():
    axes = bars({"a": 2.0, "b": 5.0}, xlabel="s", spread={"b": 0.5}).axes[0]
    assert [patch.get_width() for patch in axes.patches] == [2.0, 5.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [text.get_text() for text in axes.texts] == ["2", "5"]
    assert axes.yaxis_inverted()  # the first on top
    assert axes.get_xlabel() == "s"
    assert axes.texts[1].xy[0] == 5.5  # behind the line of the spread


def test_groups_have_colours_of_their_own():
    axes = bars({"a": 1, "b": 2, "c": 3}, xlabel="", groups={"a": 0, "b": 1, "c": 0}).axes[0]
    first, second, third = (patch.get_facecolor() for patch in axes.patches)
    assert first == third != second


def test_logarithmic():
    picture = bars({"a": 0.1, "b": 1e6}, xlabel="", log=True)
    assert picture.axes[0].get_xscale() == "log"
    assert picture.pixels(40).ndim == 3


@pytest.mark.parametrize("values", [{}, {"a": math.nan}, {"a": math.inf}])
def test_numbers_that_cannot_be_drawn(values):
    with pytest.raises(ValueError, match="at least one number, all finite"):
        bars(values, xlabel="")


def test_zero_has_no_logarithm():
    with pytest.raises(ValueError, match="above 0"):
        bars({"a": np.float64(0)}, xlabel="", log=True)
