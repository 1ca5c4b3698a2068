"""Which NumPy functions can be compiled, and how each becomes nodes.

A lowering has the NumPy function's own signature. It gets a `Node` wherever the user passed a
traced array (also inside lists, tuples and dicts); all else is as it was passed. It returns a node
or a tuple or list of nodes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Check, Node

Lowering = TypeVar("Lowering", bound=Callable[..., Any])

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""The lowering of each NumPy function and ufunc."""


def lowers(*functions: Callable[..., Any]) -> Callable[[Lowering], Lowering]:
    """Register the function below as the lowering of these NumPy functions."""

    def register(lowering: Lowering) -> Lowering:
        for function in functions:
            assert function not in FUNCTIONS, f"{function} has two lowerings"
            FUNCTIONS[function] = lowering
        return lowering

    return register


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a NumPy function gives for nodes: the way for a lowering to use another.

    Raises TraceError for a function that has no lowering.
    """
    lowering = FUNCTIONS.get(function)
    if lowering is None:
        raise TraceError(
            f"{name_of(function)} cannot be compiled: shinso.compile does not know it. Write it "
            "with functions that are compiled, or call it outside the compiled function"
        )
    return lowering(*args, **kwargs)


def name_of(function: Callable[..., Any]) -> str:
    """A NumPy function's name as people write it: np.linalg.norm."""
    module = getattr(function, "__module__", None) or "numpy"
    if module.split(".")[0] == "numpy":
        module = module.replace("numpy", "np", 1)
    return f"{module}.{getattr(function, '__name__', repr(function))}"


class _Checks(threading.local):
    into: list[Check] | None = None


_checks = _Checks()


@contextmanager
def collecting(checks: list[Check]) -> Iterator[None]:
    """Let this thread's demands inside the `with` block be appended to a list."""
    before = _checks.into
    _checks.into = checks
    try:
        yield
    finally:
        _checks.into = before


def demand(condition: Node, error: type[Exception], message: str | Callable[[], str]) -> None:
    """Demand that every element of a boolean node is true when the step runs."""
    assert _checks.into is not None, "a demand outside `collecting`"
    _checks.into.append(Check(condition, error, message))
