"""DenseNet, 2016: every layer sees what all layers before it in its block have found.

G. Huang, Z. Liu, L. van der Maaten, K. Weinberger, "Densely connected convolutional networks".

New: nothing is added up as in a ResNet. A layer's few new channels (the growth rate k) are put
beside those that are there, so features are kept and used again, gradients reach every layer
directly, and each layer can be narrow. B: a 1×1 convolution to 4k channels goes before each 3×3.
C: between blocks a 1×1 convolution halves the channels.

    dense layer:  ─┬─ bn, relu, 1×1, 4k ─ bn, relu, 3×3, k ─┬─ c + k channels
                   └────────────────────────────────────────┘
    transition:   ─ bn, relu, 1×1, c/2 ─ mean of 2×2 ─

    224×224×3 ─ conv 7×7/2, 64 ─ max pool 3×3/2 ─ 56×56 block ─ transition ─ 28×28 block
              ─ transition ─ 14×14 block ─ transition ─ 7×7 block ─ bn, relu ─ mean ─ classes

    121: 6 12 24 16    169: 6 12 32 32    201: 6 12 48 32 layers, k = 32
    161: 6 12 36 24 layers, k = 48, 96 channels first

    32×32×3 ─ conv 3×3, 2k ─ block ─ transition ─ 16×16 block ─ transition ─ 8×8 block
            ─ bn, relu ─ mean ─ classes

    40 layers, k = 12: 12 in each block, without B and C    BC-100, k = 12: 16    BC-190, k = 40: 31

Parameters with 1000 classes: 7 978 856 (121), 14 149 480 (169), 20 013 928 (201) and 28 681 000
(161); with 10: 1 059 298, 769 162 and 25 624 430. Published: 7.71 % (121), 6.85 % (169) and 6.34 %
(201) top-5 error, one crop (table 3); on CIFAR-10, moved and mirrored images, 5.24, 4.51 and 3.46 %
(table 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.entry import Entry, Published
from shinso.models.resnet import photo_entry
from shinso.models.sizes import check_least
from shinso.nn import init


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` without bias whose weights start from N(0, 2 / fan_in)."""

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1) -> None:
        super().__init__(inputs, outputs, size, stride, size // 2, bias=False)

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        init.kaiming_normal_(self.weight)


class DenseLayer(nn.Sequential):
    """What is there, and beside it `growth_rate` new channels.

    channels: of the input. bn_size: the 1×1 convolution makes bn_size · growth_rate channels; 0 for
    none (the form without B). drop_rate: probability of dropping, of the new channels.
    Input (N, channels, H, W); output (N, channels + growth_rate, H, W).
    """

    def __init__(
        self, channels: int, growth_rate: int, bn_size: int = 4, drop_rate: float = 0.0
    ) -> None:
        layers: dict[str, nn.Module] = {"norm1": nn.BatchNorm2d(channels), "relu1": nn.ReLU()}
        if bn_size:
            inner = bn_size * growth_rate
            layers["conv1"] = Conv2d(channels, inner, 1)
            layers |= {"norm2": nn.BatchNorm2d(inner), "relu2": nn.ReLU()}
            layers["conv2"] = Conv2d(inner, growth_rate, 3)
        else:
            layers["conv1"] = Conv2d(channels, growth_rate, 3)
        if drop_rate:
            layers["dropout"] = nn.Dropout(drop_rate)
        super().__init__(layers)

    def forward(self, x: Any) -> Tensor:
        """Put the new channels beside the old ones."""
        return ops.cat([x, super().forward(x)], 1)


def transition(channels: int, out_channels: int) -> nn.Sequential:
    """Half the height and width, and fewer channels."""
    return nn.Sequential(
        {
            "norm": nn.BatchNorm2d(channels),
            "relu": nn.ReLU(),
            "conv": Conv2d(channels, out_channels, 1),
            "pool": nn.AvgPool2d(2),
        }
    )


def blocks(
    channels: int,
    block_config: Sequence[int],
    growth_rate: int,
    bn_size: int,
    drop_rate: float,
    compression: float = 0.5,
) -> tuple[dict[str, nn.Module], int]:
    """The dense blocks "denseblock1", … with transitions between them and a batch norm at the end.

    channels: of the first block's input. block_config: layers in each block. compression: the share
    of its channels that a transition keeps. Returns the layers and how many channels come out.
    Raises ValueError if a number is too small.
    """
    if growth_rate < 1 or not block_config or min(block_config) < 1:
        raise ValueError(
            f"got growth_rate={growth_rate} and block_config={tuple(block_config)}: the growth "
            "rate and the number of layers in each block are at least 1"
        )
    if bn_size < 0 or not 0 < compression <= 1:
        raise ValueError(
            f"got bn_size={bn_size} and compression={compression}: the first is at least 0, the "
            "second over 0 and at most 1"
        )
    made: dict[str, nn.Module] = {}
    for i, layers in enumerate(block_config, 1):
        if i > 1:
            kept = int(channels * compression)
            made[f"transition{i - 1}"] = transition(channels, kept)
            channels = kept
        row: dict[str, nn.Module] = {}
        for j in range(1, layers + 1):
            row[f"denselayer{j}"] = DenseLayer(channels, growth_rate, bn_size, drop_rate)
            channels += growth_rate
        made[f"denseblock{i}"] = nn.Sequential(row)
    made["norm5"] = nn.BatchNorm2d(channels)
    return made, channels


def head(channels: int, num_classes: int) -> dict[str, nn.Module]:
    """ReLU, the mean of every channel, one score per class; biases start from 0."""
    classifier = nn.Linear(channels, num_classes)
    if classifier.bias is not None:
        init.zeros_(classifier.bias)
    return {"relu": nn.ReLU(), "avgpool": nn.GlobalAvgPool(), "classifier": classifier}


class DenseNet(nn.Sequential):
    """A densely connected network for photographs, with bottlenecks and compression (BC).

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. growth_rate: new channels of every
    layer. block_config: layers in each block. num_init_features: channels after the first
    convolution. bn_size: a layer's 1×1 convolution makes bn_size · growth_rate channels; 0 leaves
    it out. drop_rate: probability of dropping after every layer.
    Input (N, in_channels, H, W), 224×224 in the paper, at least 29×29 with four blocks. Output:
    scores (N, num_classes). State as torchvision's `densenet121` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0.0,
    ) -> None:
        stem = {
            "conv0": Conv2d(in_channels, num_init_features, 7, 2),
            "norm0": nn.BatchNorm2d(num_init_features),
            "relu0": nn.ReLU(),
            "pool0": nn.MaxPool2d(3, 2, 1),
        }
        made, channels = blocks(num_init_features, block_config, growth_rate, bn_size, drop_rate)
        super().__init__(
            {"features": nn.Sequential({**stem, **made}), **head(channels, num_classes)}
        )
        # A quarter after the stem, at least one pixel after the last transition.
        self.smallest = 4 * 2 ** (len(block_config) - 1) - 3

    def forward(self, x: Any) -> Any:
        """Scores of a batch of images."""
        check_least(x, self.smallest, "this DenseNet")
        return super().forward(x)


class CifarDenseNet(nn.Sequential):
    """A densely connected network for small images.

    num_classes, in_channels, growth_rate, block_config, bn_size, drop_rate as for `DenseNet`;
    bn_size=0 and compression=1 make the form without bottlenecks and compression. compression: the
    share of the channels that a transition keeps. num_init_features: channels after the first
    convolution; by default 2 · growth_rate.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        growth_rate: int = 12,
        block_config: Sequence[int] = (16, 16, 16),
        bn_size: int = 4,
        drop_rate: float = 0.0,
        compression: float = 0.5,
        num_init_features: int | None = None,
    ) -> None:
        first = 2 * growth_rate if num_init_features is None else num_init_features
        made, channels = blocks(first, block_config, growth_rate, bn_size, drop_rate, compression)
        features = nn.Sequential({"conv0": Conv2d(in_channels, first, 3), **made})
        super().__init__({"features": features, **head(channels, num_classes)})
        self.smallest = 2 ** (len(block_config) - 1)

    def forward(self, x: Any) -> Any:
        """Scores of a batch of images."""
        check_least(x, self.smallest, "this DenseNet")
        return super().forward(x)


_PAPER = "Huang et al. 2017, CVPR, arXiv:1608.06993"


def _photo(
    depth: int, block_config: tuple[int, ...], idea: str, published: Published, **options: int
) -> Entry:
    return photo_entry(
        f"densenet{depth}",
        2016,
        idea,
        partial(DenseNet, block_config=block_config, **options),
        _PAPER,
        published,
    )


def _cifar(name: str, idea: str, error: float, **options: Any) -> Entry:
    return cifar_entry(
        name,
        2016,
        idea,
        partial(CifarDenseNet, **options),
        _PAPER,
        error,
        "Huang et al. 2017, table 2",
    )


def _error(value: float) -> Published:
    return Published(value, "top-5, one crop", "Huang et al. 2017, table 3")


ENTRIES = (
    _photo(121, (6, 12, 24, 16), "layers see all layers before them", _error(7.71)),
    _photo(
        161,
        (6, 12, 36, 24),
        "the same, wider",
        Published(6.44, "top-5, one crop", "torchvision, DenseNet161_Weights.IMAGENET1K_V1"),
        growth_rate=48,
        num_init_features=96,
    ),
    _photo(169, (6, 12, 32, 32), "the same, deeper", _error(6.85)),
    _photo(201, (6, 12, 48, 32), "the same, deeper", _error(6.34)),
    _cifar(
        "densenet40_12",
        "DenseNet for small images",
        5.24,
        block_config=(12, 12, 12),
        bn_size=0,
        compression=1.0,
    ),
    _cifar("densenet_bc100_12", "bottlenecks and compression", 4.51),
    _cifar("densenet_bc190_40", "wider", 3.46, growth_rate=40, block_config=(31, 31, 31)),
)
