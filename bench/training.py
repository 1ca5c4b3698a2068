"""Whole training runs, from the start of the process: `python -m bench.training --help`."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.__main__ import positive
from bench.machine import describe
from bench.process import ROOT, THREAD_VARIABLES, BenchError
from bench.training_sides import Job
from shinso.cli.recipe import default_recipe
from shinso.cli.session import make_plan
from shinso.data import DataError, DataLoader, DataSplits, load
from shinso.ops import manual_seed

VARIANTS = {
    "shinso": "shinso",
    "eager": "torch eager",
    "channels_last": "torch channels_last",
    "compile": "torch compile",
}


@dataclass(frozen=True)
class Task:
    """A data set, a network, and how it is trained.

    goal: the accuracy that counts; None for that at the end. chosen: what differs from the usual
    recipe of `shinso train`. augment: see `training_sides.Job`. peers: PyTorch's variants.
    """

    data: str
    model: str
    goal: float | None
    chosen: dict[str, Any]
    augment: bool
    peers: tuple[str, ...]


TASKS = {
    "mnist": Task("mnist", "lenet5", 0.99, {}, False, ("eager", "channels_last")),
    "cifar10": Task(
        "cifar10",
        "cifar_resnet20",
        None,
        {
            "epochs": 10, "batch_size": 128, "optimizer": "sgd", "lr": 0.2,
            "weight_decay": 5e-4, "schedule": "onecycle",
        },
        True,
        ("compile",),
    ),
}  # fmt: skip


@dataclass
class Run:
    """One training run. goal: the accuracy that counts; None for that at the end. seconds,
    accuracy: at the end of each epoch, from the process's start."""

    variant: str
    goal: float | None
    seconds: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)

    @property
    def epochs_to_goal(self) -> int | None:
        """The first epoch, from 1, after which the goal is reached; None if that never happens."""
        if self.goal is None:
            return len(self.accuracy)
        return next((i for i, a in enumerate(self.accuracy, 1) if a >= self.goal), None)

    @property
    def seconds_to_goal(self) -> float | None:
        """The seconds until then."""
        epochs = self.epochs_to_goal
        return None if epochs is None else self.seconds[epochs - 1]


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.training",
        description=(
            "Train LeNet-5 on MNIST, or cifar_resnet20 on CIFAR-10 for 10 epochs, as `shinso "
            "train` does, from an empty kernel cache, and by the same recipe in PyTorch: seconds "
            "from the start of the process to the end of the first epoch after which 99.0 % of "
            "MNIST's test examples are right, or to the end of the last one on CIFAR-10."
        ),
    )
    add = parser.add_argument
    add("task", choices=TASKS, help="what to train on")
    add("--data-dir", type=Path, metavar="DIR", help="folder with the data set's files")
    add("--peers", nargs="+", choices=list(VARIANTS)[1:], help="PyTorch's variants")
    add("--threads", type=positive, default=2, metavar="N", help="for both sides (default 2)")
    add("--repeats", type=positive, default=2, metavar="N", help="runs of each side (default 2)")
    add("--seed", type=int, default=0, help="decides weights and order (default 0)")
    add("--no-peer", action="store_true", help="shinso alone; PyTorch is not needed")
    return parser.parse_args(arguments)


def prepare(task: Task, splits: DataSplits, seed: int) -> Job:
    """The task's recipe for this data, with the weights and orders that the seed gives."""
    recipe = default_recipe(len(splits.train), task.chosen)
    manual_seed(seed)
    model = make_plan(task.model, splits, splits.name, None, None, {}).build()
    loader = DataLoader(splits.train, recipe.batch_size, shuffle=True, seed=seed)
    arrays = {f"weight:{name}": np.asarray(a) for name, a in model.state_dict().items()}
    for part, dataset in (("train", splits.train), ("test", splits.test)):
        arrays[f"{part}_x"], arrays[f"{part}_t"] = dataset.arrays
    arrays["orders"] = np.stack([loader.order(epoch) for epoch in range(recipe.epochs)])
    mean, std = ([float(c) for c in channels] for channels in (splits.mean, splits.std))
    return Job(task.model, asdict(recipe), task.augment, seed, mean, std, arrays)


def train(
    variant: str, goal: float | None, folder: Path, threads: int, note: Callable[[str], None]
) -> Run:
    """Train in a new process; note is told about every epoch. Raises BenchError if it fails."""
    run = Run(variant, goal)
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
    with TemporaryDirectory() as cache:
        environment = {**os.environ, **limits, "SHINSO_CACHE_DIR": cache}
        command = [sys.executable, "-m", "bench.training_sides", variant, str(folder), str(threads)]
        start = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                seconds, found = time.perf_counter() - start, json.loads(line)
                run.seconds.append(seconds)
                run.accuracy.append(found["accuracy"])
                note(
                    f"{VARIANTS[variant]:20} epoch {found['epoch']}  {seconds:6.2f} s  "
                    f"{found['accuracy']:.2%}"
                )
    if process.returncode:
        raise BenchError(f"the run of {VARIANTS[variant]} ended with code {process.returncode}")
    return run


def typical(runs: list[Run]) -> float | None:
    """The median of the seconds to the goal; None unless every run reached it."""
    seconds = [run.seconds_to_goal for run in runs]
    found = [s for s in seconds if s is not None]
    return statistics.median(found) if len(found) == len(seconds) else None


def cells(runs: list[Run], shinso: float | None) -> list[str]:
    """A row of the table: all runs of one variant. shinso: seconds of shinso's side."""
    final = ", ".join(f"{run.accuracy[-1]:.2%}" for run in runs)
    name, here = VARIANTS[runs[0].variant], typical(runs)
    seconds = " / ".join(
        "not reached" if (s := run.seconds_to_goal) is None else f"{s:.2f}" for run in runs
    )
    epochs = " / ".join(str(run.epochs_to_goal or "–") for run in runs)
    ratio = "–" if here is None or shinso is None else f"{here / shinso:.2f}"
    return [name, epochs, seconds, ratio, final]


def table(results: dict[str, list[Run]]) -> Table:
    """All runs, by variant."""
    goal = results["shinso"][0].goal
    wanted = "seconds" if goal is None else f"seconds to {goal:.1%}"
    result = Table(box=SIMPLE_HEAD, caption="ratio = torch / shinso: above 1, shinso is faster")
    for heading in ("side", "epochs", wanted, "ratio", "accuracy at the end"):
        result.add_column(heading, no_wrap=True)
    shinso = typical(results["shinso"])
    for runs in results.values():
        result.add_row(*cells(runs, shinso))
    return result


def measure(chosen: argparse.Namespace, console: Console) -> None:
    """Train all variants in turns and show the table. Raises BenchError or DataError."""
    if not chosen.no_peer and find_spec("torch") is None:
        raise BenchError("PyTorch is not installed here. Use `make bench-train`, or --no-peer.")
    task = TASKS[chosen.task]
    job = prepare(task, load(task.data, data_dir=chosen.data_dir), chosen.seed)
    console.print(f"recipe: {job.recipe}, seed {chosen.seed}", markup=False, highlight=False)
    peers = [] if chosen.no_peer else chosen.peers or task.peers
    variants = ["shinso", *peers]
    results: dict[str, list[Run]] = {variant: [] for variant in variants}

    def note(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    with TemporaryDirectory() as name:
        job.save(Path(name))
        for _ in range(chosen.repeats):
            for variant in variants:
                results[variant].append(train(variant, task.goal, Path(name), chosen.threads, note))
    console.print(table(results))
    console.print(describe(chosen.threads), markup=False, highlight=False)


def main() -> int:
    """The command; returns its exit code."""
    try:
        measure(options(), Console())
    except (BenchError, DataError) as error:
        print(f"bench.training: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
