"""The table of op cases: every public op, its inputs and arguments, its kinks and its messages.

It ships with the package because the checks it drives also run on a user's machine.
"""

from __future__ import annotations

from shinso.ops.cases import (
    activation,
    adaptive_pooling,
    arithmetic,
    conv_transpose,
    convolution,
    dropout,
    interpolation,
    loss_classification,
    loss_probability,
    loss_regression,
    matrix,
    normalization,
    padding,
    pooling,
    reduction,
    shake,
    shape,
    stochastic_depth,
    swapout,
    unfold,
    unpooling,
)
from shinso.ops.cases.case import Case, ErrorCase, ExactCase

_FAMILIES = (
    activation,
    adaptive_pooling,
    arithmetic,
    conv_transpose,
    convolution,
    dropout,
    interpolation,
    loss_classification,
    loss_probability,
    loss_regression,
    matrix,
    normalization,
    padding,
    pooling,
    reduction,
    shake,
    shape,
    stochastic_depth,
    swapout,
    unfold,
    unpooling,
)

CASES: list[Case] = [case for family in _FAMILIES for case in family.CASES]
EXACT: list[ExactCase] = [case for family in _FAMILIES for case in family.EXACT]
ERRORS: list[ErrorCase] = [case for family in _FAMILIES for case in family.ERRORS]

__all__ = ["CASES", "ERRORS", "EXACT", "Case", "ErrorCase", "ExactCase"]
