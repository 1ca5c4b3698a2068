"""One check that many operations begin with: is this a floating-point tensor or array?"""

from __future__ import annotations

from typing import Any


def check_floating(op: str, x: Any, name: str = "x") -> None:
    """Raise TypeError unless x is a floating-point tensor or array; `name` is the argument's."""
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        raise TypeError(
            f"{op} takes a tensor or array for {name}, got {type(x).__name__}. Use "
            "shinso.tensor(...)."
        )
    if dtype.kind != "f":
        raise TypeError(
            f"{op} takes floating-point numbers for {name}, got {dtype}. Use .astype('float32')."
        )
