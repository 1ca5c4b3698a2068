"""EfficientNet, 2019: depth, width and resolution grow together.

M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks".

New: a rule for making a network larger (all three at once, in fixed proportions), and a small
network found by a search to start from: B0, which is this one.

    block(k, t, c):  ─┬─ 1×1, t·channels ─ depthwise k×k ─ squeeze, excite ─ 1×1, c ─ + ─
                      └───────────────────────────────────────────────────────────────┘

    224×224×3 ─ conv 3×3/2, 32 ─ block(3, 1, 16) ─ 2 × block(3, 6, 24), /2 ─ 2 × block(5, 6, 40), /2
              ─ 3 × block(3, 6, 80), /2 ─ 3 × block(5, 6, 112) ─ 4 × block(5, 6, 192), /2
              ─ block(3, 6, 320) ─ 1×1, 1280 ─ mean ─ dropout ─ classes

Activations are SiLU, x · sigmoid(x); blocks are left out at random in training, the later ones
more often. 5 288 548 parameters and 386 million multiply-adds with 1000 classes. Published: 6.7 %
top-5 error (table 2).
"""

from __future__ import annotations

from functools import partial

from shinso import nn
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inverted_residual import (
    FanOutLinear,
    InvertedResidual,
    conv_unit,
    make_divisible,
    squeeze_excitation,
)
from shinso.models.resnet import photo_entry

# Of each stage: window, factor in between, channels, stride of the first block.
_STAGES = (
    (3, 1, 16, 1),
    (3, 6, 24, 2),
    (5, 6, 40, 2),
    (3, 6, 80, 2),
    (5, 6, 112, 1),
    (5, 6, 192, 2),
    (3, 6, 320, 1),
)

_unit = partial(conv_unit, activation=nn.SiLU)


def block(
    channels: int, factor: int, width: int, size: int, stride: int, drop_path: float
) -> InvertedResidual:
    """One block; it squeezes to a quarter of the channels that come in."""
    expanded = make_divisible(channels * factor)
    squeeze = squeeze_excitation(expanded, max(1, channels // 4), activation=nn.SiLU)
    drop = nn.StochasticDepth(drop_path, "row")
    return InvertedResidual(channels, expanded, width, size, stride, _unit, squeeze, drop)


class EfficientNet(nn.Sequential):
    """EfficientNet.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width_mult: factor of all channels,
    which are made multiples of 8. dropout: before the scores. drop_path: block l of L, counted from
    0, is left out in training with probability drop_path · l / L (torchvision:
    stochastic_depth_prob). layers: blocks in each of the seven stages.
    Input (N, in_channels, H, W), 224×224 in the paper for B0. Output: scores (N, num_classes).
    State as torchvision's `efficientnet_b0`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        dropout: float = 0.2,
        drop_path: float = 0.2,
        layers: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1),
    ) -> None:
        if len(layers) != len(_STAGES) or min(layers) < 1:
            raise ValueError(f"layers are seven numbers, each at least 1, not {layers!r}")
        if not 0 <= drop_path <= 1:
            raise ValueError(f"drop_path is a probability, between 0 and 1, not {drop_path}")
        channels, number = make_divisible(32 * width_mult), 0
        features: list[nn.Module] = [_unit(in_channels, channels, stride=2)]
        for (size, factor, wanted, first_stride), count in zip(_STAGES, layers, strict=True):
            width = make_divisible(wanted * width_mult)
            row: list[nn.Module] = []
            for i in range(count):
                stride, drop = first_stride if i == 0 else 1, drop_path * number / sum(layers)
                row.append(block(channels, factor, width, size, stride, drop))
                channels, number = width, number + 1
            features.append(nn.Sequential(*row))
        features.append(_unit(channels, 4 * channels, 1))
        scores = FanOutLinear(4 * channels, num_classes)
        super().__init__(
            {
                "features": nn.Sequential(*features),
                "avgpool": nn.GlobalAvgPool(),
                "classifier": nn.Sequential(nn.Dropout(dropout), scores),
            }
        )


ENTRIES: tuple[Entry, ...] = (
    photo_entry(
        "efficientnet_b0",
        2019,
        "searched; depth, width and size grow together",
        EfficientNet,
        "Tan & Le 2019, ICML, arXiv:1905.11946",
        Published(6.7, "top-5, one crop", "Tan & Le 2019, table 2"),
        Preprocessing(256, interpolation="bicubic"),
    ),
)
