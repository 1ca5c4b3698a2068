"""The results as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.table import Table

from bench.results import Row, Timing

COLUMNS: dict[str, JustifyMethod] = {
    "workload": "left",
    "mode": "left",
    "batch": "right",
    "shinso ms": "right",
    "torch ms": "right",
    "best torch": "left",
    "ratio": "right",
    "cold s": "right",
    "disk s": "right",
}


def milliseconds(seconds: float) -> str:
    """Three significant digits: 0.0227, 1.80, 303."""
    value = seconds * 1000
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}" if value >= 0.1 else f"{value:.4f}"


def cells(row: Row) -> list[str]:
    """A row of results as text, one per column of `table`."""
    best = row.best
    examples = row.batch if row.mode == "train" else 1
    theirs = ["–", "–"] if best is None else [_time(best), best.variant]
    ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
    first = ["–" if s is None else f"{s:.2f}" for s in (row.cold, row.disk)]
    return [row.workload, row.mode, str(examples), _time(row.shinso), *theirs, ratio, *first]


def _time(timing: Timing) -> str:
    spread = "" if timing.spread is None else f" ± {timing.spread:.0%}"
    return milliseconds(timing.median) + spread


def table(rows: Sequence[Row]) -> Table:
    """All rows."""
    caption = "ratio = torch / shinso: above 1, shinso is faster"
    result = Table(box=SIMPLE_HEAD, caption=caption)
    for heading, justify in COLUMNS.items():
        result.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        result.add_row(*cells(row), end_section=row.mode == "infer")
    return result


def write_json(path: Path, rows: Sequence[Row], facts: dict[str, Any]) -> None:
    """Write all rounds of all rows, whole or not at all. facts: what else to write down."""
    text = json.dumps({**facts, "rows": [row.to_dict() for row in rows]}, indent=2)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
