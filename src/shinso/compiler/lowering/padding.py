"""np.pad: a border of a value, or of the array's own elements in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Row
from shinso.compiler.lowering.affine import runs
from shinso.compiler.lowering.axes import row
from shinso.compiler.lowering.indexing import pick
from shinso.compiler.lowering.operand import as_node
from shinso.compiler.lowering.registry import call, lowers
from shinso.compiler.lowering.turning import part

Pairs = list[tuple[Any, Any]]
_COPIES = ("edge", "reflect", "symmetric", "wrap")
_STATISTICS: dict[str, Any] = {"maximum": np.max, "minimum": np.min, "mean": np.mean}
_OPTIONS = {
    "constant": "constant_values", "empty": None, "edge": None, "wrap": None,
    "reflect": "reflect_type", "symmetric": "reflect_type",
    **dict.fromkeys(_STATISTICS, "stat_length"),
}  # fmt: skip
_MOST_PIECES = 16  # more runs than this are a gather, not a concatenation


@lowers(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Node:
    """The array with a border; `mode` says what is in it."""
    x = as_node(array)
    widths = _widths(pad_width, x.ndim)
    if mode not in _OPTIONS:
        raise TraceError(
            f"np.pad with mode={mode!r} cannot be compiled; these can: {', '.join(_OPTIONS)}"
        )
    unknown = set(kwargs) - {_OPTIONS[mode]}
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    if mode in _COPIES:
        if kwargs.get("reflect_type", "even") != "even":
            raise TraceError(
                "np.pad with reflect_type='odd' cannot be compiled: write 2 * edge - y"
            )
        return _copied(x, widths, mode)
    if mode in _STATISTICS:
        return _with_statistics(x, widths, mode, kwargs.get("stat_length"))
    return _with_values(x, widths, kwargs.get("constant_values", 0))


def _widths(given: Any, ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each axis from any of NumPy's spellings."""
    if isinstance(given, dict):
        widths = [(0, 0)] * ndim
        for axis, width in given.items():
            widths[axis] = (width, width) if isinstance(width, int) else tuple(width)
        given = widths
    if isinstance(given, Node):
        raise TraceError("np.pad with traced widths has a shape that depends on values")
    array = np.asarray(given)
    if array.dtype.kind != "i":
        raise TypeError("`pad_width` must be of integral type.")
    if array.size and array.min() < 0:
        raise ValueError("index can't contain negative values")
    return [(int(a), int(b)) for a, b in _pairs(array, ndim)]


def _pairs(array: Array, ndim: int) -> list[list[Any]]:
    """NumPy's rule: one number, one pair for all axes, a number or a pair for each."""
    if array.size == 1 or (array.size == 2 and array.shape != (2, 1)):
        array = array.ravel()
    pairs: list[list[Any]] = np.broadcast_to(array, (ndim, 2)).tolist()
    return pairs


def _values(given: Any, ndim: int) -> Pairs:
    """(before, after) values for each axis; traced 0-d values stay nodes."""
    if isinstance(given, Node):
        if given.size == 1:
            return [(given, given)] * ndim
        raise TraceError("np.pad: give traced constant_values one by one, ((a, b), (c, d))")
    if not _any_node(given):
        return [(a, b) for a, b in _pairs(np.asarray(given), ndim)]
    held = np.empty(np.shape(_numbers(given, iter(range(10**6)))), dtype=object)
    flat = list(_leaves(given))
    for i, value in enumerate(flat):
        held.flat[i] = value
    return [(a, b) for a, b in _pairs(held, ndim)]


def _any_node(given: Any) -> bool:
    return any(isinstance(v, Node) for v in _leaves(given))


def _leaves(given: Any) -> Any:
    if isinstance(given, (list, tuple)):
        for g in given:
            yield from _leaves(g)
    else:
        yield given


def _numbers(given: Any, counter: Any) -> Any:
    if isinstance(given, (list, tuple)):
        return [_numbers(g, counter) for g in given]
    return next(counter)


def _with_values(x: Node, widths: list[tuple[int, int]], given: Any) -> Node:
    """Axis after axis, as NumPy: a later axis has the corners. One pad if all values are one."""
    values = _values(given, x.ndim)
    flat = [v for pair in values for v in pair]
    if all(v is flat[0] or (not isinstance(v, Node) and not isinstance(flat[0], Node)
                            and v == flat[0]) for v in flat):  # fmt: skip
        return build.pad(x, widths, _scalar(flat[0], x)) if flat else x
    for axis, ((before, after), (low, high)) in enumerate(zip(widths, values, strict=True)):
        x = build.pad(x, _only(x, axis, before, 0), _scalar(low, x))
        x = build.pad(x, _only(x, axis, 0, after), _scalar(high, x))
    return x


def _only(x: Node, axis: int, before: int, after: int) -> list[tuple[int, int]]:
    return [(before, after) if a == axis else (0, 0) for a in range(x.ndim)]


def _scalar(value: Any, x: Node) -> Node:
    node = as_node(value, x.dtype) if isinstance(value, Node) else None
    if node is None:
        return build.constant(np.asarray(value).astype(x.dtype))
    return build.cast(build.reshape(node, ()), x.dtype)


def _copied(x: Node, widths: list[tuple[int, int]], mode: str) -> Node:
    """The border's elements are the array's own: NumPy says which, by padding 0, 1, 2, …"""
    for axis, (before, after) in enumerate(widths):
        if before == after == 0:
            continue
        n = x.shape[axis]
        _not_empty(x, axis, before + after)
        x = _reordered(x, axis, np.pad(np.arange(n), (before, after), mode=mode))  # type: ignore[call-overload]
    return x


def _not_empty(x: Node, axis: int, width: int) -> None:
    if width and x.shape[axis] == 0:
        raise ValueError(
            f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'"
        )


def _reordered(x: Node, axis: int, positions: Array) -> Node:
    pieces = runs(positions)
    if len(pieces) > _MOST_PIECES:
        shape = (*x.shape[:axis], len(positions), *x.shape[axis + 1 :])
        rows: list[Row | None] = [
            None if a == axis else row(0, {a: 1}, shape) for a in range(x.ndim)
        ]
        index = positions.reshape((-1,) + (1,) * (x.ndim - axis - 1))
        return pick(x, rows, {axis: index}, shape, shape)
    views = []
    for start, step, count in pieces:
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        views.append(
            build.view(
                x,
                [
                    row(start, {a: step}, shape) if a == axis else row(0, {a: 1}, shape)
                    for a in range(x.ndim)
                ],
                shape,
            )
        )
    return build.concatenate(views, axis)


def _with_statistics(x: Node, widths: list[tuple[int, int]], mode: str, stat_length: Any) -> Node:
    """Axis after axis: the maximum, minimum or mean of the first and of the last elements."""
    whole = x.dtype.kind in "iu" and mode == "mean"
    spans = [(None, None)] * x.ndim if stat_length is None else _widths(stat_length, x.ndim)
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, spans, strict=True)):
        n = x.shape[axis]
        _not_empty(x, axis, before + after)
        low, high = min(first or n, n), min(last or n, n)
        if first == 0 or last == 0:
            raise ValueError("stat_length of 0 yields no value for padding")
        ends = []
        for start, stop, count in ((0, low, before), (n - high, n, after)):
            edge = call(_STATISTICS[mode], part(x, axis, start, stop), axis=axis, keepdims=True)
            edge = build.cast(call(np.round, edge) if whole else edge, x.dtype)
            shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
            ends.append(build.broadcast(edge, shape))
        x = build.concatenate([ends[0], x, ends[1]], axis)
    return x
