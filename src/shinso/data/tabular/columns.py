"""What a column holds, in numbers: its kind, what is missing, how many different values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from shinso.data.protocols import Array
from shinso.data.tabular.cells import plain_text

Kind = Literal["empty", "constant", "number", "yes/no", "category", "text", "date"]

_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
_FREE_TEXT = 20  # letters on average, over which different texts are prose and no names of classes
_LOOKED_AT = 1000


@dataclass
class Column:
    """One column of a table.

    kind: "empty", "constant", "number", "yes/no" (two values), "category", "date", or "text" (prose
    that hardly repeats). missing: share of the rows, 0 to 1. distinct: different values. whole:
    numbers without fractions. low, middle, high: of numbers, middle the median. examples: the most
    frequent values. findings: what is suspicious, in words. use: what is recommended, "number",
    "category", "date" or "drop"; why: the reason. scale: what is recommended for a number.
    """

    name: str
    kind: Kind
    missing: float
    distinct: int
    whole: bool = False
    low: float = np.nan
    middle: float = np.nan
    high: float = np.nan
    examples: tuple[str, ...] = ()
    findings: list[str] = field(default_factory=list)
    use: str = ""
    why: str = ""
    scale: str = "standard"


def describe(name: str, values: pd.Series) -> Column:
    """The facts about one column; nothing is judged yet."""
    missing = float(values.isna().mean()) if len(values) else 0.0
    present = values.dropna()
    if present.empty:
        return Column(name, "empty", missing, 0)
    distinct = int(present.nunique())
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        kind: Kind = "constant" if distinct == 1 else "date"
        return Column(name, kind, missing, distinct, examples=_examples(present))
    if is_number(values):
        x = present.to_numpy(np.float64)
        kind = "constant" if distinct == 1 else "yes/no" if _is_binary(x, distinct) else "number"
        whole = bool((x == np.rint(x)).all())
        low, middle, high = float(x.min()), float(np.median(x)), float(x.max())
        return Column(name, kind, missing, distinct, whole, low, middle, high, _examples(present))
    texts = levels_of(present)
    kind = "category"
    if distinct == 1:
        kind = "constant"
    elif all(_DATE.fullmatch(text) for text in texts[:_LOOKED_AT]):
        kind = "date"
    elif distinct == 2:
        kind = "yes/no"
    elif 2 * distinct > len(present) and np.mean([*map(len, texts[:_LOOKED_AT])]) > _FREE_TEXT:
        kind = "text"
    return Column(name, kind, missing, distinct, examples=_examples(present))


def is_number(values: pd.Series) -> bool:
    """Whether a column is stored as numbers; True and False count as texts."""
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def levels_of(values: pd.Series) -> list[str]:
    """The different values as sorted texts, without missing ones."""
    found = values.dropna().unique()
    return sorted({text_of(v) for v in found})


def text_of(value: object) -> str:
    """A value as a category is called: 3.0 is "3", True is "True"."""
    if isinstance(value, (float, np.floating)):
        return plain_text(float(value))
    return str(value)


def codes_of(values: pd.Series, levels: list[str]) -> Array:
    """The place of every value in `levels`, -1 for missing ones and others."""
    codes, found = pd.factorize(values)
    place = {level: i for i, level in enumerate(levels)}
    places = np.array([*(place.get(text_of(v), -1) for v in found), -1], dtype=np.int64)
    return places[codes]


def _is_binary(x: Array, distinct: int) -> bool:
    return distinct == 2 and {float(x.min()), float(x.max())} == {0.0, 1.0}


def _examples(present: pd.Series) -> tuple[str, ...]:
    often = present.iloc[:100_000].value_counts().head(3).index
    return tuple(text_of(v)[:24] for v in often)
