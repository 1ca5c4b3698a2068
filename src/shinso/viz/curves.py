"""Lines over a common axis: losses over steps, functions over x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shinso.cell import Array
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import COLOURS, DASHES, styled

MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@styled
def curves(
    lines: Mapping[str, Any],
    x: Any = None,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: bool = False,
    logx: bool = False,
    markers: bool = False,
    ylim: tuple[float, float] | None = None,
) -> Picture:
    """Draw one or several named lines; they differ in colour and dash.

        viz.curves({"SGD": a, "Adam": b}, xlabel="step", ylabel="loss", log=True)

    lines: numbers (n,) by name; NaN leaves a gap. x: where they are, (n,); without it 0, 1, 2, …,
    and then the lines may differ in length. log, logx: a logarithmic axis of y, of x, where a zero
    leaves a gap. markers: mark every point. ylim: lowest and highest y shown.
    Names appear in a legend below if there are several.
    Raises ValueError for no lines, other shapes, and negative numbers on a logarithmic axis.
    """
    points = {name: _points(name, y, x) for name, y in lines.items()}
    _check(points, log, logx)
    picture, axes = one_axes(title=title)
    for i, (name, (at, y)) in enumerate(points.items()):
        axes.plot(at, y, label=name, **line_style(i, markers))
    _scale(axes, log, logx, ylim)
    if not logx and all((at == np.rint(at)).all() for at, _ in points.values()):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))  # there is no half epoch
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    if len(points) > 1:
        legend_below(picture, axes)
    return picture


def line_style(i: int, markers: bool = False) -> dict[str, Any]:
    """How the i-th of several lines is drawn: its colour and dash, and its marker if wanted."""
    style: dict[str, Any] = {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": DASHES[i % len(DASHES)],
    }
    if markers:
        style |= {"marker": MARKERS[i % len(MARKERS)], "markersize": 5}
    return style


def _points(name: str, y: Any, x: Any) -> tuple[Array, Array]:
    """x and y of one line, both (n,)."""
    values = np.asarray(y, dtype=float)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"line {name!r} has shape {values.shape}: give its numbers as (n,), n ≥ 1")
    at = np.arange(len(values), dtype=float) if x is None else np.asarray(x, dtype=float)
    if at.shape != values.shape:
        raise ValueError(f"line {name!r} has {len(values)} numbers, and x has shape {at.shape}")
    return at, values


def _check(points: Mapping[str, tuple[Array, Array]], log: bool, logx: bool) -> None:
    if not points:
        raise ValueError('there are no lines: give at least one, such as {"loss": losses}')
    for name, (at, y) in points.items():
        for axis, wanted, values in (("y", log, y), ("x", logx, at)):
            if wanted and not _fit_logarithm(values):
                raise ValueError(
                    f"line {name!r} has negative {axis}, or none above 0: "
                    "a logarithmic axis cannot show it"
                )


def _fit_logarithm(values: Array) -> bool:
    there = values[~np.isnan(values)]
    return not (there < 0).any() and bool((there > 0).any())


def _scale(axes: Axes, log: bool, logx: bool, ylim: tuple[float, float] | None) -> None:
    if log:
        axes.set_yscale("log", nonpositive="mask")
    if logx:
        axes.set_xscale("log", nonpositive="mask")
    if ylim is not None:
        axes.set_ylim(ylim)
