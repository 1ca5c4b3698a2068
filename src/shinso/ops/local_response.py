"""Local response normalization: a strong channel damps its neighbours (AlexNet)."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.floating import check_floating


class LocalResponseNorm(Function):
    """y = x u^-β with u = k + (α / size) Σ x² over `size` neighbouring channels.

    Each x stands in its own y and in the u of every channel whose window it lies in:

        dx = dy u^-β - 2 (αβ / size) x Σ' dy y / u

    Σ' runs over those channels: the same window, mirrored (for an even size the window reaches one
    channel further down than up).
    """

    def __init__(self, size: int, alpha: float, beta: float, k: float) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        self.below, self.above = size // 2, (size - 1) // 2

    def forward(self, x: Array) -> Array:
        self.x = x
        self.u = self.k + _window_sum(x * x, self.below, self.above) * (self.alpha / self.size)
        self.factor = self.u**-self.beta
        return x * self.factor

    def backward(self, dy: Array) -> Array:
        pull = dy * self.x * self.factor / self.u
        spread = _window_sum(pull, self.above, self.below)
        return dy * self.factor - self.x * spread * (2 * self.alpha * self.beta / self.size)


def _window_sum(x: Array, below: int, above: int) -> Array:
    """For each channel, the sum over channels c - below to c + above; 0 beyond the ends."""
    channels = x.shape[1]
    padded = np.pad(x, ((0, 0), (below, above)) + ((0, 0),) * (x.ndim - 2))
    total = padded[:, 0:channels]
    for i in range(1, below + above + 1):
        total = total + padded[:, i : i + channels]
    return total


def local_response_norm(
    x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """Divide each value by a power of the mean square of its neighbours in other channels.

    y = x / (k + (α / size) Σ x²)^β, the sum over `size` channels around its own. As in PyTorch α is
    divided by size; in the paper it is not (its n = 5, α = 1e-4 is size=5, alpha=5e-4, k=2 here).
    x: (N, C, L), (N, C, H, W) or more axes, float. Returns x's shape.
    Raises ValueError for fewer axes, a size below 1, k ≤ 0 or a negative alpha; TypeError for an x
    that is not floating point. Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification
    with deep convolutional neural networks", NIPS 2012, section 3.3.
    """
    check_floating("local_response_norm", x)
    if x.ndim < 3:
        raise ValueError(
            f"local_response_norm got an input of shape {tuple(x.shape)}; it takes (N, C, L), "
            "(N, C, H, W) or more axes"
        )
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"local_response_norm takes a size of 1 channel or more, got {size!r}")
    if not (k > 0 and alpha >= 0):
        raise ValueError(f"local_response_norm takes k > 0 and alpha ≥ 0, got k={k}, alpha={alpha}")
    return LocalResponseNorm(size, alpha, beta, k)(x)
