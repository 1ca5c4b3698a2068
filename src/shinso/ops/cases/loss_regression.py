"""Cases for `ops/loss_regression.py`."""

from __future__ import annotations

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, integers, normal

_PAIR = (normal(4, 3), normal(4, 3))
_BLOCK = (normal(2, 3, 2), normal(2, 3, 2))
_REDUCED = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

CASES = [
    Case("squared_error", "plain", _PAIR),
    Case("squared_error", "scalar", (normal(), normal())),
    Case("squared_error", "empty", (normal(0, 3), normal(0, 3))),
    Case("squared_error", "integer_targets", (normal(4, 3), integers(4, 3))),
    *(Case(op, "mean", _PAIR) for op in _REDUCED),
    *(Case(op, "sum", _BLOCK, {"reduction": "sum"}) for op in _REDUCED),
    *(Case(op, "none", _BLOCK, {"reduction": "none"}) for op in _REDUCED),
    *(Case(op, "scalar", (normal(), normal())) for op in _REDUCED),
    *(Case(op, "size1", (normal(1, 1), normal(1, 1))) for op in _REDUCED),
    *(Case(op, "empty", (normal(0, 3), normal(0, 3)), smooth=False) for op in _REDUCED),
    *(Case(op, "empty_sum", (normal(0, 3), normal(0, 3)), {"reduction": "sum"}) for op in _REDUCED),
    *(Case(op, "integer_targets", (normal(4, 3), integers(4, 3))) for op in _REDUCED),
    Case("smooth_l1_loss", "narrow", _PAIR, {"beta": 0.3}),
    Case("smooth_l1_loss", "wide", _PAIR, {"beta": 4.0, "reduction": "none"}),
    Case("smooth_l1_loss", "zero", _PAIR, {"beta": 0.0}),
    Case("huber_loss", "narrow", _PAIR, {"delta": 0.3}),
    Case("huber_loss", "wide", _PAIR, {"delta": 4.0, "reduction": "sum"}),
]

_AROUND = [-1e30, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0]  # d = y - t around the corners at ±1
_ZEROS = [0.0] * 7

EXACT = [
    ExactCase("squared_error", "half", ([1.0, 3.0], [0.0, 1.0]), 2.5, ([1.0, 2.0], [-1.0, -2.0])),
    ExactCase("mse_loss", "mean_of_all", ([[1.0, 3.0]], [[0.0, 1.0]]), 2.5, ([[1.0, 2.0]], None)),
    ExactCase(
        "l1_loss", "kink", ([1.0, 2.0, 3.0, 4.0], [3.0, 2.0, 1.0, 0.0]), 2.0,
        ([-0.25, 0.0, 0.25, 0.25], [0.25, 0.0, -0.25, -0.25]),
    ),
    ExactCase(
        "smooth_l1_loss", "corners", (_AROUND, _ZEROS), [1e30, 1.5, 0.5, 0.0, 0.125, 0.5, 2.5],
        ([-1.0, -1.0, -1.0, 0.0, 0.5, 1.0, 1.0], None), {"reduction": "none"},
    ),
    ExactCase(
        "smooth_l1_loss", "at_beta", ([-2.0, 2.0, 1.0], [0.0, 0.0, 0.0]), [1.0, 1.0, 0.25],
        ([-1.0, 1.0, 0.5], [1.0, -1.0, -0.5]), {"reduction": "none", "beta": 2.0},
    ),
    ExactCase(
        "smooth_l1_loss", "beta_zero", ([-2.0, 0.0], [0.0, 0.0]), [2.0, 0.0], ([-1.0, 0.0], None),
        {"reduction": "none", "beta": 0},
    ),
    ExactCase(
        "huber_loss", "at_delta", ([-2.0, 2.0, 1.0, 4.0], [0.0] * 4), [2.0, 2.0, 0.5, 6.0],
        ([-2.0, 2.0, 1.0, 2.0], None), {"reduction": "none", "delta": 2.0},
    ),
]  # fmt: skip

_ALL = ("squared_error", *_REDUCED)
ERRORS = [
    *(
        ErrorCase(op, "shapes", (normal(4, 1), normal(4)), rf"{op}.*\(4, 1\).*\(4,\).*equal")
        for op in _ALL
    ),
    *(ErrorCase(op, "integers", (integers(4), normal(4)), "int64", TypeError) for op in _ALL),
    *(
        ErrorCase(op, "number", (normal(4),), "target, got float", TypeError, after=(0.5,))
        for op in _ALL
    ),
    *(
        ErrorCase(
            op, "reduction", (normal(4), normal(4)), f"{op}.*got 'means'.*Did you mean 'mean'",
            arguments={"reduction": "means"},
        )
        for op in _REDUCED
    ),
    ErrorCase("smooth_l1_loss", "beta", _PAIR, "beta.*got -1", arguments={"beta": -1}),
    ErrorCase("huber_loss", "delta", _PAIR, "positive delta, got 0", arguments={"delta": 0}),
]  # fmt: skip
