"""All experiments: one for each file in `shinso.lab.experiments`."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from difflib import get_close_matches

from shinso.lab import experiments
from shinso.lab.experiment import Experiment

ROWS = tuple(
    f"{part}{i}"
    for part, count in (("A", 17), ("B", 7), ("C", 10), ("D", 20))
    for i in range(1, count + 1)
)
"""The rows of the curriculum: A from the neuron to backpropagation, B between the first and the
third generation, C making deep networks trainable, D convolutional networks."""


@functools.cache
def all_experiments() -> dict[str, Experiment]:
    """Every experiment by name, in the order of the curriculum."""
    found = []
    for module in pkgutil.iter_modules(experiments.__path__):
        loaded = importlib.import_module(f"{experiments.__name__}.{module.name}")
        found.append(loaded.EXPERIMENT)
    return {e.name: e for e in sorted(found, key=_place)}


def experiment(name: str) -> Experiment:
    """The experiment of that name, or the only one that covers that row ("c5").

    Raises ValueError, with what is meant perhaps, if there is none.
    """
    known = all_experiments()
    if name in known:
        return known[name]
    covering = [e for e in known.values() if name.upper() in e.rows]
    if len(covering) == 1:
        return covering[0]
    if covering:
        raise ValueError(
            f"{name.upper()} is covered by {', '.join(e.name for e in covering)}: choose one"
        )
    near = get_close_matches(name, known, 3, 0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "`shinso lab list` shows all"
    raise ValueError(f"no experiment is called {name!r}: {hint}")


def _place(e: Experiment) -> tuple[tuple[int, ...], str]:
    places = tuple(ROWS.index(row) for row in e.rows)
    return places, re.sub(r"^\w\d+-", "", e.name)
