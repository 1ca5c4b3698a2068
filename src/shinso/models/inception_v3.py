"""Inception v3, 2015: large windows taken apart.

C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception architecture for
computer vision".

New: a 5×5 window as two of 3×3, a 7×7 as 1×7 and 7×1: the same field of view for less; modules that
halve the image while widening it, so that no layer is a bottleneck; batch normalization in the
auxiliary head; label smoothing.

    A  35×35:  1×1 │ 1×1, 5×5 │ 1×1, 3×3, 3×3                     │ mean 3×3, 1×1
    C  17×17:  1×1 │ 1×1, 1×7, 7×1 │ 1×1, 7×1, 1×7, 7×1, 1×7      │ mean 3×3, 1×1
    E  8×8:    1×1 │ 1×1, (1×3 and 3×1) │ 1×1, 3×3, (1×3 and 3×1) │ mean 3×3, 1×1
    B, D (halving):  convolutions with step 2 │ … │ pool 3×3/2

    299×299×3 ─ conv 3×3/2 ─ conv 3×3 ─ conv 3×3 ─ pool ─ conv 1×1 ─ conv 3×3 ─ pool ─ 35×35×192
      ─ A A A ─ B ─ 17×17×768 ─ C C C C ─┬─ D ─ 8×8×1280 ─ E E ─ mean ─ dropout ─ classes
                                         └ auxiliary head

27 161 264 parameters with the auxiliary head and 1000 classes, 23 834 568 without. Published: 5.6 %
top-5 error, one network, one crop (table 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.googlenet import check_transform, transformed
from shinso.models.inception_parts import Branches, ConvUnit, Stack, numbered, start_normal
from shinso.models.sizes import check_least

Width = Callable[[int], int]
_FLAT, _TALL = (1, 7), (7, 1)

_NAME = ("Inception v3", "Inception v3 in training with its auxiliary head")


class InceptionOutputs(NamedTuple):
    """What Inception v3 gives in training: scores of the network and of its auxiliary head."""

    logits: Tensor
    aux_logits: Tensor


def _averaged(channels: int, out: int) -> dict[str, nn.Module]:
    return {
        "pool": nn.AvgPool2d(3, stride=1, padding=1),
        "branch_pool": ConvUnit(channels, out, 1),
    }


def block_a(channels: int, width: Width, pool: int) -> Branches:
    """Module A; pool: channels of the branch that averages."""
    c48, c64, c96 = map(width, (48, 64, 96))
    return Branches(
        channels,
        {"branch1x1": ConvUnit(channels, c64, 1)},
        numbered("branch5x5_", channels, (c48, 1), (c64, 5)),
        numbered("branch3x3dbl_", channels, (c64, 1), (c96, 3), (c96, 3)),
        _averaged(channels, width(pool)),
    )


def block_b(channels: int, width: Width) -> Branches:
    """Module B: halves height and width."""
    c64, c96 = width(64), width(96)
    return Branches(
        channels,
        {"branch3x3": ConvUnit(channels, width(384), 3, 2)},
        numbered("branch3x3dbl_", channels, (c64, 1), (c96, 3), (c96, 3, 2)),
        {"pool": nn.MaxPool2d(3, stride=2)},
    )


def block_c(channels: int, width: Width, inner: int) -> Branches:
    """Module C; inner: channels between the long windows."""
    c, last = width(inner), width(192)
    doubled = ((c, 1), (c, _TALL), (c, _FLAT), (c, _TALL), (last, _FLAT))
    return Branches(
        channels,
        {"branch1x1": ConvUnit(channels, last, 1)},
        numbered("branch7x7_", channels, (c, 1), (c, _FLAT), (last, _TALL)),
        numbered("branch7x7dbl_", channels, *doubled),
        _averaged(channels, last),
    )


def block_d(channels: int, width: Width) -> Branches:
    """Module D: halves height and width."""
    c = width(192)
    return Branches(
        channels,
        numbered("branch3x3_", channels, (c, 1), (width(320), 3, 2)),
        numbered("branch7x7x3_", channels, (c, 1), (c, _FLAT), (c, _TALL), (c, 3, 2)),
        {"pool": nn.MaxPool2d(3, stride=2)},
    )


def block_e(channels: int, width: Width) -> Branches:
    """Module E: branches that fork at their end."""
    c384, c448 = width(384), width(448)

    def fork(prefix: str) -> list[dict[str, nn.Module]]:
        flat, tall = ConvUnit(c384, c384, (1, 3)), ConvUnit(c384, c384, (3, 1))
        return [{f"{prefix}a": flat}, {f"{prefix}b": tall}]

    return Branches(
        channels,
        {"branch1x1": ConvUnit(channels, width(320), 1)},
        {"branch3x3_1": ConvUnit(channels, c384, 1), "fork": fork("branch3x3_2")},
        {
            **numbered("branch3x3dbl_", channels, (c448, 1), (c384, 3)),
            "fork": fork("branch3x3dbl_3"),
        },
        _averaged(channels, width(192)),
    )


class InceptionAux(nn.Module):
    """The auxiliary head: pool 5×5/3, conv 1×1, conv 5×5, mean, scores.

    channels: of its input (N, channels, H, W). num_classes: outputs. width: turns the paper's
    numbers of channels into this network's.
    """

    def __init__(self, channels: int, num_classes: int, width: Width) -> None:
        super().__init__()
        self.conv0 = ConvUnit(channels, width(128), 1)
        self.conv1 = ConvUnit(width(128), width(768), 5, padding=0)
        self.fc = nn.Linear(width(768), num_classes)

    def forward(self, x: Any) -> Tensor:
        """Scores."""
        x = self.conv1(self.conv0(ops.avg_pool2d(x, 5, 3)))
        return self.fc(ops.global_avg_pool(x))


class InceptionV3(nn.Module):
    """Inception v3.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. aux_logits: have the auxiliary
    head. transform_input: turn images normalized with torchvision's means and deviations into ones
    normalized with 0.5 and 0.5, which its weights expect. dropout: probability before the scores.
    width_mult: factor of all channels.
    Input (N, in_channels, H, W), H and W at least 299, the paper's; without the head 75, as
    only the head's 5×5 windows need so much. Output: scores (N, num_classes); in training
    InceptionOutputs, if there is the head: nn.AuxiliaryLoss takes it.
    State as torchvision's `inception_v3`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux_logits: bool = True,
        transform_input: bool = False,
        dropout: float = 0.5,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        check_transform(transform_input, in_channels)
        self.transform_input = transform_input
        stack = Stack(in_channels, width_mult)
        stack.unit("Conv2d_1a_3x3", 32, 3, 2)
        stack.unit("Conv2d_2a_3x3", 32, 3, 1, 0)
        stack.unit("Conv2d_2b_3x3", 64, 3)
        stack.add("maxpool1", nn.MaxPool2d(3, stride=2))
        stack.unit("Conv2d_3b_1x1", 80, 1)
        stack.unit("Conv2d_4a_3x3", 192, 3, 1, 0)
        stack.add("maxpool2", nn.MaxPool2d(3, stride=2))
        for name, pool in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            stack.block(name, block_a, pool)
        stack.block("Mixed_6a", block_b)
        for name, inner in zip("bcde", (128, 160, 160, 192), strict=True):
            stack.block(f"Mixed_6{name}", block_c, inner)
        before_aux = len(stack.layers)
        self.AuxLogits: InceptionAux | None = None
        aux = InceptionAux(stack.channels, num_classes, stack.width) if aux_logits else None
        stack.block("Mixed_7a", block_d)
        stack.block("Mixed_7b", block_e)
        stack.block("Mixed_7c", block_e)
        self.names = tuple(stack.layers)
        for i, (name, layer) in enumerate(stack.layers.items()):
            if i == before_aux and aux is not None:
                self.AuxLogits = aux  # here, as in torchvision's order of the state
            self.add_module(name, layer)
        self.avgpool = nn.GlobalAvgPool()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(stack.channels, num_classes)
        special = {} if aux is None else {aux.conv1.conv: 0.01, aux.fc: 0.001}
        start_normal(self, 0.1, special)

    def forward(self, x: Any) -> Tensor | InceptionOutputs:
        """Scores of a batch of images; in training those of the auxiliary head, too."""
        with_head = self.training and self.AuxLogits is not None
        check_least(x, 299 if with_head else 75, _NAME[with_head])
        if self.transform_input:
            x = transformed(x)
        aux = None
        for name in self.names:
            x = self._modules[name](x)
            if name == "Mixed_6e" and with_head and self.AuxLogits is not None:
                aux = self.AuxLogits(x)
        logits = self.fc(self.dropout(self.avgpool(x)))
        return logits if aux is None else InceptionOutputs(logits, aux)


ENTRIES = (
    Entry(
        "inception_v3",
        2015,
        "large windows taken apart: 1×7 and 7×1",
        InceptionV3,
        image_size=299,
        smallest=299,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Szegedy et al. 2015, arXiv:1512.00567",
        published=Published(
            5.6, "top-5, ILSVRC-2012 validation, one crop", "Szegedy et al. 2015, table 3"
        ),
        preprocessing=Preprocessing(resize=342, crop=299),
    ),
)
