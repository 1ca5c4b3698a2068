"""ResNet, 2015: networks of 152 layers that train, because every block adds to what it was given.

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition".

New: the residual block. A deeper plain network had a higher error even on its training images; with
shortcuts around every two or three layers, a layer that has nothing to add can do nothing, and
depth helps again. All the way down to the scores there are no other dense layers.

    basic (18, 34):    ─┬─ 3×3, w ─ 3×3, w ────────────── + ── relu
                        └─────────────────────────────────┘
    bottleneck (50 …): ─┬─ 1×1, w ─ 3×3, w ─ 1×1, 4w ──── + ── relu
                        └─────────────────────────────────┘

    224×224×3 ─ conv 7×7/2, 64 ─ 112×112 ─ max pool 3×3/2 ─ 56×56 ─ blocks, w = 64
              ─ 28×28 blocks, w = 128 ─ 14×14 blocks, w = 256 ─ 7×7 blocks, w = 512 ─ mean ─ classes

    18: 2 2 2 2    34: 3 4 6 3    50: 3 4 6 3    101: 3 4 23 3    152: 3 8 36 3 blocks

The first block of a stage halves the sides; in the bottleneck with its 3×3, as in torchvision (the
paper: with its first 1×1). 11 689 512, 21 797 672, 25 557 032, 44 549 160 and 60 192 808
parameters with 1000 classes. Published, top-5 errors of ten crops (table 3): 7.46 % with 34 layers,
6.71 % with 50, 6.05 % with 101, 5.71 % with 152; six networks together won ILSVRC-2015 with 3.57 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from shinso import nn
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.residual import (
    BasicBlock,
    Bottleneck,
    ResidualBlock,
    head,
    out_channels,
    photo_stem,
    stages,
    widths,
    zero_init_residual,
)

BLOCKS: dict[str, Callable[..., ResidualBlock]] = {"basic": BasicBlock, "bottleneck": Bottleneck}


class ResNet(nn.Sequential):
    """A residual network for photographs.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. block: "basic", "bottleneck", or
    what makes a block as `residual.stages` calls it. layers: blocks in each stage. width: of the
    first stage, doubled in each further one. zero_init_residual: start every block as its shortcut
    alone. drop_path: probability of leaving out the last block in training; the others' grow
    linearly towards it. options: of the blocks, such as groups, width_per_group, shortcut and
    attention; see `residual`.
    Input (N, in_channels, H, W), H and W at least 32, 224 in the paper. Output: scores
    (N, num_classes). State as torchvision's `resnet18` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        block: str | Callable[..., Any] = "bottleneck",
        layers: Sequence[int] = (3, 4, 6, 3),
        width: int = 64,
        zero_init_residual: bool = False,
        drop_path: float = 0.0,
        **options: Any,
    ) -> None:
        if isinstance(block, str) and block not in BLOCKS:
            raise ValueError(f'block is "basic" or "bottleneck", not {block!r}')
        made = stages(
            BLOCKS[block] if isinstance(block, str) else block,
            widths(width, layers),
            width,
            drop_path=drop_path,
            **options,
        )
        ends = head(out_channels(made), num_classes)
        super().__init__({**photo_stem(in_channels, width), **made, **ends})
        if zero_init_residual:
            start_as_shortcuts(self)


start_as_shortcuts = zero_init_residual


def photo_entry(
    name: str,
    year: int,
    idea: str,
    build: Callable[..., nn.Module],
    paper: str,
    published: Published | None = None,
    preprocessing: Preprocessing | None = None,
    aliases: tuple[str, ...] = (),
) -> Entry:
    """The entry of a residual network for ImageNet's photographs of 224×224."""
    return Entry(
        name,
        year,
        idea,
        build,
        image_size=224,
        smallest=32,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper=paper,
        published=published,
        preprocessing=preprocessing or Preprocessing(),
        aliases=aliases,
    )


def _entry(
    depth: int, block: str, layers: tuple[int, ...], idea: str, error: float, measure: str = "top-5"
) -> Entry:
    # torchvision's newer weights, which there are from 50 layers on, expect a resize to 232.
    return photo_entry(
        f"resnet{depth}",
        2015,
        idea,
        partial(ResNet, block=block, layers=layers),
        "He et al. 2016, CVPR, arXiv:1512.03385",
        Published(
            error, f"{measure}, ten crops", f"He et al. 2015, table {3 if depth > 18 else 2}"
        ),
        Preprocessing(232 if depth >= 50 else 256),
    )


ENTRIES = (
    _entry(
        18, "basic", (2, 2, 2, 2), "blocks add to what they were given: shortcuts", 27.88, "top-1"
    ),
    _entry(34, "basic", (3, 4, 6, 3), "the same, deeper", 7.46),
    _entry(50, "bottleneck", (3, 4, 6, 3), "bottlenecks: 1×1, 3×3, 1×1", 6.71),
    _entry(101, "bottleneck", (3, 4, 23, 3), "the same, deeper", 6.05),
    _entry(152, "bottleneck", (3, 8, 36, 3), "152 layers: won ILSVRC-2015", 5.71),
)
