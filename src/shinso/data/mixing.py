"""Mixing the examples of a batch in pairs, inputs and targets: between two classes the network
learns to be unsure, instead of sure of one.

Each is called as `transform(x, t, rng)` and returns (x, t); a `DataLoader` takes it as
`batch_transform=`. Targets become shares of classes, (N, num_classes), which `ops.cross_entropy`
takes as they are. A metric of mixed batches, such as the accuracy, counts the class that has the
largest share as the true one; where two shares are nearly equal, that is chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinso.data.erasing import rectangles
from shinso.data.protocols import Array, BatchTransform
from shinso.data.transforms import OneHot, check_images, need_rng


@dataclass(frozen=True)
class Mixup:
    """Lay two examples over each other: x = λ xᵢ + (1 - λ) xⱼ, t = λ tᵢ + (1 - λ) tⱼ.

    j is i's place in a random order of the same batch, λ is drawn from Beta(alpha, alpha): with
    small alpha mostly near 0 or 1, with alpha = 1 uniform.

    alpha: greater than 0; the paper took 0.2 for ImageNet, 1 for CIFAR-10. num_classes: for targets
    that are class numbers; None mixes targets that are numbers already (a regression, or one-hot
    rows). per_image: draw λ for each example instead of once per batch as in the paper.
    p: the probability that a batch (or with per_image an example) is mixed at all.
    Source: Zhang et al., "mixup: beyond empirical risk minimization" (2018).
    """

    alpha: float
    num_classes: int | None = None
    per_image: bool = False
    p: float = 1.0

    def __post_init__(self) -> None:
        _check(self.alpha, self.num_classes, self.p, "Mixup")

    def __call__(
        self, x: Array, t: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        """Return (x, t) of the same shapes, but (N, num_classes) for class numbers t.

        x: (N, …), float. t: class numbers (N,), or floats (N, …).
        Raises TypeError if x is not float, ValueError for targets that do not fit.
        """
        if x.dtype.kind != "f":
            raise TypeError(f"Mixup takes floats, got {x.dtype}; put ToFloat() before it.")
        rng = need_rng(rng, "Mixup")
        shares = _shares(t, len(x), self.num_classes, "Mixup")
        partner = rng.permutation(len(x))
        part = _draw(self.alpha, self.p, len(x) if self.per_image else 1, rng)
        return _blend(x, partner, part), _blend(shares, partner, part)


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of one image into another; t is mixed by the areas that are seen.

    λ is drawn from Beta(alpha, alpha). The rectangle has the sides H √(1 - λ) and W √(1 - λ) around
    a random pixel and is cut off at the border; λ is then set to the share of the image that is
    left, so that t = λ tᵢ + (1 - λ) tⱼ is right for what can be seen.

    alpha: greater than 0; the paper took 1. num_classes, per_image, p: as for `Mixup`; the paper
    took p=0.5 for CIFAR, 1 for ImageNet.
    Source: Yun et al., "CutMix: regularization strategy to train strong classifiers with
    localizable features" (2019).
    """

    alpha: float = 1.0
    num_classes: int | None = None
    per_image: bool = False
    p: float = 1.0

    def __post_init__(self) -> None:
        _check(self.alpha, self.num_classes, self.p, "CutMix")

    def __call__(
        self, x: Array, t: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        """Return images of the same shape, and targets as `Mixup` does.

        x: (N, C, H, W). Raises ValueError for other inputs or targets that do not fit.
        """
        check_images(x, "CutMix")
        rng = need_rng(rng, "CutMix")
        shares = _shares(t, len(x), self.num_classes, "CutMix")
        partner = rng.permutation(len(x))
        count = len(x) if self.per_image else 1
        side = np.sqrt(1 - _draw(self.alpha, self.p, count, rng))
        rows, columns = x.shape[2:]
        height, width = (rows * side).astype(np.int64), (columns * side).astype(np.int64)
        top = rng.integers(0, rows, count) - height // 2
        left = rng.integers(0, columns, count) - width // 2
        pasted = rectangles(top, left, height, width, x.shape[2:])
        part = 1 - pasted.mean(axis=(1, 2))
        return np.where(pasted[:, None], x[partner], x), _blend(shares, partner, part)


class RandomChoice:
    """Apply one of several batch transforms, drawn for each batch.

    transforms: such as [Mixup(0.2, 10), CutMix(1.0, 10)]. p: the probability of each; equal if not
    given. Raises ValueError if there is none, or the probabilities do not fit.
    """

    def __init__(
        self, transforms: Sequence[BatchTransform], p: Sequence[float] | None = None
    ) -> None:
        self.transforms = tuple(transforms)
        if not self.transforms:
            raise ValueError("RandomChoice needs at least one transform to choose from.")
        for transform in self.transforms:
            if not callable(transform):
                raise TypeError(f"RandomChoice: {transform!r} is no transform.")
        equal = [1 / len(self.transforms)] * len(self.transforms)
        self.p = tuple(equal if p is None else map(float, p))
        if len(self.p) != len(self.transforms) or min(self.p) < 0 or abs(sum(self.p) - 1) > 1e-9:
            raise ValueError(
                f"RandomChoice: p={p!r} must be {len(self.transforms)} probabilities that add up "
                "to 1."
            )

    def __call__(
        self, x: Array, t: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        """Return (x, t) after the transform that was drawn."""
        number = int(need_rng(rng, "RandomChoice").choice(len(self.p), p=self.p))
        return self.transforms[number](x, t, rng)

    def __repr__(self) -> str:
        return f"RandomChoice([{', '.join(map(repr, self.transforms))}], p={self.p})"


def _check(alpha: float, num_classes: int | None, p: float, who: str) -> None:
    if not 0 < alpha < float("inf"):
        raise ValueError(f"{who}: alpha must be a number greater than 0, got {alpha}.")
    if num_classes is not None:
        OneHot(num_classes)
    if not 0 <= p <= 1:
        raise ValueError(f"{who}: p must lie between 0 and 1, got {p}.")


def _draw(alpha: float, p: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """λ, (count,); 1 where nothing is to be mixed."""
    struck = rng.random(count) < p
    return np.where(struck, rng.beta(alpha, alpha, count), 1.0)


def _blend(a: Array, partner: Array, part: NDArray[np.float64]) -> Array:
    """λ aᵢ + (1 - λ) aⱼ in the dtype of a; part: λ, (N,) or (1,)."""
    share = part.astype(a.dtype).reshape(-1, *(1,) * (a.ndim - 1))
    blended: Array = share * a + (1 - share) * a[partner]
    return blended


def _shares(t: Array, count: int, num_classes: int | None, who: str) -> Array:
    """Targets as they can be mixed: floats, one row per example."""
    if len(t) != count:
        raise ValueError(f"{who}: {count} inputs, but {len(t)} targets.")
    if num_classes is None:
        if t.dtype.kind != "f":
            raise TypeError(
                f"{who}: targets of {t.dtype} cannot be mixed; for class numbers give num_classes."
            )
        return t
    if t.dtype.kind == "f":
        if t.shape != (count, num_classes):
            raise ValueError(
                f"{who}: targets are class numbers (N,) or shares ({count}, {num_classes}), got "
                f"an array of shape {t.shape}."
            )
        return t
    return OneHot(num_classes)(t)
