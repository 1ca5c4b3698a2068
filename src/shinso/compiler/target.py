"""The machine that code is made for: its instructions, how wide its vectors are, its caches.

`target()` is the machine we run on, unless the environment variable SHINSO_TARGET asks for a
plainer or another one. Everything that emits code asks it for the number of lanes and whether a
multiplication and an addition may become one instruction.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

VARIABLE = "SHINSO_TARGET"
NAMES = ("native", "avx512", "avx2", "x86-64", "neon")

_AVX2 = ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "popcnt")
_AVX512 = (*_AVX2, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")


_IN_HALVES = ("znver4",)  # CPUs whose 64-byte instructions take two turns
_HALVES, _NARROW = 1.1, 1.8  # what narrow vectors cost, per element, beside wide ones


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to make code for.

    name: as in SHINSO_TARGET; triple, cpu, features: as LLVM spells them; vector_bytes: the width
    of a vector register; registers: how many of them there are.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int

    def lanes(self, dtype: Any) -> int:
        """How many numbers of a dtype one vector register holds."""
        return self.vector_bytes // np.dtype(dtype).itemsize

    def fit(self, n: int, itemsize: int) -> tuple[int, float]:
        """How many lanes suit n elements, and the share of the machine's rate that they reach.

        Narrower vectors are fuller. Where the machine carries out a wide instruction in two halves,
        half vectors cost little more than whole ones.
        """
        lanes, price = max(1, self.vector_bytes // itemsize), 1.0
        best = lanes, n / (-(-n // lanes) * lanes) if n else 1.0
        while n and lanes >= 8:
            halves = self.cpu in _IN_HALVES and lanes * itemsize == 64
            lanes, price = lanes // 2, price * (_HALVES if halves else _NARROW)
            share = n / (-(-n // lanes) * lanes) / price
            best = max(best, (lanes, share), key=lambda found: found[1])
        return best

    def has(self, feature: str) -> bool:
        """Whether the machine has a feature, by LLVM's name for it."""
        return f"+{feature}" in self.features.split(",")

    @property
    def architecture(self) -> str:
        """'x86_64', 'aarch64', or whatever the triple begins with."""
        return _architecture(self.triple)

    @property
    def fma(self) -> bool:
        """Whether a · b + c is one instruction that rounds once."""
        return self.architecture == "aarch64" or self.has("fma")

    @property
    def flags(self) -> tuple[str, ...]:
        """The fast-math flags that floating-point instructions may carry."""
        return ("contract",) if self.fma else ()

    @property
    def function_attributes(self) -> tuple[str, ...]:
        """What every function must say. Some CPUs halve wide vectors unless told not to."""
        bits = 8 * self.vector_bytes
        return (
            "nounwind",
            f'"prefer-vector-width"="{bits}"',
            f'"min-legal-vector-width"="{bits}"',
        )

    @property
    def runs_here(self) -> bool:
        """Whether this machine can execute the code."""
        triple, _, features = _host()
        if _architecture(triple) != self.architecture:
            return False
        here = set(features.split(","))
        return all(f in here for f in self.features.split(",") if f.startswith("+"))

    def machine(self) -> Any:
        """A new llvmlite TargetMachine that optimizes as much as LLVM can.

        It has its own state: threads do not share one.
        """
        binding = _binding()
        described = binding.Target.from_triple(self.triple)
        return described.create_target_machine(
            cpu=self.cpu, features=self.features, opt=3, jit=self.runs_here
        )


def target() -> Target:
    """The machine to make code for: SHINSO_TARGET, or else the one we run on.

    native: this machine with all it can; avx512, avx2: x86 with vectors of 64 or 32 bytes;
    x86-64: any x86 of 64 bits, without fused multiply-add; neon: ARM of 64 bits.
    Raises ValueError for any other name.
    """
    return named(os.environ.get(VARIABLE) or "native")


@cache
def named(name: str) -> Target:
    """The target of a name; see `target`. Raises ValueError for a name that it does not know."""
    if name == "native":
        return _native(*_host())
    if name == "neon":
        return Target("neon", "aarch64-unknown-linux-gnu", "generic", "+neon", 16, 32)
    triple = _host()[0]
    if _architecture(triple) != "x86_64":
        triple = "x86_64-unknown-linux-gnu"
    if name == "avx512":
        return Target("avx512", triple, "x86-64-v4", _plus(_AVX512), 64, 32)
    if name == "avx2":
        return Target("avx2", triple, "x86-64-v3", _plus(_AVX2), 32, 16)
    if name == "x86-64":
        return Target("x86-64", triple, "x86-64", "+sse2", 16, 16)
    near = get_close_matches(name, NAMES, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(
        f"{VARIABLE} is {name!r}, but the targets are {', '.join(NAMES)}.{hint} Set one of them, "
        f"or unset {VARIABLE} for the machine you run on."
    )


def _native(triple: str, cpu: str, features: str) -> Target:
    """The host, its vectors as wide as its features allow."""
    has = {f[1:] for f in features.split(",") if f.startswith("+")}
    if _architecture(triple) == "x86_64":
        if has >= {"avx512f", "avx512vl", "avx512dq", "avx512bw"}:
            width, registers = 64, 32
        else:
            width, registers = (32 if has >= {"avx2", "fma"} else 16), 16
    else:  # ARM; any other 64-bit machine has at least this, or LLVM splits the vectors
        width, registers = 16, 32
    return Target("native", triple, cpu, features, width, registers)


def _plus(features: tuple[str, ...]) -> str:
    return ",".join(f"+{f}" for f in features)


def _architecture(triple: str) -> str:
    first = triple.partition("-")[0]
    return {"arm64": "aarch64", "amd64": "x86_64"}.get(first, first)


@cache
def _binding() -> Any:
    """llvmlite's binding, with the code generators registered."""
    # Imported here because it takes up to 0.15 s, and a program that compiles nothing needs none.
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    return binding


@cache
def _host() -> tuple[str, str, str]:
    """Triple, CPU and features of the machine we run on."""
    binding = _binding()
    features = binding.get_host_cpu_features().flatten()
    return binding.get_process_triple(), binding.get_host_cpu_name(), features


# -- caches ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caches:
    """Cache sizes in bytes: level 1 (data) and level 2 of one core, level 3 as a whole."""

    level1: int
    level2: int
    level3: int


_TYPICAL = Caches(32 << 10, 512 << 10, 8 << 20)


@cache
def caches() -> Caches:
    """The caches of this machine; typical sizes where the system does not tell."""
    if sys.platform == "darwin":
        return _apple_caches()
    return _linux_caches(Path("/sys/devices/system/cpu/cpu0"))


def _linux_caches(cpu: Path) -> Caches:
    """From the folder in which Linux describes a CPU."""
    found: dict[int, int] = {}
    for index in sorted(cpu.glob("cache/index*")):
        try:
            kind = (index / "type").read_text().strip()
            level = int((index / "level").read_text())
            size = _bytes((index / "size").read_text().strip())
            sharing = _members((index / "shared_cpu_list").read_text())
            core = _members((cpu / "topology" / "thread_siblings_list").read_text())
        except (OSError, ValueError):
            continue
        if kind != "Instruction" and size > 0:
            found[level] = size if level > 2 else size * min(core, sharing) // sharing
    return Caches(
        found.get(1, _TYPICAL.level1),
        found.get(2, _TYPICAL.level2),
        found.get(3, _TYPICAL.level3),
    )


def _bytes(text: str) -> int:
    """'48K' is 49152."""
    unit = {"K": 10, "M": 20, "G": 30}.get(text[-1:])
    return int(text) if unit is None else int(text[:-1]) << unit


def _members(text: str) -> int:
    """How many CPUs a list such as '0-3,8' names."""
    ranges = [part.partition("-") for part in text.strip().split(",")]
    return sum(int(last or first) - int(first) + 1 for first, _, last in ranges)


def _apple_caches() -> Caches:
    """From sysctl: of the performance cores, whose level 2 is shared by several."""
    level1 = _sysctl("hw.perflevel0.l1dcachesize") or _sysctl("hw.l1dcachesize")
    level2 = _sysctl("hw.perflevel0.l2cachesize") or _sysctl("hw.l2cachesize")
    sharing = _sysctl("hw.perflevel0.cpusperl2") or 1
    level3 = _sysctl("hw.l3cachesize")
    return Caches(
        level1 or _TYPICAL.level1,
        level2 // sharing or _TYPICAL.level2,
        level3 or level2 or _TYPICAL.level3,
    )


def _sysctl(name: str) -> int:
    """A number that macOS tells about the machine; 0 where it knows none of that name."""
    call = getattr(ctypes.CDLL(ctypes.util.find_library("c")), "sysctlbyname", None)
    value, size = ctypes.c_int64(0), ctypes.c_size_t(8)
    if call is None or call(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0):
        return 0
    return value.value
