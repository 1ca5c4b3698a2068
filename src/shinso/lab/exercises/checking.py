"""`shinso.lab.check`: is this answer to a notebook's task right?"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import Any

from shinso.lab import exercises
from shinso.lab.exercises.judging import MISSING, Judge, Wrong
from shinso.lab.text import Text, words
from shinso.viz.style import get_language

RIGHT = Text("✓ {}: right.", "✓ {}: 正解。")
NOT_YET = Text("✗ {}: not yet. Hint: {}.", "✗ {}: まだ違う。ヒント:{}。")


def check(task: str, *answers: Any) -> bool:
    """Say whether an answer to a task is right, with a hint if it is not.

        check("1.2", path)

    task: its number in the notebook, such as "1.2". answers: what the task asks for.
    Returns whether it is right; nothing is raised for a wrong answer, also where the answer is a
    function that fails. Messages are in the language of `viz.set_language`. Raises ValueError for
    a task that there is not.
    """
    known = all_tasks()
    if task not in known:
        raise ValueError(f"there is no task {task!r}; there are {', '.join(known)}")
    language = get_language()
    hint = _judged(known[task], answers)
    if hint is None:
        print(words(RIGHT, language).format(task))
        return True
    print(words(NOT_YET, language).format(task, words(hint, language)))
    return False


@functools.cache
def all_tasks() -> dict[str, Judge]:
    """The judges of all tasks, in order."""
    found: dict[str, Judge] = {}
    for module in pkgutil.iter_modules(exercises.__path__):
        if module.name.startswith("e"):
            found |= importlib.import_module(f"{exercises.__name__}.{module.name}").TASKS
    return found


def _judged(judge: Judge, answers: tuple[Any, ...]) -> Text | None:
    if any(answer is Ellipsis or answer is None for answer in answers):
        return MISSING
    try:
        judge(*answers)
    except Wrong as wrong:
        return wrong.hint
    except Exception as error:
        # A learner's function failed: its error is the best hint.
        said = f"{type(error).__name__}: {error}"
        return Text(f"your code raised {said}", f"コードがエラーになった:{said}")
    return None
