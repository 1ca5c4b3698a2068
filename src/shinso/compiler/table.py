"""The table that `explain()` prints: three lines for each kernel, at most 120 columns.

The first line says how long a kernel takes and what it does, the second where it comes from, the
third how its loops run.
"""

from __future__ import annotations

from collections.abc import Sequence

from shinso.compiler.graph import Source
from shinso.compiler.report import HostReport, KernelReport, ProgramReport
from shinso.compiler.words import short_source

WIDTH = 120
_HEAD = "   #        µs     %      MFLOP  GFLOP/s       MB  peak  bound       "
_INDENT = "      "
_LEGEND = (
    "MFLOP: 2 for each multiply-add of a contraction, 1 for every other function of a number (an "
    "exp is 1, too).",
    "MB: every element read or written, once. peak: the share of what this machine could do at "
    "best, given these two.",
    "bound: which of them would take longer. 1T: one thread does it alone.",
)


def table(report: ProgramReport, top: int | None, by_time: bool) -> str:
    """A report as text. top: only so many kernels; by_time: the longest first."""
    rows: list[KernelReport | HostReport] = [*report.kernels, *report.hosts]
    rows.sort(key=lambda r: -r.seconds if by_time else r.number)
    shown = rows if top is None else rows[:top]
    spent = sum(r.seconds for r in rows)
    lines = [*_heading(report, spent), ""]
    lines.append(_HEAD + "what it does")
    for row in shown:
        lines += _row(row, spent, report.threads)
    if len(shown) < len(rows):
        left = sum(r.seconds for r in rows) - sum(r.seconds for r in shown)
        count = len(rows) - len(shown)
        lines.append(f"     {_micro(left)} {_percent(left, spent)}  {count} more")
    return "\n".join([*lines, "", *_LEGEND])


def _heading(e: ProgramReport, spent: float) -> list[str]:
    count = f"{len(e.kernels)} kernels" if len(e.kernels) != 1 else "1 kernel"
    distinct = sum(k.same_as is None for k in e.kernels)
    count += f" ({distinct} different)" if distinct < len(e.kernels) else ""
    if e.hosts:
        count += f" and {len(e.hosts)} call{'s' * (len(e.hosts) > 1)} of NumPy"
    flops = sum(k.flops for k in e.kernels)
    threads = f"{e.threads} threads" if e.threads > 1 else "1 thread"
    peak = (
        f"peak measured here: {e.peak.float32 / 1e9:.0f} GFLOP/s in float32, "
        f"{e.peak.float64 / 1e9:.0f} in float64; reads {e.peak.memory / 1e9:.0f} GB/s from memory, "
        f"{e.peak.bandwidths[1][1] / 1e9:.0f} from the cache"
    )
    alone = f"one thread alone: {e.alone.float32 / 1e9:.0f}, {e.alone.float64 / 1e9:.0f} GFLOP/s"
    best = sum(k.at_best for k in e.kernels)
    return [
        f"{count} for {e.target}, {threads}: {_duration(e.seconds)} a run "
        f"({_duration(spent)} in kernels), {_size(e.memory)} of temporary memory",
        f"{_millions(flops)} MFLOP, {flops / max(e.seconds, 1e-9) / 1e9:.1f} GFLOP/s; at the peak "
        f"it would take {_duration(best)}, {100 * best / max(e.seconds, 1e-9):.0f} % of the time",
        peak,
        *([alone] if e.threads > 1 else []),
    ]


def _row(row: KernelReport | HostReport, spent: float, threads: int) -> list[str]:
    begin = f"{row.number:>4} {_micro(row.seconds)} {_percent(row.seconds, spent)} "
    if isinstance(row, HostReport):
        first = begin.ljust(len(_HEAD)) + f"{row.function}, called as it is"
        return [_cut(first), *_where(row.sources, "")]
    speed = row.flops / max(row.seconds, 1e-12) / 1e9
    alone = "1T" if row.threads < threads else "  "
    begin += f"{_millions(row.flops):>10} {speed:>8.1f} {_millions(row.bytes):>8} "
    begin += f"{100 * row.share:>4.0f}%  {row.bound:<7} {alone}  "
    same = f" (same code as {row.same_as})" if row.same_as is not None else ""
    cells = "".join(
        f"  {word} {', '.join(names)}"
        for word, names in (("reads", row.reads), ("updates", row.writes)) if names
    )  # fmt: skip
    lines = [_cut(f"{begin}{row.doing}{same}"), *_where(row.sources, cells)]
    return [*lines, _cut(_INDENT + row.path)] if row.path else lines


def _where(sources: Sequence[Source], cells: str) -> list[str]:
    """The line with most of the work, how many others there are, and the cells."""
    if not sources:
        return [_cut(_INDENT + cells.strip())] if cells else []
    others = len(sources) - 1
    more = f"  (+ {others} line{'s' * (others > 1)})" if others else ""
    line = f"{_INDENT}{short_source(sources[0])}  {sources[0].text}"
    rest = _cut(more + cells, WIDTH // 2)
    return [_cut(line, WIDTH - len(rest)) + rest]


def kernel_text(kernel: KernelReport) -> str:
    """One kernel in full: what it does, its lines, its loops, what it is given."""
    lines = [f"kernel {kernel.number}: {kernel.doing}", f"{kernel.name}", ""]
    lines += [f"{short_source(s)}  {s.text}" for s in kernel.sources]
    lines += ["", *kernel.nest, "", *kernel.buffers, ""]
    speed = kernel.flops / max(kernel.seconds, 1e-12) / 1e9
    lines.append(
        f"{kernel.flops:,} operations, {kernel.bytes:,} bytes, {1e6 * kernel.seconds:,.1f} µs on "
        f"{kernel.threads} thread{'s' * (kernel.threads > 1)}: {speed:.1f} GFLOP/s, "
        f"{100 * kernel.share:.0f} % of the peak ({kernel.bound})"
    )
    return "\n".join(lines)


def _cut(text: str, width: int = WIDTH) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole > 0 else 0:>5.1f}"


def _micro(seconds: float) -> str:
    return f"{1e6 * seconds:>9,.1f}"


def _millions(n: int) -> str:
    """A number in millions; small ones with more digits."""
    return f"{n / 1e6:,.2f}" if n >= 1e5 or not n else f"{n / 1e6:.4f}"


def _duration(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{1e6 * seconds:.1f} µs"
    return f"{1e3 * seconds:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _size(n: int) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.1f} kB"
