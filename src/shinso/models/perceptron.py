"""The simple perceptron (Rosenblatt 1958): one unit that learns from its mistakes, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import nn, ops
from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.ops.random import host_generator


class Perceptron(nn.Module):
    """One unit, ŷ = f(w·x + b), that learns online: w ← w + η (y - ŷ) f′ x, b ← b + η (y - ŷ) f′.

    in_features: number of inputs. activation: "step" (f′ taken as 1, Rosenblatt's rule) or
    "sigmoid" (the delta rule for the squared error). lr: η. Weights start at 0.
    On separable data the step unit stops making mistakes after finitely many steps; XOR it never
    learns. State: weight (in_features,), bias (). F. Rosenblatt, Psychological Review 65 (1958).
    """

    def __init__(self, in_features: int, activation: str = "step", lr: float = 0.1) -> None:
        super().__init__()
        if activation not in ("step", "sigmoid"):
            raise ValueError(f'activation is "step" or "sigmoid", not {activation!r}')
        self.in_features, self.activation, self.lr = in_features, activation, lr
        self.weight = nn.Parameter([0.0] * in_features)
        self.bias = nn.Parameter(0.0)

    def forward(self, x: Any) -> Tensor:
        """The unit's output, (..., in_features) → (...). x may be a plain list."""
        if isinstance(x, (list, tuple)):
            x = Tensor(x, dtype=self.weight.dtype)
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"got an input of shape {tuple(x.shape)}: its last axis must be {self.in_features}"
            )
        z = ops.matmul(x, self.weight) + self.bias
        return ops.step(z) if self.activation == "step" else ops.sigmoid(z)

    def learn(self, x: Any, y: float) -> float:
        """One step of the learning rule on one example; returns the error y - ŷ before it."""
        x = np.asarray(x, dtype=self.weight.dtype)
        with no_grad():
            output = self(x).item()
        error = float(y) - output
        slope = 1.0 if self.activation == "step" else output * (1 - output)
        self.weight.data = self.weight.data + x * (self.lr * error * slope)
        self.bias.data = self.bias.data + self.lr * error * slope
        return error

    def fit(self, x: Any, y: Any, epochs: int = 100, shuffle: bool = True) -> list[int]:
        """Learn example by example until an epoch passes without a mistake, or for `epochs` epochs.

        x: (N, in_features). y: (N,) of zeros and ones. Returns the number of misclassified
        examples in each epoch; the last is 0 if the data were learned.
        """
        x, y = np.asarray(x, dtype=self.weight.dtype), np.asarray(y)
        if x.ndim != 2 or y.shape != (len(x),):
            raise ValueError(
                f"fit takes x (N, {self.in_features}) and y (N,), got {x.shape}, {y.shape}"
            )
        if not np.isin(y, (0, 1)).all():
            raise ValueError(f"fit takes labels 0 and 1, got {np.unique(y)[:5]}")
        mistakes = []
        for _ in range(epochs):
            order = host_generator().permutation(len(x)) if shuffle else np.arange(len(x))
            for i in order:
                self.learn(x[i], y[i])
            mistakes.append(int((self.predict(x) != y).sum()))
            if mistakes[-1] == 0:
                break
        return mistakes

    def predict(self, x: Any) -> Array:
        """Class 0 or 1 of each example, int64."""
        with no_grad():
            return (self(np.asarray(x, dtype=self.weight.dtype)).data > 0.5).astype(np.int64)
