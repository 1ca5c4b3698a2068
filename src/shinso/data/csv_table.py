"""A table of numbers in a CSV file: one row per example, one column per feature, one the target."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, count
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shinso.data.bounded import BoundedFile
from shinso.data.dataset import ArrayDataset
from shinso.data.errors import DataError

LONGEST_LINE = 1 << 20
ROWS_PER_CHUNK = 4096
CELLS_PER_CHUNK = 1 << 20
# A few kilobytes of gzip can hold millions of rows, each of which costs far more memory than text.
MOST_ROWS = 5_000_000
MOST_CELLS = 250_000_000
DELIMITERS = ",;\t|"
# A whole-number target with at most this many different values is taken for class labels.
MOST_CLASSES = 20

Task = Literal["classification", "regression"]


def csv_table(
    path: str | Path,
    target: int | str | None = None,
    header: bool | Literal["auto"] = "auto",
    delimiter: str | None = None,
    task: Task | None = None,
    max_bytes: int = 2 << 30,
) -> ArrayDataset:
    """Read a CSV file (UTF-8, plain or .gz) of numbers into features and a target.

    The target means classes if it is text, or if it is whole numbers with at most 20 different
    values, fewer than half as many as rows; otherwise it is a quantity. `task` decides otherwise.

    path: the file. target: the column to predict: its name, or its position from 0 (negative from
    the end); None is the last one.
    header: whether the first row holds names; "auto" says yes if none of its cells is a number.
    delimiter: the sign between cells; None takes the one of , ; tab | that is most frequent in the
    first line. task: "classification" or "regression" instead of the rule above.
    max_bytes: the largest size of the (inflated) text to accept.
    Returns features float32 (N, F) and, for classes, labels int64 (N,) with `classes` the sorted
    values; for a quantity, a target float32 (N, 1) and `classes` None.
    Raises DataError, with the line and the column, for a row of the wrong length, a cell that is
    empty, no number, NaN or infinite, names that come twice, no such target, an empty file, an
    encoding other than UTF-8, a damaged .gz, and more than 5 million rows or 250 million cells.
    Raises ValueError for another task, or a delimiter that is not one sign.
    """
    if task not in (None, "classification", "regression"):
        raise ValueError(f"task must be 'classification' or 'regression', got {task!r}.")
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ValueError(f"delimiter must be one sign, such as ',' or ';', got {delimiter!r}.")
    path = Path(path)
    with BoundedFile(path, max_bytes) as file:
        text = io.TextIOWrapper(io.BufferedReader(file), encoding="utf-8-sig", newline="")
        rows = _rows(path, text, delimiter)
        columns, first = _columns(path, next(rows, None), header, target)
        x, values, lines = _read(columns, first, rows)
    return _dataset(columns, x, values, lines, task)


@dataclass(frozen=True)
class Columns:
    """The columns of a table: the file, their names (or none), and which one is the target."""

    path: Path
    count: int
    names: tuple[str, ...] | None
    target: int

    @property
    def features(self) -> list[int]:
        """The positions of all columns but the target."""
        return [column for column in range(self.count) if column != self.target]

    def error(self, line: int, column: int, what: str) -> DataError:
        """Return the error for a cell."""
        name = "" if self.names is None else f" ({self.names[column]!r})"
        return DataError(f"{self.path}, line {line}, column {column + 1}{name}: {what}")


Row = tuple[int, list[str]]


def _rows(path: Path, text: io.TextIOWrapper, delimiter: str | None) -> Iterator[Row]:
    """Yield (line number, cells) of each row that is not blank."""
    lines = _lines(path, text)
    if delimiter is None:
        opening: list[str] = []
        while (not opening or opening[-1].isspace()) and (line := next(lines, "")):
            opening.append(line)
        delimiter = max(DELIMITERS, key="".join(opening).strip().count)
        lines = chain(opening, lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, line {reader.line_num}: is no valid CSV ({error})."
            ) from error
        if cells:
            yield reader.line_num, cells


def _lines(path: Path, text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a file, refusing one without end."""
    for number in count(1):
        try:
            line = text.readline(LONGEST_LINE)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}, near line {number}: is not UTF-8 text "
                f"(byte {error.object[error.start]:#04x}). Save the table as UTF-8."
            ) from error
        if not line:
            return
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            raise DataError(
                f"{path}, line {number}: longer than {LONGEST_LINE:,} characters. Is it a CSV file?"
            )
        yield line


def _columns(
    path: Path, first: Row | None, header: bool | Literal["auto"], target: int | str | None
) -> tuple[Columns, Row | None]:
    """Return the columns, and the first row if it holds numbers and not names."""
    if first is None:
        raise DataError(f"{path}: the file is empty.")
    line, cells = first
    width = len(cells)
    if width < 2:
        raise DataError(
            f"{path}, line {line}: only one column; a table needs a feature and a target. "
            f"Is there a delimiter between the cells ({', '.join(map(repr, DELIMITERS))})?"
        )
    if header == "auto":
        header = not any(map(_is_number, cells))
    names = None
    if header:
        names = tuple(
            cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)
        )
        for column, name in enumerate(names):
            if name in names[:column]:
                raise DataError(
                    f"{path}, line {line}: the name {name!r} stands above column "
                    f"{names.index(name) + 1} and column {column + 1}; names must differ."
                )
    columns = Columns(path, width, names, _target_column(path, names, width, target))
    return columns, None if header else first


def _target_column(
    path: Path, names: tuple[str, ...] | None, count: int, target: int | str | None
) -> int:
    """Return the position of the target column."""
    if target is None:
        return count - 1
    if isinstance(target, str):
        if names is None:
            raise DataError(
                f"{path}: has no header, so there is no column {target!r}; give the target's "
                f"position, 0 to {count - 1}."
            )
        if target not in names:
            near = get_close_matches(target, names, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(names)[:200]}."
            raise DataError(f"{path}: there is no column {target!r}. {hint}")
        return names.index(target)
    if not -count <= target < count:
        raise DataError(
            f"{path}: target column {target} does not exist; positions go from 0 to {count - 1}."
        )
    return target % count


def _read(
    columns: Columns, first: Row | None, rows: Iterator[Row]
) -> tuple[NDArray[np.float32], list[str], list[int]]:
    """Return the features (N, F), the cells of the target, and the line of each row."""
    chunks: list[NDArray[np.float32]] = []
    numbers: list[list[float]] = []
    values: list[str] = []
    lines: list[int] = []

    def finish_chunk() -> None:
        if numbers:
            chunks.append(_to_float32(columns, columns.features, numbers, lines[-len(numbers) :]))
            numbers.clear()

    def add(line: int, cells: list[str]) -> None:
        if len(cells) != columns.count:
            raise DataError(
                f"{columns.path}, line {line}: {len(cells)} cells; the first row has "
                f"{columns.count}."
            )
        if len(lines) == MOST_ROWS or len(lines) * columns.count > MOST_CELLS:
            raise DataError(
                f"{columns.path}, line {line}: the table is too large; at most {MOST_ROWS:,} rows "
                f"and {MOST_CELLS:,} cells are read."
            )
        value = cells.pop(columns.target)
        if not value.strip():
            raise columns.error(line, columns.target, "is empty; every example needs a target.")
        numbers.append(_floats(columns, line, cells))
        values.append(value.strip())
        lines.append(line)

    if first is not None:
        add(*first)
    for line, cells in rows:
        add(line, cells)
        if len(numbers) == ROWS_PER_CHUNK or len(numbers) * columns.count > CELLS_PER_CHUNK:
            finish_chunk()
    finish_chunk()
    if not lines:
        raise DataError(f"{columns.path}: has a header but no rows.")
    return np.concatenate(chunks), values, lines


def _floats(columns: Columns, line: int, cells: list[str]) -> list[float]:
    """Return the features of a row as numbers."""
    try:
        # Python reads "1_000" as 1000; in a table it is more likely a slip.
        if "_" not in "".join(cells):
            return list(map(float, cells))
    except ValueError:
        pass
    place = next(place for place, cell in enumerate(cells) if not _is_number(cell))
    column = columns.features[place]
    if not cells[place].strip():
        raise columns.error(line, column, "is empty; fill the gap or leave the row out.")
    hint = " If the first row holds names, give header=True." if line == 1 else ""
    raise columns.error(line, column, f"{cells[place][:40]!r} is no number.{hint}")


def _to_float32(
    columns: Columns, places: list[int], numbers: list[list[float]], lines: list[int]
) -> NDArray[np.float32]:
    """Return rows of numbers as float32, refusing NaN, infinity and what float32 cannot hold.

    `places` are the columns that the numbers come from, `lines` the lines of the rows.
    """
    wide = np.array(numbers, dtype=np.float64)
    fits = np.abs(wide) <= np.finfo(np.float32).max  # False for NaN, too
    if not fits.all():
        row, place = (int(k) for k in np.argwhere(~fits)[0])
        what = f"{wide[row, place]} is no finite number that float32 can hold."
        raise columns.error(lines[row], places[place], what)
    return wide.astype(np.float32)


def _is_number(cell: str) -> bool:
    """Return whether a cell reads as a number ("nan" and "inf" do, and are refused later)."""
    if "_" in cell:
        return False
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _dataset(
    columns: Columns,
    x: NDArray[np.float32],
    values: list[str],
    lines: list[int],
    task: Task | None,
) -> ArrayDataset:
    """Join features and target; decide what kind of target it is."""
    name = columns.path.name
    numeric = [_is_number(value) for value in values]
    if task != "classification" and any(numeric) and not all(numeric):
        row = numeric.index(False)
        raise columns.error(
            lines[row],
            columns.target,
            f"the target {values[row][:40]!r} is no number, but others are; if they are names of "
            "classes, give task='classification'.",
        )
    if not all(numeric):
        if task == "regression":
            raise columns.error(
                lines[0], columns.target, f"the target {values[0][:40]!r} is no number."
            )
        return _classification(x, values, name, sorted(set(values)))
    t = _to_float32(columns, [columns.target], [[float(value)] for value in values], lines)
    if task == "classification" or (task is None and _looks_like_classes(t)):
        by_value = {float(value): value for value in reversed(values)}
        ordered = [by_value[key] for key in sorted(by_value)]
        same = {value: by_value[float(value)] for value in set(values)}  # "1" and "1.0" are one
        return _classification(x, [same[value] for value in values], name, ordered)
    return ArrayDataset(x, t, name=name)


def _looks_like_classes(t: NDArray[np.float32]) -> bool:
    """Return whether a numeric target is whole numbers with few different values."""
    distinct = np.unique(t)
    few = len(distinct) <= MOST_CLASSES and 2 * len(distinct) < len(t)
    return few and bool((distinct == np.rint(distinct)).all())


def _classification(
    x: NDArray[np.float32], values: Sequence[str], name: str, classes: Sequence[str]
) -> ArrayDataset:
    """Number the values of the target by their place in `classes`."""
    numbers = {value: number for number, value in enumerate(classes)}
    labels = np.array([numbers[value] for value in values], dtype=np.int64)
    return ArrayDataset(x, labels, classes=classes, name=name)
