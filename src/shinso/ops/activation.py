"""Activations: the bend that makes a network more than one matrix product.

All work element by element but `maxout`. None overflows, whatever the input: exponentials are
taken of numbers that are not positive. Each kink's convention stands in the docstring.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.erf import GELU
from shinso.ops.shape import Reshape

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def stable_sigmoid(x: Array) -> Array:
    """1 / (1 + e⁻ˣ), written so that the exponential never overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def stable_softplus(x: Array) -> Array:
    """ln(1 + eˣ), written so that the exponential never overflows."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


class Step(Function):
    """y = 1 where x > 0, else 0. The slope is 0 everywhere: nothing can be learned through it."""

    def forward(self, x: Array) -> Array:
        return (x > 0).astype(x.dtype)

    def backward(self, dy: Array) -> Array:
        return np.zeros_like(dy)


class Identity(Function):
    """y = x. dx = dy."""

    def forward(self, x: Array) -> Array:
        return x

    def backward(self, dy: Array) -> Array:
        return dy


class Sigmoid(Function):
    """y = 1 / (1 + e⁻ˣ). dx = dy y (1 - y), at most dy / 4."""

    def forward(self, x: Array) -> Array:
        self.y = stable_sigmoid(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * self.y * (1 - self.y)


class Tanh(Function):
    """y = tanh x. dx = dy (1 - y²), at most dy."""

    def forward(self, x: Array) -> Array:
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (1 - self.y * self.y)


class ReLU(Function):
    """y = max(x, 0). dx = dy where x > 0, else 0."""

    def forward(self, x: Array) -> Array:
        self.y = np.maximum(x, 0)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.y > 0)


class ReLU6(Function):
    """y = min(max(x, 0), 6). dx = dy where 0 < x < 6, else 0."""

    def forward(self, x: Array) -> Array:
        self.y = np.minimum(np.maximum(x, 0), 6)
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * ((self.y > 0) & (self.y < 6))


class LeakyReLU(Function):
    """y = x where x > 0, else slope · x. At 0 the slope is the negative side's."""

    def __init__(self, negative_slope: float) -> None:
        self.negative_slope = negative_slope

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.where(x > 0, x, x * self.negative_slope)

    def backward(self, dy: Array) -> Array:
        return np.where(self.x > 0, dy, dy * self.negative_slope)


class PReLU(Function):
    """y = x where x > 0, else w x, with w learned. dw = Σ dy x over the negative side."""

    def forward(self, x: Array, w: Array) -> Array:
        self.x, self.w = x, w
        return np.where(x > 0, x, w * x)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        dx = np.where(self.x > 0, dy, dy * self.w)
        return dx, np.where(self.x > 0, 0, dy * self.x)


class ELU(Function):
    """y = x where x > 0, else α (eˣ - 1). dx = dy, or dy (y + α)."""

    def __init__(self, alpha: float, scale: float = 1.0) -> None:
        self.alpha, self.scale = alpha, scale

    def forward(self, x: Array) -> Array:
        self.x = x
        self.e = self.alpha * np.expm1(np.minimum(x, 0))
        return self.scale * np.where(x > 0, x, self.e)

    def backward(self, dy: Array) -> Array:
        return self.scale * np.where(self.x > 0, dy, dy * (self.e + self.alpha))


class Softplus(Function):
    """y = ln(1 + e^βx) / β, a smooth ReLU. dx = dy σ(βx)."""

    def __init__(self, beta: float, threshold: float) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Array) -> Array:
        z = x * self.beta
        self.z = z
        return np.where(z > self.threshold, x, stable_softplus(z) / self.beta)

    def backward(self, dy: Array) -> Array:
        return np.where(self.z > self.threshold, dy, dy * stable_sigmoid(self.z))


class SiLU(Function):
    """y = x σ(x). dx = dy (s + y (1 - s)) with s = σ(x)."""

    def forward(self, x: Array) -> Array:
        self.s = stable_sigmoid(x)
        self.y = x * self.s
        return self.y

    def backward(self, dy: Array) -> Array:
        return dy * (self.s + self.y * (1 - self.s))


class HardSigmoid(Function):
    """y = min(max(x/6 + 1/2, 0), 1). dx = dy / 6 where -3 < x < 3, else 0."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.minimum(np.maximum(x + 3, 0), 6) / 6

    def backward(self, dy: Array) -> Array:
        return np.where(np.abs(self.x) < 3, dy / 6, 0)


class HardSwish(Function):
    """y = x · hardsigmoid(x). dx = dy (2x + 3) / 6 inside ±3, 0 left of it, dy right of it."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return x * np.minimum(np.maximum(x + 3, 0), 6) / 6

    def backward(self, dy: Array) -> Array:
        x = self.x
        inside = dy * ((2 * np.clip(x, -3, 3) + 3) / 6)
        return np.where(np.abs(x) < 3, inside, np.where(x > 0, dy, 0))


class GELUTanh(Function):
    """y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), the approximation of x Φ(x)."""

    def forward(self, x: Array) -> Array:
        # Beyond |x| = 10 the tanh is ±1 to the last digit, and x³ could overflow.
        self.x, self.z = x, np.clip(x, -10, 10)
        z = self.z
        self.t = np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z))
        return 0.5 * x * (1 + self.t)

    def backward(self, dy: Array) -> Array:
        z, t = self.z, self.t
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z * z)
        return dy * (0.5 * (1 + t) + 0.5 * z * (1 - t * t) * slope)


class Maxout(Function):
    """y = the largest of each group of k neighbouring channels, which gets all of dy.

    Of equal channels the first wins.
    """

    def __init__(self, pieces: int, axis: int) -> None:
        self.pieces, self.axis = pieces, axis

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        axis = self.axis % x.ndim
        groups = x.shape[axis] // self.pieces
        x = x.reshape((*x.shape[:axis], groups, self.pieces, *x.shape[axis + 1 :]))
        self.chosen = np.expand_dims(x.argmax(axis=axis + 1), axis + 1)
        return np.squeeze(np.take_along_axis(x, self.chosen, axis=axis + 1), axis + 1)

    def backward(self, dy: Array) -> Array:
        axis = self.axis % dy.ndim + 1
        places = np.arange(self.pieces, like=self.chosen)
        places = places.reshape((-1,) + (1,) * (dy.ndim - axis))
        dx = np.where(self.chosen == places, np.expand_dims(dy, axis), 0)
        return dx.reshape(self.shape)


def step(x: Any) -> Tensor:
    """The unit step of a McCulloch–Pitts neuron: 1 where x > 0, else 0. Its gradient is 0."""
    return Step()(x)


def identity(x: Any) -> Tensor:
    """y = x: the output activation for regression."""
    return Identity()(x)


def sigmoid(x: Any) -> Tensor:
    """The logistic function, y = 1 / (1 + e⁻ˣ). Its slope is at most 0.25, at x = 0."""
    return Sigmoid()(x)


def tanh(x: Any) -> Tensor:
    """Hyperbolic tangent, y = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ). Its slope is at most 1, at x = 0."""
    return Tanh()(x)


def relu(x: Any) -> Tensor:
    """Rectified linear unit, y = max(x, 0). The derivative at 0 is taken as 0."""
    return ReLU()(x)


def relu6(x: Any) -> Tensor:
    """ReLU with a ceiling, y = min(max(x, 0), 6). The derivative at 0 and 6 is taken as 0."""
    return ReLU6()(x)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """y = x where x > 0, else negative_slope · x. At 0 the derivative is negative_slope."""
    return LeakyReLU(negative_slope)(x)


def prelu(x: Any, weight: Any) -> Tensor:
    """Leaky ReLU with learned slopes. x: (N, C, …). weight: (1,) for one slope or (C,). He et al.
    2015.

    At 0 the derivative is the weight.
    """
    number = weight.size
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.ndim != 1 or number not in (1, channels):
        raise ValueError(
            f"prelu got a weight of shape {tuple(weight.shape)} for an input of shape "
            f"{tuple(x.shape)}; "
            f"it takes (1,) or ({channels},)"
        )
    if number > 1 and x.ndim > 2:
        weight = Reshape((number,) + (1,) * (x.ndim - 2))(weight)
    return PReLU()(x, weight)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """y = x where x > 0, else α (eˣ - 1). Clevert et al. 2015. At 0 the derivative is α."""
    return ELU(alpha)(x)


def selu(x: Any) -> Tensor:
    """Self-normalizing ELU, y = 1.0507 · elu(x, α = 1.6733). Klambauer et al. 2017."""
    return ELU(SELU_ALPHA, SELU_SCALE)(x)


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """A smooth ReLU, y = ln(1 + e^βx) / β; where βx > threshold, y = x."""
    return Softplus(beta, threshold)(x)


def silu(x: Any) -> Tensor:
    """y = x σ(x), also called swish. Ramachandran et al. 2017."""
    return SiLU()(x)


def hardsigmoid(x: Any) -> Tensor:
    """A sigmoid of straight lines, y = min(max(x/6 + 1/2, 0), 1). The derivative at ±3 is 0."""
    return HardSigmoid()(x)


def hardswish(x: Any) -> Tensor:
    """y = x · hardsigmoid(x). Howard et al. 2019. The derivative at -3 is 0, at 3 it is 1."""
    return HardSwish()(x)


def gelu(x: Any, approximate: str = "none") -> Tensor:
    """y = x Φ(x), with Φ the normal distribution function. Hendrycks & Gimpel 2016.

    approximate: "none" for the exact function, "tanh" for the formula with tanh.
    """
    if approximate == "none":
        return GELU()(x)
    if approximate == "tanh":
        return GELUTanh()(x)
    raise ValueError(f'gelu: approximate is "none" or "tanh", not {approximate!r}')


def maxout(x: Any, pieces: int, axis: int = 1) -> Tensor:
    """The largest of each group of `pieces` neighbouring channels. Goodfellow et al. 2013.

    x: (N, C, …) with C a multiple of `pieces`; returns (N, C / pieces, …). Of equals the first
    wins.
    """
    if not -x.ndim <= axis < x.ndim or pieces < 1 or x.shape[axis] % pieces:
        raise ValueError(
            f"maxout in groups of {pieces} along axis {axis} does not fit shape {tuple(x.shape)}"
        )
    return Maxout(pieces, axis)(x)
