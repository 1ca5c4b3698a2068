"""One training run in a process of its own: shinso's, or the same recipe in PyTorch.

    python -m bench.training_sides VARIANT FOLDER THREADS

FOLDER holds what `bench.training.prepare` wrote. After every epoch the process prints the share of
test examples that it gets right, as a line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from bench.networks import resnet20

EVALUATION_BATCH = 256
SIDE = 32
"""Of images as the networks get them; smaller ones get a border."""
PCT_START = 0.2
"""The share of the cycle in which the learning rate goes up, as `shinso train` has it."""

Report = Callable[[int, float], None]
"""Called after each epoch with its number, from 1, and the accuracy on the test examples."""


@dataclass(frozen=True)
class Job:
    """The recipe and the data, the same for both sides.

    model: the network's name. recipe: the fields of `shinso.cli.recipe.Recipe`. augment: whether
    training images are moved by up to an eighth of their side and mirrored. mean, std: of each
    channel's pixels, divided by 255. arrays: train_x, test_x (N, C, H, W) uint8; train_t, test_t
    (N,) int64; orders (epochs, N), the order of the training examples in each epoch; and the
    initial weights by name, with "weight:" before it.
    """

    model: str
    recipe: dict[str, Any]
    augment: bool
    seed: int
    mean: list[float]
    std: list[float]
    arrays: dict[str, np.ndarray[Any, Any]]

    def save(self, folder: Path) -> None:
        """Write it to two files, of plain values and of arrays."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "arrays"}
        (folder / "job.json").write_text(json.dumps(plain))
        np.savez(folder / "job.npz", allow_pickle=False, **self.arrays)

    @classmethod
    def load(cls, folder: Path) -> Job:
        """Read what `save` wrote."""
        with np.load(folder / "job.npz", allow_pickle=False) as file:
            return cls(**json.loads((folder / "job.json").read_text()), arrays=dict(file))

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """The initial weights by name."""
        start = "weight:"
        return {k.removeprefix(start): v for k, v in self.arrays.items() if k.startswith(start)}


def train_shinso(job: Job, report: Report) -> None:
    """Train as `shinso train` does, but write no run folder."""
    # Each process imports one framework only, and imports count as part of its time.
    from shinso import models, nn
    from shinso.cli.papers import CROP
    from shinso.cli.pipeline import Pipeline
    from shinso.cli.recipe import Recipe, make_optimizer, make_schedule
    from shinso.cli.threads import suited_to
    from shinso.data import ArrayDataset, DataLoader, ToFloat
    from shinso.ops import manual_seed
    from shinso.train import LambdaCallback, Trainer

    recipe = Recipe(**job.recipe)
    pipeline = Pipeline(job.arrays["train_x"].shape[1:], SIDE, tuple(job.mean), tuple(job.std))

    def loader(part: str, batch: int, augment: Sequence[str] = (), **order: Any) -> DataLoader:
        x, t = job.arrays[f"{part}_x"], job.arrays[f"{part}_t"]
        dataset = ArrayDataset(x, t, transform=ToFloat(255.0))
        return DataLoader(dataset, batch, transform=pipeline.steps(augment), **order)

    augment = CROP if job.augment else ()
    train = loader("train", recipe.batch_size, augment, shuffle=True, seed=job.seed)
    manual_seed(job.seed)
    model = models.create(job.model, 10, pipeline.output_shape)
    optimizer = make_optimizer(recipe, model.parameters())
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        schedule=make_schedule(recipe, optimizer, len(train)),
        schedule_every="step",
        metrics=["accuracy"],
        callbacks=LambdaCallback(
            on_epoch_end=lambda epoch, logs: report(epoch + 1, logs["val_accuracy"])
        ),
        seed=job.seed,
        progress=False,
    )
    threads = suited_to(model, pipeline.output_shape, recipe.batch_size)
    with threads, np.errstate(all="ignore"):
        trainer.fit(train, recipe.epochs, validation=loader("test", EVALUATION_BATCH))


def train_torch(job: Job, report: Report, variant: str, threads: int) -> None:
    """Train by the same recipe in PyTorch. variant: eager, channels_last or compile.

    All images are padded and normalized at once, before the first epoch, and a batch is one
    indexing operation, moving and mirroring included. The optimizer is the fused one. Raises
    ValueError for a recipe other than AdamW or SGD with one cycle.
    """
    # Only this side's process has PyTorch.
    import torch
    from torch.nn import functional

    recipe = job.recipe
    if recipe["optimizer"] not in ("adamw", "sgd") or recipe["schedule"] != "onecycle":
        raise ValueError(f"PyTorch's side knows AdamW and SGD with one cycle only, not {recipe}")
    torch.set_num_threads(threads)
    torch.manual_seed(job.seed)
    layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
    mean, std = (torch.tensor(c)[:, None, None] for c in (job.mean, job.std))
    move = SIDE // 8 if job.augment else 0

    def images(part: str, border: int = 0) -> Any:
        x = torch.from_numpy(job.arrays[f"{part}_x"])
        x = functional.pad(x, [(SIDE - x.shape[-1]) // 2] * 4)
        x = functional.pad(x.float().div_(255).sub_(mean).div_(std), [border] * 4)
        return x.contiguous(memory_format=layout)

    def taken(batch: Any) -> Any:
        if not job.augment:
            return train_x[batch]
        n, across = len(batch), torch.arange(SIDE)
        top, left = torch.randint(0, 2 * move + 1, (2, n, 1))
        columns = torch.where(torch.rand(n, 1) < 0.5, across, across.flip(0))
        rows, columns = (top + across)[:, :, None], (left + columns)[:, None, :]
        x = train_x.permute(0, 2, 3, 1)[batch[:, None, None], rows, columns]
        return x.permute(0, 3, 1, 2).contiguous(memory_format=layout)

    train_x, test_x = images("train", move), images("test")
    train_t, test_t = (torch.from_numpy(job.arrays[f"{part}_t"]) for part in ("train", "test"))
    # Only this side may import PyTorch.
    from bench import on_torch, zoo_peer

    model = _torch_lenet5(torch.nn) if job.model == "lenet5" else resnet20(on_torch.TORCH)
    model = model.to(memory_format=layout)
    zoo_peer.load(model, job.weights())
    forward = torch.compile(model, dynamic=False) if variant == "compile" else model
    settings = {"lr": recipe["lr"], "weight_decay": recipe["weight_decay"], "fused": True}
    if recipe["optimizer"] == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), momentum=0.9, **settings)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), **settings)
    size = recipe["batch_size"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe["lr"],
        total_steps=recipe["epochs"] * -(-len(train_x) // size),
        pct_start=PCT_START,
        cycle_momentum=False,
    )
    for epoch, order in enumerate(torch.from_numpy(job.arrays["orders"])):
        model.train()
        for batch in order.split(size):
            loss = functional.cross_entropy(forward(taken(batch)), train_t[batch])
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        model.eval()
        with torch.inference_mode():
            parts = zip(test_x.split(EVALUATION_BATCH), test_t.split(EVALUATION_BATCH), strict=True)
            right = sum(int((forward(x).argmax(1) == t).sum()) for x, t in parts)
        report(epoch + 1, right / len(test_x))


def _torch_lenet5(nn: Any) -> Any:
    """`shinso.models.LeNet5`, its layers under the same names."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
    )
    classifier = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(400, 120), nn.ReLU(inplace=True)),
        *(nn.Linear(120, 84), nn.ReLU(inplace=True)),
        nn.Linear(84, 10),
    )
    model = nn.Sequential()
    model.add_module("features", features)
    model.add_module("classifier", classifier)
    return model


def main() -> None:
    """Train and print."""
    variant, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])

    def report(epoch: int, accuracy: float) -> None:
        print(json.dumps({"epoch": epoch, "accuracy": accuracy}), flush=True)

    job = Job.load(folder)
    if variant == "shinso":
        train_shinso(job, report)
    else:
        train_torch(job, report, variant, threads)


if __name__ == "__main__":
    main()
