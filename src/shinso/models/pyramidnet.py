"""PyramidNet, 2016: a little wider with every block.

D. Han, J. Kim, J. Kim, "Deep pyramidal residual networks".

New: the channels do not double at three places but grow by the same number with every block, so no
block is harder than the others. Zeros are the shortcut's new channels everywhere. A block has one
ReLU less and one batch norm more than a pre-activation block: at its end.

    ─┬─ bn, 3×3 ─ bn, relu, 3×3 ─ bn ── + ──
     └─ zeros as new channels ──────────┘

    32×32×3 ─ conv 3×3, 16 ─ bn ─ n blocks ─ 16×16: n blocks ─ 8×8: n blocks
            ─ bn, relu, mean ─ classes

Block k of N has 16 + a·k / N channels, rounded; a bottleneck (bn, 1×1 ─ bn, relu, 3×3 ─
bn, relu, 1×1 ─ bn) puts out four times as many. Where the
sides halve, the shortcut takes means of 2×2 pixels. 110 layers, n = 18: 1 772 706 (a = 48),
3 904 446 (a = 84), 28 485 477 (a = 270) parameters with 10 classes; 272 layers of bottlenecks,
n = 30, a = 200: 26 210 842. Published errors on CIFAR-10: 4.62, 4.27, 3.73 and 3.31 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from shinso import nn
from shinso.graph import Tensor
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.entry import Entry
from shinso.models.residual import (
    ResidualBlock,
    ZeroChannels,
    conv,
    head,
    out_channels,
    projection,
    stages,
)


def zero_shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Means over stride × stride pixels, and zeros as new channels."""
    if in_channels == out_channels and stride == 1:
        return None
    return ZeroChannels(out_channels, stride, pool=True)


class _Pyramidal(ResidualBlock):
    """y = shortcut + F(x), where F begins and ends with a batch norm."""

    shortcuts: ClassVar = {"identity": zero_shortcut, "projection": projection}

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """The plain sum."""
        return residual + shortcut


class PyramidBlock(_Pyramidal):
    """bn, 3×3, bn, relu, 3×3, bn. Arguments as for `residual.BasicBlock`."""

    def __init__(self, in_channels: int, width: int, stride: int = 1, **ends: Any) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv(in_channels, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width)
        self.bn3 = nn.BatchNorm2d(width)
        self.complete(in_channels, width, stride, **ends)

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        x = self.conv1(self.bn1(x))
        x = self.conv2(self.relu(self.bn2(x)))
        return self.bn3(x)


class PyramidBottleneck(_Pyramidal):
    """bn, 1×1, bn, relu, 3×3, bn, relu, 1×1 to four times as many channels, bn.

    Arguments as for `residual.Bottleneck`.
    """

    expansion = 4

    def __init__(self, in_channels: int, width: int, stride: int = 1, **ends: Any) -> None:
        super().__init__()
        out = width * self.expansion
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv(in_channels, width, 1)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3, stride)
        self.bn3 = nn.BatchNorm2d(width)
        self.conv3 = conv(width, out, 1)
        self.bn4 = nn.BatchNorm2d(out)
        self.complete(in_channels, out, stride, **ends)

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        x = self.conv1(self.bn1(x))
        x = self.conv2(self.relu(self.bn2(x)))
        x = self.conv3(self.relu(self.bn3(x)))
        return self.bn4(x)


def pyramid_widths(width: int, alpha: float, layers: Sequence[int]) -> list[list[int]]:
    """The width of every block: alpha more at the last one than before the first.

    pyramid_widths(16, 12, (2, 2, 2)) is [[18, 20], [22, 24], [26, 28]].
    """
    if alpha < 0 or width < 1 or not layers or min(layers) < 1:
        raise ValueError(
            f"got width={width}, alpha={alpha} and layers={tuple(layers)}: width and the number "
            "of blocks in each stage are at least 1, alpha is not negative"
        )
    total = sum(layers)
    row = [round(width + alpha * k / total) for k in range(1, total + 1)]
    return [[row.pop(0) for _ in range(n)] for n in layers]


class PyramidNet(nn.Sequential):
    """A pyramidal residual network for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. alpha: by how many channels the
    last block is wider than the first convolution. layers: blocks in each stage. bottleneck: blocks
    of three convolutions instead of two. width: channels of the first convolution. drop_path:
    probability of leaving out the last block in training; the others' grow linearly towards it.
    options: of the stages and blocks, such as drop; see `residual.stages`.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        alpha: float = 48,
        layers: tuple[int, ...] = (18, 18, 18),
        bottleneck: bool = False,
        width: int = 16,
        drop_path: float = 0.0,
        **options: Any,
    ) -> None:
        made = stages(
            PyramidBottleneck if bottleneck else PyramidBlock,
            pyramid_widths(width, alpha, layers),
            width,
            drop_path=drop_path,
            **options,
        )
        channels = out_channels(made)
        super().__init__(
            {
                "conv1": conv(in_channels, width),
                "bn1": nn.BatchNorm2d(width),
                **made,
                "bn_final": nn.BatchNorm2d(channels),
                "relu": nn.ReLU(),
                **head(channels, num_classes),
            }
        )


def _entry(depth: int, alpha: int, idea: str, error: float) -> Entry:
    bottleneck = depth == 272
    blocks = (depth - 2) // (9 if bottleneck else 6)
    return cifar_entry(
        f"pyramidnet{depth}_a{alpha}",
        2016,
        idea,
        partial(PyramidNet, alpha=alpha, layers=(blocks,) * 3, bottleneck=bottleneck),
        "Han et al. 2017, CVPR, arXiv:1610.02915",
        error,
        "the authors' page, github.com/dyhan0920/PyramidNet-PyTorch",
    )


ENTRIES = (
    _entry(110, 48, "a little wider with every block", 4.62),
    _entry(110, 84, "the same, wider", 4.27),
    _entry(110, 270, "the same, wider still", 3.73),
    _entry(272, 200, "the same with bottlenecks", 3.31),
)
