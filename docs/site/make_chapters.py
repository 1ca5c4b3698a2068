"""Write the chapters of the documents: python docs/site/make_chapters.py.

Texts and formulas are the experiments' own (`shinso.lab`), pictures and numbers those in docs/lab,
which docs/site/collect_lab.py keeps. A test compares the files with what this writes.
"""

import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from parts import PARTS, Part

from shinso.lab import Experiment, Text, all_experiments
from shinso.lab.page import (
    CLAIM,
    CODE,
    FAILS,
    FOUND,
    HOLDS,
    QUESTION,
    WANTED,
    found_text,
    one_line,
    wanted_text,
)  # fmt: skip
from shinso.lab.report import verdicts_of
from shinso.lab.text import LANGUAGES, words

DOCS = Path(__file__).parent.parent
FIGURES = Text("All figures", "すべての図")
_FORM = {
    True: Text("quick form: {} s", "短縮版:{} 秒"),
    False: Text("full form: {} s", "完全版:{} 秒"),
}


def pages() -> dict[Path, str]:
    """Every page that this writes, by its path below docs."""
    made = {}
    for language in LANGUAGES:
        root = Path("ja") if language == "ja" else Path()
        results = read(language)
        for part in PARTS:
            made[root / "chapters" / f"{part.file}.md"] = chapter(part, results, language)
        made[root / "figures.md"] = contact_sheet(results, language)
    return made


def read(language: str) -> dict[str, dict[str, Any]]:
    """The results that are kept, by experiment."""
    files = sorted((DOCS / "lab" / language).glob("*/result.json"))
    return {f.parent.name: json.loads(f.read_text(encoding="utf-8")) for f in files}


def chapter(part: Part, results: dict[str, dict[str, Any]], language: str) -> str:
    """One part of the curriculum."""
    lines = [f"# {words(part.title, language)}", "", words(part.text, language), ""]
    for e in all_experiments().values():
        if e.rows[0].startswith(part.letter) and e.name in results:
            lines += section(e, results[e.name], language)
    return "\n".join(lines).rstrip() + "\n"


def section(e: Experiment, result: dict[str, Any], language: str) -> list[str]:
    """One experiment."""
    up = "../.." if language == "ja" else ".."
    lines = [f"({e.name})=", f"## {' '.join(e.rows)} {words(e.title, language)}", ""]
    lines += [f"**{words(QUESTION, language)}.** {one_line(words(e.question, language))}", ""]
    lines += [
        f"**{words(CLAIM, language).capitalize()}.** {one_line(words(e.claim, language))}",
        "",
    ]
    for formula in e.formulas:
        lines += ["$$", formula, "$$", ""]
    for paragraph in words(e.text, language).split("\n\n"):
        lines += [one_line(paragraph), ""]
    for f in result["figures"]:
        caption = one_line(f["caption"][language])
        lines += [f"![{caption}]({up}/lab/{language}/{e.name}/{f['file']})", "", f"*{caption}*", ""]
    for t in result["tables"]:
        lines += table(t, language)
    lines += verdicts(result, language)
    for note in result["notes"]:
        lines += [one_line(note[language]), ""]
    for thing in e.code:
        lines += code(thing, language)
    return lines


def table(t: dict[str, Any], language: str) -> list[str]:
    """A table of numbers."""
    caption = [one_line(t["caption"][language]), ""] if t["caption"][language] else []
    columns = [cell(c[language]) for c in t["columns"]]
    marks = ["---"] + ["---:"] * (len(columns) - 1)
    rows = [[cell(c[language]) for c in row] for row in t["rows"]]
    return [*caption, *(f"| {' | '.join(row)} |" for row in [columns, marks, *rows]), ""]


def verdicts(result: dict[str, Any], language: str) -> list[str]:
    """Every verdict with its number."""
    head = ("", CLAIM, FOUND, WANTED)
    lines = [f"| {' | '.join(words(h, language) for h in head)} |", "| --- | --- | ---: | ---: |"]
    for v in verdicts_of(result):
        said = ("✓ " if v.holds else "✗ ") + words(HOLDS if v.holds else FAILS, language)
        claim = cell(one_line(words(v.claim, language)))
        lines.append(f"| {said} | {claim} | {cell(found_text(v))} | {cell(wanted_text(v))} |")
    form = words(_FORM[result["fast"]], language).format(f"{result['seconds']:.0f}")
    run = f"`shinso lab run {result['name']}{' --fast' if result['fast'] else ''}`"
    return [*lines, "", f"{run} ({form})", ""]


def code(thing: Any, language: str) -> list[str]:
    """The source of a function or class, folded."""
    name = f"{thing.__module__}.{thing.__qualname__}"
    text = textwrap.dedent(inspect.getsource(thing)).rstrip()
    summary = f"<summary>{words(CODE, language)}: <code>{name}</code></summary>"
    return ["<details>", summary, "", "```python", *text.splitlines(), "```", "", "</details>", ""]


def contact_sheet(results: dict[str, dict[str, Any]], language: str) -> str:
    """All figures, small."""
    lines = [f"# {words(FIGURES, language)}", ""]
    up = "../" if language == "ja" else ""
    for part in PARTS:
        lines += [f"## {words(part.title, language)}", ""]
        shown = [
            f"[![{one_line(f['caption'][language])}]({up}lab/{language}/{e.name}/{f['file']}) "
            f"{' '.join(e.rows)} {words(e.title, language)}](chapters/{part.file}.md#{e.name})"
            for e in all_experiments().values()
            if e.rows[0].startswith(part.letter) and e.name in results
            for f in results[e.name]["figures"]
        ]
        lines += [":::{container} contact", *shown, ":::", ""] if shown else []
    return "\n".join(lines).rstrip() + "\n"


def cell(text: str) -> str:
    """A text for a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for path, text in pages().items():
        (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / path).write_text(text, encoding="utf-8")
        print(path)
