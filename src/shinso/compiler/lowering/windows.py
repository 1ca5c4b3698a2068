"""Windows that slide over an array: a view; and the 1-D convolution made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import axes_of, lengths, row
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.turning import flip


@lowers(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Node:
    """Every window of a shape: an axis for its position, one at the end for what is in it."""
    if writeable:
        raise TraceError("writing through windows cannot be compiled: write to slices instead")
    node = as_node(x)
    window = lengths(window_shape)
    if any(w < 0 for w in window):
        raise ValueError("`window_shape` cannot contain negative values")
    if axis is None:
        axes = tuple(range(node.ndim))
        if len(window) != node.ndim:
            raise ValueError(
                "Since axis is None, must provide window_shape for all dimensions of `x`; got "
                f"{len(window)} window_shape elements and `x.ndim` is {node.ndim}."
            )
    else:
        axes = axes_of(axis, node.ndim, repeated=True)
        if len(window) != len(axes):
            raise ValueError(
                f"Must provide matching length window_shape and axis; got {len(window)} "
                f"window_shape elements and {len(axes)} axes elements."
            )
    front = list(node.shape)
    for a, w in zip(axes, window, strict=True):
        if front[a] < w:
            raise ValueError("window shape cannot be larger than input array shape")
        front[a] -= w - 1
    shape = (*front, *window)
    rows = [
        row(0, {a: 1, **{node.ndim + i: 1 for i, b in enumerate(axes) if b == a}}, shape)
        for a in range(node.ndim)
    ]
    return build.view(node, rows, shape)


@lowers(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Node:
    """The discrete convolution of two vectors."""
    x, w = (_vector(u) for u in (a, v))
    if x.size == 0 or w.size == 0:
        raise ValueError(f"{'a' if x.size == 0 else 'v'} cannot be empty")
    if w.size > x.size:
        x, w = w, x
    return _slide(x, flip(w), mode)


@lowers(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Node:
    """The cross-correlation of two vectors."""
    x, w = (_vector(u) for u in (a, v))
    if x.size == 0 or w.size == 0:
        raise ValueError(f"{'first' if x.size == 0 else 'second'} array argument cannot be empty")
    if w.dtype.kind == "c":
        w = call(np.conjugate, w)
    if w.size > x.size:
        return flip(_slide(w, x, mode))
    return _slide(x, w, mode)


def _vector(value: Any) -> Node:
    x = as_node(value)
    if x.ndim > 1:
        raise ValueError("object too deep for desired array")
    return build.reshape(x, (x.size,))


def _slide(x: Node, w: Node, mode: str) -> Node:
    """Products of w with x at every place; x is not the shorter one."""
    n = w.size
    border = {"full": (n - 1, n - 1), "same": (n // 2, n - 1 - n // 2), "valid": (0, 0)}
    if mode not in border:
        raise ValueError(f"mode must be 'full', 'same' or 'valid', got {mode!r}")
    dtype = np.result_type(x.dtype, w.dtype)
    x, w = build.cast(x, dtype), build.cast(w, dtype)
    x = build.pad(x, [border[mode]], build.constant(np.zeros((), dtype)))
    return build.contract(sliding_window_view(x, n), w, (0, 1), (1,), (0,), "dot")
