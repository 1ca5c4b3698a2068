"""Transposed convolution: the input gradient of a convolution, used as a layer to make things
larger.

It is also called deconvolution, though it undoes nothing but the change of shape.
"""

from __future__ import annotations

from typing import Any

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.contraction import correlate, input_gradient, kernel_gradient
from shinso.ops.convolution import check_bias
from shinso.ops.spatial import Place, Sizes, per_axis, reach, spatial_sizes, surround


class TransposedConvolution(Function):
    """y = b + Σ over windows: each x[n, c, i] adds x · w[c] to y around i·stride - padding.

    Forward is the input gradient of a convolution whose output was x; so dx is that convolution of
    dy, and dw is its kernel gradient with dy and x in each other's place.
    """

    def __init__(
        self, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int, out: Sizes
    ) -> None:
        self.stride, self.padding, self.out = stride, padding, out
        self.dilation, self.groups = dilation, groups

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.x, self.w = x, w
        y = input_gradient(x, w, self.padding, self.out, self.stride, self.dilation, self.groups)
        return y if b is None else y + b.reshape(b.shape[0], *[1] * len(self.out))

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        dx = dw = db = None
        how = self.stride, self.dilation, self.groups
        if self.needs_grad[0] or self.needs_grad[1]:
            d = self._padded(dy)
            if self.needs_grad[0]:
                dx = correlate(d, self.w, *how)
            if self.needs_grad[1]:
                dw = kernel_gradient(d, self.x, self.w.shape[2:], *how)
        if self.needs_grad[2]:
            db = dy.sum(axis=(0, *range(2, dy.ndim)))
        return dx, dw, db

    def _padded(self, dy: Array) -> Array:
        """dy with the padding back around it, as far as the windows went."""
        span = reach(self.w.shape[2:], self.dilation)
        ends = [
            (m - 1) * s + r for m, s, r in zip(self.x.shape[2:], self.stride, span, strict=True)
        ]
        used: Place = (..., *(slice(0, end) for end in ends))
        return surround(dy, tuple((p, p) for p in self.padding))[used]


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution along one axis. x: (N, C, L). weight: (C, OC / groups, K).

    Returns (N, OC, OL); arguments and errors as in `conv_transpose2d`.
    """
    return _transpose(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Paint a kernel for each input pixel and add them all up: a stride of s makes images s times
    larger.

    y[n, o, i·s + k·d - p, j·s + l·d - p] += x[n, c, i, j] · w[c, o, k, l] for all c, i, j, k, l;
    OH = (H - 1)·s - 2p + d(KH - 1) + output_padding + 1, OW alike.

    x: (N, C, H, W). weight: (C, OC / groups, KH, KW), the channels in the order of the convolution
    that it turns around. bias: (OC,) or None. stride, padding, dilation: an integer or one for
    each axis. output_padding: so many rows more at the end, which settles the size that a strided
    convolution rounded away; smaller than the stride or the dilation.
    Returns (N, OC, OH, OW). Raises ValueError for shapes that do not go together, an output of no
    size, and impossible options.

    Source: Zeiler et al., Deconvolutional networks, 2010; Dumoulin and Visin, A guide to
    convolution arithmetic for deep learning, 2016.
    """
    return _transpose(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution over three axes. x: (N, C, D, H, W). weight: (C, OC / groups, KD, KH,
    KW).

    Returns (N, OC, OD, OH, OW); arguments and errors as in `conv_transpose2d`.
    """
    return _transpose(3, x, weight, bias, stride, padding, output_padding, groups, dilation)


def _transpose(
    n: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    op = f"conv_transpose{n}d"
    sizes = spatial_sizes(x, n, op)
    _check_weight(op, n, x.shape[1], weight, bias, groups)
    stride = per_axis(stride, n, "stride", op)
    padding = per_axis(padding, n, "padding", op, least=0)
    extra = per_axis(output_padding, n, "output_padding", op, least=0)
    dilation = per_axis(dilation, n, "dilation", op)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"{op} got output_padding={output_padding!r} with stride={stride} and "
            f"dilation={dilation}; it must be smaller than one of them"
        )
    span = reach(tuple(weight.shape[2:]), dilation)
    out = tuple(
        (m - 1) * s - 2 * p + r + e
        for m, s, p, r, e in zip(sizes, stride, padding, span, extra, strict=True)
    )
    if min(out) < 1 or min(sizes) < 1:
        raise ValueError(
            f"{op} would turn an input of {sizes} into an output of {out}: every axis needs at "
            "least one position. Use less padding or a larger kernel."
        )
    return TransposedConvolution(stride, padding, dilation, groups, out)(x, weight, bias)


def _check_weight(op: str, n: int, channels: int, weight: Any, bias: Any, groups: int) -> None:
    """Raise unless input channels, weight, bias and groups go together."""
    shape = tuple(getattr(weight, "shape", ()))
    if len(shape) != n + 2 or 0 in shape[2:]:
        raise ValueError(
            f"{op} got a weight of shape {shape}; it takes {n + 2} axes: (in channels, out "
            "channels / groups, kernel of at least one place)"
        )
    if groups < 1 or channels % groups:
        raise ValueError(
            f"{op} got groups={groups} for {channels} input channels; groups must divide them"
        )
    if shape[0] != channels:
        raise ValueError(
            f"{op} got an input of {channels} channels and a weight of shape {shape}; the first "
            f"axis of a transposed convolution's weight counts the input channels: {channels}"
        )
    check_bias(op, bias, shape[1] * groups)
