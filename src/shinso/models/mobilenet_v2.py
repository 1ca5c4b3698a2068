"""MobileNetV2, 2018: inverted residuals.

M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: inverted residuals and linear
bottlenecks".

New: blocks that are narrow at the ends, where the shortcut joins them, and six times as wide in
between, where a depthwise convolution does the work; no activation at the narrow end.

    block(t, c):  ─┬─ 1×1, t·channels, relu6 ─ depthwise 3×3, relu6 ─ 1×1, c ─ + ─
                   └───────────────────────────────────────────────────────────┘

    224×224×3 ─ conv 3×3/2, 32 ─ block(1, 16) ─ 2 × block(6, 24), /2 ─ 3 × block(6, 32), /2
              ─ 4 × block(6, 64), /2 ─ 3 × block(6, 96) ─ 3 × block(6, 160), /2 ─ block(6, 320)
              ─ 1×1, 1280 ─ mean ─ dropout ─ classes

3 504 872 parameters and 301 million multiply-adds with 1000 classes. Published: 28.0 % top-1 error
(table 4).
"""

from __future__ import annotations

from shinso import nn
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inverted_residual import InvertedResidual, conv_unit, make_divisible
from shinso.models.normal_start import Linear
from shinso.models.resnet import photo_entry

# Of each stage: factor in between, channels, stride of the first block.
_STAGES = ((1, 16, 1), (6, 24, 2), (6, 32, 2), (6, 64, 2), (6, 96, 1), (6, 160, 2), (6, 320, 1))


class Block(InvertedResidual):
    """An inverted residual under MobileNetV2's names."""

    branch = "conv"
    flat = slice(-1, None)


class MobileNetV2(nn.Sequential):
    """MobileNetV2.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width_mult: factor of all channels
    (of the last 1280 only if over 1), which are made multiples of 8. dropout: before the scores.
    layers: blocks in each of the seven stages.
    Input (N, in_channels, H, W), 224×224 in the paper. Output: scores (N, num_classes). State as
    torchvision's `mobilenet_v2`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        dropout: float = 0.2,
        layers: tuple[int, ...] = (1, 2, 3, 4, 3, 3, 1),
    ) -> None:
        if len(layers) != len(_STAGES) or min(layers) < 1:
            raise ValueError(f"layers are seven numbers, each at least 1, not {layers!r}")
        channels = make_divisible(32 * width_mult)
        last = make_divisible(1280 * max(1.0, width_mult))
        features: list[nn.Module] = [conv_unit(in_channels, channels, stride=2)]
        for (factor, wanted, first_stride), count in zip(_STAGES, layers, strict=True):
            width = make_divisible(wanted * width_mult)
            for i in range(count):
                stride = first_stride if i == 0 else 1
                features.append(Block(channels, channels * factor, width, stride=stride))
                channels = width
        features.append(conv_unit(channels, last, 1))
        super().__init__(
            {
                "features": nn.Sequential(*features),
                "avgpool": nn.GlobalAvgPool(),
                "classifier": nn.Sequential(nn.Dropout(dropout), Linear(last, num_classes)),
            }
        )


ENTRIES: tuple[Entry, ...] = (
    photo_entry(
        "mobilenet_v2",
        2018,
        "inverted residuals: narrow, wide, narrow",
        MobileNetV2,
        "Sandler et al. 2018, CVPR, arXiv:1801.04381",
        Published(28.0, "top-1, one crop", "Sandler et al. 2018, table 4"),
        Preprocessing(232),
        aliases=("mobilenetv2_100",),
    ),
)
