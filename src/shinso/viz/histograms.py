"""Histograms of layers: of one pass, and over training; and how large their values are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from shinso.cell import Array
from shinso.nn.module import Module
from shinso.viz.inside import activations
from shinso.viz.legend import legend_below
from shinso.viz.numbers import number
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, DASHES, SEQUENTIAL, say, styled
from shinso.viz.watch import KINDS, Watch

MOST_PANELS = 12
MOST_SIDE_BY_SIDE = 20
PIXELS = 82
"""Rows of a heat map."""
BRIGHTEST = 0.97
"""Colours end where so many of its places are darker: one spike shall not darken all others."""


@styled
def activation_histograms(
    model: Module, x: Any, *, layers: Sequence[str] | None = None, bins: int = 40
) -> Picture:
    """How the outputs of each layer are distributed for some input: what an initialization does.

    x: the input. layers: names as for `inside.activations`; by default all that have none below
    them, evenly chosen if there are over 20. bins: over the range of all outputs together.
    All panels have the same axes: the values across, the share of values in a bin upwards. Below
    each stand mean and standard deviation.
    Raises ValueError for a layer that there is not, or outputs that are not finite.
    """
    found = activations(model, x, layers)
    if not found:
        raise ValueError(f"{type(model).__name__} ran no layer whose output could be shown")
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise ValueError(f"the output of {name} has values that are NaN or infinite")
    names = evenly(list(found), MOST_SIDE_BY_SIDE)
    low = min(float(found[name].min()) for name in names)
    high = max(float(found[name].max()) for name in names)
    if low == high:
        low, high = low - 0.5, high + 0.5
    columns = _columns(len(names), 5)
    rows = math.ceil(len(names) / columns)
    title = say("outputs of the layers", "各層の出力の分布") + _chosen(names, list(found))
    picture, panels = grid(
        rows, columns, max(3.4, 2.3 * columns), 0.4 + 2.6 * rows, title, sharex=True, sharey=True
    )
    for axes, name in zip(panels, names, strict=False):
        _histogram(axes, name, found[name], np.linspace(low, high, bins + 1))
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        axes.set_ylabel(say("share of values", "値の割合"))
    return picture


def _histogram(axes: Axes, name: str, values: Array, edges: Array) -> None:
    counts, _ = np.histogram(values, edges)
    axes.stairs(counts / values.size, edges, fill=True, color=BLUE)
    axes.set_title(name)
    mean, std = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    words = say("mean {}\nstd {}", "平均 {}\n標準偏差 {}")
    axes.set_xlabel(words.format(_three(mean), _three(std)))
    axes.tick_params(labelbottom=True)
    axes.set_xlim(edges[0], edges[-1])
    axes.locator_params(axis="x", nbins=2)


@styled
def histograms(watch: Watch, what: str = "activation") -> Picture:
    """How the values of each layer are distributed while the network learns: a panel for each.

    watch: the callback of a run. what: "activation", "gradient", "weight" or "update". Over 12
    layers, 12 are chosen evenly, and the title says so.
    Across: epochs, or steps where the watch counts steps; upwards the value; the brighter a place,
    the larger the share of values there. A few values that lie far out are cut off.
    Raises ValueError for another kind, or a watch that has seen nothing of it.
    """
    every = _layers(watch, what)
    names = evenly(every, MOST_PANELS)
    maps = [heat_map(watch, what, name) for name in names]
    shares = np.concatenate([share[share > 0] for _, _, share in maps])
    norm = PowerNorm(0.5, 0.0, float(np.quantile(shares, BRIGHTEST)))
    columns = _columns(len(names), 4)
    rows = math.ceil(len(names) / columns)
    title = f"{_word(what)}{_chosen(names, every)}"
    picture, panels = grid(
        rows, columns, 1.2 + max(3.4, 2.5 * columns), 0.9 + 2.2 * rows, title, sharex=True
    )
    for axes, name, (times, values, share) in zip(panels, names, maps, strict=False):
        mesh = axes.pcolormesh(times, values, share, norm=norm)
        axes.set_title(name)
        axes.grid(visible=False)
        axes.locator_params(axis="y", nbins=5)
        axes.yaxis.set_major_formatter(lambda value, _: number(value))  # no 1e−5 above the panel
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    for axes in panels[max(0, len(names) - columns) : len(names)]:
        axes.set_xlabel(_time_label(watch))
        axes.tick_params(labelbottom=True)
    for axes in panels[::columns]:
        axes.set_ylabel(say("value", "値"))
    bar = picture.colorbar(mesh, ax=list(panels), aspect=15 * rows, extend="max")
    bar.set_label(say("share of values", "値の割合"))
    return picture


@styled
def sizes(watch: Watch, what: str = "activation") -> Picture:
    """How large the values of each layer are while the network learns: their standard deviations.

    watch, what: as for `histograms`. One line for each layer on a logarithmic axis, from dark near
    the input to bright near the output. Over 12 layers, 12 are chosen evenly; the title says so.
    Where all values of a layer are the same, its line has a gap.
    """
    every = _layers(watch, what)
    names = evenly(every, MOST_PANELS)
    title = say(f"standard deviation of {_word(what)}", f"{_word(what)}の標準偏差") + _chosen(
        names, every
    )
    picture, axes = one_axes(8.0, 5.2, title)
    colours = colormaps[SEQUENTIAL](np.linspace(0, 0.9, len(names)))
    for i, name in enumerate(names):
        times, std = _stds(watch, what, name)
        axes.plot(
            times, std, DASHES[i % len(DASHES)], color=colours[i], label=name, marker="o", ms=3
        )
    axes.set_yscale("log")
    axes.set_xlabel(_time_label(watch))
    axes.set_ylabel(say("standard deviation", "標準偏差"))
    legend_below(picture, axes)
    return picture


def _stds(watch: Watch, what: str, layer: str) -> tuple[Array, Array]:
    """When a layer was seen, and the standard deviations then, NaN for 0."""
    seen = [s for s in watch.snapshots if layer in s.of[what].layers]
    std = np.array([s.of[what].std[s.of[what].row(layer)] for s in seen])
    times = np.array([_time(watch, s) for s in seen], dtype=float)
    return times, np.where(std > 0, std, np.nan)


def heat_map(watch: Watch, what: str, layer: str) -> tuple[Array, Array, Array]:
    """The histograms of a layer over training on common bins.

    Returns the edges in time (n + 1,), those of the values (82 + 1,) and the shares of the values
    (82, n); what lies between the edges of a recorded bin is taken to be evenly spread.
    """
    seen = [s for s in watch.snapshots if layer in s.of[what].layers]
    rows = [(s.of[what].edges[i], s.of[what].counts[i]) for s in seen
            for i in [s.of[what].row(layer)]]  # fmt: skip
    values = np.linspace(min(e[1] for e, _ in rows), max(e[-2] for e, _ in rows), PIXELS - 1)
    step = values[1] - values[0]
    values = np.concatenate([[values[0] - step], values, [values[-1] + step]])
    columns = []
    for edges, counts in rows:
        below = np.concatenate([[0], np.cumsum(counts)]) / max(1, counts.sum())
        columns.append(np.diff(np.interp(values, edges, below)))
    times = np.array([_time(watch, s) for s in seen], dtype=float)
    return _between(times), values, np.stack(columns, axis=1)


def _between(times: Array) -> Array:
    """Edges in the middle between moments, and as far out at the ends."""
    if len(times) == 1:
        return np.array([times[0] - 0.5, times[0] + 0.5])
    middle = (times[1:] + times[:-1]) / 2
    first, last = 2 * times[0] - middle[0], 2 * times[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])


def _time(watch: Watch, snapshot: Any) -> int:
    return int(snapshot.epoch if watch.every is None else snapshot.step)


def _time_label(watch: Watch) -> str:
    return say("epoch", "エポック") if watch.every is None else say("step", "ステップ")


def _layers(watch: Watch, what: str) -> list[str]:
    """The layers that were seen, in their order."""
    if what not in KINDS:
        raise ValueError(f"what is one of {', '.join(KINDS)}, not {what!r}")
    found = list(dict.fromkeys(name for s in watch.snapshots for name in s.of[what].layers))
    if not found:
        raise ValueError(
            f"this Watch has recorded no {what}: give it to a Trainer as callbacks=[watch], call "
            "fit, then draw"
        )
    return found


def _word(what: str) -> str:
    return {
        "activation": say("outputs of the layers", "各層の出力"),
        "gradient": say("gradients of the layers' outputs", "各層の出力に関する勾配"),
        "weight": say("weights", "重み"),
        "update": say("updates of the weights in one step", "1 ステップでの重みの更新量"),
    }[what]


def evenly(items: list[str], most: int) -> list[str]:
    """At most so many of the items, evenly spaced, with the first and the last."""
    if len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


def _chosen(names: list[str], every: list[str]) -> str:
    if len(names) == len(every):
        return ""
    return say(
        f" ({len(names)} of {len(every)} layers)", f"({len(every)} 層のうち {len(names)} 層)"
    )


def _columns(panels: int, most: int) -> int:
    """Panels in a row so that the rows are about equally long."""
    return math.ceil(panels / math.ceil(panels / most))


def _three(value: float) -> str:
    return number(float(f"{value:.3g}"))
