"""report.html: what a run was, how it went, what the network learned, and where it fails.

One file with everything inside (SVG, PNG as data), no scripts and nothing from the network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.cell import Array
from shinso.nn.errors import describe
from shinso.nn.module import Module
from shinso.train.charts import ORANGE, Curve, confusion_chart, line_chart, scatter_chart
from shinso.train.metrics import confusion_matrix, f1_of, precision_of, recall_of
from shinso.train.outcome import Outcome, measure_outcome
from shinso.train.page import cards, page, section, table
from shinso.train.png import data_uri, from_image, from_signed
from shinso.train.progress import format_number, format_time
from shinso.train.runs import read_config

if TYPE_CHECKING:
    from shinso.train.history import History
    from shinso.train.trainer import Trainer

MOST_CLASSES = 25
MOST_FILTERS = 64
MOST_POINTS = 1500
MOST_VALUES = 25  # of a list in the configuration
_SHARES = ("accuracy", "precision", "recall", "f1")


def write_report(trainer: Trainer, train: Any, validation: Any) -> None:
    """Write report.html into the trainer's run folder, whole or not at all.

    train, validation: loaders; without validation the training data is looked at.
    Raises DataError if the file cannot be written.
    """
    assert trainer.folder is not None
    trainer.folder.write_report(build_report(trainer, train, validation))


def build_report(trainer: Trainer, train: Any, validation: Any) -> str:
    """The page as HTML text."""
    assert trainer.folder is not None
    config = read_config(trainer.folder.path)
    outcome = measure_outcome(trainer, train if validation is None else validation)
    where = "training data" if validation is None else "validation data"
    model = config.get("model")
    kind = model if isinstance(model, str) else config["network"]["class"]
    title = f"{kind} · {trainer.folder.path.name}"
    samples = config["train"].get("samples")
    size = f"{samples:,} training samples · " if samples is not None else ""
    subtitle = f"{size}{config['written'][:10]} · shinso {config['shinso']}"
    return page(
        title,
        subtitle,
        [
            cards(headline(trainer)),
            section("Learning curves", curves(trainer.history)),
            *_results(outcome, where),
            _filters(trainer.model, outcome.input_shape),
            _configuration(config),
        ],
    )


def headline(trainer: Trainer) -> list[tuple[str, str]]:
    """The numbers that one wants to see first: those of the last epoch, and what they are."""
    history = trainer.history
    measured = list(history.history)
    prefix = "val_" if "val_loss" in measured else ""
    numbers: list[tuple[str, str]] = []
    for name in (
        f"{prefix}{n}" for n in ("accuracy", "rmse", "mae", "loss") if prefix + n in measured
    ):
        share = name.endswith("accuracy")
        best = history.best(name, highest=share)
        if best is not None and len(numbers) < 2:
            last = history.records[-1]
            written = "{:.2%}".format if share else format_number
            what = _words(name)
            if best["epoch"] != last["epoch"]:
                what += f" (best {written(best[name])}, epoch {best['epoch']})"
            numbers.append((written(last[name]), what))
    count = sum(p.size for p in trainer.parameters)
    numbers.append((str(len(history)), "epoch" if len(history) == 1 else "epochs"))
    numbers.append((format_time(trainer.seconds), "training time"))
    numbers.append((f"{count:,}", "parameters"))
    return numbers


def _words(name: str) -> str:
    if name.startswith("val_"):
        return "validation " + name[4:].replace("_", " ")
    return "training " + name.replace("_", " ")


def curves(history: History) -> str:
    """One chart per number: training and validation together; the learning rate if it moved."""
    if not len(history):
        return '<p class="empty">No epoch was completed, so there is nothing to draw yet.</p>'
    values = history.history
    epochs = [epoch + 1 for epoch in history.epoch]
    charts = []
    for name in values:
        if name == "lr" or name.startswith("val_"):
            continue
        share = any(word in name for word in _SHARES)
        factor = 100.0 if share else 1.0
        lines = [Curve("training", [v * factor for v in values[name]])]
        if f"val_{name}" in values:
            held_out = [v * factor for v in values[f"val_{name}"]]
            lines.append(Curve("validation", held_out, ORANGE, dashed=True))
        charts.append(line_chart(epochs, lines, name.replace("_", " ") + (" (%)" if share else "")))
    rates = values.get("lr", [])
    if len(set(rates)) > 1:
        charts.append(
            line_chart(epochs, [Curve("learning rate", rates)], "learning rate", linear=True)
        )
    return f'<div class="charts">{"".join(f"<div>{chart}</div>" for chart in charts)}</div>'


# -- results -------------------------------------------------------------------------------------


def _results(outcome: Outcome, where: str) -> list[str]:
    part = "" if outcome.complete else f" (the first {len(outcome.true):,} samples)"
    if outcome.task == "classification":
        return [
            _confusion(outcome, f"{where}{part}"),
            _mistakes(outcome, f"{where}{part}"),
        ]
    if outcome.task == "regression":
        return [_residuals(outcome, f"{where}{part}")]
    return []


def _names(outcome: Outcome, count: int) -> list[str]:
    if outcome.classes is not None and len(outcome.classes) >= count:
        return list(outcome.classes[:count])
    return [str(i) for i in range(count)]


def _confusion(outcome: Outcome, where: str) -> str:
    largest = int(max(outcome.predicted.max(), outcome.true.max()))
    count = max(largest + 1, len(outcome.classes or ()))
    matrix = confusion_matrix(outcome.predicted, outcome.true, count)
    names = _names(outcome, len(matrix))
    right = int(np.trace(matrix))
    note = (
        f"{right:,} of {len(outcome.true):,} right on the {where}. Rows are the true classes, "
        "columns the predictions: blue is right, orange a mistake; a stronger colour is a larger "
        "share of the row."
    )
    if len(matrix) > MOST_CLASSES:
        return section(
            "Most frequent confusions",
            _confusions(matrix, names),
            f"{right:,} of {len(outcome.true):,} right on the {where}; {len(matrix)} classes are "
            "too many for a picture.",
        )
    chart = f'<div class="scroll">{confusion_chart(matrix, names)}</div>'
    content = f'<div class="charts">{chart}{_per_class(matrix, names)}</div>'
    return section("Confusion matrix", content, note)


def _confusions(matrix: Array, names: list[str]) -> str:
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:20]
    rows = [
        (names[i // len(names)], names[i % len(names)], f"{wrong.flat[i]:,}")
        for i in order.tolist()
        if wrong.flat[i]
    ]
    if not rows:
        return '<p class="empty">No mistakes at all.</p>'
    return table(("true class", "taken for", "times"), rows, "numbers")


def _per_class(matrix: Array, names: list[str]) -> str:
    columns = [precision_of(matrix, None), recall_of(matrix, None), f1_of(matrix, None)]
    rows = [
        (name, f"{int(total):,}", *(f"{column[i]:.1%}" for column in columns))
        for i, (name, total) in enumerate(zip(names, matrix.sum(axis=1), strict=True))
    ]
    return table(("class", "samples", "precision", "recall", "F1"), rows, "numbers")


def _mistakes(outcome: Outcome, where: str) -> str:
    title = "Worst mistakes"
    if not outcome.mistakes:
        text = f'<p class="empty">Every sample of the {escape(where)} was classified correctly.</p>'
        return section(title, text)
    count = 1 + max(max(m.true, m.predicted) for m in outcome.mistakes)
    names = _names(outcome, count)
    note = f"Wrong answers on the {where} that the network was most certain of."
    rows = [
        (f"{m.number:,}", names[m.true], names[m.predicted], f"{m.probability:.1%}")
        for m in outcome.mistakes
    ]
    if not is_image(outcome.input_shape):
        head = ("sample", "true class", "predicted", "probability")
        return section(title, table(head, rows, "numbers"), note)
    figures = [
        f'<figure><img src="{data_uri(from_image(m.x))}" alt="sample {number}">'
        f"<figcaption>{escape(predicted)}, not {escape(true)}<br>"
        f'<span class="small">{probability} sure<br>no. {number}</span></figcaption></figure>'
        for m, (number, true, predicted, probability) in zip(outcome.mistakes, rows, strict=True)
    ]
    note += " Predicted class first."
    return section(title, f'<div class="mistakes">{"".join(figures)}</div>', note)


def _residuals(outcome: Outcome, where: str) -> str:
    true, predicted = outcome.true.astype(np.float64), outcome.predicted.astype(np.float64)
    finite = np.isfinite(true) & np.isfinite(predicted)
    true, residual = true[finite], (predicted - true)[finite]
    if not len(true):
        return section("Residuals", '<p class="empty">No finite prediction to draw.</p>')
    step = max(1, len(true) // MOST_POINTS)
    rmse, mae = math.sqrt(float(np.mean(residual**2))), float(np.mean(np.abs(residual)))
    note = (
        f"Prediction minus target on the {where}: RMSE {format_number(rmse)}, mean absolute error "
        f"{format_number(mae)}, mean {format_number(float(residual.mean()))}. A good fit is a "
        "shapeless cloud around the dashed line."
    )
    if step > 1:
        note += f" One in {step} of {len(true):,} values is drawn, and the largest errors."
    worst = np.argsort(-np.abs(residual), kind="stable")[:8]
    drawn = np.union1d(np.arange(0, len(true), step), worst)
    chart = scatter_chart(true[drawn], residual[drawn], "target", "prediction − target")
    rows = [
        (f"{outcome.numbers[finite][i]:,}", *map(format_number, (true[i], predicted[finite][i])),
         format_number(residual[i]))
        for i in worst.tolist()
    ]  # fmt: skip
    errors = table(("sample", "target", "prediction", "difference"), rows, "numbers")
    content = f'<div class="charts"><div>{chart}</div><div>{errors}</div></div>'
    return section("Residuals and largest errors", content, note)


# -- weights and configuration -------------------------------------------------------------------


def is_image(shape: tuple[int, ...]) -> bool:
    """Whether one input of this shape, (C, H, W), can be shown: grey or RGB, 2 x 2 at least."""
    return len(shape) == 3 and shape[0] in (1, 3) and min(shape[1:]) > 1


def _filters(model: Module, input_shape: tuple[int, ...]) -> str:
    found = first_filters(model, input_shape)
    if found is None:
        return ""
    layer, filters = found
    shown = filters[:MOST_FILTERS]
    if filters.shape[1] == 3:
        pictures = [from_image(f) for f in shown]
        note = "Each weight as a colour, scaled per filter."
    else:
        largest = float(np.abs(np.where(np.isfinite(shown), shown, 0)).max())
        pictures = [from_signed(f[0], largest) for f in shown]
        note = "Blue adds to the unit's value, orange takes away, white does nothing."
        if filters.shape[1] > 1:
            note += " Of each filter the first input channel is drawn."
    if len(filters) > len(shown):
        note += f" The first {len(shown)} of {len(filters)}."
    tiles = [
        f'<img src="{data_uri(picture)}" alt="filter {i}">' for i, picture in enumerate(pictures)
    ]
    return section(f"First layer: {layer}", f'<div class="tiles">{"".join(tiles)}</div>', note)


def first_filters(model: Module, input_shape: tuple[int, ...]) -> tuple[str, Array] | None:
    """The first layer's weights as pictures (F, C, H, W), and the layer's name.

    None if the first layer with weights is neither a two-dimensional convolution with more than
    one weight per filter nor a linear layer on images.
    """
    for path, module in model.named_modules():
        weight = module._parameters.get("weight")
        if weight is None:
            continue
        w = weight.numpy()
        if w.ndim == 4 and w.shape[2] * w.shape[3] > 1:
            return describe(module, path), w
        if w.ndim == 2 and is_image(input_shape) and w.shape[1] == math.prod(input_shape):
            return describe(module, path), w.reshape(len(w), *input_shape)
        return None
    return None


def _configuration(config: Mapping[str, Any]) -> str:
    rows: list[tuple[str, str]] = []
    for name, value in config.items():
        if name != "network":
            _flatten(name.replace("_", " "), value, rows)
    layers = escape("\n".join(config["network"]["layers"]))
    content = table((), rows, "config") + f'<p></p><div class="scroll"><pre>{layers}</pre></div>'
    return section("Configuration", content)


def _flatten(name: str, value: Any, rows: list[tuple[str, str]]) -> None:
    """One row per plain value; the names on the way to it are joined."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(f"{name} / {key}".replace("_", " "), inner, rows)
    elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        for i, inner in enumerate(value):
            _flatten(f"{name} {i}" if len(value) > 1 else name.rpartition(" / ")[0], inner, rows)
    elif isinstance(value, list):
        shown = ", ".join(map(_short, value[:MOST_VALUES])) or "none"
        more = f", … ({len(value)} in all)" if len(value) > MOST_VALUES else ""
        rows.append((name, shown + more))
    elif value is not None and value is not False:
        rows.append((name, _short(value)))


def _short(value: Any) -> str:
    """A value to be read, not to be computed with: config.json has all digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
