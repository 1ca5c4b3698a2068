"""Where Python and NumPy keep things in memory: what the fast call reads without asking them.

An object begins with its head, whose last word is its type; an ndarray goes on with data, nd, dims,
strides, base, descr, flags (NumPy's stable binary interface); a slot of a class is one word at an
offset that we find by looking. Nothing is taken for granted: `trouble()` tries it all on real
objects, and where anything differs, steps are called through Python instead.
"""

from __future__ import annotations

import ctypes
import sys
import types
from functools import cache
from typing import Any

import numpy as np

HEAD = object.__basicsize__
TYPE = HEAD - 8
ITEMS = tuple.__basicsize__
DATA, ND, DIMS, STRIDES, BASE, DESCR, FLAGS = (HEAD + 8 * i for i in range(7))

C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400

# Positions in NumPy's table of functions, which is the same for every 2.x.
_NDARRAY, _SCALAR, _NEW = 2, 60, 94


def word_at(address: int) -> int:
    """The word at an address."""
    return ctypes.c_int64.from_address(address).value


def slot_offset(kind: type, name: str) -> int:
    """Where an instance of a class keeps the slot `name`.

    Found by setting the slot of a fresh instance and looking for the address of what was set.
    Raises TypeError if the class has no such slot.
    """
    if not isinstance(getattr(kind, name, None), types.MemberDescriptorType):
        raise TypeError(f"{kind.__name__}.{name} is not one of the class's __slots__")
    mark = object()
    probe: Any = object.__new__(kind)
    setattr(probe, name, mark)
    words = range(HEAD, kind.__basicsize__, 8)
    found = [offset for offset in words if word_at(id(probe) + offset) == id(mark)]
    delattr(probe, name)  # a mark must not reach the class's finalizer
    if len(found) != 1:
        raise TypeError(f"cannot find the slot {name} of {kind.__name__} in memory")
    return found[0]


def makeable(kind: type) -> bool:
    """Whether an instance can be made by allocating it and filling its slots."""
    return (
        type(kind) is type
        and kind.__dictoffset__ == 0
        and kind.__itemsize__ == 0
        and getattr(kind, "__new__", None) is object.__new__
    )


@cache
def numpy_functions() -> dict[str, int]:
    """Addresses of NumPy's C functions that the fast call uses, and of its array type."""
    from numpy._core import multiarray  # here: a private place, which may move

    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = get(vars(multiarray)["_ARRAY_API"], None)
    return {
        "ndarray": word_at(table + 8 * _NDARRAY),
        "PyArray_Scalar": word_at(table + 8 * _SCALAR),
        "PyArray_NewFromDescr": word_at(table + 8 * _NEW),
    }


@cache
def trouble() -> str | None:
    """Why the fast call cannot be used in this Python, or None if all is as expected."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "this Python runs without its global lock"
    if sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "this is no little-endian 64-bit machine"
    try:
        functions = numpy_functions()
    except (ImportError, KeyError, ValueError):
        return "NumPy's table of C functions is not where it used to be"
    if functions["ndarray"] != id(np.ndarray):
        return "NumPy's table of C functions has another order"
    if np.ndarray.__basicsize__ < FLAGS + 8:
        return "arrays have another layout"
    pair = ("first", "second")
    if [word_at(id(pair) + ITEMS + 8 * i) for i in range(2)] != [id(x) for x in pair]:
        return "tuples have another layout"
    if not all(_as_expected(array) for array in _samples()):
        return "arrays have another layout"
    return _functions_work(functions)


def _samples() -> list[Any]:
    a = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    locked = np.zeros((5, 1))
    locked.flags.writeable = False
    return [a, a.T, a[:, 1], np.array(3), locked, np.zeros((0, 2), np.uint8), a.astype(">f4")]


def _as_expected(a: Any) -> bool:
    start = id(a)
    nd = word_at(start + ND) & 0xFFFFFFFF
    flags = word_at(start + FLAGS) & 0xFFFFFFFF
    if not (
        word_at(start + TYPE) == id(type(a))
        and word_at(start + DATA) == a.ctypes.data
        and nd == a.ndim
        and word_at(start + BASE) == (0 if a.base is None else id(a.base))
        and word_at(start + DESCR) == id(a.dtype)
        and bool(flags & C_CONTIGUOUS) == a.flags.c_contiguous
        and bool(flags & ALIGNED) == a.flags.aligned
        and bool(flags & WRITEABLE) == a.flags.writeable
    ):
        return False  # and what stands at DIMS may be no address at all
    dims, strides = word_at(start + DIMS), word_at(start + STRIDES)
    lengths = tuple(word_at(dims + 8 * i) for i in range(nd))
    return lengths == a.shape and a.strides == tuple(word_at(strides + 8 * i) for i in range(nd))


def _functions_work(functions: dict[str, int]) -> str | None:
    word, thing = ctypes.c_void_p, ctypes.py_object
    new = ctypes.PYFUNCTYPE(thing, *[word] * 8)(functions["PyArray_NewFromDescr"])
    scalar = ctypes.PYFUNCTYPE(thing, word, word, word)(functions["PyArray_Scalar"])
    dtype, value, dims = np.dtype(np.float32), np.full(1, 2.5, np.float32), np.array([2, 3])
    ctypes.pythonapi.Py_IncRef(thing(dtype))  # NewFromDescr takes this reference
    made = new(id(np.ndarray), id(dtype), 2, dims.ctypes.data, None, None, None, None)
    if type(made) is not np.ndarray or made.shape != (2, 3) or made.dtype is not dtype:
        return "NumPy's PyArray_NewFromDescr makes something else"
    one = scalar(value.ctypes.data, id(dtype), None)
    if type(one) is not np.float32 or one != 2.5:
        return "NumPy's PyArray_Scalar makes something else"
    return None
