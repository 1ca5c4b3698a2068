"""Cases for `ops/interpolation.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal


def _resize(label: str, x: Input, **arguments: Any) -> Case:
    return Case("interpolate", label, (x,), arguments)


_X1, _X2, _X3 = normal(2, 2, 4), normal(1, 2, 3, 4), normal(1, 1, 2, 3, 2)

CASES = [
    _resize("nearest_1d", _X1, scale_factor=2),
    _resize("nearest_doubled", _X2, scale_factor=2),
    _resize("nearest_each", _X2, scale_factor=(3, 1.5)),
    _resize("nearest_smaller", normal(1, 2, 7, 6), size=(3, 4)),
    _resize("nearest_size", _X2, size=(5, 7), mode="nearest"),
    _resize("nearest_3d", _X3, scale_factor=(2, 1.5, 3.0)),
    _resize("nearest_fraction", normal(1, 1, 10, 7), scale_factor=0.37),
    _resize("nearest_empty_batch", normal(0, 2, 3, 4), scale_factor=2),
    _resize("nearest_kept_2d", normal(1, 1, 2, 3), scale_factor=1.3),
    _resize("linear", _X1, size=7, mode="linear"),
    _resize("linear_corners", _X1, size=7, mode="linear", align_corners=True),
    _resize("bilinear", _X2, scale_factor=2, mode="bilinear"),
    _resize("bilinear_explicit", _X2, scale_factor=2, mode="bilinear", align_corners=False),
    _resize("bilinear_corners", _X2, size=(5, 6), mode="bilinear", align_corners=True),
    _resize("bilinear_fraction", _X2, scale_factor=(1.7, 2.3), mode="bilinear"),
    _resize("bilinear_smaller", normal(1, 2, 7, 6), size=(3, 4), mode="bilinear"),
    _resize("bilinear_same", _X2, size=(3, 4), mode="bilinear"),
    _resize("bilinear_to_one", _X2, size=1, mode="bilinear", align_corners=True),
    _resize("bilinear_from_one", normal(1, 2, 1, 1), size=(2, 3), mode="bilinear"),
    _resize("bilinear_corners_from_one", normal(1, 1, 1, 2), size=3, mode="bilinear",
            align_corners=True),
    _resize("bilinear_empty_batch", normal(0, 2, 3, 4), size=(5, 5), mode="bilinear"),
    _resize("bilinear_kept", _X2, scale_factor=1.2, mode="bilinear"),
    _resize("linear_kept", _X1, scale_factor=1.2, mode="linear"),
    _resize("trilinear_kept", _X3, scale_factor=(1.3, 1.3, 2.0), mode="trilinear"),
    _resize("trilinear", _X3, scale_factor=2, mode="trilinear"),
    _resize("trilinear_corners", _X3, size=(3, 2, 4), mode="trilinear", align_corners=True),
]  # fmt: skip

EXACT = [
    ExactCase(
        "interpolate", "nearest_repeats", ([[[1.0, 2.0, 3.0]]],), [[[1.0, 1.0, 2.0, 2.0, 3.0]]],
        ([[[2.0, 2.0, 1.0]]],), {"size": 5},
    ),
    ExactCase(
        "interpolate", "linear_is_flat_at_the_ends", ([[[0.0, 4.0]]],), [[[0.0, 1.0, 3.0, 4.0]]],
        ([[[2.0, 2.0]]],), {"size": 4, "mode": "linear"},
    ),
    ExactCase(
        "interpolate", "corners_fall_on_corners", ([[[0.0, 4.0]]],),
        [[[0.0, 1.0, 2.0, 3.0, 4.0]]], ([[[2.5, 2.5]]],),
        {"size": 5, "mode": "linear", "align_corners": True},
    ),
]  # fmt: skip


def _wrong(label: str, match: str, x: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase("interpolate", label, (x,), match, arguments=arguments)


ERRORS = [
    _wrong("axes", r"\(N, C, H, W\)", normal(3, 4), size=2),
    _wrong("neither", "either size or scale_factor", _X2),
    _wrong("both", "either size or scale_factor", _X2, size=3, scale_factor=2),
    _wrong("mode", "'nearest' or 'bilinear'", _X2, size=3, mode="bicubic"),
    _wrong("mode_of_other_axes", "2 spatial axes.*'bilinear'", _X2, size=3, mode="linear"),
    _wrong("corners", "not with 'nearest'", _X2, size=3, align_corners=True),
    _wrong("size_length", r"size=\(2, 3, 4\)", _X2, size=(2, 3, 4)),
    _wrong("size_zero", "size=0", _X2, size=0),
    _wrong("factor_negative", "positive", _X2, scale_factor=-1.0),
    _wrong("factor_length", "one positive number or 2", _X2, scale_factor=(1.0, 2.0, 3.0)),
    _wrong("nothing_left", "nothing is left", _X2, scale_factor=0.1),
    _wrong("nothing_there", "nothing is left", normal(1, 2, 0, 3), size=(2, 2)),
]
