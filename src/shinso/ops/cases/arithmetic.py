"""Cases for `ops/arithmetic.py`."""

from __future__ import annotations

from shinso.ops.cases.case import (
    Case,
    ErrorCase,
    ExactCase,
    apart,
    booleans,
    normal,
    positive,
    values,
)

_PAIRS = {
    "same": (normal(3, 4), positive(3, 4)),
    "row": (normal(3, 4), positive(4)),
    "column": (normal(3, 1), positive(1, 4)),
    "scalar": (normal(), positive(2, 3)),
    "size1": (normal(1), positive(1)),
    "empty": (normal(0, 3), positive(0, 3)),
}

CASES = [
    *(Case(op, label, xy) for op in ("add", "sub", "mul", "div") for label, xy in _PAIRS.items()),
    Case("add", "number", (normal(2, 3),), before=(2.5,)),
    Case("sub", "number", (normal(2, 3),), before=(2.5,)),
    Case("mul", "number", (normal(2, 3),), before=(-3,)),
    Case("div", "number", (positive(2, 3),), before=(2.0,)),
    Case("pow", "square", (normal(2, 3),), {"exponent": 2}),
    Case("pow", "cube", (normal(2, 3),), {"exponent": 3.0}),
    Case("pow", "zero", (normal(2, 3),), {"exponent": 0}),
    Case("pow", "root", (positive(2, 3),), {"exponent": 0.5}),
    Case("pow", "inverse", (positive(2, 3),), {"exponent": -1}),
    Case("pow", "tensor", (positive(2, 3), normal(2, 3))),
    Case("pow", "broadcast", (positive(2, 1), normal(3))),
    Case("neg", "plain", (normal(2, 3),)),
    Case("abs", "plain", (apart(2, 3),)),
    Case("sqrt", "plain", (positive(2, 3),)),
    Case("exp", "plain", (normal(2, 3),)),
    Case("exp", "empty", (normal(0),)),
    Case("log", "plain", (positive(2, 3),)),
    Case("maximum", "same", (apart(2, 5), normal(2, 5))),
    Case("maximum", "broadcast", (apart(2, 5), normal(5))),
    Case("minimum", "same", (apart(2, 5), normal(2, 5))),
    Case("minimum", "broadcast", (apart(2, 5), normal(2, 1))),
    Case("where", "same", (booleans(2, 3), normal(2, 3), normal(2, 3))),
    Case("where", "broadcast", (booleans(2, 1), normal(3), normal(2, 3))),
    Case("clip", "both", (apart(3, 4),), {"min": -0.3, "max": 0.4}),
    Case("clip", "low", (apart(3, 4),), {"min": -0.3}),
    Case("clip", "high", (apart(3, 4),), {"max": 0.4}),
]

EXACT = [
    ExactCase("abs", "kink", ([-2.0, 0.0, 3.0],), [2.0, 0.0, 3.0], ([-1.0, 0.0, 1.0],)),
    ExactCase("maximum", "tie", ([1.0, 2.0], [1.0, 0.0]), [1.0, 2.0], ([0.5, 1.0], [0.5, 0.0])),
    ExactCase("minimum", "tie", ([1.0, 2.0], [1.0, 0.0]), [1.0, 0.0], ([0.5, 0.0], [0.5, 1.0])),
    ExactCase(
        "clip", "ends", ([-1.0, 0.0, 1.0, 2.0],), [0.0, 0.0, 1.0, 1.0], ([0.0, 1.0, 1.0, 0.0],),
        {"min": 0.0, "max": 1.0},
    ),
    ExactCase("pow", "zero_to_zero", ([0.0, 2.0],), [1.0, 1.0], ([0.0, 0.0],), {"exponent": 0}),
    ExactCase("pow", "base_zero", ([0.0], [2.0]), [0.0], ([0.0], [0.0])),
    ExactCase("div", "float32", (values([1.0]).make(0, "float32"), 4), [0.25]),
]  # fmt: skip

ERRORS = [
    ErrorCase("add", "shapes", (normal(2, 3), normal(4)), r"\(2,\s?3\).*\(4,\)"),
    ErrorCase("clip", "nothing", (normal(2),), "min, max or both"),
    ErrorCase("mul", "list", (), "list", TypeError, before=([1, 2], [3])),
]
