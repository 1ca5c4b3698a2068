"""Pre-activation ResNet, 2016: nothing but addition on the way from the first block to the last.

K. He, X. Zhang, S. Ren, J. Sun, "Identity mappings in deep residual networks".

New: batch norm and ReLU move in front of the convolutions. The sum of a block then goes to the next
block as it is, and so does the gradient on its way back; a network of 1001 layers trains. Where the
shape changes, both ways start from the activated input. After the last block there is one more
batch norm and ReLU.

    ─┬─ bn, relu, 3×3 ─ bn, relu, 3×3 ── + ──        ─ bn, relu ─┬─ 3×3/2 ─ bn, relu, 3×3 ── + ──
     └───────────────────────────────────┘                       └─ 1×1/2 ────────────────────┘

For photographs the stages are those of resnet18 … resnet152: 11 687 720, 21 795 880, 25 549 352,
44 541 480 and 60 185 128 parameters, state as in timm's resnetv2_18 … resnetv2_152. For CIFAR: 110
layers of basic blocks (1 730 522 parameters) and 164 of bottlenecks (1 703 258). Published errors
on CIFAR-10: 6.37 % and 5.46 % (table 2); the networks before had 6.61 % and 5.93 %.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from shinso import nn
from shinso.graph import Tensor
from shinso.models.cifar_resnet import CifarResNet, cifar_entry
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.normal_start import Conv2d as ScoringConv2d
from shinso.models.residual import (
    Bottleneck,
    ResidualBlock,
    conv,
    head,
    out_channels,
    stages,
    widths,
    zero_padding,
)
from shinso.models.resnet import photo_entry


def bare_projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Where the shape changes, a 1×1 convolution: its input is normalized already."""
    if in_channels == out_channels and stride == 1:
        return None
    return nn.Sequential({"conv": conv(in_channels, out_channels, 1, stride)})


class PreActResidual(ResidualBlock):
    """y = shortcut + F(relu(norm1(x))): what pre-activation blocks share.

    The shortcut is x itself; where the shape changes, or where `shared` is set, it starts from the
    activated x.
    """

    shortcuts: ClassVar = {"projection": bare_projection, "identity": zero_padding}
    norm1: nn.BatchNorm2d
    shared: bool

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """The plain sum."""
        return residual + shortcut

    def forward(self, x: Any) -> Tensor:
        """Activate, then add F to the shortcut."""
        activated = self.relu(self.norm1(x))
        return self.join(self.shortcut(activated if self.shared else x), self.residual(activated))

    def complete(self, *args: Any, **ends: Any) -> None:
        """As `ResidualBlock.complete`."""
        super().complete(*args, **ends)
        self.shared = self.downsample is not None


class PreActBlock(PreActResidual):
    """Two 3×3 convolutions, each after its batch norm and ReLU.

    Arguments as for `residual.BasicBlock`, and dropout: probability between the convolutions.
    """

    def __init__(
        self, in_channels: int, width: int, stride: int = 1, dropout: float = 0.0, **ends: Any
    ) -> None:
        super().__init__()
        self.complete(in_channels, width, stride, **ends)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv(in_channels, width, 3, stride)
        self.norm2 = nn.BatchNorm2d(width)
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.conv2 = conv(width, width)

    def branch(self, x: Any) -> Tensor:
        """F of the activated input."""
        x = self.relu(self.norm2(self.conv1(x)))
        return self.conv2(x if self.dropout is None else self.dropout(x))


class PreActBottleneck(PreActResidual):
    """1×1, 3×3, 1×1 to four times as many channels, each after its batch norm and ReLU.

    Arguments as for `residual.Bottleneck`.
    """

    expansion = 4

    def __init__(
        self, in_channels: int, width: int, stride: int = 1, groups: int = 1, **ends: Any
    ) -> None:
        super().__init__()
        out = width * self.expansion
        self.complete(in_channels, out, stride, **ends)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv(in_channels, width, 1)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3, stride, groups)
        self.norm3 = nn.BatchNorm2d(width)
        self.conv3 = conv(width, out, 1)

    def branch(self, x: Any) -> Tensor:
        """F of the activated input."""
        x = self.conv1(x)
        x = self.conv2(self.relu(self.norm2(x)))
        return self.conv3(self.relu(self.norm3(x)))


BLOCKS: dict[str, Callable[..., PreActResidual]] = {
    "basic": PreActBlock,
    "bottleneck": PreActBottleneck,
}


def _block(block: str | Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(block, str) and block not in BLOCKS:
        raise ValueError(f'block is "basic" or "bottleneck", not {block!r}')
    return BLOCKS[block] if isinstance(block, str) else block


class PreActResNet(nn.Sequential):
    """A pre-activation residual network for photographs.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. block: "basic" or "bottleneck".
    layers: blocks in each stage. width: of the first stage, doubled in each further one.
    drop_path: probability of leaving out the last block in training; the others' grow linearly
    towards it.
    Input (N, in_channels, H, W), H and W at least 32, 224 in the paper. Output: scores
    (N, num_classes). State as timm's `resnetv2_50` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        block: str = "bottleneck",
        layers: tuple[int, ...] = (3, 4, 6, 3),
        width: int = 64,
        drop_path: float = 0.0,
        **options: Any,
    ) -> None:
        made = stages(_block(block), widths(width, layers), width, drop_path=drop_path, **options)
        channels = out_channels(made)
        # timm's last layer is a 1×1 convolution on the 1×1 image that the mean leaves.
        parts = {
            "pool": nn.GlobalAvgPool(keepdims=True),
            "fc": ScoringConv2d(channels, num_classes, 1),
            "flatten": nn.Flatten(),
        }
        super().__init__(
            {
                "stem": nn.Sequential(
                    {"conv": conv(in_channels, width, 7, 2), "pool": nn.MaxPool2d(3, 2, 1)}
                ),
                "stages": nn.Sequential(*(nn.Sequential({"blocks": s}) for s in made.values())),
                "norm": nn.BatchNorm2d(channels),
                "relu": nn.ReLU(),
                "head": nn.Sequential(parts),
            }
        )


class CifarPreActResNet(nn.Sequential):
    """A pre-activation residual network for small images, wide ones included.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. block: "basic" or "bottleneck".
    layers: blocks in each stage. width: of the first stage, doubled in each further one. stem:
    channels of the first convolution, `width` if not given. drop_path: as in `PreActResNet`.
    options: of the blocks, such as dropout and shortcut.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        block: str = "basic",
        layers: tuple[int, ...] = (18, 18, 18),
        width: int = 16,
        stem: int | None = None,
        drop_path: float = 0.0,
        **options: Any,
    ) -> None:
        stem = width if stem is None else stem
        made = stages(_block(block), widths(width, layers), stem, drop_path=drop_path, **options)
        channels = out_channels(made)
        super().__init__(
            {
                "conv1": conv(in_channels, stem),
                **made,
                "norm": nn.BatchNorm2d(channels),
                "relu": nn.ReLU(),
                **head(channels, num_classes),
            }
        )
        # The first block has nothing but a convolution before it, so both of its ways start
        # from activated values (the paper's appendix).
        first: Any = made["layer1"][0]
        first.shared = True


_PAPER = "He et al. 2016, ECCV, arXiv:1603.05027"
_HALF = (0.5, 0.5, 0.5)
# What timm's weights expect, where there are some: a crop of 0.9 or 0.95 of the shorter side.
_RESIZED = {18: 248, 34: 248, 50: 235, 101: 235, 152: 256}


def _entry(
    depth: int,
    block: str,
    layers: tuple[int, ...],
    idea: str,
    published: Published | None = None,
) -> Entry:
    return photo_entry(
        f"preact_resnet{depth}",
        2016,
        idea,
        partial(PreActResNet, block=block, layers=layers),
        _PAPER,
        published,
        preprocessing=Preprocessing(_RESIZED[depth], 224, _HALF, _HALF, "bicubic"),
        aliases=(f"resnetv2_{depth}",),
    )


ENTRIES = (
    _entry(18, "basic", (2, 2, 2, 2), "batch norm and ReLU before the convolutions"),
    _entry(34, "basic", (3, 4, 6, 3), "the same, deeper"),
    _entry(50, "bottleneck", (3, 4, 6, 3), "the same with bottlenecks"),
    _entry(101, "bottleneck", (3, 4, 23, 3), "the same, deeper"),
    _entry(
        152,
        "bottleneck",
        (3, 8, 36, 3),
        "the same, deeper",
        Published(5.5, "top-5, one crop of 320×320", "He et al. 2016, arXiv:1603.05027, table 5"),
    ),
    cifar_entry(
        "cifar_resnet164",
        2016,
        "its counterpart without: cifar_resnet of bottlenecks",
        partial(CifarResNet, layers=(18, 18, 18), block=Bottleneck, shortcut="projection"),
        _PAPER,
        5.93,
        "He et al. 2016, arXiv:1603.05027, table 2",
    ),
    cifar_entry(
        "cifar_preact_resnet110",
        2016,
        "pre-activation for small images",
        partial(CifarPreActResNet, block="basic", layers=(18, 18, 18)),
        _PAPER,
        6.37,
        "He et al. 2016, arXiv:1603.05027, table 2",
    ),
    cifar_entry(
        "cifar_preact_resnet164",
        2016,
        "the same with bottlenecks",
        partial(CifarPreActResNet, block="bottleneck", layers=(18, 18, 18)),
        _PAPER,
        5.46,
        "He et al. 2016, arXiv:1603.05027, table 2",
    ),
)
