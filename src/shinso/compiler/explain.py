"""What a compiled program consists of and what each part of it takes, measured.

`explain` runs a program a few times on copies of its arrays, with the time of every kernel taken by
the threads themselves, and puts beside it what the kernel does, in whose code it stands, and what
the machine could do at best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shinso.cell import Array
from shinso.compiler.executable import Executable, kernel_name
from shinso.compiler.graph import Contract, Host, Node, Reduce, Source
from shinso.compiler.nest import Block, For, Statement
from shinso.compiler.peak import Peak, peak
from shinso.compiler.program import Call, HostCall, Slot
from shinso.compiler.rehearsal import Rehearsal
from shinso.compiler.report import HostReport, KernelReport, ProgramReport
from shinso.compiler.table import kernel_text, table
from shinso.compiler.words import doing, nest_text, path_text, product_shape
from shinso.compiler.work import blocks, count, traffic

_ATTEMPTS = 4
"""How often the peak is measured again if a kernel seems to exceed it."""


class Explanation(ProgramReport):
    """What `explain` tells of a program. Printing it gives the table."""

    def text(self, top: int | None = None, by_time: bool = False) -> str:
        """The table. top: only so many kernels; by_time: the longest first."""
        return table(self, top, by_time)

    def kernel(self, number: int) -> str:
        """All that is known about one kernel: sources, loops, buffers.

        Raises IndexError if there is none of this number.
        """
        for report in self.kernels:
            if report.number == number:
                return kernel_text(report)
        raise IndexError(
            f"there is no kernel {number}: the kernels are 0 to "
            f"{max((k.number for k in self.kernels), default=-1)}"
        )

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def explain(
    executable: Executable,
    arguments: Sequence[Array | None],
    states: Sequence[Array | None],
    names: Sequence[str | None] = (),
) -> Explanation:
    """Run a compiled program on copies of these arrays and report on its kernels.

    Where an array is None, or no longer of the shape that the program has, random numbers (zeros,
    for integers) take its place. names: of the states, where they have one.
    The caller holds the lock under which steps run: the program's temporary memory is used.
    Nothing else is written.
    """
    rehearsal = Rehearsal(executable, arguments, states)
    times, wholes = rehearsal.measure()
    report = _assembled(executable, times, wholes, names)
    for _ in range(_ATTEMPTS):
        if all(k.share <= 1 for k in report.kernels):
            break
        # Nothing is better than the best: the machine was busy when the peak was measured.
        for threads in {1, report.threads}:
            peak(executable.target, threads, again=True)
        report = _assembled(executable, times, wholes, names)
    return report


def _assembled(
    executable: Executable, times: Sequence[float], whole: float, names: Sequence[str | None]
) -> Explanation:
    """The report for these times, with the peak as it is known."""
    program = executable.program
    together = peak(executable.target, program.threads)
    alone = peak(executable.target, 1)
    kernels: list[KernelReport] = []
    hosts: list[HostReport] = []
    made: set[int] = set()
    first: dict[str, int] = {}
    for number, (call, seconds) in enumerate(zip(program.calls, times, strict=True)):
        if isinstance(call, HostCall):
            hosts.append(_host_report(number, call, seconds))
            continue
        same = first.setdefault(call.kernel.text, number)
        known = None if same == number else same
        best = alone if call.serial else together
        kernels.append(_report(executable, number, seconds, best, made, known, names))
        made |= {id(node) for node in call.nodes}
    return Explanation(
        tuple(kernels), tuple(hosts), executable.bytes, program.threads, whole, together,
        executable.target.name, alone,
    )  # fmt: skip


def _report(
    executable: Executable, number: int, seconds: float, best: Peak, made: set[int],
    same: int | None, names: Sequence[str | None],
) -> KernelReport:  # fmt: skip
    program = executable.program
    call = program.calls[number]
    assert isinstance(call, Call)
    work = count(call.kernel.body, program.batch, program.threads)
    moved = traffic(call, work)
    size = sum(t.read + t.written for t in moved)
    compute, memory = best.arithmetic(work.flops), size / best.bandwidth(size)
    passed = [b for b in call.kernel.buffers if not b.scratch]
    buffers = [
        _buffer_text(b.name, slot, t.read, t.written, names)
        for b, slot, t in zip(passed, call.slots, moved, strict=True)
    ]
    buffers += [
        f"{b.name}: scratch of a thread, {b.scratch} {b.dtype}" for b in call.kernel.buffers
        if b.scratch
    ]  # fmt: skip
    nest = tuple(nest_text(call.kernel.body, program.batch))
    return KernelReport(
        number, doing(call, made), _sources(call.nodes), nest,
        _main_path(call, program.batch, program.threads), sum(work.flops.values()), size, seconds,
        max(compute, memory), "compute" if compute >= memory else "memory", best.threads,
        _names(call.slots, [t.read and not t.written for t in moved], names),
        _names(call.slots, [t.written for t in moved], names),
        tuple(buffers), kernel_name(call.kernel.text), same,
    )  # fmt: skip


def _buffer_text(
    name: str, slot: Slot, read: int, written: int, names: Sequence[str | None]
) -> str:
    shape = "×".join(map(str, slot.shape)) or "number"
    copies = f" × {slot.copies} threads" if slot.copies > 1 else ""
    how = [f"{n:,} bytes {word}" for n, word in ((read, "read"), (written, "written")) if n]
    called = f" ({names[slot.index]})" if _has_name(slot, names) else ""
    what = f"{name}: {slot.kind} {slot.index}{called}, {slot.dtype} {shape}{copies}"
    return ", ".join([what, *how])


def _has_name(slot: Slot, names: Sequence[str | None]) -> bool:
    return slot.kind == "state" and slot.index < len(names) and names[slot.index] is not None


def _names(
    slots: Sequence[Slot], wanted: Sequence[object], names: Sequence[str | None]
) -> tuple[str, ...]:
    """The names of the cells among the wanted slots; plain numbers such as a rate do not count."""
    found = [
        names[slot.index] for slot, flag in zip(slots, wanted, strict=True)
        if flag and slot.shape and _has_name(slot, names)
    ]  # fmt: skip
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _main_path(call: Call, batch: int, threads: int) -> str:
    """The block with most of the work, with the loops around it; and how many others there are."""
    found = list(blocks(call.kernel.body))

    def weight(k: int) -> int:
        work = count((_around(*found[k]),), batch, threads)
        moved = sum(work.read.values()) + sum(work.written.values())
        return 4 * sum(work.flops.values()) + moved

    if not found:
        return ""
    loops, block = found[max(range(len(found)), key=weight)]
    return path_text(loops, block, batch) + (
        f"  (+ {len(found) - 1} more)" if len(found) > 1 else ""
    )


def _around(loops: tuple[For, ...], block: Block) -> Statement:
    """Loops with this block in them, and nothing else."""
    made: Statement = block
    for loop in reversed(loops):
        made = replace(loop, body=(made,))
    return made


def _sources(nodes: Sequence[Node]) -> tuple[Source, ...]:
    """The lines that nodes came from, each once, products first."""
    ordered = sorted(nodes, key=lambda n: -_weight(n))
    return tuple(dict.fromkeys(s for s in map(_source, ordered) if s is not None))


def _weight(node: Node) -> int:
    """About how much work a node is: a sum counts what is summed."""
    if isinstance(node.operation, Contract):
        rows, inner, columns = product_shape(node)
        return rows * inner * columns
    return max((x.size for x in node.operands), default=0) if _folds(node) else node.size


def _folds(node: Node) -> bool:
    return isinstance(node.operation, Reduce)


def _source(node: Node) -> Source | None:
    """A node's line, or that of the nearest node that it was made from."""
    near, seen = [node], set[int]()
    for found in near:  # grows while it is walked through
        if found.source is not None:
            return found.source
        near += [x for x in found.operands if id(x) not in seen]
        seen |= {id(x) for x in found.operands}
    return None


def _host_report(number: int, call: HostCall, seconds: float) -> HostReport:
    operation = call.node.operation
    assert isinstance(operation, Host)
    return HostReport(
        number, f"np.{operation.call.removeprefix('np.')}", _sources((call.node,)), seconds
    )
