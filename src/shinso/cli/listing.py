"""`shinso datasets` and `summary`: what there is, and what it is made of."""

from __future__ import annotations

from typing import Annotated

import typer

from shinso import data, nn
from shinso import models as zoo
from shinso.cli.screen import console, show_table


def datasets() -> None:
    """List the data sets, and say how to give your own."""
    columns = ("data set", "examples", "shape", "classes", "licence")
    rows = [(i.name, i.examples, i.shape, i.classes, i.licence) for i in data.names()]
    show_table(columns, rows, numbers=("classes",))
    console.print()
    for info in data.names():
        console.print(f"{info.name}: {info.source}", style="dim", markup=False, soft_wrap=True)
    console.print(
        "\nYour own: --data imagefolder:PATH (a folder or tar of class folders) or --data csv:PATH "
        "(a table, with or without a header; --target COLUMN).\nFiles are looked for in "
        "--data-dir, in $SHINSO_DATA and in the user's cache, then downloaded.",
        style="dim",
        markup=False,
        soft_wrap=True,
    )


def summary(
    model: Annotated[str, typer.Argument(help="A name from `shinso models`.")],
    num_classes: Annotated[int, typer.Option(help="Number of outputs.", min=1)] = 10,
    input_shape: Annotated[
        str | None,
        typer.Option(help="Shape of one input, such as 3,32,32; the model's own by default."),
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Examples per batch.", min=1)] = 1,
) -> None:
    """Show a model layer by layer: output shapes, parameters, multiply-adds, memory."""
    shape = parse_shape(input_shape)
    if shape is None:
        shape = zoo.entry(model).input_shape
    network = zoo.create(model, num_classes, shape)
    console.print(str(nn.summary(network, (batch_size, *shape))), markup=False, soft_wrap=True)


def parse_shape(text: str | None) -> tuple[int, ...] | None:
    """`3,32,32` as numbers. Raises ValueError for anything else."""
    if text is None:
        return None
    try:
        shape = tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ValueError(f"--input-shape is positive numbers such as 3,32,32, not {text!r}")
    return shape
