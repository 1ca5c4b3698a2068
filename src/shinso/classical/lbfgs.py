"""L-BFGS: minimizing a smooth function from its gradients, with a memory of the last few steps."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shinso.cell import Array

_DECREASE = 1e-4
_TRIALS = 20


class Smooth(Protocol):
    """A function with a present point, along whose lines one can look."""

    def begin(self, x: Array) -> tuple[float, Array]:
        """The value and the gradient at a first point."""

    def look(self, direction: Array, step: float) -> tuple[float, float]:
        """The value and the slope at point + step·direction."""

    def go(self, direction: Array, step: float) -> tuple[Array, Array]:
        """Move there for good: the point and the gradient."""


class Plain:
    """Makes a `Smooth` of a function that gives the value and the gradient at a point."""

    def __init__(self, function: Callable[[Array], tuple[float, Array]]) -> None:
        self.function = function

    def begin(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at x."""
        self.x = x
        value, gradient = self.function(x)
        return value, gradient

    def look(self, direction: Array, step: float) -> tuple[float, float]:
        """Value and slope at x + step·direction."""
        there = self.x + self.x.dtype.type(step) * direction
        value, gradient = self.function(there)
        self.last = step, there, gradient
        return value, _dot(direction, gradient)

    def go(self, direction: Array, step: float) -> tuple[Array, Array]:
        """Go there; nothing is computed again after a look at the same step."""
        if self.last[0] != step:
            self.look(direction, step)
        _, self.x, gradient = self.last
        return self.x, gradient


@dataclass
class Minimum:
    """Where a minimization ended.

    x: the point. value, gradient: of the function there. iterations: steps taken. looks: how often
    the line searches evaluated the function. converged: whether the gradient is small enough; if
    not, `why` says what stopped it.
    """

    x: Array
    value: float
    gradient: Array
    iterations: int = 0
    looks: int = 0
    converged: bool = False
    why: str = "max_iter"


def minimize(
    function: Smooth,
    x: Array,
    *,
    tol: float,
    max_iter: int,
    memory: int = 10,
    curvature: float = 0.9,
    inverse: Callable[[Array], Array] | None = None,
    each: Callable[[int, Array, float], None] = lambda iteration, x, value: None,
) -> Minimum:
    """Find the minimum of a smooth function near x.

    Each step goes along -Hg, where H is what the last `memory` steps s and changes of the gradient
    y tell of the inverse of the second derivatives (the two-loop recursion), as far as the two
    conditions of Wolfe ask for.

    tol: enough if max |g| ≤ tol. curvature: the share of the slope that may be left after a step;
    smaller where looking along a line costs little. inverse: applies a first guess at H to a
    gradient; None takes a multiple of it, which the last step suggests.
    each: called after every step with its number, the point and the value.
    Source: D. C. Liu, J. Nocedal, "On the limited memory BFGS method", 1989.
    """
    value, g = function.begin(x)
    at = Minimum(x, value, g)
    pairs: deque[tuple[Array, Array, float]] = deque(maxlen=memory)
    while not _small(at, tol) and at.iterations < max_iter:
        direction = -_apply(pairs, at.gradient, inverse)
        slope = _dot(direction, at.gradient)
        if not slope < 0:  # rounding has spoiled the memory
            pairs.clear()
            direction = -at.gradient if inverse is None else -inverse(at.gradient)
            slope = _dot(direction, at.gradient)
        alone = not pairs and inverse is None
        first = min(1.0, 1.0 / float(np.abs(at.gradient).sum())) if alone else 1.0
        slack = 4 * float(np.finfo(x.dtype).eps) * abs(at.value)
        line = _Line(function, direction, at.value, slope, curvature, slack)
        step, value = line.search(first)
        at.looks += line.looks
        if step == 0:
            at.why = "no step makes it smaller"
            break
        there, gradient = function.go(direction, step)
        s, y = there - at.x, gradient - at.gradient
        sy = _dot(s, y)
        if sy > 1e-10 * math.sqrt(_dot(y, y) * _dot(s, s)):
            pairs.append((s, y, sy))
        at.x, at.value, at.gradient = there, value, gradient
        at.iterations += 1
        each(at.iterations, at.x, at.value)
    if _small(at, tol):
        at.converged, at.why = True, "gradient below tol"
    return at


def _small(at: Minimum, tol: float) -> bool:
    return bool(np.abs(at.gradient).max(initial=0) <= tol)


def _dot(a: Array, b: Array) -> float:
    return float(np.vdot(a, b))


def _apply(
    pairs: deque[tuple[Array, Array, float]],
    g: Array,
    inverse: Callable[[Array], Array] | None,
) -> Array:
    """Hg by the two-loop recursion."""
    q = g.copy()
    shares = []
    for s, y, sy in reversed(pairs):
        share = _dot(s, q) / sy
        q -= q.dtype.type(share) * y
        shares.append(share)
    if inverse is not None:
        q = inverse(q)
    elif pairs:
        _, y, sy = pairs[-1]
        q *= q.dtype.type(sy / _dot(y, y))
    for (s, y, sy), share in zip(pairs, reversed(shares), strict=True):
        q += q.dtype.type(share - _dot(y, q) / sy) * s
    return q


class _Line:
    """Looks for a step along a line on which the function falls, φ(0) and φ′(0) < 0 being known.

    A step is good if φ fell by at least 1e-4 of what the first slope promised and if
    |φ′| ≤ curvature·|φ′(0)| (the strong conditions of Wolfe). The next one to try is where φ′ would
    be 0 if it were straight between the two nearest points known, kept well inside the bracket.
    Source: J. Nocedal, S. J. Wright, "Numerical optimization", 2006, chapter 3.
    """

    def __init__(
        self,
        function: Smooth,
        direction: Array,
        value: float,
        slope: float,
        curvature: float,
        slack: float,
    ) -> None:
        self.function, self.direction = function, direction
        self.value, self.slope = value, slope
        self.curvature, self.slack = curvature, slack
        self.looks = 0

    def search(self, step: float) -> tuple[float, float]:
        """The step and φ there; if rounding hides the fall, the lowest found, step 0 for none."""
        low, low_slope = 0.0, self.slope
        high, high_slope = math.inf, math.nan
        best = 0.0, self.value
        for self.looks in range(1, _TRIALS + 1):
            value, slope = self.function.look(self.direction, step)
            limit = self.value + _DECREASE * step * self.slope + self.slack
            falls = math.isfinite(value) and value <= limit
            if falls and abs(slope) <= -self.curvature * self.slope:
                return step, value
            if falls and value < best[1]:
                best = step, value
            if not falls or slope > 0:
                high, high_slope = step, slope
            else:
                low, low_slope = step, slope
            step = _between(low, low_slope, high, high_slope, self.slope)
        return best


def _between(low: float, low_slope: float, high: float, high_slope: float, first: float) -> float:
    """The next step to try."""
    if high == math.inf:
        bend = (low_slope - first) / low
        ahead = low - low_slope / bend if bend > 0 else math.inf
        return min(max(ahead, 1.5 * low), 10 * low)
    width = high - low
    if not (math.isfinite(high_slope) and high_slope > 0):
        return low + width / 2
    share = low_slope / (low_slope - high_slope)
    return low + width * min(max(share, 0.1), 0.9)
