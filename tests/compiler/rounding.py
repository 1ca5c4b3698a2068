"""How much rounding may change the results of a graph.

The graph is run by NumPy several times, each rounded result moved by a few units in its last place
(of a sum: by what the order of its terms may change). Where the runs differ, another machine's
result may differ as much; where they agree, it must agree, too. So cancellation, and a `floor` or
a `>` beside an edge, are told from wrong code.
"""

import numpy as np

from shinso.compiler.graph import (
    Accumulate,
    Cast,
    Contract,
    Map,
    Reduce,
    Scan,
    Scatter,
    Write,
)
from shinso.compiler.interpret import _run

EXACT = {"absolute", "negative", "maximum", "minimum", "fmax", "fmin", "clip", "where", "sign",
         "floor", "ceil", "trunc", "rint", "positive", "conjugate", "copysign"}  # fmt: skip
ULPS = 4.0
RUNS = 12
TIMES = 20


def agree(found, expected, graph, arguments, states=()):
    """Assert that a graph's outputs and new values of cells are NumPy's, but for rounding."""
    runs = None
    for i, (b, a) in enumerate(zip(found, expected, strict=True)):
        a, b = np.asarray(a), np.asarray(b)
        assert (b.shape, b.dtype) == (a.shape, a.dtype), i
        good = _close(a, b)
        if not np.all(good):
            if runs is None:
                runs = [nudged(graph, arguments, states, seed) for seed in range(RUNS)]
            good = good | _within(b, np.stack([*(run[i] for run in runs), a]))
            wrong = np.argwhere(~good)
            assert not len(wrong), (i, tuple(wrong[0]), a[tuple(wrong[0])], b[tuple(wrong[0])])


def _close(a, b):
    if a.dtype.kind != "f":
        return a == b
    tolerance = 1e-13 if a.dtype == np.float64 else 3e-6
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= tolerance * np.abs(a)
    return (a == b) | (np.isnan(a) & np.isnan(b)) | near


def _within(b, runs):
    """Which elements of b lie where nudged runs lie, or not much further apart."""
    if b.dtype.kind == "b":
        return (runs != runs[0]).any(0)
    low, high = runs.min(0), runs.max(0)
    if b.dtype.kind != "f":
        return (low <= b) & (b <= high)
    nan = np.isnan(runs)
    wide = runs.astype(np.longdouble)
    with np.errstate(all="ignore"):
        low = np.where(nan, np.inf, wide).min(0)
        high = np.where(nan, -np.inf, wide).max(0)
        width = np.where(low == high, 0, high - low) * TIMES
        width = np.where(np.isnan(width), np.inf, width)
    return (nan.any(0) & ~nan.all(0)) | ((low - width <= b) & (b <= high + width))


def nudged(graph, arguments, states, seed):
    """Outputs and updates of a graph, every rounded result moved a little."""
    rng = np.random.default_rng(seed)
    values = {}
    values_of_updates = tuple(u.value for u in graph.updates if u.value is not None)
    for node in graph.nodes():
        operands = [values[id(x)] for x in node.operands]
        y = _run(node, operands, arguments, states)
        if node.dtype.kind == "f":
            y = np.asarray(y + _move(node, y, operands, rng), node.dtype)
        values[id(node)] = y
    return [np.asarray(values[id(x)]) for x in (*graph.outputs, *values_of_updates)]


def _move(node, y, operands, rng):
    ulps, size = _rounding(node, np.abs(y), operands)
    move = rng.uniform(-1, 1, y.shape) * (ulps * np.finfo(node.dtype).eps) * size
    return np.where(np.isfinite(move), move, 0)


def _rounding(node, size, operands):
    """How many units a result may be off, and of which size."""
    match node.operation:
        case Map("add" | "subtract" | "remainder"):
            return ULPS, np.maximum(*map(np.abs, operands))
        case Map(function):
            return 0 if function in EXACT else ULPS, size
        case Reduce("add", axes):
            return ULPS, np.add.reduce(np.abs(operands[0]), axis=axes)
        case Reduce("multiply", _):
            return ULPS + operands[0].size / max(1, size.size), size
        case Scan("add", axis):
            return ULPS, np.add.accumulate(np.abs(operands[0]), axis=axis)
        case Scan("multiply", axis):
            return ULPS + size.shape[axis], size
        case Contract(left, right, out):
            a, b = map(np.abs, operands)
            return ULPS, np.einsum(a, list(left), b, list(right), list(out))
        case Write(_, add):
            return ULPS if add else 0, size
        case Accumulate() | Scatter():
            return ULPS, size
        case Cast():
            return 1, size
    return 0, size
