"""FractalNet, 2016: as deep as a residual network, without any shortcut.

G. Larsson, M. Maire, G. Shakhnarovich, "FractalNet: ultra-deep neural networks without residuals".

New: one rule, applied again and again. A block of C columns is two blocks of C - 1 columns in a
row beside a single convolution, and the mean of both sides. It holds paths of 1, 2, 4 …
convolutions.

    column 0:   ─┬───────────────────── conv ────────────────────┐
    column 1:   ─┼──────── conv ────────┬──────── conv ──────────┤
    column 2:   ─┴─ conv ───── conv ── mean ─ conv ───── conv ── mean ─      C = 3

Each conv is 3×3, dropout, batch norm, relu. Drop-path trains it: for half of the batches every join
leaves out its inputs with probability 0.15 (local), for the other half one column of the whole
network works alone (global). A column by itself is then a good plain network, and shallow ones are
faster: `model(x, column=0)`.

    32×32×3 ─ 5 blocks of C = 3 with 64, 128, 256, 512, 512 channels, each followed by max pooling
            ─ 1×1×512 ─ classes

The deepest column has 20 convolutions; 33 724 618 parameters with 10 classes. (DenseNet's
table 2 says 38.6 million.) Published errors on CIFAR-10: 4.60 %, moved and mirrored images,
drop-path and dropout; 5.22 % without these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Published
from shinso.nn import init
from shinso.nn.fractal_join import check_draws, draws, whole_column


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` whose weights start as Glorot and Bengio's ("Xavier"), the paper's choice."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        init.xavier_uniform_(self.weight)


def _unit(in_channels: int, out_channels: int, dropout: float) -> nn.Sequential:
    dropping = {"dropout": nn.Dropout(dropout)} if dropout else {}
    return nn.Sequential(
        {
            "conv": Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            **dropping,
            "bn": nn.BatchNorm2d(out_channels),
            "relu": nn.ReLU(),
        }
    )


class FractalBlock(nn.Module):
    """Columns of 1, 2, 4 … convolutions that meet wherever several of them end at one depth.

    in_channels, out_channels: of the input, of everything after. columns: how many; column c has
    2ᶜ convolutions. dropout: in each of them. drop_path, level: of the joins, `nn.FractalJoin`'s p
    and level. Input (N, in_channels, H, W); output (N, out_channels, H, W).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        columns: int = 3,
        dropout: float = 0.0,
        drop_path: float = 0.15,
        level: str = "batch",
    ) -> None:
        super().__init__()
        self.columns = columns
        depth = 2 ** (columns - 1)
        self.rows = nn.ModuleList()
        for row in range(1, depth + 1):
            units = {}
            for c in reversed(range(columns)):
                step = depth // 2**c  # so many rows for one convolution of the column
                if row % step == 0:
                    inputs = in_channels if row == step else out_channels
                    units[f"column{c}"] = _unit(inputs, out_channels, dropout)
            self.rows.append(nn.ModuleDict(units))
        self.join = nn.FractalJoin(drop_path, level)

    def forward(self, x: Any, chosen: Any = None, column: int | None = None) -> Tensor:
        """All columns, or `column` alone. chosen: (N or 1, columns), as for `nn.FractalJoin`."""
        wanted = range(self.columns) if column is None else [column]
        ends = dict.fromkeys(wanted, x)
        row: Any
        for row in self.rows:
            here = [c for c in wanted if f"column{c}" in row]
            if here:
                made = [row[f"column{c}"](ends[c]) for c in here]
                # Several columns that meet are always the last ones.
                joined = self.join(made, None if chosen is None else chosen[:, here[0] :])
                ends |= dict.fromkeys(here, joined)
        return ends[wanted[-1]]


class FractalNet(nn.Module):
    """A fractal network for small images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. widths: channels of each block.
    columns: in each block. dropout: in the convolutions of each block. drop_path: probability that
    a join leaves out an input, where drop-path is local. global_ratio: share of the draws in which
    it is global. level: draw for each "batch", as the paper did, or each "image". drop_path=0
    switches off both kinds.
    Input (N, in_channels, H, W), sides at least 2 to the number of blocks. Output: scores
    (N, num_classes). `column` (an attribute, or an argument of a call) lets one column alone
    answer: 0 is the shallowest, -1 the deepest; None, the default, takes all of them.
    """

    column: int | None

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        columns: int = 3,
        dropout: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.4),
        drop_path: float = 0.15,
        global_ratio: float = 0.5,
        level: str = "batch",
    ) -> None:
        super().__init__()
        check_draws(level)
        if columns < 1 or len(widths) != len(dropout):
            raise ValueError(
                f"got {columns} columns, {len(widths)} widths and {len(dropout)} probabilities of "
                "dropout: there is at least one column, and a probability for each width"
            )
        if not 0 <= global_ratio <= 1:
            raise ValueError(f"global_ratio is a share, between 0 and 1, not {global_ratio}")
        self.columns, self.column = columns, None
        self.drop_path, self.global_ratio, self.level = drop_path, global_ratio, level
        self.blocks = nn.ModuleList()
        for width, p in zip(widths, dropout, strict=True):
            self.blocks.append(FractalBlock(in_channels, width, columns, p, drop_path, level))
            in_channels = width
        self.pool = nn.MaxPool2d(2)
        self.avgpool = nn.GlobalAvgPool()
        self.fc = nn.Linear(in_channels, num_classes)

    def forward(self, x: Any, column: int | None = None) -> Tensor:
        """Scores of a batch of images."""
        column = self._checked(self.column if column is None else column)
        least = 2 ** len(self.blocks)
        if x.ndim == 4 and min(x.shape[2:]) < least:
            raise ValueError(
                f"got images of {x.shape[2]}×{x.shape[3]}: {len(self.blocks)} poolings halve "
                f"them, so they need sides of at least {least}; data.Resize resizes them"
            )
        chosen = None
        if self.training and column is None and self.drop_path and self.global_ratio:
            chosen = whole_column(draws(x, self.level), self.columns, self.global_ratio)
        for block in self.blocks:
            x = self.pool(block(x, chosen, column))
        return self.fc(self.avgpool(x))

    def _checked(self, column: int | None) -> int | None:
        if column is None:
            return None
        if not -self.columns <= column < self.columns:
            raise ValueError(
                f"got column={column}; the network has columns 0 (the shallowest) to "
                f"{self.columns - 1} (the deepest)"
            )
        return column % self.columns


ENTRIES = (
    Entry(
        "fractalnet20",
        2016,
        "one rule, applied again and again; drop-path",
        FractalNet,
        image_size=32,
        smallest=32,
        data="CIFAR-10",
        num_classes=10,
        in_channels=3,
        paper="Larsson et al. 2017, ICLR, arXiv:1605.07648",
        published=Published(
            4.60, "CIFAR-10, moved and mirrored", "Larsson et al. 2017, drop-path and dropout"
        ),
    ),
)
