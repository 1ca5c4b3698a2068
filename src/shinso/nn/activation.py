"""Activations as layers, for use in `Sequential`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.checks import check_dtype
from shinso.nn.init import constant_
from shinso.nn.linear import new_parameter
from shinso.nn.module import Module


class Activation(Module):
    """A layer that applies one function and has no parameters. Subclasses say which."""

    function: Callable[..., Tensor]

    def __init__(self, inplace: bool = False) -> None:
        """inplace: accepted for code written for PyTorch; the input is never overwritten."""
        super().__init__()
        self.arguments: dict[str, Any] = {}

    def forward(self, x: Any) -> Tensor:
        """Apply the function."""
        return type(self).function(x, **self.arguments)

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())


class Identity(Activation):
    """y = x: stands where nothing is to happen."""

    function = staticmethod(ops.identity)

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()


class Step(Activation):
    """1 where x > 0, else 0: the McCulloch–Pitts unit."""

    function = staticmethod(ops.step)


class Sigmoid(Activation):
    """y = 1 / (1 + e⁻ˣ)."""

    function = staticmethod(ops.sigmoid)


class Tanh(Activation):
    """y = tanh x."""

    function = staticmethod(ops.tanh)


class ReLU(Activation):
    """y = max(x, 0)."""

    function = staticmethod(ops.relu)


class ReLU6(Activation):
    """y = min(max(x, 0), 6)."""

    function = staticmethod(ops.relu6)


class LeakyReLU(Activation):
    """y = x where x > 0, else negative_slope · x."""

    function = staticmethod(ops.leaky_relu)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.arguments = {"negative_slope": negative_slope}


class ELU(Activation):
    """y = x where x > 0, else α (eˣ - 1)."""

    function = staticmethod(ops.elu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.arguments = {"alpha": alpha}


class SELU(Activation):
    """Self-normalizing ELU; wants `init.lecun_normal_` weights and `AlphaDropout`."""

    function = staticmethod(ops.selu)


class Softplus(Activation):
    """y = ln(1 + e^βx) / β."""

    function = staticmethod(ops.softplus)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.arguments = {"beta": beta, "threshold": threshold}


class GELU(Activation):
    """y = x Φ(x); approximate="tanh" for the formula with tanh."""

    function = staticmethod(ops.gelu)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.arguments = {"approximate": approximate}


class SiLU(Activation):
    """y = x σ(x), also called swish."""

    function = staticmethod(ops.silu)


class Hardswish(Activation):
    """y = x · hardsigmoid(x)."""

    function = staticmethod(ops.hardswish)


class Hardsigmoid(Activation):
    """y = min(max(x/6 + 1/2, 0), 1)."""

    function = staticmethod(ops.hardsigmoid)


class Softmax(Activation):
    """Probabilities along an axis. Not before a cross-entropy loss, which takes the scores."""

    function = staticmethod(ops.softmax)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.arguments = {"axis": dim}


class LogSoftmax(Activation):
    """Logarithms of probabilities along an axis."""

    function = staticmethod(ops.log_softmax)

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.arguments = {"axis": dim}


class Maxout(Activation):
    """The largest of each group of `pieces` neighbouring channels."""

    function = staticmethod(ops.maxout)

    def __init__(self, pieces: int, axis: int = 1) -> None:
        super().__init__()
        self.arguments = {"pieces": pieces, "axis": axis}


class PReLU(Module):
    """Leaky ReLU whose slope is learned: one for all (num_parameters=1) or one per channel.

    State: weight (num_parameters,), starting at `init`. He et al. 2015.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__()
        self.num_parameters, self.start = num_parameters, init
        self.weight = new_parameter(num_parameters)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start again from `init`."""
        constant_(self.weight, self.start)

    def forward(self, x: Any) -> Tensor:
        """y = x where x > 0, else weight · x."""
        check_dtype(x, self.weight)
        return ops.prelu(x, self.weight)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"num_parameters={self.num_parameters}"
