"""The paths that optimizers take over a function, as lines in its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes

from shinso.cell import Array
from shinso.viz.curves import line_style
from shinso.viz.style import BLACK, say

Range = tuple[float, float]
_MANY = 60
"""From so many steps on markers are smaller."""
_PIECES = 24
"""Into how many a step is cut so that it follows a curved surface."""


def checked_paths(paths: Mapping[str, Any] | None, variables: int) -> dict[str, Array]:
    """Every path as float64 (steps, variables). Raises ValueError for other shapes."""
    found = {}
    for name, path in (paths or {}).items():
        points = np.asarray(path, dtype=float)
        if variables == 1 and points.ndim == 1:
            points = points[:, None]
        if points.ndim != 2 or points.shape[1] != variables or len(points) == 0:
            raise ValueError(
                f"path {name!r} has shape {points.shape}: give its points as (steps, {variables}), "
                "the start first"
            )
        found[name] = points
    return found


def path_style(i: int, steps: int) -> dict[str, Any]:
    """How the i-th path is drawn: small markers, and a light rim so that it shows on any ground."""
    rim = [effects.Stroke(linewidth=2.8, foreground="white"), effects.Normal()]
    size = 4.0 if steps <= _MANY else 2.2
    look = {"linewidth": 1.6, "markersize": size, "markeredgewidth": 0.8, "path_effects": rim}
    return line_style(i, markers=True) | look


def draw_paths(axes: Axes, paths: Mapping[str, Array]) -> None:
    """Lines with small markers, (steps, 2) each, and a ring around every start."""
    for i, (name, path) in enumerate(paths.items()):
        axes.plot(*path.T, label=name, zorder=4, **path_style(i, len(path)))
    if paths:
        starts = np.array([path[0] for path in paths.values()])
        axes.plot(*starts.T, label=say("start", "出発点"), **START)


START: dict[str, Any] = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 11,
    "markerfacecolor": "none",
    "markeredgecolor": BLACK,
    "markeredgewidth": 1.8,
    "zorder": 5,
}
"""How starts are marked."""


def lifted(path: Array, f: Callable[[Array, Array], Array], x: Range, y: Range) -> Array:
    """What of a path (steps, 2) lies over the range, as a line on the surface.

    Returns (n, 3); rows of NaN part pieces between which the path is outside.
    """
    pieces = [_inside(a, b, x, y) for a, b in pairwise(path)]
    gap = np.full((1, 2), np.nan)
    flat = np.concatenate([np.concatenate([p, gap]) for p in pieces if len(p)] or [gap])
    heights = np.full(len(flat), np.nan)
    there = ~np.isnan(flat[:, 0])
    heights[there] = f(flat[there, 0], flat[there, 1])
    return np.column_stack([flat, heights])


def within(points: Array, x: Range, y: Range) -> Array:
    """Those of the points (n, 2) that lie in the range."""
    low, high = np.transpose([x, y])
    return points[((points >= low) & (points <= high)).all(axis=1)]


def _inside(a: Array, b: Array, x: Range, y: Range) -> Array:
    """The part of the step from a to b over the range, cut into points (n, 2); none outside.

    Each coordinate is within its limits for a stretch of t in a + t (b − a); the part is where all
    these and 0 ≤ t ≤ 1 overlap.
    """
    start, end = 0.0, 1.0
    for value, change, limits in zip(a, b - a, (x, y), strict=True):
        if change == 0:
            if not limits[0] <= value <= limits[1]:
                return np.empty((0, 2))
            continue
        enters, leaves = sorted((limit - value) / change for limit in limits)
        start, end = max(start, enters), min(end, leaves)
    if not start < end:
        return np.empty((0, 2))
    points = a + np.linspace(start, end, _PIECES + 1)[:, None] * (b - a)
    return np.clip(points, *np.transpose([x, y]))
