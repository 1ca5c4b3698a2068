"""Squeeze and excitation: the network looks at all channels and turns each one up or down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso.graph import Tensor
from shinso.nn.activation import ReLU, Sigmoid
from shinso.nn.convolution import Conv2d
from shinso.nn.module import Module
from shinso.nn.pooling import GlobalAvgPool


class SqueezeExcitation(Module):
    """y = x · s, where s (one number for each channel of each image) is computed from x itself.

        x ─┬───────────────────────────────────────────────────────── · ─ y
           └ mean of each channel ─ fc1 ─ activation ─ fc2 ─ scale_activation ┘

    The mean over H × W is the squeeze; the two small layers, which see all channels, the
    excitation.
    input_channels: C. squeeze_channels: between the two layers; the paper took C / 16.
    activation, scale_activation: make the layers of that name; the paper's are ReLU and Sigmoid,
    MobileNetV3 has Hardsigmoid as the second.
    Input and output (N, C, H, W). State: fc1 and fc2, 1×1 convolutions with bias, as in
    torchvision.
    Source: Hu, Shen, Sun, "Squeeze-and-excitation networks", CVPR 2018.
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[..., Module] = ReLU,
        scale_activation: Callable[..., Module] = Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = GlobalAvgPool(keepdims=True)
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def scale(self, x: Any) -> Tensor:
        """s, of shape (N, C, 1, 1)."""
        squeezed = self.activation(self.fc1(self.avgpool(x)))
        return self.scale_activation(self.fc2(squeezed))

    def forward(self, x: Any) -> Tensor:
        """Weigh the channels."""
        return self.scale(x) * x

    def label(self) -> str:
        """The channels."""
        return f"{self.fc1.in_channels} → {self.fc1.out_channels} → {self.fc2.out_channels}"
