"""Activation layers by name, for models that let one choose."""

from __future__ import annotations

import difflib

from shinso import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "step": nn.Step,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "softplus": nn.Softplus,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "hardswish": nn.Hardswish,
    "hardsigmoid": nn.Hardsigmoid,
}


def activation_layer(name: str) -> nn.Module:
    """A new activation layer by its name, such as "relu". Raises ValueError for an unknown one."""
    if name not in ACTIVATIONS:
        near = difflib.get_close_matches(str(name), ACTIVATIONS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(ACTIVATIONS)}."
        raise ValueError(f"no activation is called {name!r}.{hint}")
    return ACTIVATIONS[name]()
