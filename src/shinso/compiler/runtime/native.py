"""The run time's native code: put together, compiled at first use, and ready to be called.

The text depends on the processor, the operating system and Python's layout of objects only; so its
object code can be cached. All addresses come in a table at start (`init`), none is in the code.
"""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from shinso.compiler.cache import load_cached
from shinso.compiler.runtime import call_code, driver_code, layout, park, team_code
from shinso.compiler.target import target

if TYPE_CHECKING:
    from shinso.compiler.runtime.words import Routine, Word

API = (*park.FUNCTIONS, *call_code.FUNCTIONS, "PyArray_NewFromDescr", "PyArray_Scalar",
       "ndarray", "none")  # fmt: skip
"""The words of the table that `init` takes."""

EXPORTS = {
    "init": 1, "install": 1, "ticks": 0, "lock": 0, "unlock": 0, "try_lock": 0, "live": 2,
    "call_up": 4, "run": 5, "run_locked": 2, "call": 4,
}  # fmt: skip
"""The functions that Python calls, and how many words they take."""


def _api(f: Routine, name: str, *arguments: Word | int) -> Word:
    return f.call_at(_constant(f, name), *arguments)


def _constant(f: Routine, name: str) -> Word:
    return f.load(f.place("api") + 8 * API.index(name))


def ir_text(triple: str, platform: str = sys.platform) -> str:
    """The module in LLVM's language, for a machine and an operating system (`sys.platform`).

    Raises NotImplementedError for processors other than x86_64 and aarch64.
    """
    from shinso.compiler.runtime.words import Module  # here: it imports llvmlite

    architecture = replace(target(), triple=triple).architecture
    module = Module(triple)
    module.table("api", len(API))
    with module.routine("init", 1, export=True) as f, f.count(len(API)) as i:
        f.store(f.place("api") + i * 8, f.load(f.arguments[0] + i * 8))
    park.emit(module, architecture, park.way_to_sleep(platform, architecture), _api)
    team_code.emit(module)
    driver_code.emit(module)
    call_code.emit(module, _api, _constant)
    return module.text()


class Native:
    """The loaded code: its functions, callable from Python without Python's lock."""

    def __init__(self, addresses: dict[str, int]) -> None:
        self._addresses = addresses
        self._table = np.array([_api_addresses()[name] for name in API], dtype=np.int64)
        self._function("init")(self._table.ctypes.data)
        self.install = self._function("install")
        self.live = self._function("live")
        self.lock = self._function("lock")
        self.try_lock = self._function("try_lock")
        self.unlock = self._function("unlock")
        self.run = self._function("run")
        self.run_locked = self._function("run_locked")
        self.call_up = self._function("call_up")
        self._ticks = self._function("ticks")
        self._born = self._now()
        self._rate: float | None = None

    def _function(self, name: str) -> Callable[..., int]:
        words = [ctypes.c_int64] * EXPORTS[name]
        return ctypes.CFUNCTYPE(ctypes.c_int64, *words)(self._addresses[name])

    def address(self, name: str) -> int:
        """Where an exported function begins."""
        return self._addresses[name]

    def _now(self) -> tuple[int, int]:
        return self._ticks(), time.perf_counter_ns()

    def ticks_per_second(self) -> float:
        """How fast the processor's clock runs that the code reads, measured since loading."""
        if self._rate is None:
            short = 2_000_000 - (time.perf_counter_ns() - self._born[1])
            if short > 0:
                time.sleep(short / 1e9)
            ticks, now = self._now()
            rate = 1e9 * (ticks - self._born[0]) / (now - self._born[1])
            if now - self._born[1] < 100_000_000:
                return rate  # a longer look will be more precise
            self._rate = rate
        return self._rate


def _api_addresses() -> dict[str, int]:
    found = park.addresses(park.way_to_sleep(sys.platform, target().architecture))
    for name in call_code.FUNCTIONS:
        function = getattr(ctypes.pythonapi, name)
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    if layout.trouble() is None:
        found.update(layout.numpy_functions())
    found["none"] = id(None)
    return {name: found.get(name, 0) for name in API}


@cache
def native() -> Native:
    """The run time's native code, compiled (or taken from the cache) when first asked for.

    Two threads that ask at the same time get the same code.
    """
    machine = target()
    # The text takes longer to make than the object code to load, so this names it instead.
    way = park.way_to_sleep(sys.platform, machine.architecture)
    name = f"runtime {way} {layout.HEAD} {layout.ITEMS}"
    return Native(load_cached(name, lambda: ir_text(machine.triple)))
