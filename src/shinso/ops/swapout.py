"""Swapout: each unit draws whether it gets its input, what the layer computed, both or neither."""

from __future__ import annotations

from typing import Any

from shinso.cell import Array
from shinso.graph import Function, Tensor
from shinso.ops.dropout import kept
from shinso.ops.floating import check_floating


class Swapout(Function):
    """y = Θ₁ x + Θ₂ f with masks Θ of zeros and ones, or numbers. dx = dy Θ₁, df = dy Θ₂."""

    def forward(self, x: Array, f: Array, theta1: Any, theta2: Any) -> Array:
        self.theta1, self.theta2 = _as(x, theta1), _as(f, theta2)
        return x * self.theta1 + f * self.theta2

    def backward(self, dy: Array) -> tuple[Array, Array, None, None]:
        return dy * self.theta1, dy * self.theta2, None, None


def _as(x: Array, theta: Any) -> Any:
    return theta if isinstance(theta, float) else theta.astype(x.dtype)


def swapout(x: Any, f: Any, p1: float = 0.5, p2: float = 0.5, training: bool = True) -> Tensor:
    """Let x pass with probability p1 and f with probability p2, each unit by itself, and add them.

    y = Θ₁ ⊙ x + Θ₂ ⊙ f, Θ₁ ~ Bernoulli(p1), Θ₂ ~ Bernoulli(p2). Nothing is scaled; evaluation
    (training=False) takes the expected value, y = p1 x + p2 f. p1 = p2 = 1 is a residual
    connection, p1 = 0 dropout, p1 = 1 a stochastic depth of single units.
    x, f: a layer's input and what it computed, float, of one shape. p1, p2: as in the paper the
    probabilities to PASS, not to be dropped. Returns the same shape.
    Raises ValueError for a p outside [0, 1] or two shapes, TypeError for what is not floating
    point.
    Source: Singh, Hoiem, Forsyth, "Swapout: learning an ensemble of deep architectures", NIPS 2016.
    """
    check_floating("swapout", x)
    check_floating("swapout", f, "f")
    check_passing("swapout", p1=p1, p2=p2)
    if x.shape != f.shape:
        raise ValueError(
            f"swapout got x of shape {tuple(x.shape)} and f of shape {tuple(f.shape)}; they are "
            "added unit by unit, so both have one shape"
        )
    if not training:
        return Swapout()(x, f, float(p1), float(p2))
    return Swapout()(x, f, _theta(x.shape, p1), _theta(f.shape, p2))


def check_passing(owner: str, **probabilities: float) -> None:
    """Raise ValueError unless all are probabilities."""
    for name, p in probabilities.items():
        if not 0 <= p <= 1:
            raise ValueError(
                f"{owner} takes the probability to pass, between 0 and 1; got {name}={p}"
            )


def _theta(shape: tuple[int, ...], p: float) -> Any:
    """A mask that is true with probability p; the number p where it is certain."""
    return float(p) if p in (0, 1) else kept(shape, 1 - p)
