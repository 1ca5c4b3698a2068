"""PyTorch's names for NumPy's arguments: `dim` for `axis`, `keepdim` for `keepdims` and so on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_NUMPY_NAME = {
    "dim": "axis",
    "dims": "axis",
    "keepdim": "keepdims",
    "dim0": "axis0",
    "dim1": "axis1",
    "start_dim": "start_axis",
    "end_dim": "end_axis",
}


def accepts_dim(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function with an `axis` argument be called with `dim=`, as PyTorch's users do."""
    known = inspect.signature(function).parameters
    unasked = [name for name in ("out", "dtype") if name not in known]
    names = {torch: numpy for torch, numpy in _NUMPY_NAME.items() if numpy in known}

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for torch_name, numpy_name in names.items():
            if torch_name in kwargs:
                if numpy_name in kwargs:
                    raise TypeError(
                        f"{function.__name__} got both {torch_name} and {numpy_name}, "
                        "two names of one argument"
                    )
                kwargs[numpy_name] = kwargs.pop(torch_name)
        for name in unasked:  # np.min(tensor) calls tensor.min(axis=None, out=None)
            if kwargs.get(name, function) is None:
                del kwargs[name]
        return function(*args, **kwargs)

    return call
