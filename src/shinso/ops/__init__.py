"""Every operation, forward and backward, in plain NumPy. Names as in PyTorch."""

from shinso.ops.arithmetic import (
    abs,
    add,
    clamp,
    clip,
    div,
    exp,
    log,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    sqrt,
    sub,
    where,
)

__all__ = [
    "abs",
    "add",
    "clamp",
    "clip",
    "div",
    "exp",
    "log",
    "maximum",
    "minimum",
    "mul",
    "neg",
    "pow",
    "sqrt",
    "sub",
    "where",
]
