"""Cases for `ops/activation.py` and `ops/softmax.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import (
    Case,
    ErrorCase,
    ExactCase,
    apart,
    normal,
    positive,
    uniform,
    values,
)

_HUGE = values([-1e4, -800.0, -30.0, -1e-3, 1e-3, 30.0, 800.0, 1e4])

_ELEMENTWISE: dict[str, dict[str, dict[str, Any]]] = {
    "identity": {"plain": {}},
    "sigmoid": {"plain": {}},
    "tanh": {"plain": {}},
    "relu": {"plain": {}},
    "relu6": {"plain": {}},
    "leaky_relu": {"plain": {}, "steep": {"negative_slope": 0.2}},
    "elu": {"plain": {}, "alpha": {"alpha": 0.5}},
    "selu": {"plain": {}},
    "softplus": {"plain": {}, "beta": {"beta": 2.0}, "threshold": {"threshold": 0.5}},
    "gelu": {"plain": {}, "tanh": {"approximate": "tanh"}},
    "silu": {"plain": {}},
    "hardswish": {"plain": {}},
    "hardsigmoid": {"plain": {}},
}

# PyTorch's float64 hardsigmoid multiplies the gradient by 1/6 rounded to float32.
_RTOL = {"hardsigmoid": 1e-7}

CASES = [
    Case("step", "plain", (apart(3, 4),), smooth=False, no_golden="has no gradient in PyTorch"),
    *(
        Case(op, label, (apart(5, 16),), arguments, golden_rtol=_RTOL.get(op, 1e-9))
        for op, variants in _ELEMENTWISE.items()
        for label, arguments in variants.items()
    ),
    *(
        Case(op, "huge", (_HUGE,), smooth=False, golden_rtol=_RTOL.get(op, 1e-9))
        for op in _ELEMENTWISE
    ),
    *(Case(op, "empty", (normal(0, 3),)) for op in _ELEMENTWISE),
    *(
        Case(op, "scalar", (positive(),), golden_rtol=_RTOL.get(op, 1e-9))
        for op in _ELEMENTWISE
    ),
    Case("gelu", "shoulder", (uniform(40, low=-7.0, high=7.0),)),
    Case("gelu", "tanh_huge", (_HUGE,), {"approximate": "tanh"}, smooth=False),
    Case("prelu", "one", (apart(2, 3, 4), positive(1))),
    Case("prelu", "channels", (apart(2, 3, 4), positive(3))),
    Case("prelu", "matrix", (apart(4, 3), positive(3))),
    Case("maxout", "pairs", (apart(2, 6),), {"pieces": 2}, no_golden="not in PyTorch"),
    Case("maxout", "images", (apart(2, 6, 2, 2),), {"pieces": 3}, no_golden="not in PyTorch"),
    Case("maxout", "last", (apart(2, 3, 4),), {"pieces": 2, "axis": -1},
         no_golden="not in PyTorch"),
    *(
        Case(op, label, inputs, arguments)
        for op in ("softmax", "log_softmax")
        for label, inputs, arguments in (
            ("last", (normal(3, 5),), {"axis": -1}),
            ("axis0", (normal(3, 5),), {"axis": 0}),
            ("images", (normal(2, 3, 4, 4),), {"dim": 1}),
            ("size1", (normal(3, 1),), {"axis": 1}),
            ("no_rows", (normal(0, 5),), {"axis": 1}),
        )
    ),
    *(
        Case(op, "huge", (values([[1e4, -1e4, 9999.0], [-1e4, -1e4, -1e4]]),), {"axis": 1},
             smooth=False)
        for op in ("softmax", "log_softmax")
    ),
]  # fmt: skip

EXACT = [
    ExactCase("step", "kink", ([-1.0, 0.0, 2.0],), [0.0, 0.0, 1.0], ([0.0, 0.0, 0.0],)),
    ExactCase("relu", "kink", ([-1.0, 0.0, 2.0],), [0.0, 0.0, 2.0], ([0.0, 0.0, 1.0],)),
    ExactCase("relu6", "kinks", ([0.0, 3.0, 6.0, 7.0],), [0.0, 3.0, 6.0, 6.0],
              ([0.0, 1.0, 0.0, 0.0],)),
    ExactCase("leaky_relu", "kink", ([0.0],), [0.0], ([0.25],), {"negative_slope": 0.25}),
    ExactCase("prelu", "kink", ([[0.0]], [0.5]), [[0.0]], ([[0.5]], [0.0])),
    ExactCase("elu", "kink", ([0.0],), [0.0], ([0.5],), {"alpha": 0.5}),
    ExactCase("sigmoid", "steepest", ([0.0],), [0.5], ([0.25],)),
    ExactCase("tanh", "steepest", ([0.0],), [0.0], ([1.0],)),
    ExactCase("hardsigmoid", "kinks", ([-3.0, 3.0],), [0.0, 1.0], ([0.0, 0.0],)),
    ExactCase("hardswish", "kinks", ([-3.0, 3.0],), [0.0, 3.0], ([0.0, 1.0],)),
    ExactCase("maxout", "tie", ([[1.0, 1.0]],), [[1.0]], ([[1.0, 0.0]],), {"pieces": 2}),
    ExactCase("softmax", "huge", ([[1e4, -1e4]],), [[1.0, 0.0]], ([[0.0, 0.0]],), {"axis": 1}),
]  # fmt: skip

ERRORS = [
    ErrorCase("softmax", "axis", (normal(2, 3),), r"axis 2, but the input has shape \(2, 3\)",
              arguments={"axis": 2}),
    ErrorCase("log_softmax", "empty", (normal(2, 0),), "no scores", arguments={"axis": 1}),
    ErrorCase("prelu", "channels", (normal(2, 3), normal(4)), r"\(1,\) or \(3,\)"),
    ErrorCase("maxout", "groups", (normal(2, 5),), "does not fit", arguments={"pieces": 2}),
    ErrorCase("gelu", "name", (normal(2),), '"none" or "tanh"', arguments={"approximate": "erf"}),
]  # fmt: skip
