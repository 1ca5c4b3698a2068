"""`shinso check`: every op on this machine, in NumPy, compiled, and by finite differences."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from shinso.checking import check_ops, chosen_cases
from shinso.cli.screen import console
from shinso.compiler.target import target


def command(
    every: Annotated[
        bool, typer.Option("--all", help="Every case of every op; takes a few minutes.")
    ] = False,
) -> None:
    """Check every op on this machine: NumPy = compiled = finite difference, a line each."""
    start, bad, count, largest = time.perf_counter(), 0, 0, 0.0
    for result in check_ops(chosen_cases(every)):
        console.print(str(result), markup=False, highlight=False, soft_wrap=True)
        count, bad = count + 1, bad + (not result.ok)
        largest = max(largest, result.largest)
    seconds = time.perf_counter() - start
    console.print(
        f"\n{count - bad} of {count} agree, the largest difference {largest:.1e}; "
        f"target {target().name}, {seconds:.0f} s",
        markup=False,
        highlight=False,
    )
    if bad:
        raise typer.Exit(1)
