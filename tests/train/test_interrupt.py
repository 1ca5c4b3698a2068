"""Ctrl-C: the first is noted, the second stops, handlers come back, threads are left alone."""

import os
import signal
import threading

import pytest

from shinso.train.interrupt import Guard, Interrupted


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_first_and_second(capfd):
    before = signal.getsignal(signal.SIGINT)
    with Guard() as guard:
        assert not guard.requested
        press()
        assert guard.requested
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before
    assert "finishing this batch" in capfd.readouterr().err


def test_the_handler_comes_back_after_an_error():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError), Guard():
        raise RuntimeError
    assert signal.getsignal(signal.SIGINT) is before


def test_where_ctrl_c_is_ignored_it_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Guard() as guard:
            press()
            assert not guard.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread():
    found = []

    def work():
        with Guard() as guard:
            found.append(guard.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


def test_it_is_a_keyboard_interrupt():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)
