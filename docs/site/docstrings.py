"""shinso's docstrings as reStructuredText: they are plain text with indented examples."""

import ast
import re
import textwrap
from typing import Any

from sphinx.application import Sphinx

_QUOTED = re.compile(r"(``.+?``|`.+?`)")


def to_rst(lines: list[str]) -> list[str]:
    """Plain text with `names` and indented blocks as reStructuredText."""
    made: list[str] = []
    for block in _blocks(lines):
        if block[0].startswith(" "):
            text = textwrap.dedent("\n".join(block))
            made += ["", f".. code-block:: {_language(text)}", ""]
            made += textwrap.indent(text, "   ").splitlines()
        else:
            made += [_escaped(line) for line in block]
        made.append("")
    return made


def _blocks(lines: list[str]) -> list[list[str]]:
    """Runs of lines that are all indented or all not, without the blank lines around them."""
    blocks: list[list[str]] = []
    for line in lines:
        if not line.strip():
            if blocks and blocks[-1] and blocks[-1][0].startswith(" "):
                blocks[-1].append("")  # an example may have blank lines
            elif blocks and blocks[-1]:
                blocks.append([])
            continue
        if blocks and blocks[-1] and blocks[-1][0].startswith(" ") == line.startswith(" "):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    trimmed = [_trimmed(block) for block in blocks]
    return [block for block in trimmed if block]


def _trimmed(block: list[str]) -> list[str]:
    while block and not block[-1].strip():
        block = block[:-1]
    return block


def _language(text: str) -> str:
    try:
        ast.parse(text)
    except SyntaxError:
        return "text"
    return "python"


def _escaped(line: str) -> str:
    """Signs that reStructuredText would take for markup, outside of `quotes`."""
    parts = _QUOTED.split(line)
    parts[::2] = [re.sub(r"([*|\\_])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def _process(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = to_rst(lines)


def _skip(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what an estimator has from scikit-learn: it is documented there."""
    module = getattr(thing, "__module__", None) or ""
    return True if callable(thing) and module.startswith("sklearn.") else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}
