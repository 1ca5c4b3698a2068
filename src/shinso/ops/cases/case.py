"""What an entry in the table of op cases says.

The one table drives every test of every op: probe, finite differences, golden values, NumPy against
compiled, dtypes, messages. Inputs are described, not stored, so a case is a line; arrays are made
from a seed that depends on nothing but the case's name.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso.cell import Array


@dataclass(frozen=True)
class Input:
    """A description of one input array: how to draw it, and whether it stays as it is."""

    shape: tuple[int, ...]
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    fixed: bool = False  # integers and booleans keep their dtype and get no gradient

    def make(self, seed: int, dtype: Any) -> Array:
        """The array; the same for the same seed."""
        array = self.draw(np.random.default_rng(seed), self.shape)
        return array if self.fixed else array.astype(dtype)


def normal(*shape: int) -> Input:
    """Standard normal numbers."""
    return Input(shape, lambda rng, s: rng.standard_normal(s))


def uniform(*shape: int, low: float = 0.0, high: float = 1.0) -> Input:
    """Numbers spread evenly over [low, high)."""
    return Input(shape, lambda rng, s: rng.uniform(low, high, s))


def positive(*shape: int) -> Input:
    """Numbers between 0.5 and 2.5."""
    return uniform(*shape, low=0.5, high=2.5)


def apart(*shape: int) -> Input:
    """Distinct numbers at least 0.1 from each other and 0.05 from 0: no ties, no kinks nearby."""

    def draw(rng: np.random.Generator, s: tuple[int, ...]) -> Array:
        n = int(np.prod(s))
        return (0.1 * (rng.permutation(n) - n // 2) + 0.05).reshape(s)

    return Input(shape, draw)


def integers(*shape: int, low: int = 0, high: int = 10) -> Input:
    """Integers in [low, high), int64: class indices, positions."""
    return Input(shape, lambda rng, s: rng.integers(low, high, s), fixed=True)


def booleans(*shape: int) -> Input:
    """True or False by the toss of a coin."""
    return Input(shape, lambda rng, s: rng.random(s) < 0.5, fixed=True)


def probabilities(*shape: int) -> Input:
    """Positive numbers that add up to 1 along axis 1 (or the only axis)."""

    def draw(rng: np.random.Generator, s: tuple[int, ...]) -> Array:
        p = rng.uniform(0.1, 1.0, s)
        return np.asarray(p / p.sum(axis=min(1, len(s) - 1), keepdims=True))

    return Input(shape, draw)


def values(data: Any) -> Input:
    """Exactly these numbers; integers and booleans keep their dtype."""
    array = np.array(data)
    return Input(array.shape, lambda rng, s: array.copy(), fixed=array.dtype.kind != "f")


@dataclass(frozen=True)
class Case:
    """One call of one op: `ops.<op>(*before, *inputs, *after, **arguments)`.

    before, after: positional arguments that are no input arrays. packed: the inputs form one
    list argument (concatenate). differentiable: False for integer and boolean results. random:
    draws numbers, so it is reseeded before each call and has no golden value. no_golden: why
    PyTorch offers nothing to compare with. golden_rtol: wider where PyTorch
    rounds to float32 on the way. smooth: False where a finite difference would step over
    a kink at these inputs, and where backward is meant to differ from the derivative.
    """

    op: str
    label: str
    inputs: tuple[Input, ...]
    arguments: dict[str, Any] = field(default_factory=dict)
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    packed: bool = False
    differentiable: bool = True
    smooth: bool = True
    random: bool = False
    no_golden: str = ""
    golden_rtol: float = 1e-9

    @property
    def name(self) -> str:
        """The case's name in test reports and golden files."""
        return f"{self.op}/{self.label}"

    def arrays(self, dtype: Any = np.float64) -> list[Array]:
        """The input arrays, always the same."""
        return [
            x.make(zlib.crc32(f"{self.name}/{i}".encode()), dtype)
            for i, x in enumerate(self.inputs)
        ]

    def call(self, function: Callable[..., Any], inputs: list[Any]) -> Any:
        """Call `function` the way this case describes."""
        args = (list(inputs),) if self.packed else tuple(inputs)
        return function(*self.before, *args, *self.after, **self.arguments)


@dataclass(frozen=True)
class ErrorCase:
    """A wrong call, and what its message must say (a regular expression)."""

    op: str
    label: str
    inputs: tuple[Input, ...]
    match: str
    error: type[Exception] = ValueError
    arguments: dict[str, Any] = field(default_factory=dict)
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    packed: bool = False

    @property
    def name(self) -> str:
        """The case's name in test reports."""
        return f"{self.op}/{self.label}"


@dataclass(frozen=True)
class ExactCase:
    """The convention at a kink, a tie or an extreme: inputs, output and gradients to the last
    digit.

    gradients: of the sum of the output, one per input (None to skip).
    """

    op: str
    label: str
    inputs: tuple[Any, ...]
    output: Any
    gradients: tuple[Any, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The case's name in test reports."""
        return f"{self.op}/{self.label}"
