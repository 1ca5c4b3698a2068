"""Penalties: terms added to the loss that keep weights small, or make many of them zero.

Give one to an optimizer (`SGD(params, penalty=L1(1e-4))`) or to one of its parameter groups. Its
gradient joins the loss's gradient before each update; the loss itself stays as it is, so that
training curves with and without a penalty can be compared. `penalty.value(params)` is the term.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor


@dataclass(frozen=True)
class Penalty:
    """Base of all penalties. A subclass defines `cost(w)` and `gradient(w)` for one array."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, bool):
                continue
            if not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise ValueError(
                    f"{type(self).__name__}({name}={value!r}): a finite number of at least 0 is "
                    "expected"
                )

    def cost(self, w: Array) -> Any:
        """The penalty of one array, a float64 number."""
        raise NotImplementedError(f"{type(self).__name__} must define cost and gradient")

    def gradient(self, w: Array) -> Array:
        """d cost / dw, an array of w's shape and dtype; 0 where w is 0."""
        raise NotImplementedError(f"{type(self).__name__} must define cost and gradient")

    def added(self, w: Array) -> Array | None:
        """What an optimizer adds to the loss's gradient: here all of `gradient`."""
        return self.gradient(w)

    def shrink(self, w: Array, lr: Array) -> Array:
        """What an optimizer does to the weights after its update: here nothing."""
        return w

    def value(self, params: Iterable[Tensor] | Tensor) -> Any:
        """The penalty of all `params` together, a float64 number to add to a loss for display."""
        tensors = [params] if isinstance(params, Tensor) else list(params)
        return sum((self.cost(p.data) for p in tensors), np.float64(0))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `penalty_from_dict` makes the same penalty from."""
        return {"kind": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class L2(Penalty):
    """Ridge, λ/2 ‖w‖² = λ/2 Σ w². Its gradient λw pulls in proportion to the weight.

    For plain SGD this is weight decay; for Adam it is not (see AdamW).
    Source: Hoerl and Kennard, "Ridge regression" (1970).
    """

    strength: float

    def cost(self, w: Array) -> Any:
        """λ/2 Σ w²."""
        return self.strength / 2 * np.sum(np.square(w), dtype=np.float64)

    def gradient(self, w: Array) -> Array:
        """λw."""
        return w * self.strength


@dataclass(frozen=True)
class L1(Penalty):
    """Lasso, λ ‖w‖₁ = λ Σ |w|. Its gradient λ sign(w) pulls small weights as hard as large ones.

    strength: λ. proximal: a gradient step leaps over 0, back and forth, and hardly ever lands on
    it. With `proximal=True` the gradient is left alone and each update is followed by
    soft-thresholding instead, w ← sign(w) max(|w| − lr·λ, 0), so that exact zeros appear. The
    threshold is lr·λ for every optimizer, also for those that scale each weight's step, as Adam.
    The slope at w = 0 is taken as 0.
    Sources: Tibshirani, "Regression shrinkage and selection via the lasso" (1996); Daubechies,
    Defrise and De Mol (2004) for the thresholding.
    """

    strength: float
    proximal: bool = False

    def cost(self, w: Array) -> Any:
        """λ Σ |w|."""
        return self.strength * np.sum(np.abs(w), dtype=np.float64)

    def gradient(self, w: Array) -> Array:
        """λ sign(w)."""
        return np.sign(w) * self.strength

    def added(self, w: Array) -> Array | None:
        """λ sign(w), or nothing where `shrink` does the work."""
        return None if self.proximal else self.gradient(w)

    def shrink(self, w: Array, lr: Array) -> Array:
        """Soft-thresholding by lr·λ, if `proximal`."""
        return soft_threshold(w, lr * self.strength) if self.proximal else w


@dataclass(frozen=True)
class Elastic(Penalty):
    """Elastic net, λ₁ ‖w‖₁ + λ₂/2 ‖w‖²: zeros from L1, and correlated weights kept together by L2.

    l1, l2: the two strengths. proximal: as for `L1`; the L2 part stays in the gradient.
    The slope at w = 0 is taken as 0.
    Source: Zou and Hastie, "Regularization and variable selection via the elastic net" (2005).
    """

    l1: float
    l2: float
    proximal: bool = False

    def cost(self, w: Array) -> Any:
        """λ₁ Σ |w| + λ₂/2 Σ w²."""
        return L1(self.l1).cost(w) + L2(self.l2).cost(w)

    def gradient(self, w: Array) -> Array:
        """λ₁ sign(w) + λ₂ w."""
        return L1(self.l1).gradient(w) + L2(self.l2).gradient(w)

    def added(self, w: Array) -> Array | None:
        """The whole gradient, or its L2 part where `shrink` does the rest."""
        return L2(self.l2).gradient(w) if self.proximal else self.gradient(w)

    def shrink(self, w: Array, lr: Array) -> Array:
        """Soft-thresholding by lr·λ₁, if `proximal`."""
        return soft_threshold(w, lr * self.l1) if self.proximal else w


@dataclass(frozen=True)
class PNorm(Penalty):
    """Bridge, (λ/p) ‖w‖ₚᵖ = (λ/p) Σ |w|ᵖ, whose gradient is λ |w|ᵖ⁻¹ sign(w).

    Some texts write (λ/p)‖w‖ₚ without the outer power p and mean this: only the p-th power has a
    gradient in which every weight stands for itself. p = 1 is L1, p = 2 is L2 (use those: they are
    faster); p > 2 presses large weights hardest.

    strength: λ. p: greater than 0. floor: for p < 1 the slope grows without bound near 0, so |w| is
    taken as at least `floor` there; the slope is then at most λ floor**(p − 1).
    The slope at w = 0 is taken as 0.
    Source: Frank and Friedman, "A statistical view of some chemometrics regression tools" (1993).
    """

    strength: float
    p: float
    floor: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.p <= 0 or self.floor <= 0:
            raise ValueError(
                f"PNorm(p={self.p!r}, floor={self.floor!r}): both must be greater than 0"
            )

    def cost(self, w: Array) -> Any:
        """(λ/p) Σ |w|ᵖ."""
        return self.strength / self.p * np.sum(np.abs(w) ** self.p, dtype=np.float64)

    def gradient(self, w: Array) -> Array:
        """λ |w|ᵖ⁻¹ sign(w)."""
        size = np.abs(w)
        if self.p < 1:
            size = np.maximum(size, self.floor)
        return np.sign(w) * size ** (self.p - 1) * self.strength


def soft_threshold(w: Array, limit: Array) -> Array:
    """Move every element towards 0 by `limit`, but not past it: sign(w) max(|w| − limit, 0).

    limit: a 0-d float64 array; cast to w's dtype before it is used.
    """
    return np.sign(w) * np.maximum(np.abs(w) - limit.astype(w.dtype), 0)


_KINDS: dict[str, type[Penalty]] = {kind.__name__: kind for kind in (L1, L2, Elastic, PNorm)}


def penalty_from_dict(values: Mapping[str, Any]) -> Penalty:
    """The penalty that `to_dict` described. Raises ValueError for anything else."""
    kind = _KINDS.get(values.get("kind", ""))
    options = {name: value for name, value in values.items() if name != "kind"}
    if kind is None or set(options) != {field.name for field in fields(kind)}:
        raise ValueError(
            f"{dict(values)!r} describes no penalty that is known here ({', '.join(_KINDS)})"
        )
    return kind(**options)
