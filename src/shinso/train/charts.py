"""Charts as SVG text: curves over epochs, a cloud of residuals, a confusion matrix.

Sizes are in units of the drawing, which is 420 wide: small enough that the lettering stays readable
when a phone shrinks it. Lines differ in dash and colour, so that they can be told apart in grey.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from shinso.cell import Array

WIDTH, HEIGHT = 420, 280
LEFT, RIGHT, TOP, BOTTOM = 74, 14, 34, 46
BLUE, ORANGE = "#0072b2", "#d55e00"  # Okabe and Ito's colours, safe for colour-blind readers

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Curve:
    """One line of a chart: its name, one value per epoch (NaN: none), and how it is drawn."""

    name: str
    values: Sequence[float]
    colour: str = BLUE
    dashed: bool = False


def line_chart(
    epochs: Sequence[int], curves: Sequence[Curve], y_label: str, linear: bool = False
) -> str:
    """Curves over epochs, with a legend. Values that span more than 1:100 get a logarithmic axis.

    epochs: from 1. linear: never a logarithmic axis. Returns an <svg> element; a chart without any
    finite value says so.
    """
    values = [v for curve in curves for v in curve.values if math.isfinite(v)]
    if not values or not epochs:
        return _empty(f"no finite values of {y_label} were recorded")
    logarithmic = not linear and min(values) > 0 and max(values) / min(values) > 100
    y_ticks = (
        log_ticks(min(values), max(values)) if logarithmic else ticks(min(values), max(values))
    )
    x_ticks = whole_ticks(min(epochs), max(epochs))
    at_x = _linear(min(epochs), max(epochs), LEFT + 8, WIDTH - RIGHT - 8)
    at_y = _y_scale(y_ticks, logarithmic)
    label = f"{y_label}, logarithmic" if logarithmic else y_label
    parts = _axes(x_ticks, y_ticks, at_x, at_y, "epoch", label)
    for curve in curves:
        points = [
            (at_x(e), at_y(v))
            for e, v in zip(epochs, curve.values, strict=True)
            if math.isfinite(v)
        ]
        parts += _polyline(points, curve)
    parts += _legend(curves)
    return _svg(parts, f"{y_label} over epochs")


def scatter_chart(x: Array, y: Array, x_label: str, y_label: str) -> str:
    """Points, with a line at y = 0. x, y: (N,), finite, at least one point."""
    x_ticks, y_ticks = (
        ticks(float(x.min()), float(x.max())),
        ticks(min(0.0, float(y.min())), max(0.0, float(y.max()))),
    )
    at_x = _linear(x_ticks[0], x_ticks[-1], LEFT + 8, WIDTH - RIGHT - 8)
    at_y = _y_scale(y_ticks, False)
    parts = _axes(x_ticks, y_ticks, at_x, at_y, x_label, y_label)
    zero = at_y(0)
    parts.append(f'<path d="M{LEFT} {zero:.1f}H{WIDTH - RIGHT}" class="zero"/>')
    radius = 3 if len(x) <= 300 else 1.8
    parts += [
        f'<circle cx="{at_x(a):.1f}" cy="{at_y(b):.1f}" r="{radius}" class="point"/>'
        for a, b in zip(x.tolist(), y.tolist(), strict=True)
    ]
    return _svg(parts, f"{y_label} against {x_label}")


def confusion_chart(matrix: Array, names: Sequence[str]) -> str:
    """A confusion matrix (C, C): true classes down, predicted across, counts in shaded cells.

    Right answers are shaded blue, mistakes orange, by their share of the row (its square root, so
    that a few mistakes show). names: one per class.
    """
    short = [name if len(name) <= 12 else name[:11] + "…" for name in names]
    digits = max(len(str(int(matrix.max(initial=0)))), 2)
    cell = max(30, 9 * digits + 8)
    longest = max(len(name) for name in short)
    slanted = longest > 3
    left = 30 + 7.5 * longest
    top = 34 + (6 * longest if slanted else 14)
    size = cell * len(names)
    parts = [
        f'<text x="{left + size / 2:.0f}" y="14" class="label" text-anchor="middle">predicted'
        "</text>",
        f'<text x="14" y="{top + size / 2:.0f}" class="label" text-anchor="middle" '
        f'transform="rotate(-90 14 {top + size / 2:.0f})">true</text>',
    ]
    for i, name in enumerate(short):
        middle = left + cell * (i + 0.5)
        turn = f' transform="rotate(-45 {middle:.0f} {top - 8:.0f})"' if slanted else ""
        anchor = "start" if slanted else "middle"
        parts.append(
            f'<text x="{middle:.0f}" y="{top - 8:.0f}" text-anchor="{anchor}"{turn}>{escape(name)}'
            f'</text><text x="{left - 8:.0f}" y="{top + cell * (i + 0.5) + 4:.0f}" '
            f'text-anchor="end">{escape(name)}</text>'
        )
        parts += _row(matrix, i, left, top, cell)
    extra = 4.5 * longest if slanted else 0
    return _svg(parts, "confusion matrix", left + size + 10 + extra, top + size + 10, scale=True)


def _row(matrix: Array, i: int, left: float, top: float, cell: float) -> list[str]:
    total = max(int(matrix[i].sum()), 1)
    parts = []
    for j, count in enumerate(matrix[i].tolist()):
        strength = math.sqrt(count / total)
        colour = BLUE if i == j else ORANGE
        ink = "#fff" if strength > 0.65 else ("#1c1c1c" if count else "#8a8a8a")
        x, y = left + cell * j, top + cell * i
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{cell}" height="{cell}" fill="{colour}" '
            f'fill-opacity="{strength:.3f}" class="cell"/>'
            f'<text x="{x + cell / 2:.0f}" y="{y + cell / 2 + 4:.0f}" text-anchor="middle" '
            f'style="fill:{ink}">{count}</text>'
        )
    return parts


# -- axes ----------------------------------------------------------------------------------------


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers that enclose low..high: steps of 1, 2 or 5 times a power of ten."""
    if high - low < 1e-9 * max(abs(high), abs(low), 1e-9):
        margin = abs(high) * 0.1 or 1.0
        low, high = low - margin, high + margin
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def whole_ticks(low: int, high: int, about: int = 8) -> list[float]:
    """Whole numbers from low to high."""
    step = 1
    while (high - low) / step > about:
        step = next(s for m in range(12) for s in (10**m, 2 * 10**m, 5 * 10**m) if s > step)
    return [float(v) for v in range(-(-low // step) * step, high + 1, step)] or [float(low)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten that enclose low..high."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**k for k in range(first, last + 1)]


def _linear(low: float, high: float, start: float, end: float) -> Scale:
    if high <= low:
        return lambda v: (start + end) / 2
    return lambda v: start + (v - low) / (high - low) * (end - start)


def _y_scale(marks: Sequence[float], logarithmic: bool) -> Scale:
    bottom, top = HEIGHT - BOTTOM, TOP + 6
    if not logarithmic:
        return _linear(marks[0], marks[-1], bottom, top)
    scale = _linear(math.log10(marks[0]), math.log10(marks[-1]), bottom, top)
    return lambda v: scale(math.log10(v))


def _axes(
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    at_x: Scale,
    at_y: Scale,
    x_label: str,
    y_label: str,
) -> list[str]:
    floor = HEIGHT - BOTTOM
    parts = []
    for value, text in zip(y_ticks, tick_texts(y_ticks), strict=True):
        y = at_y(value)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" class="grid"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    for value, text in zip(x_ticks, tick_texts(x_ticks), strict=True):
        x = at_x(value)
        parts.append(f'<path d="M{x:.1f} {floor}v4" class="axis"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{text}</text>')
    middle = (TOP + floor) / 2
    parts += [
        f'<path d="M{LEFT} {floor}H{WIDTH - RIGHT}" class="axis"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" class="label" '
        f'text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="14" y="{middle:.0f}" class="label" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle:.0f})">{escape(y_label)}</text>',
    ]
    return parts


def tick_texts(values: Sequence[float]) -> list[str]:
    """Labels with as many decimals as the steps need, and no more."""
    step = min((b - a for a, b in pairwise(values)), default=1.0)
    largest = max(abs(v) for v in values)
    if largest >= 1e5 or (0 < step < 1e-4):
        return [f"{v:.3g}".replace("-", "−") for v in values]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return [f"{v + 0.0:.{decimals}f}".replace("-", "−") for v in values]


def _polyline(points: list[tuple[float, float]], curve: Curve) -> list[str]:
    dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    parts = [f'<polyline points="{text}" stroke="{curve.colour}"{dash} class="curve"/>']
    if len(points) <= 20:
        fill = "#fff" if curve.dashed else curve.colour
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" stroke="{curve.colour}" fill="{fill}" '
            'class="dot"/>'
            for x, y in points
        ]
    return parts


def _legend(curves: Sequence[Curve]) -> list[str]:
    parts, x = [], float(LEFT)
    for curve in curves:
        dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
        parts.append(
            f'<path d="M{x:.0f} 14h26" stroke="{curve.colour}"{dash} class="curve"/>'
            f'<text x="{x + 32:.0f}" y="18">{escape(curve.name)}</text>'
        )
        x += 32 + 7.5 * len(curve.name) + 22
    return parts


def _svg(
    parts: list[str],
    title: str,
    width: float = WIDTH,
    height: float = HEIGHT,
    scale: bool = False,
) -> str:
    """An <svg> element; `scale` keeps it between 0.75 and 1.25 of its own size, to be scrolled."""
    body = "\n".join(parts)
    limits = f' style="min-width:{0.75 * width:.0f}px;max-width:{1.25 * width:.0f}px"'
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}"{limits if scale else ""} role="img" '
        f'aria-label="{escape(title)}">\n{body}\n</svg>'
    )


def _empty(text: str) -> str:
    return f'<p class="empty">Nothing to draw: {escape(text)}.</p>'
