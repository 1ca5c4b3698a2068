"""The page that `shinso table` leaves: the file, every column, how good the model is."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import numpy as np

from shinso.classical.table_model import TableModel
from shinso.classical.table_scores import Scores
from shinso.data.atomic import save_bytes
from shinso.data.tabular import Choices, ColumnChoice, Reading, TableReport
from shinso.train.charts import confusion_chart, scatter_chart
from shinso.train.metrics import confusion_matrix
from shinso.train.page import cards, page, section, table

HEADS = ("column", "kind", "missing", "distinct", "such as", "use", "why")
MOST_CLASSES = 25
MOST_POINTS = 1500


def write_page(
    path: Path,
    name: str,
    reading: Reading,
    found: TableReport,
    model: TableModel,
    scores: Scores,
) -> None:
    """Write the page, whole or not at all. Raises DataError if that fails."""
    headline = [
        (_number(statistics.fmean(values)), f"{measure}, mean of {scores.folds} parts")
        for measure, values in scores.values.items()
    ]
    choices = model.preprocessor.choices
    notes = [*reading.notes, *found.notes]
    parts = [
        cards(headline),
        section(
            "How good it is",
            table(("", "model", "simple answer"), score_rows(scores), "numbers"),
            f"Cross-validation on {scores.rows:,} rows: trained on all parts but one, tested on "
            "that. ± is the standard deviation between parts. The simple answer is the same for "
            "every row: the most frequent class, or the median.",
        ),
        section("Where it is wrong", _picture(scores, found)),
        section(
            "Columns",
            table(HEADS, column_rows(found, choices), "columns"),
            f"{len(choices.used)} of {len(choices.columns)} columns are used; they become "
            f"{len(model.preprocessor.names_)} inputs.",
        ),
        section("Notes on the file", table((), [(str(i), n) for i, n in enumerate(notes, 1)], ""))
        if notes
        else "",
    ]
    title = f"{found.target} · {Path(name).name}"
    subtitle = f"{found.task} by {type(model.estimator).__name__} from {found.rows:,} rows"
    save_bytes(path, page(title, subtitle, parts).encode())


def column_rows(found: TableReport, choices: Choices) -> list[tuple[str, ...]]:
    """For each column what was found, and what becomes of it and why: texts under `HEADS`."""
    rows = []
    for facts in found.table():
        choice = choices.columns.get(facts[0], ColumnChoice("drop", why="not among the choices"))
        rows.append((*facts[:5], choice.use, choice.why))
    return rows


def score_rows(scores: Scores) -> list[tuple[str, str, str]]:
    """Measure, mean ± deviation of the model, and the simple answer's value."""
    rows = []
    for measure, values in scores.values.items():
        mean, spread = statistics.fmean(values), statistics.stdev(values)
        # As many places as give the deviation two digits.
        places = max(0, 1 - math.floor(math.log10(spread))) if spread > 0 else 3
        text = f"{mean:,.{places}f} ± {spread:,.{places}f}"
        rows.append((measure, text, f"{scores.simple[measure]:,.{places}f}"))
    return rows


def _picture(scores: Scores, found: TableReport) -> str:
    if found.classes is None:
        shown = np.arange(len(scores.targets))
        if len(shown) > MOST_POINTS:
            shown = np.random.default_rng(0).choice(shown, MOST_POINTS, replace=False)
        x, y = scores.targets[shown], scores.predictions[shown]
        return scatter_chart(x, y - x, f"true {found.target}", "predicted - true")
    if len(found.classes) > MOST_CLASSES:
        return f'<p class="note">{len(found.classes)} classes are too many for a picture.</p>'
    matrix = confusion_matrix(scores.predictions, scores.targets, len(found.classes))
    return confusion_chart(matrix, found.classes)


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}"
