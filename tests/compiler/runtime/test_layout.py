import sys

import numpy as np
import pytest

from shinso.compiler.runtime import layout
from shinso.graph.tensor import Tensor


class Base:
    __slots__ = ("__weakref__", "a")


class Derived(Base):
    __slots__ = ("b", "c")


class Open(Base):
    """Has a __dict__, for it names no slots."""


class Choosy:
    __slots__ = ("a",)

    def __new__(cls):
        return super().__new__(cls)


def test_this_python_is_as_expected():
    assert layout.trouble() is None


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_slots_are_found(name):
    thing = Derived()
    value = object()
    setattr(thing, name, value)
    assert layout.word_at(id(thing) + layout.slot_offset(Derived, name)) == id(value)


def test_slots_of_tensors():
    t = Tensor(np.ones(3))
    for name in ("_view", "_store", "_grad", "_creator", "_index", "_requires_grad", "name"):
        offset = layout.slot_offset(Tensor, name)
        assert layout.word_at(id(t) + offset) == id(getattr(t, name))


@pytest.mark.parametrize(
    ("kind", "name"), [(Derived, "d"), (Open, "x"), (Base, "__weakref__"), (Tensor, "shape")]
)
def test_no_such_slot(kind, name):
    with pytest.raises(TypeError, match=name):
        layout.slot_offset(kind, name)


def test_makeable():
    assert layout.makeable(Derived)
    assert layout.makeable(Tensor)
    for kind in (Open, Choosy, int, np.ndarray, tuple):
        assert not layout.makeable(kind)


@pytest.mark.parametrize("name", ["TYPE", "ITEMS", "DATA", "ND", "BASE", "DESCR", "FLAGS"])
def test_another_layout_is_noticed(monkeypatch, name):
    elsewhere = layout.STRIDES if name != "ITEMS" else 0
    monkeypatch.setattr(layout, name, elsewhere)
    layout.trouble.cache_clear()
    try:
        assert "layout" in layout.trouble()
    finally:
        layout.trouble.cache_clear()


def test_another_numpy_is_noticed(monkeypatch):
    right = layout.numpy_functions()
    monkeypatch.setattr(layout, "numpy_functions", lambda: {**right, "ndarray": 1})
    layout.trouble.cache_clear()
    try:
        assert "order" in layout.trouble()
    finally:
        layout.trouble.cache_clear()


def test_python_without_lock_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    layout.trouble.cache_clear()
    try:
        assert "global lock" in layout.trouble()
    finally:
        layout.trouble.cache_clear()
