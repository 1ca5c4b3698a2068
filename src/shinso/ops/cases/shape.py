"""Cases for `ops/shape.py`."""

from __future__ import annotations

import numpy as np

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, normal

_PICK = np.array([2, 0, 2, 1])

CASES = [
    Case("reshape", "tuple", (normal(2, 6),), after=((3, 4),)),
    Case("reshape", "integers", (normal(2, 6),), after=(4, 3)),
    Case("reshape", "rest", (normal(2, 6),), after=(3, -1)),
    Case("reshape", "empty", (normal(0, 6),), after=(3, 0)),
    Case("permute", "plain", (normal(2, 3, 4),), after=(2, 0, 1)),
    Case("permute", "tuple", (normal(2, 3, 4),), after=((0, -1, 1),)),
    Case("broadcast_to", "row", (normal(3),), after=((2, 3),)),
    Case("broadcast_to", "column", (normal(2, 1),), after=((4, 2, 3),)),
    Case("flatten", "all", (normal(2, 3, 4),)),
    Case("flatten", "from1", (normal(2, 3, 4),), {"start_axis": 1}),
    Case("flatten", "middle", (normal(2, 3, 4, 5),), {"start_axis": 1, "end_axis": 2}),
    Case("flatten", "torch_names", (normal(2, 3, 4, 5),), {"start_dim": 1, "end_dim": 2}),
    Case("flatten", "scalar", (normal(),)),
    Case("flatten", "empty", (normal(0, 3, 4),), {"start_axis": 1}),
    Case("squeeze", "all", (normal(1, 3, 1),)),
    Case("squeeze", "one", (normal(1, 3, 1),), {"axis": 0}),
    Case("squeeze", "longer_stays", (normal(1, 3, 1),), {"axis": 1}),
    Case("unsqueeze", "first", (normal(2, 3),), {"axis": 0}),
    Case("unsqueeze", "last", (normal(2, 3),), {"axis": -1}),
    Case("transpose", "torch_names", (normal(2, 3, 4),), {"dim0": 1, "dim1": -1}),
    Case("transpose", "plain", (normal(2, 3, 4),), {"axis0": 0, "axis1": -1}),
    Case("concatenate", "axis0", (normal(2, 3), normal(4, 3)), packed=True),
    Case("concatenate", "axis1", (normal(2, 3), normal(2, 1), normal(2, 2)), {"axis": 1},
    packed=True), Case("concatenate", "empty", (normal(2, 3), normal(0, 3)), {"dim": 0},
    packed=True), Case("stack", "axis0", (normal(2, 3), normal(2, 3)), packed=True),
    Case("stack", "last", (normal(2, 3), normal(2, 3), normal(2, 3)), {"axis": -1}, packed=True),
    Case("split", "size", (normal(5, 3),), {"split_size_or_sections": 2}),
    Case("split", "lengths", (normal(2, 6),), {"split_size_or_sections": [1, 0, 5], "axis": 1}),
    Case("flip", "one", (normal(2, 3),), {"axis": 1}),
    Case("flip", "two", (normal(2, 3, 2),), {"axis": (0, -1)}),
    Case("getitem", "row", (normal(4, 3),), {"key": 1}),
    Case("getitem", "slice", (normal(4, 3),), {"key": (slice(None, None, 2), slice(1, None))}),
    Case("getitem", "backwards", (normal(4, 3),), {"key": slice(None, None, -1)},
    no_golden="PyTorch has no negative steps"), Case("getitem", "ellipsis", (normal(2, 3, 4),),
    {"key": (Ellipsis, 1)}), Case("getitem", "newaxis", (normal(2, 3),), {"key": (slice(None),
    None)}), Case("getitem", "integers", (normal(3, 2),), {"key": _PICK}),
    Case("getitem", "pairs", (normal(3, 4),), {"key": (_PICK, np.array([0, 3, 0, 3]))}),
    Case("getitem", "columns", (normal(2, 3),), {"key": (slice(None), _PICK)}),
    Case("getitem", "empty", (normal(3, 2),), {"key": slice(0, 0)}),
]  # fmt: skip

EXACT = [
    ExactCase("getitem", "repeated", ([1.0, 2.0],), [2.0, 2.0], ([0.0, 2.0],),
              {"key": np.array([1, 1])}),
]  # fmt: skip

ERRORS = [
    ErrorCase("reshape", "size", (normal(2, 6),), r"12 elements .* cannot take shape \(5, -1\)",
    after=(5, -1)), ErrorCase("permute", "twice", (normal(2, 3),), "each of 2 axes once", after=(0,
    0)), ErrorCase("broadcast_to", "shape", (normal(2, 3),), "cannot be broadcast", after=((2,
    4),)), ErrorCase("flatten", "axis", (normal(2, 3),), "axis 2 does not exist",
    arguments={"start_axis": 2}), ErrorCase("flatten", "order", (normal(2, 3, 4),), "comes after",
              arguments={"start_axis": 2, "end_axis": 1}),
    ErrorCase("concatenate", "shapes", (normal(2, 3), normal(2, 4)), "differ elsewhere",
    packed=True), ErrorCase("concatenate", "nothing", (), "at least one", packed=True),
    ErrorCase("stack", "shapes", (normal(2, 3), normal(2, 4)), "must be the same", packed=True),
    ErrorCase("split", "sum", (normal(5),), "do not add up to 5",
              arguments={"split_size_or_sections": [2, 2]}),
    ErrorCase("getitem", "float", (normal(3),), "integers, not float64", TypeError,
              arguments={"key": np.array([0.0])}),
    ErrorCase("getitem", "mask", (normal(3),), "ops.where", TypeError,
              arguments={"key": np.array([True, False, True])}),
    ErrorCase("getitem", "outside", (normal(3),), "outside an axis of length 3", IndexError,
              arguments={"key": np.array([3])}),
]  # fmt: skip
