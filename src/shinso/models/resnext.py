"""ResNeXt, 2016: many narrow paths side by side in every block.

S. Xie, R. Girshick, P. Dollár, Z. Tu, K. He, "Aggregated residual transformations for deep neural
networks".

New: cardinality. The bottleneck's 3×3 convolution works in 32 or more groups of few channels that
do not see each other: as much work as before, a lower error. More groups help more than more layers
or more channels.

    256 ─┬─ 1×1, 128 ─ 3×3, 128 in 32 groups of 4 ─ 1×1, 256 ── + ── relu
         └──────────────────────────────────────────────────────┘

A network GxWd has G groups of W channels in its first stage, twice as many in each further one. For
photographs its stages are those of resnet50 and resnet101; for CIFAR it has 29 layers, three stages
of three blocks. Parameters with 1000 classes: 25 028 904 (50, 32x4d), 88 791 336 (101, 32x8d),
83 455 272 (101, 64x4d); with 10 classes: 34 426 698 (29, 8x64d), 68 155 210 (29, 16x64d).
Published: 22.2 % top-1 error for 50, 32x4d and 20.4 % for 101, 64x4d (tables 3 and 4); on
CIFAR-10 3.65 % and 3.58 % (table 7).
"""

from __future__ import annotations

from functools import partial

from shinso.models.cifar_resnet import CifarResNet, cifar_entry
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.residual import Bottleneck
from shinso.models.resnet import ResNet, photo_entry


class CifarResNeXt(CifarResNet):
    """A ResNeXt for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. groups, width_per_group: groups of
    the 3×3 convolutions, and channels of each in the first stage. layers: blocks in each stage.
    width: 64 in the paper; each block puts out 4 times it, doubled in each further stage, and its
    groups' channels are width_per_group · width / 64. drop_path: probability of leaving out the
    last block in training; the others' grow linearly towards it.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        groups: int = 8,
        width_per_group: int = 64,
        layers: tuple[int, ...] = (3, 3, 3),
        width: int = 64,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            layers,
            width,
            "projection",
            drop_path,
            block=Bottleneck,
            groups=groups,
            width_per_group=width_per_group,
        )


_PAPER = "Xie et al. 2017, CVPR, arXiv:1611.05431"


def _photo(
    depth: int, groups: int, width: int, idea: str, error: float, measure: str, source: str
) -> Entry:
    layers = (3, 4, 23, 3) if depth == 101 else (3, 4, 6, 3)
    return photo_entry(
        f"resnext{depth}_{groups}x{width}d",
        2016,
        idea,
        partial(ResNet, layers=layers, groups=groups, width_per_group=width),
        _PAPER,
        Published(error, measure, source),
        Preprocessing(232),
    )


def _cifar(groups: int, idea: str, error: float) -> Entry:
    return cifar_entry(
        f"resnext29_{groups}x64d",
        2016,
        idea,
        partial(CifarResNeXt, groups=groups),
        _PAPER,
        error,
        "Xie et al. 2017, table 7",
    )


_TORCHVISION = "torchvision, ResNeXt101_32X8D_Weights.IMAGENET1K_V1"

ENTRIES = (
    _photo(50, 32, 4, "3×3 in 32 groups", 22.2, "top-1, one crop", "Xie et al. 2017, table 3"),
    _photo(101, 32, 8, "the same, deeper and wider", 5.474, "top-5, one crop", _TORCHVISION),
    _photo(101, 64, 4, "64 groups", 5.3, "top-5, one crop", "Xie et al. 2017, table 4"),
    _cifar(8, "8 groups, for small images", 3.65),
    _cifar(16, "16 groups", 3.58),
)
