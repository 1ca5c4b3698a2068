"""Cases for `ops/stochastic_depth.py`; how often it leaves out is tested beside the table."""

from __future__ import annotations

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, integers, normal

CASES = [
    Case("stochastic_depth", "row", (normal(6, 3, 2, 2),), {"p": 0.5, "mode": "row"}, random=True),
    Case("stochastic_depth", "batch", (normal(4, 3),), {"p": 0.3, "mode": "batch"}, random=True),
    Case("stochastic_depth", "vector", (normal(5),), {"p": 0.4, "mode": "row"}, random=True),
    Case("stochastic_depth", "empty", (normal(0, 3),), {"p": 0.4, "mode": "row"}, random=True),
    Case("stochastic_depth", "all", (normal(3, 4),), {"p": 1.0, "mode": "row"}),
    Case("stochastic_depth", "none", (normal(3, 4),), {"p": 0.0, "mode": "batch"}),
    Case(
        "stochastic_depth",
        "evaluation",
        (normal(3, 4),),
        {"p": 0.5, "mode": "row", "training": False},
    ),
]

EXACT = [
    ExactCase(
        "stochastic_depth",
        "all",
        ([1.0, -2.0],),
        [0.0, 0.0],
        ([0.0, 0.0],),
        {"p": 1, "mode": "row"},
    ),
    ExactCase(
        "stochastic_depth",
        "none",
        ([1.0, -2.0],),
        [1.0, -2.0],
        ([1.0, 1.0],),
        {"p": 0, "mode": "row"},
    ),
]

_ROW = {"p": 0.5, "mode": "row"}

ERRORS = [
    ErrorCase(
        "stochastic_depth",
        "p",
        (normal(2),),
        "between 0 and 1; got p=1.5",
        arguments={"p": 1.5, "mode": "row"},
    ),
    ErrorCase(
        "stochastic_depth",
        "mode",
        (normal(2),),
        '"row".*"batch".*not \'rows\'',
        arguments={"p": 0.5, "mode": "rows"},
    ),
    ErrorCase("stochastic_depth", "integers", (integers(2),), "int64", TypeError, arguments=_ROW),
    ErrorCase("stochastic_depth", "scalar", (normal(),), "single number", arguments=_ROW),
]
