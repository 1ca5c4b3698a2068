"""Fully connected layers."""

from __future__ import annotations

import math
from typing import Any

from shinso.graph import Tensor, get_default_dtype
from shinso.nn import init
from shinso.nn.checks import check_array, check_dtype, check_widths
from shinso.nn.module import Module, Parameter
from shinso.ops.matrix import Linear as Affine


def new_parameter(*shape: int) -> Parameter:
    """A parameter of the default dtype, whose values are still to be set."""
    return Parameter.zeros(shape, get_default_dtype())


def reset_like_pytorch(weight: Parameter, bias: Parameter | None, fan_in: int) -> None:
    """PyTorch's default start: weight and bias uniform over ±1/√fan_in."""
    bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0.0
    init.uniform_(weight, -bound, bound)
    if bias is not None:
        init.uniform_(bias, -bound, bound)


class Linear(Module):
    """Fully connected layer, y = x wᵀ + b (textbooks: Affine).

    in_features, out_features: widths. bias: whether to add b.
    Input (..., in_features); output (..., out_features).
    State: weight (out_features, in_features), bias (out_features,). Both start uniform over
    ±1/√in_features, as in PyTorch; `nn.init` has others.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        check_widths(in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = new_parameter(out_features, in_features)
        self.bias: Parameter | None
        self.register_parameter("bias", new_parameter(out_features) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        reset_like_pytorch(self.weight, self.bias, self.in_features)

    def forward(self, x: Any) -> Tensor:
        """y = x wᵀ + b."""
        check_array(x)
        shape = x.shape
        if not shape or shape[-1] != self.in_features:
            raise ValueError(self._wrong_width(tuple(shape)))
        check_dtype(x, self.weight)
        # Not through ops.linear: its checks are made already, and small networks feel them.
        return Affine()(x, self.weight, self.bias)

    def _wrong_width(self, shape: tuple[int, ...]) -> str:
        flat = math.prod(shape[1:]) == self.in_features
        advice = " Flatten first: nn.Flatten()." if flat else ""
        return f"got an input of shape {shape}: its last axis must be {self.in_features}.{advice}"

    def label(self) -> str:
        """The widths."""
        return f"{self.in_features} → {self.out_features}"

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"
