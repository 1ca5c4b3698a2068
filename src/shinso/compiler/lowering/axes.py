"""Axis and shape arguments as NumPy takes them: negative, several, -1 for "what is left"."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node, Row, Shape


def integer(value: Any, what: str) -> int:
    """A Python int from an argument that has to be known while tracing.

    Raises TraceError for a traced value and TypeError for what is no integer.
    """
    if isinstance(value, Node) or (hasattr(value, "__array_function__") and np.ndim(value)):
        raise TraceError(
            f"{what} must be a Python integer that is known before the step runs, not an array: "
            "shapes may not depend on values"
        )
    return operator.index(value)


def axis_of(axis: Any, ndim: int) -> int:
    """One axis, counted from 0. Raises numpy.exceptions.AxisError if there is no such axis."""
    a = integer(axis, "axis")
    if not -ndim <= a < ndim:
        raise np.exceptions.AxisError(a, ndim)
    return a % ndim


def axes_of(axes: Any, ndim: int, repeated: bool = False) -> tuple[int, ...]:
    """One axis or several, counted from 0, in the order given.

    Raises ValueError if one comes twice, unless `repeated` allows it.
    """
    many = tuple(axes) if isinstance(axes, (tuple, list, np.ndarray)) else (axes,)
    found = tuple(axis_of(a, ndim) for a in many)
    if not repeated and len(set(found)) != len(found):
        raise ValueError("repeated axis")
    return found


def lengths(shape: Any) -> Shape:
    """A shape from an int or a sequence of ints (-1 stays)."""
    if isinstance(shape, (tuple, list, np.ndarray)):
        return tuple(integer(n, "a shape's length") for n in shape)
    return (integer(shape, "a shape's length"),)


def filled_in(shape: Any, size: int, old: Shape) -> Shape:
    """A new shape for `size` elements, its -1 worked out. Raises ValueError as NumPy does."""
    new = lengths(shape)
    unknown = [i for i, n in enumerate(new) if n < 0]
    if len(unknown) > 1:
        raise ValueError("can only specify one unknown dimension")
    if unknown:
        known = prod(n for n in new if n >= 0)
        if known == 0 or size % known:
            raise ValueError(f"cannot reshape array of size {size} into shape {new}, from {old}")
        new = tuple(size // known if n < 0 else n for n in new)
    if prod(new) != size:
        raise ValueError(f"cannot reshape array of size {size} into shape {new}, from {old}")
    return new


def row(start: int, steps: dict[int, int], shape: Shape) -> Row:
    """A row by its steps on few axes; axes of length 1 have the step 0, as `build` keeps them."""
    return Row(start, tuple(steps.get(a, 0) if n > 1 else 0 for a, n in enumerate(shape)))


def c_order(order: Any, allowed: str = "C") -> None:
    """Refuse an order that matters and is not C: a traced array has no strides to go by."""
    if order is not None and order not in tuple(allowed):
        raise TraceError(
            f"order={order!r} cannot be compiled, only order='C': transpose before and after"
        )


def unsupported(function: str, **given: Any) -> None:
    """Refuse arguments (out=, where=, …) that were given though they cannot be compiled.

    Raises TraceError naming the first argument that is not None.
    """
    for name, value in given.items():
        if value is not None:
            hint = {
                "out": "use the result instead",
                "where": "use np.where",
            }.get(name, "leave it out")
            raise TraceError(f"np.{function} with {name}= cannot be compiled: {hint}")


def without(shape: Sequence[int], axis: int) -> Shape:
    """A shape without one of its axes."""
    return (*shape[:axis], *shape[axis + 1 :])
