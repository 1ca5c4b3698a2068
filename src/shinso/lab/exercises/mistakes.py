"""What judges look for besides the right answer: known mistakes, and the parts of an answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.lab.exercises.judging import Wrong, array
from shinso.lab.text import Text


def mistake(answer: Any, wrong: Any, hint: Text, tolerance: float = 1e-6) -> None:
    """Raise Wrong with the hint if the answer is this wrong one, up to tolerance × its size.

    wrong: an array or a number; an answer of another shape passes.
    """
    known = np.asarray(wrong, dtype=np.float64)
    found = array(answer)
    limit = tolerance * max(1.0, float(np.abs(known).max(initial=0.0)))
    if found.shape == known.shape and np.all(np.abs(found - known) <= limit):
        raise Wrong(hint)


def parts(answer: Any, names: str) -> tuple[Any, ...]:
    """An answer that must be a tuple or list with one part for each name, such as "w, v"."""
    count = names.count(",") + 1
    if not isinstance(answer, (tuple, list)) or len(answer) != count:
        raise Wrong(Text(f"return {count} things: {names}", f"{count} つを返す:{names}"))
    return tuple(answer)
