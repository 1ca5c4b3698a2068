"""A look at a table before anything learns from it: what each column is, and what to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from shinso.data.errors import DataError
from shinso.data.protocols import Array
from shinso.data.tabular.choices import MOST_LEVELS, Choices, ColumnChoice
from shinso.data.tabular.columns import Column, codes_of, describe, is_number, levels_of
from shinso.data.tabular.doubts import (
    is_identifier_name,
    looks_like_identifier,
    looks_like_labels,
    predictive_power,
)

MOST_CLASSES = 20
MOSTLY_MISSING = 0.5
OFTEN_MISSING = 0.05
LEAK, STRONG = 0.97, 0.85
LEAST_SHARE = 0.1  # of the rows that the levels of a category with many values must cover
SAMPLE = 20_000
_HEAVY = 3.0  # skewness from which on a number is better seen by its logarithm


@dataclass
class TableReport:
    """What a table holds.

    target, task: what is predicted, "classification" or "regression". classes: sorted, or None.
    rows: with a known target. columns: all others, in order. notes: about the table as a whole.
    """

    target: str
    task: str
    rows: int
    classes: list[str] | None
    columns: list[Column]
    transform: str = "none"
    notes: list[str] = field(default_factory=list)

    def choices(self) -> Choices:
        """What is recommended, to be changed and given to `TablePreprocessor`."""
        columns = {column.name: _choice(column) for column in self.columns}
        return Choices(self.target, self.task, self.transform, columns)

    def table(self) -> list[tuple[str, ...]]:
        """A row for each column: name, kind, missing, distinct, examples, use, reason."""
        return [
            (
                c.name,
                c.kind,
                f"{100 * c.missing:.3g} %" if c.missing else "",
                f"{c.distinct:,}",
                ", ".join(c.examples),
                c.use,
                _reason(c),
            )
            for c in self.columns
        ]


def report(frame: pd.DataFrame, target: str, task: str | None = None, seed: int = 0) -> TableReport:
    """Look at every column, and recommend what to do with it.

    frame: the table. target: the column to predict. task: "classification" or "regression"; None
    decides: classes if the target is text, or whole numbers with at most 20 different values, fewer
    than half as many as rows. seed: decides which 20 000 rows are looked at where all would be too
    many.

    A column is recommended to be dropped if it is empty, constant, prose, missing in more than half
    of the rows, only says which row it is, says the same as another one, or tells the target nearly
    exactly (see `doubts.predictive_power`; over 0.97), which a column that is known before the
    target rarely can. Whole numbers that seem to be labels become categories
    (`doubts.looks_like_labels`).
    Raises DataError for a target that is not there, always missing or always the same; ValueError
    for another task.
    """
    check_columns(frame)
    if target not in frame:
        near = get_close_matches(str(target), frame.columns, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(frame.columns)}."
        raise DataError(f"there is no column {target!r}. {hint:.400}")
    known = frame[target].notna()
    notes = []
    if not known.all():
        lost = int((~known).sum())
        notes.append(f"{lost:,} rows have no value of {target!r} and are left out")
        frame = frame[known]
    if frame.empty:
        raise DataError(f"the target {target!r} has no values")
    task = task or _task(frame[target])
    values, classes = target_values(frame[target], task)
    if values.min() == values.max():
        raise DataError(f"the target {target!r} always has the same value: nothing to learn")
    if twice := int(frame.duplicated().sum()):
        notes.append(f"{twice:,} rows come more than once")
    chosen = np.arange(len(frame))
    if len(frame) > SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(len(frame), SAMPLE, replace=False))
    sample, said = frame.iloc[chosen], values[chosen]
    seen: dict[bytes, str] = {}
    columns = []
    for name in frame.columns:
        if name != target:
            column = describe(name, frame[name])
            _judge(column, frame[name], sample[name], said, classes is not None, seen)
            columns.append(column)
    transform = "none" if classes is not None else _transform(values)
    return TableReport(target, task, len(frame), classes, columns, transform, notes)


def check_columns(frame: pd.DataFrame) -> None:
    """Raise DataError unless the columns' names are texts, each another one."""
    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names):
        raise DataError("names of columns must be texts: frame.columns = frame.columns.map(str)")
    if len(set(names)) != len(names):
        raise DataError("two columns have the same name")


def target_values(values: pd.Series, task: str) -> tuple[Array, list[str] | None]:
    """A target without missing values as labels (n,) with the sorted classes, or as numbers (n,).

    Raises DataError if numbers are wanted and others are there, ValueError for another task.
    """
    if task == "classification":
        classes = levels_of(values)
        if is_number(values):
            classes.sort(key=float)
        return codes_of(values, classes), classes
    if task != "regression":
        raise ValueError(f"task is 'classification' or 'regression', not {task!r}")
    if not is_number(values):
        example = values.iloc[0]
        raise DataError(f"the target {values.name!r} is no number but, for example, {example!r}")
    return values.to_numpy(np.float64), None


def _task(values: pd.Series) -> str:
    if not is_number(values):
        return "classification"
    distinct = values.unique()
    few = len(distinct) <= MOST_CLASSES and 2 * len(distinct) < len(values)
    return "classification" if few and (distinct == np.rint(distinct)).all() else "regression"


def _transform(values: Array) -> str:
    """ "log" for numbers that are never negative and have a long tail, else "standard"."""
    return "log" if _has_long_tail(values) else "standard"


def _has_long_tail(values: Array) -> bool:
    """Whether numbers are never negative and very skewed."""
    spread = values.std()
    if spread == 0 or values.min() < 0:
        return False
    return float((((values - values.mean()) / spread) ** 3).mean()) > _HEAVY


def _judge(
    column: Column,
    values: pd.Series,
    sample: pd.Series,
    target: Array,
    labels: bool,
    seen: dict[bytes, str],
) -> None:
    """Fill in findings, use and why."""

    def drop(why: str) -> None:
        column.use, column.why = "drop", why

    if column.kind == "empty":
        return drop("no values")
    if column.kind == "constant":
        return drop(f"always {column.examples[0]!r}" + (" or missing" if column.missing else ""))
    power = predictive_power(sample, target, labels)
    if reason := looks_like_identifier(column, values):
        if power > STRONG:
            column.findings.append("the target follows it: the rows are sorted")
        return drop(f"identifies the row: {reason}")
    if power >= LEAK:
        return drop(f"leak? it alone says {100 * power:.1f} % of the target")
    if power >= STRONG:
        column.findings.append(
            f"says {100 * power:.0f} % of the target alone: is it known before the target?"
        )
    if column.kind == "text":
        return drop("prose: words are not read")
    if column.missing > MOSTLY_MISSING:
        return drop(f"mostly missing: {100 * column.missing:.0f} %")
    if twin := _twin(column, sample, seen):
        return drop(f"says the same as {twin!r}")
    column.use = "number"
    if column.kind == "date":
        column.use, column.why = "date", "becomes days, day of the year, weekday and hour"
    elif column.kind == "category" or (column.kind == "yes/no" and not is_number(values)):
        column.use = "category"
        if column.distinct > MOST_LEVELS:
            share = float(values.value_counts(normalize=True).head(MOST_LEVELS - 1).sum())
            if share < LEAST_SHARE:
                return drop(
                    f"{column.distinct:,} values, none of them frequent: group them first (a "
                    "postcode by its first digits, say)"
                )
            column.why = f"the {MOST_LEVELS - 1} most frequent values; all others are one"
    elif reason := looks_like_labels(column, sample, _standardized(target, labels)):
        column.use, column.why = "category", f"labels, no quantity: {reason}"
    elif column.kind == "number" and _has_long_tail(sample.dropna().to_numpy(np.float64)):
        column.scale, column.why = "log", "a long tail: by its logarithm"
    elif is_identifier_name(column.name) and column.whole and column.distinct > MOST_CLASSES:
        column.findings.append("is named like an identifier, but its values repeat")
    if column.missing >= OFTEN_MISSING:
        column.findings.append(f"{100 * column.missing:.0f} % missing: an input says where")
    return None


def _standardized(target: Array, labels: bool) -> Array:
    """The target as columns of mean 0 and deviation 1, one for each class."""
    t = np.eye(int(target.max()) + 1)[target] if labels else target[:, np.newaxis]
    spread = t.std(axis=0)
    return (t[:, spread > 0] - t[:, spread > 0].mean(axis=0)) / spread[spread > 0]


def _twin(column: Column, sample: pd.Series, seen: dict[bytes, str]) -> str:
    """The name of an earlier column with the same values, or with other names for the same."""
    if column.distinct > len(sample) // 2 and is_number(sample):
        key = b"values" + sample.to_numpy(np.float64).tobytes()
    else:
        key = pd.factorize(sample)[0].astype(np.int64).tobytes()
    twin = seen.get(key, "")
    seen.setdefault(key, column.name)
    return twin


def _reason(column: Column) -> str:
    return "; ".join([column.why, *column.findings] if column.why else column.findings)


def _choice(column: Column) -> ColumnChoice:
    why = _reason(column)
    if column.use == "category":
        return ColumnChoice("category", missing="level", why=why)
    indicator = column.use in ("number", "date") and column.missing >= OFTEN_MISSING
    return ColumnChoice(column.use, indicator=indicator, scale=column.scale, why=why)
