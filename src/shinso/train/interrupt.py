"""Ctrl-C: finish the batch, save, say how to go on."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupted(KeyboardInterrupt):
    """The run was stopped by Ctrl-C after a complete batch. The message says how to resume.

    A `KeyboardInterrupt`, so that `except Exception` does not swallow it. `what` is the message
    without the advice on how to go on.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what} {advice}".rstrip())
        self.what = what


class Guard:
    """While it is active, the first Ctrl-C only sets `requested`; the second stops at once.

    Only the main thread gets signals: elsewhere, and where Ctrl-C is ignored, nothing changes.
    """

    def __init__(self) -> None:
        self.requested = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            current = signal.getsignal(signal.SIGINT)
            if current not in (signal.SIG_IGN, None):
                self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        # Not print(): the signal may have come in the middle of one.
        os.write(2, b"\nInterrupted: finishing this batch and saving (Ctrl-C again: stop now).\n")
