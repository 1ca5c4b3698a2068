"""Make the notebooks from their sources: python notebooks/build.py.

A source is Markdown, one for both languages. `:::en` and `:::ja` blocks are texts; ```python blocks
are code. Of a ```python task and the ```python solution after it, learners get the task. Lines of
code that begin with `# en:` or `# ja:` are comments in that language only. A test runs all
notebooks with the solutions, and compares the files with what this makes.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LANGUAGES = ("en", "ja")
_BLOCK = re.compile(
    r"^:::(?P<language>en|ja)\n(?P<text>.*?)\n:::$"
    r"|^```python(?: (?P<kind>setup|task|solution))?\n(?P<code>.*?)\n```$",
    re.DOTALL | re.MULTILINE,
)
_INSTALL = "%pip install -q 'shinso[lab]'"


@dataclass(frozen=True)
class Cell:
    """kind: "text", "code", "setup", "task" or "solution". language: of a text."""

    kind: str
    content: str
    language: str = ""


def read(source: Path) -> list[Cell]:
    """The cells of a source. Raises ValueError for anything outside of blocks."""
    content = source.read_text(encoding="utf-8")
    outside = _BLOCK.sub("", content).split()
    if outside:
        raise ValueError(f"{source.name}: outside of blocks: {' '.join(outside)[:80]}")
    return [
        Cell("text", m["text"], m["language"])
        if m["language"]
        else Cell(m["kind"] or "code", m["code"])
        for m in _BLOCK.finditer(content)
    ]


def code_cells(cells: list[Cell], solved: bool, language: str) -> list[str]:
    """The code of a notebook, cell by cell."""
    left_out = "task" if solved else "solution"
    return [code(cell, language) for cell in cells if cell.kind not in ("text", left_out)]


def code(cell: Cell, language: str) -> str:
    """The code of a cell, with comments of one language."""
    lines = []
    for line in cell.content.split("\n"):
        found = re.match(r"(\s*)# (en|ja): (.*)", line)
        if found is None:
            lines.append(line)
        elif found[2] == language:
            lines.append(f"{found[1]}# {found[3]}")
    if cell.kind == "setup" and language == "ja":
        lines.append('\nviz.set_language("ja")')
    text = "\n".join(lines)
    return f"{text};" if _ends_with_check(text) else text  # the semicolon hides a bare True


def _ends_with_check(text: str) -> bool:
    body = ast.parse(text).body
    return bool(body) and ast.unparse(body[-1]).startswith("check(")


def notebook(cells: list[Cell], language: str, solved: bool = False) -> dict[str, Any]:
    """A notebook in Jupyter's format."""
    left_out = "task" if solved else "solution"
    made = [_cell("code", _INSTALL, 0)]
    for cell in cells:
        if cell.kind == left_out or (cell.kind == "text" and cell.language != language):
            continue
        if cell.kind == "text":
            made.append(_cell("markdown", cell.content, len(made)))
        else:
            made.append(_cell("code", code(cell, language), len(made)))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": made,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(kind: str, content: str, number: int) -> dict[str, Any]:
    made = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": content.splitlines(keepends=True),
    }
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def sources() -> list[Path]:
    """All sources, in order."""
    return sorted((HERE / "source").glob("*.md"))


def files() -> dict[Path, str]:
    """Every notebook's path and content."""
    made = {}
    for source in sources():
        cells = read(source)
        for language in LANGUAGES:
            text = json.dumps(notebook(cells, language), indent=1, ensure_ascii=False)
            made[HERE / language / f"{source.stem}.ipynb"] = text + "\n"
    return made


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(HERE))
