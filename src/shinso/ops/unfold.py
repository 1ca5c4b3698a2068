"""im2col and col2im: images to columns of windows and back, the textbook's way to convolve.

A convolution is then one matrix product: `weight.reshape(OC, -1) @ im2col(x, kernel_size)`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.spatial import (
    Sizes,
    check_fit,
    inside,
    per_axis,
    places,
    reach,
    spatial_sizes,
    surround,
    windows,
)


class _Columns:
    """The geometry that `Unfold` and `Fold` share: they are each other's backward."""

    def __init__(
        self, sizes: Sizes, kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
    ) -> None:
        self.sizes, self.kernel, self.dilation, self.stride = sizes, kernel, dilation, stride
        self.widths = tuple((p, p) for p in padding)
        self.padded = tuple(n + 2 * p for n, p in zip(sizes, padding, strict=True))
        self.out = tuple(
            (n - r) // s + 1
            for n, r, s in zip(self.padded, reach(kernel, dilation), stride, strict=True)
        )

    def gather(self, x: Array) -> Array:
        """(N, C, H, W) → (N, C·KH·KW, OH·OW): every window becomes a column."""
        v = windows(surround(x, self.widths), self.kernel, self.stride, self.dilation)
        rows = x.shape[1] * prod(self.kernel)
        return v.transpose(0, 1, 4, 5, 2, 3).reshape(x.shape[0], rows, prod(self.out))

    def add_up(self, columns: Array) -> Array:
        """(N, C·KH·KW, OH·OW) → (N, C, H, W): every column is added where its window was."""
        batch, channels = columns.shape[0], columns.shape[1] // prod(self.kernel)
        parts = columns.reshape(batch, channels, prod(self.kernel), *self.out)
        image = np.zeros_like(columns, shape=(batch, channels, *self.padded))
        for k, place in enumerate(places(self.kernel, self.stride, self.dilation, self.out)):
            image[place] += parts[:, :, k]
        return image[inside(self.widths, self.sizes)]


class Unfold(Function):
    """y[n, (c, k, l), (i, j)] = x[n, c, i·s + k·d - p, j·s + l·d - p]. dx = fold(dy)."""

    def __init__(self, columns: _Columns) -> None:
        self.columns = columns

    def forward(self, x: Array) -> Array:
        return self.columns.gather(x)

    def backward(self, dy: Array) -> Array:
        return self.columns.add_up(dy)


class Fold(Function):
    """Adds every column to the window it belongs to. dx = unfold(dy)."""

    def __init__(self, columns: _Columns) -> None:
        self.columns = columns

    def forward(self, x: Array) -> Array:
        return self.columns.add_up(x)

    def backward(self, dy: Array) -> Array:
        return self.columns.gather(dy)


def unfold(
    x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Cut every window out of an image and make it a column (im2col).

    y[n, c·KH·KW + k·KW + l, i·OW + j] = x[n, c, i·s + k·d - p, j·s + l·d - p]

    x: (N, C, H, W). kernel_size, dilation, padding, stride: an integer or one for each axis.
    Returns (N, C·KH·KW, OH·OW), sizes as in `conv2d`. Raises ValueError for a window larger than
    the padded input and options that make no sense.

    Source: Chellapilla et al., High performance convolutional neural networks, 2006.
    """
    sizes = spatial_sizes(x, 2, "unfold")
    columns = _geometry("unfold", sizes, kernel_size, dilation, padding, stride)
    return Unfold(columns)(x)


def fold(
    x: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Tensor:
    """Put the columns of `unfold` back where they came from, adding up where windows overlap
    (col2im).

    It is the backward of `unfold`, not its inverse: fold(unfold(x)) is x times the number of
    windows that saw each pixel.

    x: (N, C·KH·KW, OH·OW). output_size: (H, W) of the image. kernel_size, dilation, padding,
    stride: an integer or one for each axis, as they were given to `unfold`.
    Returns (N, C, H, W). Raises ValueError if the columns do not fit these sizes.
    """
    size = per_axis(output_size, 2, "output_size", "fold")
    columns = _geometry("fold", size, kernel_size, dilation, padding, stride)
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) != 3:
        raise ValueError(
            f"fold got an input of shape {shape}; it takes (N, C·KH·KW, OH·OW), three axes"
        )
    if shape[1] % prod(columns.kernel):
        raise ValueError(
            f"fold got columns of {shape[1]} numbers; a multiple of the kernel's "
            f"{prod(columns.kernel)} places is needed, one for each channel and place"
        )
    if shape[2] != prod(columns.out):
        raise ValueError(
            f"fold got {shape[2]} columns; an image of {size} with this kernel, stride, padding "
            f"and dilation has {columns.out[0]} · {columns.out[1]} = {prod(columns.out)} windows"
        )
    return Fold(columns)(x)


im2col = unfold
"""The textbook's name of `unfold`."""

col2im = fold
"""The textbook's name of `fold`."""


def _geometry(
    op: str, sizes: Sizes, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> _Columns:
    kernel = per_axis(kernel_size, 2, "kernel_size", op)
    space = per_axis(dilation, 2, "dilation", op)
    border = per_axis(padding, 2, "padding", op, least=0)
    step = per_axis(stride, 2, "stride", op)
    check_fit(sizes, tuple((p, p) for p in border), reach(kernel, space), op)
    return _Columns(sizes, kernel, space, border, step)
