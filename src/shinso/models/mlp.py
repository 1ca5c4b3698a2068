"""The multilayer perceptron: fully connected layers with an activation between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.activations import activation_layer


class MLP(nn.Module):
    """Fully connected layers: in → hidden… → out, with an activation after each hidden layer.

    in_features: inputs per example; images are flattened. hidden: widths, such as (100,) or (300,
    100); () gives a linear model. out_features: classes, or values to predict. activation: a name,
    see `models.activation_layer`. dropout: probability after each hidden activation. batch_norm:
    before it. Output: scores (logits) or values (N, out_features). Raises ValueError for a width
    below 1, TypeError for a dropout that is no number or a batch_norm that is not yes or no.
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, Nature 323 (1986).
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int] = (100,),
        out_features: int = 10,
        activation: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        _check(hidden, dropout, batch_norm)
        widths = [in_features, *hidden]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers.append(nn.Linear(before, after))
            if batch_norm:
                layers.append(nn.BatchNorm1d(after))
            layers.append(activation_layer(activation))
            if dropout:
                layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(widths[-1], out_features))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Any) -> Tensor:
        """Flatten all but the batch and run the layers."""
        return self.layers(ops.flatten(x, 1) if x.ndim != 2 else x)


def _check(hidden: Sequence[Any], dropout: Any, batch_norm: Any) -> None:
    if any(not isinstance(width, Integral) or int(width) < 1 for width in hidden):
        raise ValueError(f"hidden is widths of 1 or more, such as (300, 100), not {hidden!r}")
    if not isinstance(dropout, Real):
        raise TypeError(f"dropout is a probability from 0 to 1, not {dropout!r}")
    if batch_norm not in (True, False):
        raise TypeError(f"batch_norm is True or False, not {batch_norm!r}")
