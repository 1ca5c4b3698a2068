"""Cases for `ops/shake.py`. Backward's own weights are tested beside the table.

smooth=False where backward is, on purpose, not the derivative of forward.
"""

from __future__ import annotations

from typing import Any

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, Input, integers, normal

_TWO = (normal(4, 3, 2, 2), normal(4, 3, 2, 2))
_ONE = (normal(4, 3, 2, 2),)
_NONE = "PyTorch has no such function"
_FIXED = {"alpha": (-0.5, -0.5), "beta": (-0.5, -0.5)}


def _ways(
    forward: str, backward: str, level: str, inputs: tuple[Input, ...] = _TWO, name: str = ""
) -> Case:
    return Case(
        "shake_shake",
        name or f"{forward}_{backward}_{level}",
        inputs,
        {"forward": forward, "backward": backward, "level": level},
        random=True,
        smooth=backward == "keep" or forward == backward == "even",
    )


def _drop(label: str, smooth: bool = False, **arguments: Any) -> Case:
    return Case("shake_drop", label, _ONE, arguments, random=True, smooth=smooth)


CASES = [
    _ways("shake", "shake", "image"),
    _ways("shake", "shake", "batch"),
    _ways("shake", "shake", "pixel"),
    _ways("shake", "even", "channel"),
    _ways("shake", "keep", "image"),
    _ways("shake", "keep", "channel"),
    _ways("even", "shake", "image"),
    _ways("even", "even", "batch"),
    _ways("even", "keep", "batch"),
    _ways("shake", "keep", "image", (normal(5), normal(5)), "vector"),
    _ways("shake", "keep", "image", (normal(0, 2), normal(0, 2)), "empty"),
    Case("shake_shake", "evaluation", _TWO, {"training": False}, no_golden=_NONE),
    _drop("batch"),
    _drop("image", level="image", p=0.8),
    _drop("channel", level="channel", p=1.0),
    _drop("pixel", level="pixel", p=0.3),
    _drop("fixed", True, **_FIXED),
    _drop("left_out", True, alpha=(0.0, 0.0), beta=(0.0, 0.0)),
    Case("shake_drop", "never", _ONE, {"p": 0.0}, no_golden=_NONE),
    Case("shake_drop", "always", _ONE, {"p": 1.0, **_FIXED}, random=True),
    Case(
        "shake_drop",
        "evaluation",
        _ONE,
        {"p": 0.4, "alpha": (0.0, 1.0), "training": False},
        no_golden=_NONE,
    ),
]

_A, _B = [1.0, -2.0], [3.0, 5.0]
_HALF = [0.5, 0.5]

EXACT = [
    ExactCase("shake_shake", "mean", (_A, _B), [2.0, 1.5], (_HALF, _HALF), {"training": False}),
    ExactCase(
        "shake_shake",
        "even",
        (_A, _B),
        [2.0, 1.5],
        (_HALF, _HALF),
        {"forward": "even", "backward": "keep"},
    ),
    ExactCase("shake_drop", "never", (_A,), _A, ([1.0, 1.0],), {"p": 0}),
    ExactCase("shake_drop", "expected", (_A,), [0.5, -1.0], (_HALF,), {"training": False}),
    ExactCase(
        "shake_drop",
        "backward_differs",
        (_A,),
        [-1.0, 2.0],
        (_HALF,),
        {"p": 1, "alpha": (-1, -1), "beta": (0.5, 0.5), "level": "image"},
    ),
]

_PAIR = (normal(2), normal(2))

ERRORS = [
    ErrorCase("shake_shake", "forward", _PAIR, "not 'skip'", arguments={"forward": "skip"}),
    ErrorCase("shake_shake", "keep", _PAIR, "nothing before", arguments={"forward": "keep"}),
    ErrorCase("shake_shake", "backward", _PAIR, '"keep", not None', arguments={"backward": None}),
    ErrorCase("shake_shake", "level", _PAIR, "batch, image.*'row'", arguments={"level": "row"}),
    ErrorCase("shake_shake", "shapes", (normal(2), normal(3)), r"\(2,\) and \(3,\)"),
    ErrorCase("shake_shake", "integers", (normal(2), integers(2)), "x2, got int64", TypeError),
    ErrorCase("shake_drop", "p", (normal(2),), "got p=1.5", arguments={"p": 1.5}),
    ErrorCase("shake_drop", "level", (normal(2),), "'all'", arguments={"level": "all"}),
    ErrorCase(
        "shake_drop",
        "axes",
        (normal(2),),
        r"\(2,\); level 'channel' takes \(N, C",
        arguments={"level": "channel"},
    ),
    ErrorCase("shake_drop", "range", (normal(2),), r"\(1, 0\)", arguments={"alpha": (1, 0)}),
    ErrorCase("shake_drop", "number", (normal(2),), "beta as.*not 1", arguments={"beta": 1}),
    ErrorCase("shake_drop", "integers", (integers(2),), "int64", TypeError),
]
