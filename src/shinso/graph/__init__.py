"""Tensors, operations, backward, and the check that gradients are right."""

from shinso.graph.dtype import get_default_dtype, set_default_dtype
from shinso.graph.function import Function
from shinso.graph.gradcheck import GradientError, check_gradient, numerical_gradient
from shinso.graph.mode import Observer, enable_grad, is_grad_enabled, no_grad, observe
from shinso.graph.tensor import Tensor, tensor

__all__ = [
    "Function",
    "GradientError",
    "Observer",
    "Tensor",
    "check_gradient",
    "enable_grad",
    "get_default_dtype",
    "is_grad_enabled",
    "no_grad",
    "numerical_gradient",
    "observe",
    "set_default_dtype",
    "tensor",
]
