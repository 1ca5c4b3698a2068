"""ZFNet, 2013: AlexNet after its creators' rivals had looked inside.

M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks".

New: a look at what each layer sees (a deconvnet projects a unit back to pixels). AlexNet's first
filters turned out very fine or very coarse, and its second layer full of aliasing, so the first
window became 7×7 with step 2.

    224×224×3 ─ conv 7×7/2 ─ 110×110×96 ─ pool 3×3/2 ─ LRN ─ 55×55×96
              ─ conv 5×5/2 ─ 26×26×256 ─ pool 3×3/2 ─ LRN ─ 13×13×256
              ─ conv 3×3 ─ 384 ─ conv 3×3 ─ 384 ─ conv 3×3 ─ 256
              ─ pool 3×3/2 ─ 6×6×256 ─ 4096 ─ dropout ─ 4096 ─ dropout ─ classes

The paper calls its normalization "contrast normalization across feature maps": the local response
normalization of AlexNet, after pooling. Convolutions have one group.

62 357 608 parameters with 1000 classes. Published: 16.5 % top-5 error on the ILSVRC-2012
validation images, one network (table 2).
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.alexnet_lrn import damping
from shinso.models.entry import Entry, Published
from shinso.models.normal_start import Conv2d, dense_head
from shinso.models.sizes import check_exactly

SIDE = 224


class ZFNet(nn.Module):
    """ZFNet for 224×224 images.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. dropout: probability of dropping
    after the two wide dense layers. width_mult: factor of all channels and dense widths.
    normalization: False leaves out the local response normalization, as most later code does.
    Input (N, in_channels, 224, 224); output: scores (N, num_classes). Weights start from
    N(0, 0.01²) and biases from 0, as in the paper.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        width_mult: float = 1.0,
        normalization: bool = True,
    ) -> None:
        super().__init__()
        a, b, c, wide = (max(1, round(n * width_mult)) for n in (96, 256, 384, 4096))
        self.features = nn.Sequential(
            Conv2d(in_channels, a, 7, stride=2, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            _contrast(normalization),
            Conv2d(a, b, 5, stride=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),
            _contrast(normalization),
            Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            Conv2d(c, c, 3, padding=1),
            nn.ReLU(),
            Conv2d(c, b, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), *dense_head(36 * b, wide, num_classes, dropout)
        )

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_exactly(x, SIDE, "ZFNet")
        return self.classifier(self.features(x))


def _contrast(wanted: bool) -> nn.Module:
    # AlexNet's constants: the paper states none of its own.
    return damping() if wanted else nn.Identity()


ENTRIES = (
    Entry(
        "zfnet",
        2013,
        "AlexNet with a finer first layer, after looking inside",
        ZFNet,
        image_size=SIDE,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Zeiler, Fergus 2013, arXiv:1311.2901",
        published=Published(
            16.5, "top-5, ILSVRC-2012 validation, one network", "Zeiler & Fergus 2013, table 2"
        ),
    ),
)
