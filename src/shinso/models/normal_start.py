"""Layers that start from a narrow normal distribution, as networks before He et al. 2015 did.

A layer of 100 million weights takes a second to draw, so the large ones are drawn this way at once
instead of a second time.
"""

from __future__ import annotations

from shinso import nn
from shinso.nn import init

STD = 0.01


class Linear(nn.Linear):
    """`nn.Linear` whose weights start from N(0, 0.01²) and whose biases from 0."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        draw(self, STD)


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` whose weights start from N(0, 0.01²) and whose biases from 0."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        draw(self, STD)


def dense_head(inputs: int, wide: int, classes: int, dropout: float) -> list[nn.Module]:
    """Two wide layers, each with ReLU and dropout, and the scores: how AlexNet and VGG end."""
    return [
        Linear(inputs, wide),
        nn.ReLU(),
        nn.Dropout(dropout),
        Linear(wide, wide),
        nn.ReLU(),
        nn.Dropout(dropout),
        Linear(wide, classes),
    ]


def draw(layer: nn.Linear | nn.Conv2d, std: float) -> None:
    """Draw the layer's weights from N(0, std²); its biases become 0."""
    init.normal_(layer.weight, 0.0, std)
    if layer.bias is not None:
        init.zeros_(layer.bias)
