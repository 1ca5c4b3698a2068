"""Joining a second table by keys, with what can go wrong told before it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from shinso.data.errors import DataError
from shinso.data.tabular.columns import is_number, text_of
from shinso.data.tabular.report import check_columns


@dataclass
class JoinReport:
    """How a join went.

    rows: of the result. matched: share of the left rows that found a partner, 0 to 1. unused: rows
    on the right that none asked for. renamed: right columns whose names the left table had, too.
    notes: the same in words, and whatever else is odd.
    """

    rows: int
    matched: float
    unused: int
    renamed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def join(
    left: pd.DataFrame,
    right: pd.DataFrame,
    on: str | Sequence[str],
    right_on: str | Sequence[str] | None = None,
    how: str = "left",
    suffix: str = " (joined)",
) -> tuple[pd.DataFrame, JoinReport]:
    """Add the columns of `right` to the rows of `left` that have the same keys.

    Every row of `left` stays one row: keys must be unique in `right` (group it first). Missing keys
    match nothing. Keys of different types are compared as texts, 7 and "7" being the same.

    on: the key column or columns of `left`; right_on: those of `right`, if named otherwise.
    how: "left" keeps rows without a partner, "inner" does not. suffix: for names that both have.
    Returns the joined table and a report.
    Raises DataError for keys that are not there or come twice in `right`, and if no row finds a
    partner; ValueError for another `how`.
    """
    if how not in ("left", "inner"):
        raise ValueError(f"how is 'left' or 'inner', not {how!r}")
    check_columns(left)
    check_columns(right)
    mine, theirs = _listed(on), _listed(on if right_on is None else right_on)
    if len(mine) != len(theirs) or not mine:
        raise ValueError(f"as many keys on both sides are needed, not {mine} and {theirs}")
    for frame, keys, side in ((left, mine, "left"), (right, theirs, "right")):
        if lost := [key for key in keys if key not in frame]:
            raise DataError(
                f"the {side} table has no key column {lost[0]!r}; it has "
                f"{', '.join(frame.columns)[:300]}"
            )
    notes: list[str] = []
    left_keys, right_keys = pd.DataFrame(index=left.index), pd.DataFrame(index=right.index)
    for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if is_number(left[a]) and is_number(right[b]):
            left_keys[i], right_keys[i] = left[a], right[b]
        else:
            left_keys[i], right_keys[i] = _texts(left[a]), _texts(right[b])
            if is_number(left[a]) or is_number(right[b]):
                notes.append(f"{a!r} is of numbers in one table only: compared as texts")
    there = right_keys.notna().all(axis=1)
    if not there.all():
        notes.append(f"{int((~there).sum()):,} rows on the right have no key and are left out")
        right_keys, right = right_keys[there], right[there]
    twice = right_keys.duplicated()
    if twice.any():
        example = right[theirs][twice].iloc[0].tolist()
        raise DataError(
            f"{int(twice.sum()):,} rows on the right have a key that came before, such as "
            f"{example}: rows would multiply. Group the right table by its key first."
        )
    extra = [name for name in right.columns if name not in theirs]
    renamed = {name: _free(name + suffix, left, extra) for name in extra if name in left}
    added = right[extra].rename(columns=renamed)
    places = pd.Series(range(len(right)), index=pd.MultiIndex.from_frame(right_keys))
    found = places.reindex(pd.MultiIndex.from_frame(left_keys)).to_numpy(np.float64, copy=True)
    found[left_keys.isna().any(axis=1).to_numpy()] = np.nan
    known = ~np.isnan(found)
    matched = float(known.mean()) if len(known) else 0.0
    if not known.any():
        raise DataError(
            f"no row finds a partner: {mine} are like {_some(left, mine)}, {theirs} like "
            f"{_some(right, theirs)}"
        )
    joined = added.reset_index(drop=True).reindex(pd.Series(found).fillna(-1).astype(int))
    result = pd.concat([left.reset_index(drop=True), joined.reset_index(drop=True)], axis=1)
    if how == "inner":
        result = result[known].reset_index(drop=True)
    unused = len(right) - len(set(found[known]))
    if matched < 1:
        what = "have gaps" if how == "left" else "are left out"
        notes.append(f"{100 * (1 - matched):.3g} % of the rows find no partner and {what}")
    if unused:
        notes.append(f"{unused:,} of {len(right):,} rows on the right were not asked for")
    notes += [f"{old!r} of the right table is called {new!r}" for old, new in renamed.items()]
    return result, JoinReport(len(result), matched, unused, renamed, notes)


def _listed(keys: str | Sequence[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys)


def _texts(values: pd.Series) -> pd.Series:
    return values.map(lambda v: text_of(v).strip(), na_action="ignore").astype(object)


def _free(name: str, left: pd.DataFrame, others: list[str]) -> str:
    while name in left or name in others:
        name += "'"
    return name


def _some(frame: pd.DataFrame, keys: list[str]) -> str:
    return str(frame[keys].head(3).to_numpy().tolist())
