"""MobileNetV3, 2019: found by a search, finished by hand.

A. Howard et al., "Searching for MobileNetV3".

New: MobileNetV2's blocks with a squeeze and excitation in some of them; widths chosen by a search
on a telephone; hard swish, x · relu6(x + 3) / 6, which has the shape of SiLU and costs next to
nothing, in the deeper half; a shorter beginning and end.

    block:  ─┬─ 1×1 ─ depthwise k×k ─ squeeze, excite (some) ─ 1×1 ─ + ─
             └───────────────────────────────────────────────────────┘

    large:  224×224×3 ─ conv 3×3/2, 16 ─ 16 ─ 2 of 24, /2 ─ 3 of 40, /2 ─ 4 of 80, /2 ─ 2 of 112
                      ─ 3 of 160, /2 ─ 1×1, 960 ─ mean ─ 1280 ─ dropout ─ classes
    small:  224×224×3 ─ conv 3×3/2, 16 ─ 16, /2 ─ 2 of 24, /2 ─ 3 of 40, /2 ─ 2 of 48 ─ 3 of 96, /2
                      ─ 1×1, 576 ─ mean ─ 1024 ─ dropout ─ classes

5 483 032 and 2 542 856 parameters, 217 and 57 million multiply-adds with 1000 classes. Published:
24.8 and 32.6 % top-1 error (table 3).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from shinso import nn
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inverted_residual import (
    InvertedResidual,
    conv_unit,
    make_divisible,
    squeeze_excitation,
)
from shinso.models.normal_start import Linear
from shinso.models.resnet import photo_entry


class Stage(NamedTuple):
    """Blocks of the same output.

    width: its channels. expanded: channels in between, one number for each block. size: window.
    stride: of the first block. squeeze: whether they squeeze and excite. activation: theirs.
    """

    width: int
    expanded: tuple[int, ...]
    size: int
    stride: int
    squeeze: bool
    activation: type[nn.Module]


_STAGES: dict[str, tuple[Stage, ...]] = {
    "large": (
        Stage(16, (16,), 3, 1, False, nn.ReLU),
        Stage(24, (64, 72), 3, 2, False, nn.ReLU),
        Stage(40, (72, 120, 120), 5, 2, True, nn.ReLU),
        Stage(80, (240, 200, 184, 184), 3, 2, False, nn.Hardswish),
        Stage(112, (480, 672), 3, 1, True, nn.Hardswish),
        Stage(160, (672, 960, 960), 5, 2, True, nn.Hardswish),
    ),
    "small": (
        Stage(16, (16,), 3, 2, True, nn.ReLU),
        Stage(24, (72, 88), 3, 2, False, nn.ReLU),
        Stage(40, (96, 240, 240), 5, 2, True, nn.Hardswish),
        Stage(48, (120, 144), 5, 1, True, nn.Hardswish),
        Stage(96, (288, 576, 576), 5, 2, True, nn.Hardswish),
    ),
}
_LAST = {"large": 1280, "small": 1024}

_norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


def blocks(stage: Stage, channels: int, width_mult: float, count: int) -> list[nn.Module]:
    """The first `count` blocks of a stage whose input has so many channels."""
    width = make_divisible(stage.width * width_mult)
    unit = partial(conv_unit, activation=stage.activation, norm=_norm)
    made: list[nn.Module] = []
    for i, wanted in enumerate(stage.expanded[:count]):
        expanded, squeeze = make_divisible(wanted * width_mult), None
        if stage.squeeze:
            squeezed = make_divisible(expanded // 4)
            squeeze = squeeze_excitation(expanded, squeezed, scale_activation=nn.Hardsigmoid)
        stride = stage.stride if i == 0 else 1
        made.append(InvertedResidual(channels, expanded, width, stage.size, stride, unit, squeeze))
        channels = width
    return made


class MobileNetV3(nn.Sequential):
    """MobileNetV3.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. size: "large" or "small".
    width_mult: factor of all channels, which are made multiples of 8. dropout: before the scores.
    layers: of each stage so many blocks, from its first; all by default.
    Input (N, in_channels, H, W), 224×224 in the paper. Output: scores (N, num_classes). State as
    torchvision's `mobilenet_v3_large` and `mobilenet_v3_small`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        size: str = "large",
        width_mult: float = 1.0,
        dropout: float = 0.2,
        layers: tuple[int, ...] | None = None,
    ) -> None:
        if size not in _STAGES:
            raise ValueError(f'size is "large" or "small", not {size!r}')
        most = all_layers(size)
        layers = most if layers is None else layers
        if len(layers) != len(most) or not all(
            1 <= n <= m for n, m in zip(layers, most, strict=True)
        ):
            raise ValueError(
                f"layers are {len(most)} numbers, from 1 to {most} each, not {layers!r}"
            )
        channels = make_divisible(16 * width_mult)
        unit = partial(conv_unit, activation=nn.Hardswish, norm=_norm)
        features: list[nn.Module] = [unit(in_channels, channels, stride=2)]
        for stage, count in zip(_STAGES[size], layers, strict=True):
            features += blocks(stage, channels, width_mult, count)
            channels = make_divisible(stage.width * width_mult)
        features.append(unit(channels, 6 * channels, 1))
        hidden = make_divisible(_LAST[size] * width_mult)
        super().__init__(
            {
                "features": nn.Sequential(*features),
                "avgpool": nn.GlobalAvgPool(),
                "classifier": nn.Sequential(
                    Linear(6 * channels, hidden),
                    nn.Hardswish(),
                    nn.Dropout(dropout),
                    Linear(hidden, num_classes),
                ),
            }
        )


def all_layers(size: str) -> tuple[int, ...]:
    """The number of blocks in each stage."""
    return tuple(len(stage.expanded) for stage in _STAGES[size])


def _entry(size: str, idea: str, error: float, resize: int) -> Entry:
    return photo_entry(
        f"mobilenet_v3_{size}",
        2019,
        idea,
        partial(MobileNetV3, size=size, layers=all_layers(size)),
        "Howard et al. 2019, ICCV, arXiv:1905.02244",
        Published(error, "top-1, one crop", "Howard et al. 2019, table 3"),
        Preprocessing(resize),
    )


ENTRIES: tuple[Entry, ...] = (
    _entry("large", "searched; hard swish, squeeze and excitation", 24.8, 232),
    _entry("small", "the same, smaller", 32.6, 256),
)
