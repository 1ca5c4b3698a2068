"""Convolution layers of one, two and three spatial axes, forward and transposed."""

from __future__ import annotations

import math
from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.checks import check_dtype, check_images
from shinso.nn.linear import new_parameter, reset_like_pytorch
from shinso.nn.module import Module, Parameter

Size = int | tuple[int, ...]


def as_tuple(name: str, value: Size, axes: int, least: int = 1) -> tuple[int, ...]:
    """One number for every spatial axis, from one number or a tuple of them."""
    sizes = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(sizes) != axes or not all(isinstance(n, int) and n >= least for n in sizes):
        raise ValueError(
            f"{name} must be an integer or {axes} of them, each at least {least}, got {value!r}"
        )
    return sizes


class _ConvolutionLayer(Module):
    """What forward and transposed convolutions of any number of axes share."""

    axes: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        dilation: Size,
        groups: int,
        bias: bool,
        transposed: bool,
    ) -> None:
        super().__init__()
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if groups < 1 or channels < 1 or channels % groups:
                raise ValueError(
                    f"{name}={channels} cannot be divided into groups={groups} equal groups"
                )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size = as_tuple("kernel_size", kernel_size, self.axes)
        self.stride = as_tuple("stride", stride, self.axes)
        self.dilation = as_tuple("dilation", dilation, self.axes)
        self.groups = groups
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight = new_parameter(first, second // groups, *self.kernel_size)
        self.bias: Parameter | None
        self.register_parameter("bias", new_parameter(out_channels) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values, uniform over ±1/√fan_in as in PyTorch."""
        reset_like_pytorch(self.weight, self.bias, math.prod(self.weight.shape[1:]))

    def label(self) -> str:
        """The channels."""
        return f"{self.in_channels} → {self.out_channels}"

    def extra_repr(self) -> str:
        """The arguments."""
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        if any(n != 1 for n in self.dilation):
            parts.append(f"dilation={self.dilation}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


class _Conv(_ConvolutionLayer):
    """Convolution of `axes` spatial axes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, dilation, groups, bias, False
        )
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f'padding is a number, "same" or "valid", not {padding!r}')
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(f'padding="same" needs stride 1, got stride {stride}')
        modes = ("zeros", "replicate", "reflect", "circular")
        if padding_mode not in modes:
            raise ValueError(f"padding_mode is one of {', '.join(modes)}, not {padding_mode!r}")
        self.padding = (
            padding if isinstance(padding, str) else as_tuple("padding", padding, self.axes, 0)
        )
        self.padding_mode = padding_mode

    def forward(self, x: Any) -> Tensor:
        """Slide the kernels over the input."""
        check_images(x, self.in_channels, self.axes)
        check_dtype(x, self.weight)
        convolve = _CONVOLVE[self.axes]
        return convolve(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.padding_mode,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        plain = self.padding_mode == "zeros"
        mode = "" if plain else f", padding_mode={self.padding_mode!r}"
        return f"{super().extra_repr()}, padding={self.padding!r}{mode}"


class Conv1d(_Conv):
    """Convolution over one axis: sound, sequences. Input (N, C, W); arguments as for `Conv2d`."""

    axes = 1


class Conv2d(_Conv):
    """Convolution over images.

    in_channels, out_channels: C and OC. kernel_size, stride, dilation: a number or (H, W).
    padding: a number, (H, W), "same" or "valid". groups: both channel numbers are divided into
    that many independent groups; groups = in_channels is a depthwise convolution. padding_mode:
    "zeros", "replicate", "reflect" or "circular".
    Input (N, C, H, W); output (N, OC, OH, OW) with OH = ⌊(H + 2P - D(K-1) - 1) / S⌋ + 1.
    State: weight (OC, C/groups, KH, KW), bias (OC,). Starts uniform over ±1/√fan_in, as in PyTorch.
    """

    axes = 2


class Conv3d(_Conv):
    """Convolution over volumes and films. Input (N, C, D, H, W); arguments as for `Conv2d`."""

    axes = 3


class _ConvTranspose(_ConvolutionLayer):
    """Transposed convolution of `axes` spatial axes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, dilation, groups, bias, True
        )
        self.padding = as_tuple("padding", padding, self.axes, 0)
        self.output_padding = as_tuple("output_padding", output_padding, self.axes, 0)

    def forward(self, x: Any) -> Tensor:
        """Spread each input element over a kernel-shaped patch of the output."""
        check_images(x, self.in_channels, self.axes)
        check_dtype(x, self.weight)
        spread = _SPREAD[self.axes]
        return spread(
            x,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            self.output_padding,
            self.groups,
            self.dilation,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        rest = f", output_padding={self.output_padding}" if any(self.output_padding) else ""
        return f"{super().extra_repr()}, padding={self.padding}{rest}"


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis. Input (N, C, W); arguments as for `ConvTranspose2d`."""

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution: the input gradient of `Conv2d`, used as a layer of its own.

    Arguments as for `Conv2d`, and output_padding: rows and columns added at the end, because
    several input sizes give one output size when the stride is over 1.
    Input (N, C, H, W); output height (H-1) S - 2P + D (K-1) + output_padding + 1.
    State: weight (C, OC/groups, KH, KW), bias (OC,).
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over volumes. Arguments as for `ConvTranspose2d`."""

    axes = 3


_CONVOLVE = {1: ops.conv1d, 2: ops.conv2d, 3: ops.conv3d}
_SPREAD = {1: ops.conv_transpose1d, 2: ops.conv_transpose2d, 3: ops.conv_transpose3d}
