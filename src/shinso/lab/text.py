"""Texts in both languages."""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "ja")


@dataclass(frozen=True)
class Text:
    """The same in English and in Japanese. A blank line parts paragraphs."""

    en: str
    ja: str

    def in_(self, language: str) -> str:
        """The text in "en" or "ja"."""
        return self.ja if language == "ja" else self.en


def words(text: Text | str, language: str) -> str:
    """A text in a language; what is a plain string (a name, a number) is the same in both."""
    return text if isinstance(text, str) else text.in_(language)
