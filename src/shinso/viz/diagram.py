"""A drawing by Graphviz: boxes and arrows from a description in its language."""

from __future__ import annotations

import functools
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pygraphviz

from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.viz.style import get_language, japanese_font, packaged_fonts

FORMATS = ("svg", "png", "pdf")


@dataclass
class Diagram:
    """Boxes and arrows. dot: their description in Graphviz's language.

    parts: what is inside of folded boxes, by name; `save` puts them into a folder beside the file,
    so that a click on a box of the SVG opens its inside. In `dot` a box refers to a part as
    URL="part:NAME", and a part to where it belongs as URL="back:".
    """

    dot: str
    parts: dict[str, Diagram] = field(default_factory=dict)

    def save(self, path: str | Path, dpi: int = 144) -> Path:
        """Write it as .svg, .png, .pdf or .dot, by the ending; with an .svg its parts as well.

        Returns the path. Raises ValueError for another ending, DataError if that fails.
        """
        return self._save(Path(path), dpi, "")

    def _save(self, path: Path, dpi: int, back: str) -> Path:
        """Write it. back: where the link of a part leads."""
        kind = path.suffix.removeprefix(".").lower()
        links = (quote(path.stem), back) if kind == "svg" else ("", "")
        if kind == "dot":
            save_bytes(path, self.dot.encode())
        elif kind in FORMATS:
            save_bytes(path, _encoded(_linked(self.dot, *links), kind, dpi))
        else:
            raise ValueError(f"{path}: a diagram is saved as .svg, .png, .pdf or .dot")
        if kind == "svg" and self.parts:
            folder = path.with_suffix("")
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise DataError(f"{folder}: cannot be made: {error.strerror}.") from None
            for name, part in self.parts.items():
                part._save(folder / f"{name}.svg", dpi, f"../{quote(path.name)}")
        return path

    def encoded(self, kind: str = "svg", dpi: int = 144) -> bytes:
        """The content of such a file, without links to parts, which are files of their own."""
        return _encoded(_linked(self.dot, "", ""), kind, dpi)

    def svg(self) -> str:
        """As the text of an SVG."""
        return self.encoded("svg").decode()

    def _repr_svg_(self) -> str:
        return self.svg()


def _linked(dot: str, folder: str, back: str) -> str:
    """The description with links to the files of parts; without a folder or a way back, none."""

    def part(found: re.Match[str]) -> str:
        return f'URL="{folder}/{quote(found[1])}.svg"' if folder else 'URL=""'

    dot = re.sub(r'URL="part:([^"]*)"', part, dot)
    return dot.replace('URL="back:"', f'URL="{back}"')


def _encoded(dot: str, kind: str, dpi: int) -> bytes:
    """A description drawn."""
    _find_fonts()
    drawing = pygraphviz.AGraph(string=dot)
    drawing.graph_attr["dpi"] = "72" if kind == "svg" else str(dpi)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of labels wider than their box
        content: bytes = drawing.draw(format=kind, prog="dot")
    return content


@functools.cache
def _find_fonts() -> None:
    """Let Graphviz find the Japanese font that comes as a package.

    Its library for fonts reads one file, once; so there is such a file while it draws for the
    first time, unless the user has one.
    """
    folder = packaged_fonts()
    if folder is None or "FONTCONFIG_FILE" in os.environ:
        return
    text = (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f'<dir>{folder}</dir><include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        "</fontconfig>"
    )
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "fonts.conf"
        file.write_text(text)
        os.environ["FONTCONFIG_FILE"] = str(file)
        try:
            with _nothing_printed():
                drawing = pygraphviz.AGraph(string="digraph { a }")
                drawing.draw(format="png", prog="dot")
        finally:
            del os.environ["FONTCONFIG_FILE"]


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Inside the block nothing that C code writes to standard error is seen: the library for fonts
    complains there about settings of a system that is newer than itself."""
    with Path(os.devnull).open("w") as nowhere:
        kept = os.dup(2)
        try:
            os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def font() -> str:
    """The font of a diagram's letters in the chosen language."""
    return japanese_font() if get_language() == "ja" else "Helvetica"


def quoted(text: str) -> str:
    """A text as a string of Graphviz's language; its line breaks stay."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
