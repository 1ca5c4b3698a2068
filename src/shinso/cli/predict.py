"""`shinso predict`: what a trained network makes of images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from shinso.cli.screen import show_table
from shinso.cli.session import Plan, load_model, read_plan
from shinso.data import DataError, Resize, read_image
from shinso.graph import no_grad


def command(
    run: Annotated[Path, typer.Argument(help="A run folder that `shinso train` left.")],
    images: Annotated[list[Path], typer.Argument(help="Image files.")],
    top: Annotated[int, typer.Option(min=1, help="How many classes to show.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Dark on light becomes light on dark, as in MNIST.")
    ] = False,
) -> None:
    """Say what a run's network sees in images, with probabilities."""
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
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = e / e.sum(axis=1, keepdims=True)
    rows = []
    for path, p in zip(images, probabilities, strict=True):
        best = np.argsort(-p, kind="stable")[:top]
        rows.append((path, *(f"{_name(plan, int(i))} {100 * p[i]:.1f} %" for i in best)))
    columns = ["image", *(f"{n}." for n in range(1, min(top, plan.outputs) + 1))]
    show_table(columns, rows)


def _name(plan: Plan, index: int) -> str:
    return plan.classes[index] if plan.classes else str(index)


def _read(path: Path, plan: Plan, invert: bool) -> np.ndarray:
    """One image as the data set would deliver it: (1, C, H, W), float32 from 0 to 1."""
    channels, height, width = plan.input_shape
    if channels not in (1, 3):
        raise DataError(f"the network takes images of {channels} channels; predict reads 1 or 3")
    pixels = read_image(path, mode="L" if channels == 1 else "RGB")[None].astype(np.float32) / 255
    if invert:
        pixels = 1 - pixels
    return Resize((height, width))(pixels) if pixels.shape[2:] != (height, width) else pixels
