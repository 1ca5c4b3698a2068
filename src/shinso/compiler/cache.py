"""Every kernel is compiled once per machine and loaded once per process.

A kernel is known by its key: a hash over its description in canonical form (given by the caller),
the target, the versions of LLVM and llvmlite, and the compiler's own source files. Three places are
asked in turn: this process's table, the disk (store.py), LLVM (workers.py).
"""

from __future__ import annotations

import functools
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from shinso.compiler import objects, workers
from shinso.compiler.objects import CompileError, LoadedTogether
from shinso.compiler.store import FORMAT, Store, default_store
from shinso.compiler.target import Target, target
from shinso.compiler.workers import CompilerCrash, Job, Progress, Result
from shinso.version import __version__

_alive: list[LoadedTogether] = []
"""What was handed out as an address stays in memory, even if its cache is forgotten."""


class Request(NamedTuple):
    """A kernel that is wanted.

    key: from `KernelCache.key`; symbol: the function's name in the module, which also names the
    kernel in messages; make_ir: makes the module's LLVM IR, called only if nobody has the kernel.
    """

    key: str
    symbol: str
    make_ir: Callable[[], str]


@dataclass
class Counters:
    """What a cache did so far: kernels by where they came from, and seconds spent.

    reused: already in this process; hits: from disk; misses: compiled, or `failed` in the attempt;
    emit_seconds: in `make_ir`; seconds: in the whole of compiling; load_seconds: linking.
    """

    reused: int = 0
    hits: int = 0
    misses: int = 0
    compiled: int = 0
    failed: int = 0
    emit_seconds: float = 0.0
    seconds: float = 0.0
    load_seconds: float = 0.0


class KernelCache:
    """Kernels for one target; safe to use from several threads and after a fork.

    target: the machine (default: `target()`); store: where they are kept between runs (default:
    the user's folder); workers: processes that compile what takes long (default: one per CPU);
    progress: called as (done, in all, seconds left) when more than a second is predicted.
    """

    def __init__(
        self,
        machine: Target | None = None,
        store: Store | None = None,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.target = target() if machine is None else machine
        self.store = default_store() if store is None else store
        self.workers = workers
        self.progress = progress
        self.counters = Counters()
        self._addresses: dict[str, dict[str, int]] = {}
        self._failures: dict[str, CompileError] = {}
        self._lock = threading.RLock()
        self._process = os.getpid()

    def key(self, description: str) -> str:
        """Return the key of a kernel: 64 hexadecimal digits.

        description: all that the code depends on besides target and compiler, the symbol included.
        """
        return hashlib.sha256(_surroundings(self.target) + description.encode()).hexdigest()

    def get_many(self, requests: Sequence[Request]) -> list[int]:
        """Return the address of each requested kernel's function, compiling what is missing.

        Raises CompilerCrash (with the names in `kernels`) if LLVM died over some of them and
        CompileError if it refused one; all others are compiled and kept before that, and asking
        again for one that failed raises at once.
        """
        if not self.target.runs_here:
            raise CompileError(f'Code for the target "{self.target.name}" cannot run here.')
        with self._guard():
            wanted = {request.key: request for request in requests}
            for key in wanted:
                if key in self._failures:
                    raise self._failures[key]
            missing = self._look_up(wanted)
            if missing:
                self._compile(list(missing.values()))
            return [self._address(request) for request in requests]

    def find_many(self, wanted: Sequence[tuple[str, str]]) -> list[int] | None:
        """Return the addresses of kernels by (symbol, key), or None if one would be compiled."""
        if not self.target.runs_here:
            return None
        requests = {key: Request(key, symbol, str) for symbol, key in wanted}
        with self._guard():
            self._look_up(requests)
            if not all(r.symbol in self._addresses.get(key, ()) for key, r in requests.items()):
                return None
            return [self._address(requests[key]) for _, key in wanted]

    def load_cached(self, name: str, make_ir: Callable[[], str]) -> dict[str, int]:
        """Return the addresses of all functions that a fixed module defines, by name.

        name: says which module; it stands for its text, which only the compiler's own sources and
        the target determine. Raises as `get_many`.
        """
        with self._guard():
            key = self.key(f"module {name}")
            if key not in self._addresses:
                self.get_many([Request(key, "", make_ir)])
            return dict(self._addresses[key])

    def _guard(self) -> threading.RLock:
        """The lock; a new one after a fork, when the old one's holder may be gone."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock

    def _address(self, request: Request) -> int:
        """The address of the requested function (0 for a module asked for as a whole)."""
        functions = self._addresses[request.key]
        if not request.symbol:
            return 0
        if request.symbol not in functions:
            raise CompileError(
                f'The module has no function "{request.symbol}", only {", ".join(functions)}.'
            )
        return functions[request.symbol]

    def _look_up(self, wanted: dict[str, Request]) -> dict[str, Request]:
        """What is wanted and neither in memory nor in the store, from which it is loaded."""
        missing = {key: r for key, r in wanted.items() if key not in self._addresses}
        self.counters.reused += len(wanted) - len(missing)
        self._from_disk(missing)
        return {key: r for key, r in missing.items() if key not in self._addresses}

    def _from_disk(self, missing: dict[str, Request]) -> None:
        """Load what the store has of the missing kernels."""
        found = {}
        for key, request in missing.items():
            entry = self.store.read(key)
            unpacked = None if entry is None else _unpack(entry)
            if unpacked is not None and (not request.symbol or request.symbol in unpacked[1]):
                found[key] = unpacked
        try:
            self._load(found)
        except CompileError:  # one of them is not what it says: find out which
            for key, item in found.items():
                try:
                    self._load({key: item})
                except CompileError:
                    continue  # compiled again, and replaced
        self.counters.hits += sum(key in self._addresses for key in found)

    def _load(self, found: dict[str, tuple[bytes, tuple[str, ...]]]) -> None:
        """Put object code into this process. Raises CompileError, having loaded nothing."""
        if not found:
            return
        start = time.perf_counter()
        loaded = objects.load_many(list(found.values()))
        _alive.append(loaded)
        self._addresses.update(zip(found, loaded.addresses, strict=True))
        self.counters.load_seconds += time.perf_counter() - start

    def _compile(self, requests: list[Request]) -> None:
        """Compile, keep and load kernels; raise for those that failed."""
        start = time.perf_counter()
        self.counters.misses += len(requests)
        symbols: list[tuple[str, ...]] = []
        found: dict[str, tuple[bytes, tuple[str, ...]]] = {}
        failures: list[CompileError] = []

        def jobs() -> Iterator[Job]:
            for request in requests:
                began = time.perf_counter()
                text = request.make_ir()
                self.counters.emit_seconds += time.perf_counter() - began
                symbols.append(objects.exported(text))
                yield Job(request.symbol or symbols[-1][0], text)

        def done(result: Result) -> None:
            key = requests[result.number].key
            if isinstance(result.outcome, CompileError):
                failures.append(result.outcome)
                self._failures[key] = result.outcome
                return
            found[key] = (result.outcome, symbols[result.number])
            self.store.write(key, _pack(*found[key]))

        try:
            workers.compile_all(
                jobs(),
                self.target,
                done,
                total=len(requests),
                progress=self.progress,
                workers=self.workers,
            )
        finally:
            self._load(found)
            self.counters.compiled += len(found)
            self.counters.failed += len(failures)
            self.counters.seconds += time.perf_counter() - start
        if failures:
            raise _worst(failures)


def kernel_cache(machine: Target | None = None) -> KernelCache:
    """Return this process's cache for a target (default: `target()`), in the user's folder."""
    return _cache_of(target() if machine is None else machine)


@functools.cache
def _cache_of(machine: Target) -> KernelCache:
    return KernelCache(machine)


def load_cached(name: str, make_ir: Callable[[], str]) -> dict[str, int]:
    """Return the functions of a fixed module, from the process's cache; see `KernelCache`."""
    return kernel_cache().load_cached(name, make_ir)


def _worst(failures: list[CompileError]) -> CompileError:
    """The error to raise for several: an invalid module first, for that is a plain mistake."""
    crashes = [error for error in failures if isinstance(error, CompilerCrash)]
    if len(crashes) < len(failures):
        return next(error for error in failures if not isinstance(error, CompilerCrash))
    crashes[0].kernels = tuple(crash.kernel for crash in crashes)
    return crashes[0]


def _pack(code: bytes, symbols: tuple[str, ...]) -> bytes:
    """A store's content: the functions' names, a zero byte, the object code."""
    return "\n".join(symbols).encode() + b"\0" + code


def _unpack(content: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """The inverse of `_pack`, or None."""
    names, zero, code = content.partition(b"\0")
    return (code, tuple(names.decode().split("\n"))) if zero and names else None


@functools.cache
def _surroundings(machine: Target) -> bytes:
    """A hash of everything besides the kernel that its code depends on."""
    parts = (
        f"format {FORMAT}",
        machine.name,
        machine.triple,
        machine.cpu,
        machine.features,
        f"{machine.vector_bytes} {machine.registers}",
        objects.versions(),
        sources(),
    )
    return hashlib.sha256("\n".join(parts).encode()).digest()


@functools.cache
def sources() -> str:
    """Return a hash of the compiler's own source files: other code, other kernels.

    Where the files are not there to be read (a zip archive), the package's version stands for them.
    """
    folder = Path(__file__).parent
    total = hashlib.sha256(__version__.encode())
    for path in sorted(folder.rglob("*.py")):
        total.update(f"\n{path.relative_to(folder).as_posix()}\n".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
