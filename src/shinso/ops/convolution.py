"""Convolution over one, two or three spatial axes: strides, dilation, groups, every padding.

What deep learning calls convolution is correlation: the kernel is not flipped.
"""

from __future__ import annotations

from typing import Any

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.contraction import correlate, input_gradient, kernel_gradient
from shinso.ops.padding import pad
from shinso.ops.spatial import (
    Sizes,
    Widths,
    check_fit,
    per_axis,
    reach,
    spatial_sizes,
    surround,
)

_PADDING_MODES = ("zeros", "replicate", "reflect", "circular")


class Convolution(Function):
    """y[n, o, i] = b[o] + Σ_c Σ_k x[n, c, i·stride + k·dilation - padding] · w[o, c, k].

    dx is dy, spread out by the stride, correlated with the flipped kernel; dw multiplies each
    window of x by the gradient of the output it made; db sums dy over everything but channels.
    """

    def __init__(self, stride: Sizes, widths: Widths, dilation: Sizes, groups: int) -> None:
        self.stride, self.widths = stride, widths
        self.dilation, self.groups = dilation, groups

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.sizes, self.w = x.shape[2:], w
        self.xp = surround(x, self.widths)
        y = correlate(self.xp, w, self.stride, self.dilation, self.groups)
        return y if b is None else y + b.reshape(w.shape[0], *[1] * len(self.sizes))

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        dx = dw = db = None
        how = self.stride, self.dilation, self.groups
        if self.needs_grad[0]:
            before = tuple(lo for lo, _ in self.widths)
            dx = input_gradient(dy, self.w, before, self.sizes, *how)
        if self.needs_grad[1]:
            dw = kernel_gradient(self.xp, dy, self.w.shape[2:], *how)
        if self.needs_grad[2]:
            db = dy.sum(axis=(0, *range(2, dy.ndim)))
        return dx, dw, db


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """Convolution along one axis (sound, series): `conv2d` without the height.

    x: (N, C, L). weight: (OC, C / groups, K). bias: (OC,) or None. Returns (N, OC, OL); arguments
    and errors as in `conv2d`.
    """
    return _convolve(1, x, weight, bias, stride, padding, dilation, groups, padding_mode)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """Slide a kernel over an image; every output is a weighted sum of one window of the input.

    y[n, o, i, j] = b[o] + Σ x[n, c, i·s + k·d - p, j·s + l·d - p] · w[o, c, k, l] over c, k, l, and
    OH = ⌊(H + 2p - d(KH - 1) - 1) / s⌋ + 1, OW alike.

    x: (N, C, H, W). weight: (OC, C / groups, KH, KW). bias: (OC,) or None.
    stride, dilation: an integer or one for each axis. padding: the same, or "valid" (none) or
    "same" (stride 1: the output is as large as the input; an odd position goes to the end).
    groups: C and OC fall into so many parts that do not see each other; groups=C is depthwise.
    padding_mode: what the border is made of: "zeros", "replicate", "reflect" or "circular".
    Returns (N, OC, OH, OW). Raises ValueError for shapes that do not go together, a kernel larger
    than the padded input, and unknown or impossible options.

    Source: LeCun et al., Gradient-based learning applied to document recognition, 1998; im2col:
    Chellapilla et al., High performance convolutional neural networks, 2006.
    """
    return _convolve(2, x, weight, bias, stride, padding, dilation, groups, padding_mode)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """Convolution over three axes (CT volumes, video): `conv2d` with a depth.

    x: (N, C, D, H, W). weight: (OC, C / groups, KD, KH, KW). bias: (OC,) or None. Returns
    (N, OC, OD, OH, OW); arguments and errors as in `conv2d`.
    """
    return _convolve(3, x, weight, bias, stride, padding, dilation, groups, padding_mode)


def _convolve(
    n: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    padding_mode: str,
) -> Tensor:
    op = f"conv{n}d"
    sizes = spatial_sizes(x, n, op)
    _check_weight(op, n, x, weight, bias, groups)
    kernel = tuple(weight.shape[2:])
    stride = per_axis(stride, n, "stride", op)
    dilation = per_axis(dilation, n, "dilation", op)
    span = reach(kernel, dilation)
    widths = _padding_widths(op, n, padding, stride, span)
    check_fit(sizes, widths, span, op)
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            f"{op} got padding_mode={padding_mode!r}; it knows {', '.join(_PADDING_MODES)}"
        )
    if padding_mode != "zeros" and any(map(any, widths)):
        x = pad(x, [w for pair in widths[::-1] for w in pair], mode=padding_mode)
        widths = ((0, 0),) * n
    return Convolution(stride, widths, dilation, groups)(x, weight, bias)


def _check_weight(op: str, n: int, x: Any, weight: Any, bias: Any, groups: int) -> None:
    """Raise unless input, weight, bias and groups go together."""
    shape = tuple(getattr(weight, "shape", ()))
    if len(shape) != n + 2:
        raise ValueError(
            f"{op} got a weight of shape {shape}; it takes {n + 2} axes: (out channels, in "
            "channels / groups, kernel)"
        )
    if 0 in shape[2:]:
        raise ValueError(f"{op} got a weight of shape {shape}: a kernel needs at least one place")
    channels = x.shape[1]
    if groups < 1 or channels % groups or shape[0] % groups:
        raise ValueError(
            f"{op} got groups={groups} for {channels} input and {shape[0]} output channels; "
            "groups must divide both"
        )
    if shape[1] * groups != channels:
        raise ValueError(
            f"{op} got an input of {channels} channels and a weight of shape {shape} with "
            f"groups={groups}; that weight takes {shape[1] * groups} input channels"
        )
    check_bias(op, bias, shape[0])


def check_bias(op: str, bias: Any, channels: int) -> None:
    """Raise unless the bias is None or has one number for each output channel."""
    shape = tuple(getattr(bias, "shape", ()))
    if bias is not None and shape != (channels,):
        raise ValueError(
            f"{op} got a bias of shape {shape}; it takes ({channels},), one number for "
            "each output channel"
        )


def _padding_widths(op: str, n: int, padding: Any, stride: Sizes, span: Sizes) -> Widths:
    """How many positions go before and after each axis."""
    if padding == "valid":
        return ((0, 0),) * n
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError(
                f"{op} got padding='same' with stride={stride}; 'same' needs stride 1. Give the "
                "padding in numbers."
            )
        return tuple(((r - 1) // 2, r - 1 - (r - 1) // 2) for r in span)
    if isinstance(padding, str):
        raise ValueError(f"{op} got padding={padding!r}; it takes integers, 'same' or 'valid'")
    return tuple((p, p) for p in per_axis(padding, n, "padding", op, least=0))
