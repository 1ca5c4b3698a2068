"""Memory of three training steps: `python -m bench.memory --help`. Linux only.

The command starts itself anew for every measurement (`--child`), so that no process has anything
in memory but what it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bench.__main__ import positive
from bench.machine import describe
from bench.process import ROOT, THREAD_VARIABLES, BenchError
from bench.resident import Watch, available, forget_peak, peak, resident
from bench.worker import make_side
from bench.workloads import WORKLOADS

STEPS = 3
NAMES = ("resnet20", "alexnet")
SIDES = {
    "cold": ("shinso", "compiled", "shinso, kernels compiled"),
    "disk": ("shinso", "compiled", "shinso, kernels from disk"),
    "eager": ("torch", "eager", "torch eager"),
    "channels_last": ("torch", "channels_last", "torch channels_last"),
}
"""The framework, its variant, and how the table calls it. cold and disk share a kernel cache."""


@dataclass
class Memory:
    """Bytes. before: after imports and building, before the first step. peak: the most of the
    process's life. steps: the most during the steps. family: the most of the process and all that
    it started together.
    """

    before: int
    peak: int
    steps: int
    family: int = 0

    @property
    def added(self) -> int:
        """What the steps took beyond what was there before.

        PyTorch makes an optimizer's velocities in the first step, shinso with the optimizer.
        """
        return self.steps - self.before


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=(
            f"Peak resident memory of a process that takes {STEPS} training steps, in shinso and "
            "in PyTorch; each measurement in a new process."
        ),
    )
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", choices=list(WORKLOADS), default=NAMES)
    add("--threads", type=positive, default=2, metavar="N", help="for both sides (default 2)")
    add("--repeats", type=positive, default=2, metavar="N", help="of everything (default 2)")
    add("--no-peer", action="store_true", help="shinso alone; PyTorch is not needed")
    add("--tiny", action="store_true", help="two examples instead of a batch: does it run?")
    add("--child", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def take_steps(side: str, workload: str, batch: int, threads: int) -> Memory:
    """Build the network and its data in this process, then train for three steps."""
    framework, variant, _ = SIDES[side]
    network = make_side(framework, threads).build(WORKLOADS[workload], variant, batch)
    before, first = resident(), peak()
    forget_peak()
    with network.ready("train") as step:
        for _ in range(STEPS):
            step()
    steps = peak()
    return Memory(before, max(first, steps), steps)


def measure(side: str, workload: str, batch: int, threads: int, cache: Path) -> Memory:
    """The same in a new process. cache: for shinso's kernels. Raises BenchError if it fails."""
    limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
    command = [sys.executable, "-m", "bench.memory", "--threads", str(threads)]
    command += ["--child", json.dumps([side, workload, batch])]
    environment = {**os.environ, **limits, "SHINSO_CACHE_DIR": str(cache)}
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
        ) as process,
        Watch(process.pid) as watch,
    ):
        text, _ = process.communicate()
    if process.returncode:
        raise BenchError(f"{SIDES[side][2]} on {workload} ended with code {process.returncode}")
    found = Memory(**json.loads(text))
    found.family = max(watch.most, found.peak)  # a peak of its own may fall between two looks
    return found


def rows(results: dict[str, list[Memory]], workload: str) -> Iterator[list[str]]:
    """The rows of one workload: for each side all its measurements, in megabytes (10⁶ bytes).

    The ratios compare a side with the cold shinso: the smallest measurement of each.
    """
    ours = results["cold"]
    for side, found in results.items():
        yield [
            workload,
            SIDES[side][2],
            *(_megabytes([getattr(m, name) for m in found]) for name in ("before", "peak")),
            _ratio([m.peak for m in found], [m.peak for m in ours]),
            _megabytes([m.added for m in found]),
            _ratio([m.added for m in found], [m.added for m in ours]),
            _megabytes([m.family for m in found]),
        ]


def _megabytes(numbers: list[int]) -> str:
    return " / ".join(f"{number / 1e6:.0f}" for number in numbers)


def _ratio(here: list[int], ours: list[int]) -> str:
    return f"{min(here) / min(ours):.2f}"


COLUMNS = ("workload", "side", "before", "peak", "ratio", "by steps", "ratio", "with children")


def run(chosen: argparse.Namespace, console: Console) -> None:
    """Measure everything and show the table. Raises BenchError."""
    if not available():
        raise BenchError("this needs Linux, which counts a process's memory in /proc")
    if not chosen.no_peer and find_spec("torch") is None:
        raise BenchError("PyTorch is not installed here. Use `make bench-memory`, or --no-peer.")
    sides = [side for side in SIDES if not (chosen.no_peer and SIDES[side][0] == "torch")]
    caption = "MB; ratio: above 1, shinso (kernels compiled) takes less"
    table = Table(box=SIMPLE_HEAD, caption=caption)
    for heading in COLUMNS:
        table.add_column(heading, no_wrap=True)
    for name in chosen.only:
        batch = 2 if chosen.tiny else WORKLOADS[name].batch
        results: dict[str, list[Memory]] = {side: [] for side in sides}
        for _ in range(chosen.repeats):
            with TemporaryDirectory() as cache:
                for side, found in results.items():
                    found.append(measure(side, name, batch, chosen.threads, Path(cache)))
        for row in rows(results, name):
            table.add_row(*row)
    console.print(table)
    console.print(describe(chosen.threads), markup=False, highlight=False)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    chosen = options(arguments)
    try:
        if chosen.child is not None:
            side, workload, batch = json.loads(chosen.child)
            print(json.dumps(asdict(take_steps(side, workload, batch, chosen.threads))))
        else:
            run(chosen, Console())
    except BenchError as error:
        print(f"bench.memory: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
