"""Cases for `ops/unpooling.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, normal, values


def _distinct(*shape: int, size: int) -> Input:
    """Positions below `size`, none twice in a plane."""

    def draw(rng: np.random.Generator, s: tuple[int, ...]) -> Array:
        places = int(np.prod(s[2:]))
        planes = [rng.permutation(size)[:places] for _ in range(s[0] * s[1])]
        return np.array(planes, dtype=np.int64).reshape(s)

    return Input(shape, draw, fixed=True)


def _unpool(label: str, x: Input, indices: Input, kernel_size: Any, **arguments: Any) -> Case:
    n = len(x.shape) - 2
    return Case(f"max_unpool{n}d", label, (x, indices), {"kernel_size": kernel_size, **arguments})


_X, _AT = normal(2, 2, 2, 3), _distinct(2, 2, 2, 3, size=24)

CASES = [
    _unpool("plain", normal(2, 2, 3), _distinct(2, 2, 3, size=6), 2),
    _unpool("plain", _X, _AT, 2),
    _unpool("not_square", _X, _distinct(2, 2, 2, 3, size=36), (3, 2), stride=(4, 2), padding=(1, 0),
            output_size=(6, 6)),
    _unpool("overlapping_windows", _X, _distinct(2, 2, 2, 3, size=35), 3, stride=2),
    _unpool("padding", _X, _distinct(2, 2, 2, 3, size=15), 3, stride=2, padding=1),
    _unpool("output_size", _X, _distinct(2, 2, 2, 3, size=35), 2, output_size=(5, 7)),
    _unpool("output_shape", _X, _distinct(2, 2, 2, 3, size=20), 2, output_size=(2, 2, 4, 5)),
    _unpool("one_pixel", normal(1, 1, 1, 1), _distinct(1, 1, 1, 1, size=4), 2),
    _unpool("empty_batch", normal(0, 2, 2, 2), _distinct(0, 2, 2, 2, size=16), 2),
    _unpool("plain", normal(1, 2, 2, 1, 2), _distinct(1, 2, 2, 1, 2, size=32), 2),
]  # fmt: skip

EXACT = [
    ExactCase(
        "max_unpool1d", "same_position_adds_up", ([[[3.0, 4.0]]], np.array([[[1, 1]]])),
        [[[0.0, 7.0, 0.0]]], ([[[1.0, 1.0]]], None), {"kernel_size": 2, "stride": 1},
    ),
]  # fmt: skip


def _wrong(label: str, match: str, x: Input, indices: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase(
        "max_unpool2d", label, (x, indices), match, arguments={"kernel_size": 2, **arguments}
    )


_PIXEL = normal(1, 1, 1, 1)

ERRORS = [
    _wrong("no_batch", r"\(N, C, H, W\)", normal(2, 2, 3), _distinct(2, 2, 3, size=9)),
    _wrong("shapes", "every value needs its position", _X, _distinct(2, 2, 2, 2, size=24)),
    _wrong("beyond", "between 0 and 3", _PIXEL, values([[[[4]]]])),
    _wrong("negative", "between 0 and 3", _PIXEL, values([[[[-1]]]])),
    _wrong("output_size", r"less than a stride away from \(2, 2\)", _PIXEL, values([[[[0]]]]),
           output_size=(4, 2)),
    _wrong("nothing_left", r"output of \(0, 0\)", _PIXEL, values([[[[0]]]]), padding=1),
    ErrorCase("max_unpool2d", "fractions", (_PIXEL, _PIXEL), "float64.*integers", TypeError,
              {"kernel_size": 2}),
]  # fmt: skip
