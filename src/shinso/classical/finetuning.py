"""A layered classifier and its training by backpropagation, from weights found without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import nn, ops, optim
from shinso.cell import Array
from shinso.classical.running import Batches, Report, check_finite, chunks, prepared
from shinso.graph import Tensor, no_grad

ACTIVATIONS: dict[str, Callable[[Any], Tensor]] = {
    "logistic": ops.sigmoid,
    "tanh": ops.tanh,
    "relu": ops.relu,
}
_ROWS = 2000


@dataclass(frozen=True)
class Tuning:
    """How the classifier learns.

    solver: "adam", or "sgd" with Nesterov momentum. learning_rate: η. schedule: "constant", or
    "linear" for a rate that falls to 0. momentum: of sgd. alpha: adds alpha / 2 |W|² to the loss,
    weights only. dropout, input_dropout: the probability to drop a hidden unit, an input.
    batch_size: examples per update. epochs: at most so many.
    """

    solver: str = "adam"
    learning_rate: float = 1e-3
    schedule: str = "constant"
    momentum: float = 0.9
    alpha: float = 0.0
    dropout: float = 0.0
    input_dropout: float = 0.0
    batch_size: int = 100
    epochs: int = 30


class LayeredNetwork:
    """hₗ = f(hₗ₋₁ Wₗ + bₗ), and scores h W + b at the end.

    weights: arrays (in, out), the last for the scores. biases: arrays (out,). activation: a name in
    ACTIVATIONS. side: how many columns at the end of the input join the input of each layer; the
    first layer gets all others. None for none.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array],
        activation: str = "logistic",
        side: Sequence[int] | None = None,
    ) -> None:
        self.weights = [nn.Parameter(w) for w in weights]
        self.biases = [nn.Parameter(b) for b in biases]
        self.activation = ACTIVATIONS[activation]
        self.side = tuple(side) if side is not None else (0,) * len(weights)
        self.dropout = self.input_dropout = 0.0
        self.training = False

    def features(self, x: Any, depth: int) -> Tensor:
        """The values of hidden layer `depth`, counted from 1."""
        own = x.shape[1] - sum(self.side)
        h, at = x[:, :own], own
        for i in range(depth):
            if i or self.input_dropout:
                p = self.dropout if i else self.input_dropout
                h = ops.dropout(h, p, self.training)
            z = ops.matmul(h, self.weights[i]) if not self.side[i] else None
            if z is None:
                more = x[:, at : at + self.side[i]]
                at += self.side[i]
                more = ops.dropout(more, self.input_dropout, self.training)
                z = ops.matmul(ops.cat([_tensor(h), _tensor(more)], 1), self.weights[i])
            h = self.activation(z + self.biases[i])
        return h

    def scores(self, x: Any) -> Tensor:
        """Scores (n, classes)."""
        last = len(self.weights) - 1
        h = ops.dropout(self.features(x, last), self.dropout, self.training)
        return ops.matmul(h, self.weights[last]) + self.biases[last]

    def arrays(self) -> tuple[list[Array], list[Array]]:
        """Copies of all weights and biases."""
        return [w.numpy() for w in self.weights], [b.numpy() for b in self.biases]


def _tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else ops.identity(x)


def fine_tune(
    network: LayeredNetwork,
    x: Array,
    t: Array,
    tuning: Tuning,
    rng: np.random.Generator,
    report: Report,
) -> list[float]:
    """Train the network on examples x (n, …) of classes t (n,); returns each epoch's mean loss.

    rng: gives the order. Raises ValueError if the weights stop being finite.
    """
    network.training = True
    network.dropout, network.input_dropout = tuning.dropout, tuning.input_dropout
    optimizer = _optimizer(network, tuning)
    batches = Batches(len(x), tuning.batch_size, True, rng)
    steps = tuning.epochs * batches.count

    def learn(x: Array, t: Array) -> Tensor:
        loss = ops.cross_entropy(network.scores(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    weights = sum(w.size for w in network.weights)
    units = sum(b.size for b in network.biases) + x.shape[1] * (tuning.input_dropout > 0)
    n = min(len(x), tuning.batch_size)
    draws = n * units if tuning.dropout or tuning.input_dropout else 0
    run = prepared(learn, steps, (6.0 * n + 10) * weights, draws)
    done, losses = 0, []
    for _ in range(tuning.epochs):
        total = 0.0
        for rows, labels in batches.of(x, t):
            if tuning.schedule == "linear":
                for group in optimizer.param_groups:
                    group["lr"] = tuning.learning_rate * (1 - done / steps)
            total += float(run(rows, labels).data) * len(rows)
            done += 1
        losses.append(total / len(x))
        check_finite("the network", *[w.data for w in network.weights])
        report(lambda: f"loss {losses[-1]:.5f}")
    network.training = False
    return losses


def _optimizer(network: LayeredNetwork, tuning: Tuning) -> optim.Optimizer:
    groups = [
        {"params": network.weights, "weight_decay": tuning.alpha},
        {"params": network.biases},
    ]
    if tuning.solver == "adam":
        return optim.Adam(groups, lr=tuning.learning_rate)
    nesterov = tuning.momentum > 0
    return optim.SGD(groups, lr=tuning.learning_rate, momentum=tuning.momentum, nesterov=nesterov)


def run_network(network: LayeredNetwork, x: Array, depth: int | None = None) -> Array:
    """Scores, or the values of hidden layer `depth`, of all rows of x, without dropout."""
    before, network.training = network.training, False
    parts = []
    with no_grad():
        for rows in chunks(len(x), _ROWS):
            y = network.scores(x[rows]) if depth is None else network.features(x[rows], depth)
            parts.append(np.array(y.data))
    network.training = before
    return np.concatenate(parts)
