"""The same numbers in another arrangement: reshape, permute, join, split, pick, broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.naming import accepts_dim


class Reshape(Function):
    """y = x in another shape. dy goes back in the old shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        self.before = x.shape
        return x.reshape(self.shape)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.before)


class Permute(Function):
    """y = x with its axes in another order. dy goes back by the inverse permutation."""

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes

    def forward(self, x: Array) -> Array:
        return np.transpose(x, self.axes)

    def backward(self, dy: Array) -> Array:
        n = len(self.axes)
        places = [a % n for a in self.axes]
        return np.transpose(dy, [places.index(i) for i in range(n)])


class Concatenate(Function):
    """y = x₁, x₂, … end to end along an axis. dy is cut into the same pieces."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Array) -> Array:
        self.lengths = [x.shape[self.axis] for x in xs]
        return np.concatenate(xs, axis=self.axis)

    def backward(self, dy: Array) -> tuple[Array, ...]:
        pieces = []
        start = 0
        for length in self.lengths:
            pieces.append(dy[_slice_along(self.axis, dy.ndim, start, start + length)])
            start += length
        return tuple(pieces)


class Stack(Function):
    """y = x₁, x₂, … along a new axis. Each takes its slice of dy."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *xs: Array) -> Array:
        self.number = len(xs)
        return np.stack(xs, axis=self.axis)

    def backward(self, dy: Array) -> tuple[Array, ...]:
        turned = np.moveaxis(dy, self.axis, 0)
        return tuple(turned[i] for i in range(self.number))


class Split(Function):
    """y₁, y₂, … = pieces of x along an axis. The gradients are joined again."""

    def __init__(self, lengths: list[int], axis: int) -> None:
        self.lengths, self.axis = lengths, axis

    def forward(self, x: Array) -> tuple[Array, ...]:
        pieces = []
        start = 0
        for length in self.lengths:
            pieces.append(x[_slice_along(self.axis, x.ndim, start, start + length)])
            start += length
        return tuple(pieces)

    def backward(self, *dys: Array) -> Array:
        return np.concatenate(dys, axis=self.axis)


class Slice(Function):
    """y = x[key] for slices, integers, None and `...`. dx is dy in the same places, 0 elsewhere."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Array) -> Array:
        self.x = x
        return x[self.key]

    def backward(self, dy: Array) -> Array:
        dx = np.zeros_like(dy, shape=self.x.shape)
        dx[self.key] = dy
        return dx


class Index(Function):
    """y = x[i, j, …] for integer arrays. A place picked twice collects both gradients."""

    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key  # integer arrays and full slices, one for each of the first axes

    def forward(self, x: Array) -> Array:
        self.x = x
        return x[self.key]

    def backward(self, dy: Array) -> Array:
        dx = np.zeros_like(dy, shape=self.x.shape)
        np.add.at(dx, self.key, dy)
        return dx


class Broadcast(Function):
    """y = x repeated to a larger shape. The graph sums dy back to x's shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)

    def backward(self, dy: Array) -> Array:
        return dy


class Flip(Function):
    """y = x in reverse order along some axes. dy is reversed again."""

    def __init__(self, axis: Any) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return np.flip(x, self.axis)

    def backward(self, dy: Array) -> Array:
        return np.flip(dy, self.axis)


def _slice_along(axis: int, ndim: int, start: int, stop: int) -> tuple[slice, ...]:
    axis %= ndim
    return (slice(None),) * axis + (slice(start, stop),)


def _axis(name: str, axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ValueError(f"{name}: axis {axis} does not exist; the input has {ndim} axes")
    return axis % ndim


def reshape(x: Any, *shape: Any) -> Tensor:
    """The same elements in another shape; one length may be -1. shape: integers or one tuple."""
    wanted = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    known = math.prod(n for n in wanted if n != -1)
    fits = x.size == known if -1 not in wanted else known > 0 and x.size % known == 0
    if not fits or wanted.count(-1) > 1:
        raise ValueError(f"{x.size} elements of shape {tuple(x.shape)} cannot take shape {wanted}")
    return Reshape(wanted)(x)


@accepts_dim
def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """Join the axes from `start_axis` to `end_axis` into one."""
    shape = tuple(x.shape)
    if not shape:
        return reshape(x, 1)
    first = _axis("flatten", start_axis, len(shape))
    last = _axis("flatten", end_axis, len(shape))
    if first > last:
        raise ValueError(f"flatten: start axis {start_axis} comes after end axis {end_axis}")
    joined = math.prod(shape[first : last + 1])
    return Reshape((*shape[:first], joined, *shape[last + 1 :]))(x)


@accepts_dim
def squeeze(x: Any, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop axes of length 1: all of them, or those named (which stay if they are longer)."""
    shape = tuple(x.shape)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    dropped = {_axis("squeeze", a, len(shape)) for a in axes if shape[a] == 1}
    return Reshape(tuple(n for i, n in enumerate(shape) if i not in dropped))(x)


@accepts_dim
def unsqueeze(x: Any, axis: int) -> Tensor:
    """Add an axis of length 1 at this place."""
    shape = tuple(x.shape)
    place = _axis("unsqueeze", axis, len(shape) + 1)
    return Reshape((*shape[:place], 1, *shape[place:]))(x)


def permute(x: Any, *axes: Any) -> Tensor:
    """Put the axes in another order. axes: each axis once, as integers or one tuple."""
    order = tuple(axes[0]) if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
    if sorted(a % max(x.ndim, 1) for a in order) != list(range(x.ndim)):
        raise ValueError(f"permute: {order} does not name each of {x.ndim} axes once")
    return Permute(order)(x)


@accepts_dim
def transpose(x: Any, axis0: int, axis1: int) -> Tensor:
    """Exchange two axes. See `permute` for any other order."""
    order = list(range(x.ndim))
    a, b = _axis("transpose", axis0, x.ndim), _axis("transpose", axis1, x.ndim)
    order[a], order[b] = b, a
    return Permute(tuple(order))(x)


@accepts_dim
def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors end to end along an axis; all other axes must agree. Also called `cat`."""
    xs = _several("concatenate", tensors)
    axis = _axis("concatenate", axis, xs[0].ndim)
    shapes = [tuple(x.shape) for x in xs]
    if len({s[:axis] + s[axis + 1 :] for s in shapes}) > 1 or len({len(s) for s in shapes}) > 1:
        raise ValueError(f"concatenate along axis {axis}: shapes {shapes} differ elsewhere")
    return Concatenate(axis)(*xs)


cat = concatenate


@accepts_dim
def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    xs = _several("stack", tensors)
    shapes = [tuple(x.shape) for x in xs]
    if len(set(shapes)) > 1:
        raise ValueError(f"stack: the shapes must be the same, got {shapes}")
    return Stack(_axis("stack", axis, xs[0].ndim + 1))(*xs)


def _several(name: str, tensors: Sequence[Any]) -> list[Any]:
    if not isinstance(tensors, (tuple, list)) or not tensors:
        raise ValueError(f"{name} takes a list of at least one tensor")
    return list(tensors)


@accepts_dim
def split(x: Any, split_size_or_sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut a tensor into pieces along an axis.

    split_size_or_sections: the length of every piece (the last may be shorter), or a list of
    lengths.
    """
    axis = _axis("split", axis, x.ndim)
    n = x.shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size <= 0:
            raise ValueError(f"split: pieces of length {size}; a length is at least 1")
        lengths = [min(size, n - start) for start in range(0, n, size)] or [0]
    else:
        lengths = list(split_size_or_sections)
        if sum(lengths) != n or min(lengths, default=0) < 0:
            raise ValueError(f"split: lengths {lengths} do not add up to {n}, axis {axis}'s length")
    return Split(lengths, axis)(x)


def getitem(x: Any, key: Any) -> Tensor:
    """Pick elements, x[key]: slices, integers, None, `...`, integer arrays, as NumPy does.

    Integer arrays may stand beside slices; a place picked twice receives both gradients. Boolean
    masks are refused, because the result's shape would depend on values: use `ops.where`.
    """
    parts = key if isinstance(key, tuple) else (key,)
    plain = tuple(p.data if isinstance(p, Tensor) else p for p in parts)
    plain = tuple(np.asarray(p) if isinstance(p, list) else p for p in plain)
    arrays = [p for p in plain if hasattr(p, "dtype")]
    for p in arrays:
        if p.dtype.kind not in "iu":
            raise TypeError(
                f"tensors are indexed by integers, not {p.dtype}. "
                "For a boolean mask use ops.where(mask, x, 0)."
            )
    if not arrays:
        return Slice(plain if isinstance(key, tuple) else plain[0])(x)
    _check_positions(plain, tuple(x.shape))
    return Index(plain)(x)


def _check_positions(parts: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    if Ellipsis in [p for p in parts if not hasattr(p, "dtype")] or None in [
        p for p in parts if not hasattr(p, "dtype")
    ]:
        raise TypeError("an index with integer arrays takes slices and integers, not `...` or None")
    if len(parts) > len(shape):
        raise IndexError(f"{len(parts)} indices for a tensor of shape {shape}")
    for p, n in zip(parts, shape, strict=False):
        if isinstance(p, np.ndarray) and p.size and not (-n <= p.min() and p.max() < n):
            raise IndexError(f"index {p.min()}…{p.max()} is outside an axis of length {n}")


def broadcast_to(x: Any, *shape: Any) -> Tensor:
    """Repeat a tensor along axes of length 1 (and new leading axes) up to `shape`."""
    wanted = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    have = tuple(x.shape)
    tail = wanted[len(wanted) - len(have) :]
    if len(have) > len(wanted) or any(h not in (1, w) for h, w in zip(have, tail, strict=True)):
        raise ValueError(f"shape {have} cannot be broadcast to {wanted}")
    return Broadcast(wanted)(x)


@accepts_dim
def flip(x: Any, axis: int | tuple[int, ...]) -> Tensor:
    """Reverse the order of the elements along an axis or several."""
    for a in axis if isinstance(axis, tuple) else (axis,):
        _axis("flip", a, x.ndim)
    return Flip(axis)(x)
