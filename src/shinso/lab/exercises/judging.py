"""How an answer is judged: what is right goes by, what is wrong raises `Wrong` with a hint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.text import Text

Judge = Callable[..., None]
Tasks = Mapping[str, Judge]


class Wrong(Exception):
    """An answer is not right yet. hint: what to look at, without the answer itself."""

    def __init__(self, hint: Text) -> None:
        super().__init__(hint.en)
        self.hint = hint


MISSING = Text("there is still … in it: fill it in first", "まだ … が残っている。まず埋めよう")


def number(answer: Any) -> float:
    """An answer as one number. Raises Wrong for anything else."""
    try:
        return float(array(answer).reshape(()))
    except ValueError:
        hint = Text(
            f"one number is asked for, not {answer!r:.60}", f"数を一つ。{answer!r:.60} でなく"
        )
        raise Wrong(hint) from None


def array(answer: Any, shape: tuple[int, ...] | None = None) -> Array:
    """An answer (Tensor, array, list, number) as an array of float64, of that shape if one is
    given. Raises Wrong for anything else."""
    if unwritten(answer):
        raise Wrong(MISSING)
    try:
        found = np.asarray(answer.data if isinstance(answer, Tensor) else answer, dtype=np.float64)
    except (TypeError, ValueError):
        hint = Text(f"numbers are asked for, not {answer!r:.60}", f"数値で。{answer!r:.60} でなく")
        raise Wrong(hint) from None
    if shape is not None and found.shape != shape:
        raise Wrong(
            Text(
                f"the shape is {found.shape}, and should be {shape}",
                f"形が {found.shape} になっている。{shape} のはず",
            )
        )
    return found


def unwritten(answer: Any) -> bool:
    """Whether there is still `...` in an answer, or nothing at all."""
    if isinstance(answer, (list, tuple)):
        return any(unwritten(part) for part in answer)
    return answer is None or answer is Ellipsis


def close(answer: Any, wanted: Any, hint: Text, tolerance: float = 1e-6) -> None:
    """Raise Wrong with the hint unless the answer is `wanted` up to tolerance × its size."""
    right = np.asarray(wanted, dtype=np.float64)
    found = array(answer, right.shape)
    limit = tolerance * max(1.0, float(np.abs(right).max(initial=0.0)))
    if not np.all(np.abs(found - right) <= limit):
        raise Wrong(hint)


def holds(condition: Any, hint: Text) -> None:
    """Raise Wrong with the hint unless the condition is true."""
    if not condition:
        raise Wrong(hint)


def function(answer: Any) -> Callable[..., Any]:
    """An answer that must be a function or class. Raises Wrong for anything else."""
    if answer is None or answer is Ellipsis:
        raise Wrong(MISSING)
    if not callable(answer):
        kind = type(answer).__name__
        raise Wrong(Text(f"a function is asked for, not a {kind}", f"関数を渡す。{kind} でなく"))
    made: Callable[..., Any] = answer
    return made
