"""`python -m bench`: see `python -m bench --help`."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from bench.compiling import time_compiling
from bench.machine import describe
from bench.measure import Plan, measure
from bench.process import BenchError, Process
from bench.results import Row
from bench.table import cells, table, write_json
from bench.workloads import WORKLOADS, Workload
from bench.zoo import KNOWN, ZOO


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    known = "\n".join(
        f"  {w.name:9} {w.network}, batch {w.batch}, {w.parameters:,} parameters"
        for w in WORKLOADS.values()
    )
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=(
            "Time one training step and one inference of five networks in shinso and in PyTorch: "
            "same layers, weights and data, same number of threads, short rounds in turns. The "
            "ratio is PyTorch's median over shinso's, for the fastest of PyTorch's variants."
        ),
        epilog=f"workloads:\n{known}\n\nHow to read the table: docs/benchmarks.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    known_names = [*WORKLOADS, *ZOO]
    add("--only", nargs="+", metavar="NAME", choices=known_names, help="only these workloads")
    add("--zoo", action="store_true", help="networks of the zoo, beside torchvision and pytorchcv")
    add("--rounds", type=positive, metavar="N", help="rounds per side (default 15, tiny 1)")
    add("--threads", type=positive, default=2, metavar="N", help="for both sides (default 2)")
    add("--numpy", action="store_true", help="run shinso's side in NumPy, not compiled")
    add("--no-peer", action="store_true", help="shinso alone; PyTorch is not needed")
    add("--tiny", action="store_true", help="everything once, on one or two examples: does it run?")
    add("--warm", action="store_true", help="leave out how long first calls take")
    add("--json", type=Path, metavar="FILE", help="also write every round's time to FILE")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """A whole number of at least 1, or argparse's error."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def run(chosen: argparse.Namespace, console: Console) -> None:
    """Measure, and show the table. Raises BenchError."""
    if not chosen.no_peer and importlib.util.find_spec("torch") is None:
        raise BenchError(
            "PyTorch is not installed in this environment. Use `make bench`, which has one with "
            "it, or --no-peer."
        )
    if chosen.json is not None and not chosen.json.absolute().parent.is_dir():
        raise BenchError(f"--json {chosen.json}: there is no folder {chosen.json.parent}")
    plan = Plan(chosen.rounds or (1 if chosen.tiny else 15), chosen.tiny)
    notes = Console(stderr=True, highlight=False)
    left_out: list[str] = []

    def note(text: str) -> None:
        if text.startswith("left out"):
            left_out.append(text)
        notes.print(text, style="dim", markup=False)

    rows: list[Row] = []
    versions: dict[str, str] = {}
    failed: list[BenchError] = []
    for name in chosen.only or (ZOO if chosen.zoo else WORKLOADS):
        try:
            found = _measured(KNOWN[name], chosen, plan, note, versions)
            rows += found
            for row in found:  # a long run that is stopped has said what it knows
                note("  ".join(cells(row)))
        except BenchError as error:
            failed.append(error)
            notes.print(f"failed: {name}: {error}", markup=False)
    if failed and not rows:
        raise failed[0]
    console.print(table(rows))
    for text in left_out:
        console.print(text, markup=False)
    runs = ", ".join(f"{name} {version}" for name, version in versions.items())
    console.print(f"{describe(chosen.threads)}; {runs}", markup=False, highlight=False)
    if chosen.json is not None:
        facts = {"machine": describe(chosen.threads), "versions": versions, "left_out": left_out}
        write_json(chosen.json, rows, facts)
    if failed:
        raise failed[0]


def _measured(
    workload: Workload,
    chosen: argparse.Namespace,
    plan: Plan,
    note: Callable[[str], None],
    versions: dict[str, str],
) -> list[Row]:
    """The rows of one workload, in processes of its own: no workload inherits another's memory.

    versions: gets those of both sides.
    """
    with ExitStack() as stack:
        side = "numpy" if chosen.numpy else "shinso"
        shinso = stack.enter_context(Process(side, chosen.threads))
        peer = None if chosen.no_peer else stack.enter_context(Process("torch", chosen.threads))
        versions |= shinso.ask("versions") | (peer.ask("versions") if peer else {})
        found = list(measure(workload, shinso, peer, plan, note))
    if not (chosen.numpy or chosen.tiny or chosen.warm):
        note(f"{workload.name} compile")
        time_compiling(workload, plan.batch(workload), chosen.threads, found)
    return found


def main() -> int:
    """The command; returns its exit code."""
    try:
        run(options(), Console())
    except BenchError as error:
        if error.traceback:
            print(error.traceback, file=sys.stderr)
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
