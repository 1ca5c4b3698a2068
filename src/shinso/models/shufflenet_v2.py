"""ShuffleNet V2, 2018: designed by the clock, not by counting multiplications.

N. Ma, X. Zhang, H.-T. Zheng, J. Sun, "ShuffleNet V2: practical guidelines for efficient CNN
architecture design".

New: four rules from measured times (equal channels before and after a convolution, few groups, few
branches, few operations on single numbers), and blocks that follow them. Half of the channels pass
untouched; the other half is worked on; then they are shuffled, so that the next block takes another
half.

    block:     ─┬─ half ─────────────────────────────────────────┬─ shuffle ─
                └─ half ─ 1×1, relu ─ depthwise 3×3 ─ 1×1, relu ─┘
    block, /2: ─┬─ depthwise 3×3/2 ─ 1×1, relu ───────────────┬─ shuffle ─
                └─ 1×1, relu ─ depthwise 3×3/2 ─ 1×1, relu ───┘

    224×224×3 ─ conv 3×3/2, 24 ─ max pool 3×3/2 ─ 4 blocks ─ 8 blocks ─ 4 blocks ─ 1×1, 1024 ─ mean
              ─ classes

    channels of the three stages: 116 232 464 (1.0×)    48 96 192 (0.5×)    176 352 704 (1.5×)
    244 488 976 and 2048 at the end (2.0×)

1 366 792, 2 278 604, 3 503 624 and 7 393 996 parameters with 1000 classes, from 0.5× to 2.0×.
Published top-1 errors: 39.7, 30.6, 27.4 and 25.1 % (table 8).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.resnet import photo_entry

_CHANNELS = {
    0.5: (24, 48, 96, 192, 1024),
    1.0: (24, 116, 232, 464, 1024),
    1.5: (24, 176, 352, 704, 1024),
    2.0: (24, 244, 488, 976, 2048),
}


def channel_shuffle(x: Any, groups: int) -> Tensor:
    """The channels dealt out anew: the first of each group, then the second of each, …

    x: (N, C, H, W), C a multiple of groups; channel i of group g goes to i · groups + g. Zhang et
    al. 2018 (ShuffleNet).
    """
    n, channels, height, width = x.shape
    if groups < 1 or channels % groups:
        raise ValueError(f"{channels} channels cannot be divided into {groups} groups")
    dealt = ops.reshape(x, (n, groups, channels // groups, height, width))
    return ops.reshape(ops.transpose(dealt, 1, 2), (n, channels, height, width))


def pointwise(inputs: int, outputs: int) -> Iterable[nn.Module]:
    """1×1 convolution, batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, 1, bias=False)
    return conv, nn.BatchNorm2d(outputs), nn.ReLU()


def depthwise(channels: int, stride: int) -> Iterable[nn.Module]:
    """Depthwise 3×3 convolution and batch norm."""
    conv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return conv, nn.BatchNorm2d(channels)


class Block(nn.Module):
    """Two branches side by side, shuffled.

    in_channels, out_channels: of input and output, even; equal if stride is 1. stride: 1, where the
    first branch is half of the channels as they are, or 2.
    Input (N, in_channels, H, W); output (N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        half = out_channels // 2
        if out_channels % 2 or (stride == 1 and in_channels != out_channels):
            raise ValueError(
                f"got {in_channels} and {out_channels} channels with stride {stride}: the second "
                "is even and, with stride 1, equal to the first"
            )
        self.stride, self.half = stride, half
        taken = half
        if stride > 1:
            taken = in_channels
            self.branch1 = nn.Sequential(*depthwise(taken, stride), *pointwise(taken, half))
        self.branch2 = nn.Sequential(
            *pointwise(taken, half), *depthwise(half, stride), *pointwise(half, half)
        )

    def forward(self, x: Any) -> Tensor:
        """Run the branches, put them side by side, shuffle."""
        if self.stride > 1:
            branches = [self.branch1(x), self.branch2(x)]
        else:
            kept, worked_on = ops.split(x, self.half, 1)
            branches = [kept, self.branch2(worked_on)]
        return channel_shuffle(ops.cat(branches, 1), 2)


class ShuffleNetV2(nn.Sequential):
    """ShuffleNet V2.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. width_mult: 0.5, 1, 1.5 and 2 have
    the paper's channels; other factors multiply those of 1, made even. layers: blocks in each
    stage, of which the first halves the sides.
    Input (N, in_channels, H, W), 224×224 in the paper. Output: scores (N, num_classes). State as
    torchvision's `shufflenet_v2_x1_0` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        width_mult: float = 1.0,
        layers: tuple[int, ...] = (4, 8, 4),
    ) -> None:
        if len(layers) != 3 or min(layers) < 1:
            raise ValueError(f"layers are three numbers, each at least 1, not {layers!r}")
        first, *widths, last = channels_of(width_mult)
        stages: dict[str, nn.Module] = {}
        channels = first
        for i, (width, count) in enumerate(zip(widths, layers, strict=True), 2):
            row = [Block(channels, width, 2), *(Block(width, width) for _ in range(count - 1))]
            stages[f"stage{i}"] = nn.Sequential(*row)
            channels = width
        stem = nn.Conv2d(in_channels, first, 3, 2, 1, bias=False)
        super().__init__(
            {
                "conv1": nn.Sequential(stem, nn.BatchNorm2d(first), nn.ReLU()),
                "maxpool": nn.MaxPool2d(3, 2, 1),
                **stages,
                "conv5": nn.Sequential(*pointwise(channels, last)),
                "avgpool": nn.GlobalAvgPool(),
                "fc": nn.Linear(last, num_classes),
            }
        )


def channels_of(width_mult: float) -> tuple[int, ...]:
    """After the first convolution, in the three stages, at the end."""
    if not width_mult > 0:
        raise ValueError(f"width_mult is a factor over 0, not {width_mult}")
    if width_mult in _CHANNELS:
        return _CHANNELS[width_mult]
    return tuple(2 * max(1, round(n * width_mult / 2)) for n in _CHANNELS[1.0])


def _entry(factor: float, idea: str, error: float, resize: int) -> Entry:
    return photo_entry(
        f"shufflenet_v2_x{factor}".replace(".", "_"),
        2018,
        idea,
        partial(ShuffleNetV2, width_mult=factor),
        "Ma et al. 2018, ECCV, arXiv:1807.11164",
        Published(error, "top-1, one crop", "Ma et al. 2018, table 8"),
        Preprocessing(resize),
    )


ENTRIES: tuple[Entry, ...] = (
    _entry(0.5, "shufflenet_v2_x1_0 with fewer channels", 39.7, 256),
    _entry(1.0, "half the channels pass, then a shuffle", 30.6, 256),
    _entry(1.5, "wider", 27.4, 232),
    _entry(2.0, "wider", 25.1, 232),
)
