"""What an experiment is: a claim, a way to test it, and a verdict with its number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """How to run: data_dir, the folder with data sets; only, parts of the experiment by name (empty
    for all); say, called with a line of progress.
    """

    data_dir: Path | None = None
    only: tuple[str, ...] = ()
    say: Callable[[str], None] = lambda text: None


@dataclass(frozen=True)
class Verdict:
    """claim: in words. found, wanted: numbers; it holds if found is at least wanted - tolerance."""

    claim: str
    found: float
    wanted: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether our number bears the claim out."""
        return self.found >= self.wanted - self.tolerance


@dataclass
class Outcome:
    """A table of texts, the verdicts, and figures: PNG files by name."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    figures: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment:
    """name: of the command. covers: rows of the curriculum. claim: in one sentence. parts: names
    that `Settings.only` takes. run: does it.
    """

    name: str
    covers: str
    claim: str
    parts: tuple[str, ...]
    run: Callable[[Settings], Outcome]
