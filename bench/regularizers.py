"""Test errors on few images, with and without each regularizer: `python -m bench.regularizers`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.__main__ import positive
from shinso import data, models, nn, optim
from shinso.ops import manual_seed
from shinso.train import Trainer

BATCH, RATE, DECAY = 32, 0.05, 5e-4
PLAIN: dict[str, Any] = {"forward": "even", "backward": "even"}
"""Both branches of a block count for a half: shake-shake's network without its noise."""


@dataclass(frozen=True)
class Method:
    """network: options of the model besides those of `PLAIN`. image, batch: transforms."""

    network: dict[str, Any] = field(default_factory=dict)
    image: Any = None
    batch: Any = None


METHODS = {
    "none": Method(),
    "cutout, 16 of 32 pixels": Method(image=data.Cutout(16)),
    "random erasing, p = 0.5": Method(image=data.RandomErasing(0.5)),
    "mixup, α = 1": Method(batch=data.Mixup(1.0, 10)),
    "stochastic depth, 0 to 0.5": Method({"drop_path": 0.5}),
    "shake-shake, per image": Method({"forward": "shake", "backward": "shake"}),
    "dropout of the last layer, 0.5": Method({"dropout": 0.5}),
}


@dataclass(frozen=True)
class Result:
    """Shares of wrong answers at the end of a run."""

    method: str
    seed: int
    training: float
    test: float


def images(folder: Path | None, count: int) -> tuple[Any, Any]:
    """`count` training images with their classes, and all test images: mean 0, std 1.

    Those to learn from are drawn once, the same for every seed.
    """
    splits = data.load("cifar10", data_dir=folder)
    drawn = np.random.default_rng(0).permutation(len(splits.train))[:count]
    normalize = data.Compose([data.ToFloat(255.0), data.Normalize(splits.mean, splits.std)])
    parts = []
    for dataset, chosen in ((splits.train, drawn), (splits.test, slice(None))):
        x, t = (a[chosen] for a in dataset.arrays)
        parts.append((np.asarray(normalize(x, None), np.float32), t))
    return parts[0], parts[1]


def train(
    name: str, seed: int, epochs: int, learn: tuple[Any, Any], test: tuple[Any, Any]
) -> Result:
    """Train with one method and nothing else against overfitting; one cycle of the rate."""
    method = METHODS[name]
    manual_seed(seed)
    options = {"width": 12, "layers": (2, 2, 2)} | PLAIN | method.network
    model = models.create("shake_shake26_2x32d", 10, in_channels=3, **options)
    loader = data.DataLoader(
        data.ArrayDataset(*learn),
        BATCH,
        shuffle=True,
        seed=seed,
        transform=method.image,
        batch_transform=method.batch,
    )
    optimizer = optim.SGD(
        model.parameters(), lr=RATE, momentum=0.9, nesterov=True, weight_decay=DECAY
    )
    schedule = optim.OneCycleLR(
        optimizer, max_lr=RATE, total_steps=epochs * len(loader), cycle_momentum=False
    )
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        schedule=schedule,
        schedule_every="step",
        metrics=["accuracy"],
        seed=seed,
        progress=False,
    )
    trainer.fit(loader, epochs)
    found = [1 - trainer.evaluate(part)["accuracy"] for part in (learn, test)]
    return Result(name, seed, *found)


def table(results: Sequence[Result]) -> Table:
    """Means over the seeds, and the standard deviation between them."""
    shown = Table(box=SIMPLE_HEAD)
    for heading in ("method", "seeds", "training error", "test error"):
        shown.add_column(heading)
    for name in dict.fromkeys(r.method for r in results):
        rows = [r for r in results if r.method == name]
        cells = [_spread([getattr(r, part) for r in rows]) for part in ("training", "test")]
        shown.add_row(name, str(len(rows)), *cells)
    return shown


def _spread(errors: Sequence[float]) -> str:
    spread = f" ± {100 * statistics.stdev(errors):.1f}" if len(errors) > 1 else ""
    return f"{100 * statistics.fmean(errors):.1f}{spread} %"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.regularizers",
        description="Train a small two-branch ResNet on few images of CIFAR-10, with and without "
        "each regularizer, and count the errors on its test images.",
    )
    add = parser.add_argument
    add("--data-dir", type=Path, metavar="DIR", help="folder with CIFAR-10's files")
    add("--images", type=positive, default=2000, metavar="N", help="to learn from (default 2000)")
    add("--epochs", type=positive, default=20, metavar="N", help="default 20")
    add("--seeds", type=positive, default=3, metavar="N", help="runs of each (default 3)")
    add("--json", type=Path, metavar="FILE", help="keep every run's errors")
    chosen = parser.parse_args(arguments)
    console = Console()
    try:
        learn, test = images(chosen.data_dir, chosen.images)
    except data.DataError as error:
        print(f"bench.regularizers: {error}", file=sys.stderr)
        return 1
    results = []
    for seed in range(chosen.seeds):
        for name in METHODS:
            results.append(train(name, seed, chosen.epochs, learn, test))
            last = results[-1]
            console.print(f"seed {seed}, {name}: {last.training:.1%} training, {last.test:.1%}")
            if chosen.json is not None:
                chosen.json.write_text(json.dumps([asdict(r) for r in results], indent=1))
    console.print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
