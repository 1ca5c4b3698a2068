"""One column as inputs of a network: learned from training rows, kept as plain values.

scikit-learn's transformers find the values (means, quartiles, levels); applying them is a few lines
of NumPy, so that what is saved is numbers and texts that anyone can read, and no pickle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from shinso.data.errors import DataError
from shinso.data.protocols import Array
from shinso.data.tabular.cells import numbers_of
from shinso.data.tabular.choices import ColumnChoice
from shinso.data.tabular.columns import codes_of, is_number, levels_of, text_of

OTHER, GAP = "(other)", "(missing)"
_STRATEGIES = {
    "median": "median",
    "mean": "mean",
    "most frequent": "most_frequent",
    "drop rows": "median",
}
_DAY = 86_400.0


@dataclass
class Numbers:
    """A number as (x - center) / scale, with `fill` for what is missing; then 1 where it was, if
    `indicator`. bent: log(1 + x) in place of x; what is negative counts as 0.
    """

    name: str
    fill: float
    center: float
    scale: float
    indicator: bool = False
    bent: bool = False

    @classmethod
    def learn(cls, name: str, x: Array, choice: ColumnChoice) -> Numbers:
        """From training values, NaN where missing."""
        if np.isnan(x).all():
            raise DataError(f"column {name!r} has no values to learn from: drop it")
        column = x[:, np.newaxis]
        fill = 0.0
        if choice.missing != "zero":
            imputer = SimpleImputer(strategy=_STRATEGIES[choice.missing]).fit(column)
            fill = float(imputer.statistics_[0])
        filled = np.where(np.isnan(column), fill, column)
        bent = choice.scale == "log"
        center, scale = _SCALING[choice.scale](_log(filled) if bent else filled)
        return cls(name, fill, center, scale, choice.indicator, bent)

    @property
    def names(self) -> list[str]:
        """Of the inputs."""
        return [self.name, f"{self.name} {GAP}"] if self.indicator else [self.name]

    def apply(self, x: Array, out: Array) -> None:
        """Fill in the columns of `out` (n, inputs)."""
        gaps = np.isnan(x)
        filled = np.where(gaps, self.fill, x)
        out[:, 0] = ((_log(filled) if self.bent else filled) - self.center) / self.scale
        if self.indicator:
            out[:, 1] = gaps


def _log(x: Array) -> Array:
    return np.log1p(np.maximum(x, 0))


def _standard(x: Array) -> tuple[float, float]:
    found = StandardScaler().fit(x)
    return float(found.mean_[0]), float(found.scale_[0])


def _minmax(x: Array) -> tuple[float, float]:
    found = MinMaxScaler().fit(x)
    return float(found.data_min_[0]), float(found.data_range_[0]) or 1.0


def _robust(x: Array) -> tuple[float, float]:
    found = RobustScaler().fit(x)
    return float(found.center_[0]), float(found.scale_[0])


def _unchanged(x: Array) -> tuple[float, float]:
    return 0.0, 1.0


_SCALING: dict[str, Callable[[Array], tuple[float, float]]] = {
    "standard": _standard,
    "minmax": _minmax,
    "robust": _robust,
    "log": _standard,
    "none": _unchanged,
}


@dataclass
class NumberPart:
    """A numeric column, or a category in an order: its place in `order`, then as a number.

    Texts that are no numbers are missing values.
    """

    column: str
    numbers: Numbers
    order: list[str] | None = None

    @classmethod
    def learn(cls, values: pd.Series, choice: ColumnChoice) -> NumberPart:
        """From training values."""
        order = None
        if choice.use == "category":
            order = choice.order or levels_of(values)
            if choice.missing == "level":
                choice = ColumnChoice("number", "most frequent", True, choice.scale)
        name = str(values.name)
        return cls(name, Numbers.learn(name, _as_numbers(values, order), choice), order)

    @property
    def names(self) -> list[str]:
        """Of the inputs."""
        return self.numbers.names

    def apply(self, values: pd.Series, out: Array) -> None:
        """Fill in the columns of `out`."""
        self.numbers.apply(_as_numbers(values, self.order), out)


def _as_numbers(values: pd.Series, order: list[str] | None) -> Array:
    if order is not None:
        codes = codes_of(values, order).astype(np.float64)
        return np.where(codes < 0, np.nan, codes)
    if is_number(values) or pd.api.types.is_bool_dtype(values.dtype):
        x = values.to_numpy(np.float64, na_value=np.nan)
        return np.where(np.isfinite(x), x, np.nan)
    codes, found = pd.factorize(values)
    texts = np.array([*(text_of(v).strip() for v in found), ""], dtype=object)
    return numbers_of(texts)[0][codes]


@dataclass
class LevelsPart:
    """A category as one input for each level, 1 for its own and 0 for all others.

    levels: in order of the inputs, with "(missing)" and "(other)" where they have one of their own.
    A value that training did not have is "(other)", or all zeros where there is none. fill: the
    level that stands in for a missing value; None leaves zeros. A category of two levels is one
    input: is it the second?
    """

    column: str
    levels: list[str]
    fill: str | None = None

    @classmethod
    def learn(cls, values: pd.Series, choice: ColumnChoice) -> LevelsPart:
        """From training values."""
        known = levels_of(values)
        if not known:
            raise DataError(f"column {values.name!r} has no values to learn from: drop it")
        codes = codes_of(values, known)
        fill: str | None = None
        if choice.missing == "level":
            fill = GAP if (codes < 0).any() else None
        else:
            imputer = SimpleImputer(missing_values=-1, strategy="most_frequent")
            fill = known[int(imputer.fit(codes[:, np.newaxis]).statistics_[0])]
        encoder = OneHotEncoder(
            max_categories=choice.levels, handle_unknown="infrequent_if_exist"
        ).fit(codes[codes >= 0][:, np.newaxis])
        rare = encoder.infrequent_categories_[0]
        hidden = set() if rare is None else {int(code) for code in rare}
        levels = [level for i, level in enumerate(known) if i not in hidden]
        levels += [OTHER] if hidden else []
        return cls(str(values.name), levels + ([GAP] if fill == GAP else []), fill)

    @property
    def names(self) -> list[str]:
        """Of the inputs."""
        shown = self.levels[1:] if len(self.levels) == 2 else self.levels
        return [f"{self.column} = {level}" for level in shown]

    def apply(self, values: pd.Series, out: Array) -> None:
        """Fill in the columns of `out`."""
        there = [level for level in self.levels if level not in (OTHER, GAP)]
        codes = codes_of(values, there)
        strange = (codes < 0) & values.notna().to_numpy()
        if OTHER in self.levels:
            codes[strange] = self.levels.index(OTHER)
        if self.fill is not None:
            gaps = values.isna().to_numpy()
            codes[gaps] = self.levels.index(self.fill if self.fill in self.levels else OTHER)
        if len(self.levels) == 2:
            out[:, 0] = codes == 1
            return
        out[:] = 0
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = 1


@dataclass
class DatePart:
    """A date as numbers: days, day of the year, weekday (Monday 0), the hour if there are times.

    What is no date is a missing value.
    """

    column: str
    pieces: list[Numbers] = field(default_factory=list)

    @classmethod
    def learn(cls, values: pd.Series, choice: ColumnChoice) -> DatePart:
        """From training values."""
        name, found = str(values.name), _date_numbers(values)
        if not (found["hour"] > 0).any():
            del found["hour"]
        pieces = []
        for what, x in found.items():
            usual = ColumnChoice("number", choice.missing, choice.indicator, choice.scale)
            usual.indicator = choice.indicator and what == "days"
            pieces.append(Numbers.learn(f"{name}, {what}", x, usual))
        return cls(name, pieces)

    @property
    def names(self) -> list[str]:
        """Of the inputs."""
        return [name for piece in self.pieces for name in piece.names]

    def apply(self, values: pd.Series, out: Array) -> None:
        """Fill in the columns of `out`."""
        found, start = _date_numbers(values), 0
        for piece in self.pieces:
            end = start + len(piece.names)
            piece.apply(found[piece.name.rpartition(", ")[2]], out[:, start:end])
            start = end


def _date_numbers(values: pd.Series) -> dict[str, Array]:
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        codes, found = pd.factorize(values)
        texts = [text_of(v).replace("/", "-").replace(".", "-", 2) for v in found]
        times = pd.to_datetime(pd.Series(texts, dtype=object), errors="coerce", format="mixed",
                               utc=True)  # fmt: skip
        values = pd.concat([times, pd.Series([pd.NaT], dtype=times.dtype)]).iloc[codes]
    dates = pd.DatetimeIndex(values)
    if dates.tz is not None:
        dates = dates.tz_convert("UTC").tz_localize(None)
    seconds = (dates - pd.Timestamp("1970-01-01")).total_seconds().to_numpy(np.float64)
    parts = {
        "days": np.floor(seconds / _DAY),
        "day of the year": dates.day_of_year,
        "weekday": dates.day_of_week,
        "hour": dates.hour,
    }
    gaps = np.isnan(seconds)
    return {k: np.where(gaps, np.nan, np.asarray(v, np.float64)) for k, v in parts.items()}


Part = NumberPart | LevelsPart | DatePart


def learn(values: pd.Series, choice: ColumnChoice) -> Part:
    """The part for a column that is used, from training values."""
    if choice.use == "date":
        return DatePart.learn(values, choice)
    if choice.use == "number" or choice.encode == "ordinal":
        return NumberPart.learn(values, choice)
    return LevelsPart.learn(values, choice)


def plain_part(part: Part) -> dict[str, Any]:
    """A part as plain values."""
    if isinstance(part, LevelsPart):
        return {"kind": "levels", "column": part.column, "levels": part.levels, "fill": part.fill}
    if isinstance(part, NumberPart):
        numbers = vars(part.numbers)
        return {"kind": "number", "column": part.column, "numbers": numbers, "order": part.order}
    return {"kind": "date", "column": part.column, "pieces": [vars(p) for p in part.pieces]}


def read_part(plain: dict[str, Any]) -> Part:
    """The part that `plain_part` wrote. Raises ValueError, KeyError or TypeError if it is none."""
    kind, column = plain["kind"], str(plain["column"])
    if kind == "levels":
        levels, fill = [str(level) for level in plain["levels"]], plain["fill"]
        if not levels or not (fill is None or isinstance(fill, str)):
            raise ValueError(f"column {column!r}: damaged levels")
        if fill is not None and fill not in levels and OTHER not in levels:
            raise ValueError(f"column {column!r}: there is no level {fill!r}")
        return LevelsPart(column, levels, fill)
    if kind == "number":
        order = plain["order"]
        return NumberPart(
            column, _read_numbers(plain["numbers"]), None if order is None else [*map(str, order)]
        )
    if kind == "date":
        pieces = [_read_numbers(piece) for piece in plain["pieces"]]
        known = ("days", "day of the year", "weekday", "hour")
        if not pieces or any(p.name.rpartition(", ")[2] not in known for p in pieces):
            raise ValueError(f"column {column!r}: damaged pieces of a date")
        return DatePart(column, pieces)
    raise ValueError(f"column {column!r} is of a kind {kind!r}")


def _read_numbers(plain: dict[str, Any]) -> Numbers:
    fill, center, scale = (float(plain[k]) for k in ("fill", "center", "scale"))
    if not np.isfinite([fill, center, scale]).all() or scale == 0:
        raise ValueError(f"{plain['name']!r}: damaged numbers")
    flags = bool(plain["indicator"]), bool(plain["bent"])
    return Numbers(str(plain["name"]), fill, center, scale, *flags)
