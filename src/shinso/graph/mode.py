"""What a thread is doing: recording a graph or not, and who is watching."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shinso.cell import depends_on

if TYPE_CHECKING:
    from shinso.graph.function import Function


class Observer:
    """Sees every operation, forward and backward, as it happens. Override what you need.

    Used to find the first layer whose numbers are not finite, to count operations, to draw graphs.
    """

    def enter(self, module: Any) -> None:
        """A module's forward begins."""

    def leave(self, module: Any) -> None:
        """A module's forward has ended (also when it raised)."""

    def returned(self, module: Any, output: Any) -> None:
        """A module gives back its output, just before `leave`; not called when it raised."""

    def forward(
        self, function: Function, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        """An operation has run forward: its input arrays and output arrays."""

    def backward(self, function: Function, dout: tuple[Any, ...], din: tuple[Any, ...]) -> None:
        """An operation has run backward: gradients of its outputs and of its inputs."""


class _Mode(threading.local):
    recording = True
    observer: Observer | None = None


mode = _Mode()
depends_on(lambda: (mode.recording, id(mode.observer)))


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside this block nothing is recorded for backward, which saves memory and time.

    Works as a decorator, too.
    """
    before = mode.recording
    mode.recording = False
    try:
        yield
    finally:
        mode.recording = before


@contextmanager
def enable_grad() -> Iterator[None]:
    """Record again, inside a `no_grad()` block."""
    before = mode.recording
    mode.recording = True
    try:
        yield
    finally:
        mode.recording = before


def is_grad_enabled() -> bool:
    """Whether operations are being recorded for backward on this thread."""
    return mode.recording


@contextmanager
def observe(observer: Observer) -> Iterator[Observer]:
    """Let `observer` see every operation of this thread inside the block."""
    before = mode.observer
    mode.observer = observer
    try:
        yield observer
    finally:
        mode.observer = before
