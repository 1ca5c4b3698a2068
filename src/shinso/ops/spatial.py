"""Sliding a window over the spatial axes of (N, C, *): sizes, views, and the checks all share.

A window of `kernel` places moves in steps of `stride`; its places lie `dilation` apart, so it
reaches over (kernel - 1) · dilation + 1 positions of the padded input.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array

Sizes = tuple[int, ...]
Widths = tuple[tuple[int, int], ...]
Place = tuple[Any, ...]

_LAYOUTS = {1: "(N, C, L)", 2: "(N, C, H, W)", 3: "(N, C, D, H, W)"}


def spatial_sizes(x: Any, n: int, op: str) -> Sizes:
    """The lengths of the n spatial axes of x: (N, C, *). Raises for any other number of axes."""
    shape = getattr(x, "shape", None)
    if shape is None:
        raise TypeError(
            f"{op} got a {type(x).__name__} as its input; it takes a Tensor or an array"
        )
    if len(shape) != n + 2:
        raise ValueError(
            f"{op} got an input of shape {tuple(shape)}; it takes {_LAYOUTS[n]}, {n + 2} axes. "
            "A single sample needs a batch axis in front: x[None]."
        )
    return tuple(shape[2:])


def per_axis(value: Any, n: int, what: str, op: str, least: int = 1) -> Sizes:
    """One integer for all n axes, or one for each of them; none below `least`."""
    several = (
        tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * n
    )
    if not all(isinstance(v, (int, np.integer)) for v in several):
        raise TypeError(f"{op} got {what}={value!r}; it takes an integer or {n} of them")
    if len(several) != n:
        raise ValueError(
            f"{op} got {what}={value!r}; it takes one integer or {n}, one for each spatial axis"
        )
    if min(several) < least:
        raise ValueError(f"{op} got {what}={value!r}; the smallest that makes sense is {least}")
    return tuple(int(v) for v in several)


def reach(kernel: Sizes, dilation: Sizes) -> Sizes:
    """How many positions a window spans on each axis: (kernel - 1) · dilation + 1."""
    return tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))


def check_fit(sizes: Sizes, widths: Widths, span: Sizes, op: str) -> None:
    """Raise unless a window of that span fits into the padded input on every axis."""
    padded = tuple(s + sum(w) for s, w in zip(sizes, widths, strict=True))
    if any(p < r for p, r in zip(padded, span, strict=True)):
        raise ValueError(
            f"{op} got a window that spans {span} positions for an input of {padded} (padding "
            "included): the window must fit. Use a smaller kernel or dilation, or more padding."
        )


def windows(x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """Every window of x: (N, C, *) → (N, C, *out, *kernel). A view: nothing is copied."""
    n = len(kernel)
    view = np.lib.stride_tricks.sliding_window_view(
        x, reach(kernel, dilation), axis=tuple(range(2, 2 + n))
    )
    return view[(slice(None), slice(None), *(slice(None, None, s) for s in stride + dilation))]


def places(kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes) -> list[Place]:
    """For each place in the window, row by row: where in the padded input the windows have it.

    `x[places(...)[k]]` has the shape of the output; its elements are those that stand at place k
    of their windows.
    """
    return [
        (..., *(spread(k * d, m, s) for k, d, m, s in zip(at, dilation, out, stride, strict=True)))
        for at in itertools.product(*map(range, kernel))
    ]


def spread(start: int, count: int, step: int) -> slice:
    """The slice of `count` positions from `start`, `step` apart."""
    return slice(start, start + (count - 1) * step + 1, step)


def surround(x: Array, widths: Widths, value: float = 0.0) -> Array:
    """x with a border of `value` on its spatial axes; x itself where there is none."""
    if not any(map(any, widths)):
        return x
    return np.pad(x, ((0, 0), (0, 0), *widths), constant_values=value)


def inside(widths: Widths, sizes: Sizes) -> Place:
    """The slices that take the border away again."""
    return (..., *(slice(w[0], w[0] + s) for w, s in zip(widths, sizes, strict=True)))
