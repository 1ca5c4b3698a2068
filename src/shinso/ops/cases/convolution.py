"""Cases for `ops/convolution.py` and the contractions behind it."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal

_X1, _X2, _X3 = normal(2, 3, 7), normal(2, 3, 5, 6), normal(1, 2, 4, 3, 5)
_W1, _W2, _W3 = normal(4, 3, 3), normal(4, 3, 3, 2), normal(3, 2, 2, 3, 2)


def _conv(n: int, label: str, *inputs: Input, **arguments: Any) -> Case:
    return Case(f"conv{n}d", label, inputs, arguments)


CASES = [
    _conv(1, "plain", _X1, _W1, normal(4)),
    _conv(1, "no_bias", _X1, _W1),
    _conv(1, "stride", _X1, _W1, normal(4), stride=2, padding=1),
    _conv(1, "dilation", _X1, _W1, dilation=3),
    _conv(1, "same", _X1, normal(2, 3, 4), padding="same"),
    _conv(1, "groups", normal(2, 4, 6), normal(6, 2, 3), normal(6), groups=2, padding=(1,)),
    _conv(1, "depthwise", normal(2, 3, 6), normal(3, 1, 3), groups=3),
    _conv(1, "empty_batch", normal(0, 3, 7), _W1),
    _conv(1, "one_sample_point", normal(1, 1, 1), normal(1, 1, 1)),
    _conv(2, "plain", _X2, _W2, normal(4)),
    _conv(2, "no_bias", _X2, _W2),
    _conv(2, "padding", _X2, _W2, normal(4), padding=1),
    _conv(2, "padding_each", _X2, _W2, padding=(0, 2)),
    _conv(2, "padding_wider_than_kernel", normal(1, 2, 3, 3), normal(2, 2, 2, 2), padding=3),
    _conv(2, "stride", _X2, _W2, stride=2),
    _conv(2, "stride_remainder", normal(1, 2, 6, 8), normal(2, 2, 3, 3), stride=(2, 3)),
    _conv(2, "stride_larger_than_kernel", normal(1, 2, 7, 7), normal(2, 2, 2, 1), stride=3),
    _conv(2, "stride_padding", _X2, _W2, stride=(1, 2), padding=(2, 1)),
    _conv(2, "dilation", _X2, _W2, dilation=2),
    _conv(2, "dilation_each", _X2, _W2, normal(4), dilation=(1, 3), padding=(1, 2)),
    _conv(2, "everything", normal(2, 4, 7, 8), normal(6, 2, 3, 2), normal(6), stride=(2, 3),
          padding=(1, 2), dilation=(2, 1), groups=2),
    _conv(2, "groups", normal(2, 4, 5, 4), normal(6, 2, 3, 3), normal(6), groups=2),
    _conv(2, "groups_stride_padding", normal(1, 6, 5, 5), normal(3, 2, 3, 3), groups=3, stride=2,
          padding=1),
    _conv(2, "depthwise", normal(2, 3, 5, 5), normal(3, 1, 3, 3), normal(3), groups=3, padding=1),
    _conv(2, "depthwise_twofold", normal(1, 3, 4, 5), normal(6, 1, 2, 3), groups=3),
    _conv(2, "depthwise_stride_dilation", normal(1, 2, 7, 7), normal(2, 1, 3, 3), groups=2,
          stride=2, dilation=2, padding=2),
    _conv(2, "groups_empty_batch", normal(0, 4, 5, 4), normal(6, 2, 3, 3), groups=2),
    _conv(2, "pointwise", _X2, normal(5, 3, 1, 1), normal(5)),
    _conv(2, "pointwise_stride", _X2, normal(2, 3, 1, 1), stride=2),
    _conv(2, "whole_image", normal(2, 3, 4, 5), normal(2, 3, 4, 5), normal(2)),
    _conv(2, "one_pixel", normal(1, 1, 1, 1), normal(1, 1, 1, 1), normal(1)),
    _conv(2, "empty_batch", normal(0, 3, 5, 6), _W2, normal(4), padding=1),
    _conv(2, "valid", _X2, _W2, padding="valid", stride=2),
    _conv(2, "same_odd", _X2, normal(2, 3, 3, 5), padding="same"),
    _conv(2, "same_even", _X2, normal(2, 3, 2, 4), normal(2), padding="same"),
    _conv(2, "same_dilation", _X2, normal(2, 3, 2, 3), padding="same", dilation=(3, 2)),
    *(
        case
        for mode in ("replicate", "reflect", "circular")
        for case in (
            _conv(1, mode, _X1, _W1, padding=2, padding_mode=mode),
            _conv(2, mode, _X2, _W2, normal(4), padding=(1, 2), padding_mode=mode, stride=2),
            _conv(2, f"{mode}_same_even", _X2, normal(2, 3, 4, 2), padding="same",
                  padding_mode=mode),
            _conv(3, mode, _X3, _W3, padding=1, padding_mode=mode),
        )
    ),
    _conv(2, "padding_mode_unused", _X2, _W2, padding_mode="reflect"),
    _conv(3, "plain", _X3, _W3, normal(3)),
    _conv(3, "stride_padding", _X3, _W3, stride=(2, 1, 2), padding=(1, 0, 1)),
    _conv(3, "dilation", _X3, normal(2, 2, 2, 1, 3), dilation=(3, 1, 2)),
    _conv(3, "same", _X3, _W3, padding="same"),
    _conv(3, "groups", normal(1, 4, 3, 3, 3), normal(4, 2, 2, 2, 2), normal(4), groups=2),
    _conv(3, "depthwise", normal(1, 2, 3, 4, 3), normal(2, 1, 2, 2, 2), groups=2, padding=1),
    _conv(3, "empty_batch", normal(0, 2, 4, 3, 5), _W3),
]  # fmt: skip

EXACT = [
    ExactCase(
        "conv1d", "kernel_is_not_flipped", ([[[1.0, 2.0, 4.0]]], [[[1.0, 10.0]]], [100.0]),
        [[[121.0, 142.0]]], ([[[1.0, 11.0, 10.0]]], [[[3.0, 6.0]]], [2.0]),
    ),
    ExactCase(
        "conv1d", "same_adds_the_odd_position_at_the_end", ([[[1.0, 2.0]]], [[[1.0, 10.0]]]),
        [[[21.0, 2.0]]], arguments={"padding": "same"},
    ),
]  # fmt: skip


def _wrong(label: str, match: str, *inputs: Input, op: str = "conv2d", **arguments: Any) -> Any:
    return ErrorCase(op, label, inputs, match, arguments=arguments)


ERRORS = [
    _wrong("no_batch", r"\(3, 8, 8\).*\(N, C, H, W\).*x\[None\]", normal(3, 8, 8), _W2),
    _wrong("one_axis_too_many", r"\(N, C, L\)", _X2, _W1, op="conv1d"),
    _wrong("volume", r"\(N, C, D, H, W\)", _X2, _W3, op="conv3d"),
    _wrong("weight_axes", "5 axes|4 axes", _X2, _W1),
    _wrong("weight_empty", "at least one place", _X2, normal(4, 3, 0, 2)),
    _wrong("channels", "takes 4 input channels", _X2, normal(2, 4, 3, 3)),
    _wrong("groups_input", "groups must divide", _X2, normal(4, 1, 3, 3), groups=2),
    _wrong("groups_output", "groups must divide", _X2, normal(4, 1, 3, 3), groups=3),
    _wrong("groups_zero", "groups=0", _X2, _W2, groups=0),
    _wrong("groups_forgotten", "groups=1; that weight takes 1 ", _X2, normal(3, 1, 3, 3)),
    _wrong("bias", r"bias of shape \(3,\).*\(4,\)", _X2, _W2, normal(3)),
    _wrong("kernel_too_large", r"\(7, 2\).*\(5, 6\)", _X2, normal(1, 3, 7, 2)),
    _wrong("dilation_too_large", r"\(9, 5\)", _X2, _W2, dilation=4),
    _wrong("stride_zero", "stride=0.*is 1", _X2, _W2, stride=0),
    _wrong("stride_length", r"stride=\(1, 2, 3\)", _X2, _W2, stride=(1, 2, 3)),
    _wrong("dilation_zero", "dilation=0", _X2, _W2, dilation=0),
    _wrong("padding_negative", "padding=-1.*is 0", _X2, _W2, padding=-1),
    _wrong("padding_word", "'same' or 'valid'", _X2, _W2, padding="full"),
    _wrong("same_with_stride", "'same' needs stride 1", _X2, _W2, padding="same", stride=2),
    _wrong("padding_mode", "zeros, replicate, reflect, circular", _X2, _W2, padding=1,
           padding_mode="mirror"),
    _wrong("reflect_too_wide", "at most 4", _X2, _W2, padding=5, padding_mode="reflect"),
    ErrorCase("conv2d", "stride_fraction", (_X2, _W2), "integer", TypeError, {"stride": 1.5}),
    ErrorCase("conv2d", "list", (), "list", TypeError, before=([1.0], [2.0])),
]  # fmt: skip
