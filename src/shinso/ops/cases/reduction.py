"""Cases for `ops/reduction.py` and `ops/comparison.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, apart, normal, values

_OVER: dict[str, dict[str, Any]] = {
    "all": {},
    "axis0": {"axis": 0},
    "last": {"axis": -1},
    "keepdims": {"axis": 1, "keepdims": True},
    "two": {"axis": (0, 2)},
    "two_keepdims": {"axis": (-1, 0), "keepdims": True},
    "torch_names": {"dim": 1, "keepdim": True},
}

_POSITIONS: dict[str, dict[str, Any]] = {"all": {}, "axis0": {"axis": 0}, "last": {"dim": -1}}

CASES = [
    *(
        Case(op, label, ((apart if op in ("max", "min") else normal)(2, 3, 4),), arguments)
        for op in ("sum", "mean", "var", "max", "min", "logsumexp")
        for label, arguments in _OVER.items()
    ),
    Case("sum", "scalar", (normal(),)),
    Case("sum", "empty", (normal(0, 3),)),
    Case("sum", "empty_axis", (normal(0, 3),), {"axis": 0}),
    Case("mean", "no_rows", (normal(0, 3),), {"axis": 1}),
    Case("max", "no_rows", (normal(0, 3),), {"axis": 1}),
    Case("max", "size1", (normal(3, 1),), {"axis": 1}),
    Case("var", "population", (normal(2, 5),), {"axis": 1, "correction": 0}),
    Case("logsumexp", "huge", (values([[1e4, -1e4, 9999.0]]),), {"axis": 1}, smooth=False),
    *(
        Case(op, label, (apart(3, 4),), arguments, differentiable=False)
        for op in ("argmax", "argmin")
        for label, arguments in _POSITIONS.items()
    ),
    *(
        Case(op, label, inputs, differentiable=False)
        for op in ("gt", "ge", "lt", "le", "eq", "ne")
        for label, inputs in {
            "ties": (values([1.0, 2.0, 3.0]), values([1.0, 3.0, 2.0])),
            "broadcast": (normal(2, 3), normal(3)),
        }.items()
    ),
]

EXACT = [
    ExactCase("max", "tie", ([[2.0, 2.0, 1.0]],), [2.0], ([[0.5, 0.5, 0.0]],), {"axis": 1}),
    ExactCase("min", "tie", ([[2.0, 1.0, 1.0]],), [1.0], ([[0.0, 0.5, 0.5]],), {"axis": 1}),
    ExactCase("argmax", "tie", ([1.0, 3.0, 3.0],), 1),
    ExactCase("logsumexp", "huge", ([1e4, 1e4 - 1000.0],), 1e4, ([1.0, 0.0],)),
]

ERRORS = [
    ErrorCase("max", "empty", (normal(0, 3),), r"max of 0 elements \(shape \(0, 3\)"),
    ErrorCase("mean", "empty", (normal(0),), "mean of 0 elements"),
    ErrorCase("var", "one", (normal(1),), "at least 2"),
    ErrorCase("mean", "axis", (normal(2, 3),), r"axis 2, but the input has shape \(2, 3\)",
              arguments={"axis": 2}),
    ErrorCase("sum", "both_names", (normal(2, 3),), "two names of one argument", TypeError,
              arguments={"axis": 0, "dim": 1}),
]  # fmt: skip
