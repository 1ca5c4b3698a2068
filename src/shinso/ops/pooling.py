"""Max pooling and average pooling: one number for each window of each channel.

Both go over the places of the window, K·K lines of whole-array work, rather than over windows:
that is faster in NumPy, and backward reads like forward.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.spatial import (
    Sizes,
    Widths,
    check_fit,
    inside,
    per_axis,
    places,
    reach,
    spatial_sizes,
    surround,
)


class MaxPool(Function):
    """y = the largest of each window. dx = dy at the place that won, added where windows overlap.

    The border counts as -inf. Among equals the first place wins, row by row. NaN wins over all.
    """

    def __init__(
        self,
        kernel: Sizes,
        stride: Sizes,
        widths: Widths,
        dilation: Sizes,
        out: Sizes,
        with_indices: bool,
    ) -> None:
        self.kernel, self.stride, self.dilation = kernel, stride, dilation
        self.widths, self.out, self.with_indices = widths, out, with_indices

    def forward(self, x: Array) -> Any:
        self.sizes = x.shape[2:]
        xp = surround(x, self.widths, -np.inf)
        self.places = places(self.kernel, self.stride, self.dilation, self.out)
        y = xp[self.places[0]]
        arg = np.zeros_like(y, dtype=np.min_scalar_type(len(self.places)))
        for k, place in enumerate(self.places[1:], start=1):
            value = xp[place]
            arg = np.where((value > y) | np.isnan(value), k, arg)
            y = np.maximum(y, value)
        self.arg = arg
        return (y, self._positions(arg)) if self.with_indices else y

    def backward(self, dy: Array, *_: Array) -> Array:
        padded = [n + sum(w) for n, w in zip(self.sizes, self.widths, strict=True)]
        dx = np.zeros_like(dy, shape=(*dy.shape[:2], *padded))
        for k, place in enumerate(self.places):
            dx[place] += np.where(self.arg == k, dy, 0)
        return dx[inside(self.widths, self.sizes)]

    def _positions(self, arg: Array) -> Array:
        """Where the winners stand in the flattened, unpadded plane of their channel."""
        rest = arg.astype(np.int64)
        flat = np.zeros_like(rest)
        for a in reversed(range(len(self.kernel))):
            start = np.arange(self.out[a], like=arg) * self.stride[a] - self.widths[a][0]
            start = start.reshape(self.out[a], *[1] * (len(self.out) - 1 - a))
            at = start + rest % self.kernel[a] * self.dilation[a]
            # A window of nothing but -inf names its first place, which may lie in the border.
            flat = flat + np.maximum(at, 0) * prod(self.sizes[a + 1 :])
            rest = rest // self.kernel[a]
        return flat


class AveragePool(Function):
    """y = the sum of each window / a divisor. dx = dy / divisor at every place of the window."""

    def __init__(
        self, kernel: Sizes, stride: Sizes, widths: Widths, out: Sizes, divisor: list[list[int]]
    ) -> None:
        self.kernel, self.stride, self.widths = kernel, stride, widths
        self.out, self.divisor = out, divisor

    def forward(self, x: Array) -> Array:
        self.sizes = x.shape[2:]
        xp = surround(x, self.widths)
        self.places = places(self.kernel, self.stride, (1,) * len(self.out), self.out)
        total = xp[self.places[0]]
        for place in self.places[1:]:
            total = total + xp[place]
        return total / self._divisor(total)

    def backward(self, dy: Array) -> Array:
        padded = [n + sum(w) for n, w in zip(self.sizes, self.widths, strict=True)]
        dx = np.zeros_like(dy, shape=(*dy.shape[:2], *padded))
        share = dy / self._divisor(dy)
        for place in self.places:
            dx[place] += share
        return dx[inside(self.widths, self.sizes)]

    def _divisor(self, like: Array) -> Any:
        """The product of one divisor for each axis: a number, or an array that varies along it."""
        product: Any = 1
        for a, counts in enumerate(self.divisor):
            if min(counts) == max(counts):
                product = product * counts[0]
                continue
            column = np.array(counts, dtype=like.dtype, like=like)
            product = product * column.reshape(len(counts), *[1] * (len(self.out) - 1 - a))
        return product


def max_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window along one axis. x: (N, C, L). The rest is as in `max_pool2d`."""
    return _max_pool(1, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window: keeps what was found, forgets a little of where.

    y[n, c, i, j] = max over k, l of x[n, c, i·s + k·d - p, j·s + l·d - p], with
    OH = ⌊(H + 2p - d(KH - 1) - 1) / s⌋ + 1 (⌈ ⌉ with ceil_mode, if that window begins inside).

    x: (N, C, H, W). kernel_size, stride (None: the kernel size, so windows do not overlap),
    padding, dilation: an integer or one for each axis. return_indices: also give the positions
    h·W + w of the maxima in the unpadded input, int64.
    The border counts as -inf. Of equal values the first in the window (row by row) takes the whole
    gradient. NaN propagates; a window of nothing but -inf may lose its gradient to the border.
    Returns (N, C, OH, OW), or a pair of those. Raises ValueError for a padding of more than half
    the window, a window larger than the padded input, and options that make no sense.
    """
    return _max_pool(2, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each box. x: (N, C, D, H, W). The rest is as in `max_pool2d`."""
    return _max_pool(3, x, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def avg_pool1d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window along one axis. x: (N, C, L). The rest is as in `avg_pool2d`."""
    return _avg_pool(1, x, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window: y = (Σ of the window) / (places in it).

    x: (N, C, H, W). kernel_size, stride (None: the kernel size), padding: an integer or one for
    each axis. ceil_mode: a last window may hang over the end; what lies beyond the padding never
    counts. count_include_pad: whether zeros of the padding count in the divisor.
    divisor_override: divide by this instead.
    Returns (N, C, OH, OW), sizes as in `max_pool2d`. Raises ValueError as `max_pool2d` does, and
    for divisor_override=0.
    """
    return _avg_pool(
        2, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    x: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each box. x: (N, C, D, H, W). The rest is as in `avg_pool2d`."""
    return _avg_pool(
        3, x, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _max_pool(
    n: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    op = f"max_pool{n}d"
    kernel, step, space = _window(op, n, kernel_size, stride, padding, dilation)
    widths, out = _extent(op, spatial_sizes(x, n, op), kernel, step, space, padding, ceil_mode)
    result = MaxPool(kernel, step, widths, space, out, return_indices)(x)
    return (result[0], result[1].detach()) if return_indices else result


def _avg_pool(
    n: int,
    x: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    op = f"avg_pool{n}d"
    if divisor_override == 0:
        raise ValueError(f"{op} got divisor_override=0; leave it out (None) or give a number")
    kernel, step, space = _window(op, n, kernel_size, stride, padding, 1)
    sizes = spatial_sizes(x, n, op)
    widths, out = _extent(op, sizes, kernel, step, space, padding, ceil_mode)
    if divisor_override is not None:  # one number for all axes together
        return AveragePool(kernel, step, widths, out, [[divisor_override]])(x)
    divisor = []
    for a, (before, _) in enumerate(widths):
        border = before if count_include_pad else 0  # how much of the padding counts, at each end
        starts = [i * step[a] - before for i in range(out[a])]
        ends = [min(s + kernel[a], sizes[a] + border) for s in starts]
        divisor.append([e - max(s, -border) for s, e in zip(starts, ends, strict=True)])
    return AveragePool(kernel, step, widths, out, divisor)(x)


def _window(
    op: str, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Sizes, Sizes, Sizes]:
    """Kernel, stride and dilation, one integer for each axis; the padding is checked."""
    kernel = per_axis(kernel_size, n, "kernel_size", op)
    step = kernel if stride is None else per_axis(stride, n, "stride", op)
    space = per_axis(dilation, n, "dilation", op)
    before = per_axis(padding, n, "padding", op, least=0)
    if any(p > k // 2 for p, k in zip(before, kernel, strict=True)):
        raise ValueError(
            f"{op} got padding={padding!r} with kernel_size={kernel_size!r}; the padding may be "
            "half of the window at most, or some windows would see nothing but border"
        )
    return kernel, step, space


def _extent(
    op: str, sizes: Sizes, kernel: Sizes, step: Sizes, space: Sizes, padding: Any, ceil_mode: bool
) -> tuple[Widths, Sizes]:
    """The border on both sides of each axis, and how many windows there are."""
    widths, out = [], []
    span = reach(kernel, space)
    before = per_axis(padding, len(sizes), "padding", op, least=0)
    for size, r, s, p in zip(sizes, span, step, before, strict=True):
        free = size + 2 * p - r
        count = free // s + 1
        if ceil_mode and free % s and count * s < size + p:
            count += 1  # one more window hangs over the end, but begins before it
        widths.append((p, p + max((count - 1) * s - free, 0)))
        out.append(count)
    if not ceil_mode or min(out) < 1:
        check_fit(sizes, tuple((p, p) for p in before), span, op)
    return tuple(widths), tuple(out)
