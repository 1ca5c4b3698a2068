"""Index keys, x[key], taken apart: which axis of x each part of the key is about.

A key is cut into parts, one for each axis of x and each new axis. What is basic (integers, slices,
None, Ellipsis) is an affine view. Index arrays broadcast to one shape, which takes the place of
their axes: where they stand if they stand side by side, in front otherwise.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Shape


@dataclass(frozen=True, slots=True)
class At:
    """One position on an axis of x, which disappears."""

    axis: int
    position: int


@dataclass(frozen=True, slots=True)
class Along:
    """Positions start, start + step, … (n of them) on an axis of x."""

    axis: int
    start: int
    step: int
    n: int


@dataclass(frozen=True, slots=True)
class New:
    """A new axis of length 1."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An Ellipsis that stands for no axis: index arrays on its two sides do not stand together."""


@dataclass(frozen=True, slots=True)
class By:
    """Positions on an axis of x that an integer array gives, known (>= 0) or traced."""

    axis: int
    index: Array | Node


Part = At | Along | New | Gap | By


def parts_of(key: Any, shape: Shape) -> list[Part]:
    """A key for an array of this shape, part by part; what it leaves out is whole axes.

    Raises IndexError as NumPy does (too many indices, out of bounds, no integers), TraceError for
    masks that are traced and for slices with traced bounds.
    """
    given = _expanded(key)
    used = sum(_consumed(p) for p in given)
    if used > len(shape):
        raise IndexError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {used} were "
            "indexed"
        )
    holes = sum(p is Ellipsis for p in given)
    if holes > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if not holes:
        given.append(Ellipsis)
    parts: list[Part] = []
    axis = 0
    for p in given:
        if p is Ellipsis:
            if used == len(shape):
                parts.append(Gap())
            for _ in range(len(shape) - used):
                parts.append(Along(axis, 0, 1, shape[axis]))
                axis += 1
        elif p is None:
            parts.append(New())
        elif isinstance(p, np.ndarray) and p.dtype == bool:
            parts.extend(_mask(p, axis, shape))
            axis += p.ndim
        else:
            parts.append(_one(p, axis, shape[axis]))
            axis += 1
    return parts


def is_basic(parts: list[Part]) -> bool:
    """Whether no index array takes part."""
    return not any(isinstance(p, By) for p in parts)


def _expanded(key: Any) -> list[Any]:
    """The parts of a key as they were written; lists become arrays."""
    given = list(key) if isinstance(key, tuple) else [key]
    return [_index_array(p) if _is_array(p) else p for p in given]


def _is_array(part: Any) -> bool:
    return isinstance(part, (list, tuple, np.ndarray, np.bool_, bool))


def _index_array(part: Any) -> Any:
    """An integer or boolean array from a list or an array; a 0-d integer is an int."""
    if isinstance(part, (bool, np.bool_)):
        raise TraceError(
            "x[True] and x[False] cannot be compiled: write np.expand_dims, or a slice"
        )
    if isinstance(part, (list, tuple)) and any(isinstance(p, Node) for p in part):
        raise TraceError("an index list with traced values: put them together with np.stack")
    array = np.asarray(part)
    if array.size == 0 and not isinstance(part, np.ndarray):
        array = array.astype(np.intp)
    if array.dtype == bool and array.ndim == 0:
        raise TraceError("x[mask] with a 0-d mask cannot be compiled: write np.expand_dims")
    if array.dtype.kind not in "iub":
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    return int(array) if array.ndim == 0 else array


def _consumed(part: Any) -> int:
    """How many axes of x a part of a key is about."""
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, np.ndarray) and part.dtype == bool:
        return part.ndim
    if isinstance(part, Node) and part.dtype == bool:
        raise TraceError(
            "x[mask] picks as many elements as the mask has: its shape depends on values. Write "
            "np.where(mask, x, 0), which keeps the shape"
        )
    return 1


def _mask(mask: Array, axis: int, shape: Shape) -> list[Part]:
    """A mask known beforehand is as good as the positions of its True."""
    for a, n in enumerate(mask.shape):
        if n != shape[axis + a]:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis + a}; size of axis is "
                f"{shape[axis + a]} but size of corresponding boolean axis is {n}"
            )
    return [By(axis + a, index) for a, index in enumerate(mask.nonzero())]


def _one(part: Any, axis: int, n: int) -> Part:
    if isinstance(part, slice):
        return Along(axis, *_bounds(part, n))
    if isinstance(part, Node):
        if part.dtype.kind not in "iu":
            raise IndexError("arrays used as indices must be of integer (or boolean) type")
        if n == 0 and part.size:
            raise IndexError(f"index 0 is out of bounds for axis {axis} with size 0")
        return By(axis, part)
    if isinstance(part, np.ndarray):
        return By(axis, _inside(part, axis, n))
    try:
        position = operator.index(part)
    except TypeError:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
            f"boolean arrays are valid indices, got {part!r}"
        ) from None
    if not -n <= position < n:
        raise IndexError(f"index {position} is out of bounds for axis {axis} with size {n}")
    return At(axis, position % n)


def _bounds(part: slice, n: int) -> tuple[int, int, int]:
    if any(_is_traced(p) for p in (part.start, part.stop, part.step)):
        raise TraceError(
            "a slice with a traced bound has a shape that depends on values: slice with Python "
            "integers, or pick with an index array of fixed shape, x[start + np.arange(n, like=x)]"
        )
    positions = range(*part.indices(n))
    if not positions:
        return 0, 1, 0
    return positions.start, positions.step, len(positions)


def _is_traced(bound: Any) -> bool:
    """Whether this stands for an array of the step, as a node or as the user holds it."""
    known = isinstance(bound, (np.ndarray, np.generic))
    return isinstance(bound, Node) or (hasattr(bound, "__array_function__") and not known)


def _inside(index: Array, axis: int, n: int) -> Array:
    signed = index.astype(np.intp)
    outside = (signed < -n) | (signed >= n)
    if outside.any():
        raise IndexError(
            f"index {index[outside][0]} is out of bounds for axis {axis} with size {n}"
        )
    return np.where(signed < 0, signed + n, signed)
