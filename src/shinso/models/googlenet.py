"""GoogLeNet, 2014: 22 layers with a tenth of AlexNet's weights, winner of ILSVRC-2014.

C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke and
A. Rabinovich, "Going deeper with convolutions".

New: the inception module, which looks through windows of several sizes at once, with 1×1
convolutions before the dear ones to reduce channels; a global mean instead of wide dense layers;
two auxiliary heads, whose losses send gradients into the middle of a deep network.

    inception:   ─┬─ conv 1×1 ──────────────┬─ channels side by side
                  ├─ conv 1×1 ─ conv 3×3 ───┤
                  ├─ conv 1×1 ─ conv 5×5 ───┤
                  └─ pool 3×3 ─ conv 1×1 ───┘

    224×224×3 ─ conv 7×7/2 ─ pool ─ conv 1×1 ─ conv 3×3 ─ pool ─ 28×28×192
      ─ 3a ─ 3b ─ pool ─ 14×14×480 ─ 4a ─┬─ 4b ─ 4c ─ 4d ─┬─ 4e ─ pool ─ 7×7×832 ─ 5a ─ 5b ─ mean
                                         └ head 1         └ head 2    ─ dropout ─ classes

This is torchvision's form, whose weights are in use: a batch normalization after each convolution
(as in Ioffe & Szegedy 2015), no local response normalization, and, since a slip of long ago, 3×3
windows where the paper has 5×5.

13 004 888 parameters with both heads and 1000 classes, 6 624 904 without. Published: 10.07 % top-5
error, one network, one crop (table 3); 6.67 % with seven networks and 144 crops each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.inception_parts import Branches, ConvUnit, Stack, row, start_normal
from shinso.models.sizes import check_least

SMALLEST = 15


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet gives in training: scores of the network and of its two auxiliary heads."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


def inception(
    channels: int,
    width: Any,
    one: int,
    before3: int,
    three: int,
    before5: int,
    five: int,
    pool: int,
) -> Branches:
    """The inception module with a row of table 1: what each convolution gives."""
    one, before3, three, before5, five, pool = map(
        width, (one, before3, three, before5, five, pool)
    )
    return Branches(
        channels,
        {"branch1": ConvUnit(channels, one, 1)},
        {"branch2": row(channels, (before3, 1), (three, 3))},
        {"branch3": row(channels, (before5, 1), (five, 3))},
        {
            "branch4": nn.Sequential(
                nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), ConvUnit(channels, pool, 1)
            )
        },
    )


class AuxiliaryHead(nn.Module):
    """A small classifier on an intermediate layer, used in training only.

    channels: of that layer. num_classes: outputs. dropout: probability. width: turns the paper's
    numbers of channels into this network's. Input (N, channels, H, W), averaged to 4×4.
    """

    def __init__(self, channels: int, num_classes: int, dropout: float, width: Any) -> None:
        super().__init__()
        self.conv = ConvUnit(channels, width(128), 1)
        self.fc1 = nn.Linear(16 * width(128), width(1024))
        self.fc2 = nn.Linear(width(1024), num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Any) -> Tensor:
        """Scores."""
        x = self.conv(ops.adaptive_avg_pool2d(x, 4)).flatten(1)
        return self.fc2(self.dropout(ops.relu(self.fc1(x))))


# Inception modules with the numbers of table 1, and the poolings between them.
_TABLE: dict[str, tuple[int, ...]] = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "maxpool3": (3,),
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "maxpool4": (2,),
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    """GoogLeNet with batch normalization.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. aux_logits: have the two auxiliary
    heads, after 4a and 4d. transform_input: turn images normalized with torchvision's means and
    deviations into ones normalized with 0.5 and 0.5, which its weights expect. dropout,
    dropout_aux: probabilities before the scores, in the network and in the heads. width_mult:
    factor of all channels.
    Input (N, in_channels, H, W), H and W at least 15, 224 in the paper. Output: scores
    (N, num_classes); in training GoogLeNetOutputs, if there are heads: nn.AuxiliaryLoss takes it.
    State as torchvision's `googlenet`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux_logits: bool = True,
        transform_input: bool = False,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        check_transform(transform_input, in_channels)
        self.transform_input = transform_input
        stack = Stack(in_channels, width_mult)
        stack.unit("conv1", 64, 7, 2, 3)
        stack.add("maxpool1", nn.MaxPool2d(3, stride=2, ceil_mode=True))
        stack.unit("conv2", 64, 1)
        stack.unit("conv3", 192, 3)
        stack.add("maxpool2", nn.MaxPool2d(3, stride=2, ceil_mode=True))
        before: dict[str, int] = {}
        for name, numbers in _TABLE.items():
            before[name] = stack.channels
            if name.startswith("maxpool"):
                stack.add(name, nn.MaxPool2d(numbers[0], stride=2, ceil_mode=True))
            else:
                stack.block(name, inception, *numbers)
        self.names = tuple(stack.layers)
        for name, layer in stack.layers.items():
            self.add_module(name, layer)
        self.aux1: AuxiliaryHead | None = None
        self.aux2: AuxiliaryHead | None = None
        if aux_logits:
            wide = stack.width
            self.aux1 = AuxiliaryHead(before["inception4b"], num_classes, dropout_aux, wide)
            self.aux2 = AuxiliaryHead(before["inception4e"], num_classes, dropout_aux, wide)
        self.avgpool = nn.GlobalAvgPool()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(stack.channels, num_classes)
        start_normal(self, 0.01, {})

    def forward(self, x: Any) -> Tensor | GoogLeNetOutputs:
        """Scores of a batch of images; in training those of the auxiliary heads, too."""
        check_least(x, SMALLEST, "GoogLeNet")
        if self.transform_input:
            x = transformed(x)
        heads = {}
        for name in self.names:
            x = self._modules[name](x)
            if name == "inception4a" and self.training and self.aux1 is not None:
                heads["aux_logits1"] = self.aux1(x)
            if name == "inception4d" and self.training and self.aux2 is not None:
                heads["aux_logits2"] = self.aux2(x)
        logits = self.fc(self.dropout(self.avgpool(x)))
        return GoogLeNetOutputs(logits, **heads) if heads else logits


def check_transform(transform_input: bool, in_channels: int) -> None:
    """Refuse transform_input for images that do not have three colours."""
    if transform_input and in_channels != 3:
        raise ValueError(f"transform_input is for in_channels=3, not {in_channels}")


def transformed(x: Any) -> Any:
    """(N, 3, H, W) normalized with torchvision's numbers, normalized with 0.5 and 0.5 instead."""
    # x = (p - mean) / std for pixels p from 0 to 1; wanted is (p - 0.5) / 0.5.
    usual = Preprocessing()
    return ops.cat(
        [
            x[:, i : i + 1] * (std / 0.5) + (mean - 0.5) / 0.5
            for i, (mean, std) in enumerate(zip(usual.mean, usual.std, strict=True))
        ],
        1,
    )


ENTRIES = (
    Entry(
        "googlenet",
        2014,
        "inception modules, auxiliary heads, global mean",
        GoogLeNet,
        image_size=224,
        smallest=SMALLEST,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Szegedy et al. 2014, arXiv:1409.4842",
        published=Published(
            10.07, "top-5, ILSVRC-2014 validation, one network", "Szegedy et al. 2014, table 3"
        ),
        preprocessing=Preprocessing(),
        aliases=("inception_v1",),
    ),
)
