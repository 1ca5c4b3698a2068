"""Padding: a border around an array, of one value or made from the array itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.spatial import Widths

_MODES = {"constant": "constant", "replicate": "edge", "reflect": "reflect", "circular": "wrap"}


class Pad(Function):
    """y = x with `widths` positions more (or, below 0, fewer) at the two ends of every axis.

    Backward folds the border back: what was copied out of x brings its gradient home, one axis
    after the other, the last one padded first.
    """

    def __init__(self, widths: Widths, mode: str, value: float) -> None:
        self.widths, self.mode, self.value = widths, mode, value

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        kept = tuple(
            slice(max(-lo, 0), n - max(-hi, 0))
            for n, (lo, hi) in zip(x.shape, self.widths, strict=True)
        )
        border = [(max(lo, 0), max(hi, 0)) for lo, hi in self.widths]
        if self.mode == "constant":
            return np.pad(x[kept], border, constant_values=self.value)
        return np.pad(x[kept], border, mode=_MODES[self.mode])  # type: ignore[call-overload]

    def backward(self, dy: Array) -> Array:
        for axis in reversed(range(dy.ndim)):
            if self.widths[axis] != (0, 0):
                dy = self._fold(dy, axis)
        return dy

    def _fold(self, dy: Array, axis: int) -> Array:
        """The gradient with one axis back at its length before the padding."""
        n = self.shape[axis]
        cut_lo, cut_hi = (max(-w, 0) for w in self.widths[axis])
        lo, hi = (max(w, 0) for w in self.widths[axis])
        dx = np.zeros_like(dy, shape=(*dy.shape[:axis], n, *dy.shape[axis + 1 :]))
        first, end = cut_lo, n - cut_hi  # what was kept of x
        size = end - first

        def along(part: slice) -> tuple[Any, ...]:
            return (*[slice(None)] * axis, part)

        dx[along(slice(first, end))] += dy[along(slice(lo, lo + size))]
        before, after = dy[along(slice(0, lo))], dy[along(slice(lo + size, lo + size + hi))]
        if self.mode == "replicate":
            dx[along(slice(first, first + 1))] += before.sum(axis=axis, keepdims=True)
            dx[along(slice(end - 1, end))] += after.sum(axis=axis, keepdims=True)
        elif self.mode == "reflect":
            mirror = along(slice(None, None, -1))
            dx[along(slice(first + 1, first + 1 + lo))] += before[mirror]
            dx[along(slice(end - 1 - hi, end - 1))] += after[mirror]
        elif self.mode == "circular":
            dx[along(slice(end - lo, end))] += before
            dx[along(slice(first, first + hi))] += after
        return dx


def pad(x: Any, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """Give an array a border: y has pad[0] positions more before and pad[1] more after x on its
    last axis, pad[2] and pad[3] on the last but one, and so on.

    x: any shape. pad: an even number of integers, two for each padded axis, the last axis first.
    mode: "constant" fills with `value`, "replicate" repeats the edge, "reflect" mirrors without
    repeating the edge (abc → cbabcba), "circular" goes on at the other end. Negative numbers cut
    positions off, before anything is added.
    Returns an array with those axes longer (or shorter). Raises ValueError for a wrong number of
    widths, an unknown mode, a border that reflect or circular cannot make from so few positions,
    or a cut that leaves less than nothing.
    """
    shape = getattr(x, "shape", None)
    if shape is None:
        raise TypeError(f"pad got a {type(x).__name__}; it takes a Tensor or an array")
    if mode not in _MODES:
        raise ValueError(f"pad got mode={mode!r}; it knows {', '.join(_MODES)}")
    pad = tuple(pad)
    if not all(isinstance(p, (int, np.integer)) for p in pad):
        raise TypeError(f"pad got widths {pad}; it takes integers")
    if len(pad) % 2 or len(pad) > 2 * len(shape):
        raise ValueError(
            f"pad got {len(pad)} widths for an input of {len(shape)} axes; it takes two for each "
            "axis to pad (before, after), beginning with the last axis"
        )
    pairs = tuple((int(pad[i]), int(pad[i + 1])) for i in range(0, len(pad), 2))
    widths = ((0, 0),) * (len(shape) - len(pairs)) + pairs[::-1]
    for axis, (n, pair) in enumerate(zip(shape, widths, strict=True)):
        _check(axis, n, pair, mode)
    return Pad(widths, mode, value)(x)


def _check(axis: int, n: int, pair: tuple[int, int], mode: str) -> None:
    """Raise unless an axis of length n can be padded like that."""
    left = n + min(pair[0], 0) + min(pair[1], 0)
    if left < 0:
        raise ValueError(f"pad cannot cut {pair} off axis {axis}, which has {n} positions")
    most = {"constant": None, "replicate": None, "reflect": left - 1, "circular": left}[mode]
    if mode == "replicate" and left == 0 and max(pair) > 0:
        raise ValueError(f"pad has no edge to replicate: axis {axis} is empty")
    if most is not None and max(pair) > max(most, 0):
        raise ValueError(
            f"pad with mode={mode!r} got widths {pair} for axis {axis} of {left} positions; it can "
            f"add at most {max(most, 0)} at each end"
        )
