"""From a table to a network's input and back: fitted on training rows, saved as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from shinso.data.errors import DataError
from shinso.data.protocols import Array
from shinso.data.tabular.choices import Choices, read_choices
from shinso.data.tabular.parts import Part, learn, plain_part, read_part
from shinso.data.tabular.report import check_columns, target_values

_FORMAT = 1


class TablePreprocessor:
    """Turns a table into numbers by `Choices`: fills gaps, encodes categories, scales.

        prepared = TablePreprocessor(report(frame, "price").choices())
        x, y = prepared.fit(frame).transform(frame), prepared.target(frame)

    After fit: names_ of the inputs, classes_ (None for a regression).
    """

    def __init__(self, choices: Choices) -> None:
        choices.check()
        self.choices = choices
        self.parts_: list[Part] = []
        self.classes_: list[str] | None = None
        self.center_, self.scale_ = 0.0, 1.0
        self.range_ = -np.inf, np.inf

    def fit(self, frame: pd.DataFrame) -> TablePreprocessor:
        """Learn fillings, levels and scales from the training rows (see `rows`). Returns self.

        Raises DataError for columns that are missing or have no values.
        """
        check_columns(frame)
        self._check(frame, [self.choices.target, *self.choices.used])
        frame = frame[self.rows(frame)]
        if frame.empty:
            raise DataError("no row is left: every one has a missing value that drops it")
        values, self.classes_ = target_values(frame[self.choices.target], self.choices.task)
        if self.classes_ is None and self.choices.transform != "none":
            y = self._bent(values)
            self.center_, self.scale_ = float(y.mean()), float(y.std()) or 1.0
        if self.classes_ is None:
            self.range_ = float(values.min()), float(values.max())
        self.parts_ = [learn(frame[name], self.choices.columns[name]) for name in self.choices.used]
        return self

    @property
    def names_(self) -> list[str]:
        """Names of the inputs, in order."""
        return [name for part in self.parts_ for name in part.names]

    def rows(self, frame: pd.DataFrame) -> Array:
        """Which rows can be trained with: the target is known, and nothing missing drops them."""
        kept: Array = frame[self.choices.target].notna().to_numpy()
        for name, choice in self.choices.columns.items():
            if choice.use != "drop" and choice.missing == "drop rows":
                kept = kept & frame[name].notna().to_numpy()
        return kept

    def transform(self, frame: pd.DataFrame) -> Array:
        """The inputs, float32 (rows, inputs). Raises DataError for columns that are not there."""
        if not self.parts_:
            raise DataError("this preprocessor has learned nothing yet: call fit first")
        check_columns(frame)
        self._check(frame, [part.column for part in self.parts_])
        x = np.empty((len(frame), len(self.names_)), np.float32)
        start = 0
        for part in self.parts_:
            end = start + len(part.names)
            part.apply(frame[part.column], x[:, start:end])
            start = end
        return x

    def target(self, frame: pd.DataFrame) -> Array:
        """The target of rows where it is known: labels (rows,), or scaled float32 (rows,).

        Raises DataError for a class that training did not have.
        """
        values = frame[self.choices.target]
        if self.classes_ is None:
            y = self._bent(target_values(values, "regression")[0])
            scaled: Array = ((y - self.center_) / self.scale_).astype(np.float32)
            return scaled
        labels, classes = target_values(values, "classification")
        assert classes is not None
        if strange := [c for c in classes if c not in self.classes_]:
            raise DataError(f"the target has a class that training did not have: {strange[0]!r}")
        places = np.array([self.classes_.index(c) for c in classes])
        found: Array = places[labels]
        return found

    def restore(self, y: Array) -> Array:
        """What scaled predictions of a regression stand for.

        Those by a logarithm stay within what training had: a little too much would become a lot.
        """
        values = np.asarray(y, np.float64) * self.scale_ + self.center_
        if self.choices.transform != "log":
            return values
        return np.expm1(np.clip(values, *np.log1p(self.range_)))

    def _bent(self, values: Array) -> Array:
        if self.choices.transform != "log":
            return values
        if (values < 0).any():
            raise DataError(
                f"the target {self.choices.target!r} has negative values, of which there is no "
                "logarithm: set transform to 'standard'"
            )
        return np.log1p(values)

    def _check(self, frame: pd.DataFrame, needed: list[str]) -> None:
        if lost := [name for name in needed if name not in frame]:
            raise DataError(
                f"the table has no column {', '.join(map(repr, lost[:5]))}; it has "
                f"{', '.join(frame.columns)[:300]}"
            )

    def plain(self) -> dict[str, Any]:
        """Everything as plain values: choices, and what was learned."""
        return {
            "format": _FORMAT,
            "choices": self.choices.plain(),
            "classes": self.classes_,
            "target": [self.center_, self.scale_, *self.range_] if self.classes_ is None else [],
            "parts": [plain_part(part) for part in self.parts_],
        }


def read_preprocessor(plain: Any) -> TablePreprocessor:
    """The preprocessor that `TablePreprocessor.plain` describes. Raises ValueError if none."""
    if not isinstance(plain, Mapping) or plain.get("format") != _FORMAT:
        raise ValueError("these are no values of a table's preprocessing, or of another version")
    try:
        found = TablePreprocessor(read_choices(plain["choices"]))
        found.parts_ = [read_part(part) for part in plain["parts"]]
        classes = plain["classes"]
        if classes is None:
            found.center_, found.scale_, *limits = map(float, plain["target"])
            low, high = limits
            found.range_ = low, high
        found.classes_ = None if classes is None else [str(c) for c in classes]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"damaged values of a table's preprocessing ({error!r})") from error
    limits_known = found.classes_ is not None or np.isfinite(found.range_).all()
    if not np.isfinite([found.center_, found.scale_]).all() or not found.scale_ or not limits_known:
        raise ValueError("damaged values of a table's preprocessing: the target's scale")
    if [part.column for part in found.parts_] != found.choices.used:
        raise ValueError("damaged values of a table's preprocessing: columns do not fit")
    return found
