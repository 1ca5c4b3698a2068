"""The ResNets for CIFAR, 2015, and the plain networks that they were compared with.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", section 4.2.

New: the proof on small images that depth hurts without shortcuts and helps with them. The plain
network of 56 layers has a higher error than that of 20, on the training images, too; the residual
one of 110 layers, with 1.7 million parameters, has the lowest.

    32×32×3 ─ conv 3×3, 16 ─ n blocks, 16 ─ 16×16: n blocks, 32 ─ 8×8: n blocks, 64 ─ mean ─ classes

    20 layers: n = 3    32: 5    44: 7    56: 9    110: 18

Shortcuts have no parameters: where the channels double, every second pixel is taken and zeros are
the new channels (option A). Plain networks are the same without shortcuts, so each has as many
parameters as its residual counterpart: 269 722, 464 154, 658 586, 853 018 and 1 727 962 with 10
classes; with shortcut="projection" (option B) 2 752 more. Published errors on CIFAR-10, moved and
mirrored images (table 6): 8.75, 7.51, 7.17, 6.97 and 6.43 %.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Published
from shinso.models.residual import (
    BasicBlock,
    head,
    out_channels,
    small_stem,
    stages,
    widths,
)


class PlainBlock(BasicBlock):
    """The two convolutions of a `BasicBlock` without the shortcut around them."""

    def forward(self, x: Any) -> Tensor:
        """relu(F(x))."""
        return self.relu(self.residual(x))


class CifarResNet(nn.Sequential):
    """A residual network for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: blocks in each stage.
    width: of the first stage, doubled in each further one. shortcut: "identity" (the paper's,
    without parameters) or "projection". drop_path: probability of leaving out the last block in
    training; the others' grow linearly towards it. dropout: before the scores. block: what makes a
    block as `residual.stages` calls it; `options` are its own, such as attention.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        layers: tuple[int, ...] = (3, 3, 3),
        width: int = 16,
        shortcut: str = "identity",
        drop_path: float = 0.0,
        dropout: float = 0.0,
        block: Callable[..., Any] = BasicBlock,
        **options: Any,
    ) -> None:
        options |= {"shortcut": shortcut, "drop_path": drop_path}
        made = stages(block, widths(width, layers), width, **options)
        ends = head(out_channels(made), num_classes, dropout)
        super().__init__({**small_stem(in_channels, width), **made, **ends})


class CifarPlainNet(nn.Sequential):
    """A `CifarResNet` without shortcuts: what depth does when nothing goes around the layers.

    num_classes, in_channels, layers, width, dropout as there.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        layers: tuple[int, ...] = (3, 3, 3),
        width: int = 16,
        dropout: float = 0.0,
    ) -> None:
        made = stages(PlainBlock, widths(width, layers), width, shortcut="identity")
        ends = head(out_channels(made), num_classes, dropout)
        super().__init__({**small_stem(in_channels, width), **made, **ends})


def cifar_entry(
    name: str,
    year: int,
    idea: str,
    build: Callable[..., nn.Module],
    paper: str,
    error: float | None = None,
    source: str = "",
    measure: str = "CIFAR-10, moved and mirrored",
) -> Entry:
    """The entry of a network for CIFAR-10's images of 32×32."""
    return Entry(
        name,
        year,
        idea,
        build,
        image_size=32,
        smallest=8,
        data="CIFAR-10",
        num_classes=10,
        in_channels=3,
        paper=paper,
        published=None if error is None else Published(error, measure, source),
    )


_PAPER = "He et al. 2016, CVPR, arXiv:1512.03385"
_ERRORS = {20: 8.75, 32: 7.51, 44: 7.17, 56: 6.97, 110: 6.43}
_IDEAS = {20: "ResNet for small images", 110: "110 layers, 1.7 million parameters"}


def _resnet(depth: int) -> Entry:
    return cifar_entry(
        f"cifar_resnet{depth}",
        2015,
        _IDEAS.get(depth, "the same, deeper"),
        partial(CifarResNet, layers=((depth - 2) // 6,) * 3),
        _PAPER,
        _ERRORS[depth],
        "He et al. 2015, table 6",
    )


def _plain(depth: int) -> Entry:
    return cifar_entry(
        f"cifar_plainnet{depth}",
        2015,
        "cifar_resnet without shortcuts" if depth == 20 else "the same, deeper: worse",
        partial(CifarPlainNet, layers=((depth - 2) // 6,) * 3),
        _PAPER,
    )


ENTRIES = (
    *(_plain(depth) for depth in _ERRORS),
    *(_resnet(depth) for depth in _ERRORS),
)
