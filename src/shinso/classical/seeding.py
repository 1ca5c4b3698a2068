"""Random numbers of a fit: from random_state alone, and nobody else's are disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from shinso.ops.random import get_rng_state, host_generator, set_rng_state


def draw_seed(random_state: Any) -> int:
    """A seed from NumPy's RandomState, as `sklearn.utils.check_random_state` gives it."""
    return int(random_state.randint(2**31 - 1))


def next_seed(random_state: Any, own: Any) -> int:
    """A seed from the caller's random_state, or from the estimator's `own` where that is None."""
    return draw_seed(own if random_state is None else check_random_state(random_state))


@contextmanager
def stream(seed: int) -> Iterator[np.random.Generator]:
    """Inside the block this thread's random numbers come from `seed`; after it they go on as if
    nothing had been drawn.

    seed: a whole number of at least 0. Gives the generator for what is drawn on the host. Streams
    of other threads stay as they are, which `manual_seed` would start again.
    """
    before = get_rng_state()
    words = np.random.SeedSequence(seed).generate_state(6, np.uint32)
    host = np.random.Philox(np.random.SeedSequence(seed, spawn_key=(1,))).state
    mine = {
        "seed": before["seed"],
        "generator": [int(words[0]), int(words[1]), 0, 0],
        "host": {
            "counter": host["state"]["counter"],
            "key": host["state"]["key"],
            "buffer": host["buffer"],
            "buffer_pos": host["buffer_pos"],
            "has_uint32": host["has_uint32"],
            "uinteger": host["uinteger"],
        },
    }
    set_rng_state(_plain(mine))
    try:
        yield host_generator()
    finally:
        set_rng_state(before)


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    """Arrays as lists of Python's numbers."""
    return {
        name: _plain(value)
        if isinstance(value, dict)
        else value.tolist()
        if isinstance(value, np.ndarray)
        else value
        for name, value in state.items()
    }
