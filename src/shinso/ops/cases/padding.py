"""Cases for `ops/padding.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal


def _pad(label: str, x: Input, pad: tuple[int, ...], mode: str = "constant", **more: Any) -> Case:
    return Case("pad", label, (x,), {"pad": pad, "mode": mode, **more})


CASES = [
    _pad("zeros_last_axis", normal(2, 3), (1, 2)),
    _pad("zeros_two_axes", normal(2, 3, 4), (0, 1, 2, 0)),
    _pad("zeros_all_axes", normal(2, 3), (1, 0, 2, 1)),
    _pad("value", normal(2, 3), (1, 1), value=-2.5),
    _pad("cut", normal(4, 5), (-1, -2, -1, 0)),
    _pad("cut_and_add", normal(4, 5), (-1, 2, 1, -2)),
    _pad("nothing", normal(2, 3), ()),
    _pad("empty", normal(0, 3), (1, 1)),
    _pad("number_axis_of_length_1", normal(1), (1, 2)),
    *(
        case
        for mode in ("replicate", "reflect", "circular")
        for case in (
            _pad(f"{mode}_1d", normal(1, 2, 4), (1, 2), mode),
            _pad(f"{mode}_2d", normal(1, 2, 3, 4), (2, 1, 0, 2), mode),
            _pad(f"{mode}_3d", normal(1, 1, 3, 3, 2), (1, 0, 1, 2, 2, 1), mode),
            _pad(f"{mode}_cut", normal(1, 1, 4, 5), (-1, 2, 1, -1), mode),
            _pad(f"{mode}_empty_batch", normal(0, 2, 3, 4), (1, 1, 1, 1), mode),
        )
    ),
    _pad("replicate_wide", normal(1, 1, 2), (5, 4), "replicate"),
    _pad("circular_whole_turn", normal(1, 1, 3), (3, 3), "circular"),
    Case(
        "pad", "reflect_first_axis", (normal(4, 3),), {"pad": (1, 2, 3, 1), "mode": "reflect"},
        no_golden="PyTorch leaves the first axis alone",
    ),
]  # fmt: skip

EXACT = [
    ExactCase(
        "pad", f"{mode}_order", ([1.0, 2.0, 3.0],), output, (gradient,),
        {"pad": (2, 1), "mode": mode},
    )
    for mode, output, gradient in (
        ("constant", [0, 0, 1, 2, 3, 0], [1, 1, 1]),
        ("replicate", [1, 1, 1, 2, 3, 3], [3, 1, 2]),
        ("reflect", [3, 2, 1, 2, 3, 2], [1, 3, 2]),
        ("circular", [2, 3, 1, 2, 3, 1], [2, 2, 2]),
    )
]  # fmt: skip

ERRORS = [
    ErrorCase("pad", "odd", (normal(2, 3),), "3 widths", arguments={"pad": (1, 2, 3)}),
    ErrorCase("pad", "too_many", (normal(3),), "4 widths.*1 axes", arguments={"pad": (1, 2, 3, 4)}),
    ErrorCase("pad", "mode", (normal(3),), "constant, replicate",
              arguments={"pad": (1, 1), "mode": "mirror"}),
    ErrorCase("pad", "reflect_too_wide", (normal(2, 3),), "at most 2",
              arguments={"pad": (3, 0), "mode": "reflect"}),
    ErrorCase("pad", "circular_too_wide", (normal(2, 3),), "at most 3",
              arguments={"pad": (0, 4), "mode": "circular"}),
    ErrorCase("pad", "cut_too_much", (normal(2, 3),), "cannot cut",
              arguments={"pad": (-2, -2)}),
    ErrorCase("pad", "replicate_nothing", (normal(2, 0),), "no edge",
              arguments={"pad": (1, 0), "mode": "replicate"}),
    ErrorCase("pad", "fraction", (normal(3),), "integers", TypeError, {"pad": (1, 0.5)}),
    ErrorCase("pad", "list", (), "list", TypeError, before=([1, 2], (1, 1))),
]  # fmt: skip
