"""What a framework has to offer to take part: networks that can be loaded, checked and called."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from bench.workloads import Workload

State = dict[str, np.ndarray[Any, Any]]
"""Weights by name."""


class Network(Protocol):
    """A workload's network in one framework, with its data and its optimizer."""

    def load(self, state: State) -> None:
        """Take over weights, before the first step."""

    def state(self) -> State:
        """Copies of the weights."""

    def losses(self, steps: int) -> list[float]:
        """Train for a few steps (with dropout switched off) and return the loss of each."""

    def ready(self, mode: str) -> AbstractContextManager[Callable[[], Any]]:
        """Set everything up for a mode of `bench.workloads.MODES`; gives the call to time."""


class Side(Protocol):
    """One framework."""

    def variants(self, workload: Workload) -> list[str]:
        """The ways this framework has to run a workload."""

    def build(self, workload: Workload, variant: str, batch: int) -> Network:
        """Make a network with `batch` examples to train on."""

    def versions(self) -> dict[str, str]:
        """What runs here, by name."""
