import threading

import numpy as np
import pytest

from shinso import ops
from shinso.classical.seeding import draw_seed, stream
from shinso.ops.random import get_rng_state, host_generator, random_bits


def test_a_stream_depends_on_its_seed_alone():
    drawn = []
    for before in (1, 2):
        ops.manual_seed(before)
        random_bits(before)
        with stream(7) as rng:
            drawn.append((random_bits(5), rng.random(3)))
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    np.testing.assert_array_equal(drawn[0][1], drawn[1][1])
    with stream(8) as rng:
        assert (random_bits(5) != drawn[0][0]).any()
        assert (rng.random(3) != drawn[0][1]).any()


def test_what_comes_after_is_as_if_nothing_had_been_drawn():
    ops.manual_seed(3)
    state = get_rng_state()
    with stream(5) as rng:
        random_bits(100)
        rng.random(4)
        assert rng is host_generator()
    assert get_rng_state() == state


def test_restored_after_an_error():
    state = get_rng_state()
    with pytest.raises(ValueError, match="negative"), stream(5):
        random_bits(-3)
    assert get_rng_state() == state


def test_other_threads_go_on():
    """`manual_seed` would restart the other thread's stream."""
    ready, go, words = threading.Event(), threading.Event(), []

    def other():
        words.append(random_bits(4))
        ready.set()
        go.wait(10)
        words.append(random_bits(4))

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait(10)
    with stream(1):
        random_bits(1)
    go.set()
    thread.join()
    assert (words[0] != words[1]).any()


def test_streams_nest():
    with stream(1):
        first = random_bits(2)
        with stream(2):
            random_bits(9)
        second = random_bits(2)
    with stream(1):
        np.testing.assert_array_equal(random_bits(2), first)
        np.testing.assert_array_equal(random_bits(2), second)


def test_draw_seed_moves_on():
    state = np.random.RandomState(0)
    assert draw_seed(state) != draw_seed(state)
    assert draw_seed(np.random.RandomState(0)) == draw_seed(np.random.RandomState(0))
