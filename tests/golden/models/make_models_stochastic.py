"""Shake-shake and FractalNet: golden files of networks that are random in training.

    python make_models_stochastic.py [NAME …]     # torch 2.13.0, pytorchcv 0.0.74

Nothing is drawn here: branches are mixed evenly, no path is dropped; or one column of FractalNet
alone counts. The other random networks are checked beside their own without chance.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import partial

import torch
import torch.nn.functional as F
from pytorchcv.models import fractalnet_cifar as cv
from reference import Case, main
from torch import nn

COLUMNS = 3
NARROW = (4, 6, 8, 10, 10)
ALL_COLUMNS = cv.FractalBlock.forward


class Shortcut(nn.Module):
    """Section 3.1 of the paper: two flows of 1×1 pooling, one of them moved right and down."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs // 2, 1, bias=False)
        self.conv2 = nn.Conv2d(inputs, outputs // 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(x)
        moved = F.pad(x, (1, -1, 1, -1))
        one = self.conv1(F.avg_pool2d(x, 1, self.stride))
        two = self.conv2(F.avg_pool2d(moved, 1, self.stride))
        return self.bn(torch.cat([one, two], 1))


class Block(nn.Module):
    """Two branches of equal weight."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.branch1 = branch(inputs, outputs, stride)
        self.branch2 = branch(inputs, outputs, stride)
        if inputs != outputs:
            self.downsample = Shortcut(inputs, outputs, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.downsample(x) if hasattr(self, "downsample") else x
        return shortcut + 0.5 * self.branch1(x) + 0.5 * self.branch2(x)


def branch(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            relu1=nn.ReLU(),
            conv1=nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            bn1=nn.BatchNorm2d(outputs),
            relu2=nn.ReLU(),
            conv2=nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            bn2=nn.BatchNorm2d(outputs),
        )
    )


def shake_shake(width: int, blocks: int = 4) -> nn.Module:
    """The network of 2017, evenly mixed."""
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(16)
    )
    inputs = 16
    for i in range(3):
        outputs = width * 2**i
        row = [Block(inputs, outputs, 1 if i == 0 else 2)]
        row += [Block(outputs, outputs, 1) for _ in range(blocks - 1)]
        layers[f"layer{i + 1}"] = nn.Sequential(*row)
        inputs = outputs
    layers |= {"relu": nn.ReLU(), "pool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
    return nn.Sequential(layers | {"fc": nn.Linear(inputs, 10)})


def fractalnet(widths: tuple[int, ...], column: int | None = None) -> nn.Module:
    """pytorchcv's network without drop-path; or one column of it, 0 the shallowest."""

    def alone(block: nn.Module, x: torch.Tensor, **_: object) -> torch.Tensor:
        for row in block.blocks:
            for name, unit in row.named_children():
                x = unit(x) if name == f"subblock{COLUMNS - column}" else x
        return x

    def mean(raw_outs: list[torch.Tensor], **_: object) -> torch.Tensor:
        return torch.stack(raw_outs).mean(0)

    cv.FractalBlock.forward = ALL_COLUMNS if column is None else alone
    cv.FractalBlock.join_outs = staticmethod(mean)
    return cv.CIFARFractalNet(list(widths), COLUMNS, [0.0] * len(widths), 0.0, 0.0)


def fractal_name(key: str) -> str:
    """features.unit1.block.blocks.block2.subblock1.… is blocks.0.rows.1.column2.…"""

    def ours(match: re.Match[str]) -> str:
        unit, row, column = map(int, match.groups())
        return f"blocks.{unit - 1}.rows.{row - 1}.column{COLUMNS - column}"

    key = re.sub(r"features\.unit(\d+)\.block\.blocks\.block(\d+)\.subblock(\d+)", ours, key)
    return key.replace("output.", "fc.")


CASES = [
    *(Case(f"shake_shake26_2x{w}d", partial(shake_shake, w)) for w in (32, 64, 96)),
    Case("shake_shake_narrow", partial(shake_shake, 8, 2), side=12),
    Case("fractalnet20", partial(fractalnet, (64, 128, 256, 512, 512)), rename=fractal_name),
    Case("fractalnet20_narrow", partial(fractalnet, NARROW), side=32, rename=fractal_name),
    *(
        Case(
            f"fractalnet20_column{c}",
            partial(fractalnet, NARROW, c),
            side=32,
            also=(f"blocks.0.rows.3.column{c}.conv.weight", f"blocks.4.rows.3.column{c}.bn.bias"),
            rename=fractal_name,
        )
        for c in range(COLUMNS)
    ),
]

if __name__ == "__main__":
    torch.manual_seed(0)
    main(CASES)
