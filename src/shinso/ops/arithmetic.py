"""Element by element: the four operations, powers, exponentials, and choices between two values.

Shapes broadcast as in NumPy. Backward never sums over broadcast axes here: the graph does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor


class Add(Function):
    """z = x + y. The add gate distributes: dx = dz, dy = dz."""

    def forward(self, x: Array, y: Array) -> Array:
        return x + y

    def backward(self, dz: Array) -> tuple[Array, Array]:
        return dz, dz


class Subtract(Function):
    """z = x - y. dx = dz, dy = -dz."""

    def forward(self, x: Array, y: Array) -> Array:
        return x - y

    def backward(self, dz: Array) -> tuple[Array, Array | None]:
        return dz, -dz if self.needs_grad[1] else None


class Multiply(Function):
    """z = x * y. The multiply gate switches: each side receives dz times the other side's value."""

    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x * y

    def backward(self, dz: Array) -> tuple[Array | None, Array | None]:
        x_wanted, y_wanted = self.needs_grad
        return dz * self.y if x_wanted else None, dz * self.x if y_wanted else None


class Divide(Function):
    """z = x / y. dx = dz / y, dy = -dz z / y."""

    def forward(self, x: Array, y: Array) -> Array:
        self.y = y
        self.z = x / y
        return self.z

    def backward(self, dz: Array) -> tuple[Array, Array | None]:
        dx = dz / self.y
        return dx, -dx * self.z if self.needs_grad[1] else None


class Power(Function):
    """z = x ** y. dx = dz y x**(y-1) and dy = dz z log(x).

    dx is 0 where y = 0, and dy is 0 where x = 0.
    """

    def forward(self, x: Array, y: Any) -> Array:
        self.x, self.y = x, y
        self.z: Array = x**y
        return self.z

    def backward(self, dz: Array) -> tuple[Array | None, Array | None]:
        dx = dy = None
        if self.needs_grad[0]:
            dx = dz * self._slope()
        if self.needs_grad[1]:
            dy = dz * self.z * np.log(np.where(self.x == 0, 1, self.x) + 0 * self.z)
        return dx, dy

    def _slope(self) -> Any:
        y = self.y
        if isinstance(y, (int, float)):
            return y * self.x ** (y - 1) if y != 0 else 0 * self.z
        return y * self.x ** (np.where(y == 0, 1, y) - 1)


class Negative(Function):
    """y = -x. dx = -dy."""

    def forward(self, x: Array) -> Array:
        return -x

    def backward(self, dy: Array) -> Array:
        return -dy


class Absolute(Function):
    """y = |x|. dx = dy sign(x), with sign(0) = 0 at the kink."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.abs(x)

    def backward(self, dy: Array) -> Array:
        return dy * np.sign(self.x)


class SquareRoot(Function):
    """y = √x. dx = dy / 2y."""

    def forward(self, x: Array) -> Array:
        self.y = np.sqrt(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy / (2 * self.y)


class Exponential(Function):
    """y = eˣ. dx = dy y."""

    def forward(self, x: Array) -> Array:
        self.y = np.exp(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * self.y


class Logarithm(Function):
    """y = ln x. dx = dy / x."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.log(x)

    def backward(self, dy: Array) -> Array:
        return dy / self.x


class Maximum(Function):
    """z = max(x, y). The max gate routes dz to the larger side; a tie gives half to each."""

    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return np.maximum(x, y)

    def backward(self, dz: Array) -> tuple[Array, Array]:
        return _route(dz, self.x > self.y, self.x == self.y)


class Minimum(Function):
    """z = min(x, y). dz goes to the smaller side; a tie gives half to each."""

    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return np.minimum(x, y)

    def backward(self, dz: Array) -> tuple[Array, Array]:
        return _route(dz, self.x < self.y, self.x == self.y)


def _route(dz: Array, first: Array, tie: Array) -> tuple[Array, Array]:
    """Split dz between two sides: all to the first where `first`, half to each where `tie`."""
    dx = np.where(first, dz, np.where(tie, dz / 2, 0))
    return dx, dz - dx


class Where(Function):
    """z = x where the condition is true, else y. dz goes to the side that was taken."""

    def forward(self, condition: Array, x: Array, y: Array) -> Array:
        self.condition = condition
        return np.where(condition, x, y)

    def backward(self, dz: Array) -> tuple[None, Array, Array]:
        return None, np.where(self.condition, dz, 0), np.where(self.condition, 0, dz)


class Clip(Function):
    """y = min(max(x, low), high). dx = dy where low ≤ x ≤ high (the ends included), else 0."""

    def __init__(self, low: Any, high: Any) -> None:
        self.low, self.high = low, high

    def forward(self, x: Array) -> Array:
        self.x = x
        y = x
        if self.low is not None:
            y = np.maximum(y, self.low)
        if self.high is not None:
            y = np.minimum(y, self.high)
        return y

    def backward(self, dy: Array) -> Array:
        dx = dy
        if self.low is not None:
            dx = np.where(self.x >= self.low, dx, 0)
        if self.high is not None:
            dx = np.where(self.x <= self.high, dx, 0)
        return dx


def add(x: Any, y: Any) -> Tensor:
    """Sum, z = x + y. x, y: tensors, arrays or numbers whose shapes broadcast."""
    return Add()(x, y)


def sub(x: Any, y: Any) -> Tensor:
    """Difference, z = x - y. x, y: tensors, arrays or numbers whose shapes broadcast."""
    return Subtract()(x, y)


def mul(x: Any, y: Any) -> Tensor:
    """Product element by element, z = x * y. Shapes broadcast."""
    return Multiply()(x, y)


def div(x: Any, y: Any) -> Tensor:
    """Quotient element by element, z = x / y. Shapes broadcast."""
    return Divide()(x, y)


def pow(x: Any, exponent: Any) -> Tensor:
    """Power, z = x ** exponent; the exponent is a number or anything that broadcasts with x."""
    return Power()(x, exponent)


def neg(x: Any) -> Tensor:
    """Negative, y = -x."""
    return Negative()(x)


def abs(x: Any) -> Tensor:
    """Absolute value, y = |x|; its derivative at 0 is taken as 0."""
    return Absolute()(x)


def sqrt(x: Any) -> Tensor:
    """Square root, y = √x, for x ≥ 0. The slope at 0 is infinite."""
    return SquareRoot()(x)


def exp(x: Any) -> Tensor:
    """Exponential, y = eˣ."""
    return Exponential()(x)


def log(x: Any) -> Tensor:
    """Natural logarithm, y = ln x, for x > 0."""
    return Logarithm()(x)


def maximum(x: Any, y: Any) -> Tensor:
    """The larger of x and y, element by element. NaN wins; a tie shares the gradient."""
    return Maximum()(x, y)


def minimum(x: Any, y: Any) -> Tensor:
    """The smaller of x and y, element by element. NaN wins; a tie shares the gradient."""
    return Minimum()(x, y)


def where(condition: Any, x: Any, y: Any) -> Tensor:
    """Take x where the condition (boolean) holds and y elsewhere. The three shapes broadcast."""
    return Where()(condition, x, y)


def clip(x: Any, min: Any = None, max: Any = None) -> Tensor:
    """Limit x to [min, max]; either end may be None, a number or an array.

    The gradient passes where min ≤ x ≤ max and is 0 outside.
    """
    if min is None and max is None:
        raise ValueError("clip needs min, max or both")
    return Clip(min, max)(x)


clamp = clip
