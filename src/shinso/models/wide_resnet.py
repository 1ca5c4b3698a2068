"""Wide ResNet, 2016: fewer layers with more channels do as well as a thousand thin ones.

S. Zagoruyko, N. Komodakis, "Wide residual networks".

New: k times as many channels in every block instead of more blocks. 16 layers four times as wide
come near 1001 thin ones, and large convolutions use the machine better than many small ones in a
row. Dropout between the two convolutions of a block helps.

    32×32×3 ─ conv 3×3, 16 ─ n blocks, 16k ─ 16×16: n blocks, 32k ─ 8×8: n blocks, 64k
            ─ bn, relu, mean ─ classes                 n = (depth - 4) / 6, pre-activation blocks

For photographs the bottlenecks' 3×3 convolutions of resnet50 and resnet101 are twice as wide, the
rest stays. Parameters with 10 classes: 2 748 890 (16-4), 36 479 194 (28-10), 8 949 210 (40-4);
with 1000 classes: 68 883 240 and 126 886 696. Published errors on CIFAR-10: 5.02, 4.00 and 4.53 %;
with dropout 28-10 has 3.89 %.
"""

from __future__ import annotations

from functools import partial

from shinso.models.cifar_resnet import cifar_entry
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.preact_resnet import CifarPreActResNet
from shinso.models.resnet import ResNet, photo_entry


class WideResNet(CifarPreActResNet):
    """A wide residual network for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. depth: 4 more than a multiple of
    6. widen_factor: how many times as wide as the thin network. dropout: probability between the
    two convolutions of every block; 0.3 in the paper, where it is used. drop_path: probability of
    leaving out the last block in training; the others' grow linearly towards it. width: of the
    thin network's first stage.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        depth: int = 28,
        widen_factor: int = 10,
        dropout: float = 0.0,
        drop_path: float = 0.0,
        width: int = 16,
    ) -> None:
        if depth < 10 or (depth - 4) % 6:
            raise ValueError(
                f"depth is 10, 16, 22, 28, …: 4 more than a multiple of 6, not {depth}"
            )
        super().__init__(
            num_classes,
            in_channels,
            layers=((depth - 4) // 6,) * 3,
            width=width * widen_factor,
            stem=width,
            drop_path=drop_path,
            dropout=dropout,
        )


_PAPER = "Zagoruyko & Komodakis 2016, arXiv:1605.07146"


def _entry(depth: int, k: int, idea: str, error: float) -> Entry:
    return cifar_entry(
        f"wrn_{depth}_{k}",
        2016,
        idea,
        partial(WideResNet, depth=depth, widen_factor=k),
        _PAPER,
        error,
        "Zagoruyko & Komodakis 2016, version 4, table 6",
    )


def _photo(depth: int, layers: tuple[int, ...], idea: str, published: Published) -> Entry:
    return photo_entry(
        f"wide_resnet{depth}_2",
        2016,
        idea,
        partial(ResNet, layers=layers, width_per_group=128),
        _PAPER,
        published,
        Preprocessing(232),
    )


ENTRIES = (
    _photo(
        50,
        (3, 4, 6, 3),
        "resnet50 with 3×3 convolutions twice as wide",
        Published(6.03, "top-5, one crop", "Zagoruyko & Komodakis 2016"),
    ),
    _photo(
        101,
        (3, 4, 23, 3),
        "resnet101 likewise",
        Published(5.716, "top-5, one crop", "torchvision, Wide_ResNet101_2_Weights.IMAGENET1K_V1"),
    ),
    _entry(16, 4, "wider instead of deeper", 5.02),
    _entry(40, 4, "the same, deeper", 4.53),
    _entry(28, 10, "the same, wider", 4.0),
)
