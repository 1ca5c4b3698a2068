"""LeNet-5, 1998: the convolutional network that read cheques.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
recognition".

New: convolutions that share their weights, alternating with pooling, trained end to end on pixels.

    32×32×C ─ conv 5×5 ─ 28×28×6 ─ pool ─ 14×14×6 ─ conv 5×5 ─ 10×10×16 ─ pool ─ 5×5×16
            ─ 120 ─ 84 ─ classes

61 706 parameters with one input channel and 10 classes. Published: 0.95 % error on MNIST, without
distortions.
"""

from __future__ import annotations

from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.activations import activation_layer
from shinso.models.entry import Entry, Published


class LeNet5(nn.Module):
    """LeNet-5 for 32×32 images.

    num_classes: outputs. in_channels: 1 for grey, 3 for colour. activation: "relu" (today's
    choice) or "tanh" (the paper's), any name of `models.activation_layer`. pool: "max" (today's)
    or "avg" (the paper's). Input (N, in_channels, 32, 32); pad 28×28 images by 2. Output: scores
    (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 1,
        activation: str = "relu",
        pool: str = "max",
    ) -> None:
        super().__init__()
        if pool not in ("max", "avg"):
            raise ValueError(f'pool is "max" or "avg", not {pool!r}')
        pooling = nn.MaxPool2d if pool == "max" else nn.AvgPool2d
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5),
            activation_layer(activation),
            pooling(2),
            nn.Conv2d(6, 16, 5),
            activation_layer(activation),
            pooling(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(400, 120),
            activation_layer(activation),
            nn.Linear(120, 84),
            activation_layer(activation),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        if x.ndim == 4 and tuple(x.shape[2:]) != (32, 32):
            raise ValueError(
                f"got images of {x.shape[2]}×{x.shape[3]}; LeNet-5 takes 32×32. "
                "Pad 28×28 images by 2 (data.Pad), or resize them (data.Resize)"
            )
        return self.classifier(self.features(x))


ENTRIES = (
    Entry(
        "lenet5",
        1998,
        "shared weights: convolution and pooling",
        LeNet5,
        image_size=32,
        data="MNIST",
        paper="LeCun et al. 1998, Proceedings of the IEEE 86(11)",
        published=Published(0.95, "without distortions", "LeCun et al. 1998"),
    ),
)
