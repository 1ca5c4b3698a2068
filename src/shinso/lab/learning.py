"""Training small networks on pictures, for experiments that compare them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import data, nn, optim
from shinso.lab.experiment import Settings
from shinso.lab.samples import Part, images_and_classes
from shinso.train import Trainer


@dataclass(frozen=True)
class Plan:
    """A comparison: how many training images, epochs and seeds, and how wide the network is."""

    images: int
    epochs: int
    width: int
    seeds: int


def pictures(
    settings: Settings, name: str = "cifar10", side: int | None = None
) -> tuple[Part, Part]:
    """Training and test images with mean 0 and deviation 1 over the training images.

    side: to how many pixels they are enlarged; None leaves them. Classes come with each part.
    """
    train, test = images_and_classes(settings, name)
    if side is not None:
        resize = data.Resize((side, side))
        train, test = (resize(train[0], None), train[1]), (resize(test[0], None), test[1])
    mean = train[0].mean(axis=(0, 2, 3), keepdims=True)
    deviation = train[0].std(axis=(0, 2, 3), keepdims=True)
    return ((train[0] - mean) / deviation, train[1]), ((test[0] - mean) / deviation, test[1])


def few(part: Part, count: int, seed: int = 0) -> Part:
    """`count` examples, as many of each class as can be, drawn with the seed."""
    rng = np.random.default_rng(seed)
    x, t = part
    classes = np.unique(t)
    # One of each class, then the second of each class, and so on.
    rows = [rng.permutation(np.flatnonzero(t == c)) for c in classes]
    turns = np.concatenate([np.arange(len(row)) for row in rows])
    order = np.argsort(turns, kind="stable")[:count]
    chosen = np.concatenate(rows)[order]
    return x[chosen], t[chosen]


def learn(
    model: nn.Module,
    train: Part,
    test: Part | None = None,
    *,
    epochs: int,
    lr: float = 0.05,
    weight_decay: float = 5e-4,
    batch_size: int = 64,
    seed: int = 0,
    cycle: bool = True,
    **options: Any,
) -> Trainer:
    """Train with SGD, momentum 0.9, and one cycle of the learning rate up to `lr`.

    test: what is measured after every epoch. cycle: False keeps the rate constant. options: go to
    the `Trainer`. Returns the trainer, whose `history` has loss and accuracy of every epoch.
    """
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=weight_decay)
    if cycle:
        steps = epochs * -(-len(train[0]) // batch_size)
        schedule = optim.OneCycleLR(optimizer, max_lr=lr, total_steps=steps, cycle_momentum=False)
        options |= {"schedule": schedule, "schedule_every": "step"}
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        metrics=["accuracy"],
        seed=seed,
        progress=False,
        **options,
    )
    trainer.fit(train, epochs=epochs, validation=test, batch_size=batch_size)
    return trainer


def error(trainer: Trainer, part: Part) -> float:
    """The share of wrong answers in evaluation mode, in per cent."""
    return 100 * (1 - trainer.evaluate(part, batch_size=256)["accuracy"])
