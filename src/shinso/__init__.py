"""shinso (深層): textbook NumPy, forward and backward, open at every step.

    from shinso import nn, ops, optim

`ops` holds every operation, `nn` the layers, `optim` the optimizers, `models` whole networks,
`data` the readers and `train` the training loop. Tensors and gradients are right here.
"""

from shinso import data, models, nn, ops, optim, train
from shinso.checking import Checked, check
from shinso.compiler import TraceError, compile
from shinso.data.weight_file import load, save
from shinso.graph import (
    Function,
    GradientError,
    Tensor,
    check_gradient,
    enable_grad,
    get_default_dtype,
    is_grad_enabled,
    no_grad,
    numerical_gradient,
    set_default_dtype,
    tensor,
)
from shinso.nn import summary
from shinso.ops.random import get_rng_state, manual_seed, set_rng_state
from shinso.version import __version__

__all__ = [
    "Checked",
    "Function",
    "GradientError",
    "Tensor",
    "TraceError",
    "__version__",
    "check",
    "check_gradient",
    "compile",
    "data",
    "enable_grad",
    "get_default_dtype",
    "get_rng_state",
    "is_grad_enabled",
    "load",
    "manual_seed",
    "models",
    "nn",
    "no_grad",
    "numerical_gradient",
    "ops",
    "optim",
    "save",
    "set_default_dtype",
    "set_rng_state",
    "summary",
    "tensor",
    "train",
]
