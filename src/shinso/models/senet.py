"""SENet, 2017: every block looks at all of its channels and turns each one up or down.

J. Hu, L. Shen, G. Sun, "Squeeze-and-excitation networks".

New: the squeeze-and-excitation block (`nn.SqueezeExcitation`). The mean of each channel over the
image goes through two small dense layers, whose output, between 0 and 1, is the channel's factor.
It fits into any network and costs little: a tenth more parameters, hardly any time.

    ─┬─ F(x) ─┬────────────────────────────────────────────── · ── + ── relu
     │        └─ mean ─ dense, C/16 ─ relu ─ dense, C ─ sigmoid    │
     └─────────────────────────────────────────────────────────────┘

seresnet50, seresnext50_32x4d: resnet50 and resnext50_32x4d with it, state as in timm. The legacy_
forms are the authors' own (Caffe): the first pooling hangs over the edge instead of being padded,
and legacy_seresnet50 halves the sides in a block's first 1×1. senet154, which won ILSVRC-2017:
three 3×3 convolutions first, blocks of 1×1, 2w ─ 3×3, 4w in 64 groups ─ 1×1, 4w, and 3×3 shortcuts
where the sides halve.

Parameters with 1000 classes: 28 088 024 (50), 27 559 896 (50_32x4d), 115 088 984 (154); with 10
classes 1 744 952 (cifar_seresnet110), 1 906 258 (164). Published, top-5 errors of one crop: 6.62,
5.49 and 4.47 %; the winning entry had 2.251 %. On CIFAR-10 (table 4): 5.21 % (110), 4.39 % (164),
where the paper's blocks have pre-activation.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from shinso import nn
from shinso.graph import Tensor
from shinso.models.cifar_resnet import CifarResNet, cifar_entry
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.residual import (
    BasicBlock,
    Bottleneck,
    ResidualBlock,
    conv,
    out_channels,
    projection,
    stages,
    widths,
    zero_padding,
)
from shinso.models.resnet import ResNet, photo_entry
from shinso.nn import init


def squeeze_excitation(channels: int, reduction: int = 16) -> nn.SqueezeExcitation:
    """The block for so many channels, `reduction` times fewer between its dense layers.

    Its weights start as those of the convolutions around it.
    """
    block = nn.SqueezeExcitation(channels, max(1, channels // reduction))
    for layer in (block.fc1, block.fc2):
        init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return block


class SEResNet(ResNet):
    """A `ResNet` whose blocks weigh their channels.

    reduction: how many times fewer channels there are between the two dense layers. Blocks start
    as their shortcuts, as in timm; other arguments as for `ResNet`. State as timm's `seresnet50`,
    `seresnext50_32x4d`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        reduction: int = 16,
        zero_init_residual: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            zero_init_residual=zero_init_residual,
            attention=partial(squeeze_excitation, reduction=reduction),
            **options,
        )


class CifarSEResNet(CifarResNet):
    """A `CifarResNet` whose blocks weigh their channels. Shortcuts are projections.

    reduction: how many times fewer channels there are between the two dense layers. Other arguments
    as for `CifarResNet`.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        layers: tuple[int, ...] = (3, 3, 3),
        width: int = 16,
        shortcut: str = "projection",
        reduction: int = 16,
        **options: Any,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            layers,
            width,
            shortcut,
            attention=partial(squeeze_excitation, reduction=reduction),
            **options,
        )


class LegacyBottleneck(Bottleneck):
    """A `Bottleneck` with the authors' name for its squeeze-and-excitation block."""

    attention_name = "se_module"


def wide_projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """`residual.projection` with a 3×3 convolution where the sides halve."""
    if stride == 1:
        return projection(in_channels, out_channels, stride)
    return nn.Sequential(conv(in_channels, out_channels, 3, stride), nn.BatchNorm2d(out_channels))


class SENetBottleneck(ResidualBlock):
    """1×1 to 2w, 3×3 to 4w in groups, 1×1 from 4w to 4w: SENet-154's block.

    Arguments as for `residual.Bottleneck`; where the sides halve, the shortcut is a 3×3.
    """

    attention_name = "se_module"
    shortcuts: ClassVar = {"projection": wide_projection, "identity": zero_padding}
    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        groups: int = 64,
        **ends: Any,
    ) -> None:
        super().__init__()
        out = width * self.expansion
        self.conv1 = conv(in_channels, width * 2, 1)
        self.bn1 = nn.BatchNorm2d(width * 2)
        self.conv2 = conv(width * 2, out, 3, stride, groups)
        self.bn2 = nn.BatchNorm2d(out)
        self.conv3 = conv(out, out, 1)
        self.bn3 = nn.BatchNorm2d(out)
        self.complete(in_channels, out, stride, **ends)

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.bn3(self.conv3(x))


def _stem(in_channels: int, width: int, three: bool) -> nn.Sequential:
    """One 7×7 convolution, or three 3×3 of the last of which `width` channels come."""
    sizes = [(in_channels, width, 7, 2)]
    if three:
        sizes = [
            (in_channels, width // 2, 3, 2),
            (width // 2,) * 2 + (3, 1),
            (width // 2, width, 3, 1),
        ]
    parts: dict[str, nn.Module] = {}
    for i, (first, second, window, stride) in enumerate(sizes, 1):
        parts[f"conv{i}"] = conv(first, second, window, stride)
        parts[f"bn{i}"] = nn.BatchNorm2d(second)
        parts[f"relu{i}"] = nn.ReLU()
    return nn.Sequential(parts)


class SENet(nn.Sequential):
    """The authors' networks.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. block: "senet", or "bottleneck" for
    that of ResNet and ResNeXt. layers: blocks in each stage. width: of the first stage, doubled in
    each further one. three: begin with three 3×3 convolutions instead of a 7×7. reduction: how many
    times fewer channels there are between the two dense layers. dropout: before the scores.
    drop_path: probability of leaving out the last block in training; the others' grow linearly
    towards it. options: of the blocks, such as groups, width_per_group, stride_first.
    Input (N, in_channels, H, W), H and W at least 32, 224 in the paper. Output: scores
    (N, num_classes). State as timm's `legacy_senet154` and so on.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        block: str = "senet",
        layers: tuple[int, ...] = (3, 8, 36, 3),
        width: int = 64,
        three: bool = True,
        reduction: int = 16,
        dropout: float = 0.2,
        drop_path: float = 0.0,
        **options: Any,
    ) -> None:
        if block not in _BLOCKS:
            raise ValueError(f'block is "senet" or "bottleneck", not {block!r}')
        stem = 2 * width if three else width
        made = stages(
            _BLOCKS[block],
            widths(width, layers),
            stem,
            drop_path=drop_path,
            attention=partial(squeeze_excitation, reduction=reduction),
            **options,
        )
        super().__init__(
            {
                "layer0": _stem(in_channels, stem, three),
                "pool0": nn.MaxPool2d(3, 2, ceil_mode=True),
                **made,
                "avg_pool": nn.GlobalAvgPool(),
                "dropout": nn.Dropout(dropout),
                "last_linear": nn.Linear(out_channels(made), num_classes),
            }
        )


_BLOCKS: dict[str, type[ResidualBlock]] = {
    "senet": SENetBottleneck,
    "bottleneck": LegacyBottleneck,
}
_PAPER = "Hu et al. 2018, CVPR, arXiv:1709.01507"
_RESNET = Published(6.62, "top-5, one crop", "Hu et al. 2019, arXiv:1709.01507, table 2")
_RESNEXT = Published(5.49, "top-5, one crop", "Hu et al. 2019, arXiv:1709.01507, table 2")
_OLD: dict[str, Any] = {"block": "bottleneck", "layers": (3, 4, 6, 3), "three": False}
_CIFAR_ERRORS = {20: None, 56: None, 110: 5.21, 164: 4.39}


def _cifar(depth: int) -> Entry:
    bottleneck = depth == 164
    blocks = (depth - 2) // (9 if bottleneck else 6)
    return cifar_entry(
        f"cifar_seresnet{depth}",
        2017,
        "channels weighed, for small images" if depth == 20 else "the same, deeper",
        partial(
            CifarSEResNet, layers=(blocks,) * 3, block=Bottleneck if bottleneck else BasicBlock
        ),
        _PAPER,
        _CIFAR_ERRORS[depth],
        "Hu et al. 2019, arXiv:1709.01507, table 4",
        "CIFAR-10, moved and mirrored, pre-activation",
    )


ENTRIES = (
    photo_entry(
        "seresnet50",
        2017,
        "every block weighs its channels",
        SEResNet,
        _PAPER,
        _RESNET,
        Preprocessing(235, interpolation="bicubic"),
    ),
    photo_entry(
        "seresnext50_32x4d",
        2017,
        "resnext50 with weighed channels",
        partial(SEResNet, groups=32, width_per_group=4),
        _PAPER,
        _RESNEXT,
        Preprocessing(interpolation="bicubic"),
    ),
    photo_entry(
        "legacy_seresnet50",
        2017,
        "the authors' seresnet50",
        partial(SENet, **_OLD, stride_first=True),
        _PAPER,
        _RESNET,
    ),
    photo_entry(
        "legacy_seresnext50_32x4d",
        2017,
        "the authors' seresnext50",
        partial(SENet, **_OLD, groups=32, width_per_group=4),
        _PAPER,
        _RESNEXT,
    ),
    photo_entry(
        "senet154",
        2017,
        "the network that won ILSVRC-2017",
        SENet,
        _PAPER,
        Published(4.47, "top-5, one crop", "Hu et al. 2019, arXiv:1709.01507"),
        aliases=("legacy_senet154",),
    ),
    *(_cifar(depth) for depth in _CIFAR_ERRORS),
)
