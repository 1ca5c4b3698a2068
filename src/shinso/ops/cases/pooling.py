"""Cases for `ops/pooling.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, apart, normal

_NAN = float("nan")


def _max(n: int, label: str, x: Input, kernel_size: Any, **arguments: Any) -> Case:
    return Case(f"max_pool{n}d", label, (x,), {"kernel_size": kernel_size, **arguments})


def _avg(n: int, label: str, x: Input, kernel_size: Any, **arguments: Any) -> Case:
    return Case(f"avg_pool{n}d", label, (x,), {"kernel_size": kernel_size, **arguments})


CASES = [
    _max(1, "plain", apart(2, 3, 6), 2),
    _max(1, "overlap_padding", apart(2, 3, 7), 3, stride=2, padding=1),
    _max(1, "dilation", apart(1, 2, 8), 3, stride=1, dilation=2),
    _max(1, "ceil", apart(1, 2, 6), 4, stride=3, ceil_mode=True),
    _max(1, "indices", apart(1, 2, 7), 3, stride=2, padding=1, return_indices=True),
    _max(1, "empty_batch", apart(0, 3, 6), 2),
    _max(2, "plain", apart(2, 3, 4, 6), 2),
    _max(2, "not_square", apart(1, 2, 6, 5), (3, 2)),
    _max(2, "overlap", apart(2, 2, 7, 7), 3, stride=2),
    _max(2, "overlap_padding", apart(1, 2, 6, 7), 3, stride=2, padding=1),
    _max(2, "stride_1_padding", apart(1, 2, 4, 5), 3, stride=1, padding=1),
    _max(2, "stride_larger", apart(1, 2, 8, 8), 2, stride=(3, 4)),
    _max(2, "remainder", apart(1, 2, 5, 7), 2),
    _max(2, "dilation", apart(1, 2, 7, 8), (2, 3), stride=1, dilation=(3, 2), padding=(1, 0)),
    _max(2, "ceil", apart(1, 2, 5, 6), 2, ceil_mode=True),
    _max(2, "ceil_padding", apart(1, 2, 5, 6), 3, stride=2, padding=1, ceil_mode=True),
    _max(2, "ceil_last_window_outside", apart(1, 1, 3, 4), 2, stride=3, padding=1, ceil_mode=True),
    _max(2, "ceil_window_larger_than_input", apart(1, 2, 2, 2), 3, stride=2, ceil_mode=True),
    _max(2, "ceil_even", apart(1, 1, 4, 4), 2, ceil_mode=True),
    _max(2, "indices", apart(1, 2, 5, 6), (3, 2), stride=2, padding=1, return_indices=True),
    _max(2, "indices_dilation_ceil", apart(1, 2, 7, 6), 2, stride=2, dilation=2, ceil_mode=True,
         return_indices=True),
    _max(2, "whole_image", apart(2, 2, 3, 4), (3, 4)),
    _max(2, "more_than_255_places", apart(1, 1, 16, 17), (16, 17)),
    _max(2, "one_pixel", apart(1, 1, 1, 1), 1),
    _max(2, "kernel_1_stride_2", apart(1, 1, 4, 5), 1, stride=2),
    _max(2, "empty_batch", apart(0, 2, 4, 4), 3, stride=2, padding=1),
    _max(3, "plain", apart(1, 2, 4, 3, 4), 2),
    _max(3, "overlap_padding", apart(1, 1, 4, 5, 3), 3, stride=2, padding=1),
    _max(3, "ceil_indices", apart(1, 1, 3, 4, 5), (1, 2, 3), stride=(1, 2, 2), ceil_mode=True,
         return_indices=True),
    _avg(1, "plain", normal(2, 3, 6), 2),
    _avg(1, "overlap_padding", normal(2, 3, 7), 3, stride=2, padding=1),
    _avg(1, "padding_not_counted", normal(1, 2, 5), 3, stride=1, padding=1,
         count_include_pad=False),
    _avg(1, "ceil", normal(1, 2, 6), 4, stride=3, ceil_mode=True),
    _avg(1, "empty_batch", normal(0, 3, 6), 2),
    _avg(2, "plain", normal(2, 3, 4, 6), 2),
    _avg(2, "not_square", normal(1, 2, 6, 5), (3, 2)),
    _avg(2, "overlap", normal(1, 2, 7, 6), 3, stride=(2, 1)),
    _avg(2, "padding", normal(1, 2, 5, 6), 3, stride=2, padding=1),
    _avg(2, "padding_not_counted", normal(1, 2, 5, 6), 3, stride=2, padding=1,
         count_include_pad=False),
    _avg(2, "ceil", normal(1, 2, 5, 6), 2, ceil_mode=True),
    _avg(2, "ceil_padding", normal(1, 2, 6, 7), 3, stride=2, padding=1, ceil_mode=True),
    _avg(2, "ceil_padding_not_counted", normal(1, 2, 6, 7), 3, stride=2, padding=(1, 0),
         ceil_mode=True, count_include_pad=False),
    _avg(2, "divisor", normal(1, 2, 4, 4), 2, divisor_override=3),
    _avg(2, "divisor_ceil", normal(1, 2, 5, 4), 2, padding=1, ceil_mode=True, divisor_override=5),
    _avg(2, "whole_image", normal(2, 2, 3, 4), (3, 4)),
    _avg(2, "one_pixel", normal(1, 1, 1, 1), 1),
    _avg(2, "empty_batch", normal(0, 2, 4, 4), 2, padding=1, count_include_pad=False),
    _avg(3, "plain", normal(1, 2, 4, 3, 4), 2),
    _avg(3, "everything", normal(1, 1, 4, 5, 3), (2, 3, 2), stride=2, padding=1, ceil_mode=True,
         count_include_pad=False),
    _avg(3, "divisor", normal(1, 1, 2, 2, 4), 2, divisor_override=4),
]  # fmt: skip

_TIES = [[[[1.0, 1.0, 0.0], [1.0, 2.0, 2.0], [0.0, 2.0, 2.0]]]]

EXACT = [
    ExactCase(
        "max_pool2d", "first_of_equals_wins", (_TIES,), [[[[2.0, 2.0], [2.0, 2.0]]]],
        ([[[[0.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 0.0]]]],),
        {"kernel_size": 2, "stride": 1},
    ),
    ExactCase(
        "max_pool2d", "all_equal", (np.ones((1, 1, 2, 4)),), [[[[1.0, 1.0]]]],
        ([[[[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]],), {"kernel_size": 2},
    ),
    ExactCase(
        "max_pool1d", "border_is_minus_infinity", ([[[-3.0, -5.0]]],), [[[-3.0, -5.0]]],
        ([[[1.0, 1.0]]],), {"kernel_size": 2, "padding": 1},
    ),
    ExactCase(
        "max_pool1d", "nan_propagates", ([[[1.0, _NAN, 3.0, 4.0]]],), [[[_NAN, 4.0]]],
        ([[[0.0, 1.0, 0.0, 1.0]]],), {"kernel_size": 2},
    ),
    ExactCase(
        "max_pool1d", "infinities", ([[[-np.inf, -np.inf, np.inf, 1.0]]],), [[[-np.inf, np.inf]]],
        ([[[1.0, 0.0, 1.0, 0.0]]],), {"kernel_size": 2},
    ),
    ExactCase(
        "avg_pool1d", "padding_counts", ([[[4.0, 8.0]]],), [[[2.0, 4.0]]], ([[[0.5, 0.5]]],),
        {"kernel_size": 2, "padding": 1},
    ),
    ExactCase(
        "avg_pool1d", "padding_does_not_count", ([[[4.0, 8.0]]],), [[[4.0, 8.0]]],
        ([[[1.0, 1.0]]],), {"kernel_size": 2, "padding": 1, "count_include_pad": False},
    ),
]  # fmt: skip


def _wrong(op: str, label: str, match: str, x: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase(op, label, (x,), match, arguments=arguments)


_X = normal(1, 2, 4, 4)

ERRORS = [
    *(
        error
        for op in ("max_pool2d", "avg_pool2d")
        for error in (
            _wrong(op, "no_batch", r"\(2, 4, 4\).*\(N, C, H, W\)", normal(2, 4, 4), kernel_size=2),
            _wrong(op, "padding", "half of the window", _X, kernel_size=3, padding=2),
            _wrong(op, "padding_negative", "padding=-1", _X, kernel_size=3, padding=-1),
            _wrong(op, "kernel_too_large", "must fit", _X, kernel_size=5),
            _wrong(op, "kernel_zero", "kernel_size=0", _X, kernel_size=0),
            _wrong(op, "kernel_length", "one for each spatial axis", _X, kernel_size=(2, 2, 2)),
            _wrong(op, "stride_zero", "stride=0", _X, kernel_size=2, stride=0),
        )
    ),
    _wrong("max_pool2d", "dilation", "dilation=0", _X, kernel_size=2, dilation=0),
    _wrong("avg_pool2d", "divisor", "divisor_override=0", _X, kernel_size=2, divisor_override=0),
    _wrong("max_pool1d", "image", r"\(N, C, L\)", _X, kernel_size=2),
    _wrong("avg_pool3d", "image", r"\(N, C, D, H, W\)", _X, kernel_size=2),
    ErrorCase("max_pool2d", "word", (_X,), "integer", TypeError, {"kernel_size": "2"}),
    ErrorCase("avg_pool2d", "number", (), "float", TypeError, before=(1.0, 2)),
]  # fmt: skip
