"""A hidden layer of random weights, which are drawn and then left alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.classical.arguments import check_choice
from shinso.ops.activation import stable_sigmoid

ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear", "cos", "cos_sin")
WEIGHTS = ("uniform", "normal", "orthogonal", "differences")
_SMALLEST_FIELD = 5
_ROWS = 2000


def activate(z: Array, name: str) -> Array:
    """The activation of each element of z (n, units), which may be overwritten.

    "cos" is √(2/D) cos z, and "cos_sin" √(2/D) [cos z, sin z] with twice the columns, D of them:
    random Fourier features.
    """
    if name == "sigmoid":
        return stable_sigmoid(z)
    if name == "tanh":
        return np.tanh(z, out=z)
    if name == "relu":
        return np.maximum(z, 0, out=z)
    if name == "linear":
        return z
    if name == "cos":
        z = np.cos(z, out=z)
    else:
        z = np.concatenate([np.cos(z), np.sin(z)], axis=1)
    z *= z.dtype.type(math.sqrt(2 / z.shape[1]))
    return z


def draw_weights(
    kind: str, features: int, units: int, scale: float, rng: np.random.RandomState
) -> tuple[Array, Array]:
    """W (features, units) and b (units,).

    "uniform": even over [-scale, scale]. "normal": N(0, scale²). "orthogonal": columns at right
    angles (rows, where there are more columns than rows), of length scale, and b of length scale.
    """
    if kind == "uniform":
        return rng.uniform(-scale, scale, (features, units)), rng.uniform(-scale, scale, units)
    if kind == "normal":
        return scale * rng.standard_normal((features, units)), scale * rng.standard_normal(units)
    tall = features >= units
    drawn = rng.standard_normal((features, units) if tall else (units, features))
    q, r = np.linalg.qr(drawn)
    q *= np.where(np.diagonal(r) < 0, -1, 1)  # so that all rotations are equally likely
    b = rng.standard_normal(units)
    return scale * (q if tall else q.T), b * (scale / max(float(np.linalg.norm(b)), 1e-300))


def draw_differences(
    x: Array,
    labels: Array | None,
    units: int,
    scale: float,
    image_shape: tuple[int, ...] | None,
    random_phase: bool,
    rng: np.random.RandomState,
) -> tuple[Array, Array]:
    """W (features, units) and b (units,): each column is the difference of two examples.

    x: examples (n, features). labels: their classes (n,), which the two differ in; None for any
    two. image_shape: (height, width) of an example; each unit then sees a rectangle of it only.
    The values of a unit over the examples get the standard deviation `scale`, and b makes them 0
    half-way between the two; with random_phase b is even over [0, 2π) instead.
    W. Zhu, J. Miao, L. Qing, "Constrained extreme learning machine", 2014; M. D. McDonnell et al.,
    "Fast, simple and accurate handwritten digit classification by training shallow neural network
    classifiers with the extreme learning machine algorithm", 2015, for the rectangles.
    """
    first = rng.randint(len(x), size=units)
    if labels is None:
        second = (first + rng.randint(1, max(2, len(x)), size=units)) % len(x)
    else:
        second = np.empty(units, np.intp)
        for label in np.unique(labels[first]):
            mine = labels[first] == label
            second[mine] = rng.choice(np.flatnonzero(labels != label), mine.sum())
    w = (x[first] - x[second]).T.astype(np.float64)
    if image_shape is not None:
        w *= rectangles(image_shape, units, rng).reshape(len(w), units)
    some = x[rng.choice(len(x), min(len(x), _ROWS), replace=False)]
    z = some @ w
    spread = z.std(axis=0)
    w *= scale / np.where(spread > 0, spread, 1)
    if random_phase:
        return w, rng.uniform(0, 2 * np.pi, units)
    halfway = np.einsum("ij,ji->i", x[first], w) + np.einsum("ij,ji->i", x[second], w)
    return w, -halfway / 2


def rectangles(image_shape: tuple[int, ...], units: int, rng: np.random.RandomState) -> Array:
    """1 inside a random rectangle, 0 outside: (height, width, units).

    A side is at least 6 long, or as long as the image.
    """
    inside = []
    for length in image_shape:
        least = min(_SMALLEST_FIELD, length - 1)
        ends = np.sort(rng.randint(length, size=(units, 2)), axis=1)
        while (short := ends[:, 1] - ends[:, 0] < least).any():
            ends[short] = np.sort(rng.randint(length, size=(short.sum(), 2)), axis=1)
        at = np.arange(length)[:, np.newaxis]
        inside.append((at >= ends[:, 0]) & (at <= ends[:, 1]))
    return (inside[0][:, np.newaxis] & inside[1][np.newaxis]).astype(np.float64)


def standardize_rows(x: Array) -> Array:
    """Each row minus its mean, divided by its standard deviation; a constant row becomes 0."""
    x = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(x).mean(axis=1, keepdims=True))
    return x / np.where(spread > 0, spread, 1).astype(x.dtype)


def check_weights(weights: Any, biases: Any, features: int, units: int) -> tuple[Array, Array]:
    """W (features, units) and b (units,) as someone gave them; biases=None means zeros."""
    w = np.asarray(weights, dtype=np.float64)
    b = np.zeros(units) if biases is None else np.asarray(biases, dtype=np.float64)
    if w.shape != (features, units) or b.shape != (units,):
        raise ValueError(
            f"weights have shape {w.shape} and biases {b.shape}; {features} features and {units} "
            f"units take {(features, units)} and {(units,)}"
        )
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        raise ValueError("weights and biases are finite numbers, and some of these are not")
    return w, b


def columns_for(units: int, activation: str) -> int:
    """Columns of W for so many hidden units."""
    check_choice("activation", activation, ACTIVATIONS)
    if activation != "cos_sin":
        return units
    if units % 2:
        raise ValueError(f'activation="cos_sin" needs an even number of units, not {units}')
    return units // 2
