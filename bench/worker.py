"""One framework in a process of its own: does what the parent asks, a line of JSON at a time.

    python -m bench.worker shinso 2

Two frameworks in one process would share thread pools, allocators and settings. The parent sets
the variables that say how many threads to use before this process imports NumPy.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any

import numpy as np

from bench.side import Network, Side
from bench.timing import calibrate, settle, timed_round
from bench.zoo import KNOWN


class Worker:
    """Answers requests; every public method is one. Networks stay until `close`."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._networks: dict[str, Network] = {}

    def versions(self) -> dict[str, str]:
        """What runs here."""
        return self._side.versions()

    def variants(self, workload: str) -> list[str]:
        """The ways to run a workload."""
        return self._side.variants(KNOWN[workload])

    def open(self, workload: str, variant: str, batch: int, weights: str | None) -> None:
        """Build a network; with weights from a file (.npz), if one is named."""
        network = self._side.build(KNOWN[workload], variant, batch)
        if weights is not None:
            with np.load(weights, allow_pickle=False) as file:
                network.load(dict(file))
        self._networks[variant] = network

    def save(self, variant: str, weights: str) -> None:
        """Write a network's weights to a file (.npz)."""
        np.savez(weights, allow_pickle=False, **self._networks[variant].state())

    def losses(self, variant: str, steps: int) -> list[float]:
        """The losses of the first training steps."""
        return self._networks[variant].losses(steps)

    def calibrate(self, variant: str, mode: str, seconds: float) -> int:
        """How many calls fill a round of so many seconds."""
        repeats = calibrate(self._networks[variant], mode, seconds)
        settle()
        return repeats

    def round(self, variant: str, mode: str, repeats: int) -> float:
        """Seconds per call."""
        seconds = timed_round(self._networks[variant], mode, repeats)
        settle()
        return seconds

    def first(self, variant: str, mode: str) -> float:
        """Seconds that a network's first call takes longer than its second: it compiles."""
        first, second = (timed_round(self._networks[variant], mode, 1) for _ in range(2))
        settle()
        return max(0.0, first - second)

    def close(self) -> None:
        """Drop all networks."""
        self._networks.clear()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one request, {"do": a method's name, and its arguments}; errors become answers."""
        try:
            method = request.pop("do")
            if method not in REQUESTS:
                raise ValueError(f"no request is called {method!r}, only {', '.join(REQUESTS)}")
            return {"result": getattr(self, method)(**request)}
        except Exception as error:
            return {
                "error": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(),
            }


REQUESTS = (
    "versions",
    "variants",
    "open",
    "save",
    "losses",
    "calibrate",
    "round",
    "first",
    "close",
)


def make_side(name: str, threads: int) -> Side:
    """The framework of that name. Imports it here, because the other one may not be installed."""
    if name == "torch":
        from bench.on_torch import TorchSide

        return TorchSide(threads)
    from bench.on_shinso import ShinsoSide

    return ShinsoSide(compiled=name == "shinso")


def main() -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, who then ends this one
    # Answers get the real standard output to themselves; whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(make_side(sys.argv[1], int(sys.argv[2])))
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
