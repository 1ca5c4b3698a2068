"""Questions about dtypes, answered while tracing, and the change from one to another."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import lowers


@lowers(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Node:
    """The same values in another dtype."""
    node = as_node(x)
    if node.dtype == np.dtype(dtype):
        return build.copy(node) if copy else node
    return build.cast(node, dtype)


@lowers(np.result_type)
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """The dtype that NumPy would compute with."""
    return np.result_type(*(a.dtype if isinstance(a, Node) else a for a in arrays_and_dtypes))


@lowers(np.can_cast)
def can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    """Whether a dtype may be changed into another."""
    given = from_.dtype if isinstance(from_, Node) else from_
    return np.can_cast(given, to, casting)  # type: ignore[arg-type]


@lowers(np.common_type)
def common_type(*arrays: Any) -> Any:
    """The floating type that all arrays fit into."""
    return np.common_type(*(np.empty(0, as_node(a).dtype) for a in arrays))


@lowers(np.min_scalar_type)
def min_scalar_type(a: Any, /) -> np.dtype[Any]:
    """An array's own dtype; for a 0-d array it would depend on the value."""
    x = as_node(a)
    if x.ndim == 0:
        raise TraceError("np.min_scalar_type of a traced value depends on the value: use .dtype")
    return x.dtype


@lowers(np.iscomplexobj)
def iscomplexobj(x: Any) -> bool:
    """Whether the dtype is complex."""
    return as_node(x).dtype.kind == "c"


@lowers(np.isrealobj)
def isrealobj(x: Any) -> bool:
    """Whether the dtype is not complex."""
    return as_node(x).dtype.kind != "c"


@lowers(np.isreal)
def isreal(x: Any) -> Node:
    """Whether each element has no imaginary part: true everywhere, for real numbers."""
    return _everywhere(x, True)


@lowers(np.iscomplex)
def iscomplex(x: Any) -> Node:
    """Whether each element has an imaginary part: false everywhere, for real numbers."""
    return _everywhere(x, False)


def _everywhere(x: Any, truth: bool) -> Node:
    node = as_node(x)
    if node.dtype.kind == "c":
        raise TraceError("the parts of complex arrays cannot be compiled: keep two real arrays")
    return build.full(build.constant(np.bool_(truth)), node.shape)
