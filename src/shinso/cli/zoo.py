"""`shinso models`: the table of networks, from the first to the last of their time."""

from __future__ import annotations

import difflib
import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from shinso import models as zoo
from shinso.cli.counting import figures
from shinso.cli.screen import console, errors
from shinso.compiler.runtime.affinity import get_num_threads
from shinso.compiler.step import compile
from shinso.graph import get_default_dtype, no_grad
from shinso.models import Entry
from shinso.ops import manual_seed

_SECONDS = 1.0  # of measuring one model, after warming up
_PIPED_WIDTH = 150  # columns where nobody's screen decides: lines that grep can use


def command(
    text: Annotated[
        str | None,
        typer.Argument(help="Only models with this in their name, other names or data set."),
    ] = None,
    time_: Annotated[
        bool,
        typer.Option(
            "--time", help="Measure milliseconds per image here: compiled, one image, median."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="All of it for programs, as a JSON list.")
    ] = False,
) -> None:
    """List the models: year, idea, parameters, multiply-adds, published error and its source.

    Figures are those of the paper's own images and classes; auxiliary heads, which only training
    has, count as parameters.
    """
    chosen = [zoo.entry(name) for name in zoo.list()]
    if text is not None:
        chosen = [entry for entry in chosen if _matches(entry, text)]
    if not chosen:
        raise ValueError(f"no model has {text!r} in its name{_hint(str(text))}")
    if time_ and os.environ.get("SHINSO_COMPILE", "1") == "0":
        raise ValueError("SHINSO_COMPILE=0 is set: --time measures compiled models; unset it")
    measured = {entry.name: _measure(entry) for entry in chosen} if time_ else {}
    if as_json:
        rows = [_plain(entry, measured.get(entry.name)) for entry in chosen]
        console.print(json.dumps(rows, indent=1, ensure_ascii=False), markup=False, soft_wrap=True)
        return
    _show(chosen, measured)


def _matches(entry: Entry, text: str) -> bool:
    wanted = text.lower()
    return any(wanted in name.lower() for name in (entry.name, *entry.aliases, entry.data))


def _hint(text: str) -> str:
    near = difflib.get_close_matches(text.lower(), zoo.list(), n=3)
    return f". Did you mean {' or '.join(near)}?" if near else "; `shinso models` shows them all"


def _show(chosen: Sequence[Entry], measured: dict[str, float]) -> None:
    """The tables, one for each data set, and the sources of their errors."""
    piped = not console.is_terminal and "COLUMNS" not in os.environ
    screen = Console(width=_PIPED_WIDTH, highlight=False, emoji=False) if piped else console
    sources: dict[str, int] = {}
    for data in dict.fromkeys(_heading(entry) for entry in chosen):
        rows = [entry for entry in chosen if _heading(entry) == data]
        screen.print(Text(data, style="bold"))
        screen.print(_table(rows, measured, sources))
        screen.print()
    for source, number in sources.items():
        screen.print(f"[{number}] {source}", markup=False, style="dim")
    if measured:
        screen.print(f"\n{_machine()}", markup=False, style="dim", soft_wrap=True)


def _heading(entry: Entry) -> str:
    """What a model of the paper's form was made for."""
    if not entry.data:
        return "Any images or tables (28×28 pixels, 10 classes here)"
    kind = {1: "grey", 3: "colour"}.get(entry.in_channels, f"{entry.in_channels}-channel")
    return f"{entry.data}: {kind} images, {entry.num_classes} classes"


def _table(rows: Sequence[Entry], measured: dict[str, float], sources: dict[str, int]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", no_wrap=True)
    table.add_column("year")
    table.add_column("idea", overflow="fold", ratio=1)
    last = "ms here" if measured else "image"
    for column in ("params", "mult-adds", "error", last):
        table.add_column(column, justify="right", no_wrap=True)
    for entry in rows:
        parameters, multiply_adds = figures(entry.name)
        cells = [entry.name, str(entry.year), entry.idea]
        cells += [_millions(parameters), _millions(multiply_adds), _error(entry, sources)]
        side = str(entry.image_size or "any")
        cells.append(f"{measured[entry.name]:.3g}" if measured else side)
        table.add_row(*map(Text, cells))
    return table


def _error(entry: Entry, sources: dict[str, int]) -> str:
    """The published error, with the number under which its source stands below."""
    if entry.published is None:
        return "–"
    text = f"{entry.published.measure}: {entry.published.source}"
    number = sources.setdefault(text, len(sources) + 1)
    kind = entry.published.measure.partition(",")[0]
    rank = f" {kind}" if kind in ("top-1", "top-5") else ""
    return f"{round(entry.published.error, 2):g} %{rank} [{number}]"


def _millions(number: int) -> str:
    """A count in millions, in thousands below a million: 25.6 M, 61.7 k."""
    if number < 999_500:
        return f"{number / 1e3:.3g} k"
    return f"{number / 1e6:,.{0 if number >= 1e9 else 1}f} M"


def _plain(entry: Entry, milliseconds: float | None) -> dict[str, Any]:
    parameters, multiply_adds = figures(entry.name)
    published = entry.published
    found = {
        "model": entry.name,
        "aliases": list(entry.aliases),
        "year": entry.year,
        "idea": entry.idea,
        "paper": entry.paper,
        "data": entry.data,
        "num_classes": entry.num_classes,
        "input_shape": list(entry.input_shape),
        "parameters": parameters,
        "multiply_adds": multiply_adds,
        "error": None if published is None else published.error,
        "error_measure": None if published is None else published.measure,
        "error_source": None if published is None else published.source,
    }
    return found if milliseconds is None else found | {"milliseconds": milliseconds}


def _measure(entry: Entry) -> float:
    """Median milliseconds of one image through the compiled network, once it is warm."""
    errors.print(f"measuring {entry.name} …", style="dim", markup=False)
    manual_seed(0)
    model = zoo.create(entry.name).eval()
    x = np.random.default_rng(0).standard_normal((1, *entry.input_shape))
    x = x.astype(get_default_dtype())

    @compile
    def infer(x: Any) -> Any:
        with no_grad():
            return model(x)

    for _ in range(3):
        infer(x)
    spent: list[float] = []
    while sum(spent) < _SECONDS or len(spent) < 5:
        begin = time.perf_counter()
        infer(x)
        spent.append(time.perf_counter() - begin)
    return 1e3 * statistics.median(spent)


def _machine() -> str:
    """How and where the times were measured."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    names = [line.partition(":")[2] for line in text.splitlines() if line.startswith("model name")]
    name = names[0].strip() if names else platform.machine()
    threads = get_num_threads()
    return (
        "ms here: one image through the compiled network, float32, median of runs of "
        f"{_SECONDS:g} s after warming up; {name}, {threads} thread{'s' if threads > 1 else ''}. "
        "Another machine, and other work on this one, give other times."
    )
