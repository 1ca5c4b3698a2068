"""Cases for `ops/unfold.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal


def _unfold(label: str, x: Input, kernel_size: Any, **arguments: Any) -> Case:
    return Case("unfold", label, (x,), {"kernel_size": kernel_size, **arguments})


def _fold(label: str, x: Input, output_size: Any, kernel_size: Any, **arguments: Any) -> Case:
    return Case(
        "fold", label, (x,), {"output_size": output_size, "kernel_size": kernel_size, **arguments}
    )


CASES = [
    _unfold("plain", normal(2, 2, 4, 5), (2, 3)),
    _unfold("stride_padding", normal(1, 2, 5, 4), 3, stride=2, padding=1),
    _unfold("dilation", normal(1, 2, 5, 7), 2, dilation=(3, 2), padding=(0, 1)),
    _unfold("remainder", normal(1, 1, 5, 6), 2, stride=(2, 3)),
    _unfold("whole_image", normal(2, 1, 3, 2), (3, 2)),
    _unfold("one_pixel", normal(1, 1, 1, 1), 1),
    _unfold("empty_batch", normal(0, 2, 3, 3), 2),
    _fold("plain", normal(2, 12, 9), (4, 5), (2, 3)),
    _fold("stride_padding", normal(1, 18, 6), (5, 4), 3, stride=2, padding=1),
    _fold("dilation", normal(1, 8, 14), (5, 7), 2, dilation=(3, 2), padding=(0, 1)),
    _fold("remainder", normal(1, 4, 4), (5, 6), 2, stride=(2, 3)),
    _fold("one_number", normal(1, 1, 1), 1, 1),
    _fold("empty_batch", normal(0, 8, 4), (3, 3), 2),
]

EXACT = [
    ExactCase(
        "unfold", "order", ([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]],),
        [[[1.0, 2.0], [2.0, 3.0], [4.0, 5.0], [5.0, 6.0]]],
        ([[[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]],), {"kernel_size": 2},
    ),
    ExactCase(
        "fold", "overlap_adds", ([[[1.0, 2.0], [10.0, 20.0]]],), [[[[1.0, 12.0, 20.0]]]],
        ([[[1.0, 1.0], [1.0, 1.0]]],), {"output_size": (1, 3), "kernel_size": (1, 2)},
    ),
]  # fmt: skip


def _wrong(op: str, label: str, match: str, x: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase(op, label, (x,), match, arguments={"kernel_size": 2, **arguments})


ERRORS = [
    _wrong("unfold", "no_batch", r"\(N, C, H, W\)", normal(2, 4, 5)),
    _wrong("unfold", "too_large", "must fit", normal(1, 2, 4, 5), dilation=4),
    _wrong("unfold", "stride", "stride=0", normal(1, 2, 4, 5), stride=0),
    _wrong("fold", "axes", "three axes", normal(2, 4), output_size=3),
    _wrong("fold", "rows", "multiple of the kernel's 4", normal(1, 6, 4), output_size=3),
    _wrong("fold", "columns", r"got 5 columns.*2 · 2 = 4", normal(1, 4, 5), output_size=3),
    _wrong("fold", "too_large", "must fit", normal(1, 4, 5), output_size=1),
]
