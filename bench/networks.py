"""The five networks, written once: shinso and PyTorch name their layers alike.

Each function takes the framework to build with, so both sides have the same layers in the same
order under the same names, and can exchange their weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple


class Framework(NamedTuple):
    """What the networks are built from.

    nn: the module of layers. relu: makes a ReLU layer (PyTorch's may work in place). pad: the
    function that gives an array a border.
    """

    nn: Any
    relu: Callable[[], Any]
    pad: Callable[..., Any]


def tiny(f: Framework) -> Any:
    """2-16-16-1 with tanh: nearly all of its time is the framework's own."""
    nn = f.nn
    return nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )


def mlp(f: Framework) -> Any:
    """784-100-10, the first network for MNIST."""
    nn = f.nn
    return nn.Sequential(nn.Linear(784, 100), f.relu(), nn.Linear(100, 10))


def lenet(f: Framework) -> Any:
    """Two convolutions with pooling and two fully connected layers, for 28×28 images."""
    nn = f.nn
    return nn.Sequential(
        *(nn.Conv2d(1, 20, 5), f.relu(), nn.MaxPool2d(2)),
        *(nn.Conv2d(20, 50, 5), f.relu(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(800, 500), f.relu()),
        nn.Linear(500, 10),
    )


def resnet20(f: Framework) -> Any:
    """ResNet-20 for 32×32 images: a convolution, nine residual blocks, global average pooling.

    K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition", 2016.
    """
    nn = f.nn
    block = residual_block(f)
    widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), f.relu()),
        *(block(before, after) for before, after in itertools.pairwise(widths)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(64, 10),
    )


def residual_block(f: Framework) -> Callable[[int, int], Any]:
    """A class of blocks: two convolutions and a way around them.

    Where a block doubles the channels it also halves the picture; the way around then takes every
    second pixel and adds channels of zeros, which needs no parameters (the paper's option A).
    """
    nn = f.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, before: int, after: int) -> None:
            super().__init__()
            stride = 1 if before == after else 2
            self.new = (after - before) // 2  # channels of zeros on either side
            self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.relu = f.relu()

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if self.new:
                x = f.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.new, self.new))
            return self.relu(y + x)

    return Block


def alexnet(f: Framework) -> Any:
    """AlexNet as torchvision has it: five convolutions, three fully connected layers.

    A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
    """
    nn = f.nn
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), f.relu(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), f.relu(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), f.relu()),
        *(nn.Conv2d(384, 256, 3, padding=1), f.relu()),
        *(nn.Conv2d(256, 256, 3, padding=1), f.relu(), nn.MaxPool2d(3, 2)),
        *(nn.AdaptiveAvgPool2d(6), nn.Flatten()),
        *(nn.Dropout(0.5), nn.Linear(256 * 6 * 6, 4096), f.relu()),
        *(nn.Dropout(0.5), nn.Linear(4096, 4096), f.relu()),
        nn.Linear(4096, 1000),
    )


NETWORKS: dict[str, Callable[[Framework], Any]] = {
    "tiny": tiny,
    "mlp": mlp,
    "lenet": lenet,
    "resnet20": resnet20,
    "alexnet": alexnet,
}
