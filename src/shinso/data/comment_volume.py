"""How many comments a post will get: the Facebook Comment Volume data, with names and test cases.

K. Singh, R. K. Sandhu, D. Kumar, "Comment volume prediction using neural networks and decision
trees", 2015; UCI Machine Learning Repository, data set 363, CC BY 4.0. The files have no names of
columns, and one of the numbers (the page's category) is a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shinso.data.errors import DataError
from shinso.data.protocols import Array

if TYPE_CHECKING:
    import pandas as pd

TARGET = "comments in the next H hours"
CATEGORY = "page category"
_COUNTS = (
    "comments before the base time",
    "comments in the last 24 hours",
    "comments in the 24 hours before those",
    "comments in the first 24 hours",
    "comments, last 24 hours less those before",
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MEASURES = ("least", "most", "mean", "median", "deviation")

COLUMNS = (
    "page likes", "page check-ins", "page talking about", CATEGORY,
    *(f"page: {measure} {count}" for count in _COUNTS for measure in _MEASURES),
    *_COUNTS,
    "hours since the post", "post length", "shares", "promoted", "H",
    *(f"posted on {day}" for day in _DAYS),
    *(f"asked on {day}" for day in _DAYS),
    TARGET,
)  # fmt: skip
"""The 54 columns in order. The 25 derived ones are per page, of the five counts of comments."""

CASES = 10
TOP = 10


def comment_volume(folder: str | Path) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Read the first training variant and the ten test cases from a folder.

    folder: with Features_Variant_1.csv and Test_Case_1.csv to Test_Case_10.csv (plain or .gz), or
    with a folder facebook_comment_volume that has them.
    Returns the training table (40 949 rows) and ten test tables of 100 rows, columns named, the
    page's category a category. Raises DataError for files that are missing or have other columns.
    """
    folder = Path(folder)
    inner = folder / "facebook_comment_volume"
    folder = inner if inner.is_dir() else folder
    cases = [_table(folder, f"Test_Case_{number}.csv") for number in range(1, CASES + 1)]
    return _table(folder, "Features_Variant_1.csv"), cases


def _table(folder: Path, name: str) -> pd.DataFrame:
    from shinso.data.tabular import read_table

    found = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
    if not found:
        raise DataError(
            f"{folder}: has no {name}. The files are in UCI's data set 363, "
            "https://archive.ics.uci.edu/dataset/363"
        )
    frame, _ = read_table(found[0], header=False)
    if len(frame.columns) != len(COLUMNS):
        raise DataError(f"{found[0]}: has {len(frame.columns)} columns, not {len(COLUMNS)}")
    frame.columns = list(COLUMNS)
    frame[CATEGORY] = frame[CATEGORY].astype(int).astype(str).astype("category")
    return frame


def hits_at_10(targets: Sequence[Array], predictions: Sequence[Array]) -> float:
    """How many of the ten posts with the most comments are among the ten that were predicted to be.

    targets, predictions: (rows,) for each test case. Equal numbers are taken in order. Returns the
    mean over the cases, 0 to 10. Source: Singh et al. 2015, section 4.
    """
    hits = []
    for t, y in zip(targets, predictions, strict=True):
        best, said = (set(np.argsort(-np.asarray(v), kind="stable")[:TOP].tolist()) for v in (t, y))
        hits.append(len(best & said))
    return float(np.mean(hits))
