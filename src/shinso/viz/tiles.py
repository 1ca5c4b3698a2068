"""Many small pictures in one: side by side, row by row, each pixel crisp."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from shinso.cell import Array
from shinso.viz.picture import Picture, new_picture

LETTERS = 11
"""Size of the letters over the tiles, in points."""

FRAME = "#a8a8a4"
"""Colour of a thin line around each tile: a white one would not be seen."""

_LINE, _TITLE_LINE = 0.22, 0.3
_GAP, _MARGIN = 0.1, 0.08
_SMALLEST, _LARGEST = 0.8, 2.6
_SHEET = (9.0, 6.5)
_BAR, _BAR_AND_NUMBERS = 0.18, 1.25


class Tiles:
    """A picture of equal tiles with a line of text over each, if wanted.

    shape: (h, w) of the tiles in pixels. count: how many. columns: in a row (None: what leaves
    the fewest empty places of a nearly square sheet). titles: one for each tile; "" for none.
    row_labels: one for each row, to its left. title: over all. bar: leave room for a colour bar.
    Lengths are inches; the coordinates of the axes are, too, from the upper left corner.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        count: int,
        *,
        columns: int | None = None,
        titles: Sequence[str] | None = None,
        row_labels: Sequence[str] = (),
        title: str = "",
        bar: bool = False,
    ) -> None:
        self.columns = check_columns(count, columns)
        self.titles = check_titles(count, titles)
        self.rows = math.ceil(count / self.columns)
        self.width, self.height = _size(shape, self.columns, self.rows)
        self.pitch = max(self.width, *map(letters_width, self.titles)) + _GAP
        self.left = max(map(letters_width, row_labels), default=0.0) + _GAP * bool(row_labels)
        self.tops = self._tops()
        self.picture = self._sheet(title, bar)
        self.axes = self._axes()
        self._label_rows(row_labels)
        self.used = 0

    def _tops(self) -> list[float]:
        """Where the tiles of each row begin, and where the last one ends."""
        tops, y = [], 0.0
        for row in range(self.rows):
            own = self.titles[row * self.columns : (row + 1) * self.columns]
            y += _LINE * max(t.count("\n") + 1 if t else 0 for t in own)
            tops.append(y)
            y += self.height + _GAP
        return [*tops, y]

    def _sheet(self, title: str, bar: bool) -> Picture:
        """The empty sheet, just large enough."""
        needed = self.left + self.columns * self.pitch
        self.across = max(needed, 1.3 * letters_width(title))
        self.left += (self.across - needed) / 2
        wide = self.across + 2 * _MARGIN + bar * _BAR_AND_NUMBERS
        lines = title.count("\n") + 1 if title else 0
        picture = new_picture(wide, self.tops[-1] + 2 * _MARGIN + _TITLE_LINE * lines)
        picture.set_layout_engine("none")
        if title:
            middle = (_MARGIN + self.across / 2) / picture.get_figwidth()
            top = 1 - _MARGIN / picture.get_figheight()
            picture.suptitle(title, x=middle, y=top, va="top")
        return picture

    def _place(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes at a place in inches from the lower left corner of the sheet."""
        w, h = self.picture.get_size_inches()
        return self.picture.add_axes((left / w, bottom / h, width / w, height / h))

    def _axes(self) -> Axes:
        axes = self._place(_MARGIN, _MARGIN, self.across, self.tops[-1])
        axes.set_xlim(0, self.across)
        axes.set_ylim(self.tops[-1], 0)
        axes.set_axis_off()
        return axes

    def add(self, pixels: Array, **options: Any) -> AxesImage:
        """Put the next tile in place: (h, w), or (h, w, 3) for colours; options as of `imshow`."""
        row, column = divmod(self.used, self.columns)
        top, middle = self.tops[row], self.left + (column + 0.5) * self.pitch
        self.place = (middle - self.width / 2, middle + self.width / 2, top + self.height, top)
        if self.titles[self.used]:
            self._write(middle, top - 0.04, self.titles[self.used], "center", "bottom")
        self.used += 1
        image = self._draw(pixels, options)
        corner = (middle - self.width / 2, top)
        frame = Rectangle(corner, self.width, self.height, fill=False, color=FRAME, linewidth=0.6)
        self.axes.add_patch(frame)
        return image

    def cover(self, pixels: Array, **options: Any) -> AxesImage:
        """Put a tile over the last one; the colour bar will be about it."""
        return self._draw(pixels, options)

    def skip(self, words: str = "") -> None:
        """Leave the next place empty, but for a few words that may go on over those behind it."""
        row, column = divmod(self.used, self.columns)
        if words:
            x = self.left + column * self.pitch + 2 * _GAP
            self._write(x, self.tops[row] + self.height / 2, words, "left", "center")
        self.used += 1

    def _write(self, x: float, y: float, text: str, across: str, along: str) -> None:
        self.axes.text(x, y, text, ha=across, va=along, fontsize=LETTERS)

    def _label_rows(self, labels: Sequence[str]) -> None:
        x = self.left + (self.pitch - self.width) / 2 - 0.08
        for label, top in zip(labels, self.tops, strict=False):
            self._write(x, top + self.height / 2, label, "right", "center")

    def _draw(self, pixels: Array, options: dict[str, Any]) -> AxesImage:
        limits = (*self.axes.get_xlim(), *self.axes.get_ylim())
        self.last = self.axes.imshow(pixels, extent=self.place, aspect="auto", **options)
        self.axes.axis(limits)
        return self.last

    def colour_bar(self, label: str = "") -> None:
        """Explain the colours of the last tile, at the right."""
        bottom, top = _MARGIN + _GAP, _MARGIN + self.tops[-1] - self.tops[0]
        axes = self._place(_MARGIN + self.across + _GAP, bottom, _BAR, top - bottom)
        bar = self.picture.colorbar(self.last, cax=axes)
        bar.outline.set_visible(False)
        if label:
            bar.set_label(label)


def check_columns(count: int, columns: int | None) -> int:
    """How many tiles there are in a row."""
    if columns is not None:
        if columns < 1:
            raise ValueError(f"columns is how many images a row has, at least 1, not {columns}")
        return min(columns, count)
    least = math.ceil(math.sqrt(count))
    choices = range(least, min(max(int(1.6 * least), 5), count) + 1)
    return min(choices, key=lambda c: (-count % c, c))


def check_titles(count: int, titles: Sequence[str] | None) -> list[str]:
    """One title for each tile, or none at all."""
    if titles is None:
        return [""] * count
    if len(titles) != count:
        raise ValueError(f"got {len(titles)} titles for {count} images; give one for each")
    return [str(t) for t in titles]


def letters_width(text: str) -> float:
    """About how many inches a text takes, its longest line; Japanese letters are wide."""
    wide = [[unicodedata.east_asian_width(c) in "WF" for c in line] for line in text.split("\n")]
    return max(sum(0.165 if w else 0.095 for w in line) for line in wide)


def _size(shape: tuple[int, int], columns: int, rows: int) -> tuple[float, float]:
    """Width and height of a tile, in inches: the sheet should fit on a slide."""
    h, w = shape
    space = [whole / n - _GAP for whole, n in zip(_SHEET, (columns, rows), strict=True)]
    longest = min(max(min(space[0], space[1] - _LINE), _SMALLEST), _LARGEST)
    return longest * w / max(h, w), longest * h / max(h, w)
