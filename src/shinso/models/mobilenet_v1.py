"""MobileNet, 2017: networks that a telephone can run.

A. Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision
applications".

New: a plain network all of whose 3×3 convolutions (but the first) are depthwise separable, an
eighth to a ninth of the work of full ones; and two numbers to make it fit any device, a factor for
all channels and the size of the images.

    d(c):  ─ depthwise 3×3, bn, relu6 ─ 1×1, c, bn, relu6 ─

    224×224×3 ─ conv 3×3/2, 32 ─ d(64) ─ d(128)/2 ─ d(128) ─ d(256)/2 ─ d(256) ─ d(512)/2
              ─ 5 × d(512) ─ d(1024)/2 ─ d(1024) ─ mean ─ classes

4 231 976 parameters and 569 million multiply-adds with 1000 classes. Published: 29.4 % top-1 error
(table 8).
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inverted_residual import FanOutLinear, make_divisible
from shinso.models.resnet import photo_entry
from shinso.nn import init


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` without bias whose weights start from N(0, 2 / fan_out), per group."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        fan_out = self.out_channels * self.kernel_size[0] * self.kernel_size[1] // self.groups
        init.normal_(self.weight, 0.0, (2 / fan_out) ** 0.5)


class DepthwiseSeparable(nn.Sequential):
    """Depthwise 3×3 and 1×1 convolution, each with batch norm and ReLU6.

    in_channels, out_channels: of input and output. stride: of the first convolution.
    Input (N, in_channels, H, W); output (N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(
            {
                "conv_dw": Conv2d(in_channels, in_channels, 3, stride, in_channels),
                "bn1": nn.BatchNorm2d(in_channels),
                "act1": nn.ReLU6(),
                "conv_pw": Conv2d(in_channels, out_channels, 1),
                "bn2": nn.BatchNorm2d(out_channels),
                "act2": nn.ReLU6(),
            }
        )


_WIDTHS = (64, 128, 256, 512, 1024)


class MobileNetV1(nn.Sequential):
    """MobileNet.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width_mult: factor of all channels,
    which are made multiples of 8. dropout: before the scores. layers: separable convolutions of
    64, 128, 256, 512 and 1024 channels.
    Input (N, in_channels, H, W), 224×224 in the paper. Output: scores (N, num_classes). State as
    timm's `mobilenetv1_100`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        dropout: float = 0.0,
        layers: tuple[int, ...] = (1, 2, 2, 6, 2),
    ) -> None:
        if len(layers) != len(_WIDTHS) or min(layers) < 1:
            raise ValueError(f"layers are five numbers, each at least 1, not {layers!r}")
        first, *widths = (make_divisible(n * width_mult) for n in (32, *_WIDTHS))
        blocks, channels = [], first
        for i, (width, count) in enumerate(zip(widths, layers, strict=True)):
            row: list[nn.Module] = []
            for j in range(count):
                row.append(DepthwiseSeparable(channels, width, 2 if i > 0 and j == 0 else 1))
                channels = width
            blocks.append(nn.Sequential(*row))
        made: dict[str, Any] = {
            "conv_stem": Conv2d(in_channels, first, 3, 2),
            "bn1": nn.BatchNorm2d(first),
            "act1": nn.ReLU6(),
            "blocks": nn.Sequential(*blocks),
            "global_pool": nn.GlobalAvgPool(),
            "dropout": nn.Dropout(dropout),
            "classifier": FanOutLinear(channels, num_classes),
        }
        super().__init__(made)


ENTRIES: tuple[Entry, ...] = (
    photo_entry(
        "mobilenet_v1",
        2017,
        "depthwise separable convolutions, for telephones",
        MobileNetV1,
        "Howard et al. 2017, arXiv:1704.04861",
        Published(29.4, "top-1, one crop", "Howard et al. 2017, table 8"),
        Preprocessing(256, 224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), interpolation="bicubic"),
        aliases=("mobilenetv1_100",),
    ),
)
