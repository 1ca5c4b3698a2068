"""Xception, 2016: an Inception network of nothing but depthwise separable convolutions.

F. Chollet, "Xception: deep learning with depthwise separable convolutions".

New: the thought behind Inception taken to its end. What is beside each other in the image and what
is beside each other in the channels are looked at by different layers: a 3×3 window of its own for
every channel, then a 1×1 convolution that mixes them. With shortcuts around every two or three.

    s(c):  ─ depthwise 3×3 ─ 1×1, c ─ bn
    block: ─┬─ relu ─ s ─ relu ─ s ─ max pool 3×3/2 ─ +
            └─ conv 1×1/2, bn ────────────────────────┘

    299×299×3 ─ conv 3×3/2, 32 ─ conv 3×3, 64 ─ blocks of 128, 256, 728 ─ 19×19×728
              ─ 8 blocks: three times relu ─ s(728), + ─ block of 728, 1024 ─ 10×10×1024
              ─ s(1536), relu ─ s(2048), relu ─ mean ─ classes

The first block starts without a ReLU, since one has just been. 22 855 952 parameters with 1000
classes. Published: 5.5 % top-5 error, one crop (table 1).
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.residual import Conv2d, conv


def separable(inputs: int, outputs: int) -> nn.Sequential:
    """A depthwise 3×3 convolution, then a 1×1; as `nn.DepthwiseSeparableConv2d`, timm's names."""
    return nn.Sequential(
        {
            "conv1": conv(inputs, inputs, 3, groups=inputs),
            "pointwise": conv(inputs, outputs, 1),
        }
    )


class Block(nn.Module):
    """Separable convolutions, each after a ReLU, with a shortcut around them.

    channels: of the input. widths: channels after each separable convolution. stride: 2 to halve
    height and width at the end. relu_first: whether a ReLU goes before the first.
    Input (N, channels, H, W); output (N, widths[-1], ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(
        self, channels: int, widths: tuple[int, ...], stride: int = 1, relu_first: bool = True
    ) -> None:
        super().__init__()
        self.changes = channels != widths[-1] or stride != 1
        if self.changes:
            self.skip = conv(channels, widths[-1], 1, stride)
            self.skipbn = nn.BatchNorm2d(widths[-1])
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.ReLU(), separable(channels, width), nn.BatchNorm2d(width)]
            channels = width
        if stride != 1:
            layers.append(nn.MaxPool2d(3, stride, 1))
        self.rep = nn.Sequential(*layers[0 if relu_first else 1 :])

    def forward(self, x: Any) -> Tensor:
        """Add what the convolutions find to the shortcut."""
        shortcut = self.skipbn(self.skip(x)) if self.changes else x
        added: Tensor = self.rep(x) + shortcut
        return added


class Xception(nn.Sequential):
    """Xception.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. dropout: before the scores; 0.5 in
    the paper, but 0 as in timm here. middle: blocks between entry and exit. width_mult: factor of
    all channels.
    Input (N, in_channels, H, W), 299×299 in the paper. Output: scores (N, num_classes). State as
    timm's `legacy_xception`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.0,
        middle: int = 8,
        width_mult: float = 1.0,
    ) -> None:
        if not width_mult > 0:
            raise ValueError(f"width_mult is a factor over 0, not {width_mult}")
        c32, c64, c128, c256, c728, c1024, c1536, c2048 = (
            max(1, round(n * width_mult)) for n in (32, 64, 128, 256, 728, 1024, 1536, 2048)
        )
        if middle < 0:
            raise ValueError(f"middle is a number of blocks, at least 0, not {middle}")
        row = [
            Block(c64, (c128, c128), 2, relu_first=False),
            Block(c128, (c256, c256), 2),
            Block(c256, (c728, c728), 2),
            *(Block(c728, (c728, c728, c728)) for _ in range(middle)),
            Block(c728, (c728, c1024), 2),
        ]
        super().__init__(
            {
                "conv1": Conv2d(in_channels, c32, 3, 2, bias=False),
                "bn1": nn.BatchNorm2d(c32),
                "act1": nn.ReLU(),
                "conv2": Conv2d(c32, c64, 3, bias=False),
                "bn2": nn.BatchNorm2d(c64),
                "act2": nn.ReLU(),
                **{f"block{i}": block for i, block in enumerate(row, 1)},
                "conv3": separable(c1024, c1536),
                "bn3": nn.BatchNorm2d(c1536),
                "act3": nn.ReLU(),
                "conv4": separable(c1536, c2048),
                "bn4": nn.BatchNorm2d(c2048),
                "act4": nn.ReLU(),
                "global_pool": nn.GlobalAvgPool(),
                "dropout": nn.Dropout(dropout),
                "fc": nn.Linear(c2048, num_classes),
            }
        )


ENTRIES = (
    Entry(
        "xception",
        2016,
        "depthwise separable convolutions only",
        Xception,
        image_size=299,
        smallest=32,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Chollet 2017, CVPR, arXiv:1610.02357",
        published=Published(5.5, "top-5, one crop", "Chollet 2017, table 1"),
        preprocessing=Preprocessing(
            333, 299, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), interpolation="bicubic"
        ),
        aliases=("legacy_xception",),
    ),
)
