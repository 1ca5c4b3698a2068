"""Cases for `ops/swapout.py`. How often a unit passes is tested beside the table."""

from __future__ import annotations

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, integers, normal

_TWO = (normal(4, 6), normal(4, 6))
_NONE = "PyTorch has no such function"

CASES = [
    Case("swapout", "half", _TWO, random=True),
    Case("swapout", "images", (normal(2, 3, 2, 2), normal(2, 3, 2, 2)), {"p1": 0.9}, random=True),
    Case("swapout", "residual_only", _TWO, {"p1": 1.0, "p2": 0.3}, random=True),
    Case("swapout", "dropout", _TWO, {"p1": 0.0, "p2": 0.7}, random=True),
    Case("swapout", "scalar", (normal(), normal()), random=True),
    Case("swapout", "empty", (normal(0, 3), normal(0, 3)), random=True),
    Case("swapout", "both", _TWO, {"p1": 1.0, "p2": 1.0}, no_golden=_NONE),
    Case("swapout", "neither", _TWO, {"p1": 0.0, "p2": 0.0}, no_golden=_NONE),
    Case(
        "swapout", "evaluation", _TWO, {"p1": 0.25, "p2": 0.5, "training": False}, no_golden=_NONE
    ),
]

_A, _B = [1.0, -2.0], [3.0, 5.0]

EXACT = [
    ExactCase("swapout", "sum", (_A, _B), [4.0, 3.0], ([1.0, 1.0],) * 2, {"p1": 1, "p2": 1}),
    ExactCase("swapout", "x", (_A, _B), _A, ([1.0, 1.0], [0.0, 0.0]), {"p1": 1, "p2": 0}),
    ExactCase(
        "swapout",
        "expected",
        (_A, _B),
        [1.75, 2.0],
        ([0.25, 0.25], [0.5, 0.5]),
        {"p1": 0.25, "p2": 0.5, "training": False},
    ),
]

ERRORS = [
    ErrorCase("swapout", "p1", _TWO, "to pass.*got p1=1.5", arguments={"p1": 1.5}),
    ErrorCase("swapout", "p2", _TWO, "to pass.*got p2=-1", arguments={"p2": -1}),
    ErrorCase("swapout", "shapes", (normal(2, 3), normal(3)), r"\(2, 3\).*\(3,\).*one shape"),
    ErrorCase("swapout", "integers", (normal(2), integers(2)), "for f, got int64", TypeError),
]
