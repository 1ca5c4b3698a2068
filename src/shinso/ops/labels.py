"""Class labels inside a computation: checked, and turned into one-hot by comparison.

Comparing with 0, 1, …, C - 1 instead of indexing keeps the code traceable, and a label that is to
be ignored simply matches no class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array, require


def class_axis(op: str, x: Any) -> int:
    """Where the classes of x are: axis 1 of (N, C, …), axis 0 of a single example (C,)."""
    if x.ndim == 0:
        raise ValueError(f"{op} got a scalar input; it takes (N, C), (N, C, …) or (C,)")
    axis = 0 if x.ndim == 1 else 1
    if x.shape[axis] == 0:
        raise ValueError(f"{op} got an input of shape {tuple(x.shape)}, which has no classes")
    return axis


def label_shape(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """The shape of labels for scores of this shape: one label in place of C scores."""
    return shape[:axis] + shape[axis + 1 :]


def per_class(values: Array, x: Array, axis: int) -> Array:
    """One value per class, (C,), in x's dtype and shaped to stand along x's class axis."""
    return values.astype(x.dtype).reshape((x.shape[axis],) + (1,) * (x.ndim - axis - 1))


def column(t: Array, x: Array, axis: int) -> Array:
    """Labels (or one value per label) with the class axis put back, of length 1."""
    return t.reshape((*x.shape[:axis], 1, *x.shape[axis + 1 :]))


def one_hot(op: str, t: Array, x: Array, axis: int, ignore_index: int | None = None) -> Array:
    """True at each label's own class, along x's class axis; all False where t is ignore_index.

    Raises ValueError, as soon as the values are known, for a label outside 0 … C - 1.
    """
    classes = x.shape[axis]
    valid = (t >= 0) & (t < classes)
    if ignore_index is not None:
        valid = valid | (t == ignore_index)
    require(valid, lambda: _message(op, t, valid, classes))
    numbers = np.arange(classes, like=t).reshape((classes,) + (1,) * (x.ndim - axis - 1))
    t = column(t, x, axis)
    hot: Array = t == numbers
    if ignore_index is not None and 0 <= ignore_index < classes:
        return hot & (t != ignore_index)
    return hot


def _message(op: str, t: Any, valid: Any, classes: int) -> str:
    # A compiled check knows that a label was wrong, but hands over no values.
    known = isinstance(t, np.ndarray) and isinstance(valid, (np.ndarray, np.bool))
    which = f"label {t[~valid][0]}" if known else "a label out of range was"
    return (
        f"{op}: {which} found; {classes} classes are numbered 0 to {classes - 1}. "
        "Check the labels, or the size of the last layer."
    )


def check_labels(op: str, t: Any, expected: tuple[int, ...], otherwise: str = "") -> None:
    """Labels are integers of the expected shape; `otherwise` says what else the loss takes."""
    if not hasattr(t, "dtype"):
        raise TypeError(
            f"{op} takes a tensor or array for target, got {type(t).__name__}. Use "
            "shinso.tensor(...)."
        )
    if tuple(t.shape) != expected:
        raise ValueError(
            f"{op} got a target of shape {tuple(t.shape)}; for this input it takes class labels "
            f"of shape {expected}{otherwise}"
        )
    if t.dtype.kind not in "iu":
        raise TypeError(
            f"{op} takes integer class labels, got {t.dtype}. Use .astype('int64'){otherwise}."
        )


def check_class_weight(op: str, weight: Any, classes: int) -> None:
    """One weight per class, or None."""
    if weight is not None and tuple(np.shape(weight)) != (classes,):
        raise ValueError(
            f"{op} got weight of shape {tuple(np.shape(weight))}; for {classes} classes it is "
            f"({classes},)"
        )
