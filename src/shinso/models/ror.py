"""RoR, 2016: shortcuts around shortcuts.

K. Zhang, M. Sun, T. Han, X. Yuan, L. Guo, T. Liu, "Residual networks of residual networks:
multilevel residual networks".

New: shortcuts of three levels instead of one. Each block has its own, each group of blocks has one
around it, and one goes around all of them. What is learned is the residual of a residual; it helps
most together with stochastic depth (`drop_path=0.5`), which keeps so many ways from overfitting.

    ─ conv 3×3, 16 ─┬─┬─ blocks, 16 ─ + ─┬─ blocks, 32 ─ + ─┬─ blocks, 64 ─ + ── + ─ relu, mean
                    │ └─ 1×1 ─────────┘  └─ 1×1/2 ───────┘  └─ 1×1/2 ───────┘    │   ─ classes
                    └─ 1×1/4 ────────────────────────────────────────────────────┘

Sums that meet are made first, then one ReLU. The depth in the name counts the six 1×1 convolutions
of shortcuts: 110 = 1 + 3·17·2 + 1 + 6, so there are 17 blocks in each group (26 for 164), and
1 637 690 and 2 512 634 parameters with 10 classes. Published errors on CIFAR-10 with stochastic
depth: 5.08 % and 4.86 %.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.entry import Entry
from shinso.models.residual import (
    BasicBlock,
    conv,
    head,
    small_stem,
    stages,
    widths,
)


class _Unfinished(BasicBlock):
    """A `BasicBlock` whose sum still gets further shortcuts before the ReLU, if it is the last."""

    last = False

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """The two together."""
        total = residual + shortcut
        return total if self.last else self.relu(total)


def _level(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """A shortcut around a group, or around all."""
    return nn.Sequential(conv(in_channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels))


class RoRGroup(nn.Module):
    """Residual blocks in a row, and a shortcut around them. Output: the sum, without a ReLU.

    blocks: the row, whose last one leaves out its ReLU. in_channels, out_channels, stride: of the
    whole row.
    """

    def __init__(
        self, blocks: nn.Sequential, in_channels: int, out_channels: int, stride: int
    ) -> None:
        super().__init__()
        self.blocks = blocks
        last: Any = blocks[-1]
        last.last = True
        self.shortcut = _level(in_channels, out_channels, stride)

    def forward(self, x: Any) -> Tensor:
        """Add the row to the shortcut around it."""
        return self.blocks(x) + self.shortcut(x)


class RoR(nn.Module):
    """RoR-3 for small images: shortcuts around blocks, around groups, around everything.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: blocks in each group.
    width: of the first group, doubled in each further one. drop_path: probability of leaving out
    the last block in training, 0.5 in the paper; the others' grow linearly towards it.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        layers: tuple[int, ...] = (17, 17, 17),
        width: int = 16,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        rows = stages(_Unfinished, widths(width, layers), width, drop_path=drop_path)
        self.stem = nn.Sequential(small_stem(in_channels, width))
        groups, channels = {}, width
        for i, (name, row) in enumerate(rows.items()):
            groups[name] = RoRGroup(row, channels, width * 2**i, 2 if i else 1)
            channels = width * 2**i
        self.groups = nn.ModuleDict(groups)
        self.shortcut = _level(width, channels, 2 ** (len(layers) - 1))
        self.relu = nn.ReLU()
        self.head = nn.Sequential(head(channels, num_classes))

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        x = self.stem(x)
        y, last = x, len(self.groups) - 1
        for i, group in enumerate(self.groups.values()):
            y = group(y)
            y = y if i == last else self.relu(y)
        return self.head(self.relu(y + self.shortcut(x)))


def _entry(depth: int, idea: str, error: float) -> Entry:
    return cifar_entry(
        f"ror3_{depth}",
        2016,
        idea,
        partial(RoR, layers=((depth - 8) // 6,) * 3),
        "Zhang et al. 2018, IEEE Transactions CSVT 28(6), arXiv:1608.02908",
        error,
        "Zhang et al. 2016, arXiv:1608.02908",
        "CIFAR-10, moved and mirrored, with stochastic depth",
    )


ENTRIES = (
    _entry(110, "shortcuts around shortcuts", 5.08),
    _entry(164, "the same, deeper", 4.86),
)
