"""How a thread waits: pausing, telling the time, yielding, sleeping until a word changes.

Everything here that depends on the processor or the operating system is in this file. `park` and
`wake` are what mutexes are made of: `park(address, value)` sleeps while the lower 32 bits at the
address are `value` (it may also return early: callers look again), `wake(address)` rouses all who
sleep there. Linux calls it futex, Windows WaitOnAddress, macOS os_sync_wait_on_address; a system
without one of them sleeps for half a millisecond at a time.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shinso.compiler.runtime.words import Module, Routine

FUNCTIONS = ("yield_processor", "park", "wake")
"""Functions of the operating system, which the api table must hold under these names."""

# Linux: the number of the futex call. WAIT = 0, WAKE = 1, both + 128: within this process only.
_FUTEX = {"x86_64": 202, "aarch64": 98}
_EVERYONE = 0x7FFFFFFF
_FOREVER = 0xFFFFFFFF
_HALF_A_MILLISECOND = 500


def way_to_sleep(platform: str, architecture: str) -> str:
    """'futex', 'address' (Windows), 'sync' (macOS 14.4 and later) or 'nap'."""
    if platform.startswith("linux") and architecture in _FUTEX:
        return "futex"
    if platform == "win32":
        return "address"
    if platform == "darwin" and hasattr(ctypes.CDLL(None), "os_sync_wait_on_address"):
        return "sync"
    return "nap"


def addresses(way: str) -> dict[str, int]:
    """Where the functions of the operating system are that the emitted code calls."""
    if sys.platform == "win32":
        kernel, sync = ctypes.WinDLL("kernel32"), ctypes.WinDLL("kernelbase")
        found = (kernel.SwitchToThread, sync.WaitOnAddress, sync.WakeByAddressAll)
    else:
        c = ctypes.CDLL(None)
        sleep, rouse = {
            "futex": ("syscall", "syscall"),
            "sync": ("os_sync_wait_on_address", "os_sync_wake_by_address_all"),
            "nap": ("usleep", "usleep"),
        }[way]
        found = (c.sched_yield, getattr(c, sleep), getattr(c, rouse))
    numbers = [ctypes.cast(f, ctypes.c_void_p).value or 0 for f in found]
    return dict(zip(FUNCTIONS, numbers, strict=True))


def emit(module: Module, architecture: str, way: str, api: Callable[..., object]) -> None:
    """Define pause, ticks, park, wake and spin.

    api: a function (routine, name, *arguments) that emits a call of one of FUNCTIONS.
    """
    _emit_pause(module, architecture)
    with module.routine("park", 2) as f:
        address, value = f.arguments
        if way == "futex":
            api(f, "park", _FUTEX[architecture], address, 128, value, 0, 0, 0)
        elif way == "address":
            expected = f.frame(1)
            f.store(expected, value)
            api(f, "park", address, expected, 4, _FOREVER)
        elif way == "sync":
            api(f, "park", address, value, 4, 0)
        else:
            api(f, "park", _HALF_A_MILLISECOND)
    with module.routine("wake", 1) as f:
        address = f.arguments[0]
        if way == "futex":
            api(f, "wake", _FUTEX[architecture], address, 129, _EVERYONE, 0, 0, 0)
        elif way == "address":
            api(f, "wake", address)
        elif way == "sync":
            api(f, "wake", address, 4, 0)
    _emit_spin(module, api)


def _emit_pause(module: Module, architecture: str) -> None:
    """pause(): let the other hyperthread work. ticks(): a clock that costs next to nothing."""
    if architecture == "x86_64":
        with module.routine("pause", 0) as f:
            f.intrinsic("llvm.x86.sse2.pause")
        with module.routine("ticks", 0, export=True) as f:
            f.give(f.intrinsic("llvm.readcyclecounter"))
    elif architecture == "aarch64":
        with module.routine("pause", 0) as f:
            f.intrinsic("llvm.aarch64.hint", 1)
        with module.routine("ticks", 0, export=True) as f:
            # The cycle counter of ARM is closed to user programs; the timer's is open.
            f.give(f.intrinsic("llvm.read_volatile_register.i64", "cntvct_el0"))
    else:
        raise NotImplementedError(
            f"compiled steps run on x86_64 and aarch64 processors; this one is {architecture!r}. "
            "Set SHINSO_COMPILE=0 to run every step in NumPy."
        )


def _emit_spin(module: Module, api: Callable[..., object]) -> None:
    """spin(address, old, patience, limit): look at a word until it is no longer `old`.

    For `patience` ticks it only pauses; then it also lets other threads of a crowded machine have
    the processor. After `limit` ticks (0: never) it gives up. Returns the word.
    """
    with module.routine("spin", 4) as f:
        _, old, patience, limit = f.arguments
        _return_if_changed(f)
        start = f.call("ticks")
        with f.repeat():
            with f.count(32):
                f.call("pause")
                _return_if_changed(f)
            waited = f.call("ticks") - start
            with f.when(waited > patience):
                api(f, "yield_processor")
                _return_if_changed(f)
            with f.when(limit.differs(0)), f.when(waited > limit):
                f.give(old)


def _return_if_changed(f: Routine) -> None:
    address, old = f.arguments[:2]
    now = f.watch(address)
    with f.when(now.differs(old)):
        f.give(now)
