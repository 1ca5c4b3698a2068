"""AlexNet in one column, 2014: the form that torchvision and most later work call AlexNet.

A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks"; the network of
2012 (`alexnet_lrn`) without its two halves and its local response normalization.

New in 2012: a deep network on a million photographs, possible through ReLU, dropout and GPUs.

    224×224×3 ─ conv 11×11/4 ─ 55×55×64 ─ pool 3×3/2 ─ 27×27×64 ─ conv 5×5 ─ 27×27×192
              ─ pool ─ 13×13×192 ─ conv 3×3 ─ 384 ─ conv 3×3 ─ 256 ─ conv 3×3 ─ 256
              ─ pool ─ 6×6×256 ─ dropout ─ 4096 ─ dropout ─ 4096 ─ classes

Other sizes from 63×63 on are averaged to the 6×6 grid that the dense layers take.

61 100 840 parameters with 1000 classes. Published: 20.9 % top-5 error with one crop, of
torchvision's weights.
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.sizes import check_least

SMALLEST = 63


class AlexNet(nn.Module):
    """AlexNet in one column.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. dropout: probability of dropping
    before the two wide dense layers. width_mult: factor of all channels and dense widths.
    Input (N, in_channels, H, W), H and W at least 63, 224 in the paper. Output: scores
    (N, num_classes). State as torchvision's `alexnet`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout: float = 0.5,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        a, b, c, d, wide = (max(1, round(n * width_mult)) for n in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, a, 11, stride=4, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(a, b, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(b, c, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(d, d, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(36 * d, wide),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(wide, wide),
            nn.ReLU(),
            nn.Linear(wide, num_classes),
        )

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_least(x, SMALLEST, "AlexNet")
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


ENTRIES = (
    Entry(
        "alexnet",
        2014,
        "AlexNet in one column",
        AlexNet,
        image_size=224,
        smallest=SMALLEST,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Krizhevsky 2014, arXiv:1404.5997",
        published=Published(20.93, "top-5, one crop", "torchvision, AlexNet_Weights.IMAGENET1K_V1"),
        preprocessing=Preprocessing(),
    ),
)
