"""The command line: `shinso train`, `evaluate`, `predict`, `table`, `check`, `explain`, lists."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from shinso.cli import check, evaluate, explain, lab, listing, predict, table, train, zoo
from shinso.cli.screen import console, errors
from shinso.train import NonFiniteError
from shinso.version import __version__

app = typer.Typer(
    name="shinso",
    help="Train networks and look inside them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the other mode takes "[default: by size]" for markup
)
app.command("train")(train.command)
app.command("evaluate")(evaluate.command)
app.command("predict")(predict.command)
app.command("table")(table.command)
app.command("check")(check.command)
app.command("explain")(explain.command)
app.command("summary")(listing.summary)
app.add_typer(lab.app, name="lab")
app.command("models")(zoo.command)
app.command("datasets")(listing.datasets)


# What a user can mend, and so gets in one line; anything else is a fault of ours.
_MENDABLE = (
    ValueError,
    OSError,
    KeyError,
    ImportError,
    MemoryError,
    RuntimeError,
    NonFiniteError,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"shinso {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (works anywhere).")
    ] = False,
) -> None:
    """Train networks and look inside them."""


def run() -> None:
    """Run the command line; errors a user can mend are one line, and the exit code is 1.

    2 is for wrong options, 130 for an interrupted run. `--debug` shows tracebacks instead.
    """
    debug = "--debug" in sys.argv
    arguments = [a for a in sys.argv[1:] if a != "--debug"]
    try:
        app(arguments, prog_name="shinso")
    except _MENDABLE as error:
        if debug:
            raise
        errors.print(f"error: {_one_line(error)}", markup=False, soft_wrap=True)
        sys.exit(1)


def _one_line(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory: use a smaller --batch-size or smaller images"
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error) or type(error).__name__
