"""What layers check about their input before any arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.graph import Tensor


def check_array(x: Any) -> None:
    """Refuse what has no shape: a list, None, a string."""
    if not hasattr(x, "ndim"):
        raise TypeError(
            f"got a {type(x).__name__} as input: it takes a Tensor or an array. "
            "Wrap lists with shinso.tensor(...)."
        )


def check_dtype(x: Any, weight: Tensor) -> None:
    """Refuse an input of another dtype than the parameters': it would promote all that follows."""
    if x.dtype != weight.dtype:
        other = f", or the model: model.to({str(x.dtype)!r})" if x.dtype.kind == "f" else ""
        raise TypeError(
            f"got an input of {x.dtype}, but its parameters are {weight.dtype}. "
            f"Convert the input: x.astype({str(weight.dtype)!r}){other}"
        )


def check_widths(**widths: Any) -> None:
    """Refuse the number of features, channels … that is not a whole number of 0 or more."""
    for name, width in widths.items():
        if not isinstance(width, (int, np.integer)) or width < 0:
            raise ValueError(f"{name} is a whole number, at least 0, not {width!r}")


def check_images(x: Any, channels: int, axes: int) -> None:
    """Refuse an input that is not (N, channels, …) with `axes` spatial axes."""
    check_array(x)
    names = ("N", "C", *("D", "H", "W")[3 - axes :])
    if x.ndim != axes + 2:
        advice = ""
        if x.ndim == axes + 1:
            advice = " Add the missing axis with x[None] (one sample) or x[:, None] (one channel)."
        raise ValueError(
            f"got an input of shape {tuple(x.shape)}: it takes ({', '.join(names)}).{advice}"
        )
    if x.shape[1] != channels:
        raise ValueError(
            f"got an input of shape {tuple(x.shape)}: axis 1 must have {channels} channels, "
            f"not {x.shape[1]}"
        )
