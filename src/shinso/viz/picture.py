"""What the functions of `viz` return: figures that save themselves and show in a notebook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from shinso.data.atomic import save_bytes
from shinso.viz.style import styled

FORMATS = ("png", "svg", "pdf")
DPI = 144


class Picture(Figure):
    """A matplotlib figure: change its axes as you like. Notebooks show it without pyplot."""

    def save(self, path: str | Path, dpi: int = DPI) -> Path:
        """Write it as .png, .svg or .pdf, by the ending. dpi: dots per inch of a PNG.

        Returns the path. Raises ValueError for another ending, DataError if that fails.
        """
        path = Path(path)
        kind = path.suffix.removeprefix(".").lower()
        if kind not in FORMATS:
            raise ValueError(f"{path}: a picture is saved as .png, .svg or .pdf")
        save_bytes(path, self.encoded(kind, dpi))
        return path

    @styled
    def encoded(self, kind: str = "png", dpi: int = DPI) -> bytes:
        """The content of such a file."""
        content = io.BytesIO()
        # Without a date and with a fixed salt, the same picture has the same bytes.
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        self.savefig(content, format=kind, dpi=dpi, metadata=metadata, facecolor="white")
        return content.getvalue()

    def pixels(self, dpi: int = DPI) -> Any:
        """As an image: (height, width, 3) uint8."""
        from PIL import Image

        with Image.open(io.BytesIO(self.encoded("png", dpi))) as image:
            return np.asarray(image.convert("RGB"))

    def _repr_png_(self) -> bytes:
        return self.encoded("png", 110)


def new_picture(width: float = 7.0, height: float = 4.3, title: str = "") -> Picture:
    """An empty picture of so many inches, laid out so that nothing overlaps."""
    picture = Picture(figsize=(width, height), layout="constrained")
    if title:
        picture.suptitle(title)
    return picture


def one_axes(
    width: float = 7.0, height: float = 4.3, title: str = "", **options: Any
) -> tuple[Picture, Axes]:
    """A picture with one pair of axes; options go to `Figure.add_subplot`."""
    picture = new_picture(width, height)
    axes = picture.add_subplot(**options)
    if title:
        axes.set_title(title)
    return picture, axes


def grid(
    rows: int, columns: int, width: float, height: float, title: str = "", **options: Any
) -> tuple[Picture, Sequence[Axes]]:
    """A picture with rows × columns axes, given as a flat list, row by row; options go to
    `Figure.subplots`."""
    picture = new_picture(width, height, title)
    return picture, list(np.ravel(picture.subplots(rows, columns, squeeze=False, **options)))
