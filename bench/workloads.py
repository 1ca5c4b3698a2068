"""The five workloads: what is trained, on what data, with what options. No framework in here.

Both sides build their networks from the names below and get the same arrays, so that a difference
in time is a difference between frameworks and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

STRICT = (1e-4, 1e-4, 1e-4)
MODES = ("train", "infer")
"""A training step on a whole batch; one example at a time, in evaluation mode, no gradients."""


@dataclass(frozen=True)
class Workload:
    """One network and how it is trained.

    name: also the key under which both sides keep the network. shape: of one example. classes: 1
    means binary cross-entropy on one score (logit), more mean cross-entropy. batch: examples per
    training step. momentum: of SGD. parameters: how many numbers the network learns.
    dropout: whether it draws random masks, which no two frameworks draw alike. tolerances: how far
    apart, relative to the larger of 1 and the loss, both sides' losses may be in the first steps.
    """

    name: str
    network: str
    shape: tuple[int, ...]
    classes: int
    batch: int
    momentum: float
    parameters: int
    dropout: bool = False
    lr: float = 0.01
    tolerances: tuple[float, ...] = STRICT

    @property
    def binary(self) -> bool:
        """Whether the loss is binary cross-entropy."""
        return self.classes == 1

    def data(self, batch: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Inputs (batch, *shape) float32 from a normal distribution, and targets.

        Targets are class labels (batch,) int64, or 0 and 1 (batch, 1) float32 if binary. Random
        numbers will do: how long a step takes does not depend on what the pictures show.
        """
        rng = np.random.default_rng(0)
        x = rng.standard_normal((batch, *self.shape), dtype=np.float32)
        if self.binary:
            return x, rng.integers(0, 2, (batch, 1)).astype(np.float32)
        return x, rng.integers(0, self.classes, batch)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("tiny", "2-16-16-1, tanh", (2,), 1, 32, 0.0, 337),
        Workload("mlp", "784-100-10, ReLU", (784,), 10, 100, 0.9, 79_510),
        Workload("lenet", "2 convolutions 5×5, 800-500-10", (1, 28, 28), 10, 100, 0.9, 431_080),
        Workload("resnet20", "He et al. for CIFAR", (3, 32, 32), 10, 128, 0.9, 269_722),
        Workload(
            "alexnet", "torchvision's form", (3, 224, 224), 1000, 16, 0.9, 61_100_840, dropout=True
        ),
    )
}
