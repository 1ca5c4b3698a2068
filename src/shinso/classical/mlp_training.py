"""The training step of `MLPClassifier` and `MLPRegressor`, in NumPy or as machine code."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shinso import ops, optim
from shinso.cell import Array
from shinso.classical.lbfgs import Minimum, Plain, minimize
from shinso.classical.running import prepared
from shinso.classical.seeding import stream
from shinso.graph import Tensor
from shinso.models import MLP
from shinso.nn import Linear
from shinso.ops.activation import stable_sigmoid

ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
"""scikit-learn's names, and those of `models.activation_layer`."""


def settle(name: str) -> Callable[[Array], Array]:
    """The activation of that name for arrays, which may be overwritten."""
    return {
        "identity": lambda z: z,
        "logistic": stable_sigmoid,
        "tanh": lambda z: np.tanh(z, out=z),
        "relu": lambda z: np.maximum(z, 0, out=z),
    }[name]


def initial_weights(
    widths: Sequence[int], activation: str, rng: Any, dtype: Any
) -> tuple[list[Array], list[Array]]:
    """Weights (in, out) and biases (out,), uniform over ±√(6 / (in + out)); √2 for "logistic".

    Drawn in scikit-learn's order. Source: X. Glorot, Y. Bengio, 2010.
    """
    weights, biases = [], []
    for before, after in itertools.pairwise(widths):
        bound = math.sqrt((2.0 if activation == "logistic" else 6.0) / (before + after))
        weights.append(rng.uniform(-bound, bound, (before, after)).astype(dtype))
        biases.append(rng.uniform(-bound, bound, after).astype(dtype))
    return weights, biases


class Training:
    """A network, its optimizer and the step that learns from a batch.

    weights, biases: to begin with. task: "classes" (labels int64), "binary" (targets 0 and 1) or
    "numbers" (targets (n, outputs)). options: the optimizer's, SGD's if there is a momentum.
    alpha: of the penalty. steps, rows: how many steps there will be, of how many examples; long
    trainings are compiled.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array],
        activation: str,
        task: str,
        options: dict[str, Any],
        alpha: float,
        *,
        steps: int,
        rows: int,
    ) -> None:
        sizes = [w.shape[1] for w in weights]
        with stream(0):  # what it draws is replaced
            self.network = MLP(len(weights[0]), sizes[:-1], sizes[-1], ACTIVATIONS[activation])
        self.network.to(weights[0].dtype)
        self.layers = [m for m in self.network.modules() if isinstance(m, Linear)]
        self.task, self.alpha = task, alpha
        self.weights = [layer.weight for layer in self.layers]
        self.biases = [layer.bias for layer in self.layers if layer.bias is not None]
        groups = [{"params": self.weights, "weight_decay": alpha / rows}, {"params": self.biases}]
        kind = optim.SGD if "momentum" in options else optim.Adam
        self.put(weights, biases)
        self.optimizer: optim.Optimizer = kind(groups, **options)
        self.rows, self.done, self.eps = rows, 0, 0.0
        operations = 6.0 * rows * sum(w.size for w in weights)
        self._step = prepared(self._learn, steps, operations)
        self._evaluate = prepared(self._gradient, steps, operations)

    # -- steps -----------------------------------------------------------------------------------

    def loss(self, x: Any, t: Any) -> Tensor:
        """The mean loss of a batch, without the penalty."""
        y = self.network(x)
        if self.task == "classes":
            return ops.cross_entropy(y, t)
        if self.task == "binary":
            return ops.binary_cross_entropy_with_logits(ops.squeeze(y, 1), t)
        return ops.mse_loss(y, t) * (0.5 * y.shape[1])

    def _learn(self, x: Array, t: Array) -> tuple[Tensor, Any]:
        squares = _squares(self.weights)
        loss = self.loss(x, t)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss, squares

    def learn(self, x: Array, t: Array) -> float:
        """One update; returns the loss before it, with the penalty."""
        if len(x) != self.rows:
            self.rows = len(x)
            self.optimizer.param_groups[0]["weight_decay"] = self.alpha / len(x)
        self._correct()
        loss, squares = self._step(x, t)
        return float(loss.data) + 0.5 * self.alpha * float(squares) / len(x)

    def _correct(self) -> None:
        """Adam's ε as scikit-learn has it: beside √v, not beside √v̂ (ε / √(1 - β₂ᵗ) for ours)."""
        self.done += 1
        if isinstance(self.optimizer, optim.Adam):
            fraction = 1 - self.optimizer.defaults["betas"][1] ** self.done
            eps = self.optimizer.defaults["eps"] / math.sqrt(fraction)
            if abs(eps - self.eps) < 1e-4 * eps:
                return
            self.eps = eps
            for group in self.optimizer.param_groups:
                group["eps"] = eps

    @property
    def lr(self) -> float:
        """The learning rate."""
        return float(self.optimizer.param_groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = value

    # -- all examples at once --------------------------------------------------------------------

    def _gradient(self, x: Array, t: Array) -> tuple[Any, ...]:
        loss = self.loss(x, t)
        loss.backward()
        grads = tuple(p.grad for p in (*self.weights, *self.biases))
        self.optimizer.zero_grad()
        return (loss, *grads)

    def minimize(self, x: Array, t: Array, tol: float, max_iter: int, verbose: bool) -> Minimum:
        """Find a minimum by L-BFGS; the network has the weights found."""
        decay = self.alpha / len(x)
        count = sum(p.size for p in self.weights)

        def function(flat: Array) -> tuple[float, Array]:
            self._unpack(flat)
            loss, *grads = self._evaluate(x, t)
            g = np.concatenate([np.asarray(part).ravel() for part in grads])
            w = flat[:count]
            g[:count] += g.dtype.type(decay) * w
            return float(loss.data) + 0.5 * decay * float(w @ w), g

        def say(step: int, at: Array, value: float) -> None:
            if verbose:
                print(f"[MLP] step {step}: loss {value:.6f}", flush=True)

        start = np.concatenate([p.data.ravel() for p in (*self.weights, *self.biases)])
        found = minimize(Plain(function), start, tol=tol, max_iter=max_iter, each=say)
        self._unpack(found.x)
        return found

    def _unpack(self, flat: Array) -> None:
        first = 0
        for p in (*self.weights, *self.biases):
            p.data = flat[first : first + p.size].reshape(p.shape).copy()
            first += p.size

    # -- what is kept ----------------------------------------------------------------------------

    def put(self, weights: Sequence[Array], biases: Sequence[Array]) -> None:
        """Use these weights (in, out) and biases (out,)."""
        for p, w in zip(self.weights, weights, strict=True):
            p.data = np.ascontiguousarray(w.T, p.dtype)
        for p, b in zip(self.biases, biases, strict=True):
            p.data = np.array(b, p.dtype)

    def get(self) -> tuple[list[Array], list[Array]]:
        """Copies of the weights (in, out) and biases (out,)."""
        weights = [np.ascontiguousarray(p.numpy().T) for p in self.weights]
        return weights, [p.numpy() for p in self.biases]

    def state(self) -> dict[str, Any]:
        """What the optimizer remembers, and the learning rate."""
        held = self.optimizer.state_dict()["state"]
        return {
            "lr": self.lr,
            "done": self.done,
            "held": {int(i): dict(arrays) for i, arrays in held.items()},
        }

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from such a state; None changes nothing."""
        if state is None:
            return
        whole = self.optimizer.state_dict()
        whole["state"] = state["held"]
        self.optimizer.load_state_dict(whole)
        self.lr, self.done = state["lr"], state["done"]


def _squares(weights: Sequence[Tensor]) -> Any:
    """Σ w² over all weights."""
    total = np.float64(0)
    for p in weights:
        w = p.data.ravel()
        total = total + np.dot(w, w)
    return total
