"""ShakeDrop, 2018: shaking a network that has one branch only.

Y. Yamada, M. Iwamura, T. Akiba, K. Kise, "ShakeDrop regularization for deep residual learning".

New: without a second branch to make up for it, multiplying F(x) by a random number ruins the
training, unless it happens only sometimes. As in stochastic depth, block l of L is hit with
probability (l / L) · 0.5; it is then not left out but multiplied by α between -1 and 1, its
gradient by β between 0 and 1. With a negative α a block does the opposite of what it learned.

    ─┬─ F(x) ─ · (b + α - b α) ── + ──       b = 0 with probability (l / L) · 0.5, else 1
     └────────────────────────────┘          backward: β for α; evaluation: the expected value

The networks are PyramidNets, whose branches end in a batch norm. 110 layers, a = 270: 28 485 493
parameters with 10 classes (the code counted has a bias in the first convolution, 16 numbers;
without it 28 485 477). 272 layers of bottlenecks, a = 200: 26 210 842. Published error of the
latter on CIFAR-10, moved and mirrored images, 1800 epochs: 2.7 %, as AutoAugment's baseline.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.pyramidnet import PyramidNet
from shinso.models.residual import Conv2d

Range = tuple[float, float]


class ShakeDropPyramidNet(PyramidNet):
    """A pyramidal residual network with ShakeDrop.

    drop_path: probability to shake the last block; the others' grow linearly towards it.
    shake_alpha, shake_beta, level: `nn.ShakeDrop`'s alpha, beta and level. stem_bias: whether the
    first convolution has a bias. alpha (the growth of the channels) and others as for
    `PyramidNet`.
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        alpha: float = 270,
        layers: tuple[int, ...] = (18, 18, 18),
        bottleneck: bool = False,
        width: int = 16,
        drop_path: float = 0.5,
        shake_alpha: Range = (-1.0, 1.0),
        shake_beta: Range = (0.0, 1.0),
        level: str = "batch",
        stem_bias: bool = False,
        **options: Any,
    ) -> None:
        drop = partial(nn.ShakeDrop, alpha=shake_alpha, beta=shake_beta, level=level)
        super().__init__(
            num_classes,
            in_channels,
            alpha,
            layers,
            bottleneck,
            width,
            drop_path,
            drop=drop,
            **options,
        )
        if stem_bias:
            self.add_module("conv1", Conv2d(in_channels, width, 3, padding=1))


_PAPER = "Yamada et al. 2018, arXiv:1802.02375"

ENTRIES = (
    cifar_entry(
        "shakedrop_pyramidnet110_a270",
        2018,
        "shake one branch, sometimes",
        partial(ShakeDropPyramidNet, alpha=270, stem_bias=True),
        _PAPER,
    ),
    cifar_entry(
        "shakedrop_pyramidnet272_a200",
        2018,
        "the same with bottlenecks",
        partial(ShakeDropPyramidNet, alpha=200, layers=(30, 30, 30), bottleneck=True),
        _PAPER,
        2.7,
        "Cubuk et al. 2018, arXiv:1805.09501 (AutoAugment), baseline",
    ),
)
