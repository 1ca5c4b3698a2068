"""What the benchmark ran on: times mean nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def cpu_name() -> str:
    """The processor's name, with its widest vectors where they are known."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    fields = [line.partition(":") for line in text.splitlines()]
    facts = {name.strip(): value.strip() for name, _, value in reversed(fields)}
    name = facts.get("model name", platform.machine())
    flags = facts.get("flags", "").split()
    widest = next((v for f, v in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if f in flags), None)
    return f"{name}, {widest}" if widest else name


def describe(threads: int) -> str:
    """One line: processor, cores, threads, system, Python."""
    return (
        f"{cpu_name()}; {os.cpu_count()} cores, {threads} threads; "
        f"{platform.system()}, Python {platform.python_version()}"
    )
