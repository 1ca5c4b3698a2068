"""Inception-ResNet v2, 2016: inception modules as residuals.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of
residual connections on learning".

New: each inception module adds to its input instead of replacing it, which trains much faster; its
result is scaled down (by 0.1 to 0.2) before it is added, without which wide networks of this kind
die early in training.

    block:  x ─┬─ branches ─ side by side ─ conv 1×1 ─ ×scale ─ (+) ─ ReLU
               └───────────────────────────────────────────────┘

    299×299×3 ─ stem ─ 35×35×192 ─ mixed_5b ─ 320 ─ block35 ×10 ─ mixed_6a ─ 17×17×1088
      ─ block17 ×20 ─ mixed_7a ─ 8×8×2080 ─ block8 ×10 ─ conv 1×1 ─ 1536 ─ mean ─ dropout ─ classes

55 843 464 parameters with 1000 classes. Published: 4.9 % top-5 error, one network, one crop
(table 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inception_parts import Branches, ConvUnit, Stack, row
from shinso.models.inception_v4 import averaged, reduction_a
from shinso.models.sizes import check_least

Width = Callable[[int], int]
SMALLEST = 75


class InceptionResidual(Branches):
    """y = relu(x + scale · conv1×1(branches(x))); the last one of the network without the ReLU.

    channels: of input and output. scale: of what is added. relu: whether to rectify the sum.
    branches: as for Branches.
    """

    def __init__(
        self, channels: int, *branches: Mapping[str, Any], scale: float, relu: bool = True
    ) -> None:
        super().__init__(channels, *branches)
        self.scale, self.relu = scale, relu
        self.conv2d = nn.Conv2d(self.out_channels, channels, 1)
        self.out_channels = channels

    def forward(self, x: Any) -> Tensor:
        """Add the scaled residual."""
        total = x + self.scale * self.conv2d(super().forward(x))
        return ops.relu(total) if self.relu else total


def mixed_5b(channels: int, width: Width) -> Branches:
    """The first inception module, which does not add."""
    c48, c64, c96 = width(48), width(64), width(96)
    return Branches(
        channels,
        {"branch0": ConvUnit(channels, c96, 1)},
        {"branch1": row(channels, (c48, 1), (c64, 5))},
        {"branch2": row(channels, (c64, 1), (c96, 3), (c96, 3))},
        {"branch3": averaged(channels, c64)},
    )


def block35(channels: int, width: Width) -> InceptionResidual:
    """The residual module for 35×35 grids."""
    c32, c48, c64 = width(32), width(48), width(64)
    return InceptionResidual(
        channels,
        {"branch0": ConvUnit(channels, c32, 1)},
        {"branch1": row(channels, (c32, 1), (c32, 3))},
        {"branch2": row(channels, (c32, 1), (c48, 3), (c64, 3))},
        scale=0.17,
    )


def block17(channels: int, width: Width) -> InceptionResidual:
    """The residual module for 17×17 grids."""
    a, b, c = width(128), width(160), width(192)
    return InceptionResidual(
        channels,
        {"branch0": ConvUnit(channels, c, 1)},
        {"branch1": row(channels, (a, 1), (b, (1, 7)), (c, (7, 1)))},
        scale=0.1,
    )


def mixed_7a(channels: int, width: Width) -> Branches:
    """Halve a 17×17 grid."""
    a, b, c, d = width(256), width(288), width(320), width(384)
    return Branches(
        channels,
        {"branch0": row(channels, (a, 1), (d, 3, 2))},
        {"branch1": row(channels, (a, 1), (b, 3, 2))},
        {"branch2": row(channels, (a, 1), (b, 3), (c, 3, 2))},
        {"branch3": nn.MaxPool2d(3, stride=2)},
    )


def block8(channels: int, width: Width, scale: float = 0.2, relu: bool = True) -> InceptionResidual:
    """The residual module for 8×8 grids."""
    a, b, c = width(192), width(224), width(256)
    return InceptionResidual(
        channels,
        {"branch0": ConvUnit(channels, a, 1)},
        {"branch1": row(channels, (a, 1), (b, (1, 3)), (c, (3, 1)))},
        scale=scale,
        relu=relu,
    )


class InceptionResNetV2(nn.Module):
    """Inception-ResNet v2.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: how many residual modules
    for 35×35, 17×17 and 8×8 grids; the last has one more. dropout: probability before the scores
    (the paper: 0.2). width_mult: factor of all channels.
    Input (N, in_channels, H, W), H and W at least 75, 299 in the paper. Output: scores
    (N, num_classes). State as timm's `inception_resnet_v2`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        layers: tuple[int, int, int] = (10, 20, 9),
        dropout: float = 0.0,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        stack = Stack(in_channels, width_mult)
        stack.unit("conv2d_1a", 32, 3, 2)
        stack.unit("conv2d_2a", 32, 3, 1, 0)
        stack.unit("conv2d_2b", 64, 3)
        stack.add("maxpool_3a", nn.MaxPool2d(3, stride=2))
        stack.unit("conv2d_3b", 80, 1)
        stack.unit("conv2d_4a", 192, 3, 1, 0)
        stack.add("maxpool_5a", nn.MaxPool2d(3, stride=2))
        stack.block("mixed_5b", mixed_5b)
        stack.repeat("repeat", layers[0], block35)
        stack.block("mixed_6a", reduction_a, 256, 256, 384, 384)
        stack.repeat("repeat_1", layers[1], block17)
        stack.block("mixed_7a", mixed_7a)
        stack.repeat("repeat_2", layers[2], block8)
        stack.block("block8", block8, 1.0, False)
        stack.unit("conv2d_7b", 1536, 1)
        stack.add("global_pool", nn.GlobalAvgPool())
        stack.add("head_drop", nn.Dropout(dropout))
        stack.add("classif", nn.Linear(stack.channels, num_classes))
        for name, layer in stack.layers.items():
            self.add_module(name, layer)

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_least(x, SMALLEST, "Inception-ResNet v2")
        for layer in self.children():
            x = layer(x)
        return x


ENTRIES = (
    Entry(
        "inception_resnet_v2",
        2016,
        "inception modules as scaled residuals",
        InceptionResNetV2,
        image_size=299,
        smallest=SMALLEST,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Szegedy et al. 2016, arXiv:1602.07261",
        published=Published(
            4.9, "top-5, ILSVRC-2012 validation, one crop", "Szegedy et al. 2016, table 2"
        ),
        preprocessing=Preprocessing(
            resize=333,
            crop=299,
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            interpolation="bicubic",
        ),
    ),
)
