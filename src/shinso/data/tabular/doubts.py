"""Is a column what it seems to be? Identifiers, labels written as numbers, and leaks of the target.

Everything here looks at a sample of the rows and answers with numbers that the report can show.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from shinso.data.protocols import Array
from shinso.data.tabular.columns import Column, codes_of, is_number, levels_of

_ID_NAME = re.compile(r"(^|[_\s\-.])(id|no|nr|num|number|uuid|guid|key|index|idx)$|id$|^unnamed")
_ID_NAME_JA = re.compile(r"番号|通し|ＩＤ")
_LABEL_NAME = re.compile(
    r"(^|[_\s\-.])(code|codes|category|cat|type|kind|class|group|zip|zipcode|postcode|postal"
    r"|region|area|district|country|state|dept|department|segment|cluster|label|status|channel"
    r"|zone|sector|branch|genre)($|[_\s\-.\d])|(code|category|type)$"
)
_LABEL_NAME_JA = re.compile(r"コード|区分|種別|種類|分類|カテゴリ|郵便|タイプ")
_MOST_LABELS = 500
_ROWS_PER_LABEL = 5
_MOST_LEVELS = 2000
_LEAVES = 64


def looks_like_identifier(column: Column, values: pd.Series) -> str:
    """Why a column only says which row it is; empty if it does not.

    Nearly every value is another one, and they are texts, or whole numbers that are counted up,
    fill their range, or whose name says so.
    """
    present = values.dropna()
    if len(present) < 20 or column.distinct < 0.98 * len(present) or column.kind == "text":
        return ""
    share = f"{column.distinct:,} different values in {len(present):,} rows"
    if column.kind == "category":
        return share
    if column.kind != "number" or not column.whole:
        return ""
    x = present.to_numpy(np.float64)
    steps = np.diff(x)
    if (steps > 0).all() or (steps < 0).all():
        return f"{share}, in order"
    if column.high - column.low + 1 <= 1.1 * column.distinct:
        return f"{share}, the numbers from {column.low:.0f} to {column.high:.0f}"
    return f"{share}, and its name" if is_identifier_name(column.name) else ""


def is_identifier_name(name: str) -> bool:
    """Whether a column is named like an identifier."""
    return bool(_ID_NAME.search(name.lower()) or _ID_NAME_JA.search(name))


def looks_like_labels(column: Column, values: pd.Series, target: Array) -> str:
    """Why whole numbers are names of something and no quantity; empty if they do not seem so.

    Either their name says so, or the target differs between the numbers, but not as if their order
    meant anything: the means of the target at neighbouring numbers differ as much as those at any
    two. Von Neumann's ratio of the squared differences of neighbours to the variance, each without
    its share of noise, is then about 2, and near 0 for a smooth relation.

    target: (rows, k), standardized; NaN where unknown.
    Source: J. von Neumann, "Distribution of the ratio of the mean square successive difference to
    the variance", 1941.
    """
    if column.kind != "number" or not column.whole or column.distinct > _MOST_LABELS:
        return ""
    if is_label_name(column.name) and column.distinct <= max(20, len(values) // _ROWS_PER_LABEL):
        return f"{column.distinct} different whole numbers, and its name"
    if column.distinct < 3 or len(values) < _ROWS_PER_LABEL * column.distinct:
        return ""
    known = values.notna().to_numpy() & ~np.isnan(target).any(axis=1)
    x, t = values[known].to_numpy(np.float64), target[known]
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(place, weights=c) for c in t.T], axis=1)
    squares = np.stack([np.bincount(place, weights=c * c) for c in t.T], axis=1)
    kept = counts >= _ROWS_PER_LABEL
    if kept.sum() < 3:
        return ""
    n = counts[kept][:, np.newaxis]
    means = sums[kept] / n
    inner = (squares[kept] - n * means**2).sum(axis=0) / max(1, n.sum() - len(n))
    noise = inner / n
    center = (n * means).sum(axis=0) / n.sum()
    between = ((means - center) ** 2 - noise).mean(axis=0).sum()
    near = (np.diff(means, axis=0) ** 2 - noise[1:] - noise[:-1]).mean(axis=0).sum()
    # How large `between` would be by chance: the spread of a mean of squares of noise.
    chance = np.sqrt(2 * (noise**2).mean(axis=0).sum() / len(n))
    if between < 5 * chance or between < 1e-3 or near < _rough(len(n)) * between:
        return ""
    return (
        f"{column.distinct} different whole numbers, and the target jumps from one to the next "
        f"(von Neumann's ratio {near / between:.1f}; without any order 2)"
    )


def is_label_name(name: str) -> bool:
    """Whether a column is named like a code or a category."""
    return bool(_LABEL_NAME.search(name.lower()) or _LABEL_NAME_JA.search(name))


def _rough(levels: int) -> float:
    """The ratio from which on an order means nothing; with few levels chance makes more."""
    return 1.0 + 2.0 / levels


def predictive_power(values: pd.Series, target: Array, labels: bool) -> float:
    """How well this column alone says the target: 0 not at all, 1 exactly.

    A small decision tree on the column (with a column that says what is missing), tested on rows
    that it has not seen: for classes 1 - errors / errors of always naming the most frequent one;
    for numbers R² of their ranks, so that a long tail does not decide. target: labels (n,) int, or
    numbers (n,).
    """
    if not labels:
        target = rankdata(target)
    if is_number(values):
        x = values.to_numpy(np.float64)
        gaps = np.isnan(x)
        features = np.stack([np.where(gaps, 0.0, x), gaps], axis=1)
    else:
        levels = levels_of(values)
        if len(levels) > _MOST_LEVELS:
            return 0.0
        features = _by_frequency(codes_of(values, levels), target, labels)
    make = DecisionTreeClassifier if labels else DecisionTreeRegressor
    tree = make(max_leaf_nodes=_LEAVES, min_samples_leaf=2, random_state=0)
    if labels and np.bincount(target).min() < 2:
        kept = np.bincount(target)[target] >= 2
        features, target = features[kept], target[kept]
    if len(target) < 10 or (len(np.unique(target)) < 2):
        return 0.0
    halves = (StratifiedKFold if labels else KFold)(2, shuffle=True, random_state=0)
    said = cross_val_predict(tree, features, target, cv=halves)
    if labels:
        wrong = float((said != target).mean())
        always = 1 - np.bincount(target).max() / len(target)
        return max(0.0, 1 - wrong / always)
    rest = float(((target - said) ** 2).mean())
    return max(0.0, 1 - rest / float(target.var()))


def _by_frequency(codes: Array, target: Array, labels: bool) -> Array:
    """Levels of a category as numbers that a tree can cut well.

    Every level stands at the mean of the target over the *other* half of the rows, so that a level
    with a single row says nothing about it.
    """
    t = np.eye(int(target.max()) + 1)[target] if labels else target[:, np.newaxis]
    half = np.arange(len(codes)) % 2
    codes = codes + 1  # 0: missing
    found = np.empty(t.shape)
    for part in (0, 1):
        other = half != part
        counts = np.bincount(codes[other], minlength=codes.max() + 1)[:, np.newaxis]
        sums = np.stack(
            [np.bincount(codes[other], weights=c, minlength=codes.max() + 1) for c in t[other].T],
            axis=1,
        )
        means = np.where(counts > 0, sums / np.maximum(counts, 1), t.mean(axis=0))
        found[~other] = means[codes[~other]]
    return found
