"""Randomness as a pure function of a seed and a place, so that a run can be repeated and resumed.

Nothing here keeps a state: the order of epoch 7 needs no memory of epochs 0 to 6, and the random
numbers of batch 12 do not depend on which thread prepares it, or when.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# What the random numbers are for. Different purposes never share a stream.
SPLIT = 0
ORDER = 1
TRANSFORM = 2
MIX = 3


def check_seed(seed: int) -> int:
    """Return `seed` if it is a whole number >= 0.

    Raises TypeError if it is no whole number, ValueError if it is negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be a whole number, got {seed!r}.")
    if seed < 0:
        raise ValueError(f"seed must be 0 or greater, got {seed}.")
    return int(seed)


def bit_generator(seed: int, *place: int) -> np.random.Philox:
    """Return the source of random bits that belongs to `seed` and `place`.

    Philox is counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011);
    `SeedSequence` spreads the seed and the place over its key.
    """
    return np.random.Philox(np.random.SeedSequence(check_seed(seed), spawn_key=place))


def generator(seed: int, *place: int) -> np.random.Generator:
    """Return a fresh `numpy.random.Generator` for `seed` and `place`, e.g. (TRANSFORM, 3, 12)."""
    return np.random.Generator(bit_generator(seed, *place))


def permutation(n: int, seed: int, *place: int) -> NDArray[np.int64]:
    """Return the numbers 0 .. n-1 in random order, shape (n,).

    Each number draws 64 random bits and the draws are sorted. NumPy promises the bits of a bit
    generator for all versions to come, which it does not promise for `Generator.permutation`:
    so an order, and the bundled train/test split, outlive an upgrade.
    """
    draws = bit_generator(seed, *place).random_raw(n)
    return np.argsort(draws, kind="stable").astype(np.int64, copy=False)
