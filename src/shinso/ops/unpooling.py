"""Max unpooling: put every maximum back where it was found, zeros elsewhere."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from shinso.cell import Array, require
from shinso.graph import Function, Tensor
from shinso.ops.spatial import Sizes, per_axis, spatial_sizes


class MaxUnpool(Function):
    """y[n, c, indices[n, c, i]] += x[n, c, i] on zeros. dx picks dy at the same positions."""

    def __init__(self, out: Sizes) -> None:
        self.out = out

    def forward(self, x: Array, indices: Array) -> Array:
        size = prod(self.out)
        require(
            (indices >= 0) & (indices < size),
            lambda: (
                "max_unpool got indices outside the output: they must lie between 0 and "
                f"{size - 1} for an output of {self.out}. Give the output_size of the pooled input."
            ),
        )
        planes, places = x.shape[0] * x.shape[1], prod(x.shape[2:])
        self.at = indices.reshape(planes, places)
        self.shape = x.shape
        first = np.arange(planes, like=self.at).reshape(planes, 1) * size
        y = np.zeros_like(x, shape=(planes * size,))
        np.add.at(y, (first + self.at).reshape(planes * places), x.reshape(planes * places))
        return y.reshape(*x.shape[:2], *self.out)

    def backward(self, dy: Array) -> tuple[Array, None]:
        plane = dy.reshape(self.at.shape[0], prod(self.out))
        return np.take_along_axis(plane, self.at, axis=1).reshape(self.shape), None


def max_unpool1d(
    x: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put maxima back along one axis. x, indices: (N, C, L). The rest is as in `max_unpool2d`."""
    return _unpool(1, x, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    x: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put maxima back where `max_pool2d(…, return_indices=True)` found them; zeros elsewhere.

    x: (N, C, H, W). indices: integers of the same shape, positions h·OW + w in the output.
    kernel_size, stride (None: the kernel size), padding: those of the pooling; they give
    OH = (H - 1)·s - 2p + KH. output_size: (OH, OW), or a whole shape that ends so, when the
    pooling rounded; at most one stride away from that.
    A position that several windows name gets the sum of their values (PyTorch keeps one of them,
    without saying which), so this is exactly the transpose of picking: backward picks.
    Returns (N, C, OH, OW). Raises ValueError for indices of another shape or outside the output
    and an impossible output_size, TypeError for indices that are no integers.

    Source: Zeiler and Fergus, Visualizing and understanding convolutional networks, 2013.
    """
    return _unpool(2, x, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    x: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Tensor:
    """Put maxima back in a volume. x, indices: (N, C, D, H, W). As `max_unpool2d`."""
    return _unpool(3, x, indices, kernel_size, stride, padding, output_size)


def _unpool(
    n: int, x: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    op = f"max_unpool{n}d"
    sizes = spatial_sizes(x, n, op)
    shape = tuple(getattr(indices, "shape", ()))
    if shape != tuple(x.shape):
        raise ValueError(
            f"{op} got indices of shape {shape} for an input of shape {tuple(x.shape)}; every "
            "value needs its position"
        )
    if indices.dtype.kind not in "iu":
        raise TypeError(
            f"{op} got indices of {indices.dtype}; it takes the integers that "
            f"max_pool{n}d(…, return_indices=True) gives"
        )
    kernel = per_axis(kernel_size, n, "kernel_size", op)
    step = kernel if stride is None else per_axis(stride, n, "stride", op)
    border = per_axis(padding, n, "padding", op, least=0)
    usual = tuple(
        (m - 1) * s - 2 * p + k for m, s, p, k in zip(sizes, step, border, kernel, strict=True)
    )
    return MaxUnpool(_output(op, n, usual, step, output_size))(x, indices)


def _output(op: str, n: int, usual: Sizes, step: Sizes, output_size: Any) -> Sizes:
    """The size asked for, if it is less than a stride away from the usual one."""
    out = usual
    if output_size is not None:
        out = tuple(output_size)
        out = out[-n:] if len(out) == n + 2 else out
        out = per_axis(out, n, "output_size", op)
        if any(abs(o - u) >= s for o, u, s in zip(out, usual, step, strict=True)):
            raise ValueError(
                f"{op} got output_size={out}; with this kernel, stride and padding it must be less "
                f"than a stride away from {usual}"
            )
    if min(out) < 1:
        raise ValueError(f"{op} would make an output of {out}: use less padding")
    return out
