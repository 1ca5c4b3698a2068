"""Bars side by side: one number for each of a few names."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shinso.viz.numbers import number
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import BLUE, COLOURS, styled

_INCH_PER_BAR, _INCH_AROUND = 0.42, 1.1


@styled
def bars(
    values: Mapping[str, float],
    *,
    xlabel: str,
    title: str = "",
    spread: Mapping[str, float] | None = None,
    groups: Mapping[str, int] | None = None,
    log: bool = False,
) -> Picture:
    """Draw horizontal bars from top to bottom, each with its number behind it.

    values: length by name. spread: a standard deviation for some of the names, drawn as a line.
    groups: bars of the same number get the same colour. log: a logarithmic axis.
    Raises ValueError for no values, for such as are not finite, and for those that a logarithmic
    axis cannot show.
    """
    lengths = np.array(list(values.values()), dtype=float)
    if not lengths.size or not np.isfinite(lengths).all() or (log and (lengths <= 0).any()):
        wanted = "finite and above 0" if log else "finite"
        raise ValueError(f"bars shows at least one number, all {wanted}, not {dict(values)}")
    picture, axes = one_axes(7.0, _INCH_AROUND + _INCH_PER_BAR * len(values), title)
    places = np.arange(len(values))
    axes.barh(places, lengths, color=[_colour(name, groups) for name in values], height=0.66)
    deviations = [(spread or {}).get(name, 0.0) for name in values]
    if any(deviations):
        axes.errorbar(lengths, places, xerr=deviations, fmt="none", ecolor="#1c1c1c", capsize=3)
    for place, length, deviation in zip(places, lengths, deviations, strict=True):
        axes.annotate(
            number(float(f"{length:.3g}")),
            (max(length, 0) + deviation, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=11,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
    axes.set_yticks(places, list(values))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(xlabel)
    if log:
        axes.set_xscale("log")
    axes.margins(x=0.14)
    return picture


def _colour(name: str, groups: Mapping[str, int] | None) -> str:
    return BLUE if groups is None else COLOURS[groups[name] % len(COLOURS)]
