"""What layers check about their input before any arithmetic."""

from __future__ import annotations

from typing import Any

from shinso.graph import Tensor


def check_dtype(x: Any, weight: Tensor) -> None:
    """Refuse an input of another dtype than the parameters': it would promote all that follows."""
    if x.dtype != weight.dtype:
        raise TypeError(
            f"got an input of {x.dtype}, but its parameters are {weight.dtype}. "
            f"Convert the input: x.astype({str(weight.dtype)!r}), or the model: "
            f"model.to({str(x.dtype)!r})"
        )


def check_images(x: Any, channels: int, axes: int) -> None:
    """Refuse an input that is not (N, channels, …) with `axes` spatial axes."""
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
