"""Traces a function on arrays, runs the graph with the interpreter, compares with NumPy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import shinso.compiler.methods  # noqa: F401  gives traced arrays their operators
from shinso.compiler import build
from shinso.compiler.graph import Check, Graph, Node
from shinso.compiler.interpret import CheckFailed, interpret
from shinso.compiler.traced import Traced, held, node_of


class _Trace:
    """The least that traced arrays need."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.thread, self.closed = threading.get_ident(), False


def _traced(f: Callable[..., Any], arrays: tuple[np.ndarray, ...]) -> tuple[Any, list[Check]]:
    trace = _Trace()
    values = f(*[held(build.argument(i, a), trace) for i, a in enumerate(arrays)])
    return _without_wrappers(values), trace.checks


def _without_wrappers(value: Any) -> Any:
    if isinstance(value, Traced):
        return node_of(value)
    if isinstance(value, (tuple, list)):
        items = [_without_wrappers(v) for v in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def _run(f: Callable[..., Any], *arrays: np.ndarray) -> Any:
    structure, checks = _traced(f, arrays)
    nodes = [v for v in _leaves(structure) if isinstance(v, Node)]
    graph = Graph(tuple(nodes), (), tuple(checks))
    try:
        results = iter(interpret(graph, arrays, ())[0])
    except CheckFailed as failed:
        check = graph.checks[failed.index]
        raise check.error(check.message) from None
    return _filled(structure, results)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [leaf for v in value for leaf in _leaves(v)]
    return [value]


def _filled(value: Any, results: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_filled(v, results) for v in value)
    return next(results) if isinstance(value, Node) else value


def _compare(wanted: Any, got: Any, tolerance: float) -> None:
    if isinstance(wanted, (tuple, list)):
        assert len(wanted) == len(got)
        for w, g in zip(wanted, got, strict=True):
            _compare(w, g, tolerance)
        return
    w, g = np.asarray(wanted), np.asarray(got)
    assert (w.shape, w.dtype) == (g.shape, g.dtype)
    if tolerance:
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)
    else:
        assert np.array_equal(w, g, equal_nan=w.dtype.kind in "fc"), (w, g)


@pytest.fixture
def run() -> Callable[..., Any]:
    """run(f, *arrays): what the traced f gives for these arrays, by the interpreter."""
    return _run


@pytest.fixture
def trace() -> Callable[..., Any]:
    """trace(f, *arrays): the nodes that f gives, and no run."""
    return lambda f, *arrays: _traced(f, arrays)[0]


@pytest.fixture
def equals_numpy() -> Callable[..., None]:
    """equals_numpy(f, *arrays): the run's values, shapes and dtypes are NumPy's, to the last bit
    (or to a tolerance).
    """

    def check(f: Callable[..., Any], *arrays: np.ndarray, tolerance: float = 0.0) -> None:
        _compare(f(*arrays), _run(f, *arrays), tolerance)

    return check
