"""What a trained classifier does: its curves, its confusions, its worst mistakes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from shinso.cell import Array
from shinso.train.history import History
from shinso.viz.images import image_grid
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, ORANGE, say, styled
from shinso.viz.tiles import letters_width

MOST_CLASSES = 25
_WITH_SHARES = 10
"""Up to so many classes the share of the row stands under each count."""

_NAMES = {
    "loss": ("loss", "損失"),
    "accuracy": ("accuracy", "正解率"),
    "top_5_accuracy": ("top-5 accuracy", "トップ 5 正解率"),
    "precision": ("precision", "適合率"),
    "recall": ("recall", "再現率"),
    "f1": ("F1", "F 値"),
    "mae": ("mean absolute error", "平均絶対誤差"),
    "rmse": ("root mean squared error", "平均二乗誤差の平方根"),
}
_NO_METRIC = ("lr", "epoch")
_VALIDATION = "val_"


@styled
def confusion(matrix: Any, classes: Sequence[Any], title: str = "") -> Picture:
    """Draw which classes are taken for which.

    matrix: (k, k) counts, true classes down, predicted ones across; 2 to 25 of them. classes: their
    names. The colour of a cell is its share of its row, the true class; up to 10 classes the share
    also stands under the count. The diagonal holds what is right.
    Raises ValueError for other shapes, negative or broken counts, and another number of names.
    """
    counts = _counts(matrix, classes)
    k, names = len(counts), [str(name) for name in classes]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    digits = len(str(counts.max()))
    cell = max(0.72 if k <= _WITH_SHARES else 0.44, 0.11 * digits + 0.14)
    beside = max(map(letters_width, names))
    slanted = beside > cell - 0.1
    below = beside * (0.75 if slanted else 0) + 0.25
    width = max(cell * k + beside + 1.9, 5.0)
    picture, axes = one_axes(width, max(cell * k + below + 0.9, 3.6), title=title)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    bar = axes.inset_axes((1 + 0.15 / (cell * k), 0, 0.2 / (cell * k), 1))  # as high as the axes
    picture.colorbar(image, cax=bar, label=say("share of the true class", "正解クラスに占める割合"))
    for i, j in np.ndindex(k, k):
        _write_cell(axes, i, j, int(counts[i, j]), float(share[i, j]), k)
    axes.set_yticks(range(k), names)
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(k), names, **(turned if slanted else {}))
    axes.set(xlabel=say("predicted", "予測"), ylabel=say("true", "正解"))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    return picture


@styled
def learning_curves(history: Any, *, metrics: Sequence[str] | None = None) -> Picture:
    """Draw what was measured over the epochs, training solid and validation dashed.

    history: of a run of a Trainer, or a mapping of lists of numbers by name, validation's under
    "val_…". metrics: which ones, one panel each, such as ["loss", "accuracy"]; None takes all but
    the learning rate. A ring marks validation's lowest loss.
    Raises ValueError if there is nothing to draw, KeyError for a metric that was not measured.
    """
    measured: Mapping[str, Sequence[float]] = (
        history.history if isinstance(history, History) else dict(history)
    )
    chosen = _chosen(measured) if metrics is None else list(metrics)
    for name in chosen:
        if name not in measured and _VALIDATION + name not in measured:
            known = ", ".join(_chosen(measured))
            raise KeyError(f"{name!r} was not measured; there are {known}")
    if not chosen or not any(len(v) for v in measured.values()):
        raise ValueError("nothing was measured yet: there are no epochs to draw")
    columns = min(len(chosen), 3)
    rows = math.ceil(len(chosen) / columns)
    picture, panels = grid(rows, columns, max(4.6 * columns, 7.0), 3.7 * rows + 0.4)
    for axes, name in zip(panels, chosen, strict=False):
        _metric(axes, name, measured)
    for axes in panels[len(chosen) :]:
        axes.set_axis_off()
    legend_below(picture, panels[0])
    return picture


@styled
def worst_mistakes(
    images: Any,
    true: Any,
    predicted: Any,
    probability: Any,
    classes: Sequence[Any] | None = None,
    count: int = 12,
) -> Picture:
    """Draw the images that a classifier got wrong with the greatest certainty.

    images: (n, h, w), (n, 1, h, w) or (n, 3, h, w). true, predicted: (n,) class numbers.
    probability: (n,) of the predicted class. classes: names by number. count: at most so many.
    Over each image stand its true class, what it was taken for, and with which probability.
    Raises ValueError if nothing is wrong, and for other shapes.
    """
    pictures = np.asarray(images)
    wanted, got, sure = np.asarray(true), np.asarray(predicted), np.asarray(probability)
    for name, array in (("true", wanted), ("predicted", got), ("probability", sure)):
        if array.shape != pictures.shape[:1]:
            raise ValueError(
                f"{name} has shape {array.shape}: give one number for each of the {len(pictures)} "
                "images"
            )
    if count < 1:
        raise ValueError(f"count is how many images to show, at least 1, not {count}")
    order = worst_first(wanted, got, sure)[:count]
    if not len(order):
        raise ValueError(f"all {len(wanted)} images are classified rightly: no mistakes to show")
    titles = [
        say(
            f"true {_class(wanted[i], classes)}\npredicted {_class(got[i], classes)}",
            f"正解 {_class(wanted[i], classes)}\n予測 {_class(got[i], classes)}",
        )
        + f"\n{_percent(sure[i])}"
        for i in order
    ]
    return image_grid(pictures[order], titles=titles, columns=min(len(order), 6))


def worst_first(true: Array, predicted: Array, probability: Array) -> Array:
    """The numbers of the examples that are wrong, the surest mistake first; all arguments (n,)."""
    wrong = np.flatnonzero(true != predicted)
    return wrong[np.argsort(-probability[wrong], kind="stable")]


def _counts(matrix: Any, classes: Sequence[Any]) -> Array:
    given = np.asarray(matrix)
    k = len(given) if given.ndim else 0
    if given.shape != (k, k) or not 2 <= k <= MOST_CLASSES:
        raise ValueError(
            f"a confusion matrix is (k, k) for 2 to {MOST_CLASSES} classes, not {given.shape}"
        )
    if len(classes) != k:
        raise ValueError(f"the matrix has {k} classes, and {len(classes)} names were given")
    counts = given.astype(np.int64)
    if (counts < 0).any() or (counts != given).any():
        raise ValueError("a confusion matrix has counts: whole numbers, none below 0")
    return counts


def _write_cell(axes: Axes, i: int, j: int, count: int, share: float, k: int) -> None:
    """The count, and its share below; an empty cell of a large matrix stays empty."""
    if count == 0 and k > _WITH_SHARES:
        return
    colour = "white" if share > 0.55 else "#1c1c1c"
    text = f"{count}\n{_percent(share)}" if k <= _WITH_SHARES and count else f"{count}"
    axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=11, linespacing=1.3)


def _chosen(measured: Mapping[str, Any]) -> list[str]:
    """All metrics, without the prefix of validation, in their order."""
    return list(dict.fromkeys(n.removeprefix(_VALIDATION) for n in measured if n not in _NO_METRIC))


def _metric(axes: Axes, name: str, measured: Mapping[str, Sequence[float]]) -> None:
    train, held_out = measured.get(name), measured.get(_VALIDATION + name)
    if train is not None:
        epochs = np.arange(1, len(train) + 1)
        axes.plot(epochs, train, color=BLUE, label=say("training", "学習"))
    if held_out is not None:
        values = np.asarray(held_out, dtype=float)
        epochs = np.arange(1, len(values) + 1)
        axes.plot(epochs, values, color=ORANGE, linestyle="--", label=say("validation", "検証"))
        if name == "loss" and np.isfinite(values).any():
            best = int(np.nanargmin(np.where(np.isfinite(values), values, np.nan)))
            ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 1.8}
            label = say("lowest validation loss", "検証損失の最小")
            axes.plot(best + 1, values[best], "o", color=ORANGE, markersize=10, label=label, **ring)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(say("epoch", "エポック"))
    axes.set_ylabel(say(*_NAMES.get(name, (name, name))))


def _class(number: Any, classes: Sequence[Any] | None) -> str:
    return str(number) if classes is None else str(classes[int(number)])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
