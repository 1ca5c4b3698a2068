"""Residual networks: the blocks, the shortcuts and the builder that all of them are made of.

    x ─┬─ F(x) ──── + ── relu        x ─┬─ F(x) ──────── + ── relu
       └────────────┘                   └─ shortcut(x) ──┘

A block adds what it computes to what it was given, so it only has to learn the difference. Where
the number of channels or the size changes, the shortcut has to follow: by a 1×1 convolution
(`projection`) or without parameters (`zero_padding`).

A network is its layers in a row under the names of its state (`nn.Sequential` of a dictionary):

    nn.Sequential({
        **photo_stem(3, 64),
        **stages(BasicBlock, widths(64, (2, 2, 2, 2)), 64),
        **head(512, 1000),
    })

K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.nn import init

Shortcut = Callable[[int, int, int], nn.Module | None]
Attention = Callable[[int], nn.Module]
Drop = Callable[[float], nn.Module]


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` whose weights start from N(0, 2 / fan_out), as He et al. and torchvision do."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        init.kaiming_normal_(self.weight, mode="fan_out", nonlinearity="relu")
        if self.bias is not None:
            init.zeros_(self.bias)


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> Conv2d:
    """A convolution without bias (a batch norm follows or has gone before) that keeps H and W.

    inputs, outputs: channels. size: of the window. stride: over 1, H and W become ⌈H / stride⌉.
    """
    return Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)


# -- shortcuts: (in_channels, out_channels, stride) → a layer, or None to leave x as it is ------


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Where the shape changes, a 1×1 convolution and batch norm: the paper's option B."""
    if in_channels == out_channels and stride == 1:
        return None
    return nn.Sequential(conv(in_channels, out_channels, 1, stride), nn.BatchNorm2d(out_channels))


def zero_padding(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """Where the shape changes, every stride-th pixel and zeros as new channels: option A."""
    if in_channels == out_channels and stride == 1:
        return None
    return ZeroChannels(out_channels, stride)


class ZeroChannels(nn.Module):
    """x with zeros as further channels: a shortcut without parameters.

    out_channels: so many are there afterwards. stride: of every stride × stride pixels the first
    is kept; with pool=True their mean instead, over what is there of them at the edge.
    Input (N, C, H, W); output (N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    def __init__(self, out_channels: int, stride: int = 1, pool: bool = False) -> None:
        super().__init__()
        self.out_channels, self.stride, self.pool = out_channels, stride, pool

    def forward(self, x: Any) -> Tensor:
        """Make it smaller, then add zeros."""
        if x.shape[1] > self.out_channels:
            raise ValueError(
                f"got {x.shape[1]} channels; the shortcut adds zeros until there are "
                f"{self.out_channels} and cannot take channels away"
            )
        if self.stride > 1 and self.pool:
            x = ops.avg_pool2d(x, self.stride, ceil_mode=True)
        elif self.stride > 1:
            x = x[:, :, :: self.stride, :: self.stride]
        new = self.out_channels - x.shape[1]
        return ops.pad(x, (0, 0, 0, 0, 0, new)) if new else x

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.out_channels}, stride={self.stride}, pool={self.pool}"


# -- blocks ------------------------------------------------------------------------------------


class ResidualBlock(nn.Module):
    """y = relu(shortcut(x) + drop_path(attention(F(x)))): what residual blocks share.

    A subclass makes the layers of F in its `__init__`, calls `complete` (last, if the shortcut
    comes last in the state), and has F as `branch`. What is different about the addition goes into
    `join`.
    """

    attention_name = "se"
    shortcuts: ClassVar[Mapping[str, Shortcut]] = {  # the first is the usual one
        "projection": projection,
        "identity": zero_padding,
    }
    out_channels: int
    downsample: nn.Module | None
    drop_path: nn.Module | None

    def complete(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        shortcut: str | Shortcut | None = None,
        drop_path: nn.Module | None = None,
        attention: Attention | None = None,
    ) -> None:
        """Make what comes after F.

        shortcut: makes the layer for a change of shape; "projection", "identity" (without
        parameters) or a function as those above. drop_path: what F(x) goes through before it is
        added, such as nn.StochasticDepth(0.5, "row"). attention: makes, for a number of channels,
        a layer that weighs them, such as nn.SqueezeExcitation.
        """
        if shortcut is None:
            shortcut = next(iter(self.shortcuts))
        if isinstance(shortcut, str):
            if shortcut not in self.shortcuts:
                known = " or ".join(f'"{name}"' for name in self.shortcuts)
                raise ValueError(f"shortcut is {known}, not {shortcut!r}")
            shortcut = self.shortcuts[shortcut]
        self.out_channels = out_channels
        if attention is not None:
            self.add_module(self.attention_name, attention(out_channels))
        self.downsample = shortcut(in_channels, out_channels, stride)
        self.drop_path = drop_path
        self.relu = nn.ReLU()

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        raise NotImplementedError(f"{type(self).__name__} must define branch(self, x)")

    def residual(self, x: Any) -> Tensor:
        """What is added: F(x), weighed and dropped as the block's options say."""
        y = self.branch(x)
        attention = self._modules.get(self.attention_name)
        if attention is not None:
            y = attention(y)
        return y if self.drop_path is None else self.drop_path(y)

    def shortcut(self, x: Any) -> Tensor:
        """x in the shape of F(x)."""
        return x if self.downsample is None else self.downsample(x)

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """The two together."""
        return self.relu(residual + shortcut)

    def forward(self, x: Any) -> Tensor:
        """Add F(x) to the shortcut."""
        return self.join(self.shortcut(x), self.residual(x))

    def zero_init(self) -> None:
        """Let F start as 0: the last batch norm's scale. The block then hands x on at first."""
        norms = [child for child in self.children() if isinstance(child, nn.BatchNorm2d)]
        if norms and norms[-1].weight is not None:
            init.zeros_(norms[-1].weight)


class BasicBlock(ResidualBlock):
    """Two 3×3 convolutions: conv, bn, relu, conv, bn, and the shortcut.

    in_channels, width: of input and output. stride: of the first convolution. Other arguments as
    for `ResidualBlock.complete`.
    """

    def __init__(self, in_channels: int, width: int, stride: int = 1, **ends: Any) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.complete(in_channels, width, stride, **ends)

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        x = self.relu(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(x))


class Bottleneck(ResidualBlock):
    """1×1 to few channels, 3×3, 1×1 to four times as many.

    in_channels: of the input; the output has 4·width. groups, width_per_group: the 3×3 works on
    groups · ⌊width · width_per_group / 64⌋ channels, in that many groups (ResNeXt). stride: of the
    3×3, as in torchvision; with stride_first=True of the first 1×1, as in the paper. Other
    arguments as for `ResidualBlock.complete`.
    """

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        width: int,
        stride: int = 1,
        groups: int = 1,
        width_per_group: int = 64,
        stride_first: bool = False,
        **ends: Any,
    ) -> None:
        super().__init__()
        inner, out = width * width_per_group // 64 * groups, width * self.expansion
        if inner < 1:
            raise ValueError(
                f"got width={width} and width_per_group={width_per_group}, which leave no channel "
                "for a group: their product is at least 64"
            )
        first, second = (stride, 1) if stride_first else (1, stride)
        self.conv1 = conv(in_channels, inner, 1, first)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = conv(inner, inner, 3, second, groups)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = conv(inner, out, 1)
        self.bn3 = nn.BatchNorm2d(out)
        self.complete(in_channels, out, stride, **ends)

    def branch(self, x: Any) -> Tensor:
        """F(x)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.bn3(self.conv3(x))


# -- networks ----------------------------------------------------------------------------------


def widths(width: int, layers: Sequence[int]) -> list[list[int]]:
    """The width of every block: `layers` blocks in each stage, twice as wide in each.

    widths(16, (2, 2, 1)) is [[16, 16], [32, 32], [64]].
    """
    if width < 1 or not layers or min(layers) < 1:
        raise ValueError(
            f"got width={width} and layers={tuple(layers)}: width and the number of blocks in "
            "each stage are at least 1"
        )
    return [[width * 2**i] * n for i, n in enumerate(layers)]


def stochastic_depth(p: float) -> nn.Module:
    """Leaves out F(x), image by image, with probability p."""
    return nn.StochasticDepth(p, "row")


def stages(
    block: Callable[..., Any],
    widths: Sequence[Sequence[int]],
    in_channels: int,
    *,
    strides: Sequence[int] | None = None,
    drop_path: float = 0.0,
    drop: Drop = stochastic_depth,
    **options: Any,
) -> dict[str, nn.Sequential]:
    """The stages "layer1", "layer2", … of a residual network, each a row of blocks.

    block: called as block(in_channels, width, stride=…, drop_path=…, **options); what it returns
    says its `out_channels`. widths: of every block of every stage. in_channels: of the first
    block. strides: of each stage's first block; by default 1 and then 2. drop_path: block l of L
    gets drop(drop_path · l / L), the linear decay of stochastic depth; None where that is 0.
    Raises ValueError if drop_path is no probability.
    """
    if not 0 <= drop_path <= 1:
        raise ValueError(f"drop_path is a probability, between 0 and 1, not {drop_path}")
    if strides is None:
        strides = [1] + [2] * (len(widths) - 1)
    total, number = sum(map(len, widths)), 0
    made: dict[str, nn.Sequential] = {}
    for i, (stage, first) in enumerate(zip(widths, strides, strict=True), 1):
        blocks: list[nn.Module] = []
        for j, width in enumerate(stage):
            number += 1
            p = drop_path * number / total
            built = block(
                in_channels,
                width,
                stride=first if j == 0 else 1,
                drop_path=drop(p) if p else None,
                **options,
            )
            in_channels = int(built.out_channels)
            blocks.append(built)
        made[f"layer{i}"] = nn.Sequential(*blocks)
    return made


def out_channels(stages: dict[str, nn.Sequential]) -> int:
    """The channels that the last block of `stages` puts out."""
    last: Any = [*stages.values()][-1][-1]
    return int(last.out_channels)


def photo_stem(in_channels: int, width: int) -> dict[str, nn.Module]:
    """The first layers for photographs: 7×7 of stride 2 and pooling, 224 pixels to 56."""
    return {
        "conv1": conv(in_channels, width, 7, 2),
        "bn1": nn.BatchNorm2d(width),
        "relu": nn.ReLU(),
        "maxpool": nn.MaxPool2d(3, 2, 1),
    }


def small_stem(in_channels: int, width: int) -> dict[str, nn.Module]:
    """The first layers for small images such as CIFAR's: one 3×3 convolution."""
    return {
        "conv1": conv(in_channels, width),
        "bn1": nn.BatchNorm2d(width),
        "relu": nn.ReLU(),
    }


def head(channels: int, num_classes: int, dropout: float = 0.0) -> dict[str, nn.Module]:
    """The last layers: the mean of every channel, dropout if any, one score per class."""
    dropping = {"dropout": nn.Dropout(dropout)} if dropout else {}
    return {"avgpool": nn.GlobalAvgPool(), **dropping, "fc": nn.Linear(channels, num_classes)}


def zero_init_residual(model: nn.Module) -> None:
    """Let every block start as its shortcut alone. Goyal et al. 2017."""
    for module in model.modules():
        if isinstance(module, ResidualBlock):
            module.zero_init()
