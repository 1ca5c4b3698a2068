"""The McCulloch–Pitts neuron (1943): weights and a threshold set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso import nn, ops
from shinso.graph import Tensor, get_default_dtype


class McCullochPitts(nn.Module):
    """One neuron that fires when its weighted input exceeds a threshold, y = step(w·x - θ).

        AND  = McCullochPitts([1, 1], threshold=1.5)
        OR   = McCullochPitts([1, 1], threshold=0.5)
        NAND = McCullochPitts([-1, -1], threshold=-1.5)

    weights: one per input. threshold: θ; a sum equal to it does not fire.
    Input (..., number of weights); output (...) of zeros and ones. W. S. McCulloch, W. Pitts, "A
    logical calculus of the ideas immanent in nervous activity", 1943.
    """

    def __init__(self, weights: Sequence[float], threshold: float) -> None:
        super().__init__()
        dtype = get_default_dtype()
        self.register_buffer("weights", np.array(weights, dtype=dtype))
        self.register_buffer("threshold", np.array(threshold, dtype=dtype))

    weights: Tensor
    threshold: Tensor

    def forward(self, x: Any) -> Tensor:
        """1 where the weighted sum exceeds the threshold, else 0. x may be a plain list."""
        if isinstance(x, (list, tuple)):
            x = Tensor(x, dtype=self.weights.dtype)
        if x.ndim == 0 or x.shape[-1] != self.weights.size:
            raise ValueError(
                f"got an input of shape {tuple(x.shape)}: its last axis must be "
                f"{self.weights.size}, "
                "one value for each weight"
            )
        return ops.step(ops.matmul(x, self.weights) - self.threshold)

    def label(self) -> str:
        """The number of inputs."""
        return f"{self.weights.size} inputs"
