"""Random streams: known answers, statistics, threads, saving and restoring, probes."""

import json
import math
import threading

import numpy as np
import pytest

from shinso.cell import overlaid
from shinso.graph import set_default_dtype
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.ops import manual_seed
from shinso.ops import random as rng
from shinso.ops.threefry import threefry2x32


@pytest.fixture(autouse=True)
def fresh_seed():
    manual_seed(0)
    yield
    manual_seed(0)


def words(*values):
    return [np.array([v], dtype=np.uint32) for v in values]


@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_threefry_known_answers(key, counter, answer):
    y = threefry2x32(*words(*key), *words(*counter))
    assert [int(v[0]) for v in y] == list(answer)
    assert [v.dtype for v in y] == [np.uint32, np.uint32]


def test_bits_are_the_encrypted_counter():
    rng.generator_cell().data = np.array([1, 2, 5, 7], dtype=np.uint32)
    bits = rng.random_bits((3, 2))
    counter = np.arange(5, 8, dtype=np.uint32), np.full(3, 7, dtype=np.uint32)
    y0, y1 = threefry2x32(*words(1, 2), *counter)
    np.testing.assert_array_equal(bits, np.stack([y0, y1], axis=1))  # one value for each row
    np.testing.assert_array_equal(rng.generator_cell().data, [1, 2, 8, 7])


def test_counter_carries_into_its_high_word():
    top = 2**32 - 2
    rng.generator_cell().data = np.array([1, 2, top, 3], dtype=np.uint32)
    bits = rng.random_bits(8)
    np.testing.assert_array_equal(rng.generator_cell().data, [1, 2, 2, 4])
    for i, (low, high) in enumerate([(top, 3), (top + 1, 3), (0, 4), (1, 4)]):
        y0, y1 = threefry2x32(*words(1, 2, low, high))
        assert (bits[i], bits[i + 4]) == (y0[0], y1[0])


def test_counter_wraps_around_at_the_very_end():
    rng.generator_cell().data = np.array([0, 0, 2**32 - 1, 2**32 - 1], dtype=np.uint32)
    rng.random_bits(2)
    np.testing.assert_array_equal(rng.generator_cell().data, [0, 0, 0, 0])


@pytest.mark.parametrize("shape", [(), 0, 1, 5, (0, 3), (2, 3), [2, 3], np.int64(4)])
def test_shapes(shape):
    expected = tuple(shape) if isinstance(shape, (tuple, list)) else (int(shape),)
    for dtype in (np.float32, np.float64):
        assert rng.random_uniform(shape, dtype).shape == expected
        assert rng.random_normal(shape, dtype).shape == expected
        assert rng.random_normal(shape, dtype).dtype == dtype
        assert rng.random_uniform(shape, dtype).dtype == dtype
    assert rng.random_bits(shape).shape == expected
    assert rng.random_bits(shape).dtype == np.uint32


def test_an_empty_draw_leaves_the_counter_alone():
    before = rng.generator_cell().numpy()
    rng.random_bits((0, 3))
    np.testing.assert_array_equal(rng.generator_cell().data, before)


def test_dtype_follows_the_default():
    assert rng.random_uniform(3).dtype == np.float32
    set_default_dtype("float64")
    try:
        assert rng.random_normal(3).dtype == np.float64
    finally:
        set_default_dtype("float32")


def test_draws_differ_and_a_seed_repeats_them():
    first, second = rng.random_bits(100), rng.random_bits(100)
    assert (first != second).any()
    manual_seed(0)
    np.testing.assert_array_equal(rng.random_bits(100), first)
    np.testing.assert_array_equal(rng.random_bits(100), second)


def test_every_seed_has_a_stream_of_its_own():
    seen = set()
    for seed in (0, 1, -1, 2, -2, 2**64, -(2**64), 10**40, np.int64(7)):
        assert manual_seed(seed) is None
        seen.add((int(rng.random_bits(1)[0]), int(rng.host_generator().integers(2**62))))
    assert len({a for a, _ in seen}) == len({b for _, b in seen}) == 9


# -- statistics, at fixed seeds: each bound is some four standard errors --------------------------

N = 200_000


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_is_uniform(dtype):
    u = rng.random_uniform(N, dtype).astype(np.float64)
    assert u.min() >= 0.0
    assert u.max() < 1.0
    assert abs(u.mean() - 1 / 2) < 4 * math.sqrt(1 / 12 / N)
    assert abs(u.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / N)
    assert_chi_square(np.bincount((u * 64).astype(int), minlength=64), N / 64)


def assert_chi_square(counts, expected):
    k = len(counts) - 1
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert abs(chi - k) < 4 * math.sqrt(2 * k)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_is_normal(dtype):
    z = rng.random_normal(N, dtype).astype(np.float64)
    assert np.isfinite(z).all()
    assert abs(z.mean()) < 4 / math.sqrt(N)
    assert abs(z.var() - 1) < 4 * math.sqrt(2 / N)
    assert abs((z**3).mean()) < 4 * math.sqrt(15 / N)
    assert abs((z**4).mean() - 3) < 4 * math.sqrt(96 / N)
    # Each half of the draw is one coordinate; they are independent.
    assert abs((z[: N // 2] * z[N // 2 :]).mean()) < 4 / math.sqrt(N // 2)
    inside = (np.abs(z) < 1).mean()
    assert abs(inside - math.erf(math.sqrt(0.5))) < 4 * math.sqrt(0.22 / N)


def test_every_bit_is_fair_and_neighbours_are_independent():
    bits = rng.random_bits(N)
    ones = np.array([int((bits >> i & 1).sum()) for i in range(32)])
    assert (np.abs(ones - N / 2) < 4.5 * math.sqrt(N) / 2).all()
    pairs = np.bincount(((bits[1:] >> 29) * 8 + (bits[:-1] >> 29)).astype(int), minlength=64)
    assert_chi_square(pairs, (N - 1) / 64)


def test_extreme_bits_give_finite_numbers(monkeypatch):
    """All-zero and all-one words are rare but must not give 1.0, ln 0 or a warning."""
    for value in (0, 2**32 - 1):
        monkeypatch.setattr(
            rng, "random_bits", lambda shape, v=value: np.full(shape, v, dtype=np.uint32)
        )
        for dtype in (np.float32, np.float64):
            u = rng.random_uniform((4,), dtype)
            assert (u >= 0).all()
            assert (u < 1).all()
            assert np.isfinite(rng.random_normal((5,), dtype)).all()
        monkeypatch.undo()


# -- threads --------------------------------------------------------------------------------------


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_threads_have_streams_of_their_own_that_a_seed_repeats():
    def draw():
        return rng.random_bits(8).tolist(), rng.host_generator().integers(1000, size=8).tolist()

    runs = []
    for _ in range(2):
        manual_seed(3)
        runs.append([draw(), in_thread(draw), in_thread(draw)])
    assert runs[0] == runs[1]
    bits = [b for b, _ in runs[0]]
    assert len({tuple(b) for b in bits}) == 3
    assert len({tuple(h) for _, h in runs[0]}) == 3


def test_seeding_restarts_threads_that_are_running():
    ready, seeded, draws = threading.Event(), threading.Event(), []

    def work():
        rng.random_bits(3)
        ready.set()
        seeded.wait(10)
        draws.append(rng.random_bits(4).tolist())

    for _ in range(2):
        thread = threading.Thread(target=work)
        thread.start()
        assert ready.wait(10)
        manual_seed(11)
        seeded.set()
        thread.join()
        ready.clear()
        seeded.clear()
    assert draws[0] == draws[1]
    manual_seed(11)
    assert draws[0] != rng.random_bits(4).tolist()


# -- state ----------------------------------------------------------------------------------------


def test_state_passes_through_json_and_continues_exactly():
    manual_seed(2**70)
    rng.random_normal(7)
    rng.host_generator().integers(10, size=3, dtype=np.uint32)  # leaves half a word in the buffer
    state = json.loads(json.dumps(rng.get_rng_state()))
    expected = rng.random_bits(9), rng.host_generator().integers(10, size=9, dtype=np.uint32)
    manual_seed(1)
    rng.set_rng_state(state)
    np.testing.assert_array_equal(rng.random_bits(9), expected[0])
    np.testing.assert_array_equal(
        rng.host_generator().integers(10, size=9, dtype=np.uint32), expected[1]
    )
    rng.set_rng_state(state)
    assert rng.get_rng_state() == state


def test_state_may_hold_arrays():
    state = rng.get_rng_state()
    expected = rng.random_bits(4)
    state["generator"] = np.array(state["generator"], dtype=np.uint32)
    state["host"]["counter"] = np.array(state["host"]["counter"], dtype=np.uint64)
    rng.set_rng_state(state)
    np.testing.assert_array_equal(rng.random_bits(4), expected)


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("seed",), None, "'seed'"),
        (("seed",), 1.5, "'seed'"),
        (("generator",), [1, 2, 3], "list of 4"),
        (("generator",), [1, 2, 3, -1], "from 0 to 4294967295, got -1"),
        (("generator",), [1, 2, 3, 2**32], "got 4294967296"),
        (("generator",), "1234", "list of 4"),
        (("generator",), [1, 2, 3, 0.5], "whole numbers"),
        (("host",), None, "'counter' is missing"),
        (("host", "key"), [1, 2**64], "'key'"),
        (("host", "buffer"), [0] * 5, "'buffer'"),
        (("host", "buffer_pos"), 1000, "'buffer_pos'.*from 0 to 4"),
        (("host", "buffer_pos"), -1, "'buffer_pos'"),
        (("host", "has_uint32"), True, "'has_uint32'"),
        (("host", "uinteger"), 2**32, "'uinteger'"),
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(path, value, match):
    state = rng.get_rng_state()
    part = state
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    before = rng.get_rng_state()
    with pytest.raises(ValueError, match=match):
        rng.set_rng_state(state)
    assert rng.get_rng_state() == before


def test_a_missing_entry_is_named():
    for wrong in ({}, None, [1]):
        with pytest.raises(ValueError, match="'seed' is missing"):
            rng.set_rng_state(wrong)


def test_a_kept_host_generator_is_reseeded():
    kept = rng.host_generator()
    first = kept.standard_normal(3)
    manual_seed(0)
    np.testing.assert_array_equal(kept.standard_normal(3), first)
    assert kept is rng.host_generator()


# -- tracing and errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draw",
    [
        lambda: rng.random_bits((3, 3)),
        lambda: rng.random_uniform((2, 2), np.float32),
        lambda: rng.random_uniform(5, np.float64),
        lambda: rng.random_normal((3,), np.float32),
        lambda: rng.random_normal((2, 3), np.float64),
    ],
)
def test_draws_run_on_probes_and_write_the_counter_to_the_overlay(draw):
    before = rng.generator_cell().numpy()
    with overlaid(ProbeOverlay()):
        first, second = draw(), draw()
        assert isinstance(first, Probe)
        assert isinstance(rng.generator_cell().data, Probe)
    np.testing.assert_array_equal(rng.generator_cell().data, before)
    np.testing.assert_array_equal(draw(), first.array)
    np.testing.assert_array_equal(draw(), second.array)


@pytest.mark.parametrize("seed", [1.5, "1", None, [1]])
def test_seed_must_be_whole(seed):
    with pytest.raises(TypeError, match="manual_seed takes a whole number"):
        manual_seed(seed)


def test_wrong_shapes_and_dtypes():
    with pytest.raises(ValueError, match="negative"):
        rng.random_bits((2, -1))
    with pytest.raises(TypeError, match="shape is a whole number"):
        rng.random_uniform(2.5)
    with pytest.raises(ValueError, match=r"2\*\*33"):
        rng.random_bits((2**20, 2**20))
    for draw in (rng.random_uniform, rng.random_normal):
        with pytest.raises(TypeError, match="float32 or float64, not float16"):
            draw(3, np.float16)
