"""What is known of a compiled program: its kernels, its calls of NumPy, the machine's best."""

from __future__ import annotations

from dataclasses import dataclass

from shinso.compiler.graph import Source
from shinso.compiler.peak import Peak


@dataclass(frozen=True, slots=True)
class KernelReport:
    """One kernel of a program.

    number: its place in the program, as `Step.ir(number)` takes it. doing: what it computes.
    sources: the lines that it came from, the one with most of the work first. nest: its loops,
    line by line; path: the loops around the block with most of the work. flops, bytes: see
    `work.py`. seconds: the median, from the first thread's begin to the last one's end; at_best:
    what the machine would need at its peak; bound: "compute" or "memory", whichever takes longer
    at the peak. threads: 1 if one thread does it alone. reads, writes: the names of cells.
    buffers: what it is given, in words. name: in the kernel cache; same_as: the number of an
    earlier call of the same kernel.
    """

    number: int
    doing: str
    sources: tuple[Source, ...]
    nest: tuple[str, ...]
    path: str
    flops: int
    bytes: int
    seconds: float
    at_best: float
    bound: str
    threads: int
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    buffers: tuple[str, ...]
    name: str
    same_as: int | None

    @property
    def share(self) -> float:
        """The share of the peak: the shortest possible time by the measured one."""
        return self.at_best / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class HostReport:
    """A call of NumPy itself: its place in the program, the function, its line, its time."""

    number: int
    function: str
    sources: tuple[Source, ...]
    seconds: float


@dataclass(frozen=True, repr=False)
class ProgramReport:
    """A program, kernel by kernel.

    memory: bytes of temporary arrays and scratch; seconds: a whole run of the program, without
    Python; peak: what the machine can do with all of the program's threads; alone: with one.
    """

    kernels: tuple[KernelReport, ...]
    hosts: tuple[HostReport, ...]
    memory: int
    threads: int
    seconds: float
    peak: Peak
    target: str
    alone: Peak
