"""AlexNet, 2012: the network that won ImageNet by ten points and began the present.

A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural
networks".

New: ReLU instead of tanh, which trains several times faster; dropout on the dense layers; pooling
windows that overlap; local response normalization, in which strong channels damp their neighbours;
and convolutions 2, 4 and 5 in two groups, one for each of two GPUs.

    227×227×3 ─ conv 11×11/4 ─ 55×55×96 ─ LRN ─ pool 3×3/2 ─ 27×27×96
              ─ conv 5×5, 2 groups ─ 27×27×256 ─ LRN ─ pool ─ 13×13×256
              ─ conv 3×3 ─ 384 ─ conv 3×3, 2 groups ─ 384 ─ conv 3×3, 2 groups ─ 256
              ─ pool ─ 6×6×256 ─ 4096 ─ dropout ─ 4096 ─ dropout ─ classes

The paper says 224×224, but an 11×11 window with step 4 and no border goes over 227 to give its 55.

60 965 224 parameters with 1000 classes ("60 million"). Published: 18.2 % top-5 error on the
ILSVRC-2012 validation images, one network (table 2); 16.4 % on the test images, five networks.
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Published
from shinso.models.normal_start import Conv2d, dense_head
from shinso.models.sizes import check_exactly
from shinso.nn import init

SIDE = 227


class AlexNetLRN(nn.Module):
    """The AlexNet of 2012, with local response normalization and two groups.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. dropout: probability of dropping
    after the two wide dense layers. width_mult: factor of all channels and dense widths.
    Input (N, in_channels, 227, 227); output: scores (N, num_classes). Weights start from
    N(0, 0.01²), the biases of convolutions 2, 4, 5 and of the two wide layers from 1, as in the
    paper, which gives their ReLUs positive inputs at the beginning.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        # Even numbers, which two groups can share.
        a, b, c, wide = (2 * max(1, round(n * width_mult / 2)) for n in (96, 256, 384, 4096))
        self.features = nn.Sequential(
            Conv2d(in_channels, a, 11, stride=4),
            nn.ReLU(),
            damping(),
            nn.MaxPool2d(3, stride=2),
            Conv2d(a, b, 5, padding=2, groups=2),
            nn.ReLU(),
            damping(),
            nn.MaxPool2d(3, stride=2),
            Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            Conv2d(c, c, 3, padding=1, groups=2),
            nn.ReLU(),
            Conv2d(c, b, 3, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), *dense_head(36 * b, wide, num_classes, dropout)
        )
        for layer in (*(self.features[i] for i in (4, 10, 12)), *self.classifier[1:5]):
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                init.ones_(layer.bias)

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_exactly(x, SIDE, "the AlexNet of 2012")
        return self.classifier(self.features(x))


def damping() -> nn.LocalResponseNorm:
    """The paper's normalization: n = 5, α = 1e-4, β = 0.75, k = 2 (our α is divided by n)."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


ENTRIES = (
    Entry(
        "alexnet_lrn",
        2012,
        "ReLU, dropout, overlapping pooling, LRN, two groups",
        AlexNetLRN,
        image_size=SIDE,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Krizhevsky, Sutskever, Hinton 2012, NIPS",
        published=Published(
            18.2, "top-5, ILSVRC-2012 validation, one network", "Krizhevsky et al. 2012, table 2"
        ),
    ),
)
