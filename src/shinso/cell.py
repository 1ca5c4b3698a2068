"""The ground: a named, writable place for an array, and what a tracer needs to know about it.

Everything that lasts longer than one step (parameters, running statistics, optimizer state, the
learning rate, the random counter) is a `Cell`. `cell.data` reads it, `cell.data = value` writes
it, and there is no other way to write. While a function is traced, an `Overlay` catches both, so
that a cell never holds a half-made value: dropping the overlay undoes everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""An array, as op code sees it: a NumPy array, or anything that dispatches NumPy's functions."""


class Overlay:
    """Reads and writes of cells, redirected for the time of one trace on one thread.

    A subclass says in `adopt` what a cell's array is to be seen as (a traced value, a probe).
    Writes stay in `values`; the cells themselves are left as they were.
    """

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], tuple[Cell, Any]] = {}

    def adopt(self, cell: Cell, array: Array) -> Any:
        """What reading a cell for the first time gives: here the array itself."""
        return array

    def read(self, cell: Cell, slot: str, array: Any) -> Any:
        """One slot ('data' or 'grad') of a cell, as the traced function must see it."""
        key = (id(cell), slot)
        if key not in self.values:
            if array is None:
                return None
            self.values[key] = (cell, self.adopt(cell, array))
        return self.values[key][1]

    def write(self, cell: Cell, slot: str, value: Any) -> None:
        """Remember a write; the cell itself keeps its old value."""
        self.values[id(cell), slot] = (cell, value)

    def born(self, cell: Cell) -> None:
        """A cell was made while this overlay was active."""


class _Thread(threading.local):
    """Each thread has its own overlay: a data loader's thread is never caught in a trace."""

    overlay: Overlay | None = None


_thread = _Thread()


@contextmanager
def overlaid(overlay: Overlay) -> Iterator[Overlay]:
    """Let an overlay catch this thread's reads and writes of cells inside the `with` block."""
    before = _thread.overlay
    _thread.overlay = overlay
    try:
        yield overlay
    finally:
        _thread.overlay = before


class Cell:
    """A named place for an array. Reading `.data` gives a live, read-only array; writing copies
    into it.

    A write of the same shape and dtype copies in place, so the array's address stays; any other
    write puts a new array in its place and counts as a change of the program (see `version`).
    """

    __slots__ = ("__weakref__", "_store", "_view", "name")

    _store: Array | None
    _view: Array

    def __init__(self, value: Any, name: str | None = None) -> None:
        self.name = name
        self._own(np.array(value))

    def _own(self, array: Array) -> None:
        """Make `array` (which nobody else may hold) this cell's store."""
        self._store = array
        self._view = array.view()
        self._view.flags.writeable = False
        if _thread.overlay is not None:
            _thread.overlay.born(self)

    @classmethod
    def _holding(cls, array: Any) -> Cell:
        """A result of this kind around the very array: no lasting cell, and no graph behind it."""
        cell = cls.__new__(cls)
        cell.name = None
        cell._store = None
        cell._view = array
        return cell

    @property
    def data(self) -> Array:
        """The array, live and read-only: it shows later writes. `.copy()` it to keep it."""
        if self._store is None:
            return self._view
        overlay = _thread.overlay
        return self._view if overlay is None else overlay.read(self, "data", self._view)

    @data.setter
    def data(self, value: Any) -> None:
        overlay = _thread.overlay
        if self._store is None:
            self._view = value
        elif overlay is not None:
            overlay.write(self, "data", value)
        else:
            self._write(value)

    def _write(self, value: Any) -> None:
        array = np.asarray(value)
        store = self._store
        assert store is not None
        if not isinstance(value, (np.ndarray, np.generic)) and array.shape == store.shape:
            array = array.astype(store.dtype)  # a plain number takes the cell's dtype
        if array.shape == store.shape and array.dtype == store.dtype:
            np.copyto(store, array)
        else:
            self._own(array.copy())
            bump_version()

    def __deepcopy__(self, memo: dict[int, Any]) -> Cell:
        copied = Cell(self.data, self.name)
        memo[id(self)] = copied
        return copied

    def __reduce__(self) -> Any:
        return type(self), (self.numpy(), self.name)

    def numpy(self) -> Array:
        """A copy of the array, which later steps do not change."""
        return np.array(self.data)


class _NotKept:
    """The gradient of a cell whose compiled step computed it and did not keep it."""

    def __repr__(self) -> str:
        return "NOT_KEPT"

    def __reduce__(self) -> str:
        return "NOT_KEPT"


NOT_KEPT = _NotKept()


# A step makes and drops the same large arrays over and over. glibc hands freed blocks back to the
# system, which then has to clear them again for the next step, unless it has once seen a block of
# this size come back: then it keeps them. (The array is never touched, so it costs nothing.)
np.empty(31 << 20, dtype=np.uint8)

_version = 0


def version() -> int:
    """A number that grows whenever something a trace depends on, but cannot see, has changed.

    Module attributes, train/eval, `requires_grad` and parameter groups all count; a compiled step
    compares this one integer before each call.
    """
    return _version


def bump_version() -> None:
    """Note that a later trace may come out differently."""
    global _version
    _version += 1


_ambient: list[Callable[[], Any]] = []


def depends_on(state: Callable[[], Any]) -> None:
    """Register something of the thread, besides cells, that what a function does depends on.

    state: gives a hashable value. A compiled step that was traced under one value is not used under
    another.
    """
    _ambient.append(state)


def ambient() -> tuple[Any, ...]:
    """What the calling thread's computations depend on now, besides cells and arguments."""
    return tuple([state() for state in _ambient])


def require(condition: Any, message: str | Callable[[], str]) -> None:
    """Raise `ValueError(message)` unless all of `condition` is true.

    For checks on values, which op code must not branch on. NumPy checks at once; a traced condition
    (anything with a `__require__` method) is handed the message and decides when to check.

    condition: a boolean array of any shape. message: the text, or a function that makes it.
    """
    if condition is True or (isinstance(condition, np.bool_) and condition):
        return
    deferred = getattr(condition, "__require__", None)
    if deferred is not None:
        deferred(message)
    elif not np.all(condition):
        raise ValueError(message if isinstance(message, str) else message())
