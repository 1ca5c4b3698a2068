"""Fill parameters with their first values. Names as in PyTorch; `he_*` are the textbooks' names.

Every function writes into the tensor it is given and returns it. Random values come from the
stream that `shinso.manual_seed` sets; inside `with skip():` none are drawn. `fan_in` is how many
inputs one output sees, `fan_out` how many outputs one input reaches: for a weight of shape
(out, in, *kernel) they are in·∏kernel and out·∏kernel.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from shinso.graph import Tensor
from shinso.ops.random import host_generator

T = TypeVar("T", bound=Tensor)


class _Skipping(threading.local):
    on = False


_skipping = _Skipping()


@contextmanager
def skip() -> Iterator[None]:
    """Draw no random values inside this block: layers that are made start with weights of 0.

        with nn.init.skip():
            model = models.create("vgg16")  # 138 million numbers that nobody would see
        model.load_state_dict(shinso.load("vgg16.safetensors"))

    Constants (`ones_`, `zeros_`, `constant_`) are still written. The random stream stays where it
    is. It concerns the calling thread only.
    """
    before = _skipping.on
    _skipping.on = True
    try:
        yield
    finally:
        _skipping.on = before


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the variance of activations, by the activation's name.

    1 for linear, convolution and sigmoid; 5/3 for tanh; √2 for relu; √(2 / (1 + slope²)) for
    leaky_relu (slope `param`, 0.01 if not given); 3/4 for selu.
    """
    if nonlinearity in ("linear", "identity", "sigmoid", "conv1d", "conv2d", "conv3d"):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 0.75
    raise ValueError(
        f"no gain is known for {nonlinearity!r}; known: linear, sigmoid, tanh, relu, leaky_relu, "
        "selu"
    )


def _fans(tensor: Tensor) -> tuple[int, int]:
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(
            f"fan-in and fan-out need a weight of at least 2 axes (out, in, ...), got shape {shape}"
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def zeros_(tensor: T) -> T:
    """Fill with 0. For weights a mistake worth seeing once: all units stay alike."""
    return constant_(tensor, 0.0)


def ones_(tensor: T) -> T:
    """Fill with 1."""
    return constant_(tensor, 1.0)


def constant_(tensor: T, val: float) -> T:
    """Fill with one value."""
    tensor.data = np.full(tensor.shape, val, dtype=tensor.dtype)
    return tensor


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0) -> T:
    """Fill from the normal distribution N(mean, std²)."""
    if _skipping.on:
        return tensor
    values = host_generator().standard_normal(tensor.shape)
    tensor.data = (mean + std * values).astype(tensor.dtype)
    return tensor


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0) -> T:
    """Fill from the uniform distribution over [a, b)."""
    if _skipping.on:
        return tensor
    tensor.data = host_generator().uniform(a, b, tensor.shape).astype(tensor.dtype)
    return tensor


def trunc_normal_(
    tensor: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> T:
    """Fill from the normal distribution N(mean, std²) cut off outside [a, b].

    Values outside are drawn again. a, b: absolute, not in units of std, as in PyTorch.
    Raises ValueError if the normal distribution hardly ever falls between a and b.
    """
    share = 0.5 * (math.erf((b - mean) / (std * math.sqrt(2)))
                   - math.erf((a - mean) / (std * math.sqrt(2))))  # fmt: skip
    if not share > 0.001:
        raise ValueError(
            f"N({mean}, {std}²) falls between a={a} and b={b} once in a thousand or less; "
            "drawing again would take forever"
        )
    if _skipping.on:
        return tensor
    draw = host_generator()
    values = mean + std * draw.standard_normal(tensor.size)
    while len(outside := np.flatnonzero((values < a) | (values > b))):
        values[outside] = mean + std * draw.standard_normal(len(outside))
    tensor.data = values.reshape(tensor.shape).astype(tensor.dtype)
    return tensor


def xavier_uniform_(tensor: T, gain: float = 1.0) -> T:
    """Uniform over ±gain √(6 / (fan_in + fan_out)), for sigmoid, tanh. Glorot & Bengio 2010."""
    fan_in, fan_out = _fans(tensor)
    bound = gain * math.sqrt(6.0 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: T, gain: float = 1.0) -> T:
    """Normal, std = gain √(2 / (fan_in + fan_out)), for sigmoid, tanh. Glorot & Bengio 2010."""
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)))


def kaiming_uniform_(
    tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> T:
    """Uniform over ±gain √(3 / fan): suits ReLU. He et al. 2015; also `he_uniform_`.

    a: the negative slope for leaky_relu. mode: "fan_in" keeps the variance forward, "fan_out"
    backward.
    """
    bound = _kaiming_std(tensor, a, mode, nonlinearity) * math.sqrt(3.0)
    return uniform_(tensor, -bound, bound)


def kaiming_normal_(
    tensor: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
) -> T:
    """Normal with std = gain / √fan: suits ReLU. He et al. 2015; also `he_normal_`.

    a: the negative slope for leaky_relu. mode: "fan_in" keeps the variance forward, "fan_out"
    backward.
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity))


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f'mode is "fan_in" or "fan_out", not {mode!r}')
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


he_uniform_ = kaiming_uniform_
he_normal_ = kaiming_normal_


def lecun_uniform_(tensor: T) -> T:
    """Uniform over ±√(3 / fan_in). LeCun et al. 1998, "Efficient BackProp"."""
    bound = math.sqrt(3.0 / _fans(tensor)[0])
    return uniform_(tensor, -bound, bound)


def lecun_normal_(tensor: T) -> T:
    """Normal with std = 1 / √fan_in: what SELU needs. LeCun et al. 1998, "Efficient BackProp"."""
    return normal_(tensor, 0.0, math.sqrt(1.0 / _fans(tensor)[0]))


def orthogonal_(tensor: T, gain: float = 1.0) -> T:
    """A random matrix with orthonormal rows (or columns, if fewer), times `gain`. Saxe et al. 2013.

    More than two axes count as (out, everything else).
    """
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"orthogonal_ needs at least 2 axes, got shape {shape}")
    rows, columns = shape[0], math.prod(shape[1:])
    if rows * columns == 0 or _skipping.on:
        return tensor
    draw = host_generator().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draw)
    q = q * np.sign(np.diagonal(r))  # without this the distribution would not be uniform
    matrix = q if rows >= columns else q.T
    tensor.data = (gain * matrix).reshape(shape).astype(tensor.dtype)
    return tensor
