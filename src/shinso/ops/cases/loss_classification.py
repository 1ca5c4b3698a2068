"""Cases for `ops/loss_classification.py` and the losses of `ops/loss_margin.py`."""

from __future__ import annotations

import numpy as np

from shinso.cell import Array
from shinso.ops.cases.case import (
    Case,
    ErrorCase,
    ExactCase,
    Input,
    integers,
    normal,
    probabilities,
    values,
)

_WEIGHT = np.array([0.5, 2.0, 1.0, 0.25])
_SCORES, _LABELS = normal(6, 4), integers(6, high=4)
_PIXELS, _PIXEL_LABELS = normal(2, 4, 2, 3), integers(2, 2, 3, high=4)
_SOME = values([1, -100, 3, 0, -100, 2])
_SOFT = (_SCORES, probabilities(6, 4))
_REDUCTIONS = ("mean", "sum", "none")


def _signs(*shape: int) -> Input:
    """-1 or 1 by the toss of a coin, int64."""
    return Input(shape, lambda rng, s: np.asarray(2 * rng.integers(0, 2, s) - 1), fixed=True)


_CROSS = [
    *(
        Case("cross_entropy", f"labels_{r}", (_SCORES, _LABELS), {"reduction": r})
        for r in _REDUCTIONS
    ),
    *(
        Case(
            "cross_entropy", f"weight_{r}", (_SCORES, _LABELS),
            {"reduction": r, "weight": _WEIGHT},
        )
        for r in _REDUCTIONS
    ),
    *(
        Case("cross_entropy", f"ignored_{r}", (_SCORES, _SOME), {"reduction": r})
        for r in _REDUCTIONS
    ),
    *(
        Case(
            "cross_entropy", f"everything_{r}", (_SCORES, _SOME),
            {"reduction": r, "weight": _WEIGHT, "label_smoothing": 0.2},
        )
        for r in _REDUCTIONS
    ),
    Case("cross_entropy", "smoothing", (_SCORES, _LABELS), {"label_smoothing": 0.1}),
    Case("cross_entropy", "all_smooth", (_SCORES, _LABELS), {"label_smoothing": 1.0}),
    Case("cross_entropy", "ignored_class", (_SCORES, _LABELS), {"ignore_index": 2}),
    Case(
        "cross_entropy", "ignored_class_smoothing", (_SCORES, _LABELS),
        {"ignore_index": 0, "label_smoothing": 0.3, "weight": _WEIGHT},
    ),
    Case("cross_entropy", "pixels", (_PIXELS, _PIXEL_LABELS)),
    Case(
        "cross_entropy", "pixels_none", (_PIXELS, _PIXEL_LABELS),
        {"weight": _WEIGHT, "label_smoothing": 0.1, "reduction": "none"},
    ),
    Case("cross_entropy", "sequence", (normal(2, 4, 3), integers(2, 3, high=4))),
    Case("cross_entropy", "one_example", (normal(4), values(2))),
    Case("cross_entropy", "one_example_none", (normal(4), values(2)), {"reduction": "none"}),
    Case("cross_entropy", "one_class", (normal(3, 1), integers(3, high=1))),
    Case(
        "cross_entropy", "bytes", (normal(3, 4), values(np.array([3, 0, 1], dtype=np.uint8))),
        no_golden="it takes int64 labels only",
    ),
    Case("cross_entropy", "empty", (normal(0, 4), integers(0, high=4)), smooth=False),
    Case("cross_entropy", "empty_none", (normal(0, 4), integers(0, high=4)), {"reduction": "none"}),
    Case("cross_entropy", "all_ignored", (normal(2, 4), values([-100, -100])), smooth=False),
    *(Case("cross_entropy", f"soft_{r}", _SOFT, {"reduction": r}) for r in _REDUCTIONS),
    *(
        Case(
            "cross_entropy", f"soft_everything_{r}", _SOFT,
            {"reduction": r, "weight": _WEIGHT, "label_smoothing": 0.2},
        )
        for r in _REDUCTIONS
    ),
    Case("cross_entropy", "soft_pixels", (_PIXELS, probabilities(2, 4, 2, 3))),
    Case("cross_entropy", "soft_one_example", (normal(4), probabilities(4))),
    Case("cross_entropy", "soft_empty", (normal(0, 4), probabilities(0, 4)), smooth=False),
    Case(
        "cross_entropy", "one_hot", (normal(3, 4), values(np.eye(4, dtype=np.int64)[[1, 3, 0]])),
        no_golden="it takes floating-point probabilities only",
    ),
]  # fmt: skip

_NLL = [
    *(Case("nll_loss", r, (_SCORES, _SOME), {"reduction": r}) for r in _REDUCTIONS),
    *(
        Case("nll_loss", f"weight_{r}", (_SCORES, _SOME), {"reduction": r, "weight": _WEIGHT})
        for r in _REDUCTIONS
    ),
    Case("nll_loss", "pixels", (_PIXELS, _PIXEL_LABELS), {"ignore_index": 1}),
    Case("nll_loss", "one_example", (normal(4), values(3))),
    Case("nll_loss", "empty", (normal(0, 4), integers(0, high=4)), smooth=False),
]

_MARGIN = [
    *(Case("multi_margin_loss", r, (_SCORES, _LABELS), {"reduction": r}) for r in _REDUCTIONS),
    *(
        Case(
            "multi_margin_loss", f"square_{r}", (_SCORES, _LABELS),
            {"reduction": r, "p": 2, "margin": 1.5, "weight": _WEIGHT},
        )
        for r in _REDUCTIONS
    ),
    Case("multi_margin_loss", "weight", (_SCORES, _LABELS), {"weight": _WEIGHT, "margin": 0.5}),
    Case("multi_margin_loss", "one_example", (normal(4), values(1))),
    Case(
        "multi_margin_loss", "empty", (normal(0, 4), integers(0, high=4)), smooth=False,
        no_golden="its mean of nothing is 0",
    ),
    *(Case("hinge_loss", r, (normal(4, 2), _signs(4, 2)), {"reduction": r}) for r in _REDUCTIONS),
    Case("hinge_loss", "empty", (normal(0), _signs(0)), smooth=False),
    Case("hinge_loss", "scalar", (normal(), _signs())),
]  # fmt: skip

CASES = [*_CROSS, *_NLL, *_MARGIN]


def _labels(*numbers: int) -> Array:
    return np.array(numbers)


_FAR = [[1e4, -1e4], [1e4, -1e4]]
_INF = float("inf")

EXACT = [
    ExactCase(
        "cross_entropy",
        "extreme_scores",
        (_FAR, _labels(0, 1)),
        [0.0, 2e4],
        ([[0.0, 0.0], [1.0, -1.0]], None),
        {"reduction": "none"},
    ),
    ExactCase(  # a class ruled out by a score of -∞
        "cross_entropy", "impossible_class", ([[0.0, -_INF]], _labels(0)), 0.0, ([[0.0, 0.0]], None)
    ),
    ExactCase(  # p = ½, ½ and one hot: p - t
        "cross_entropy",
        "said_minus_true",
        ([[3.0, 3.0]], _labels(1)),
        np.log(2.0),
        ([[0.5, -0.5]], None),
    ),
    ExactCase(
        "cross_entropy",
        "ignored_gradient",
        ([[3.0, 3.0], [1.0, 9.0]], _labels(1, -100)),
        np.log(2.0),
        ([[0.5, -0.5], [0.0, 0.0]], None),
    ),
    ExactCase(
        "cross_entropy", "all_ignored", ([[3.0, 3.0]], _labels(-100)), np.nan, ([[0.0, 0.0]], None)
    ),
    ExactCase(
        "nll_loss", "impossible_class", ([[0.0, -_INF]], _labels(0)), 0.0, ([[-1.0, 0.0]], None)
    ),
    ExactCase(  # t y = 1 exactly: no slope
        "hinge_loss",
        "kink",
        ([1.0, 0.5, -1.0, 1.0], [1.0, 1.0, -1.0, -1.0]),
        [0.0, 0.5, 0.0, 2.0],
        ([0.0, -1.0, 0.0, 1.0], None),
        {"reduction": "none"},
    ),
    ExactCase(  # the second class keeps the margin exactly, the third does not
        "multi_margin_loss",
        "kink",
        ([[2.0, 1.0, 1.5, 0.0]], _labels(0)),
        0.125,
        ([[-0.25, 0.0, 0.25, 0.0]], None),
    ),
]

_RANGE = r"label 10 found; 10 classes are numbered 0 to 9"
_WEIGHT3 = np.ones(3)
_LABELLED = ("cross_entropy", "nll_loss", "multi_margin_loss")

ERRORS = [
    *(ErrorCase(op, "label", (normal(2, 10), values([9, 10])), _RANGE) for op in _LABELLED),
    *(
        ErrorCase(op, "negative_label", (normal(2, 10), values([-1, 3])), "label -1 found")
        for op in _LABELLED
    ),
    *(ErrorCase(op, "one_label", (normal(10), values(10)), _RANGE) for op in _LABELLED),
    *(
        ErrorCase(op, "batch", (normal(3, 4), integers(2, high=4)), rf"{op}.*\(2,\).*\(3,\)")
        for op in _LABELLED
    ),
    *(
        ErrorCase(
            op,
            "float_labels",
            (normal(3, 4), normal(3)),
            "integer class labels, got float64",
            TypeError,
        )
        for op in _LABELLED
    ),
    *(
        ErrorCase(op, "list", (normal(2, 4),), "target, got list", TypeError, after=([1, 2],))
        for op in _LABELLED
    ),
    *(
        ErrorCase(
            op, "integer_scores", (integers(3, 4), integers(3)), "input, got int64", TypeError
        )
        for op in _LABELLED
    ),
    *(ErrorCase(op, "scalar", (normal(), values(0)), "scalar input") for op in _LABELLED),
    *(
        ErrorCase(
            op,
            "weight",
            (normal(2, 4), integers(2, high=4)),
            r"weight of shape \(3,\).*\(4,\)",
            arguments={"weight": _WEIGHT3},
        )
        for op in _LABELLED
    ),
    *(
        ErrorCase(
            op,
            "reduction",
            (normal(2, 4), integers(2, high=4)),
            "got 'avg'",
            arguments={"reduction": "avg"},
        )
        for op in _LABELLED
    ),
    ErrorCase("cross_entropy", "no_classes", (normal(2, 0), integers(2)), "no classes"),
    ErrorCase(
        "cross_entropy",
        "column",
        (normal(3, 4), integers(3, 1, high=4)),
        r"\(3, 1\).*\(3,\), or probabilities of the input's shape \(3, 4\)",
    ),
    ErrorCase(
        "cross_entropy",
        "smoothing",
        (_SCORES, _LABELS),
        "label_smoothing.*1.5",
        arguments={"label_smoothing": 1.5},
    ),
    ErrorCase(
        "cross_entropy",
        "ignore_soft",
        _SOFT,
        "ignore_index=2.*probabilities",
        arguments={"ignore_index": 2},
    ),
    ErrorCase(
        "multi_margin_loss", "p", (_SCORES, _LABELS), "p = 1 or 2, got 3", arguments={"p": 3}
    ),
    ErrorCase(
        "multi_margin_loss",
        "ndim",
        (normal(2, 3, 4), integers(2, 4, high=3)),
        r"\(2, 3, 4\).*\(N, C\)",
    ),
    ErrorCase(
        "hinge_loss", "labels", (normal(3), values([0.0, 1.0, 1.0])), "-1 and 1.*2 \\* t - 1"
    ),
    ErrorCase("hinge_loss", "shapes", (normal(3, 1), _signs(3)), r"\(3, 1\).*\(3,\)"),
    ErrorCase(
        "hinge_loss",
        "reduction",
        (normal(3), _signs(3)),
        "got 'max'",
        arguments={"reduction": "max"},
    ),
]
