"""Legends that cover no data: they stand below the axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from shinso.viz.picture import Picture
from shinso.viz.tiles import letters_width

_SAMPLE = 0.75
"""Inches that the sample of a line before a name takes, and the space after it."""


def legend_below(picture: Picture, axes: Axes, **options: Any) -> Legend | None:
    """Name what has a label in the axes, in as many columns below them as the picture is wide.

    options: go to `Figure.legend`. Returns the legend, or None where nothing has a label.
    """
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return None
    return picture.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=_columns(labels, picture.get_figwidth()),
        handlelength=2.8,
        columnspacing=1.6,
        **options,
    )


def _columns(labels: list[str], width: float) -> int:
    """As few rows as fit into so many inches, and then no more columns than these rows need."""
    inches = [letters_width(label) + _SAMPLE for label in labels]
    for rows in range(1, len(labels) + 1):
        columns = math.ceil(len(labels) / rows)
        if sum(max(part) for part in np.array_split(inches, columns)) <= width:
            return columns
    return 1
