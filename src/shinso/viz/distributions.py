"""Histograms of many arrays at one moment, and how they are measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array

SPREAD = 4.0
"""The inner bins reach so many standard deviations to both sides of the mean."""

TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Distributions:
    """Histograms of several layers at one moment of training; one row for each layer.

    layers: their names. edges: (layers, bins + 1), counts: (layers, bins). mean, std: (layers,),
    zeros: the share of values that are exactly 0, (layers,). Values that are NaN or infinite are
    left out everywhere; where there are no others, mean, std and zeros are NaN.
    """

    layers: tuple[str, ...]
    edges: Array
    counts: Array
    mean: Array
    std: Array
    zeros: Array

    def row(self, layer: str) -> int:
        """Where a layer is."""
        return self.layers.index(layer)

    def state(self) -> dict[str, Any]:
        """As plain values and arrays."""
        return {**vars(self), "layers": list(self.layers)}

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> Distributions:
        """The one that `state` described."""
        return cls(**{**state, "layers": tuple(state["layers"])})


def measure(arrays: Mapping[str, Array], bins: int) -> Distributions:
    """The histograms of arrays of any shape, by name."""
    rows = [_measure(np.ravel(array), bins) for array in arrays.values()]
    edges = np.array([row[0] for row in rows]).reshape(len(rows), bins + 1)
    counts = np.array([row[1] for row in rows], dtype=np.int64).reshape(len(rows), bins)
    mean, std, zeros = np.array([row[2] for row in rows]).reshape(len(rows), 3).T.copy()
    return Distributions(tuple(arrays), edges, counts, mean, std, zeros)


def _measure(values: Array, bins: int) -> tuple[Array, Array, tuple[float, float, float]]:
    """Edges, counts, and mean, standard deviation and share of zeros.

    The bins are equally wide and lie within SPREAD standard deviations of the mean, but the
    outermost two reach to the extremes: a single far value does not squeeze all others into one.
    """
    # In float64, so that no value falls out of the range by rounding.
    values = values[np.isfinite(values)].astype(np.float64)
    if not values.size:
        return np.linspace(-0.5, 0.5, bins + 1), np.zeros(bins, np.int64), (np.nan,) * 3
    mean, std = float(values.mean()), float(values.std())
    least, most = float(values.min()), float(values.max())
    low, high = max(least, mean - SPREAD * std), min(most, mean + SPREAD * std)
    if np.spacing(max(abs(low), abs(high))) * bins * 4 >= high - low:  # all the same, or nearly
        wide = max(abs(low) * 1e-3, TINY)
        low, high = low - wide, high + wide
    # Several times as fast as np.histogram; a value at an edge may count to either side.
    places = ((np.clip(values, low, high) - low) * (bins / (high - low))).astype(np.int32)
    counts = np.bincount(np.minimum(places, bins - 1), minlength=bins)
    edges = np.linspace(low, high, bins + 1)
    edges[0], edges[-1] = min(least, edges[0]), max(most, edges[-1])
    zeros = 1 - np.count_nonzero(values) / values.size
    return edges, counts, (mean, std, zeros)
