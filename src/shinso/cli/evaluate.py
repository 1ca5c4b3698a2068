"""`shinso evaluate`: measure a finished run on its test data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from shinso.cli.screen import console, show_table
from shinso.cli.session import (
    Plan,
    load_model,
    load_splits,
    loader_for,
    loss_for,
    read_plan,
    remembered_data_dir,
)
from shinso.data import DataError
from shinso.graph import no_grad
from shinso.train import f1_score, precision, recall


def command(
    run: Annotated[Path, typer.Argument(help="A run folder that `shinso train` left.")],
    data: Annotated[
        str | None, typer.Option(help="Another data set of the same kind. [default: the run's]")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data set's files.")] = None,
) -> None:
    """Measure a run's network on test data, class by class.

    Other data that has no test part of its own is measured whole.
    """
    plan, config = read_plan(run)
    model = load_model(run, plan)
    spec = plan.data if data is None else data
    splits = load_splits(
        spec, remembered_data_dir(config, data_dir), plan.image_size, plan.target, plan.task
    )
    if list(splits.input_shape) != plan.input_shape or splits.task != plan.task:
        raise DataError(
            f"the network takes inputs of shape {tuple(plan.input_shape)} for {plan.task}; "
            f"{spec} has {splits.input_shape} for {splits.task}"
        )
    parts = [splits.train, splits.test] if splits.divided and spec != plan.data else [splits.test]
    numbers = _class_numbers(plan, splits.classes, spec)
    loss = loss_for(plan)
    outputs, targets = [], []
    with no_grad():
        for x, t in chain.from_iterable(loader_for(part, plan) for part in parts):
            outputs.append(model(x).data)
            targets.append(t if numbers is None else numbers[t])
    y, t = np.concatenate(outputs), np.concatenate(targets)
    with no_grad():
        value = loss(y, t).item()
    console.print(f"{len(y):,} test examples of {splits.name}, loss {value:.4f}", markup=False)
    if plan.task == "regression":
        error = np.abs(y - t)
        console.print(
            f"mean absolute error {error.mean():.4f}, "
            f"root mean squared error {np.sqrt((error**2).mean()):.4f}"
        )
        return
    console.print(f"accuracy {100 * (y.argmax(1) == t).mean():.2f} %\n")
    scores = [f(y, t, average=None) for f in (precision, recall, f1_score)]
    rows = [
        (name, int((t == i).sum()), *(f"{score[i]:.3f}" for score in scores))
        for i, name in enumerate(plan.classes or [])
    ]
    columns = ("class", "examples", "precision", "recall", "F1")
    show_table(columns, rows, numbers=columns[1:])


def _class_numbers(plan: Plan, classes: Sequence[str] | None, spec: str) -> np.ndarray | None:
    """The network's number of each class of the data: the same name may stand elsewhere there."""
    if classes is None:
        return None
    known = plan.classes or []
    strange = [name for name in classes if name not in known]
    if strange:
        raise DataError(
            f"{spec} has the class {strange[0]!r}; the network knows only {', '.join(known)[:200]}"
        )
    return np.array([known.index(name) for name in classes])
