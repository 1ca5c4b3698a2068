"""Threefry-2x32-20: a function that turns (key, counter) into two words that look random.

It is a block cipher without the secrecy: 20 rounds of add, rotate and exclusive-or stir the two
32-bit words of the counter, and after every fourth round a part of the key is added. Nothing is
remembered between calls, so NumPy and compiled code draw the same numbers, in any order.

Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from shinso.cell import Array

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA  # keeps the third key word from being 0 for an all-zero key


def threefry2x32(key0: Array, key1: Array, x0: Array, x1: Array) -> tuple[Array, Array]:
    """Encrypt the counters (x0, x1) with the key (key0, key1); 20 rounds.

    x0, x1: uint32 arrays of one shape. key0, key1: uint32 arrays of shape (1,), not scalars, whose
    overflow warns where an array's wraps around as it should. Returns two arrays of x0's shape.
    """
    keys = (key0, key1, key0 ^ key1 ^ _PARITY)
    x0 = x0 + key0
    x1 = x1 + key1
    for group in range(5):
        for turn in _ROTATIONS[group % 2]:
            x0 += x1
            x1 = (x1 << turn) | (x1 >> (32 - turn))
            x1 ^= x0
        x0 += keys[(group + 1) % 3]
        x1 += keys[(group + 2) % 3] + (group + 1)
    return x0, x1
