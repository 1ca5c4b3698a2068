"""Where a classifier of two features changes its mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection

from shinso.cell import Array
from shinso.graph import get_default_dtype, no_grad
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.viz.curves import MARKERS
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import BLACK, COLOURS, say, styled

MOST_CLASSES = len(COLOURS)
_PALE = 0.22


@styled
def decision_boundary(
    predict: Any,
    x: Any,
    y: Any,
    *,
    classes: Sequence[str] | None = None,
    title: str = "",
    points: int = 300,
    margin: float = 0.25,
) -> Picture:
    """Colour the plane by what a classifier says, draw where it changes, and the examples.

        viz.decision_boundary(model, x, y, classes=["0", "1"])

    predict: an nn.Module, an estimator with `predict`, or a function of (n, 2). What it gives is
    understood as classes if it is one value per row, all of them values of y; as scores otherwise:
    (n,) or (n, 1) for two classes, the second where the score is above 0; (n, k) for k classes, the
    largest decides. x: (n, 2). y: (n,), the true classes. classes: their names, in the order of
    their values. points: of the grid, along each axis. margin: around the examples, as a share of
    their range. A module runs in evaluation mode; afterwards it is as before.
    Raises ValueError for other shapes and for more than 7 classes.
    """
    examples, labels = _checked(x, y)
    low, high = examples.min(axis=0), examples.max(axis=0)
    room = margin * np.where(high > low, high - low, 1.0)
    across, up = np.linspace(low - room, high + room, points).T
    at = np.stack(np.meshgrid(across, up), axis=-1)
    answer = _ask(predict, at.reshape(-1, 2))
    decision = _decide(answer, labels)
    names = _names(decision.values, classes)
    picture, axes = one_axes(6.2, 5.4, title=title)
    _colour(axes, across, up, decision.margins.reshape(-1, points, points))
    _draw_examples(axes, examples, labels, decision.values, names)
    axes.set(xlim=across[[0, -1]], ylim=up[[0, -1]], xlabel="x₁", ylabel="x₂")
    axes.grid(visible=False)
    legend = legend_below(picture, axes)
    for handle in legend.legend_handles if legend is not None else ():
        cast(PathCollection, handle).set_sizes([60.0])
    return picture


@dataclass(frozen=True)
class _Decision:
    """values: (k,) of the classes. margins: (k, n), above 0 where it is that class."""

    values: Array
    margins: Array


def _checked(x: Any, y: Any) -> tuple[Array, Array]:
    examples, labels = np.asarray(x, dtype=float), np.asarray(y)
    if examples.ndim != 2 or examples.shape[1] != 2 or len(examples) == 0:
        raise ValueError(f"x has shape {examples.shape}: a boundary is drawn for examples (n, 2)")
    if labels.shape == (len(examples), 1):
        labels = labels[:, 0]
    if labels.shape != (len(examples),):
        raise ValueError(
            f"y has shape {labels.shape}: give one class for each of the {len(examples)} examples"
        )
    return examples, labels


def _ask(predict: Any, at: Array) -> Array:
    """What the classifier gives for points (n, 2): (n,) or (n, k)."""
    if isinstance(predict, Module):
        dtype = next((p.data.dtype for p in predict.parameters()), get_default_dtype())
        with evaluating(predict), no_grad():
            answer = np.asarray(predict(at.astype(dtype)).data)
    else:
        answer = np.asarray(getattr(predict, "predict", predict)(at))
    if answer.shape == (len(at), 1):
        answer = answer[:, 0]
    if answer.ndim not in (1, 2) or len(answer) != len(at) or answer.size == 0:
        raise ValueError(
            f"predict gave shape {answer.shape} for {len(at)} points: it must give a class or a "
            "score for each, (n,), or scores (n, k)"
        )
    return answer


def _decide(answer: Array, labels: Array) -> _Decision:
    known = np.unique(labels)
    if answer.ndim == 2:
        values = _values_of_columns(known, answer.shape[1])
        best = np.partition(answer, -2, axis=1)
        others = np.where(answer == best[:, -1:], best[:, -2:-1], best[:, -1:])
        margins = (answer - others).T
    elif answer.dtype.kind != "f" or np.isin(answer, known).all():
        values = np.union1d(known, answer)
        margins = np.where(answer == values[:, None], 0.5, -0.5)
    else:
        values = _values_of_columns(known, 2)
        margins = np.stack([-answer, answer])
    if len(values) > MOST_CLASSES:
        raise ValueError(
            f"there are {len(values)} classes, and at most {MOST_CLASSES} colours can be told apart"
        )
    return _Decision(values, margins)


def _values_of_columns(known: Array, count: int) -> Array:
    """Which classes the columns of scores stand for: those of y, or else 0, 1, …"""
    if len(known) == count:
        return known
    numbers = np.arange(count)
    if np.isin(known, numbers).all():
        return numbers
    raise ValueError(
        f"predict scores {count} classes, and y has {len(known)}: {known.tolist()}. "
        f"Number the classes 0 to {count - 1}"
    )


def _names(values: Array, classes: Sequence[str] | None) -> list[str]:
    if classes is None:
        return [f"{say('class', 'クラス')} {value}" for value in values.tolist()]
    if len(classes) != len(values):
        raise ValueError(f"there are {len(values)} classes, and {len(classes)} names in classes")
    return list(classes)


def _colour(axes: Axes, across: Array, up: Array, margins: Array) -> None:
    """Fill each class's region, and draw a line around it where there is another."""
    for colour, margin in zip(COLOURS, margins, strict=False):
        top = float(margin.max())
        if top >= 0:
            levels = [0, top + 1]
            axes.contourf(across, up, margin, levels=levels, colors=[colour], alpha=_PALE)
        if margin.min() < 0 < top:
            axes.contour(across, up, margin, levels=[0], colors=BLACK, linewidths=1.2)


def _draw_examples(axes: Axes, x: Array, y: Array, values: Array, names: Sequence[str]) -> None:
    size = 36 if len(x) <= 400 else 22
    for i, value in enumerate(values):
        mine = x[y == value]
        axes.scatter(
            mine[:, 0],
            mine[:, 1],
            s=size,
            color=COLOURS[i],
            marker=MARKERS[i],
            edgecolors=BLACK,
            linewidths=0.6,
            label=names[i],
            zorder=3,
        )
