"""Drop-path: where several paths of a network meet, only some of them count in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.nn.module import Module
from shinso.ops.dropout import threshold
from shinso.ops.random import random_bits


class FractalJoin(Module):
    """The mean of several paths; in training of those that drop-path leaves.

        y = self.join([self.short(x), self.long(x)])

    Local drop-path: each path is left out with probability p, but one at least stays. Global
    drop-path: the caller says which one path counts (`chosen`), the same all over a network, so
    that every path learns to do the whole work alone. Evaluation: the plain mean.
    p: the probability to be left out; the paper took 0.15. level: draw once for the "batch", as the
    paper did, or for each "image".
    Source: Larsson, Maire, Shakhnarovich, "FractalNet: ultra-deep neural networks without
    residuals", ICLR 2017.
    """

    def __init__(self, p: float = 0.15, level: str = "batch") -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"p is the probability of leaving out, between 0 and 1, not {p}")
        check_draws(level)
        self.p, self.level = p, level

    def forward(self, inputs: Sequence[Any], chosen: Any = None) -> Tensor:
        """Join the paths.

        inputs: of one shape, (N, …). chosen: (N or 1, number of inputs) true and false; in a row
        with a true, that input alone counts (`whole_column` draws such rows). In training only.
        Raises ValueError for no inputs or several shapes.
        """
        shapes = {tuple(x.shape) for x in inputs}
        if len(shapes) != 1:
            raise ValueError(
                f"got {len(inputs)} inputs of shapes {sorted(shapes)}: a join takes one or more "
                "of one shape"
            )
        if len(inputs) == 1:
            return ops.identity(inputs[0])
        if not self.training or (self.p == 0 and chosen is None):
            return ops.mul(_sum(inputs), 1 / len(inputs))
        stay = _local(draws(inputs[0], self.level), len(inputs), self.p)
        if chosen is not None:
            stay = np.where(chosen.any(axis=1, keepdims=True), chosen, stay)
        mask = stay.astype(inputs[0].dtype)
        weights = mask / mask.sum(axis=1, keepdims=True)
        after = (1,) * (inputs[0].ndim - 1)
        return _sum([ops.mul(x, weights[:, i].reshape(-1, *after)) for i, x in enumerate(inputs)])

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, level={self.level}"


def whole_column(rows: int, columns: int, ratio: float) -> Array:
    """Global drop-path: (rows, columns), in a row nothing, or with probability `ratio` one true."""
    words = random_bits((rows, 2))
    return (words[:, :1] >= threshold(1 - ratio)) & one_of(words[:, 1:], columns)


def one_of(word: Array, choices: int) -> Array:
    """(rows, choices): in each row one true, decided by that row's random 32-bit word.

    word: (rows, 1). All choices are as probable.
    """
    # Which of `choices` equal parts of the 32-bit numbers does the word fall into?
    beyond = [word >= round(2**32 * i / choices) for i in range(1, choices)]
    edges = [np.ones_like(word, dtype=bool), *beyond, np.zeros_like(word, dtype=bool)]
    return np.concatenate([edges[i] & ~edges[i + 1] for i in range(choices)], axis=1)


def draws(x: Any, level: str) -> int:
    """How often a layer draws for x at this level."""
    return int(x.shape[0]) if level == "image" else 1


def check_draws(level: str) -> None:
    """Raise ValueError for a level that is none."""
    if level not in ("batch", "image"):
        raise ValueError(f'level is "batch" or "image", not {level!r}')


def _local(rows: int, paths: int, p: float) -> Array:
    """Each path with probability 1 - p; where none is left, one of them."""
    words = random_bits((rows, paths + 1))
    stay = words[:, :paths] >= threshold(p)
    return stay | (one_of(words[:, paths:], paths) & ~stay.any(axis=1, keepdims=True))


def _sum(inputs: Sequence[Any]) -> Any:
    total = inputs[0]
    for x in inputs[1:]:
        total = ops.add(total, x)
    return total
