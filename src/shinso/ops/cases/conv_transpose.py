"""Cases for `ops/conv_transpose.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal

_X1, _X2, _X3 = normal(2, 3, 4), normal(2, 3, 3, 4), normal(1, 2, 2, 3, 2)
_W1, _W2, _W3 = normal(3, 2, 3), normal(3, 2, 3, 2), normal(2, 2, 2, 1, 3)


def _turn(n: int, label: str, *inputs: Input, **arguments: Any) -> Case:
    return Case(f"conv_transpose{n}d", label, inputs, arguments)


CASES = [
    _turn(1, "plain", _X1, _W1, normal(2)),
    _turn(1, "everything", normal(2, 4, 4), normal(4, 1, 3), normal(2), stride=3, padding=1,
          output_padding=2, groups=2, dilation=2),
    _turn(2, "plain", _X2, _W2, normal(2)),
    _turn(2, "no_bias", _X2, _W2),
    _turn(2, "stride", _X2, _W2, stride=2),
    _turn(2, "stride_larger_than_kernel", _X2, normal(3, 2, 1, 2), stride=(3, 4)),
    _turn(2, "padding", _X2, _W2, padding=1),
    _turn(2, "padding_wider_than_kernel", normal(1, 2, 5, 5), normal(2, 1, 2, 2), padding=2),
    _turn(2, "doubling", _X2, normal(3, 2, 4, 4), normal(2), stride=2, padding=1),
    _turn(2, "output_padding", _X2, _W2, stride=2, padding=1, output_padding=1),
    _turn(2, "output_padding_each", _X2, _W2, stride=(2, 3), output_padding=(0, 2)),
    _turn(2, "output_padding_by_dilation", _X2, _W2, dilation=(3, 1), output_padding=(2, 0)),
    _turn(2, "dilation", _X2, _W2, dilation=(2, 3), padding=(1, 0)),
    _turn(2, "groups", normal(1, 4, 3, 3), normal(4, 3, 2, 2), normal(6), groups=2, stride=2),
    _turn(2, "depthwise", normal(1, 3, 3, 4), normal(3, 1, 3, 3), groups=3, stride=2, padding=1),
    _turn(2, "pointwise", _X2, normal(3, 5, 1, 1)),
    _turn(2, "one_pixel", normal(1, 2, 1, 1), normal(2, 3, 3, 3)),
    _turn(2, "empty_batch", normal(0, 3, 3, 4), _W2, normal(2), stride=2),
    _turn(3, "plain", _X3, _W3, normal(2)),
    _turn(3, "stride_padding", _X3, _W3, stride=2, padding=(0, 0, 1), output_padding=(1, 0, 1)),
    _turn(3, "groups", _X3, normal(2, 1, 2, 2, 2), groups=2, dilation=2),
]  # fmt: skip

EXACT = [
    ExactCase(
        "conv_transpose1d", "paints_the_kernel", ([[[1.0, 2.0]]], [[[1.0, 10.0]]]),
        [[[1.0, 12.0, 20.0]]], ([[[11.0, 11.0]]], [[[3.0, 3.0]]]),
    ),
]  # fmt: skip


def _wrong(label: str, match: str, *inputs: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase("conv_transpose2d", label, inputs, match, arguments=arguments)


ERRORS = [
    _wrong("no_batch", r"\(N, C, H, W\)", normal(3, 3, 4), _W2),
    _wrong("weight_axes", "in channels, out channels", _X2, _W1),
    _wrong("channels", "counts the input channels: 3", _X2, normal(2, 3, 3, 3)),
    _wrong("groups", "groups=2 for 3", _X2, _W2, groups=2),
    _wrong("bias", r"\(6,\)", _X2, _W2, normal(2), groups=3),
    _wrong("output_padding", "output_padding=2.*smaller", _X2, _W2, stride=2, output_padding=2),
    _wrong("nothing_left", r"output of \(1, -1\)", _X2, _W2, padding=(2, 3)),
    _wrong("nothing_there", r"input of \(0, 4\)", normal(2, 3, 0, 4), _W2),
    _wrong("padding_word", "integer", _X2, _W2, padding=(1, 2, 3)),
]  # fmt: skip
