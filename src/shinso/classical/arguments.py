"""Checks of an estimator's arguments, made by fit as scikit-learn asks for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np


def check_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} is a whole number of at least {least}, not {value!r}")
    return int(value)


def check_number(
    name: str, value: Any, low: float = 0.0, high: float = np.inf, open_low: bool = False
) -> float:
    """A number from `low` to `high`; with open_low above `low`."""
    good = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    if not good or not low <= value <= high or (open_low and value == low):
        least = "above" if open_low else "of at least"
        most = "" if high == np.inf else f" and at most {high:g}"
        raise ValueError(f"{name} is a number {least} {low:g}{most}, not {value!r}")
    return float(value)


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of several words; for a typo the nearest is named."""
    choices = list(choices)
    if isinstance(value, str) and value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, 1, 0.5)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}, not {value!r}{meant}")


def check_widths(name: str, value: Any) -> tuple[int, ...]:
    """Layer widths: a whole number, or a sequence of one or more of them."""
    widths = (value,) if isinstance(value, Integral) else value
    if not isinstance(widths, (tuple, list, np.ndarray)) or len(widths) == 0:
        raise ValueError(f"{name} is widths of layers, such as (500, 500), not {value!r}")
    return tuple(check_count(name, width) for width in widths)
