"""Learning of one RBM: contrastive divergence (CD-k) and its persistent form (PCD).

The gradient of log P(v) is ⟨v h⟩ of the data minus ⟨v h⟩ of the model. The second average is
estimated with k steps of Gibbs sampling, from the data (CD-k, Hinton 2002) or from chains that are
kept from batch to batch (PCD, Tieleman 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array, Cell
from shinso.classical.boltzmann import (
    bernoulli,
    draw_visible,
    initial_weights,
    mean_visible,
)
from shinso.classical.running import Batches, Report, check_finite, prepared
from shinso.ops.activation import stable_sigmoid


@dataclass(frozen=True)
class Rule:
    """How an RBM learns.

    algorithm: "cd" or "pcd". k: Gibbs steps. learning_rate: η. schedule: "constant", or "linear"
    for a learning rate that falls to 0 in a straight line. momentum: μ. weight_decay: λ.
        Δ ← μ Δ + η (gradient - λ W),  W ← W + Δ      (λ for weights only)
    batch_size: examples per update, and chains of PCD. epochs. shuffle: a new order in every epoch.
    """

    algorithm: str = "pcd"
    k: int = 1
    learning_rate: float = 0.1
    schedule: str = "constant"
    momentum: float = 0.0
    weight_decay: float = 0.0
    batch_size: int = 10
    epochs: int = 10
    shuffle: bool = True


class Pair:
    """The weights and biases between two layers, and one step of learning.

    visible, hidden: widths. gaussian: visible units of variance 1. labels: the last so many visible
    units are one softmax. up, down: factors on W on the way up and down; 2 stands for the layer
    that a deep Boltzmann machine will have on the other side (Salakhutdinov, Hinton 2009).
    rng: draws the initial weights. dtype: float32 or float64.
    """

    def __init__(
        self,
        visible: int,
        hidden: int,
        rng: np.random.Generator,
        dtype: Any,
        *,
        gaussian: bool = False,
        labels: int = 0,
        up: float = 1.0,
        down: float = 1.0,
    ) -> None:
        self.gaussian, self.labels, self.up, self.down = gaussian, labels, up, down
        self.weight = Cell(initial_weights((visible, hidden), rng, dtype), "W")
        self.visible_bias = Cell(np.zeros(visible, dtype), "a")
        self.hidden_bias = Cell(np.zeros(hidden, dtype), "b")
        self.chains: Cell | None = None
        self.moving: list[Cell] = []

    # -- the two conditional distributions -------------------------------------------------------

    def hidden(self, v: Array) -> Array:
        """P(h = 1 | v)."""
        return stable_sigmoid(_scaled(v @ self.weight.data, self.up) + self.hidden_bias.data)

    def visible_input(self, h: Array) -> Array:
        """Wh + a, of which the visible units are drawn."""
        return _scaled(h @ self.weight.data.T, self.down) + self.visible_bias.data

    def reconstruct(self, v: Array) -> Array:
        """Up and down again, with expected values in place of draws."""
        return mean_visible(self.visible_input(self.hidden(v)), self.gaussian, self.labels)

    def gibbs(self, h: Array, k: int) -> tuple[Array, Array]:
        """k steps down and up from hidden states h: drawn v and P(h = 1 | v)."""
        v = p = h
        for i in range(k):
            if i:
                h = bernoulli(p)
            v = draw_visible(self.visible_input(h), self.gaussian, self.labels)
            p = self.hidden(v)
        return v, p

    # -- learning --------------------------------------------------------------------------------

    def step(self, rule: Rule, rate: Cell) -> Callable[[Array], None]:
        """The function that learns from one batch (n, visible)."""

        def learn(v: Array) -> None:
            p = self.hidden(v)
            start = bernoulli(p) if self.chains is None else self.chains.data
            v_model, p_model = self.gibbs(start, rule.k)
            if self.chains is not None:
                self.chains.data = bernoulli(p_model)
            n, m = 1 / len(v), 1 / len(v_model)
            if n == m:
                gradient = (v.T @ p - v_model.T @ p_model) * n
            else:
                gradient = (v.T @ p) * n - (v_model.T @ p_model) * m
            self.update(
                rule,
                rate.data,
                gradient,
                v.sum(axis=0) * n - v_model.sum(axis=0) * m,
                p.sum(axis=0) * n - p_model.sum(axis=0) * m,
            )

        return learn

    def update(self, rule: Rule, rate: Array, dw: Array, da: Array, db: Array) -> None:
        """Go uphill along the gradient of log P(v), with momentum and weight decay."""
        if rule.weight_decay:
            dw = dw - rule.weight_decay * self.weight.data
        climb(
            (self.weight, self.visible_bias, self.hidden_bias),
            (dw, da, db),
            self.moving,
            rule,
            rate,
        )

    def fit(
        self,
        x: Array,
        rule: Rule,
        rng: np.random.Generator,
        report: Report,
        figures: Callable[[], str] | None = None,
    ) -> None:
        """Learn from x (n, visible).

        rng: gives the order. figures: what a printed line says; the reconstruction error without
        it. Raises ValueError if the weights stop being finite.
        """
        n, m = len(x), rule.batch_size
        visible, hidden = self.weight.data.shape
        if rule.algorithm == "pcd" and self.chains is None:
            self.chains = Cell(np.zeros((m, hidden), x.dtype), "chains")
        elif rule.algorithm == "cd":
            self.chains = None
        if rule.momentum and not self.moving:
            cells = (self.weight, self.visible_bias, self.hidden_bias)
            self.moving = [Cell(np.zeros_like(c.data)) for c in cells]
        batches = Batches(n, m, rule.shuffle, rng)
        rate = Cell(np.asarray(rule.learning_rate, x.dtype), "learning rate")
        steps = rule.epochs * batches.count
        products = 3 + 2 * rule.k
        learn = prepared(
            self.step(rule, rate),
            steps,
            2.0 * min(n, m) * visible * hidden * products,
            min(n, m) * rule.k * (visible + hidden),
        )
        for _ in epochs(x, batches, learn, rule, rate):
            check_finite("an RBM", self.weight.data)
            report(figures or (lambda: f"reconstruction error {self.error(x):.5f}"))

    def error(self, x: Array, rows: int = 1000) -> float:
        """The mean squared error of the first rows' reconstruction."""
        v = x[:rows]
        return float(np.square(v - self.reconstruct(v)).mean())


def climb(
    cells: Sequence[Cell], gradients: Sequence[Array], moving: list[Cell], rule: Rule, rate: Array
) -> None:
    """Go uphill: Δ ← μ Δ + η gradient, cell ← cell + Δ. moving: the Δ, unused without momentum."""
    for i, (cell, gradient) in enumerate(zip(cells, gradients, strict=True)):
        change = rate * gradient
        if rule.momentum:
            change = change + rule.momentum * moving[i].data
            moving[i].data = change
        cell.data = cell.data + change


def epochs(
    x: Array, batches: Batches, learn: Callable[[Array], None], rule: Rule, rate: Cell
) -> Iterator[int]:
    """Learn from all batches of x once for each number it gives, by the rule's schedule."""
    done, steps = 0, rule.epochs * batches.count
    for epoch in range(rule.epochs):
        for (v,) in batches.of(x):
            if rule.schedule == "linear":
                rate.data = rule.learning_rate * (1 - done / steps)
            learn(v)
            done += 1
        yield epoch


def _scaled(z: Array, factor: float) -> Array:
    return z if factor == 1 else z * factor
