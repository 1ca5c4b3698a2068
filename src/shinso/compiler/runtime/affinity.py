"""How many threads a compiled step may use: what the process is allowed, or what the user says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from shinso.cell import bump_version

VARIABLE = "SHINSO_NUM_THREADS"
MOST = 256

_chosen: int | None = None


def get_num_threads() -> int:
    """The number of threads that steps are compiled for.

    It is the last `set_num_threads`, or else SHINSO_NUM_THREADS, or else the number of CPUs that
    this process may use. Raises ValueError if the variable is no whole number from 1 to 256.
    """
    global _chosen
    if _chosen is None:
        text = os.environ.get(VARIABLE, "").strip()
        _chosen = _parse(text) if text else min(usable_cpus(), MOST)
    return _chosen


def set_num_threads(n: int) -> None:
    """Use n threads from now on; steps that were compiled for another number are planned anew.

    n: 1 to 256. Raises TypeError or ValueError for anything else.
    """
    global _chosen
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"set_num_threads takes a whole number, not {n!r}")
    if not 1 <= n <= MOST:
        raise ValueError(f"set_num_threads got {n}; give a number of threads from 1 to {MOST}")
    if n != _chosen:
        _chosen = n
        bump_version()


def _parse(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST:
        return int(text)
    raise ValueError(
        f"{VARIABLE} is {text!r}; set it to a number of threads from 1 to {MOST}, or unset it for "
        "as many as this process may use"
    )


def usable_cpus() -> int:
    """The CPUs this process may use: its affinity mask, cut down to a container's quota."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        # process_cpu_count (Python 3.13) knows masks that cpu_count does not.
        count = getattr(os, "process_cpu_count", os.cpu_count)
        allowed = count() or 1
    quota = cgroup_quota(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    # Rounded down: all threads meet at barriers, so one that is throttled would stop them all.
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def cgroup_quota(membership: Path, root: Path) -> float | None:
    """CPUs' worth of time that Linux control groups grant us, None without a limit.

    membership: a file as /proc/self/cgroup; root: where the groups are mounted. Both versions of
    control groups are read, and the strictest limit on the way up to the root counts.
    """
    limits: list[float] = []
    for line in _read(membership).splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            limits += _limits(root, group, _quota_v2)
        elif "cpu" in controllers.split(","):
            limits += _limits(root / "cpu", group, _quota_v1)
            if controllers != "cpu":
                limits += _limits(root / controllers, group, _quota_v1)
    return min(limits, default=None)


def _limits(mount: Path, group: str, quota: Callable[[Path], float | None]) -> list[float]:
    """The limits of a group and of all above it. (In a container the root may be our own group.)"""
    parts = [part for part in group.split("/") if part not in ("", "..")]
    folders = [mount.joinpath(*parts[:n]) for n in range(len(parts) + 1)]
    found = [quota(folder) for folder in folders]
    return [limit for limit in found if limit is not None]


def _quota_v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _quota_v1(folder: Path) -> float | None:
    return _ratio(
        _read(folder / "cpu.cfs_quota_us").strip(), _read(folder / "cpu.cfs_period_us").strip()
    )


def _ratio(quota: str, period: str) -> float | None:
    """Both in microseconds; 'max', -1 or nothing mean that there is no limit."""
    if not (quota.isdecimal() and period.isdecimal()) or int(period) == 0:
        return None
    return int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
