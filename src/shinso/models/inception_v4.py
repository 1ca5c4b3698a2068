"""Inception v4, 2016: the inception network made regular, and deeper.

C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, "Inception-v4, Inception-ResNet and the impact of
residual connections on learning".

New: freed of the need to fit several machines, every grid size has its one module, repeated; the
stem, too, has branches. 75 convolutions deep without a shortcut.

    299×299×3 ─ stem ─ 35×35×384 ─ A ×4 ─ reduction ─ 17×17×1024 ─ B ×7 ─ reduction
                    ─ 8×8×1536 ─ C ×3 ─ mean ─ dropout ─ classes

    A  1×1 │ 1×1, 3×3 │ 1×1, 3×3, 3×3 │ mean 3×3, 1×1
    B  1×1 │ 1×1, 1×7, 7×1 │ 1×1, 7×1, 1×7, 7×1, 1×7 │ mean 3×3, 1×1
    C  1×1 │ 1×1, (1×3 and 3×1) │ 1×1, 3×1, 1×3, (1×3 and 3×1) │ mean 3×3, 1×1

42 679 816 parameters with 1000 classes. Published: 5.0 % top-5 error, one network, one crop
(table 2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inception_parts import Branches, ConvUnit, Stack, row
from shinso.models.sizes import check_least

Width = Callable[[int], int]
_FLAT, _TALL = (1, 7), (7, 1)
SMALLEST = 75


def averaged(channels: int, out: int) -> nn.Sequential:
    """The mean of each 3×3 window, not counting what lies beyond the edge, and a 1×1 convolution.

    channels, out: of input and output.
    """
    mean = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Sequential(mean, ConvUnit(channels, out, 1))


def stem_pooled(channels: int, width: Width, out: int, pool_first: bool) -> Branches:
    """A pooling beside a convolution with step 2, to `out` channels."""
    pool: dict[str, Any] = {"maxpool": nn.MaxPool2d(3, stride=2)}
    conv: dict[str, Any] = {"conv": ConvUnit(channels, width(out), 3, 2)}
    return Branches(channels, pool, conv) if pool_first else Branches(channels, conv, pool)


def stem_branched(channels: int, width: Width) -> Branches:
    """The stem's second branching."""
    c64, c96 = width(64), width(96)
    last = (c96, 3, 1, 0)
    return Branches(
        channels,
        {"branch0": row(channels, (c64, 1), last)},
        {"branch1": row(channels, (c64, 1), (c64, _FLAT), (c64, _TALL), last)},
    )


def block_a(channels: int, width: Width) -> Branches:
    """Module A, for 35×35 grids."""
    c64, c96 = width(64), width(96)
    return Branches(
        channels,
        {"branch0": ConvUnit(channels, c96, 1)},
        {"branch1": row(channels, (c64, 1), (c96, 3))},
        {"branch2": row(channels, (c64, 1), (c96, 3), (c96, 3))},
        {"branch3": averaged(channels, c96)},
    )


def reduction_a(
    channels: int,
    width: Width,
    first: int = 192,
    second: int = 224,
    third: int = 256,
    beside: int = 384,
) -> Branches:
    """Halve a 35×35 grid; channels of the three convolutions in a row and of the one beside them.

    Table 1 calls them k, l, m and n.
    """
    first, second, third, beside = map(width, (first, second, third, beside))
    return Branches(
        channels,
        {"branch0": ConvUnit(channels, beside, 3, 2)},
        {"branch1": row(channels, (first, 1), (second, 3), (third, 3, 2))},
        {"branch2": nn.MaxPool2d(3, stride=2)},
    )


def block_b(channels: int, width: Width) -> Branches:
    """Module B, for 17×17 grids."""
    a, b, c = width(192), width(224), width(256)
    return Branches(
        channels,
        {"branch0": ConvUnit(channels, width(384), 1)},
        {"branch1": row(channels, (a, 1), (b, _FLAT), (c, _TALL))},
        {"branch2": row(channels, (a, 1), (a, _TALL), (b, _FLAT), (b, _TALL), (c, _FLAT))},
        {"branch3": averaged(channels, width(128))},
    )


def reduction_b(channels: int, width: Width) -> Branches:
    """Halve a 17×17 grid."""
    a, b, c = width(192), width(256), width(320)
    return Branches(
        channels,
        {"branch0": row(channels, (a, 1), (a, 3, 2))},
        {"branch1": row(channels, (b, 1), (b, _FLAT), (c, _TALL), (c, 3, 2))},
        {"branch2": nn.MaxPool2d(3, stride=2)},
    )


def block_c(channels: int, width: Width) -> Branches:
    """Module C, for 8×8 grids: branches that fork at their end."""
    out, a, b, c = width(256), width(384), width(448), width(512)
    flat, tall = (1, 3), (3, 1)
    return Branches(
        channels,
        {"branch0": ConvUnit(channels, out, 1)},
        {
            "branch1_0": ConvUnit(channels, a, 1),
            "fork": [
                {"branch1_1a": ConvUnit(a, out, flat)},
                {"branch1_1b": ConvUnit(a, out, tall)},
            ],
        },
        {
            "branch2_0": ConvUnit(channels, a, 1),
            "branch2_1": ConvUnit(a, b, tall),
            "branch2_2": ConvUnit(b, c, flat),
            "fork": [
                {"branch2_3a": ConvUnit(c, out, flat)},
                {"branch2_3b": ConvUnit(c, out, tall)},
            ],
        },
        {"branch3": averaged(channels, out)},
    )


class InceptionV4(nn.Module):
    """Inception v4.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: how many modules of each
    kind. dropout: probability before the scores (the paper: 0.2). width_mult: factor of all
    channels.
    Input (N, in_channels, H, W), H and W at least 75, 299 in the paper. Output: scores
    (N, num_classes). State as timm's `inception_v4`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        layers: tuple[int, int, int] = (4, 7, 3),
        dropout: float = 0.0,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        stack = Stack(in_channels, width_mult)
        stack.unit("0", 32, 3, 2)
        stack.unit("1", 32, 3, 1, 0)
        stack.unit("2", 64, 3)
        blocks: list[tuple[Any, ...]] = [(stem_pooled, 96, True), (stem_branched,)]
        blocks += [(stem_pooled, 192, False), *[(block_a,)] * layers[0], (reduction_a,)]
        blocks += [*[(block_b,)] * layers[1], (reduction_b,), *[(block_c,)] * layers[2]]
        for i, (block, *arguments) in enumerate(blocks, 3):
            stack.block(str(i), block, *arguments)
        self.features = nn.Sequential(stack.layers)
        self.global_pool = nn.GlobalAvgPool()
        self.head_drop = nn.Dropout(dropout)
        self.last_linear = nn.Linear(stack.channels, num_classes)

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_least(x, SMALLEST, "Inception v4")
        return self.last_linear(self.head_drop(self.global_pool(self.features(x))))


ENTRIES = (
    Entry(
        "inception_v4",
        2016,
        "one repeated module for each grid size",
        InceptionV4,
        image_size=299,
        smallest=SMALLEST,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Szegedy et al. 2016, arXiv:1602.07261",
        published=Published(
            5.0, "top-5, ILSVRC-2012 validation, one crop", "Szegedy et al. 2016, table 2"
        ),
        preprocessing=Preprocessing(
            resize=341,
            crop=299,
            mean=(0.5, 0.5, 0.5),
            std=(0.5, 0.5, 0.5),
            interpolation="bicubic",
        ),
    ),
)
