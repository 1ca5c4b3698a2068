"""What becomes of every column, as one readable file: the choices between a table and a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError

USES = ("number", "category", "date", "drop")
MISSING = ("median", "mean", "zero", "most frequent", "level", "drop rows")
SCALES = ("standard", "minmax", "robust", "log", "none")
ENCODINGS = ("one-hot", "ordinal")
TASKS = ("classification", "regression")
TRANSFORMS = ("none", "standard", "log")
MOST_LEVELS = 30
_OF = {
    "number": ("median", "mean", "zero", "most frequent", "drop rows"),
    "category": ("level", "most frequent", "drop rows"),
    "date": ("median", "mean", "drop rows"),
}


@dataclass
class ColumnChoice:
    """What becomes of one column.

    use: "number", "category", "date" (days, day of the year, weekday, hour) or "drop".
    missing: what stands in for a missing value: "median", "mean", "zero" or "most frequent";
    "level", a category of its own; or "drop rows", which leaves such rows out of training (in
    prediction the median or the most frequent value stands in). indicator: a further input that
    says where a value was missing. scale: of numbers and dates: "standard" (mean 0, deviation 1),
    "minmax" (0 to 1), "robust" (median 0, quartiles 1 apart), "log" (the logarithm of 1 + x, for
    numbers with a long tail that are never negative; then standard) or "none".
    encode: of categories: "one-hot", or "ordinal" in the sequence `order` (None: sorted).
    levels: the most inputs of a one-hot; rarer categories share the last. why: the reason, for
    readers.
    """

    use: str
    missing: str = "median"
    indicator: bool = False
    scale: str = "standard"
    encode: str = "one-hot"
    order: list[str] | None = None
    levels: int = MOST_LEVELS
    why: str = ""

    def check(self, name: str) -> None:
        """Raise ValueError, with the column's name, for a choice that there is not."""
        for what, value, known in (
            ("use", self.use, USES),
            ("scale", self.scale, SCALES),
            ("encode", self.encode, ENCODINGS),
            ("missing", self.missing, _OF.get(self.use, MISSING)),
        ):
            if value not in known:
                raise ValueError(
                    f"column {name!r}: {what} is one of {', '.join(known)}, not {value!r}"
                )
        if self.levels < 2:
            raise ValueError(f"column {name!r}: levels is at least 2, not {self.levels}")
        if self.order is not None and len(set(self.order)) != len(self.order):
            raise ValueError(f"column {name!r}: a value comes twice in its order")


@dataclass
class Choices:
    """What is predicted from what.

        choices = report(frame, "price").choices()
        choices.columns["age"].missing = "mean"
        choices.save("choices.json")

    target: the column to predict. task: "classification" or "regression". transform: of a numeric
    target: "standard", "log" (of 1 + y, for counts and sums that are never negative; then
    standard) or "none". columns: `ColumnChoice` by name, for every column but the target.
    """

    target: str
    task: str
    transform: str = "standard"
    columns: dict[str, ColumnChoice] = field(default_factory=dict)

    def check(self) -> None:
        """Raise ValueError for a choice that there is not, or if no column is used."""
        if self.task not in TASKS:
            raise ValueError(f"task is one of {', '.join(TASKS)}, not {self.task!r}")
        if self.transform not in TRANSFORMS:
            raise ValueError(f"transform is one of {', '.join(TRANSFORMS)}, not {self.transform!r}")
        if self.target in self.columns:
            raise ValueError(f"the target {self.target!r} is among the inputs")
        for name, choice in self.columns.items():
            choice.check(name)
        if not self.used:
            raise ValueError("no column is used: every one is dropped")

    @property
    def used(self) -> list[str]:
        """Names of the columns that are inputs."""
        return [name for name, choice in self.columns.items() if choice.use != "drop"]

    def column(self, name: str) -> ColumnChoice:
        """The choice for a column, to be changed. Raises ValueError with the nearest name."""
        if name not in self.columns:
            near = get_close_matches(name, self.columns, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(self.columns)}."
            raise ValueError(f"there is no column {name!r}. {hint:.300}")
        return self.columns[name]

    def plain(self) -> dict[str, Any]:
        """The choices as plain values; those of columns without what is as usual."""
        columns = {}
        for name, choice in self.columns.items():
            usual = asdict(ColumnChoice(choice.use))
            columns[name] = {"use": choice.use} | {
                key: value for key, value in asdict(choice).items() if value != usual[key]
            }
        return {
            "target": self.target,
            "task": self.task,
            "transform": self.transform,
            "columns": columns,
        }

    def save(self, path: str | Path) -> None:
        """Write them as JSON, to be read and changed. Raises DataError if that fails."""
        text = json.dumps(self.plain(), indent=2, ensure_ascii=False) + "\n"
        save_bytes(path, text.encode())


def load_choices(path: str | Path) -> Choices:
    """Read what `Choices.save` wrote. Raises DataError, with the reason, if it is anything else."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}).") from error
    try:
        return read_choices(json.loads(text))
    except ValueError as error:  # JSON's own error is one
        raise DataError(f"{path}: holds no choices for a table: {error}") from error


def read_choices(plain: Any) -> Choices:
    """The choices from plain values. Raises ValueError if they are none."""
    top = _fields(plain, "the choices", Choices, ("target", "task", "columns"))
    if not isinstance(top["columns"], Mapping):
        raise ValueError("columns is a table of choices by column")
    columns = {}
    for name, entry in top["columns"].items():
        where = f"column {name!r}"
        columns[str(name)] = ColumnChoice(**_fields(entry, where, ColumnChoice, ("use",)))
    choices = Choices(**{**top, "columns": columns})
    choices.check()
    return choices


_TYPES: dict[str, Any] = {
    "target": str, "task": str, "transform": str, "columns": Mapping, "use": str, "missing": str,
    "indicator": bool, "scale": str, "encode": str, "order": (list, type(None)), "levels": int,
    "why": str,
}  # fmt: skip


def _fields(plain: Any, where: str, kind: type, needed: tuple[str, ...]) -> dict[str, Any]:
    known = [f.name for f in fields(kind)]
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where}: {plain!r:.60} is no table of values by name")
    if missing := [name for name in needed if name not in plain]:
        raise ValueError(f"{where}: {', '.join(missing)} is missing")
    for name, value in plain.items():
        if name not in known:
            raise ValueError(f"{where}: there is no {name!r}; known: {', '.join(known)}")
        if not isinstance(value, _TYPES[name]) or (name == "levels" and value is True):
            raise ValueError(f"{where}: {name} is {value!r:.60}")
        if name == "order" and value and not all(isinstance(v, str) for v in value):
            raise ValueError(f"{where}: order is a list of texts")
    return dict(plain)
