"""Shake-shake, 2017: two branches mixed at random, and otherwise on the way back.

X. Gastaldi, "Shake-shake regularization".

New: the noise is not put on images or units but on whole branches. Forward the two are mixed with
random weights α and 1 - α; backward the gradient is shared out with other ones, β and 1 - β, so
that what a branch is corrected by is not what it did. A network of 2.9 million parameters then goes
on learning for 1800 epochs without knowing its training images by heart.

    ─┬─ relu, 3×3, bn ─ relu, 3×3, bn ─ · α ──────┬─ + ──
     ├─ relu, 3×3, bn ─ relu, 3×3, bn ─ · (1 - α) ┤          evaluation: α = ½
     └────────────────────────────────────────────┘

    32×32×3 ─ conv 3×3, 16 ─ bn ─ 4 blocks, w ─ 16×16: 4 blocks, 2w ─ 8×8: 4 blocks, 4w
            ─ relu, mean ─ classes

Where the sides halve, the shortcut takes every second pixel twice, from the image and from the one
moved by a pixel, brings each by a 1×1 convolution to half of the new channels, and ends in a batch
norm. 2 923 162 parameters with w = 32, 11 653 978 with 64, 26 192 922 with 96, 10 classes.
Published errors on CIFAR-10: 3.55, 2.98 and 2.86 %, α and β drawn for each image.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.entry import Entry
from shinso.models.residual import (
    ResidualBlock,
    conv,
    head,
    out_channels,
    small_stem,
    stages,
    widths,
)
from shinso.nn import init


class TwoFlows(nn.Module):
    """A shortcut to another shape: pixels 0, s, 2s … for the first half of the new channels,
    pixels -1, s - 1, 2s - 1 … (0 outside the image) for the second.

    Input (N, in_channels, H, W); output (N, out_channels, ⌈H / s⌉, ⌈W / s⌉), s = stride.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        half = out_channels // 2
        self.stride = stride
        self.relu = nn.ReLU()
        self.conv1 = conv(in_channels, half, 1)
        self.conv2 = conv(in_channels, out_channels - half, 1)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Any) -> Tensor:
        """Sample twice, convolve, put side by side."""
        x, s = self.relu(x), self.stride
        moved = ops.pad(x[:, :, :-1, :-1], (1, 0, 1, 0))
        flows = [self.conv1(x[:, :, ::s, ::s]), self.conv2(moved[:, :, ::s, ::s])]
        return self.bn(ops.concatenate(flows, axis=1))


def two_flows(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """`TwoFlows` where the shape changes."""
    if in_channels == out_channels and stride == 1:
        return None
    return TwoFlows(in_channels, out_channels, stride)


def _branch(in_channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        {
            "relu1": nn.ReLU(),
            "conv1": conv(in_channels, width, 3, stride),
            "bn1": nn.BatchNorm2d(width),
            "relu2": nn.ReLU(),
            "conv2": conv(width, width),
            "bn2": nn.BatchNorm2d(width),
        }
    )


class ShakeShakeBlock(ResidualBlock):
    """y = shortcut(x) + α F₁(x) + (1 - α) F₂(x).

    shake: forward, backward and level, as for `nn.ShakeShake`. Other arguments as for
    `residual.BasicBlock`.
    """

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        shake: tuple[str, str, str] = ("shake", "shake", "image"),
        **ends: Any,
    ) -> None:
        super().__init__()
        self.branch1 = _branch(in_channels, width, stride)
        self.branch2 = _branch(in_channels, width, stride)
        self.shake = nn.ShakeShake(*shake)
        self.complete(in_channels, width, stride, **{"shortcut": two_flows, **ends})

    def branch(self, x: Any) -> Tensor:
        """The two branches, mixed."""
        return self.shake(self.branch1(x), self.branch2(x))

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """The plain sum."""
        return shortcut + residual


class ShakeShakeNet(nn.Sequential):
    """A shake-shake network for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width: of the first stage, doubled
    in each further one. layers: blocks in each stage. forward, backward: how the branches are
    mixed, "shake", "even" or (backward) "keep"; level: for each "image", "channel" or number
    ("pixel"), or the whole "batch"; see `nn.ShakeShake`. stem: channels of the first convolution.
    dropout: before the scores. options: of the blocks, such as attention, and drop_path.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        width: int = 32,
        layers: tuple[int, ...] = (4, 4, 4),
        forward: str = "shake",
        backward: str = "shake",
        level: str = "image",
        stem: int = 16,
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        made = stages(
            ShakeShakeBlock,
            widths(width, layers),
            stem,
            shake=(forward, backward, level),
            **options,
        )
        ends = head(out_channels(made), num_classes, dropout)
        super().__init__({**small_stem(in_channels, stem), **made, "last_relu": nn.ReLU(), **ends})
        scores: Any = ends["fc"]
        init.zeros_(scores.bias)


def _entry(width: int, idea: str, error: float) -> Entry:
    return cifar_entry(
        f"shake_shake26_2x{width}d",
        2017,
        idea,
        partial(ShakeShakeNet, width=width),
        "Gastaldi 2017, arXiv:1705.07485",
        error,
        "Gastaldi 2017, S-S-I",
    )


ENTRIES = (
    _entry(32, "two branches, mixed at random", 3.55),
    _entry(64, "the same, wider", 2.98),
    _entry(96, "the same, wider still", 2.86),
)
