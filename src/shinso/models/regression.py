"""Models without hidden layers: logistic regression and a polynomial with learned coefficients."""

from __future__ import annotations

from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor


class LogisticRegression(nn.Module):
    """A sigmoid unit (2 classes) or softmax regression (more): scores that are linear in the input.

    num_classes=2 gives one score per example, for `binary_cross_entropy_with_logits`; more give
    one per class, for `cross_entropy`. A softmax over 2 classes equals the sigmoid with w = w₁ -
    w₀. Input (N, in_features) or anything that flattens to it; output (N,) or (N, num_classes).
    """

    def __init__(self, in_features: int, num_classes: int = 2) -> None:
        super().__init__()
        if num_classes < 2:
            raise ValueError(f"there are at least 2 classes, not {num_classes}")
        self.num_classes = num_classes
        self.linear = nn.Linear(in_features, 1 if num_classes == 2 else num_classes)
        nn.init.zeros_(self.linear.weight)

    def forward(self, x: Any) -> Tensor:
        """The scores (logits)."""
        scores = self.linear(ops.flatten(x, 1))
        return ops.squeeze(scores, 1) if self.num_classes == 2 else scores


class Polynomial(nn.Module):
    """y = c₀ + c₁x + … + c_d x^d with learned coefficients: fit it by gradient descent.

    degree: d; 2 gives y = ax² + bx + c with coefficients (c, b, a). State: coefficients (d + 1,).
    """

    def __init__(self, degree: int = 2) -> None:
        super().__init__()
        if degree < 0:
            raise ValueError(f"the degree is at least 0, not {degree}")
        self.degree = degree
        self.coefficients = nn.Parameter([0.0] * (degree + 1))

    def forward(self, x: Any) -> Tensor:
        """The polynomial's value at every element of x."""
        powers = ops.stack([x**k for k in range(self.degree + 1)], axis=-1)
        return ops.matmul(powers, self.coefficients)
