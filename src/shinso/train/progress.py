"""What a person sees while a network trains: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

REDRAW_SECONDS = 0.1
LINE_SECONDS = 30.0

Numbers = Callable[[], Mapping[str, float]]


class Progress:
    """Shows nothing. Base of the others, and all the arithmetic: speed and time left.

    epochs: how many will be done in total.
    """

    interval = float("inf")

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.next = 0.0

    def begin_epoch(self, epoch: int, batches: int, done: int) -> None:
        """An epoch (from 0) of so many batches starts, or goes on after `done` of them."""
        self.epoch, self.batches, self.done, self.before = epoch, batches, done, done
        self.samples = 0
        self.start = time.perf_counter()
        self.next = self.start + self.interval

    def advance(self, samples: int, numbers: Numbers) -> None:
        """A batch is done. numbers: gives the running loss and metrics, asked only when shown."""
        self.done += 1
        self.samples += samples
        now = time.perf_counter()
        if now >= self.next:
            self.next = now + self.interval
            self.redraw(numbers())

    def end_epoch(self, logs: Mapping[str, float]) -> None:
        """An epoch is complete, validation included."""

    def redraw(self, numbers: Mapping[str, float]) -> None:
        """Show how far it is."""

    def say(self, text: str) -> None:
        """A message of its own."""

    def close(self) -> None:
        """Take the bar away."""

    def speed(self) -> float:
        """Samples per second in this epoch."""
        seconds = time.perf_counter() - self.start
        return self.samples / seconds if seconds > 0 else 0.0

    def seconds_left(self) -> float:
        """For the rest of the run, at this epoch's speed."""
        each = (time.perf_counter() - self.start) / max(1, self.done - self.before)
        return each * (self.batches - self.done + self.batches * (self.epochs - self.epoch - 1))


class LineProgress(Progress):
    """One plain line per epoch, and one every 30 seconds in between."""

    interval = LINE_SECONDS

    def redraw(self, numbers: Mapping[str, float]) -> None:
        """A line about the epoch so far."""
        self.say(
            f"{self._head()}  batch {self.done}/{self.batches}  {format_numbers(numbers)}  "
            f"{self.speed():,.0f} samples/s  {format_time(self.seconds_left())} left"
        )

    def end_epoch(self, logs: Mapping[str, float]) -> None:
        """The line of the epoch."""
        seconds = time.perf_counter() - self.start
        self.say(
            f"{self._head()}  {format_numbers(logs)}  {self.samples / max(seconds, 1e-9):,.0f} "
            f"samples/s  {format_time(seconds)}"
        )

    def say(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)

    def _head(self) -> str:
        width = len(str(self.epochs))
        return f"epoch {self.epoch + 1:{width}}/{self.epochs}"


class BarProgress(LineProgress):
    """A bar for the epoch in work; what is complete stands above it, one line per epoch."""

    interval = REDRAW_SECONDS

    def __init__(self, epochs: int) -> None:
        super().__init__(epochs)
        # rich takes 50 ms to import, and only a terminal needs it.
        from rich import progress as rich_progress

        # Drawn from `advance` and not by a thread of rich's, which would take turns with training.
        self.bar = rich_progress.Progress(
            rich_progress.TextColumn("{task.description}"),
            rich_progress.BarColumn(bar_width=24),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TextColumn("{task.fields[numbers]}"),
            auto_refresh=False,
            transient=True,
        )
        self.task: Any = None
        self.bar.start()

    def begin_epoch(self, epoch: int, batches: int, done: int) -> None:
        """A new bar."""
        super().begin_epoch(epoch, batches, done)
        if self.task is not None:
            self.bar.remove_task(self.task)
        self.task = self.bar.add_task(self._head(), total=batches, completed=done, numbers="")
        self.bar.refresh()

    def redraw(self, numbers: Mapping[str, float]) -> None:
        """Move the bar."""
        text = (
            f"{format_numbers(numbers)}  {self.speed():,.0f} samples/s  "
            f"{format_time(self.seconds_left())} left"
        )
        self.bar.update(self.task, completed=self.done, numbers=text)
        self.bar.refresh()

    def say(self, text: str) -> None:
        """Print it above the bar."""
        self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.stop()


def make_progress(show: bool, epochs: int) -> Progress:
    """The progress display that fits where the output goes."""
    if not show:
        return Progress(epochs)
    return BarProgress(epochs) if sys.stdout.isatty() else LineProgress(epochs)


def format_numbers(numbers: Mapping[str, float]) -> str:
    """Names and values in a row: "loss 0.0512  accuracy 0.9847"."""
    return "  ".join(f"{name} {format_number(value)}" for name, value in numbers.items())


def format_number(value: float) -> str:
    """Four significant digits, and four decimals where that is enough."""
    size = abs(value)
    if value == 0 or 0.001 <= size < 1000:
        return f"{value:.4f}" if size < 10 else f"{value:.2f}"
    return f"{value:.3g}"


def format_time(seconds: float) -> str:
    """A length of time for people: "0.8 s", "42 s", "3 min 05 s", "2 h 07 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
