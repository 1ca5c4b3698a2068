"""Random numbers from a counter in a cell, so that NumPy and compiled code draw the same ones.

Each thread has a stream of its own: a `Cell` of four uint32 words (two of key, two of counter, the
low word first). A draw encrypts the next counter values with the key (`threefry2x32`) and writes
the advanced counter back, like any other state. Work on the host that is never compiled (shuffling,
initial weights) uses the thread's NumPy generator, `host_generator()`.

`manual_seed(s)` decides both. Without it the seed is 0: a program that draws is repeatable.
These functions return arrays, not tensors: nothing is differentiated through a draw.
"""

from __future__ import annotations

import math
import operator
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array, Cell, depends_on
from shinso.graph import get_default_dtype
from shinso.ops.threefry import threefry2x32

Shape = int | Sequence[int]

_TRACED, _HOST = 0, 1  # what a stream is for: the two never share a key


class _Stream:
    """One thread's source of random numbers."""

    def __init__(self, seed: int, ordinal: int) -> None:
        self.ordinal = ordinal
        self.cell = Cell(_key_and_counter(seed, ordinal), name="random state")
        self.host = np.random.Generator(_philox(seed, ordinal))

    def restart(self, seed: int, ordinal: int) -> None:
        """Begin again; the cell and the generator stay the same objects."""
        self.ordinal = ordinal
        self.cell.data = _key_and_counter(seed, ordinal)
        self.host.bit_generator.state = _philox(seed, ordinal).state


class _Local(threading.local):
    stream: _Stream | None = None


_local = _Local()
_lock = threading.Lock()
_streams: weakref.WeakSet[_Stream] = weakref.WeakSet()
_seed = 0
_next_ordinal = 0


def _spread(seed: int, ordinal: int, purpose: int) -> np.random.SeedSequence:
    """Different bits for every seed (negative ones included), thread and purpose."""
    return np.random.SeedSequence(
        2 * seed if seed >= 0 else -2 * seed - 1, spawn_key=(purpose, ordinal)
    )


def _key_and_counter(seed: int, ordinal: int) -> Array:
    key = _spread(seed, ordinal, _TRACED).generate_state(2, np.uint32)
    return np.concatenate([key, np.zeros_like(key)])


def _philox(seed: int, ordinal: int) -> np.random.Philox:
    return np.random.Philox(_spread(seed, ordinal, _HOST))


def _stream() -> _Stream:
    """This thread's stream, made on its first draw."""
    stream = _local.stream
    if stream is None:
        global _next_ordinal
        with _lock:
            stream = _local.stream = _Stream(_seed, _next_ordinal)
            _next_ordinal += 1
            _streams.add(stream)
    return stream


def manual_seed(seed: int) -> None:
    """Start all random streams again from a seed.

    seed: any whole number, of any size and sign. The calling thread gets stream 0 of that seed.
    Every other thread gets one derived from the same seed and its own ordinal: threads that have
    drawn before and still run are numbered 1, 2, … in their old order, and a new thread takes the
    next number when it first draws. Call it while no other thread is drawing.
    Raises TypeError for anything but a whole number.
    """
    global _seed, _next_ordinal
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"manual_seed takes a whole number, got {seed!r}") from None
    mine = _stream()
    with _lock:
        _seed = number
        others = sorted((s for s in _streams if s is not mine), key=lambda s: s.ordinal)
        for ordinal, stream in enumerate([mine, *others]):
            stream.restart(number, ordinal)
        _next_ordinal = 1 + len(others)


def generator_cell() -> Cell:
    """The cell with this thread's key and counter: uint32 (key0, key1, counter low, high)."""
    return _stream().cell


def host_generator() -> np.random.Generator:
    """This thread's NumPy generator (Philox), for what is drawn on the host: shuffling, weights.

    `manual_seed` restarts it in place, so a reference to it may be kept.
    """
    return _stream().host


def get_rng_state() -> dict[str, Any]:
    """The state of this thread's streams, as numbers and lists that JSON can hold.

    `set_rng_state` with it continues exactly here.
    """
    stream = _stream()
    host = stream.host.bit_generator.state
    return {
        "seed": _seed,
        "generator": stream.cell.data.tolist(),
        "host": {
            "counter": host["state"]["counter"].tolist(),
            "key": host["state"]["key"].tolist(),
            "buffer": host["buffer"].tolist(),
            "buffer_pos": host["buffer_pos"],
            "has_uint32": host["has_uint32"],
            "uinteger": host["uinteger"],
        },
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Put this thread's streams back to where `get_rng_state` found them.

    state: such a dictionary, lists or arrays inside; all of it is checked before any of it is used.
    Raises ValueError naming the entry that is missing or is not what it should be.
    """
    global _seed
    seed = _entry(state, "seed")
    words = _words(state, "generator", 4, 32)
    host = _entry(state, "host")
    restored = {
        "bit_generator": "Philox",
        "state": {
            "counter": np.array(_words(host, "counter", 4, 64), dtype=np.uint64),
            "key": np.array(_words(host, "key", 2, 64), dtype=np.uint64),
        },
        "buffer": np.array(_words(host, "buffer", 4, 64), dtype=np.uint64),
        "buffer_pos": _whole(host, "buffer_pos", 4),
        "has_uint32": _whole(host, "has_uint32", 1),
        "uinteger": _whole(host, "uinteger", 2**32 - 1),
    }
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(f"random state: 'seed' should be a whole number, got {seed!r}")
    stream = _stream()
    with _lock:
        _seed = int(seed)
        stream.cell.data = np.array(words, dtype=np.uint32)
        stream.host.bit_generator.state = restored


def _entry(state: Any, name: str) -> Any:
    if not isinstance(state, dict) or name not in state:
        raise ValueError(f"random state: the entry {name!r} is missing; was this a saved state?")
    return state[name]


def _whole(state: Any, name: str, high: int) -> int:
    value = _entry(state, name)
    return _in_range(value, name, high)


def _words(state: Any, name: str, count: int, bits: int) -> list[int]:
    values = _entry(state, name)
    if not isinstance(values, (list, tuple, np.ndarray)) or len(values) != count:
        raise ValueError(f"random state: {name!r} should be a list of {count} whole numbers")
    return [_in_range(value, name, 2**bits - 1) for value in values]


def _in_range(value: Any, name: str, high: int) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 0 <= value <= high:
        raise ValueError(
            f"random state: {name!r} should hold whole numbers from 0 to {high}, got {value!r}"
        )
    return int(value)


def random_bits(shape: Shape) -> Array:
    """Independent random 32-bit words: a uint32 array of this shape.

    Each pair of words uses up one value of the counter; there are 2⁶⁴ of them. Every row (the first
    of several axes) takes values of its own, so that an example's numbers can be drawn with it.
    Raises ValueError for a negative length or 2³³ words or more in one draw.
    """
    lengths = _lengths(shape)
    rows = lengths[0] if len(lengths) > 1 else 1
    n = math.prod(lengths[1:]) if len(lengths) > 1 else math.prod(lengths)  # words in a row
    half = (n + 1) // 2
    blocks = rows * half
    if blocks >= 2**32:
        raise ValueError(
            f"one draw gives fewer than 2**33 words; shape {lengths} asks for {rows * n}"
        )
    cell = generator_cell()
    state = cell.data
    # Slices of length 1, not scalars: an array of unsigned integers wraps around without a word.
    key0, key1, low, high = state[0:1], state[1:2], state[2:3], state[3:4]
    row = np.arange(rows, dtype=np.uint32, like=state)[:, np.newaxis]
    x0 = low + (row * np.uint32(half) + np.arange(half, dtype=np.uint32, like=state))
    x1 = high + (x0 < low).astype(np.uint32)
    y0, y1 = threefry2x32(key0, key1, x0, x1)
    after = low + blocks
    carry = (after < low).astype(np.uint32)
    cell.data = np.concatenate([key0, key1, after, high + carry])
    return np.concatenate([y0, y1], axis=1)[:, :n].reshape(lengths)


def random_uniform(shape: Shape, dtype: Any = None) -> Array:
    """Numbers spread evenly over [0, 1): never 1.

    dtype: float32 (24 random bits each) or float64 (53 bits); None for the default dtype.
    Raises TypeError for another dtype.
    """
    lengths = _lengths(shape)
    if _float(dtype) == np.float32:
        return ((random_bits(lengths) >> 8).astype(np.float32) * 2.0**-24).reshape(lengths)
    bits = random_bits((2, *lengths))
    high = (bits[0:1] >> 5).astype(np.float64)
    low = (bits[1:2] >> 6).astype(np.float64)
    return ((high * 2.0**26 + low) * 2.0**-53).reshape(lengths)


def random_normal(shape: Shape, dtype: Any = None) -> Array:
    """Standard normal numbers (mean 0, variance 1).

    Box-Muller: two uniform numbers give the radius √(-2 ln u) and the angle 2πv of a point whose
    coordinates are two independent normal numbers. u is in (0, 1], so ln u is finite; the largest
    possible |z| is 5.8 in float32 and 8.6 in float64.
    dtype: float32 or float64; None for the default dtype. Raises TypeError for another dtype.
    Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    """
    lengths = _lengths(shape)
    n = math.prod(lengths)
    uniform = random_uniform((2, (n + 1) // 2), dtype)
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform[0]))
    angle = 2.0 * math.pi * uniform[1]
    z = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
    return z[:n].reshape(lengths)


def _lengths(shape: Shape) -> tuple[int, ...]:
    parts = shape if isinstance(shape, Sequence) else (shape,)
    try:
        lengths = tuple([operator.index(n) for n in parts])
    except TypeError:
        raise TypeError(f"a shape is a whole number or several, got {shape!r}") from None
    if any(n < 0 for n in lengths):
        raise ValueError(f"a shape has no negative lengths, got {shape!r}")
    return lengths


def _float(dtype: Any) -> Any:
    chosen = get_default_dtype() if dtype is None else np.dtype(dtype)
    if chosen not in (np.float32, np.float64):
        raise TypeError(f"random numbers come as float32 or float64, not {chosen}")
    return chosen


depends_on(lambda: id(generator_cell()))  # so each thread's stream exists before it traces
