"""Which line of code a node comes from, and which line of the user's an error is about."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from pathlib import Path
from types import CodeType, FrameType

import numpy as np

from shinso.compiler.graph import Source

_COMPILER = str(Path(__file__).parent) + os.sep
_SHINSO = str(Path(__file__).parent.parent) + os.sep
_NUMPY = str(Path(np.__file__).parent) + os.sep
_STEP = __file__.replace("source.py", "step.py")
_LIBRARY = contextlib.__file__  # no_grad as a decorator passes through it

_sources: dict[tuple[CodeType, int], Source] = {}


def here() -> Source | None:
    """The innermost line that is neither the compiler's nor NumPy's: an op's, or the user's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_COMPILER, _NUMPY)):
            return source_of(frame)
        frame = frame.f_back
    return None


def users_line() -> Source | None:
    """The innermost line of the user's own code below a compiled call; an op's if there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != _STEP:
        file = frame.f_code.co_filename
        if not file.startswith((_SHINSO, _NUMPY, _LIBRARY)):
            return source_of(frame)
        frame = frame.f_back
    return here()


def source_of(frame: FrameType) -> Source:
    """A frame's current line, with its text. Each line is looked up once."""
    key = (frame.f_code, frame.f_lineno)
    found = _sources.get(key)
    if found is None:
        file, line = frame.f_code.co_filename, frame.f_lineno
        text = linecache.getline(file, line, frame.f_globals).strip()
        found = _sources[key] = Source(file, line, frame.f_code.co_name, text)
    return found
