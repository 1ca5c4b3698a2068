"""How good a model for a table is: cross-validation, beside an answer that needs no model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)
from sklearn.model_selection import KFold, StratifiedKFold

from shinso.cell import Array
from shinso.classical.table_model import TableModel
from shinso.data import DataError
from shinso.data.tabular import Choices
from shinso.data.tabular.report import target_values

MOST_ROWS = 100_000
_FOLDS = 5


@dataclass
class Scores:
    """Of a model on rows that it was not trained on.

    values: by the measure's name, one for each fold. simple: the same for always answering the most
    frequent class, or the median. rows: that took part. predictions, targets: of all of them, in
    the same order; probabilities (rows, classes) or None.
    """

    values: dict[str, list[float]]
    simple: dict[str, float]
    rows: int
    targets: Array
    predictions: Array
    probabilities: Array | None = None
    folds: int = field(default=_FOLDS)


def cross_validate(
    frame: pd.DataFrame,
    choices: Choices,
    kind: Any = "mlp",
    folds: int = _FOLDS,
    seed: int = 0,
    progress: Callable[[int], None] = lambda fold: None,
) -> Scores:
    """Train on all parts but one and test on that, for each of `folds` parts.

    Everything that is learned of the columns is learned within the training parts, too. With more
    than 100 000 rows as many are drawn. Measures: accuracy, balanced accuracy and log loss, or mean
    absolute error, root mean squared error and R². progress: called with each fold's number.
    Raises DataError if there are fewer rows than folds, or than two of some class.
    """
    frame = frame[frame[choices.target].notna()]
    if len(frame) > MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(frame), MOST_ROWS, replace=False)
        frame = frame.iloc[np.sort(chosen)]
    if folds < 2 or len(frame) < 2 * folds:
        raise DataError(
            f"cross-validation in {folds} parts needs {2 * folds} rows; {len(frame)} given"
        )
    values, classes = target_values(frame[choices.target], choices.task)
    if classes is not None:
        counts = np.bincount(values, minlength=len(classes))
        if counts.min() < 2:
            rare = classes[int(counts.argmin())]
            raise DataError(
                f"class {rare!r} has a single row: leave it out, or join it with another"
            )
    kind_of_split = KFold if classes is None else StratifiedKFold
    split = kind_of_split(folds, shuffle=True, random_state=seed)
    said = np.empty(len(values), dtype=np.float64 if classes is None else np.int64)
    probabilities = None if classes is None else np.zeros((len(values), len(classes)))
    found: dict[str, list[float]] = {}
    with warnings.catch_warnings():
        # A rare class may be in one part only; a network may stop at its last epoch.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The least populated class")
        for fold, (train, test) in enumerate(split.split(values, values)):
            progress(fold)
            model = TableModel(choices, kind, seed).fit(frame.iloc[train])
            rows = frame.iloc[test]
            if probabilities is None:
                said[test] = model.predict(rows)
            else:
                assert classes is not None
                assert model.classes is not None
                places = [classes.index(c) for c in model.classes]
                p = model.predict_proba(rows)
                probabilities[np.ix_(test, places)] = p
                said[test] = np.array(places)[p.argmax(axis=1)]
            shares = None if probabilities is None else probabilities[test]
            for name, value in _measures(values[test], said[test], shares).items():
                found.setdefault(name, []).append(value)
    return Scores(found, _simple(values, classes), len(values), values, said, probabilities, folds)


def _measures(t: Array, y: Array, p: Array | None) -> dict[str, float]:
    if p is None:
        return {
            "mean absolute error": float(mean_absolute_error(t, y)),
            "root mean squared error": float(root_mean_squared_error(t, y)),
            "R²": float(r2_score(t, y)),
        }
    p = np.clip(p, 1e-7, None)
    p = p / p.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="y_pred contains classes not in y_true")
        balanced = float(balanced_accuracy_score(t, y))
    return {
        "accuracy": float(accuracy_score(t, y)),
        "balanced accuracy": balanced,
        "log loss": float(log_loss(t, p, labels=np.arange(p.shape[1]))),
    }


def _simple(values: Array, classes: list[str] | None) -> dict[str, float]:
    """The measures of an answer that needs no model."""
    if classes is None:
        return _measures(values, np.full(len(values), np.median(values)), None)
    shares = np.bincount(values, minlength=len(classes)) / len(values)
    always = np.full(len(values), int(shares.argmax()))
    return _measures(values, always, np.tile(shares, (len(values), 1)))
