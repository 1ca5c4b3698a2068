"""Stochastic depth, 2016: a different, shorter network for every batch.

G. Huang, Y. Sun, Z. Liu, D. Sedra, K. Q. Weinberger, "Deep networks with stochastic depth".

New: in training whole residual blocks are left out at random; what remains is x, handed on. The
network that learns is short, so gradients arrive and a step takes less time; the network that is
used is deep. Blocks near the input stay almost always, the last one every other time: block l of L
is left out with probability (l / L) · 0.5.

    training:    x ─┬─ F(x) or 0, as drawn ── + ── relu         evaluation:  all blocks
                    └─────────────────────────┘

cifar_resnet110_sd is cifar_resnet110 so trained, with its 1 727 962 parameters. Published error on
CIFAR-10: 5.23 % instead of 6.41 % with the same depth always. Every other residual network here
takes drop_path=0.5, too: models.create("resnet50", drop_path=0.5). What a block adds is divided by
the probability of its being there; the paper instead multiplies in evaluation. (Nothing is saved in
a compiled step, which computes all blocks.)
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn
from shinso.models.cifar_resnet import CifarResNet, cifar_entry


def stochastic_depth_resnet(
    num_classes: int = 10,
    in_channels: int = 3,
    layers: tuple[int, ...] = (18, 18, 18),
    drop_path: float = 0.5,
    mode: str = "batch",
    **options: Any,
) -> CifarResNet:
    """A `CifarResNet` of stochastic depth.

    drop_path: probability of leaving out the last block. mode: "batch" draws for each batch, as the
    paper did, "row" for each image. Other arguments as for `CifarResNet`.
    """
    drop = partial(nn.StochasticDepth, mode=mode)
    return CifarResNet(num_classes, in_channels, layers, drop_path=drop_path, drop=drop, **options)


ENTRIES = (
    cifar_entry(
        "cifar_resnet110_sd",
        2016,
        "whole blocks are left out at random",
        stochastic_depth_resnet,
        "Huang et al. 2016, ECCV, arXiv:1603.09382",
        5.23,
        "Huang et al. 2017, arXiv:1608.06993 (DenseNet), table 2",
    ),
)
