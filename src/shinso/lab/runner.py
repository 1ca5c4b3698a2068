"""Running an experiment and keeping what it found: a page, its figures, the numbers as JSON."""

from __future__ import annotations

import json
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings
from shinso.lab.page import experiment_page
from shinso.lab.text import Text, words
from shinso.ops.random import manual_seed
from shinso.version import __version__
from shinso.viz import style

PAGE, RESULT = "index.html", "result.json"


@dataclass(frozen=True)
class Record:
    """An experiment that was run. folder: where its page is. seconds: how long it took."""

    experiment: Experiment
    outcome: Outcome
    folder: Path
    seconds: float

    @property
    def held(self) -> int:
        """How many of its verdicts hold."""
        return sum(v.holds for v in self.outcome.verdicts)


def run_experiment(e: Experiment, settings: Settings, out: Path, language: str = "en") -> Record:
    """Run it; write index.html, result.json and the figures into the folder out/NAME.

    Labels and text are in the language. Returns what was found. Raises what the experiment raises
    (nothing is written then), DataError if the folder cannot be written.
    """
    start = time.perf_counter()
    manual_seed(settings.seed)
    with style.language(language):
        outcome = e.run(settings)
        files = {f"{f.name}.{f.kind}": _content(f) for f in outcome.figures}
    seconds = time.perf_counter() - start
    folder = out / e.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}.") from None
    for name, content in files.items():
        save_bytes(folder / name, content)
    record = Record(e, outcome, folder, seconds)
    html = experiment_page(e, outcome, _facts(settings, seconds, language), language)
    save_bytes(folder / PAGE, html.encode())
    text = json.dumps(_plain(record, settings, language), indent=1, ensure_ascii=False)
    save_bytes(folder / RESULT, text.encode())
    return record


def _content(f: Figure) -> bytes:
    if isinstance(f.content, bytes):
        return f.content
    content: bytes = f.content.encoded(f.kind)
    return content


def _facts(settings: Settings, seconds: float, language: str) -> str:
    form = Text("quick form", "短縮版") if settings.fast else Text("full form", "完全版")
    took = Text(f"{seconds:.1f} s", f"{seconds:.1f} 秒")
    seed = Text(f"seed {settings.seed}", f"乱数の種 {settings.seed}")
    pieces = [words(t, language) for t in (form, seed, took)]
    return ", ".join(
        [f"shinso {__version__}, NumPy {np.__version__}, {platform.machine()}", *pieces]
    )


def _plain(record: Record, settings: Settings, language: str) -> dict[str, Any]:
    e, outcome = record.experiment, record.outcome
    return {
        "name": e.name,
        "rows": list(e.rows),
        "title": _both(e.title),
        "claim": _both(e.claim),
        "language": language,
        "fast": settings.fast,
        "seed": settings.seed,
        "version": __version__,
        "seconds": round(record.seconds, 2),
        "verdicts": [
            {
                "claim": _both(v.claim),
                "holds": v.holds,
                "found": float(v.found) if np.isfinite(v.found) else str(v.found),
                "relation": v.relation,
                "wanted": float(v.wanted),
                "tolerance": float(v.tolerance),
                "unit": v.unit,
            }
            for v in outcome.verdicts
        ],
        "tables": [
            {
                "columns": [_both(c) for c in t.columns],
                "rows": [[_both(c) for c in row] for row in t.rows],
                "caption": _both(t.caption),
            }
            for t in outcome.tables
        ],
        "figures": [
            {"file": f"{f.name}.{f.kind}", "caption": _both(f.caption)} for f in outcome.figures
        ],
        "notes": [_both(n) for n in outcome.notes],
    }


def _both(text: Text | str) -> dict[str, str]:
    return {"en": words(text, "en"), "ja": words(text, "ja")}
