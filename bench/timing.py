"""How one round is timed, and how the turn is handed over."""

from __future__ import annotations

import time

from bench.side import Network


def calibrate(network: Network, mode: str, seconds: float) -> int:
    """Find how many calls in a row take at least `seconds`. This warms everything up, too."""
    repeats = 1
    with network.ready(mode) as call:
        call()
        while True:
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                return repeats
            # Aim a little beyond the goal; a very short measurement says little, so at most × 10.
            repeats = max(repeats + 1, min(10 * repeats, int(1.2 * repeats * seconds / elapsed)))


def timed_round(network: Network, mode: str, repeats: int) -> float:
    """Return the seconds per call over `repeats` calls.

    A few calls before them are not counted: they wake the threads and refill the caches.
    """
    with network.ready(mode) as call:
        for _ in range(repeats // 5):
            call()
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        return (time.perf_counter() - start) / repeats


def settle(limit: float = 5.0) -> None:
    """Return as soon as all threads of this process sleep.

    Threads of OpenBLAS and OpenMP that have nothing to do spin for a while before they sleep, and
    would take a core from the other side. Raises RuntimeError if they still spin after `limit`
    seconds.
    """
    pause = 0.02
    for _ in range(int(limit / pause)):
        busy = time.process_time()
        time.sleep(pause)
        if time.process_time() - busy < 0.1 * pause:
            return
    raise RuntimeError(
        f"threads of this process still spin {limit} s after its work was done, and would slow the "
        "other side down. Is OMP_WAIT_POLICY=active set? Unset it."
    )
