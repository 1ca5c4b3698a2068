"""Training loops: batches, NumPy or machine code, and one printed line per epoch.

Whether a loop is compiled depends on its size alone, so that the same call always does the same:

    seconds in NumPy = steps · (STEP + operations · OPERATION + random numbers · DRAW)

with the constants below. If compiled code is to save half of that, and that is more than
COMPILING seconds, the loop is compiled. The numbers are the same up to rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import Step, compile

STEP = 3e-4
OPERATION = 4e-11
DRAW = 2e-8
COMPILING = 1.0


def pays(steps: int, operations: float, draws: float = 0.0) -> bool:
    """Whether a loop is long enough to be compiled.

    steps: how often it runs. operations: multiplications and additions of one step. draws: random
    numbers of one step.
    """
    seconds = steps * (STEP + operations * OPERATION + draws * DRAW)
    return seconds / 2 > COMPILING


def prepared(
    function: Callable[..., Any], steps: int, operations: float, draws: float = 0.0
) -> Callable[..., Any]:
    """`function` as it is to be run `steps` times: compiled if that pays (see `pays`)."""
    step: Step = compile(function)
    return step if pays(steps, operations, draws) else step.numpy


class Batches:
    """Rows of arrays in batches whose sizes differ by at most 1.

    n: number of rows. size: the largest batch. shuffle: in a new order in every epoch.
    """

    def __init__(self, n: int, size: int, shuffle: bool, rng: np.random.Generator) -> None:
        self.n, self.shuffle, self.rng = n, shuffle, rng
        self.count = max(1, math.ceil(n / size))
        self.edges = [i * n // self.count for i in range(self.count + 1)]

    def of(self, *arrays: Array) -> Iterator[tuple[Array, ...]]:
        """One epoch."""
        order = self.rng.permutation(self.n) if self.shuffle else None
        for i in range(self.count):
            rows = slice(self.edges[i], self.edges[i + 1])
            if order is None:
                yield tuple(x[rows] for x in arrays)
            else:
                yield tuple(x[order[rows]] for x in arrays)


def chunks(n: int, size: int) -> Iterator[slice]:
    """0 … n in pieces of `size`."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


class Report:
    """Prints one line per epoch, if asked to.

    verbose: whether. name: what is trained. epochs: how many there will be.
    """

    def __init__(self, verbose: Any, name: str, epochs: int) -> None:
        self.verbose, self.name, self.epochs = bool(verbose), name, epochs
        self.epoch, self.start = 0, time.perf_counter()

    def __call__(self, figures: Callable[[], str]) -> None:
        """An epoch is over. figures: gives what matters, and is only called if it is printed."""
        self.epoch += 1
        if not self.verbose:
            return
        seconds = time.perf_counter() - self.start
        width = len(str(self.epochs))
        print(
            f"[{self.name}] epoch {self.epoch:{width}}/{self.epochs}: {figures()}, {seconds:.1f} s",
            flush=True,
        )
        self.start = time.perf_counter()


def check_finite(what: str, *arrays: Array) -> None:
    """Raise ValueError if training left anything that is not a finite number."""
    if not all(np.isfinite(x).all() for x in arrays):
        raise ValueError(
            f"the weights of {what} are no longer finite numbers: lower the learning rate, or scale"
            " the columns of X to a standard deviation of 1"
        )
