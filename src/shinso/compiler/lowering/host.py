"""Functions that NumPy itself computes while a step runs, called as they are.

Only functions whose result shapes follow from shapes alone. They are found by calling the function
on a stand-in of the same shapes: ones (which are sorted, and no division by zero), or ones on the
diagonal for what takes matrices (invertible, symmetric, positive definite).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import build
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Node
from shinso.compiler.lowering.registry import lowers

Standin = Callable[[Node], Array]

_ON_ONES: tuple[Callable[..., Any], ...] = (
    np.sort, np.argsort, np.partition, np.argpartition, np.lexsort, np.sort_complex,
    np.median, np.percentile, np.quantile, np.nanmedian, np.nanpercentile, np.nanquantile,
    np.searchsorted, np.digitize, np.interp, np.isin, np.histogram2d,
    np.nanvar, np.nanstd,
    np.nanargmax, np.nanargmin, np.nancumsum, np.nancumprod,
    np.cov, np.corrcoef, np.i0, np.unwrap, np.angle, np.geomspace, np.packbits, np.unpackbits,
    np.polyadd, np.polysub, np.polyder, np.polyint,
    np.linalg.multi_dot,
    np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft,
    np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2,
    np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn, np.fft.fftshift, np.fft.ifftshift,
)  # fmt: skip

_ON_DIAGONAL: tuple[Callable[..., Any], ...] = (
    np.linalg.inv, np.linalg.solve, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky,
    np.linalg.qr, np.linalg.svd, np.linalg.svdvals, np.linalg.eigh, np.linalg.eigvalsh,
    np.linalg.pinv, np.linalg.matrix_rank, np.linalg.matrix_power, np.linalg.cond,
)  # fmt: skip


def _ones(node: Node) -> Array:
    return np.ones(node.shape, node.dtype)


def _diagonal(node: Node) -> Array:
    if node.ndim < 2:
        return _ones(node)
    return np.broadcast_to(np.eye(*node.shape[-2:], dtype=node.dtype), node.shape)


def hosted(function: Callable[..., Any], standin: Standin = _ones) -> Callable[..., Any]:
    """The lowering that makes host nodes of a function's calls."""

    def lowering(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("out") is not None:
            raise TraceError(f"np.{function.__name__} with out= cannot be compiled: use the result")
        return on_host(function, standin, args, kwargs)

    return lowering


def on_host(
    function: Callable[..., Any], standin: Standin, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Host nodes for one call: its results in the structure in which NumPy returns them."""
    operands: list[Node] = []
    structure = (_frozen(args, operands), _frozen(kwargs, operands))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        example = function(*_thawed(structure[0], [standin(x) for x in operands]),
                           **_thawed(structure[1], [standin(x) for x in operands]))  # fmt: skip
    several = isinstance(example, (tuple, list))
    results = [np.asarray(r) for r in (example if several else (example,))]
    nodes = build.host(
        _name(function),
        structure,
        partial(_run, function, structure),
        operands,
        [(r.shape, r.dtype) for r in results],
    )
    if not several:
        return nodes[0]
    if hasattr(example, "_fields"):  # a named tuple: numpy.linalg's results have names
        return type(example)(*nodes)
    return list(nodes) if isinstance(example, list) else tuple(nodes)


def _run(function: Callable[..., Any], structure: Any, *arrays: Array) -> Any:
    result = function(*_thawed(structure[0], arrays), **_thawed(structure[1], arrays))
    return tuple(result) if isinstance(result, (tuple, list)) else result


def _name(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", "") or ""
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def _frozen(value: Any, operands: list[Node]) -> Any:
    """Arguments as a hashable structure; arrays, traced or known, become operands."""
    if isinstance(value, np.ndarray):
        value = build.constant(value)
    if isinstance(value, Node):
        operands.append(value)
        return ("array", len(operands) - 1)
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(_frozen(v, operands) for v in value))
    if isinstance(value, dict):
        return ("dict", tuple((k, _frozen(v, operands)) for k, v in value.items()))
    if isinstance(value, slice) or getattr(value, "__hash__", None) is None:
        raise TraceError(f"an argument {value!r} cannot take part in a compiled call of NumPy")
    return ("value", type(value), value)


def _thawed(structure: Any, arrays: Any) -> Any:
    """The arguments of a structure, with these arrays."""
    kind, *rest = structure
    if kind == "array":
        return arrays[rest[0]]
    if kind == "value":
        return rest[1]
    if kind == "dict":
        return {k: _thawed(v, arrays) for k, v in rest[0]}
    many = [_thawed(v, arrays) for v in rest[0]]
    return many if kind == "list" else tuple(many)


for _function in _ON_ONES:
    lowers(_function)(hosted(_function))
for _function in _ON_DIAGONAL:
    lowers(_function)(hosted(_function, _diagonal))


@lowers(np.histogram)
def histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    """How many elements are in each bin. The number of bins must be known while tracing."""
    if isinstance(bins, str):
        raise TraceError(
            f"np.histogram with bins={bins!r} has a shape that depends on values: give the number "
            "of bins or their edges"
        )
    return on_host(np.histogram, _ones, (a, bins, range, density, weights), {})
