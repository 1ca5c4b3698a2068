"""The benchmark itself: builds each workload on both sides, checks it, and times it in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.process import BenchError, Process
from bench.results import Row, Timing
from bench.workloads import MODES, STRICT, Workload

ROUND_SECONDS = 0.05
"""A round is at least this long, so that waking threads and reading clocks do not matter."""

CHECK_STEPS = 3


@dataclass
class Plan:
    """rounds: that count, per side. tiny: run everything once, on next to no data."""

    rounds: int
    tiny: bool = False

    def batch(self, workload: Workload) -> int:
        """Examples in a training step. alexnet is slow enough with one."""
        smallest = 1 if workload.dropout else 2
        return smallest if self.tiny else workload.batch


@dataclass
class Contender:
    """One variant of one side, and its times."""

    process: Process
    timing: Timing
    repeats: int = 1

    @property
    def label(self) -> str:
        """Side and variant."""
        return f"{self.process.side} ({self.timing.variant})"

    def calibrate(self, mode: str) -> None:
        """Warm up and find how many calls make a round."""
        variant = self.timing.variant
        self.repeats = self.process.ask(
            "calibrate", variant=variant, mode=mode, seconds=ROUND_SECONDS
        )

    def round(self, mode: str) -> float:
        """One round: seconds per call."""
        variant, repeats = self.timing.variant, self.repeats
        seconds: float = self.process.ask("round", variant=variant, mode=mode, repeats=repeats)
        return seconds


def measure(
    workload: Workload,
    shinso: Process,
    peer: Process | None,
    plan: Plan,
    note: Callable[[str], None],
) -> Iterator[Row]:
    """Time a workload in both modes. note: is told what goes on and what went wrong.

    Raises BenchError if the two sides do not compute the same, or shinso fails. A variant of
    PyTorch that fails is noted and left out.
    """
    batch = plan.batch(workload)
    [variant] = shinso.ask("variants", workload=workload.name)
    shinso.ask("open", workload=workload.name, variant=variant, batch=batch, weights=None)
    variants = [] if peer is None else _open_peer(workload, shinso, variant, peer, batch, note)
    for mode in MODES:
        ours = Contender(shinso, Timing(variant))
        theirs = [] if peer is None else [Contender(peer, Timing(v)) for v in variants]
        note(f"{workload.name} {mode}")
        theirs = [c for c in theirs if _calibrated(c, mode, plan, workload, note)]
        if not plan.tiny:
            ours.calibrate(mode)
        _take_turns([ours, *theirs], mode, plan)
        yield Row(workload.name, mode, batch, ours.timing, [c.timing for c in theirs])
    shinso.ask("close")
    if peer is not None:
        peer.ask("close")


def _take_turns(contenders: list[Contender], mode: str, plan: Plan) -> None:
    """Short rounds in turns: whatever slows the machine down for a while slows all down alike."""
    if not plan.tiny:
        for contender in contenders:
            contender.round(mode)  # does not count
    for _ in range(plan.rounds):
        for contender in contenders:
            contender.timing.seconds.append(contender.round(mode))


def _calibrated(
    contender: Contender, mode: str, plan: Plan, workload: Workload, note: Callable[[str], None]
) -> bool:
    """Whether a peer's variant works in this mode; if so, its rounds have their length."""
    if plan.tiny:
        return True
    try:
        contender.calibrate(mode)
    except BenchError as error:
        note(f"left out: {workload.name} {mode}: {error}")
        return False
    return True


def _open_peer(
    workload: Workload,
    shinso: Process,
    ours: str,
    peer: Process,
    batch: int,
    note: Callable[[str], None],
) -> list[str]:
    """Give each of the peer's variants shinso's weights, and compare what both compute.

    Returns the variants that work.
    """
    losses: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder:
        weights = str(Path(folder) / "weights.npz")
        shinso.ask("save", variant=ours, weights=weights)
        for variant in peer.ask("variants", workload=workload.name):
            try:
                peer.ask(
                    "open", workload=workload.name, variant=variant, batch=batch, weights=weights
                )
                losses[variant] = peer.ask("losses", variant=variant, steps=CHECK_STEPS)
            except BenchError as error:
                note(f"left out: {workload.name}: {error}")
    expected = shinso.ask("losses", variant=ours, steps=CHECK_STEPS)
    for variant, found in losses.items():
        check_equal(workload.name, variant, expected, found, workload.tolerances)
    return list(losses)


def check_equal(
    workload: str,
    variant: str,
    ours: list[float],
    theirs: list[float],
    tolerances: Sequence[float] = STRICT,
) -> None:
    """Raise BenchError unless the losses of the first steps agree to the tolerances, one for each.

    The first shows that the networks, weights and data are the same, the others that gradients and
    updates are.
    """
    gaps = [abs(a - b) / max(1.0, abs(b)) for a, b in zip(ours, theirs, strict=True)]
    fits = [gap <= t for gap, t in zip(gaps, tolerances, strict=False)]
    if not all(fits):  # not all: a NaN must fail, too
        raise BenchError(
            f"{workload}: the losses of the first {len(ours)} steps are {ours} in shinso and "
            f"{theirs} in PyTorch ({variant}). The two sides do not run the same network."
        )
