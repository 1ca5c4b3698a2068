"""The deep Boltzmann machine's arithmetic and joint learning: mean field and persistent chains.

    E(v, h¹, …, hᴸ) = -a·v - Σₗ bₗ·hˡ - Σₗ hˡ⁻¹·Wₗ·hˡ      with h⁰ = v;  ½|v - a|² for Gaussian v

A layer sees both its neighbours, P(hˡ = 1 | rest) = σ(hˡ⁻¹ Wₗ + hˡ⁺¹ Wₗ₊₁ᵀ + bₗ), so layers of odd
number are independent of each other once those of even number are known, and the other way round.
R. Salakhutdinov, G. E. Hinton, "Deep Boltzmann machines", 2009.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shinso.cell import Array, Cell
from shinso.classical.boltzmann import bernoulli, draw_visible, mean_visible
from shinso.classical.contrastive import Rule, climb, epochs
from shinso.classical.running import Batches, Report, check_finite, chunks, prepared
from shinso.ops.activation import stable_sigmoid


def layer_input(
    layers: Sequence[Any], i: int, weights: Sequence[Array], biases: Sequence[Array]
) -> Array:
    """What layer i gets from its neighbours. layers: the values of all layers, v first."""
    total = biases[i]
    if i > 0:
        total = layers[i - 1] @ weights[i - 1] + total
    if i < len(weights):
        total = layers[i + 1] @ weights[i].T + total
    return total


def mean_field(
    v: Array, weights: Sequence[Array], biases: Sequence[Array], rounds: int
) -> list[Array]:
    """μ¹ … μᴸ, the product of independent units that comes close to P(h | v).

    Fixed point of μˡ = σ(μˡ⁻¹ Wₗ + μˡ⁺¹ Wₗ₊₁ᵀ + bₗ), approached `rounds` times, odd layers and then
    even ones, from a pass upwards with doubled weights. No round lowers the bound on log P(v).
    """
    top = len(weights)
    below = v @ weights[0]
    layers = [v]
    for i in range(1, top + 1):
        z = below if i == 1 else layers[i - 1] @ weights[i - 1]
        layers.append(stable_sigmoid(z + biases[i] if i == top else 2 * z + biases[i]))
    if top == 1:
        return layers[1:]
    for _ in range(rounds):
        for start in (1, 2):
            for i in range(start, top + 1, 2):
                if i == 1:
                    z = below + (layers[2] @ weights[1].T + biases[1])
                else:
                    z = layer_input(layers, i, weights, biases)
                layers[i] = stable_sigmoid(z)
    return layers[1:]


def gibbs(
    odd: Sequence[Array], weights: Sequence[Array], biases: Sequence[Array], gaussian: bool
) -> tuple[list[Array], list[Array]]:
    """One step of Gibbs sampling from the states of layers 1, 3, …: even layers, then odd ones.

    Returns the values of all layers, v first (states, but probabilities for the odd ones), and the
    new states of the odd layers.
    """
    layers: list[Any] = [None] * (len(weights) + 1)
    layers[1::2] = odd
    for i in range(0, len(layers), 2):
        z = layer_input(layers, i, weights, biases)
        layers[i] = draw_visible(z, gaussian) if i == 0 else bernoulli(stable_sigmoid(z))
    for i in range(1, len(layers), 2):
        layers[i] = stable_sigmoid(layer_input(layers, i, weights, biases))
    return layers, [bernoulli(p) for p in layers[1::2]]


class Machine:
    """A deep Boltzmann machine's weights and chains in cells, and one step of learning.

    weights: (n₀, n₁), (n₁, n₂), …; biases: (n₀,), (n₁,), …. chains: how many.
    """

    def __init__(
        self, weights: Sequence[Array], biases: Sequence[Array], gaussian: bool, chains: int
    ) -> None:
        self.weights = [Cell(w, f"W{i + 1}") for i, w in enumerate(weights)]
        self.biases = [Cell(b, f"b{i}") for i, b in enumerate(biases)]
        self.gaussian = gaussian
        self.odd = [Cell(np.zeros((chains, b.size), b.dtype), "chains") for b in biases[1::2]]
        self.moving: list[Cell] = []

    def values(self) -> tuple[list[Array], list[Array]]:
        """All weights and biases, as they are now."""
        return [w.data for w in self.weights], [b.data for b in self.biases]

    def step(self, rule: Rule, rounds: int, rate: Cell) -> Callable[[Array], None]:
        """The function that learns from one batch (n, n₀)."""

        def learn(v: Array) -> None:
            weights, biases = self.values()
            data = [v, *mean_field(v, weights, biases, rounds)]
            states = [c.data for c in self.odd]
            for _ in range(rule.k):
                model, states = gibbs(states, weights, biases, self.gaussian)
            for cell, state in zip(self.odd, states, strict=True):
                cell.data = state
            n, m = 1 / len(v), 1 / len(model[0])
            gradients = []
            for i, w in enumerate(weights):
                up = (data[i].T @ data[i + 1]) * n - (model[i].T @ model[i + 1]) * m
                gradients.append(up - rule.weight_decay * w if rule.weight_decay else up)
            for mine, theirs in zip(data, model, strict=True):
                gradients.append(mine.sum(axis=0) * n - theirs.sum(axis=0) * m)
            cells = [*self.weights, *self.biases]
            climb(cells, gradients, self.moving, rule, rate.data)

        return learn

    def fit(
        self, x: Array, rule: Rule, rounds: int, rng: np.random.Generator, report: Report
    ) -> None:
        """Learn from x (n, n₀). rounds: of mean field. Raises ValueError if weights diverge."""
        if rule.momentum and not self.moving:
            cells = [*self.weights, *self.biases]
            self.moving = [Cell(np.zeros_like(c.data)) for c in cells]
        batches = Batches(len(x), rule.batch_size, rule.shuffle, rng)
        rate = Cell(np.asarray(rule.learning_rate, x.dtype), "learning rate")
        steps = rule.epochs * batches.count
        n = min(len(x), rule.batch_size)
        inner = sum(w.data.size for w in self.weights[1:])
        products = 2.0 * n * self.weights[0].data.size * (3 + 2 * rule.k)
        products += 2.0 * n * inner * (3 + 2 * rule.k + 2 * rounds)
        draws = rule.k * n * sum(b.data.size for b in self.biases)
        learn = prepared(self.step(rule, rounds, rate), steps, products, draws)
        for _ in epochs(x, batches, learn, rule, rate):
            check_finite("the Boltzmann machine", *[w.data for w in self.weights])
            report(lambda: f"reconstruction error {self.error(x, rounds):.5f}")

    def error(self, x: Array, rounds: int, rows: int = 500) -> float:
        """The mean squared error of the first rows' reconstruction from the mean field's μ¹."""
        weights, biases = self.values()
        v = x[:rows]
        z = mean_field(v, weights, biases, rounds)[0] @ weights[0].T + biases[0]
        return float(np.square(v - mean_visible(z, self.gaussian)).mean())


def mean_fields(
    x: Array, weights: Sequence[Array], biases: Sequence[Array], rounds: int, rows: int = 1000
) -> list[Array]:
    """`mean_field` of all rows of x, some at a time."""
    depth = len(weights)

    def some(v: Array, *parameters: Array) -> list[Array]:
        return mean_field(v, parameters[:depth], parameters[depth:], rounds)

    size = sum(w.size for w in weights) * (2 * rounds + 1)
    run = prepared(some, -(-len(x) // rows), 2.0 * min(len(x), rows) * size)
    parts = [
        [np.array(mu) for mu in run(x[part], *weights, *biases)] for part in chunks(len(x), rows)
    ]
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]
