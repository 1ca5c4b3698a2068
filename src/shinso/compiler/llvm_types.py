"""LLVM's types for NumPy's dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

I1, I8, I32, I64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)
POINTER = ir.PointerType()
_FLOATS = {4: ir.FloatType(), 8: ir.DoubleType()}


def register_type(dtype: np.dtype[Any]) -> Any:
    """The LLVM type of one value of a dtype in a register: booleans are single bits there."""
    if dtype.kind == "f":
        return _FLOATS[dtype.itemsize]
    return I1 if dtype.kind == "b" else ir.IntType(8 * dtype.itemsize)


def memory_type(dtype: np.dtype[Any]) -> Any:
    """The LLVM type of one value in memory."""
    return I8 if dtype.kind == "b" else register_type(dtype)


def is_vector(value: Any) -> bool:
    """Whether an LLVM value has lanes."""
    return isinstance(value.type, ir.VectorType)
