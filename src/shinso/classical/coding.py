"""One autoencoder: a layer that encodes, a layer that decodes, and its training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from shinso import nn, ops, optim
from shinso.cell import Array
from shinso.classical.finetuning import ACTIVATIONS
from shinso.classical.running import Batches, Report, check_finite, prepared
from shinso.graph import Tensor, no_grad
from shinso.ops.random import random_normal, random_uniform

ACTIVATION_VALUES = {"logistic": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, 1.0)}


@dataclass(frozen=True)
class Noise:
    """What is done to an input. kind: "none", "masking", "salt_and_pepper" or "gaussian".

    level: the share of values that change, or the standard deviation. low, high: pepper and salt.
    """

    kind: str
    level: float
    low: float
    high: float

    def between(self, low: float, high: float) -> Noise:
        """The same noise for values of this range."""
        return replace(self, low=low, high=high)

    def add(self, x: Array) -> Array:
        """x with noise."""
        if self.kind == "none" or self.level == 0:
            return x
        if self.kind == "gaussian":
            return x + self.level * random_normal(x.shape, x.dtype)
        u = random_uniform(x.shape, x.dtype)
        if self.kind == "masking":
            return x * (u >= self.level).astype(x.dtype)
        salt = np.where(u < self.level / 2, self.high, x)
        return np.where(u >= 1 - self.level / 2, self.low, salt).astype(x.dtype)


class Coder:
    """h = f(xW + b) and x̂ = g(hV + c), with V = Wᵀ if tied.

    visible, hidden: widths. activation: f. unit: x lies between 0 and 1, so that g is a sigmoid and
    the loss cross-entropy; otherwise g is the identity and the loss half the squared error. Both
    are summed over the features.
    """

    def __init__(
        self,
        visible: int,
        hidden: int,
        rng: np.random.Generator,
        dtype: Any,
        *,
        activation: str,
        unit: bool,
        tied: bool,
        noise: Noise,
    ) -> None:
        self.activation, self.unit, self.noise = activation, unit, noise
        bound = np.sqrt(6 / (visible + hidden))
        shape = (visible, hidden)
        self.weight = nn.Parameter(rng.uniform(-bound, bound, shape).astype(dtype))
        self.bias = nn.Parameter(np.zeros(hidden, dtype))
        self.decoder_bias = nn.Parameter(np.zeros(visible, dtype))
        self.free: nn.Parameter | None = None
        if not tied:
            self.free = nn.Parameter(rng.uniform(-bound, bound, shape[::-1]).astype(dtype))

    def hidden(self, x: Any) -> Tensor:
        """h of x."""
        return ACTIVATIONS[self.activation](ops.matmul(x, self.weight) + self.bias)

    def output(self, h: Tensor) -> Tensor:
        """hV + c."""
        v = ops.transpose(self.weight, 0, 1) if self.free is None else self.free
        return ops.matmul(h, v) + self.decoder_bias

    def decoder_weight(self) -> Array:
        """V."""
        return self.weight.numpy().T if self.free is None else self.free.numpy()

    def encode(self, x: Array) -> Array:
        """h of all rows of x."""
        with no_grad():
            return np.array(self.hidden(x).data)

    def loss(self, x: Array) -> Tensor:
        """How far x̂ of noisy x is from x, a mean over the rows."""
        z = self.output(self.hidden(self.noise.add(x)))
        if self.unit:
            total = ops.binary_cross_entropy_with_logits(z, x, reduction="sum")
        else:
            total = ops.mse_loss(z, x, reduction="sum") * 0.5
        return total / len(x)

    def fit(
        self,
        x: Array,
        rng: np.random.Generator,
        report: Report,
        *,
        solver: str,
        learning_rate: float,
        batch_size: int,
        epochs: int,
    ) -> None:
        """Learn from x (n, visible). Raises ValueError if the weights stop being finite."""
        parameters = [self.weight, self.bias, self.decoder_bias]
        if self.free is not None:
            parameters.append(self.free)
        optimizer: optim.Optimizer
        if solver == "adam":
            optimizer = optim.Adam(parameters, lr=learning_rate)
        else:
            optimizer = optim.SGD(parameters, lr=learning_rate)

        def learn(x: Array) -> Tensor:
            loss = self.loss(x)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        batches = Batches(len(x), batch_size, True, rng)
        n = min(len(x), batch_size)
        draws = 0 if self.noise.kind == "none" else n * x.shape[1]
        operations = (10.0 * n + 10) * self.weight.size
        run = prepared(learn, epochs * batches.count, operations, draws)
        for _ in range(epochs):
            total = 0.0
            for (rows,) in batches.of(x):
                total += float(run(rows).data) * len(rows)
            check_finite("an autoencoder", self.weight.data)
            report(partial("loss {:.4f}".format, total / len(x)))
