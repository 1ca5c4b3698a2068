"""Cases for `ops/loss_probability.py`."""

from __future__ import annotations

import numpy as np

from shinso.ops.cases.case import (
    Case,
    ErrorCase,
    ExactCase,
    booleans,
    integers,
    normal,
    probabilities,
    uniform,
    values,
)

_P, _T = uniform(4, 3, low=0.05, high=0.95), uniform(4, 3)
_X = normal(4, 3)
_ROW = np.array([0.5, 2.0, 1.5])
_REDUCTIONS = ("mean", "sum", "none")
_BCE, _LOGITS = "binary_cross_entropy", "binary_cross_entropy_with_logits"

CASES = [
    *(Case(_BCE, r, (_P, _T), {"reduction": r}) for r in _REDUCTIONS),
    *(Case(_BCE, f"weight_{r}", (_P, _T), {"reduction": r, "weight": _ROW}) for r in _REDUCTIONS),
    Case(_BCE, "empty", (uniform(0, 3), uniform(0, 3)), smooth=False),
    Case(_BCE, "boolean_targets", (_P, booleans(4, 3)), no_golden="it takes float targets only"),
    *(Case(_LOGITS, r, (_X, _T), {"reduction": r}) for r in _REDUCTIONS),
    *(
        Case(
            _LOGITS,
            f"weights_{r}",
            (_X, _T),
            {"reduction": r, "weight": _ROW, "pos_weight": 1 + _ROW},
        )
        for r in _REDUCTIONS
    ),
    Case(_LOGITS, "column_weight", (_X, _T), {"weight": np.arange(1.0, 5.0).reshape(4, 1)}),
    Case(_LOGITS, "pos_weight", (_X, _T), {"pos_weight": _ROW}),
    Case(_LOGITS, "scalar", (normal(), uniform())),
    Case(_LOGITS, "empty", (normal(0, 3), uniform(0, 3)), smooth=False),
    Case(
        _LOGITS,
        "integer_targets",
        (_X, integers(4, 3, high=2)),
        no_golden="it takes float targets only",
    ),
    *(
        Case("kl_div", r, (_X, probabilities(4, 3)), {"reduction": r})
        for r in (*_REDUCTIONS, "batchmean")
    ),
    *(
        Case("kl_div", f"log_{r}", (_X, normal(4, 3)), {"reduction": r, "log_target": True})
        for r in (*_REDUCTIONS, "batchmean")
    ),
    Case("kl_div", "pixels", (normal(2, 3, 2), probabilities(2, 3, 2)), {"reduction": "batchmean"}),
    Case(
        "kl_div",
        "empty",
        (normal(0, 3), probabilities(0, 3)),
        {"reduction": "batchmean"},
        smooth=False,
    ),
]

EXACT = [
    ExactCase(  # the logarithm stops at -100, the slope at 1 / 1e-12
        _BCE, "certain", ([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]), [0.0, 100.0, 100.0, 0.0],
        ([0.0, -1 / 1e-12, 1 / 1e-12, 0.0], [100.0, 100.0, -100.0, -100.0]), {"reduction": "none"},
    ),
    ExactCase(  # NaN passes, so that whoever made it can be found
        _BCE, "nan", ([np.nan], [1.0]), [np.nan], (), {"reduction": "none"},
    ),
    ExactCase(
        _LOGITS, "extreme_scores", ([1e4, 1e4, -1e4, -1e4], [1.0, 0.0, 1.0, 0.0]),
        [0.0, 1e4, 1e4, 0.0], ([0.0, 1.0, -1.0, 0.0], [-1e4, -1e4, 1e4, 1e4]),
        {"reduction": "none"},
    ),
    ExactCase(_LOGITS, "zero", ([0.0], [1.0]), np.log(2.0), ([-0.5], [0.0])),
    ExactCase(  # 0 log 0 = 0, and its slope is taken as 0
        "kl_div", "zero_target", ([[0.0, -3.0]], [[1.0, 0.0]]), 0.0, ([[-1.0, 0.0]], [[1.0, 0.0]]),
        {"reduction": "batchmean"},
    ),
]  # fmt: skip

_ALL = (_BCE, _LOGITS, "kl_div")
ERRORS = [
    *(ErrorCase(op, "shapes", (uniform(4, 1), uniform(4)), r"\(4, 1\).*\(4,\)") for op in _ALL),
    *(ErrorCase(op, "integers", (integers(4), uniform(4)), "int64", TypeError) for op in _ALL),
    *(
        ErrorCase(
            op,
            "reduction",
            (uniform(4), uniform(4)),
            "got 'mena'.*'mean'",
            arguments={"reduction": "mena"},
        )
        for op in _ALL
    ),
    ErrorCase(_BCE, "too_large", (values([0.5, 1.5]), uniform(2)), "between 0 and 1.*sigmoid"),
    ErrorCase(_BCE, "negative", (values([0.5, -0.1]), uniform(2)), "between 0 and 1.*sigmoid"),
    ErrorCase(
        _BCE,
        "batchmean",
        (uniform(4), uniform(4)),
        "got 'batchmean'",
        arguments={"reduction": "batchmean"},
    ),
    ErrorCase(
        _BCE,
        "weight",
        (_P, _T),
        r"weight of shape \(4,\).*\(4, 3\)",
        arguments={"weight": np.ones(4)},
    ),
    ErrorCase(
        _BCE,
        "weight_ndim",
        (_P, _T),
        r"weight of shape \(1, 4, 3\)",
        arguments={"weight": np.ones((1, 4, 3))},
    ),
    ErrorCase(
        _LOGITS,
        "pos_weight",
        (_X, _T),
        r"pos_weight of shape \(2,\)",
        arguments={"pos_weight": np.ones(2)},
    ),
    ErrorCase(
        "kl_div",
        "scalar",
        (normal(), uniform()),
        "batch axis",
        arguments={"reduction": "batchmean"},
    ),
    ErrorCase("kl_div", "logarithms", (normal(2), values([-0.5, 0.5])), "log_target=True"),
]
