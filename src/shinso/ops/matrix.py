"""Matrix products: matmul, einsum of two operands, the map of a fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor


class MatMul(Function):
    """Z = X Y on the last two axes. dX = dZ Yᵀ, dY = Xᵀ dZ."""

    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x @ y

    def backward(self, dz: Array) -> tuple[Array | None, Array | None]:
        x, y = self.x, self.y
        if x.ndim == 1 and y.ndim == 1:
            return dz * y, dz * x
        # A vector is a row on the left and a column on the right.
        rows = x.reshape(1, -1) if x.ndim == 1 else x
        columns = y.reshape(-1, 1) if y.ndim == 1 else y
        dz = np.expand_dims(dz, -2) if x.ndim == 1 else dz
        dz = np.expand_dims(dz, -1) if y.ndim == 1 else dz
        dx = dy = None
        if self.needs_grad[0]:
            dx = dz @ np.swapaxes(columns, -1, -2)
            dx = np.squeeze(dx, -2) if x.ndim == 1 else dx
        if self.needs_grad[1]:
            dy = np.swapaxes(rows, -1, -2) @ dz
            dy = np.squeeze(dy, -1) if y.ndim == 1 else dy
        return dx, dy


class Linear(Function):
    """y = x wᵀ + b. dx = dy w, dw = dyᵀ x, db = Σ dy over the batch."""

    def forward(self, x: Array, w: Array, b: Array | None) -> Array:
        self.x, self.w = x, w
        y = x @ w.T
        return y if b is None else y + b

    def backward(self, dy: Array) -> tuple[Array | None, Array | None, Array | None]:
        dx = dw = db = None
        if self.needs_grad[0]:
            dx = dy @ self.w
        rows = dy.reshape(-1, dy.shape[-1]) if dy.ndim != 2 else dy
        if self.needs_grad[1]:
            x = self.x.reshape(-1, self.x.shape[-1]) if self.x.ndim != 2 else self.x
            dw = rows.T @ x
        if self.needs_grad[2]:
            db = rows.sum(axis=0)
        return dx, dw, db


class Einsum(Function):
    """z = Σ x y over the letters that z does not have. Each gradient is an einsum of dz and the
    other.

    A letter that stands in one operand alone is summed there first: its gradient is the same for
    all.
    """

    def __init__(self, x_letters: str, y_letters: str, z_letters: str) -> None:
        self.letters = x_letters, y_letters, z_letters

    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        a, b, c = self.letters
        return np.einsum(f"{a},{b}->{c}", x, y)

    def backward(self, dz: Array) -> tuple[Array | None, Array | None]:
        a, b, c = self.letters
        dx = _spread(dz, c, self.y, b, a, self.x.shape) if self.needs_grad[0] else None
        dy = _spread(dz, c, self.x, a, b, self.y.shape) if self.needs_grad[1] else None
        return dx, dy


def _spread(dz: Array, c: str, other: Array, b: str, wanted: str, shape: tuple[int, ...]) -> Array:
    """Einsum of dz and the other operand to the letters wanted; repeat what was summed alone."""
    known = "".join(letter for letter in wanted if letter in b or letter in c)
    d = np.einsum(f"{c},{b}->{known}", dz, other)
    for i, letter in enumerate(wanted):
        if letter not in known:
            d = np.expand_dims(d, i)
    return np.broadcast_to(d, shape)


def matmul(x: Any, y: Any) -> Tensor:
    """Matrix product on the last two axes; leading axes broadcast; a 1-D operand is a vector."""
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError("matmul takes arrays of at least 1 axis; use * for numbers")
    inner = y.shape[-2] if y.ndim > 1 else y.shape[0]
    if x.shape[-1] != inner:
        raise ValueError(
            f"matmul of shapes {tuple(x.shape)} and {tuple(y.shape)}: the last axis of the first "
            f"({x.shape[-1]}) must equal the {'second-to-last' if y.ndim > 1 else 'only'} axis of "
            f"the second ({inner})"
        )
    return MatMul()(x, y)


def linear(x: Any, weight: Any, bias: Any = None) -> Tensor:
    """The affine map of a fully connected layer, y = x wᵀ + b (textbooks: Affine).

    x: (..., in). weight: (out, in). bias: (out,) or None. Returns (..., out).
    """
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear got x of shape {tuple(x.shape)} and a weight of shape {tuple(weight.shape)}; "
            "it takes (..., in) and (out, in)"
        )
    if bias is not None and tuple(bias.shape) != (weight.shape[0],):
        raise ValueError(
            f"linear got a bias of shape {tuple(bias.shape)}; it takes ({weight.shape[0]},)"
        )
    return Linear()(x, weight, bias)


def einsum(subscripts: str, x: Any, y: Any) -> Tensor:
    """Einstein summation of two operands, such as einsum("bij,bjk->bik", x, y).

    subscripts: letters for each operand; with "->" the result's letters, without it those that
    stand once, in alphabetical order. A letter may not repeat within an operand, and "..." is not
    taken.
    """
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    operands = left.split(",")
    if len(operands) != 2 or not left.replace(",", "").isalpha():
        raise ValueError(
            f"einsum takes two operands of letters, such as 'ij,jk->ik'; got {subscripts!r}"
        )
    a, b = operands
    if not arrow:
        result = "".join(sorted(letter for letter in a + b if (a + b).count(letter) == 1))
    for letters, operand in ((a, x), (b, y)):
        if len(set(letters)) != len(letters) or len(letters) != operand.ndim:
            raise ValueError(
                f"einsum {subscripts!r}: {letters!r} must name each of {operand.ndim} axes of "
                f"shape {tuple(operand.shape)} by a letter of its own"
            )
    unknown = sorted(set(result) - set(a + b))
    if unknown or len(set(result)) != len(result):
        raise ValueError(f"einsum {subscripts!r}: the result's letters must be distinct and known")
    sizes: dict[str, int] = {}
    for letter, n in zip(a + b, (*x.shape, *y.shape), strict=True):
        if sizes.setdefault(letter, n) != n:
            raise ValueError(f"einsum {subscripts!r}: axis {letter!r} is {sizes[letter]} and {n}")
    return Einsum(a, b, result)(x, y)
