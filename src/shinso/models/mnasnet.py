"""MnasNet, 2018: a network found by a search that measured the time on a telephone.

M. Tan, B. Chen, R. Pang, V. Vasudevan, M. Sandler, A. Howard, Q. Le, "MnasNet: platform-aware
neural architecture search for mobile".

New: the search's reward is accuracy and the time measured on a real telephone. Each of seven parts
of the network may have blocks of its own; in MobileNetV2 all are alike. This is the form B1,
without squeeze and excitation.

    block(k, t, c):  ─┬─ 1×1, t·channels, relu ─ depthwise k×k, relu ─ 1×1, c ─ + ─
                      └─────────────────────────────────────────────────────────┘

    224×224×3 ─ conv 3×3/2, 32 ─ depthwise 3×3 ─ 1×1, 16 ─ 3 × block(3, 3, 24), /2
              ─ 3 × block(5, 3, 40), /2 ─ 3 × block(5, 6, 80), /2 ─ 2 × block(3, 6, 96)
              ─ 4 × block(5, 6, 192), /2 ─ block(3, 6, 320) ─ 1×1, 1280 ─ mean ─ dropout ─ classes

4 383 312 parameters and 314 million multiply-adds with 1000 classes (factor 1.0). Errors of
torchvision's weights: 26.54 % top-1 (1.0), 32.27, 28.82 and 23.49 % (0.5, 0.75, 1.3).
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
)
from shinso.models.resnet import photo_entry

# Of each stage: window, factor in between, channels, stride of the first block.
_STAGES = (
    (3, 3, 24, 2),
    (5, 3, 40, 2),
    (5, 6, 80, 2),
    (3, 6, 96, 1),
    (5, 6, 192, 2),
    (3, 6, 320, 1),
)

# The running statistics keep 0.9997 of the old ones, as in TensorFlow.
_unit = partial(conv_unit, activation=nn.ReLU, norm=partial(nn.BatchNorm2d, momentum=1 - 0.9997))


class Block(InvertedResidual):
    """An inverted residual under MnasNet's names."""

    branch = "layers"
    flat = slice(None)


class Classifier(FanOutLinear):
    """Scores; it starts uniform over ±√(3 / classes)."""

    scale = 3.0


class MNASNet(nn.Sequential):
    """MnasNet-B1.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width_mult: factor of all channels
    but the last 1280 (torchvision's alpha), which are made multiples of 8. dropout: before the
    scores. layers: blocks in each of the six stages.
    Input (N, in_channels, H, W), 224×224 in the paper. Output: scores (N, num_classes). State as
    torchvision's `mnasnet1_0` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        dropout: float = 0.2,
        layers: tuple[int, ...] = (3, 3, 3, 2, 4, 1),
    ) -> None:
        if len(layers) != len(_STAGES) or min(layers) < 1:
            raise ValueError(f"layers are six numbers, each at least 1, not {layers!r}")
        stem, channels = make_divisible(32 * width_mult), make_divisible(16 * width_mult)
        made: list[nn.Module] = [
            *_unit(in_channels, stem, stride=2),
            *_unit(stem, stem, groups=stem),
            *_unit(stem, channels, 1, activation=None),
        ]
        for (size, factor, wanted, first_stride), count in zip(_STAGES, layers, strict=True):
            width = make_divisible(wanted * width_mult)
            row: list[nn.Module] = []
            for i in range(count):
                stride = first_stride if i == 0 else 1
                row.append(Block(channels, channels * factor, width, size, stride, _unit))
                channels = width
            made.append(nn.Sequential(*row))
        super().__init__(
            {
                "layers": nn.Sequential(*made, *_unit(channels, 1280, 1)),
                "avgpool": nn.GlobalAvgPool(),
                "classifier": nn.Sequential(nn.Dropout(dropout), Classifier(1280, num_classes)),
            }
        )


def _entry(factor: str, idea: str, error: float, resize: int) -> Entry:
    weights = f"MNASNet{factor.replace('.', '_')}_Weights.IMAGENET1K_V1"
    return photo_entry(
        f"mnasnet{factor.replace('.', '_')}",
        2018,
        idea,
        partial(MNASNet, width_mult=float(factor)),
        "Tan et al. 2019, CVPR, arXiv:1807.11626",
        Published(error, "top-1, one crop", f"torchvision, {weights}"),
        Preprocessing(resize),
    )


ENTRIES: tuple[Entry, ...] = (
    _entry("0.5", "mnasnet1_0 with half the channels", 32.266, 256),
    _entry("0.75", "with three quarters of them", 28.82, 232),
    _entry("1.0", "searched: accuracy and measured time", 26.544, 256),
    _entry("1.3", "with more of them", 23.494, 232),
)
