"""A convolution in two cheap steps: first within each channel, then across the channels."""

from __future__ import annotations

from typing import Any

from shinso.graph import Tensor
from shinso.nn.convolution import Conv2d, Size
from shinso.nn.module import Module


class DepthwiseSeparableConv2d(Module):
    """Every channel with a K×K kernel of its own, then a 1×1 convolution that mixes the channels.

        C channels ─ depthwise K×K ─ C · depth_multiplier channels ─ pointwise 1×1 ─ OC channels

    A plain convolution takes K² C OC multiplications for each pixel; this one K² C + C OC, for K=3
    and many channels an eighth to a ninth.
    in_channels, out_channels: C and OC. kernel_size, stride, padding, dilation, padding_mode: of
    the first step, as for `Conv2d`. bias: whether both steps have one. depth_multiplier: kernels
    for each channel.
    Input (N, C, H, W); output as of `Conv2d`. State: depthwise (weight (C·m, 1, KH, KW)), pointwise
    (weight (OC, C·m, 1, 1)).
    Source: Sifre, "Rigid-motion scattering for image classification", 2014; Chollet, "Xception:
    deep learning with depthwise separable convolutions", CVPR 2017.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        depth_multiplier: int = 1,
    ) -> None:
        super().__init__()
        if not isinstance(depth_multiplier, int) or depth_multiplier < 1:
            raise ValueError(
                f"depth_multiplier is a whole number, at least 1, not {depth_multiplier!r}"
            )
        middle = in_channels * depth_multiplier
        self.depthwise = Conv2d(
            in_channels,
            middle,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=in_channels,
            bias=bias,
            padding_mode=padding_mode,
        )
        self.pointwise = Conv2d(middle, out_channels, 1, bias=bias)

    def forward(self, x: Any) -> Tensor:
        """Within the channels, then across them."""
        return self.pointwise(self.depthwise(x))

    def label(self) -> str:
        """The channels."""
        return f"{self.depthwise.in_channels} → {self.pointwise.out_channels}"
