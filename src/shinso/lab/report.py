"""All experiments that were run, on one page: every verdict with its number, every figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.lab.catalog import ROWS
from shinso.lab.experiment import Verdict
from shinso.lab.page import framed, verdict_row, verdict_table
from shinso.lab.runner import PAGE, RESULT
from shinso.lab.text import Text, words
from shinso.train.page import cards, section


def read_results(out: Path) -> list[dict[str, Any]]:
    """The results in out/*/result.json, in the order of the curriculum.

    Raises DataError if there are none, or one is damaged.
    """
    found = []
    for path in sorted(out.glob(f"*/{RESULT}")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from None
    if not found:
        raise DataError(f"{out}: there are no results; `shinso lab run all --fast` makes them")
    return sorted(found, key=lambda r: ([ROWS.index(row) for row in r["rows"]], r["name"]))


def verdicts_of(result: dict[str, Any]) -> list[Verdict]:
    """The verdicts of a result that was read."""
    return [
        Verdict(
            Text(**v["claim"]), float(v["found"]), v["wanted"], v["tolerance"], v["relation"],
            v["unit"],
        )
        for v in result["verdicts"]
    ]  # fmt: skip


def write_report(out: Path, language: str = "en") -> Path:
    """Write out/index.html from the results in there. Returns its path; DataError if that fails."""
    results = read_results(out)
    each = [(r, v) for r in results for v in verdicts_of(r)]
    held = sum(v.holds for _, v in each)
    covered = {row for r in results for row in r["rows"]}
    seconds = sum(r["seconds"] for r in results)
    numbers = [
        (f"{held} / {len(each)}", words(Text("claims borne out", "成立した主張"), language)),
        (f"{len(results)}", words(Text("experiments", "実験"), language)),
        (f"{len(covered)} / {len(ROWS)}", words(Text("rows covered", "扱った項目"), language)),
        (f"{seconds / 60:.1f} min", words(Text("in all", "合計時間"), language)),
    ]
    rows = [_row(r, v, language) for r, v in each]
    first = f"<th>{escape(words(Text('row', '項目'), language))}</th>"
    parts = [
        cards(numbers),
        section(
            words(Text("Verdicts", "判定"), language),
            verdict_table(rows, language, first),
        ),
        section(
            words(Text("All figures", "すべての図"), language), _contact_sheet(results, language)
        ),
    ]
    title = words(Text("The lab of shinso", "shinso の実験室"), language)
    subtitle = words(
        Text(
            "Claims about neural networks, each tested with numbers of our own.",
            "ニューラルネットワークについての主張を、自分たちの数値で確かめる。",
        ),
        language,
    )
    path = out / PAGE
    save_bytes(path, framed(title, subtitle, parts, language).encode())
    return path


def _row(result: dict[str, Any], v: Verdict, language: str) -> str:
    link = f'<a href="{escape(result["name"])}/{PAGE}">{escape(" ".join(result["rows"]))}</a>'
    return verdict_row(v, language, f"<td>{link}</td>")


def _contact_sheet(results: Sequence[dict[str, Any]], language: str) -> str:
    cells = []
    for r in results:
        for f in r["figures"]:
            caption = f["caption"][language]
            name = f"{r['name']}/{f['file']}"
            cells.append(
                f'<a href="{escape(r["name"])}/{PAGE}"><figure><img src="{escape(name)}" '
                f'alt="{escape(caption)}" loading="lazy"><figcaption>{escape(" ".join(r["rows"]))} '
                f"{escape(r['title'][language])}</figcaption></figure></a>"
            )
    return f'<div class="pages">{"".join(cells)}</div>'
