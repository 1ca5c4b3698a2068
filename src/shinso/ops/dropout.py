"""Dropout and its relatives: noise in training that makes a network lean on no single unit.

A unit is kept where a random 32-bit word is at least p · 2³², so no floating-point number decides.
The mask is drawn once, in the public function, and serves forward and backward.
"""

from __future__ import annotations

import math
from typing import Any

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.activation import identity
from shinso.ops.arithmetic import add
from shinso.ops.floating import check_floating
from shinso.ops.random import random_bits, random_normal


class Dropout(Function):
    """y = x m, where m is 0 for a dropped unit and 1 / (1 - p) for a kept one. dx = dy m.

    Backward passes the very same mask: what did not speak is not corrected. p = 1 drops all.
    """

    def __init__(self, p: float) -> None:
        self.scale = 0.0 if p == 1 else 1.0 / (1.0 - p)

    def forward(self, x: Array, keep: Array) -> Array:
        self.m = keep.astype(x.dtype) * self.scale
        return x * self.m

    def backward(self, dy: Array) -> tuple[Array, None]:
        return dy * self.m, None


class AlphaDropout(Function):
    """y = a (x m + α' (1 - m)) + b: a dropped unit (m = 0) takes SELU's lowest value α'.

    With q = 1 - p, a = (q + α'² q p)^(-½) and b = -a p α' keep mean 0 and variance 1. dx = dy a m.
    """

    # -λα of SELU
    lowest = -1.7580993408473766

    def __init__(self, p: float) -> None:
        q = 1 - p
        self.a = 1 / math.sqrt(q + self.lowest**2 * q * p)
        self.b = -self.a * p * self.lowest

    def forward(self, x: Array, keep: Array) -> Array:
        m = keep.astype(x.dtype)
        self.slope = m * self.a
        return x * self.slope + ((1 - m) * (self.a * self.lowest) + self.b)

    def backward(self, dy: Array) -> tuple[Array, None]:
        return dy * self.slope, None


def dropout(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Set each element to 0 with probability p and scale the others by 1 / (1 - p).

    The scaling ("inverted dropout") keeps the expected value, so evaluation (training=False) leaves
    x alone. p is the probability to be DROPPED; p = 1 drops everything.
    x: any shape, float. Returns the same shape.
    Raises ValueError for p outside [0, 1], TypeError for an x that is not floating point.
    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15, 2014.
    """
    check_drop("dropout", x, p)
    return _drop(x, p, training, x.shape)


def dropout1d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout of whole channels of x (N, C, L): neighbours in a channel say much the same.

    Otherwise as `dropout`. Source: Tompson et al., "Efficient object localization using
    convolutional networks", CVPR 2015 (there in two dimensions).
    """
    return _drop_channels("dropout1d", x, p, training, "(N, C, L)", 3)


def dropout2d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout of whole channels of x (N, C, H, W). Otherwise as `dropout`; source: `dropout1d`."""
    return _drop_channels("dropout2d", x, p, training, "(N, C, H, W)", 4)


def dropout3d(x: Any, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout of whole channels of x (N, C, D, H, W). Otherwise as `dropout`; see `dropout1d`."""
    return _drop_channels("dropout3d", x, p, training, "(N, C, D, H, W)", 5)


def alpha_dropout(x: Any, p: float = 0.5, training: bool = False) -> Tensor:
    """Dropout for SELU networks: dropped units take SELU's lowest value, mean and variance stay.

    y = a (x m + α' (1 - m)) + b with α' = -1.7581; a and b are in `AlphaDropout`. p = 1 gives 0.
    Like PyTorch's, and unlike `dropout`, it does nothing unless training=True is given.
    x: any shape, float. Returns the same shape. Raises as `dropout`.
    Source: Klambauer et al., "Self-normalizing neural networks", NIPS 2017.
    """
    check_drop("alpha_dropout", x, p)
    if not training or p == 0:
        return identity(x)
    if p == 1:
        return _drop(x, p, training, x.shape)
    return AlphaDropout(p)(x, kept(x.shape, p))


def gaussian_noise(x: Any, std: float = 1.0, training: bool = True) -> Tensor:
    """Add normal noise of mean 0 and standard deviation `std` to every element, when training.

    The gradient passes unchanged. x: any shape, float. Returns the same shape.
    Raises ValueError for a negative std, TypeError for an x that is not floating point.
    Source: Vincent et al., "Stacked denoising autoencoders", JMLR 11, 2010.
    """
    check_floating("gaussian_noise", x)
    if not std >= 0:
        raise ValueError(f"gaussian_noise takes a standard deviation of 0 or more, got std={std}")
    if not training or std == 0:
        return identity(x)
    return add(x, random_normal(x.shape, x.dtype) * std)


def _drop(x: Any, p: float, training: bool, mask_shape: tuple[int, ...]) -> Tensor:
    if not training or p == 0:
        return identity(x)
    return Dropout(p)(x, kept(mask_shape, p))


def _drop_channels(op: str, x: Any, p: float, training: bool, layout: str, ndim: int) -> Tensor:
    check_drop(op, x, p)
    if x.ndim != ndim:
        raise ValueError(f"{op} got an input of shape {tuple(x.shape)}; it takes {layout}")
    return _drop(x, p, training, (*x.shape[:2], *(1,) * (ndim - 2)))


def kept(shape: tuple[int, ...], p: float) -> Array:
    """True with probability 1 - p (to within 2⁻³²)."""
    return random_bits(shape) >= threshold(p)


def threshold(p: float) -> int:
    """A random 32-bit word is smaller than this with probability p (to within 2⁻³²)."""
    return min(round(p * 2**32), 2**32 - 1)


def check_drop(op: str, x: Any, p: float) -> None:
    """Raise unless x is floating point and p a probability."""
    check_floating(op, x)
    if not 0 <= p <= 1:
        raise ValueError(f"{op} takes the probability to drop, between 0 and 1; got p={p}")
