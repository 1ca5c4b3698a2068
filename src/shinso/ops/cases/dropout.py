"""Cases for `ops/dropout.py`. The masks themselves are tested beside the table."""

from __future__ import annotations

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, integers, normal

CASES = [
    Case("dropout", "half", (normal(4, 6),), random=True),
    Case("dropout", "little", (normal(4, 6),), {"p": 0.1}, random=True),
    Case("dropout", "odd", (normal(3, 1, 5),), {"p": 0.75}, random=True),
    Case("dropout", "scalar", (normal(),), {"p": 0.2}, random=True),
    Case("dropout", "empty", (normal(0, 3),), random=True),
    Case("dropout", "none", (normal(2, 3),), {"p": 0.0}),
    Case("dropout", "all", (normal(2, 3),), {"p": 1.0}),
    Case("dropout", "evaluation", (normal(2, 3),), {"p": 0.7, "training": False}),
    Case("dropout1d", "channels", (normal(3, 4, 2),), random=True),
    Case("dropout1d", "evaluation", (normal(3, 4, 2),), {"training": False}),
    Case("dropout1d", "empty", (normal(0, 4, 2),), random=True),
    Case("dropout2d", "channels", (normal(3, 4, 2, 3),), {"p": 0.3}, random=True),
    Case("dropout2d", "all", (normal(1, 2, 2, 3),), {"p": 1.0}),
    Case("dropout3d", "channels", (normal(2, 3, 2, 1, 2),), random=True),
    Case("dropout3d", "none", (normal(1, 2, 2, 1, 2),), {"p": 0.0}),
    Case("alpha_dropout", "half", (normal(4, 6),), {"training": True}, random=True),
    Case("alpha_dropout", "little", (normal(4, 6),), {"p": 0.1, "training": True}, random=True),
    Case("alpha_dropout", "empty", (normal(0, 3),), {"training": True}, random=True),
    Case("alpha_dropout", "all", (normal(2, 3),), {"p": 1.0, "training": True}),
    Case("alpha_dropout", "none", (normal(2, 3),), {"p": 0.0, "training": True}),
    Case("alpha_dropout", "evaluation", (normal(2, 3),)),
    Case("gaussian_noise", "unit", (normal(4, 5),), random=True),
    Case("gaussian_noise", "small", (normal(4, 5),), {"std": 0.1}, random=True),
    Case("gaussian_noise", "empty", (normal(0, 5),), random=True),
    Case("gaussian_noise", "zero", (normal(2, 3),), {"std": 0.0}),
    Case("gaussian_noise", "evaluation", (normal(2, 3),), {"training": False}),
]

EXACT = [
    ExactCase("dropout", "all", ([1.0, -2.0],), [0.0, 0.0], ([0.0, 0.0],), {"p": 1}),
    ExactCase("dropout", "none", ([1.0, -2.0],), [1.0, -2.0], ([1.0, 1.0],), {"p": 0}),
    ExactCase("alpha_dropout", "off", ([1.0, -2.0],), [1.0, -2.0], ([1.0, 1.0],)),
]

ERRORS = [
    ErrorCase("dropout", "p", (normal(2),), "between 0 and 1; got p=1.5", arguments={"p": 1.5}),
    ErrorCase("dropout", "negative", (normal(2),), "got p=-0.1", arguments={"p": -0.1}),
    ErrorCase("dropout", "nan", (normal(2),), "got p=nan", arguments={"p": float("nan")}),
    ErrorCase("dropout", "integers", (integers(2),), "int64.*astype", TypeError),
    ErrorCase("dropout", "list", (), "got list", TypeError, before=([1.0],)),
    ErrorCase("dropout1d", "ndim", (normal(2, 3),), r"dropout1d.*\(2, 3\).*\(N, C, L\)"),
    ErrorCase("dropout2d", "ndim", (normal(2, 3, 4),), r"\(2, 3, 4\).*\(N, C, H, W\)"),
    ErrorCase("dropout3d", "ndim", (normal(2, 3, 4, 5),), r"\(N, C, D, H, W\)"),
    ErrorCase("alpha_dropout", "p", (normal(2),), "alpha_dropout.*p=2", arguments={"p": 2}),
    ErrorCase("gaussian_noise", "std", (normal(2),), "got std=-1", arguments={"std": -1}),
    ErrorCase("gaussian_noise", "integers", (integers(2),), "int64", TypeError),
]
