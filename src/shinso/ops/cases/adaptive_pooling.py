"""Cases for `ops/adaptive_pooling.py`."""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, apart, normal

_NAN = float("nan")


def _both(n: int, label: str, shape: tuple[int, ...], output_size: Any) -> list[Case]:
    """The same sizes for the average and the maximum."""
    return [
        Case(f"adaptive_avg_pool{n}d", label, (normal(*shape),), {"output_size": output_size}),
        Case(f"adaptive_max_pool{n}d", label, (apart(*shape),), {"output_size": output_size}),
    ]


def _indices(n: int, label: str, x: Input, output_size: Any) -> Case:
    return Case(
        f"adaptive_max_pool{n}d", label, (x,), {"output_size": output_size, "return_indices": True}
    )


CASES = [
    *_both(1, "divides", (2, 2, 6), 3),
    *_both(1, "overlaps", (1, 2, 7), 3),
    *_both(1, "larger", (1, 2, 3), 5),
    *_both(1, "empty_batch", (0, 2, 6), 4),
    *_both(2, "divides", (1, 2, 4, 6), 2),
    *_both(2, "overlaps", (1, 2, 5, 7), (3, 4)),
    *_both(2, "one", (2, 2, 3, 4), 1),
    *_both(2, "same", (1, 2, 3, 4), (3, 4)),
    *_both(2, "none", (1, 2, 5, 4), (None, 3)),
    *_both(2, "larger", (1, 1, 2, 3), (3, 5)),
    *_both(2, "empty_batch", (0, 2, 5, 4), 2),
    *_both(3, "overlaps", (1, 1, 4, 3, 5), (2, 2, 3)),
    *_both(3, "none", (1, 1, 2, 3, 4), (None, 2, None)),
    _indices(1, "indices", apart(1, 2, 7), 3),
    _indices(2, "indices", apart(1, 2, 5, 7), (3, 4)),
    _indices(3, "indices", apart(1, 1, 4, 3, 5), (2, 2, 3)),
    *(
        Case(op, label, (draw(*shape),), {"keepdims": keepdims})
        for op, draw in (("global_avg_pool", normal), ("global_max_pool", apart))
        for label, shape, keepdims in (
            ("sound", (2, 3, 5), False),
            ("image", (2, 3, 4, 5), False),
            ("image_keepdims", (2, 3, 4, 5), True),
            ("volume", (1, 2, 2, 3, 4), False),
            ("one_pixel", (1, 2, 1, 1), False),
            ("empty_batch", (0, 2, 3, 3), False),
        )
    ),
]

EXACT = [
    ExactCase(
        "adaptive_max_pool2d", "first_of_equals_wins", ([[[[1.0, 2.0], [2.0, 2.0]]]],), [[[[2.0]]]],
        ([[[[0.0, 1.0], [0.0, 0.0]]]],), {"output_size": 1},
    ),
    ExactCase(
        "adaptive_max_pool1d", "nan_propagates", ([[[3.0, _NAN, 1.0, 2.0]]],), [[[_NAN, 2.0]]],
        ([[[0.0, 1.0, 0.0, 1.0]]],), {"output_size": 2},
    ),
    ExactCase(
        "global_max_pool", "first_of_equals_wins", ([[[[1.0, 2.0], [2.0, 2.0]]]],), [[2.0]],
        ([[[[0.0, 1.0], [0.0, 0.0]]]],),
    ),
    ExactCase(
        "adaptive_avg_pool1d", "stretches_overlap", ([[[2.0, 4.0, 6.0]]],), [[[3.0, 5.0]]],
        ([[[0.5, 1.0, 0.5]]],), {"output_size": 2},
    ),
]  # fmt: skip


def _wrong(op: str, label: str, match: str, x: Input, **arguments: Any) -> ErrorCase:
    return ErrorCase(op, label, (x,), match, arguments=arguments)


ERRORS = [
    *(
        error
        for op in ("adaptive_avg_pool2d", "adaptive_max_pool2d")
        for error in (
            _wrong(op, "no_batch", r"\(N, C, H, W\)", normal(2, 4, 4), output_size=2),
            _wrong(op, "zero", "output_size=", normal(1, 2, 4, 4), output_size=0),
            _wrong(op, "three", "output_size=", normal(1, 2, 4, 4), output_size=(1, 2, 3)),
            _wrong(op, "nothing", "nothing to pool", normal(1, 2, 0, 4), output_size=1),
        )
    ),
    _wrong("global_avg_pool", "no_axis", r"\(N, C, \*\)", normal(2, 3)),
    _wrong("global_max_pool", "no_position", "a position on each", normal(2, 3, 0)),
]
