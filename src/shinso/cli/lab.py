"""`shinso lab`: experiments that check claims with numbers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from shinso.cli.screen import console, errors, show_table

app = typer.Typer(no_args_is_help=True, help="Experiments that check claims with numbers.")

OUT = Path("runs/lab")
_Language = Annotated[str, typer.Option(help="Of texts and labels: en or ja.")]
_Out = Annotated[Path, typer.Option(help="Folder with a folder for each experiment.")]


@app.command("list")
def list_(lang: _Language = "en") -> None:
    """List the experiments."""
    from shinso.lab import all_experiments
    from shinso.lab.text import words

    language = _language(lang)
    rows = [
        (e.name, " ".join(e.rows), words(e.title, language), words(e.claim, language))
        for e in all_experiments().values()
    ]
    show_table(("name", "rows", "title", "claim"), rows)


@app.command("run")
def run(
    name: Annotated[str, typer.Argument(help="A name or row from `shinso lab list`, or all.")],
    fast: Annotated[
        bool, typer.Option("--fast", help="The form of seconds, on bundled data.")
    ] = False,
    lang: _Language = "en",
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data sets' files.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this part of the experiment. Repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides everything that is random.")] = 0,
    out: _Out = OUT,
) -> None:
    """Run an experiment; show its verdicts, and write its page and figures.

    The exit code is 0 also when a claim is not borne out: that is a result. With `all`, an
    experiment that fails is named at the end, and the exit code is 1.
    """
    from shinso.lab import all_experiments, experiment

    language = _language(lang)
    several = name == "all"
    if several and only:
        raise ValueError("--only is for the parts of one experiment")
    chosen = list(all_experiments().values()) if several else [experiment(name)]
    start, failed = time.perf_counter(), []
    with _Progress() as progress:
        for i, e in enumerate(chosen):
            progress.begin(e.name, i, len(chosen))
            try:
                _run_one(e.name, fast, language, data_dir, tuple(only or ()), seed, out, progress)
            except Exception as error:
                if not several:
                    raise
                failed.append(e.name)
                errors.print(f"{e.name}: {type(error).__name__}: {error}", markup=False)
    if several:
        from shinso.lab.report import write_report

        page = write_report(out, language)
        minutes = (time.perf_counter() - start) / 60
        console.print(f"\n{len(chosen)} experiments in {minutes:.1f} minutes: {page}", markup=False)
        if failed:
            console.print(f"failed: {', '.join(failed)}", markup=False)
        console.print(f"experiments: {len(chosen) - len(failed)} passed, {len(failed)} failed")
    if failed:
        raise typer.Exit(1)


@app.command("report")
def report(lang: _Language = "en", out: _Out = OUT) -> None:
    """One page over all results that are there: every verdict, every figure."""
    from shinso.lab.report import read_results, verdicts_of, write_report

    page = write_report(out, _language(lang))
    found = [v for result in read_results(out) for v in verdicts_of(result)]
    console.print(f"{sum(v.holds for v in found)} of {len(found)} claims borne out: {page}")


class _Progress:
    """A bar on standard error: which experiment, what it does, how far it is."""

    def __enter__(self) -> _Progress:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
            console=errors, transient=True,
        )  # fmt: skip
        self.bar.start()
        self.task = self.bar.add_task("", total=1.0)
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.stop()

    def begin(self, name: str, number: int, count: int) -> None:
        """An experiment starts."""
        self.name = name if count == 1 else f"{name} ({number + 1}/{count})"
        self(" ", 0.0)

    def __call__(self, text: str, share: float) -> None:
        self.bar.update(self.task, description=f"{self.name}: {text:.50}", completed=share)


def _run_one(
    name: str,
    fast: bool,
    language: str,
    data_dir: Path | None,
    only: tuple[str, ...],
    seed: int,
    out: Path,
    progress: _Progress,
) -> None:
    from shinso.lab import Settings, experiment
    from shinso.lab.page import found_text, wanted_text
    from shinso.lab.runner import PAGE, run_experiment
    from shinso.lab.text import words

    e = experiment(name)
    settings = Settings(fast, data_dir, only, seed, progress)
    record = run_experiment(e, settings, out, language)
    verdicts = record.outcome.verdicts
    console.print(
        f"\n{' '.join(e.rows)}  {words(e.title, language)}: {record.held} of {len(verdicts)} "
        f"claims borne out, {record.seconds:.1f} s, {record.folder / PAGE}",
        markup=False,
        soft_wrap=True,
    )
    rows = [
        ("✓" if v.holds else "✗", words(v.claim, language), found_text(v), wanted_text(v))
        for v in verdicts
    ]
    show_table(("", "claim", "found", "claimed"), rows, numbers=("found", "claimed"))


def _language(name: str) -> str:
    from shinso.lab.text import LANGUAGES

    if name not in LANGUAGES:
        raise ValueError(f"--lang is one of {', '.join(LANGUAGES)}, not {name!r}")
    return name
