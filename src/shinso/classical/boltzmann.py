"""The restricted Boltzmann machine's arithmetic: two layers, and no connections inside either.

    E(v, h) = -a·v - b·h - v·W·h              visible units of 0 and 1
    E(v, h) = ½|v - a|² - b·h - v·W·h         Gaussian visible units of variance 1

so that P(h = 1 | v) = σ(vW + b), P(v = 1 | h) = σ(Wh + a) or v | h ~ N(Wh + a, 1). W has shape
(visible, hidden); rows of arrays are examples. All functions take NumPy arrays or traced ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.ops.activation import stable_sigmoid, stable_softplus
from shinso.ops.random import random_normal, random_uniform
from shinso.ops.softmax import stable_softmax


def bernoulli(p: Array) -> Array:
    """1 with probability p, else 0."""
    return (random_uniform(p.shape, p.dtype) < p).astype(p.dtype)


def one_of(z: Array) -> Array:
    """One 1 per row, at place i with probability softmax(z)ᵢ: the largest of zᵢ + Gumbel noise.

    Source: E. J. Gumbel, "Statistical theory of extreme values and some practical applications",
    1954.
    """
    u = random_uniform(z.shape, z.dtype)
    noisy = z - np.log(-np.log(u * (1 - 1e-6) + 5e-7))
    return (noisy == noisy.max(axis=-1, keepdims=True)).astype(z.dtype)


def mean_visible(z: Array, gaussian: bool, labels: int = 0) -> Array:
    """The expected visible units for their input z = Wh + a. The last `labels` are one softmax."""
    if gaussian:
        return z
    if not labels:
        return stable_sigmoid(z)
    return np.concatenate([stable_sigmoid(z[:, :-labels]), stable_softmax(z[:, -labels:])], axis=1)


def draw_visible(z: Array, gaussian: bool, labels: int = 0) -> Array:
    """Visible units drawn for their input z = Wh + a."""
    if gaussian:
        return z + random_normal(z.shape, z.dtype)
    if not labels:
        return bernoulli(stable_sigmoid(z))
    pixels = bernoulli(stable_sigmoid(z[:, :-labels]))
    return np.concatenate([pixels, one_of(z[:, -labels:])], axis=1)


def free_energy(v: Array, w: Array, a: Array, b: Array, gaussian: bool = False) -> Array:
    """F(v) = -log Σₕ e^(-E(v, h)), one value per row.

    F(v) = -a·v - Σⱼ log(1 + e^zⱼ) with z = vW + b; ½|v - a|² in place of -a·v for Gaussian units.
    """
    hidden = stable_softplus(v @ w + b).sum(axis=1)
    if gaussian:
        return 0.5 * np.square(v - a).sum(axis=1) - hidden
    return -(v @ a) - hidden


def pseudo_likelihood(v: Array, w: Array, a: Array, b: Array) -> Array:
    """Σᵢ log P(vᵢ | all other visible units), one value per row, for visible units of 0 and 1.

    P(vᵢ | others) = σ(F(v with bit i flipped) - F(v)). All bits are flipped, none is drawn: with
    δ = 1 - 2v and p = σ(z), flipping bit i adds Σⱼ log(1 - pⱼ + pⱼ e^(δᵢWᵢⱼ)) to Σⱼ log(1 + e^zⱼ).
    Source: J. Besag, "Statistical analysis of non-lattice data", 1975.
    """
    z = v @ w + b
    p, q = stable_sigmoid(z), stable_sigmoid(-z)
    delta = 1 - 2 * v
    factor = np.exp(delta[:, :, np.newaxis] * w)
    change = np.log(q[:, np.newaxis, :] + p[:, np.newaxis, :] * factor).sum(axis=2)
    return -stable_softplus(a * delta + change).sum(axis=1)


def initial_weights(shape: tuple[int, int], rng: np.random.Generator, dtype: Any) -> Array:
    """Normal numbers of standard deviation 0.3 / √(visible units), about 0.01 for a small image.

    Large enough to make hidden units differ, small enough to begin at probabilities of a half.
    """
    return rng.normal(0, 0.3 / np.sqrt(shape[0]), shape).astype(dtype)
