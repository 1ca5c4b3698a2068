"""A table in, predictions out: the preprocessing of `data.tabular` and an estimator in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shinso.cell import Array
from shinso.classical.elm import ELMClassifier, ELMRegressor
from shinso.classical.logistic import LogisticRegression
from shinso.classical.mlp import MLPClassifier, MLPRegressor
from shinso.classical.saving import load as load_estimator
from shinso.classical.tree import TreeClassifier, TreeRegressor
from shinso.data import DataError
from shinso.data.atomic import save_bytes
from shinso.data.tabular import Choices, TablePreprocessor, read_preprocessor

TABLE, ESTIMATOR = "table.json", "estimator.safetensors"
_SHOWN = 3_000_000  # examples that a network sees at most, by default
_MANY, _VERY_MANY = 20_000, 200_000


class TableModel:
    """A model for rows of a table.

        model = TableModel(report(frame, "price").choices(), "mlp").fit(frame)
        model.predict(other_frame)

    choices: what becomes of the columns. kind: "mlp", "elm", "linear" or "tree", or an estimator
    of `shinso.classical`. seed: decides weights and order.
    """

    def __init__(self, choices: Choices, kind: Any = "mlp", seed: int = 0) -> None:
        if isinstance(kind, str) and kind not in KINDS:
            raise ValueError(f"a model for tables is one of {', '.join(KINDS)}, not {kind!r}")
        self.kind, self.seed = kind, seed
        self.preprocessor = TablePreprocessor(choices)
        self.estimator: Any = None

    @property
    def classes(self) -> list[str] | None:
        """The classes, or None for a regression."""
        return self.preprocessor.classes_

    def fit(self, frame: pd.DataFrame) -> TableModel:
        """Learn from the rows whose target is known. Returns self.

        Raises DataError for a table that does not fit the choices.
        """
        rows = self.preprocessor.fit(frame).rows(frame)
        frame = frame if rows.all() else frame[rows]
        x, y = self.preprocessor.transform(frame), self.preprocessor.target(frame)
        self.estimator = self.kind
        if isinstance(self.kind, str):
            self.estimator = KINDS[self.kind](len(x), self.classes is not None, self.seed)
        self.estimator.fit(x, y)
        return self

    def predict(self, frame: pd.DataFrame) -> Array:
        """The class (texts) or the number for each row, (rows,)."""
        said = self.estimator.predict(self.preprocessor.transform(frame))
        if self.classes is None:
            return self.preprocessor.restore(said)
        return np.array(self.classes, dtype=object)[said.astype(np.intp)]

    def predict_proba(self, frame: pd.DataFrame) -> Array:
        """The probability of each of `classes`, (rows, classes)."""
        p = self.estimator.predict_proba(self.preprocessor.transform(frame))
        assert self.classes is not None
        if len(self.estimator.classes_) == len(self.classes):
            return p
        whole = np.zeros((len(p), len(self.classes)), p.dtype)  # some classes were in no row
        whole[:, self.estimator.classes_.astype(np.intp)] = p
        return whole

    def save(self, folder: str | Path) -> None:
        """Write table.json (choices and all that was learned of the columns) and
        estimator.safetensors into a folder. Raises DataError if that fails."""
        folder = Path(folder)
        text = json.dumps(self.preprocessor.plain(), indent=1, ensure_ascii=False, allow_nan=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{folder}: cannot be written: {error.strerror or error}.") from None
        self.estimator.save(folder / ESTIMATOR)
        save_bytes(folder / TABLE, text.encode())


def load_table_model(folder: str | Path) -> TableModel:
    """Read what `TableModel.save` wrote; it predicts as the one that was saved.

    Raises DataError for no such folder, or a damaged one.
    """
    path = Path(folder) / TABLE
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        preprocessor = read_preprocessor(plain)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise DataError(f"{path}: holds no model for a table: {error}") from error
    estimator = load_estimator(Path(folder) / ESTIMATOR)
    inputs = getattr(estimator, "n_features_in_", None)
    if inputs != len(preprocessor.names_):
        raise DataError(
            f"{folder}: the estimator takes {inputs} inputs, the table gives "
            f"{len(preprocessor.names_)}: the files are not from one model"
        )
    model = TableModel(preprocessor.choices, estimator)
    model.preprocessor, model.estimator = preprocessor, estimator
    return model


def _mlp(rows: int, labels: bool, seed: int) -> Any:
    """One hidden layer of 100 ReLUs; it stops when a tenth of the rows, held back, say so.

    Of many rows none are held back: few epochs do, and splitting would copy all of them.
    """
    return (MLPClassifier if labels else MLPRegressor)(
        (100,),
        alpha=1e-3,
        batch_size=min(rows, 200 if rows < _MANY else 500),
        max_iter=int(np.clip(_SHOWN // rows, 5, 200)),
        early_stopping=500 <= rows < _VERY_MANY,
        n_iter_no_change=8,
        random_state=seed,
    )


def _elm(rows: int, labels: bool, seed: int) -> Any:
    """Up to 1000 random sigmoids."""
    units = int(np.clip(rows // 5, 20, 1000))
    return (ELMClassifier if labels else ELMRegressor)(units, alpha=1.0, random_state=seed)


def _linear(rows: int, labels: bool, seed: int) -> Any:
    """Logistic regression; for numbers a network without hidden layers."""
    if labels:
        return LogisticRegression(max_iter=300)
    epochs = int(np.clip(_SHOWN // rows, 5, 200))
    return MLPRegressor((), max_iter=epochs, learning_rate_init=0.01, random_state=seed)


def _tree(rows: int, labels: bool, seed: int) -> Any:
    """A tree whose leaves have at least 5 rows, or a five-hundredth of all."""
    leaf = max(5, rows // 500)
    return (TreeClassifier if labels else TreeRegressor)(min_samples_leaf=leaf, random_state=seed)


KINDS: dict[str, Callable[[int, bool, int], Any]] = {
    "mlp": _mlp,
    "elm": _elm,
    "linear": _linear,
    "tree": _tree,
}
"""Models for tables by name: called with the number of rows, whether there are classes, a seed."""
