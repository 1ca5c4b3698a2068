"""Tables of any kind from CSV and Parquet files, as pandas data frames.

Nothing is left out or changed in silence: what a file's rows are like comes back as `Reading`.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from shinso.data.bounded import BoundedFile, file_errors, regular_file_size
from shinso.data.errors import DataError
from shinso.data.tabular.cells import ColumnBuilder
from shinso.data.tabular.encoding import detect_encoding

DELIMITERS = ",;\t|"
ROWS_PER_CHUNK = 50_000
LONGEST_LINE = 1 << 22
MOST_LINES = 50  # that one quoted cell may go over
MOST_BROKEN = 0.1  # of the rows: with more, the file is of another kind
_KEPT = 20  # broken rows that are named


@dataclass
class Reading:
    """How a file was read.

    path: of the file. encoding, delimiter: of its text; empty for Parquet. rows: of data. broken:
    how many rows were left out because they have another number of cells than the first row;
    broken_rows: line and number of cells of the first of them. renamed: new names of columns whose
    names were missing or came twice. notes: all that a reader should know, in words.
    """

    path: str
    encoding: str = ""
    delimiter: str = ""
    rows: int = 0
    broken: int = 0
    broken_rows: list[tuple[int, int]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_table(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool = True,
    max_bytes: int = 8 << 30,
) -> tuple[pd.DataFrame, Reading]:
    """Read a CSV file (plain or .gz) or a Parquet file; say how it was read.

    A column is of numbers if at least 80 % of its cells that are not empty are, and none has a zero
    before other digits (postcodes, article numbers); what is no number in it is then missing, and
    told. All other columns are categories of texts. Empty cells and NA, N/A, NaN, null, None, ?
    and - are missing values. Rows with too many or too few cells are left out, and counted.

    path: the file; Parquet if its name ends so, and then pyarrow is needed. encoding: of the text;
    None finds out. delimiter: between cells; None takes the one of , ; tab | that is most frequent
    in the first row. header: whether the first row holds names. max_bytes: the largest size of the
    (inflated) text to accept.
    Returns the frame, and how it was read.
    Raises DataError for a file that cannot be read, is empty or no table, and if more than a tenth
    of its rows are broken; ValueError for a delimiter that is not one sign; ImportError for
    Parquet without pyarrow.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise ValueError(f"delimiter must be one sign, such as ',' or ';', got {delimiter!r}.")
    path = Path(path)
    if path.suffix.lower() in (".parquet", ".pq"):
        return _parquet(path)
    exact = True
    if encoding is None:
        encoding, exact = detect_encoding(path, max_bytes)
    reading = Reading(str(path), encoding)
    if encoding not in ("utf-8", "utf-8-sig"):
        reading.notes.append(f"the text is not UTF-8: read as {encoding}")
    if not exact:
        reading.notes.append(f"some bytes are no {encoding} text: a \ufffd stands for each")
    with BoundedFile(path, max_bytes) as file:
        try:
            text = io.TextIOWrapper(
                io.BufferedReader(file, 1 << 20), encoding=encoding, errors="replace", newline=""
            )
        except LookupError:
            raise DataError(f"{path}: there is no encoding called {encoding!r}.") from None
        frame = _csv(path, text, delimiter, header, reading)
    return frame, reading


def _parquet(path: Path) -> tuple[pd.DataFrame, Reading]:
    regular_file_size(path)
    try:
        with file_errors(path):
            frame = pd.read_parquet(path)
    except ImportError as error:
        raise ImportError("Parquet files need pyarrow: pip install 'shinso[parquet]'") from error
    except DataError:
        raise
    except Exception as error:  # pyarrow's own errors
        raise DataError(f"{path}: is no Parquet file that can be read ({error}).") from error
    frame.columns = [str(name) for name in frame.columns]
    return frame.reset_index(drop=True), Reading(str(path), rows=len(frame))


def _csv(
    path: Path, text: io.TextIOWrapper, delimiter: str | None, header: bool, reading: Reading
) -> pd.DataFrame:
    lines = _lines(path, text)
    first = next(((n, line) for n, line in lines if line.strip()), None)
    if first is None:
        raise DataError(f"{path}: the file is empty.")
    reading.delimiter = delimiter or max(DELIMITERS, key=first[1].count)
    records = _records(itertools.chain([first], lines), reading.delimiter)
    _, opening = next(records)
    if len(opening) < 2:
        raise DataError(
            f"{path}: only one column; a table needs more. Is there a delimiter between the cells "
            f"({', '.join(map(repr, DELIMITERS))})?"
        )
    names = _names(opening, header, reading)
    builders = [ColumnBuilder() for _ in names]
    rows = records if header else itertools.chain([(1, opening)], records)
    for chunk in _chunks(rows, len(names), reading):
        for builder, cells in zip(builders, zip(*chunk, strict=True), strict=True):
            builder.add(cells)
    if not reading.rows:
        raise DataError(f"{path}: has a header but no rows.")
    if reading.broken > MOST_BROKEN * (reading.rows + reading.broken):
        line, count = reading.broken_rows[0]
        raise DataError(
            f"{path}: {reading.broken:,} of {reading.rows + reading.broken:,} rows do not have the "
            f"{len(names)} cells of the first row (line {line} has {count}). Is the delimiter "
            f"{reading.delimiter!r}?"
        )
    if reading.broken:
        some = ", ".join(f"line {n} ({k} cells)" for n, k in reading.broken_rows[:3])
        more = ", …" if reading.broken > 3 else ""
        rows_ = "1 row has" if reading.broken == 1 else f"{reading.broken:,} rows have"
        reading.notes.append(f"{rows_} not {len(names)} cells and is left out: {some}{more}")
    columns = {}
    for name, builder in zip(names, builders, strict=True):
        columns[name], note = builder.finish()
        if note:
            reading.notes.append(f"column {name!r}: {note}")
    return pd.DataFrame(columns)


def _lines(path: Path, text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Number and text of every line, without its end."""
    for number in itertools.count(1):
        line = text.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            raise DataError(
                f"{path}, line {number}: longer than {LONGEST_LINE:,} characters. Is it a CSV file?"
            )
        yield number, line


def _records(lines: Iterable[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """First line and cells of every row that is not blank.

    A quoted cell may hold line ends. A quotation mark that is never closed does not swallow what
    follows: the row is then read as if the mark were a sign like any other.
    """
    source, waiting = iter(lines), deque[tuple[int, str]]()
    width = 0
    while True:
        number, line = waiting.popleft() if waiting else next(source, (0, ""))
        if not line:
            return
        line = line.rstrip("\r\n")
        if not line.strip():
            continue
        if '"' not in line:
            cells = line.split(delimiter)
        elif line.count('"') % 2 == 0:
            cells = next(csv.reader([line], delimiter=delimiter))
        else:
            while len(waiting) < MOST_LINES and (more := next(source, None)) is not None:
                waiting.append(more)
            taken, cells = _quoted(line, waiting, delimiter, width)
            for _ in range(taken):
                waiting.popleft()
        width = width or len(cells)
        yield number, cells


def _quoted(
    line: str, following: Iterable[tuple[int, str]], delimiter: str, width: int
) -> tuple[int, list[str]]:
    """How many of the following lines belong to a row with an open quote, and the row's cells."""
    plain = line.split(delimiter)
    whole, apart = [line + "\n"], len(plain) == width
    for taken, (_, more) in enumerate(following, 1):
        whole.append(more)
        # Lines that are rows by themselves are no cell: then the mark is a sign like any other.
        apart = apart and len(more.split(delimiter)) == width
        if more.count('"') % 2 == 1:
            if apart:
                break
            found = [*csv.reader(whole, delimiter=delimiter)]
            if len(found) == 1 and len(found[0]) == (width or len(found[0])):
                return taken, found[0]
            break
    return 0, plain


def _names(opening: list[str], header: bool, reading: Reading) -> list[str]:
    """Names of the columns, each different."""
    names: list[str] = []
    for position, cell in enumerate(opening, 1):
        given = cell.strip() if header else ""
        name = given or f"column {position}"
        for again in itertools.count(2):
            if name not in names:
                break
            name = f"{given or f'column {position}'} ({again})"
        if header and name != given:
            reading.renamed[name] = given
            what = f"comes twice: the second is called {name!r}" if given else f"is empty: {name!r}"
            reading.notes.append(f"the name of column {position} {what}")
        names.append(name)
    return names


def _chunks(
    rows: Iterable[tuple[int, list[str]]], width: int, reading: Reading
) -> Iterator[list[list[str]]]:
    """Rows of the right width, in pieces; the others are counted."""
    chunk: list[list[str]] = []
    for number, cells in rows:
        if len(cells) != width:
            reading.broken += 1
            if len(reading.broken_rows) < _KEPT:
                reading.broken_rows.append((number, len(cells)))
            continue
        chunk.append(cells)
        if len(chunk) == ROWS_PER_CHUNK:
            reading.rows += len(chunk)
            yield chunk
            chunk = []
    if chunk:
        reading.rows += len(chunk)
        yield chunk
