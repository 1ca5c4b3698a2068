"""Networks of the zoo as workloads, and where PyTorch's side of each comes from.

shinso's side is `models.create(name)`. The peers are the implementations that people use:
torchvision's (same keys), and pytorchcv's for CIFAR (same tensors in the same order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.workloads import WORKLOADS, Workload


@dataclass(frozen=True)
class Peer:
    """library: "torchvision" or "pytorchcv"; name: the network's name there; options: theirs and
    shinso's.
    """

    library: str
    name: str
    options: tuple[tuple[str, Any], ...] = ()
    ours: tuple[tuple[str, Any], ...] = ()


_IMAGENET, _CIFAR = (3, 224, 224), (3, 32, 32)
_ROWS: tuple[tuple[str, tuple[int, ...], int, int, bool, Peer], ...] = (
    ("mobilenet_v2", _IMAGENET, 1000, 8, True, Peer("torchvision", "mobilenet_v2")),
    ("resnext29_8x64d", _CIFAR, 10, 16, False, Peer("pytorchcv", "resnext29_8x64d")),
    ("vgg11", _IMAGENET, 1000, 4, True, Peer("torchvision", "vgg11")),
    (
        "googlenet", _IMAGENET, 1000, 8, True,
        Peer("torchvision", "googlenet", (("aux_logits", False),), (("aux_logits", False),)),
    ),
    ("densenet_bc100_12", _CIFAR, 10, 32, False, Peer("pytorchcv", "densenet100_k12_bc")),
    ("squeezenet1_1", _IMAGENET, 1000, 8, True, Peer("torchvision", "squeezenet1_1")),
    ("resnet18", _IMAGENET, 1000, 8, False, Peer("torchvision", "resnet18")),
    ("resnet50", _IMAGENET, 1000, 4, False, Peer("torchvision", "resnet50")),
    ("densenet121", _IMAGENET, 1000, 4, False, Peer("torchvision", "densenet121")),
    ("mobilenet_v3_small", _IMAGENET, 1000, 8, True, Peer("torchvision", "mobilenet_v3_small")),
    ("shufflenet_v2_x1_0", _IMAGENET, 1000, 8, False, Peer("torchvision", "shufflenet_v2_x1_0")),
    ("mnasnet1_0", _IMAGENET, 1000, 8, True, Peer("torchvision", "mnasnet1_0")),
    ("efficientnet_b0", _IMAGENET, 1000, 4, True, Peer("torchvision", "efficientnet_b0")),
    ("resnext50_32x4d", _IMAGENET, 1000, 4, False, Peer("torchvision", "resnext50_32x4d")),
    (
        "cifar_resnet56", _CIFAR, 10, 64, False,
        Peer("pytorchcv", "resnet56", (), (("shortcut", "projection"),)),
    ),
    ("pyramidnet110_a48", _CIFAR, 10, 16, False, Peer("pytorchcv", "pyramidnet110_a48")),
)  # fmt: skip

GROWING = (1e-4, 1e-3, 3e-2)
"""With each step deep networks at a high rate make roundings much larger, and two layouts of
PyTorch differ as much."""

PEERS = {name: peer for name, _, _, _, _, peer in _ROWS}
ZOO = {
    name: Workload(
        name,
        f"{peer.library}'s {peer.name}",
        shape,
        classes,
        batch,
        0.9,
        0,
        dropout,
        lr=1e-3,
        tolerances=GROWING,
    )
    for name, shape, classes, batch, dropout, peer in _ROWS
}

KNOWN = WORKLOADS | ZOO
