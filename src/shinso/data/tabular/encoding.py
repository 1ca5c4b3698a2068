"""What encoding a text file is in: UTF-8, one of the Japanese ones, or Western European."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from shinso.data.bounded import BoundedFile

_SAMPLE = 1 << 20  # bytes of lines that are not ASCII, enough to tell encodings apart
_PIECE = 1 << 20
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_FEW = 0.01  # of the lines with signs beyond ASCII: so many may be damaged in a UTF-8 file


def detect_encoding(path: Path, max_bytes: int) -> tuple[str, bool]:
    """Return a file's encoding, and whether every byte of it fits.

    UTF-8 if it can be that, but for a few damaged lines at most; else CP932 (Shift JIS) or EUC-JP
    if nearly all of what is not ASCII are kana or common kanji; else CP1252.
    Raises DataError if the file cannot be read.
    """
    with BoundedFile(path, max_bytes) as file:
        start = file.read(4)
        for mark, name in _BOMS.items():
            if start.startswith(mark):
                return name, True
        file.seek(0)
        if _decodes(iter(lambda: file.read(_PIECE), b""), "utf-8"):
            return "utf-8", True
        file.seek(0)
        lines = _foreign_lines(file)
    damaged = sum(not _decodes(iter([line]), "utf-8") for line in lines)
    if damaged <= _FEW * len(lines):
        return "utf-8", False
    sample = b"".join(lines)
    for name, common in (("cp932", _is_common_in_cp932), ("euc_jp", _is_common_in_euc)):
        if _decodes(iter([sample]), name) and _share(sample.decode(name), name, common) > 0.8:
            return name, True
    return "cp1252", _decodes(iter([sample]), "cp1252")


def _decodes(pieces: Iterator[bytes], name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _foreign_lines(file: BoundedFile) -> list[bytes]:
    """Lines that are not ASCII, up to a sample's size."""
    lines, size = [], 0
    for line in io.BufferedReader(file, _PIECE):
        if not line.isascii():
            lines.append(line[:_SAMPLE])
            size += len(line)
            if size > _SAMPLE:
                break
    return lines


def _share(text: str, name: str, common: frozenset[int]) -> float:
    """The share of signs beyond ASCII whose first byte is that of a common Japanese sign.

    Western letters, read as Japanese, turn into half-width kana and rare kanji.
    """
    foreign = [c.encode(name) for c in text if ord(c) > 127]
    return sum(c[0] in common for c in foreign) / max(1, len(foreign))


# Signs, kana, Greek, Cyrillic and the 2965 kanji of JIS level 1 begin with these.
_is_common_in_cp932 = frozenset(range(0x81, 0x99))
_is_common_in_euc = frozenset(range(0xA1, 0xD0))
