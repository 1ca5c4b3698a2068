"""Check a gradient against central differences: (f(x + ε) − f(x − ε)) / 2ε, in float64.

`check_gradient` moves each input along a random direction, which costs two runs of `f` per input
whatever its size; only when that fails does it go element by element, to say where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph.mode import no_grad
from shinso.graph.tensor import Tensor


class GradientError(AssertionError):
    """A gradient that does not agree with finite differences."""


def numerical_gradient(f: Callable[[Any], Any], x: Any, eps: float = 1e-6) -> Array:
    """The gradient of a scalar function by central differences, one element at a time.

    f: takes an array of x's shape, returns a number (or a one-element tensor). x: array or Tensor.
    Returns a float64 array of x's shape. Slow (two calls per element), but nothing can go wrong in
    it.
    """
    point = np.array(x.data if isinstance(x, Tensor) else x, dtype=np.float64)
    gradient = np.zeros_like(point)
    with no_grad():
        for index in np.ndindex(point.shape):
            kept = point[index]
            point[index] = kept + eps
            above = float(f(point.copy()))
            point[index] = kept - eps
            below = float(f(point.copy()))
            point[index] = kept
            gradient[index] = (above - below) / (2 * eps)
    return gradient


def check_gradient(
    f: Callable[..., Any],
    *inputs: Any,
    parameters: Sequence[Tensor] = (),
    eps: float = 1e-6,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    seed: int = 0,
) -> None:
    """Compare backward with central differences, for an operation or a whole network.

    f: takes the inputs as Tensors, returns a Tensor or a tuple of them, of any shape.
    inputs: arrays; those of floating point are checked (in float64), others passed as they are.
    parameters: further leaf tensors that f uses, such as `model.parameters()`; they must be
    float64.
    Raises GradientError naming the input, the element and both numbers; returns None if all agree.
    """
    rng = np.random.default_rng(seed)
    leaves = [_leaf(x) for x in inputs]
    for p in parameters:
        if p.dtype != np.float64:
            raise TypeError(
                f"check_gradient needs float64 parameters, got {p.dtype}: call model.double() first"
            )
    weights = _output_weights(f, leaves, rng)

    def objective() -> float:
        with no_grad():
            return float(_weighted(f(*leaves), weights))

    checked = [(f"input {i}", x) for i, x in enumerate(leaves) if _is_float(x)]
    checked += [(f"parameter {p.name or i}", p) for i, p in enumerate(parameters)]
    kept = [(x, x.grad) for _, x in checked]
    for x, _ in kept:
        x.grad = None
    try:
        _backward(f(*leaves), weights)
        for name, x in checked:
            _compare(name, x, objective, rng, eps, rtol, atol)
    finally:
        for x, gradient in kept:
            x.grad = gradient


def _is_float(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dtype.kind == "f"


def _leaf(x: Any) -> Any:
    if isinstance(x, Tensor):
        x = x.data
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        return Tensor(x.astype(np.float64), requires_grad=True)
    return x


def _tensors(output: Any) -> list[Tensor]:
    outputs = output if isinstance(output, (tuple, list)) else (output,)
    return [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]


def _output_weights(
    f: Callable[..., Any], leaves: list[Any], rng: np.random.Generator
) -> list[Array]:
    """Random weights turn outputs of any shape into one number: Σ weight · output."""
    with no_grad():
        return [rng.standard_normal(y.shape) for y in _tensors(f(*leaves))]


def _weighted(output: Any, weights: list[Array]) -> float:
    return sum(float((y.data * w).sum()) for y, w in zip(_tensors(output), weights, strict=True))


def _backward(output: Any, weights: list[Array]) -> None:
    pairs = [(y, w) for y, w in zip(_tensors(output), weights, strict=True) if y.requires_grad]
    for i, (y, w) in enumerate(pairs):
        y.backward(w, retain_graph=i < len(pairs) - 1)


def _compare(
    name: str,
    x: Tensor,
    objective: Callable[[], float],
    rng: np.random.Generator,
    eps: float,
    rtol: float,
    atol: float,
) -> None:
    analytic = np.zeros(x.shape) if x.grad is None else x.grad
    here = x.numpy()
    direction = rng.standard_normal(x.shape)
    direction /= max(float(np.abs(direction).max(initial=0.0)), 1e-12)

    def along(step: Array) -> float:
        x.data = here + step
        above = objective()
        x.data = here - step
        below = objective()
        x.data = here
        return (above - below) / (2 * eps)

    numeric = along(eps * direction)
    claimed = float((analytic * direction).sum())
    # Rounding in f itself limits what a difference quotient can tell.
    floor = atol + rtol * max(abs(numeric), abs(claimed), 1e-3 * abs(objective()))
    if abs(numeric - claimed) <= floor:
        return
    raise GradientError(_worst(name, analytic, along, eps, numeric, claimed))


def _worst(
    name: str,
    analytic: Array,
    along: Callable[[Array], float],
    eps: float,
    numeric: float,
    claimed: float,
) -> str:
    elementwise = np.zeros(analytic.shape)
    for index in np.ndindex(analytic.shape):
        step = np.zeros(analytic.shape)
        step[index] = eps
        elementwise[index] = along(step)
    worst = np.unravel_index(np.argmax(np.abs(elementwise - analytic)), analytic.shape)
    return (
        f"gradient of {name} disagrees with finite differences: along a random direction backward "
        f"gives {claimed:.10g}, differences give {numeric:.10g}. Worst element "
        f"{tuple(int(i) for i in worst)}: backward {analytic[worst]:.10g}, "
        f"differences {elementwise[worst]:.10g}"
    )
