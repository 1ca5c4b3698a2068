"""Operands: whatever a user may pass to a NumPy function, as nodes of the right type and shape.

Python numbers are weak (NEP 50): they take the dtype of what they meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Constant, Node, Shape

DType = np.dtype[Any]


def as_node(value: Any, dtype: Any = None) -> Node:
    """A node for an operand: an array or a number becomes a constant.

    dtype: what a Python number (and nothing else) is made in.
    Raises TraceError for anything that is no array of numbers.
    """
    if isinstance(value, Node):
        return value
    return build.constant(as_array(value, dtype))


def as_array(value: Any, dtype: Any = None) -> Array:
    """A known operand as an array; `dtype` is for Python numbers only."""
    if isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
    elif is_weak(value):
        array = np.asarray(value) if dtype is None else _number(value, np.dtype(dtype))
    else:
        if holds_node(value):
            raise TraceError(
                "a list with traced arrays in it was passed as one array: put them together with "
                "np.stack first"
            )
        array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        raise TraceError(
            f"a {type(value).__name__} (as an array: {array.dtype}) cannot take part in compiled "
            "code: only arrays of numbers can"
        )
    return array


def _number(value: Any, dtype: DType) -> Array:
    if isinstance(value, float) and dtype.kind in "iu":
        return np.asarray(value).astype(dtype)
    return np.array(value, dtype)


def is_weak(value: Any) -> bool:
    """Whether this is a Python number, which takes the dtype of what it meets (bool is not)."""
    return type(value) in (int, float, complex)


def holds_node(value: Any) -> bool:
    """Whether a node is hidden in lists and tuples."""
    if isinstance(value, (list, tuple)):
        return any(holds_node(v) for v in value)
    return isinstance(value, Node)


def known(value: Any) -> Array | None:
    """The array of an operand whose value is known while tracing, else None."""
    if isinstance(value, Node):
        return value.operation.array if isinstance(value.operation, Constant) else None
    return as_array(value)


def common_type(*values: Any) -> DType:
    """The dtype that operands have together; Python numbers are weak."""
    return np.result_type(*(v if is_weak(v) else as_node(v).dtype for v in values))


def operands_of_one_type(*values: Any, dtype: Any = None) -> tuple[Node, ...]:
    """Operands cast to their common dtype (or to `dtype`), each in its own shape."""
    wanted = np.dtype(dtype) if dtype is not None else common_type(*values)
    return tuple(build.cast(as_node(v, wanted), wanted) for v in values)


def broadcast_together(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Nodes in their common shape. Raises ValueError as NumPy does if there is none."""
    shape = common_shape([x.shape for x in nodes])
    return tuple(build.broadcast(x, shape) for x in nodes)


def common_shape(shapes: Sequence[Shape]) -> Shape:
    """The shape that shapes broadcast to. Raises ValueError as NumPy's operators do."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        given = " ".join(str(s).replace(" ", "") for s in shapes)
        raise ValueError(f"operands could not be broadcast together with shapes {given}") from None


def loop_operands(
    ufunc: np.ufunc, values: Sequence[Any], dtype: Any = None
) -> tuple[tuple[Node, ...], tuple[DType, ...]]:
    """Operands broadcast together and cast to the types of the ufunc's loop; the results' types.

    dtype: the type of the result that the caller asks for, as in `np.add(x, y, dtype=...)`.
    Raises TypeError where NumPy has no loop for the types.
    """
    nodes = [v if isinstance(v, Node) else as_array(v) for v in values]
    given = [type(v) if is_weak(v) else n.dtype for v, n in zip(values, nodes, strict=True)]
    results: list[Any] = [None] * ufunc.nout
    if dtype is None:
        types = ufunc.resolve_dtypes((*given, *results))
    else:
        signature = (*[None] * ufunc.nin, *[np.dtype(dtype)] * ufunc.nout)
        types = ufunc.resolve_dtypes((*given, *results), signature=signature)
    cast = [build.cast(as_node(v, t), t) for v, t in zip(values, types[: ufunc.nin], strict=True)]
    return broadcast_together(cast), tuple(types[ufunc.nin :])
