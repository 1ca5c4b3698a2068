"""Cells and `require`."""

import copy
import pickle
import threading

import numpy as np
import pytest

from shinso.cell import Cell, Overlay, overlaid, require, version


def test_writes_copy_in_place_when_they_fit():
    c = Cell(np.zeros(2), name="c")
    view = c.data
    source = np.ones(2)
    c.data = source
    source[0] = 9
    assert view.tolist() == [1.0, 1.0]
    before = version()
    c.data = np.ones(3)
    assert version() == before + 1
    assert c.data.shape == (3,)


def test_numbers_take_the_dtype():
    c = Cell(np.array(0.5))
    c.data = 1
    assert c.data.dtype == np.float64
    counter = Cell(np.array(0, dtype=np.int64))
    counter.data = 3
    assert counter.data.dtype == np.int64


def test_an_overlay_belongs_to_one_thread():
    c = Cell(np.zeros(1))
    seen = []
    with overlaid(Overlay()):
        c.data = np.ones(1)
        thread = threading.Thread(target=lambda: seen.append(c.data[0]))
        thread.start()
        thread.join()
        assert c.data[0] == 1
    assert seen == [0]
    assert c.data[0] == 0


def test_an_exception_drops_the_overlay():
    c = Cell(np.zeros(1))

    def write_and_fail():
        with overlaid(Overlay()):
            c.data = np.ones(1)
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    assert c.data[0] == 0


def test_copies_are_independent():
    c = Cell(np.zeros(2), name="c")
    for twin in (copy.deepcopy(c), pickle.loads(pickle.dumps(c))):
        twin.data = np.ones(2)
        assert twin.data.tolist() == [1.0, 1.0]
        assert twin.name == "c"
        assert c.data.tolist() == [0.0, 0.0]


def test_require():
    require(np.array([True, True]), "no")
    require(True, "no")
    with pytest.raises(ValueError, match="label 3"):
        require(np.array([True, False]), lambda: "label 3")
    with pytest.raises(ValueError, match="plain"):
        require(False, "plain")
