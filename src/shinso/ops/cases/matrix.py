"""Cases for `ops/matrix.py`."""

from __future__ import annotations

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, normal

CASES = [
    Case("matmul", "matrices", (normal(2, 3), normal(3, 4))),
    Case("matmul", "vectors", (normal(3), normal(3))),
    Case("matmul", "row", (normal(3), normal(3, 4))),
    Case("matmul", "column", (normal(2, 3), normal(3))),
    Case("matmul", "batched", (normal(5, 2, 3), normal(5, 3, 4))),
    Case("matmul", "one_for_all", (normal(5, 2, 3), normal(3, 4))),
    Case("matmul", "batch_broadcast", (normal(2, 1, 2, 3), normal(4, 3, 2))),
    Case("matmul", "batched_row", (normal(3), normal(5, 3, 4))),
    Case("matmul", "batched_column", (normal(5, 2, 3), normal(3))),
    Case("matmul", "empty", (normal(0, 3), normal(3, 4))),
    Case("matmul", "no_inner", (normal(2, 0), normal(0, 4))),
    Case("linear", "bias", (normal(4, 3), normal(5, 3), normal(5))),
    Case("linear", "plain", (normal(4, 3), normal(5, 3))),
    Case("linear", "vector", (normal(3), normal(5, 3), normal(5))),
    Case("linear", "deep", (normal(2, 4, 3), normal(5, 3), normal(5))),
    Case("linear", "one", (normal(1, 1), normal(1, 1), normal(1))),
    Case("linear", "empty", (normal(0, 3), normal(5, 3), normal(5))),
    Case("einsum", "matmul", (normal(2, 3), normal(3, 4)), before=("ij,jk->ik",)),
    Case("einsum", "batched", (normal(5, 2, 3), normal(5, 3, 4)), before=("bij,bjk->bik",)),
    Case("einsum", "outer", (normal(2), normal(3)), before=("i,j->ij",)),
    Case("einsum", "inner", (normal(2, 3), normal(2, 3)), before=("ij,ij->",)),
    Case("einsum", "implicit", (normal(2, 3), normal(3, 4)), before=("ij,jk",)),
    Case("einsum", "lonely", (normal(2, 3, 4), normal(3, 5)), before=("abc,bd->ad",)),
    Case("einsum", "turned", (normal(2, 3), normal(3, 4)), before=("ij,jk->ki",)),
    Case("einsum", "product", (normal(2, 3), normal(2, 3)), before=("ij,ij->ji",)),
]

ERRORS = [
    ErrorCase("matmul", "inner", (normal(2, 3), normal(4, 5)),
              r"\(2, 3\) and \(4, 5\).*\(3\) must equal .*\(4\)"),
    ErrorCase("matmul", "scalar", (normal(), normal(2)), "at least 1 axis"),
    ErrorCase("linear", "width", (normal(2, 3), normal(5, 4)), r"\(2, 3\).*\(5, 4\)"),
    ErrorCase("linear", "bias", (normal(2, 3), normal(5, 3), normal(4)), r"\(4,\).*\(5,\)"),
    ErrorCase("einsum", "axes", (normal(2, 3), normal(3)), "each of 1 axes", before=("ij,jk->ik",)),
    ErrorCase("einsum", "sizes", (normal(2, 3), normal(4, 5)), "axis 'j' is 3 and 4",
              before=("ij,jk->ik",)),
    ErrorCase("einsum", "result", (normal(2, 3), normal(3, 5)), "distinct and known",
              before=("ij,jk->il",)),
    ErrorCase("einsum", "one", (normal(2, 3), normal(3, 5)), "two operands", before=("ij->i",)),
]  # fmt: skip

EXACT: list[ExactCase] = []
