"""Every buffer of a compiled step between pages that must not be touched (Linux).

With `pytest --guard-pages=end` (or `start`) each argument, cell, constant and temporary ends (or
begins) where such a page begins (or ends): one element beyond is a crash, not a wrong number.
"""

import ctypes
import math
import mmap

import numpy as np

from shinso.compiler import executable, fast

_PAGE = mmap.PAGESIZE


class Guarded:
    """Memory of some bytes with a forbidden page on either side."""

    def __init__(self, size: int, side: str) -> None:
        whole = -(-max(size, 1) // _PAGE) * _PAGE
        self.pages = mmap.mmap(-1, whole + 2 * _PAGE)
        self.bytes = np.frombuffer(self.pages, np.uint8)
        start = self.bytes.ctypes.data
        for page in (start, start + _PAGE + whole):
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.mprotect(ctypes.c_void_p(page), _PAGE, 0) == 0, ctypes.get_errno()
        first = _PAGE + (whole - size if side == "end" else 0)
        self.inside = self.bytes[first : first + size]


class _Array(np.ndarray):
    """An array that keeps its guarded memory."""

    guarded: Guarded


def array(shape: tuple[int, ...], dtype: np.dtype, side: str) -> np.ndarray:
    """An array of its own between forbidden pages."""
    memory = Guarded(math.prod(shape) * dtype.itemsize, side)
    made = memory.inside.view(dtype).reshape(shape).view(_Array)
    made.guarded = memory
    return made


def install(patch, side: str) -> None:
    """Let executables use guarded memory, and no short way for calls."""
    place = executable.Executable._place_memory
    readable = executable._readable

    def place_guarded(self):
        place(self)
        wiring = self.wiring
        self.temporaries = [
            array((s.copies * math.prod(s.shape) * s.dtype.itemsize,), np.dtype(np.uint8), side)
            for s in wiring.temporaries
        ]
        for i, x in enumerate(wiring.constants):
            wiring.constants[i] = array(x.shape, x.dtype, side)
            wiring.constants[i][...] = x
        size = self.scratch_stride * wiring.threads
        self.guarded_scratch = array((size,), np.dtype(np.uint8), side)
        self.scratch = self.guarded_scratch.ctypes.data

    def read_guarded(x, kind):
        x = readable(x, kind)
        made = array(x.shape, x.dtype, side)
        made[...] = x
        return made

    patch.setattr(executable.Executable, "_place_memory", place_guarded)
    patch.setattr(executable, "_readable", read_guarded)
    patch.setattr(fast, "bind", lambda *_: None)
