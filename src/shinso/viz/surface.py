"""Functions of one and two variables, and how optimizers move over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.ticker import LogLocator, MaxNLocator

from shinso.cell import Array
from shinso.viz.legend import legend_below
from shinso.viz.numbers import number
from shinso.viz.paths import (
    START,
    Range,
    checked_paths,
    draw_paths,
    lifted,
    path_style,
    within,
)
from shinso.viz.picture import Picture, new_picture, one_axes
from shinso.viz.style import QUIET, SEQUENTIAL, say, styled

_LIFT = 0.015
"""How far above the surface a path is drawn, as a share of the surface's height."""


@styled
def line(
    f: Callable[[Array], Any],
    low: float,
    high: float,
    *,
    paths: Mapping[str, Any] | None = None,
    points: int = 400,
    xlabel: str = "x",
    ylabel: str = "f(x)",
    title: str = "",
) -> Picture:
    """Draw a function of one variable, and paths over it.

    f: takes an array (n,) and gives one, elementwise. low, high: the range of x. paths: arrays
    (steps, 1) or (steps,) by name, as `optim.trajectory` gives them. points: where f is computed.
    What of a path leaves the range is not shown.
    Raises ValueError for an empty range, other shapes, or an f that is finite nowhere.
    """
    _check_range("x", (low, high))
    x = np.linspace(low, high, points)
    y = _values(f, x)
    picture, axes = one_axes(title=title)
    axes.plot(x, y, color=QUIET, label=ylabel)
    axes.set_xlim(low, high)
    axes.set_ylim(axes.get_ylim())
    known = checked_paths(paths, 1)
    shown = {name: path[(path >= low) & (path <= high)] for name, path in known.items()}
    draw_paths(
        axes,
        {name: np.column_stack([at, _values(f, at)]) for name, at in shown.items() if at.size},
    )
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    if known:
        legend_below(picture, axes)
    return picture


@styled
def contours(
    f: Callable[[Array, Array], Any],
    x_range: Range,
    y_range: Range,
    *,
    paths: Mapping[str, Any] | None = None,
    points: int = 200,
    levels: int = 20,
    log: bool = False,
    title: str = "",
    xlabel: str = "x₁",
    ylabel: str = "x₂",
) -> Picture:
    """Draw a function of two variables as contours, and paths over it.

    f: takes two arrays of one shape and gives one, elementwise. x_range, y_range: lowest and
    highest. paths: arrays (steps, 2) by name. points: of the grid, along each axis. levels: how
    many contours. log: they are spaced logarithmically, for functions with a flat valley and steep
    walls. A path that leaves the range is cut off at its border.
    Raises ValueError for an empty range, other shapes, an f that is finite nowhere or the same
    everywhere, and, with log, for negative values.
    """
    known = checked_paths(paths, 2)
    size = (7.0, 5.4)
    picture = contour_picture(size, f, x_range, y_range, known, points, levels, log, title)
    picture.axes[0].set(xlabel=xlabel, ylabel=ylabel)
    return picture


@styled
def surface(
    f: Callable[[Array, Array], Any],
    x_range: Range,
    y_range: Range,
    *,
    paths: Mapping[str, Any] | None = None,
    points: int = 80,
    title: str = "",
    elevation: float = 35.0,
    azimuth: float = -60.0,
) -> Picture:
    """Draw a function of two variables as a surface in space, and paths on it.

    f, x_range, y_range, paths, points: as for `contours`. elevation, azimuth: from where one looks,
    in degrees above the ground and around the vertical axis. Paths are drawn slightly above the
    surface, also where a hill would hide them.
    Raises ValueError as `contours`.
    """
    known = checked_paths(paths, 2)
    x, y, z = _grid(f, x_range, y_range, points)
    picture = new_picture(7.0, 5.8)
    axes: Any = picture.add_subplot(projection="3d", computed_zorder=False)
    draw_surface(axes, x, y, z)
    lift = _LIFT * float(np.ptp(z[np.isfinite(z)]))
    for i, (name, path) in enumerate(known.items()):
        _draw_lifted(axes, i, name, path, f, x_range, y_range, lift)
    if known:
        starts = within(np.array([path[0] for path in known.values()]), x_range, y_range)
        heights = _values(f, *starts.T) + lift
        axes.plot(*starts.T, heights, label=say("start", "出発点"), **START)
        legend_below(picture, axes)
    axes.view_init(elevation, azimuth)
    axes.set(xlim=x_range, ylim=y_range, xlabel="x₁", ylabel="x₂", zlabel="f(x₁, x₂)")
    axes.set_title(title)
    return picture


def draw_surface(axes: Any, x: Array, y: Array, z: Array) -> None:
    """A surface over a grid, few ticks along the axes in space, and room for their labels.

    The layout does not see the label at the right, so that room is kept for it.
    """
    axes.figure.get_layout_engine().set(rect=(0, 0, 0.97, 1))
    rows, columns = z.shape
    axes.plot_surface(
        x, y, z, cmap=pale(), rcount=rows, ccount=columns, linewidth=0, zorder=1, antialiased=False
    )
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.labelpad = 8
    axes.set_box_aspect(None, zoom=0.92)


def pale() -> Colormap:
    """The usual colours with white mixed in: a ground on which paths stand out."""
    import matplotlib as mpl

    colours = mpl.colormaps[SEQUENTIAL](np.linspace(0, 1, 256))
    colours[:, :3] = 0.5 + 0.5 * colours[:, :3]
    return ListedColormap(colours, name="pale")


def contour_picture(
    size: tuple[float, float],
    f: Callable[[Array, Array], Any],
    x_range: Range,
    y_range: Range,
    paths: Mapping[str, Array],
    points: int,
    levels: int,
    log: bool,
    title: str,
) -> Picture:
    """`contours` in a picture of any size, in inches."""
    x, y, z = _grid(f, x_range, y_range, points)
    picture, axes = one_axes(*size, title=title)
    draw_contours(picture, axes, x, y, z, levels, log, "f(x₁, x₂)")
    draw_paths(axes, paths)
    axes.set(xlim=x_range, ylim=y_range, xlabel="x₁", ylabel="x₂")
    if paths:
        legend_below(picture, axes)
    return picture


def draw_contours(
    picture: Picture, axes: Axes, x: Array, y: Array, z: Array, levels: int, log: bool, label: str
) -> None:
    """Filled contours with thin lines between, and what their colours mean."""
    at = _levels(z, levels, log)
    norm = LogNorm(at[0], at[-1]) if log else Normalize(at[0], at[-1])
    shown = np.ma.masked_invalid(np.where(z < at[0], at[0], z))
    filled = axes.contourf(x, y, shown, levels=at, norm=norm, cmap=pale())
    axes.contour(x, y, shown, levels=at[1:-1], colors="#7a7a7a", linewidths=0.5)
    axes.grid(visible=False)
    bar = picture.colorbar(filled, ax=axes, label=label)
    ticks = _ticks(at[0], at[-1], log)
    bar.set_ticks(ticks, labels=[number(tick) for tick in ticks])
    bar.ax.minorticks_off()


def _ticks(low: float, high: float, log: bool) -> list[float]:
    """Round numbers for the colour bar."""
    decades = np.log10(high / low) if log else 0.0
    locator = (
        LogLocator(subs=(1.0,) if decades >= 3 else (1.0, 2.0, 5.0)) if log else MaxNLocator(6)
    )
    return [float(t) for t in locator.tick_values(low, high) if low <= t <= high]


def _levels(z: Array, count: int, log: bool) -> Array:
    """Where contours run, lowest first: evenly from least to greatest, or in equal ratios.

    Logarithmic ones begin where 0.1 % of the grid is lower, so that a single zero counts little.
    """
    there = z[np.isfinite(z)]
    low, high = float(there.min()), float(there.max())
    if log and low < 0:
        raise ValueError(
            f"logarithmic contours need f ≥ 0, and it goes down to {low:.4g}: "
            "give log=False, or add a constant to f"
        )
    if log:
        low = float(np.quantile(there[there > 0], 0.001)) if high > 0 else high
    if not low < high:
        raise ValueError(f"f is {low:.4g} on the whole grid: there are no contours to draw")
    return np.geomspace(low, high, count + 1) if log else np.linspace(low, high, count + 1)


def _draw_lifted(
    axes: Any,
    i: int,
    name: str,
    path: Array,
    f: Callable[[Array, Array], Any],
    x_range: Range,
    y_range: Range,
    lift: float,
) -> None:
    """A path on the surface: a line that follows it, and markers at the steps."""
    style = path_style(i, len(path))
    line_only = style | {"marker": ""}
    on_it = lifted(path, lambda x, y: _values(f, x, y), x_range, y_range)
    axes.plot(on_it[:, 0], on_it[:, 1], on_it[:, 2] + lift, zorder=4, **line_only)
    steps = within(path, x_range, y_range)
    axes.plot(*steps.T, _values(f, *steps.T) + lift, zorder=4, **(style | {"linestyle": "none"}))
    axes.plot([], [], [], label=name, **style)


def _grid(
    f: Callable[[Array, Array], Any], x_range: Range, y_range: Range, points: int
) -> tuple[Array, Array, Array]:
    """x, y and f of a grid, each (points, points)."""
    _check_range("x", x_range)
    _check_range("y", y_range)
    if points < 2:
        raise ValueError(f"a grid has at least 2 points along each axis, not {points}")
    x, y = np.meshgrid(np.linspace(*x_range, points), np.linspace(*y_range, points))
    return x, y, _values(f, x, y)


def _values(f: Callable[..., Any], *at: Array) -> Array:
    """f of arrays of one shape, as float64 of that shape; what is not finite becomes NaN."""
    values = np.asarray(f(*at), dtype=float)
    if values.shape != at[0].shape:
        raise ValueError(
            f"f gave shape {values.shape} for arrays of shape {at[0].shape}: it must work "
            "elementwise, in NumPy"
        )
    if values.size and not np.isfinite(values).any():
        raise ValueError("f is finite nowhere in this range: there is nothing to draw")
    return np.where(np.isfinite(values), values, np.nan)


def _check_range(name: str, limits: Range) -> None:
    low, high = limits
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"the range of {name} goes from {low} to {high}: give lowest, highest")
