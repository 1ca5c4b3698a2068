"""What an experiment is: a question, a claim, a way to test it, and a verdict with its number."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from shinso.lab.text import Text

T = TypeVar("T")

Words = Text | str


def _silent(text: str, share: float) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class Settings:
    """How to run.

    fast: the form of seconds, on bundled data; otherwise the full one. data_dir: the folder with
    data sets. only: parts of the experiment by name (empty for all). seed: decides everything that
    is random. progress: called with a line of what goes on and the share that is done, 0 to 1.
    """

    fast: bool = False
    data_dir: Path | None = None
    only: tuple[str, ...] = ()
    seed: int = 0
    progress: Callable[[str, float], None] = _silent

    def say(self, text: str, share: float = 0.0) -> None:
        """Report progress."""
        self.progress(text, share)

    def wants(self, part: str) -> bool:
        """Whether a part of the experiment is to be done."""
        return not self.only or part in self.only

    def track(self, things: Sequence[T] | Iterable[T], what: str = "") -> Iterator[T]:
        """Go through things and report which one it is at."""
        all_of_them = list(things)
        for i, thing in enumerate(all_of_them):
            self.say(f"{what} {thing}".strip(), i / len(all_of_them))
            yield thing


@dataclass(frozen=True)
class Verdict:
    """A statement with numbers.

    claim: in words. found, wanted: numbers of the same kind. relation: "≥", "≤", "=", ">" or "<";
    tolerance: how much the number may miss it by. unit: "%", "s", …
    """

    claim: Words
    found: float
    wanted: float
    tolerance: float = 0.0
    relation: str = "≥"
    unit: str = ""

    def __post_init__(self) -> None:
        if self.relation not in _HOLDS:
            raise ValueError(f"relation is one of {' '.join(_HOLDS)}, not {self.relation!r}")

    @property
    def holds(self) -> bool:
        """Whether our number bears the claim out. A NaN does not."""
        return bool(_HOLDS[self.relation](self.found, self.wanted, self.tolerance))


_HOLDS: dict[str, Callable[[float, float, float], bool]] = {
    "≥": lambda found, wanted, t: found >= wanted - t,
    "≤": lambda found, wanted, t: found <= wanted + t,
    "=": lambda found, wanted, t: abs(found - wanted) <= t,
    ">": lambda found, wanted, t: operator.gt(found, wanted - t),
    "<": lambda found, wanted, t: operator.lt(found, wanted + t),
}


@dataclass(frozen=True)
class Table:
    """Texts in rows under columns. numbers: all columns but the first are numbers."""

    columns: tuple[Words, ...]
    rows: Sequence[Sequence[Words]]
    caption: Words = ""
    numbers: bool = True


@dataclass(frozen=True)
class Figure:
    """A picture, a diagram, or the bytes of a file. name: of its file, without the ending.

    kind: the ending; png or svg for pictures and diagrams, and for bytes what they are.
    """

    name: str
    content: Any
    caption: Words
    kind: str = "png"


@dataclass
class Outcome:
    """What an experiment found. notes: what a reader must know to read the numbers rightly."""

    verdicts: list[Verdict] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)


@dataclass(frozen=True)
class Experiment:
    """One claim and how it is tested.

    name: of the command, such as "a9-gates". rows: of the curriculum that it covers. title,
    question, claim: short. text: what one should know, with slips that are often made, put right.
    formulas: in LaTeX. code: functions and classes whose source the page shows. work: does it.
    parts: names that `Settings.only` takes. data: what the full form needs, by `data.load`'s name.
    """

    name: str
    rows: tuple[str, ...]
    title: Text
    question: Text
    claim: Text
    text: Text
    work: Callable[[Settings], Outcome]
    formulas: tuple[str, ...] = ()
    code: tuple[Any, ...] = ()
    parts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()

    def run(self, settings: Settings) -> Outcome:
        """Do it. Raises ValueError for a part that there is not."""
        if unknown := set(settings.only) - set(self.parts):
            there = f"it has {', '.join(self.parts)}" if self.parts else "it has no parts"
            raise ValueError(f"{self.name} has no {min(unknown)!r}; {there}")
        return self.work(settings)
