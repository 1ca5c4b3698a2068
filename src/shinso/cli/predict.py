"""`shinso predict`: what a trained network makes of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from shinso.cli import table
from shinso.cli.published import Choices, Published, read_published
from shinso.cli.screen import errors, show_table
from shinso.cli.session import Plan, load_model, read_plan
from shinso.data import DataError, Resize, read_image
from shinso.graph import no_grad
from shinso.ops.softmax import stable_softmax

_BATCH = 16


def command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="A folder that `shinso train` left, then image files, or one that `shinso table` "
            "left, then tables; with --weights only image files.",
            metavar="[RUN] FILES...",
            show_default=False,
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(help="Published weights (safetensors), instead of a run.", metavar="FILE"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="With --weights: whose they are, a name from `shinso models`."),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(help="With --weights: the classes' names, one per line or as JSON."),
    ] = None,
    resize: Annotated[
        int | None,
        typer.Option(min=1, help="With --weights: the shorter side before cropping."),
    ] = None,
    crop: Annotated[
        int | None, typer.Option(min=1, help="With --weights: the side that is cut out.")
    ] = None,
    interpolation: Annotated[
        str | None, typer.Option(help="With --weights: bilinear or bicubic resizing.")
    ] = None,
    mean: Annotated[
        str | None,
        typer.Option(help="With --weights: per channel, of pixels from 0 to 1: 0.5,0.5,0.5."),
    ] = None,
    std: Annotated[str | None, typer.Option(help="With --weights: likewise.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Dark on light becomes light on dark, as in MNIST.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="With a table: keep its rows and what is predicted in a CSV file."),
    ] = None,
) -> None:
    """Say what a network sees in images, with probabilities, or what a model makes of a table.

    The network is a run's, or one of published weights: --weights FILE --model NAME.
    """
    choices = Choices(model, classes, resize, crop, interpolation, mean, std)
    if weights is not None:
        network = read_published(weights, choices)
        errors.print(network.remark, style="dim", markup=False, soft_wrap=True)
        _show_classes(paths, network.scores(paths, invert, _BATCH), network, top)
        return
    given = [name for name, value in vars(choices).items() if value is not None]
    if given:
        raise ValueError(f"--{given[0]} goes with --weights; a run knows its own")
    if table.is_table(paths[0]):
        table.predict(paths[0], paths[1:], out)
        return
    if out is not None:
        raise ValueError("--out is for tables")
    if len(paths) < 2:
        raise ValueError(
            f"say which images: shinso predict {paths[0]} IMAGE…, or without a run: shinso predict "
            "--weights FILE --model NAME IMAGE…"
        )
    _of_run(paths[0], paths[1:], top, invert)


def _of_run(run: Path, images: Sequence[Path], top: int, invert: bool) -> None:
    plan, _ = read_plan(run)
    if len(plan.input_shape) != 3:
        raise DataError(f"{run} was trained on a table; predict takes a network for images")
    model = load_model(run, plan)
    batch = np.concatenate([_read(path, plan, invert) for path in images])
    with no_grad():
        scores = model(plan.pipeline.steps()(batch, None)).data.astype(np.float64)
    if plan.task == "regression":
        show_table(
            ("image", "value"), [(p, f"{s[0]:.4f}") for p, s in zip(images, scores, strict=True)]
        )
        return
    _show_classes(images, scores, plan, top)


def _show_classes(
    images: Sequence[Path], scores: np.ndarray, known: Plan | Published, top: int
) -> None:
    """The likeliest classes of each image, from scores (N, classes)."""
    probabilities = stable_softmax(scores)
    rows = []
    for path, p in zip(images, probabilities, strict=True):
        best = np.argsort(-p, kind="stable")[:top]
        rows.append((path, *(f"{_name(known, int(i))} {100 * p[i]:.1f} %" for i in best)))
    columns = ["image", *(f"{n}." for n in range(1, min(top, scores.shape[1]) + 1))]
    show_table(columns, rows)


def _name(known: Plan | Published, index: int) -> str:
    return known.classes[index] if known.classes else str(index)


def _read(path: Path, plan: Plan, invert: bool) -> np.ndarray:
    """One image as the data set would deliver it: (1, C, H, W), float32 from 0 to 1."""
    channels, height, width = plan.input_shape
    if channels not in (1, 3):
        raise DataError(f"the network takes images of {channels} channels; predict reads 1 or 3")
    pixels = read_image(path, mode="L" if channels == 1 else "RGB")[None].astype(np.float32) / 255
    if invert:
        pixels = 1 - pixels
    return Resize((height, width))(pixels) if pixels.shape[2:] != (height, width) else pixels
