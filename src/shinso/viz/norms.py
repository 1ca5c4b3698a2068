"""Why an L1 penalty gives zeros: the best weights inside balls of different norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from shinso.cell import Array
from shinso.viz.legend import legend_below
from shinso.viz.numbers import number
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLACK, BLUE, ORANGE, QUIET, say, styled

_LOOKED_AT = 720
"""Points of a quarter of the border between which minima are looked for."""

Curve = Callable[[Array], Array]


@styled
def norm_balls(
    ps: Sequence[float] = (0.5, 1, 2, 4),
    *,
    center: Any = (1.5, 0.4),
    matrix: Any = None,
    radius: float = 1.0,
) -> Picture:
    """Draw, for each p, the minimum of (w − c)ᵀ A (w − c) subject to ‖w‖ₚ ≤ r.

    At the default centre the best point of the L1 ball is a corner, where one weight is exactly 0;
    in the round ball of L2 no weight is 0.
    ps: one panel each; np.inf for the largest absolute value. center: c, the minimum without the
    condition. matrix: A, symmetric and positive definite (None: the identity). radius: r.
    Raises ValueError as `constrained_optimum`.
    """
    c, a = _checked(center, matrix, radius)
    best = [constrained_optimum(p, c, a, radius) for p in ps]
    columns = min(len(best), 2 if len(best) in (2, 4) else 3)
    if not columns:
        raise ValueError("there are no norms to draw: give at least one p, such as (1, 2)")
    rows = -(-len(best) // columns)
    picture, panels = grid(rows, columns, 3.9 * columns + 0.4, 3.9 * rows + 0.6)
    limits = _limits(c, radius)
    for axes, p, w in zip(panels, ps, best, strict=False):
        _panel(axes, p, w, c, a, radius, limits)
    for axes in panels[len(best) :]:
        axes.set_axis_off()
    legend_below(picture, panels[0])
    return picture


def constrained_optimum(p: float, center: Any, matrix: Any = None, radius: float = 1.0) -> Array:
    """The w that minimizes (w − c)ᵀ A (w − c) subject to ‖w‖ₚ ≤ r: (2,), to machine precision.

    A minimum that is not c itself lies on the border. There it is at a corner, or where the border
    and a contour touch: where the gradient 2 A (w − c) has no part along the border. For p < 1 the
    set is not convex and may have several such places; the best of all is returned.
    p: above 0; np.inf for the largest absolute value. center: (2,). matrix: (2, 2) symmetric,
    positive definite; None for the identity. radius: above 0.
    Raises ValueError for other numbers.
    """
    c, a = _checked(center, matrix, radius)
    if not p > 0:
        raise ValueError(f"p of a norm is above 0, not {p}")
    if size(c, p) <= radius:
        return c
    corners = radius * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=float)
    if np.isinf(p):
        corners = radius * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=float)
    found = list(corners)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if p == 1 or np.isinf(p):
            found.append(_best_of_edge(start, end, c, a))
        else:
            found += _touching(p, start, end, c, a, radius)
    return np.array(min(found, key=lambda w: quadratic(w, c, a)))


def size(w: Array, p: float) -> Array:
    """‖w‖ₚ of w (..., 2); for p < 1 the same formula, which is then no norm."""
    largest = np.abs(w).max(axis=-1)
    if np.isinf(p):
        return np.asarray(largest)
    relative = np.abs(w) / np.where(largest > 0, largest, 1)[..., None]
    return np.asarray(largest * (relative**p).sum(axis=-1) ** (1 / p))


def quadratic(w: Array, c: Array, a: Array) -> float:
    """(w − c)ᵀ A (w − c)."""
    return float((w - c) @ a @ (w - c))


def border(p: float, radius: float, points: int) -> Array:
    """The set of all w with ‖w‖ₚ = r, as a closed line (points, 2) that meets every corner."""
    angle = np.linspace(0, 2 * np.pi, 8 * (points // 8) + 1)
    direction = np.column_stack([np.cos(angle), np.sin(angle)])
    return radius * direction / size(direction, p)[:, None]


def _best_of_edge(start: Array, end: Array, c: Array, a: Array) -> Array:
    """The best point of a straight edge, by its formula."""
    along = end - start
    share = (c - start) @ a @ along / (along @ a @ along)
    return np.asarray(start + np.clip(share, 0.0, 1.0) * along)


def _touching(p: float, start: Array, end: Array, c: Array, a: Array, radius: float) -> list[Array]:
    """Where contours touch the border in the quarter between two corners.

    The quarter is w(s) = r (cos s)^(2/p) · start + r (sin s)^(2/p) · end, with s from 0 to π/2. The
    slope of the objective along it changes from − to + at a minimum; halving finds it.
    """
    first, second = start / radius, end / radius

    def at(s: Array) -> tuple[Array, Array]:
        return np.cos(s) ** (2 / p), np.sin(s) ** (2 / p)

    def point(s: Array) -> Array:
        u, v = at(s)
        return radius * (u[:, None] * first + v[:, None] * second)

    def slope(s: Array) -> Array:
        # Along uᵖ + vᵖ = 1 go du : dv = −vᵖ⁻¹ : uᵖ⁻¹, for p < 1 the same as −u¹⁻ᵖ : v¹⁻ᵖ.
        u, v = at(s)
        du, dv = (-(v ** (p - 1)), u ** (p - 1)) if p > 1 else (-(u ** (1 - p)), v ** (1 - p))
        tangent = du[:, None] * first + dv[:, None] * second
        return np.asarray((((point(s) - c) @ a) * tangent).sum(axis=1))

    places = np.linspace(0, np.pi / 2, _LOOKED_AT + 1)
    slopes = slope(places)
    falls = np.flatnonzero((slopes[:-1] <= 0) & (slopes[1:] > 0))
    low, high = places[falls], places[falls + 1]
    for _ in range(60):
        middle = (low + high) / 2
        down = slope(middle) <= 0
        low, high = np.where(down, middle, low), np.where(down, high, middle)
    return list(point(low))


def _checked(center: Any, matrix: Any, radius: float) -> tuple[Array, Array]:
    c = np.asarray(center, dtype=float)
    a = np.eye(2) if matrix is None else np.asarray(matrix, dtype=float)
    if c.shape != (2,) or not np.isfinite(c).all():
        raise ValueError(f"center is two numbers, not {np.asarray(center).tolist()}")
    symmetric = a.shape == (2, 2) and bool(np.isfinite(a).all()) and np.allclose(a, a.T)
    if not symmetric or np.linalg.eigvalsh(a)[0] <= 0:
        raise ValueError(f"matrix is symmetric, positive definite, (2, 2), not {a.tolist()}")
    if not (radius > 0 and np.isfinite(radius)):
        raise ValueError(f"radius is a length above 0, not {radius}")
    return c, a


def _limits(c: Array, radius: float) -> tuple[float, float]:
    """The same for both axes, so that a circle is round: the ball and the centre, and room."""
    reach = 1.25 * max(radius, float(np.abs(c).max()))
    return min(-1.25 * radius, 1.25 * float(c.min())), reach


def _panel(
    axes: Axes, p: float, w: Array, c: Array, a: Array, radius: float, limits: tuple[float, float]
) -> None:
    line = border(p, radius, 1600)
    axes.fill(
        *line.T, color=BLUE, alpha=0.25, linewidth=0, label=say("feasible set", "実行可能領域")
    )
    axes.plot(*line.T, color=BLUE, linewidth=1.5)
    _draw_contours(axes, w, c, a, limits)
    axes.plot(
        *c,
        "o",
        color=BLACK,
        markersize=7,
        label=say("unconstrained minimum", "制約なしの最小点"),
    )
    axes.plot(
        *w, "*", color=ORANGE, markersize=16, markeredgecolor="white", zorder=5,
        label=say("constrained minimum", "制約つきの最小点"),
    )  # fmt: skip
    norm = "∞" if np.isinf(p) else number(p)
    axes.set_title(f"p = {norm}:  w = ({', '.join(_rounded(v) for v in w)})")
    axes.set(xlim=limits, ylim=limits, aspect="equal", xlabel="w₁", ylabel="w₂")


def _draw_contours(axes: Axes, w: Array, c: Array, a: Array, limits: tuple[float, float]) -> None:
    """Contours of the quadratic, one of them through the optimum, which it touches the set in."""
    at = np.linspace(*limits, 200)
    away = np.stack(np.meshgrid(at, at), axis=-1) - c
    height = np.einsum("...i,ij,...j", away, a, away)
    touches = quadratic(w, c, a)
    step = np.sqrt(touches) / 2 if touches > 0 else np.sqrt(height.max()) / 6
    levels = (step * np.arange(1, 9)) ** 2
    widths = [2.0 if np.isclose(level, touches) else 0.8 for level in levels]
    axes.contour(at, at, height, levels=levels, colors=QUIET, linewidths=widths)
    axes.grid(visible=False)
    for draw in (axes.axhline, axes.axvline):
        draw(0, color="#b8b8b4", linewidth=0.8, zorder=0)


def _rounded(value: float) -> str:
    """Three digits after the point, but an exact zero as 0."""
    return "0" if value == 0 else f"{value:.3f}".replace("-", "−")
