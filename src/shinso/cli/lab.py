"""`shinso lab`: experiments that check claims with numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli.screen import console, errors, show_table
from shinso.cli.train import new_folder
from shinso.data.atomic import write_bytes

app = typer.Typer(no_args_is_help=True, help="Experiments that check claims with numbers.")


@app.command("list")
def list_() -> None:
    """List the experiments."""
    from shinso.lab import EXPERIMENTS

    rows = [(e.name, e.covers, e.claim) for e in EXPERIMENTS.values()]
    show_table(("name", "covers", "claim"), rows)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(help="A name from `shinso lab list`.")],
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data sets' files.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this part of the experiment. Repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for its figures. [default: runs/lab-NAME, numbered]")
    ] = None,
) -> None:
    """Run an experiment; show its table and its verdict, and write its figures.

    The exit code is 0 also when a claim is not borne out: that is a result.
    """
    from shinso.lab import EXPERIMENTS, Settings

    if name not in EXPERIMENTS:
        raise ValueError(f"no experiment is called {name!r}: {', '.join(EXPERIMENTS)}")
    experiment = EXPERIMENTS[name]
    console.print(experiment.claim, markup=False)

    def say(text: str) -> None:
        errors.print(text, style="dim", markup=False)

    outcome = experiment.run(Settings(data_dir, tuple(only or ()), say))
    show_table(outcome.columns, outcome.rows, numbers=outcome.columns[1:])
    if outcome.figures:
        folder = out or new_folder(f"lab-{name}")
        folder.mkdir(parents=True, exist_ok=True)
        for figure, content in outcome.figures.items():
            write_bytes(folder / figure, content)
            console.print(str(folder / figure), markup=False, soft_wrap=True)
    held = sum(verdict.holds for verdict in outcome.verdicts)
    console.print(f"\n{held} of {len(outcome.verdicts)} claims borne out")
