"""`shinso train`: a model, a data set, and a run folder with everything about it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from shinso import models
from shinso.cli.methods import Methods
from shinso.cli.papers import AUXILIARY_WEIGHTS, Paper, paper_for, usual_rate
from shinso.cli.pipeline import AUGMENTATIONS
from shinso.cli.recipe import (
    COMPILE,
    SCHEDULES,
    SMALL,
    Settings,
    default_recipe,
    make_optimizer,
    make_schedule,
    read_settings,
)
from shinso.cli.screen import console, errors, show_table
from shinso.cli.session import (
    Plan,
    absolute,
    load_splits,
    loader_for,
    loss_for,
    make_plan,
    metrics_for,
    read_plan,
    remembered_data_dir,
)
from shinso.cli.threads import suited_to
from shinso.data import DataError, DataLoader, DataSplits
from shinso.ops import manual_seed
from shinso.train import EarlyStopping, Interrupted, Trainer

METHODS = "Against overfitting (0: off)"


def command(
    model: Annotated[str | None, typer.Argument(help="A name from `shinso models`.")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="A name from `shinso datasets`, imagefolder:PATH or csv:PATH."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the training data. [default: by size]")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Examples per update. [default: 64, or 32 for small data sets]"),
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate. [default: by optimizer]")] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(help="sgd (momentum 0.9), nesterov, adam, adamw, … [default: adamw]"),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(min=0, help="Pull of all weights to 0. [default: adamw 0.2, else 0]"),
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(help=f"{', '.join(SCHEDULES)}. [default: onecycle]")
    ] = None,
    augment: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(AUGMENTATIONS)}, joined by commas. "
            "[default: shift,rotate for fewer than 10 000 images, else none]"
        ),
    ] = None,
    mixup: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="ALPHA",
            help="Blend pairs of examples and their targets (0.2 to 1). Training accuracy then "
            "counts the larger part as true.",
            rich_help_panel=METHODS,
        ),
    ] = None,
    cutmix: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="ALPHA",
            help="Paste a part of one image into another (1); with --mixup, one or the other.",
            rich_help_panel=METHODS,
        ),
    ] = None,
    cutout: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SIZE",
            help="Hide a square of so many pixels a side (16 of 32).",
            rich_help_panel=METHODS,
        ),
    ] = None,
    random_erasing: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="P",
            help="Hide a random rectangle with this probability (0.5).",
            rich_help_panel=METHODS,
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="E",
            help="Spread so much of each target over all classes (0.1), in the test loss, too.",
            rich_help_panel=METHODS,
        ),
    ] = None,
    aux_weight: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="W",
            help="What the losses of auxiliary heads count for. [default: googlenet 0.3, "
            "inception_v3 0.4]",
            rich_help_panel=METHODS,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Decides weights, order and masks. [default: 0]")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data set's files.")] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="Resize images to squares of this side first.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="csv: the column to predict. [default: the last]")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="An option of the model, such as hidden=300,100 or drop_path=0.2. Repeatable.",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Stop early after so many epochs without a smaller loss."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder. [default: runs/MODEL-DATA, numbered]")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with the run in this folder, to the same bits.")
    ] = None,
    overfit_batches: Annotated[
        int | None,
        typer.Option(min=1, help="Only so many batches, again and again: can it learn?"),
    ] = None,
    fast_dev_run: Annotated[
        bool, typer.Option("--fast-dev-run", help="One batch of everything; writes nothing.")
    ] = False,
    workers: Annotated[int, typer.Option(min=0, help="Threads that prepare batches.")] = 0,
    compile_: Annotated[
        str | None,
        typer.Option("--compile", help="auto, on, off: run as machine code. [default: auto]"),
    ] = None,
) -> None:
    """Train a model; show how it does on the test data; leave a run folder with a report.

    What you do not choose is a short recipe that suits the data's size, or on cifar10 the recipe of
    the paper that the model is from, which can take very long: see what it prints first.

    The test data are measured after every epoch, but nothing is chosen by them: the last weights
    are the result. Ctrl-C saves first; --resume goes on.
    """
    chosen = {
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "schedule": schedule,
    }
    against = {
        "mixup": mixup,
        "cutmix": cutmix,
        "cutout": cutout,
        "random_erasing": random_erasing,
        "label_smoothing": label_smoothing,
        "aux_weight": aux_weight,
    }
    if resume is not None:
        others: list[object] = [model, data, augment, image_size, target, out, set_, patience, seed]
        others += [overfit_batches, fast_dev_run or None, compile_]
        others += [*chosen.values(), *against.values()]
        if any(value is not None for value in others):
            raise ValueError(
                "--resume goes on with the run as it was begun; of the other options it takes only "
                "--data-dir and --workers"
            )
        _resume(_folder("--resume", resume), data_dir, workers)
        return
    if model is None or data is None:
        raise ValueError("say what to train and on what: shinso train lenet5 --data digits")
    if lr is not None and not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"--lr is a positive number, not {lr}")
    if compile_ is not None and compile_ not in COMPILE:
        raise ValueError(f"--compile is one of {', '.join(COMPILE)}, not {compile_!r}")
    options = _parse_options(set_ or [])
    models.entry(model)  # a typing error is told before data are read or downloaded
    default_recipe(1, chosen)
    data = absolute(data)
    splits = load_splits(data, data_dir, image_size, target)
    plan = make_plan(model, splits, data, image_size, target, options)
    name = models.entry(model).name
    paper = paper_for(name, splits.name)
    settings = Settings(
        default_recipe(len(splits.train), chosen, paper, usual_rate(name)),
        _augmentations(augment, plan, len(splits.train), paper),
        seed or 0,
        patience,
        overfit_batches or 0,
        compile_ or "auto",
        _methods(against, plan),
    )
    folder = new_folder(f"{model}-{splits.name}") if out is None else _folder("--out", out)
    run(plan, splits, settings, folder, data_dir, fast_dev_run=fast_dev_run, workers=workers)


def _folder(option: str, path: Path) -> Path:
    if path == Path():  # also what an empty text turns into
        raise ValueError(f"{option} takes a folder of the run's own, not the current folder")
    return path


def _resume(folder: Path, data_dir: Path | None, workers: int) -> None:
    """Go on with a run exactly as it was begun."""
    plan, config = read_plan(folder)
    settings = read_settings(config, str(folder))
    data_dir = remembered_data_dir(config, data_dir)
    splits = load_splits(plan.data, data_dir, plan.image_size, plan.target, plan.task)
    now = make_plan(plan.model, splits, plan.data, plan.image_size, plan.target, plan.options)
    if now != plan:
        raise DataError(
            f"{folder}: {plan.data} is not what it was when the run began (its shapes, classes, "
            "mean or deviation differ): a run goes on with the same data, or begins anew"
        )
    run(plan, splits, settings, folder, data_dir, resume=True, workers=workers)


def run(
    plan: Plan,
    splits: DataSplits,
    settings: Settings,
    folder: Path,
    data_dir: Path | None = None,
    *,
    resume: bool = False,
    fast_dev_run: bool = False,
    workers: int = 0,
) -> None:
    """Train by a plan and settings, then show the result."""
    recipe = settings.recipe
    manual_seed(settings.seed)
    model = plan.build()
    train = DataLoader(
        splits.train,
        recipe.batch_size,
        shuffle=True,
        num_workers=workers,
        seed=settings.seed,
        transform=plan.pipeline.steps(settings.augment, settings.methods.image_steps()),
        batch_transform=settings.methods.batch_transform(plan),
    )
    test = loader_for(splits.test, plan)
    optimizer = make_optimizer(recipe, model.parameters())
    kept = None if data_dir is None else str(data_dir.absolute())
    steps = settings.overfit_batches or len(train)
    patience = settings.patience
    trainer = Trainer(
        model,
        settings.methods.loss(loss_for(plan)),
        optimizer,
        schedule=make_schedule(recipe, optimizer, min(steps, len(train))),
        schedule_every="step",
        metrics=metrics_for(plan),
        callbacks=[] if patience is None else [EarlyStopping(monitor="loss", patience=patience)],
        seed=settings.seed,
        out=folder,
        overfit_batches=settings.overfit_batches,
        fast_dev_run=fast_dev_run,
        config={"plan": plan.config(), "settings": settings.config(), "data_dir": kept},
        compile=COMPILE[settings.compile],
    )
    threads = suited_to(model, plan.pipeline.output_shape, recipe.batch_size)
    _announce(plan, splits, settings, model)
    try:
        # Numbers that are not finite end in the Trainer's report, not in NumPy's warnings.
        with threads, np.errstate(all="ignore"):
            trainer.fit(train, recipe.epochs, validation=test, resume=resume)
    except Interrupted as stop:
        text = f"{stop.what}\nTo go on: shinso train --resume {folder}"
        errors.print(text, markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    _show_result(trainer, folder, fast_dev_run)


def _announce(plan: Plan, splits: DataSplits, settings: Settings, model: Any) -> None:
    parameters = sum(p.size for p in model.parameters())
    augment = ", ".join([*settings.augment, *settings.methods.words()]) or "none"
    recipe = settings.recipe
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    source = f"\nrecipe: {recipe.source}" if recipe.source else ""
    console.print(
        f"{plan.model} ({parameters:,} parameters) on {splits.name}: {len(splits.train):,} "
        f"training and {len(splits.test):,} test examples\n{epochs}, batches of "
        f"{recipe.batch_size}, {recipe.optimizer} at {recipe.lr:g} ({recipe.words()}), weight "
        f"decay {recipe.weight_decay:g}, augmentation {augment}, seed {settings.seed}{source}",
        markup=False,
        soft_wrap=True,
    )


def _show_result(trainer: Trainer, folder: Path, fast_dev_run: bool) -> None:
    history = trainer.history.history
    rows = []
    for name, label in _LABELS.items():
        if history.get(name) and history.get(f"val_{name}"):
            train, test = history[name][-1], history[f"val_{name}"][-1]
            rows.append((label, _number(name, train), _number(name, test)))
    console.print()
    show_table(("", "training", "test"), rows, numbers=("training", "test"))
    if fast_dev_run:
        console.print("\nOne batch of each, nothing written: it runs.")
        return
    console.print(f"\ntrained in {trainer.seconds:.1f} s")
    console.print(f"report  {folder / 'report.html'}", markup=False, soft_wrap=True)


_LABELS = {
    "accuracy": "accuracy",
    "loss": "loss",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
}


def _number(name: str, value: float) -> str:
    return f"{100 * value:.2f} %" if name == "accuracy" else f"{value:.4f}"


def _augmentations(
    text: str | None, plan: Plan, examples: int, paper: Paper | None
) -> tuple[str, ...]:
    if text is None:
        if paper is not None:
            return paper.augment
        small = plan.pipeline.is_image and plan.side is not None and examples < SMALL
        return ("rotate", "shift") if small else ()
    names = [name.strip() for name in text.split(",") if name.strip()]
    plan.pipeline.steps(names)  # complain about unknown ones before anything is written
    return tuple(name for name in names if name != "none")


def _methods(given: Mapping[str, Any], plan: Plan) -> Methods:
    """Those chosen, and the auxiliary weight that a network with such heads needs."""
    weight = AUXILIARY_WEIGHTS.get(models.entry(plan.model).name)
    chosen = {name: value for name, value in given.items() if value is not None}
    methods = Methods(**{"aux_weight": weight, **chosen})
    methods.check(plan)
    return methods


def new_folder(name: str) -> Path:
    """runs/NAME-1, or the next number that is free."""
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    return next(
        folder
        for number in itertools.count(1)
        if not (folder := Path("runs") / f"{safe}-{number}").exists()
    )


def _parse_options(pairs: list[str]) -> dict[str, Any]:
    """`hidden=300,100` to {"hidden": (300, 100)}: numbers, yes/no, names, and lists of numbers."""
    options = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"--set takes NAME=VALUE, such as hidden=300,100, not {pair!r}")
        options[name] = _parse_value(name, text)
    return options


def _parse_value(name: str, text: str) -> Any:
    if name == "hidden" or "," in text:
        try:
            return tuple(int(part) for part in text.split(",") if part)
        except ValueError:
            raise ValueError(f"--set {name}= takes whole numbers, such as 300,100") from None
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
