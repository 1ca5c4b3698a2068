"""`shinso.check`: is compiled code right on this machine? NumPy and finite differences judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array, Overlay, overlaid
from shinso.compiler import compile
from shinso.graph import GradientError, Tensor, check_gradient
from shinso.ops.cases import CASES, Case
from shinso.ops.random import get_rng_state, set_rng_state

TOLERANCE = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-12}
"""The largest difference, relative to the largest number of the array (at least 1)."""


@dataclass
class Checked:
    """What came of a check. name: what was checked; differences: each in a line, none if all
    agrees; largest: the largest relative difference that was seen; seconds: how long it took.
    """

    name: str
    differences: list[str] = field(default_factory=list)
    largest: float = 0.0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not self.differences

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if self.ok:
            return f"{self.name}: compiled = NumPy, to {self.largest:.1e}"
        return "\n".join([f"{self.name}: NOT the same", *(f"  {d}" for d in self.differences)])


def check(function: Callable[..., Any], *inputs: Any) -> Checked:
    """Run a function in NumPy and compiled, compare, and print what differs.

    inputs: arrays, Tensors, plain values. If some are Tensors that require a gradient, the
    gradients of Σ weight · output are compared, too (random weights; float outputs).
    What the function writes to parameters and other state is written by the compiled run only.
    Returns the result, which is true if all agrees: float32 to 2e-5, float64 to 1e-12 of each
    array's scale. Nothing is raised: a function that fails says so in the result.
    """
    name = getattr(function, "__name__", type(function).__name__)
    result = compare(name, function, inputs)
    print(result)
    return result


def compare(name: str, function: Callable[..., Any], inputs: Sequence[Any]) -> Checked:
    """The work of `check`, without printing."""
    result = Checked(name)
    start = time.perf_counter()
    weights: list[Array] = []
    random = get_rng_state()

    def run(given: list[Any], weights: list[Array]) -> tuple[list[Any], list[Any]]:
        value = function(*given)
        found = list(value) if isinstance(value, (tuple, list)) else [value]
        leaves = [x for x in given if isinstance(x, Tensor) and x.requires_grad]
        if leaves:
            heads = [y for y in found if isinstance(y, Tensor) and y.requires_grad]
            for i, (y, g) in enumerate(zip(heads, weights, strict=True)):
                y.backward(g, retain_graph=i < len(heads) - 1)
        outputs = [y.data if isinstance(y, Tensor) else y for y in found]
        return outputs, [x.grad for x in leaves]

    try:
        with overlaid(Overlay()):
            value = function(*_fresh(inputs))
        heads = value if isinstance(value, (tuple, list)) else [value]
        rng = np.random.default_rng(0)
        weights = [
            rng.standard_normal(y.shape).astype(y.dtype)
            for y in heads
            if isinstance(y, Tensor) and y.requires_grad
        ]
        set_rng_state(random)
        with overlaid(Overlay()):
            expected = run(_fresh(inputs), weights)
    except Exception as error:  # a user's function may raise anything
        result.differences.append(f"it fails in NumPy: {type(error).__name__}: {error}")
        return result
    try:
        set_rng_state(random)
        found = compile(run)(_fresh(inputs), weights)
    except Exception as error:  # as above, and whatever the compiler raises
        result.differences.append(f"compiled, it fails: {type(error).__name__}: {error}")
        return result
    for what, pair in (("output", 0), ("gradient of input", 1)):
        for i, (a, b) in enumerate(zip(expected[pair], found[pair], strict=True)):
            _compare(result, f"{what} {i}", a, b)
    result.seconds = time.perf_counter() - start
    return result


def _fresh(inputs: Sequence[Any]) -> list[Any]:
    """The inputs, with tensors that require a gradient replaced by leaves of their own."""
    return [
        Tensor(np.array(x.data), requires_grad=True)
        if isinstance(x, Tensor) and x.requires_grad
        else x
        for x in inputs
    ]


def _compare(result: Checked, what: str, a: Any, b: Any) -> None:
    """Note how two values differ."""
    if a is None or b is None:
        if a is not b:
            result.differences.append(f"{what}: {a} in NumPy, {b} compiled")
        return
    a, b = np.asarray(a), np.asarray(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        result.differences.append(
            f"{what}: {a.dtype}{list(a.shape)} in NumPy, {b.dtype}{list(b.shape)} compiled"
        )
    elif a.dtype.kind not in "fc":
        if not np.array_equal(a, b):
            result.differences.append(f"{what}: {np.count_nonzero(a != b)} of {a.size} differ")
    elif a.size:
        with np.errstate(all="ignore"):
            equal = (a == b) | (np.isnan(a) & np.isnan(b))
            finite = np.abs(a[np.isfinite(a)])
            gap = np.where(equal, 0.0, np.abs(a - b))
            gap = np.where(np.isnan(gap), np.inf, gap) / max(1.0, float(finite.max(initial=0.0)))
        worst = float(gap.max())
        result.largest = max(result.largest, worst)
        if worst > TOLERANCE.get(a.dtype.name, 1e-12):
            at = np.unravel_index(int(gap.argmax()), a.shape)
            place = tuple(int(i) for i in at)
            result.differences.append(
                f"{what}: off by {worst:.1e}, at {place}: {a[at]} in NumPy, {b[at]} compiled"
            )


# -- the table of ops -----------------------------------------------------------------------------


def chosen_cases(every: bool = False) -> list[Case]:
    """One case per op, the first; or all of them."""
    return CASES if every else list({case.op: case for case in reversed(CASES)}.values())[::-1]


def check_ops(cases: Sequence[Case]) -> Iterator[Checked]:
    """Check cases of the op table: NumPy = compiled = finite difference, in float64."""
    for case in cases:
        yield check_case(case)


def check_case(case: Case) -> Checked:
    """One case: outputs and gradients in NumPy and compiled; NumPy's against finite differences."""

    def call(*inputs: Any) -> Any:
        if case.random:
            ops.manual_seed(0)
        return case.call(getattr(ops, case.op), list(inputs))

    start = time.perf_counter()
    random = get_rng_state()
    arrays = case.arrays(np.float64)
    tensors = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays]
    try:
        result = compare(case.name, call, tensors)
        if case.differentiable and case.smooth:
            try:
                check_gradient(call, *arrays, rtol=1e-6)
            except GradientError as error:
                result.differences.append(f"finite difference: {error}")
    finally:
        set_rng_state(random)
    result.seconds = time.perf_counter() - start
    return result
