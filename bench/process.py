"""A worker process, seen from the parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent

THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "SHINSO_NUM_THREADS",
)
"""Libraries read these once, when they are loaded."""


class BenchError(Exception):
    """What went wrong, said for people; `traceback` has the rest."""

    traceback = ""


class Process:
    """A worker that is kept alive between its turns (use it in a `with` statement)."""

    def __init__(self, side: str, threads: int, cache: Path | None = None) -> None:
        """Start it. side: "shinso", "numpy" (shinso, not compiled) or "torch".

        cache: the folder for shinso's compiled kernels, if it shall not be the user's.
        """
        self.side = side
        # torch.compile keeps a pool of processes for its compiler unless told to use one.
        one_compiler = {"TORCHINDUCTOR_COMPILE_THREADS": "1"}
        limits = dict.fromkeys(THREAD_VARIABLES, str(threads))
        if cache is not None:
            limits["SHINSO_CACHE_DIR"] = str(cache)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", side, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **limits, **one_compiler},
        )

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have one request of `bench.worker.Worker` done and return its result.

        Raises BenchError with the worker's message, or if the worker is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self._process.wait()
            raise BenchError(
                f"the {self.side} process ended with code {code} when asked to {do} {arguments}"
                + (": was it out of memory?" if code == -9 else "")
            )
        answer = json.loads(line)
        if "error" in answer:
            error = BenchError(f"{self.side}, asked to {do} {arguments}: {answer['error']}")
            error.traceback = answer["traceback"]
            raise error
        return answer["result"]

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.communicate()
