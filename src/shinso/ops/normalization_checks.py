"""What the normalizations ask of their arguments before they compute."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from shinso.cell import Cell
from shinso.ops.floating import check_floating


def check_channels(op: str, x: Any, least: int, weight: Any, bias: Any, eps: float) -> None:
    """x is (N, C, …) of at least `least` axes, floating point; weight and bias are (C,)."""
    check_floating(op, x)
    _check_eps(op, eps)
    if x.ndim < least:
        layout = "(N, C) or (N, C, …)" if least == 2 else "(N, C, L), (N, C, H, W) or more axes"
        raise ValueError(f"{op} got an input of shape {tuple(x.shape)}; it takes {layout}")
    check_parameter(op, "weight", weight, (x.shape[1],))
    check_parameter(op, "bias", bias, (x.shape[1],))


def check_parameter(op: str, name: str, value: Any, shape: tuple[int, ...]) -> None:
    """A weight or bias is None, or floating point of exactly this shape."""
    if value is not None:
        check_floating(op, value, name)
        _check_shape(op, name, value.shape, shape)


def check_running(op: str, x: Any, mean: Any, var: Any, writes: bool) -> None:
    """Running statistics come as a pair of shape (C,); to be written they must be cells."""
    if (mean is None) != (var is None):
        raise ValueError(f"{op} takes running_mean and running_var together, or neither")
    if mean is None:
        if not writes:
            raise ValueError(
                f"{op} without the input's statistics needs running_mean and running_var; "
                "both are None"
            )
        return
    for name, value in (("running_mean", mean), ("running_var", var)):
        _check_shape(op, name, array_of(value).shape, (x.shape[1],))
        if writes and not isinstance(value, Cell):
            raise TypeError(
                f"{op} writes {name} in training, but it is a {type(value).__name__}, which "
                "stays as it is. Give a shinso.tensor(...)."
            )


def array_of(value: Any) -> Any:
    """The array in a cell; arrays as they are."""
    return value.data if isinstance(value, Cell) else value


def check_groups(op: str, x: Any, groups: Any) -> None:
    """The channels of x (axis 1) divide into this many groups."""
    channels = x.shape[1]
    if not isinstance(groups, int) or groups < 1 or channels % groups:
        raise ValueError(
            f"{op} cannot divide {channels} channels into num_groups={groups!r} groups of equal "
            "size"
        )


def check_normalized_shape(
    op: str, x: Any, normalized_shape: int | Sequence[int], eps: float
) -> tuple[int, ...]:
    """The last axes of x have these lengths. Returns them as a tuple."""
    check_floating(op, x)
    _check_eps(op, eps)
    parts = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    shape = tuple([operator.index(n) for n in parts])
    if not shape or x.ndim < len(shape) or tuple(x.shape[x.ndim - len(shape) :]) != shape:
        raise ValueError(
            f"{op} got an input of shape {tuple(x.shape)} and normalized_shape={shape}; "
            "the input's last axes must have exactly those lengths"
        )
    if 0 in shape:
        raise ValueError(f"{op} cannot average over no elements: normalized_shape={shape}")
    return shape


def _check_shape(op: str, name: str, given: Sequence[int], shape: tuple[int, ...]) -> None:
    if tuple(given) != shape:
        raise ValueError(f"{op} got {name} of shape {tuple(given)}; for this input it is {shape}")


def _check_eps(op: str, eps: float) -> None:
    if not eps > 0:
        raise ValueError(f"{op} takes a positive eps, got eps={eps}")
