"""From the texts of a column's cells to numbers or categories."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd

from shinso.data.protocols import Array

MISSING = frozenset(
    ["", "?", "-", "--", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A",
     "欠損", "不明"]
)  # fmt: skip
MOSTLY = 0.8  # of a column's cells must be numbers for it to be one of numbers
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_AROUND = "¥$€£%％円 "


class ColumnBuilder:
    """Takes a column's cells piece by piece, keeps them small, and says at the end what they are.

    A piece is kept as numbers if all of its cells are, else as texts, each different one once.
    """

    def __init__(self) -> None:
        self._pieces: list[Array | tuple[Array, Array]] = []
        self._numbers = self._texts = 0
        self._code = False
        self._odd: dict[str, int] = {}

    def add(self, cells: Sequence[str]) -> None:
        """The next cells."""
        codes, distinct = pd.factorize(np.array(cells, dtype=object))
        distinct = np.array([text.strip() for text in distinct], dtype=object)
        values, kinds = numbers_of(distinct)
        counts = np.bincount(codes, minlength=len(distinct))
        self._numbers += int(counts[kinds == 1].sum())
        for text, count in zip(distinct[kinds == 0], counts[kinds == 0], strict=True):
            self._texts += int(count)
            if text in self._odd or len(self._odd) < 1000:
                self._odd[text] = self._odd.get(text, 0) + int(count)
        self._code = self._code or any(
            text.startswith("0") and text[1:2].isdigit() for text in distinct[kinds == 1]
        )
        if (kinds != 0).all() and not self._code:
            self._pieces.append(values[codes])
        else:
            self._pieces.append((codes.astype(np.int32), distinct))

    def finish(self) -> tuple[pd.Series, str]:
        """The column, of numbers or of categories, and what there is to tell about it."""
        mostly = self._numbers >= MOSTLY * (self._numbers + self._texts)
        if self._numbers and mostly and not self._code:
            return pd.Series(np.concatenate([_values(p) for p in self._pieces])), self._told()
        return pd.Series(self._categories()), ""

    def _told(self) -> str:
        if not self._texts:
            return ""
        often = sorted(self._odd, key=lambda text: -self._odd[text])[:3]
        some = ", ".join(f"{text[:30]!r} ({self._odd[text]:,} times)" for text in often)
        cells = "1 cell is" if self._texts == 1 else f"{self._texts:,} cells are"
        return f"{cells} no number and counted as missing: {some}"

    def _categories(self) -> pd.Categorical:
        place: dict[str, int] = {}
        codes = []
        for piece in self._pieces:
            if isinstance(piece, tuple):
                small, distinct = piece
            else:  # its texts are gone: the shortest that mean the same numbers
                small, values = pd.factorize(piece)
                distinct = np.array([plain_text(v) for v in values], dtype=object)
            there = [
                -1 if text in MISSING else place.setdefault(text, len(place)) for text in distinct
            ]
            codes.append(np.array([*there, -1], dtype=np.int32)[small])
        texts = sorted(place)
        order = np.empty(len(place) + 1, np.int32)
        order[[place[text] for text in texts]] = np.arange(len(texts))
        order[-1] = -1
        return pd.Categorical.from_codes(order[np.concatenate(codes)], categories=texts)


def _values(piece: Array | tuple[Array, Array]) -> Array:
    if not isinstance(piece, tuple):
        return piece
    codes, distinct = piece
    return numbers_of(distinct)[0][codes]


def plain_text(value: float) -> str:
    """The shortest text of a number, whole ones without a point; empty for NaN."""
    if np.isnan(value):
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def numbers_of(texts: Array) -> tuple[Array, Array]:
    """Numbers that texts stand for (NaN if none), and per text 1 for a number, 0 for none, -1 for
    a missing value.

    Besides what Python reads: digits in groups (1,234), full-width digits, and currency and
    percent signs around a number.
    """
    values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    kinds = np.where(np.isnan(values), 0, 1)
    for i in np.flatnonzero(kinds == 0):
        text = texts[i]
        if text in MISSING:
            kinds[i] = -1
            continue
        found = _loose(text)
        if found is not None:
            values[i], kinds[i] = found, 1
    return values, kinds


def _loose(text: str) -> float | None:
    if len(text) > 40 or not any(c.isdigit() for c in text):
        return None
    plain = unicodedata.normalize("NFKC", text).strip(_AROUND)
    if _GROUPED.fullmatch(plain):
        plain = plain.replace(",", "")
    if "_" in plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
