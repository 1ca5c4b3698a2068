"""How much longer a first call takes: with nothing compiled yet, and with the kernels on disk."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.process import Process
from bench.results import Row
from bench.workloads import Workload


def time_compiling(workload: Workload, batch: int, threads: int, rows: list[Row]) -> None:
    """Fill in `cold` and `disk` of the workload's rows.

    Two processes, one after the other, share a cache folder that is empty at first. In each,
    everything is imported and built before the clock starts.
    """
    with TemporaryDirectory() as folder:
        for name in ("cold", "disk"):
            with Process("shinso", threads, cache=Path(folder)) as process:
                [variant] = process.ask("variants", workload=workload.name)
                process.ask(
                    "open", workload=workload.name, variant=variant, batch=batch, weights=None
                )
                for row in rows:
                    setattr(row, name, process.ask("first", variant=variant, mode=row.mode))
