"""Kernels in words, for people: what they compute, how they loop, where they come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from shinso.compiler.graph import (
    Accumulate,
    Argument,
    Cast,
    Constant,
    Contract,
    Map,
    Node,
    Pad,
    Pick,
    Reduce,
    Reshape,
    Row,
    Scan,
    Scatter,
    Source,
    State,
    View,
    Write,
)
from shinso.compiler.nest import Apply, Block, Extent, For, Statement, parts
from shinso.compiler.program import Call, length
from shinso.compiler.work import blocks

_PACKAGE = Path(__file__).parent.parent

_NAMED = {
    "absolute": "abs", "maximum": "max", "minimum": "min", "logical_or": "or",
    "logical_and": "and", "logical_not": "not", "square_root": "sqrt",
}  # fmt: skip
_COSTLY = {
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cos", "cosh", "erf",
    "erfc", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "logaddexp", "power", "sin",
    "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
"""Functions that are named even where a kernel works them out on the way to something else."""


def shape_text(shape: Sequence[int]) -> str:
    """(2, 3) as "2×3"; a single number as "number"."""
    return "×".join(map(str, shape)) if shape else "number"


# -- kernels --------------------------------------------------------------------------------------


def doing(call: Call, made: set[int]) -> str:
    """What a kernel computes, in one line. made: ids of nodes that earlier kernels have computed.

    Products come first. One is written as the matrix product that it amounts to: rows × sum · sum ×
    columns.
    """
    said = []
    products_first = sorted(call.nodes, key=lambda n: not isinstance(n.operation, Contract))
    for node in products_first:
        if id(node) in made and isinstance(node.operation, (Contract, Reduce)):
            said.append(f"add up the threads' shares of {shape_text(node.shape)}")
        else:
            said.append(_done(node))
    inside = {
        part.function
        for _, block in blocks(call.kernel.body)
        for part in parts(*(s.value for s in block.sums), *(x.value for x in block.then))
        if isinstance(part, Apply)
    }
    said += [_NAMED.get(f, f) for f in sorted(inside & _COSTLY) if _NAMED.get(f, f) not in said]
    short: list[str] = []
    for words in said:
        if not short or short[-1] != words:
            short.append(words)
    return ", ".join(short)


def product_shape(node: Node) -> tuple[int, int, int]:
    """Rows, length of the sum and columns of a contraction seen as one matrix product."""
    contract = node.operation
    assert isinstance(contract, Contract)
    a, b = node.operands
    lengths = dict(zip((*contract.left, *contract.right), (*a.shape, *b.shape), strict=True))
    rows = math.prod(lengths[x] for x in contract.out if x not in contract.right)
    columns = math.prod(lengths[x] for x in contract.out if x not in contract.left)
    both = math.prod(lengths[x] for x in contract.out if x in contract.left and x in contract.right)
    inner = math.prod(n for name, n in lengths.items() if name not in contract.out)
    return rows * both, inner, columns


def _done(node: Node) -> str:
    operation = node.operation
    match operation:
        case Contract():
            rows, inner, columns = product_shape(node)
            verb = "convolve" if any(map(_is_window, node.operands)) else "matmul"
            return f"{verb} {rows}×{inner} · {inner}×{columns}"
        case Reduce(function, _):
            name = "sum" if function == "add" else _NAMED.get(function, function)
            return f"{name} {shape_text(node.operands[0].shape)} to {shape_text(node.shape)}"
        case Map(function):
            return _NAMED.get(function, function)
        case Pick(function, _):
            return function
        case Scan(function, _):
            return f"running {'sum' if function == 'add' else 'product'}"
        case Cast() | Reshape() | View() | Argument() | State() | Constant():
            return f"copy {shape_text(node.shape)}"
        case Pad():
            return f"pad to {shape_text(node.shape)}"
        case Accumulate() | Scatter():
            return f"add into {shape_text(node.shape)}"
        case Write(_, add):
            return f"{'add' if add else 'write'} into {shape_text(node.shape)}"
    return type(operation).__name__.lower()


def _is_window(node: Node) -> bool:
    """Whether neighbours of an array are looked at from several places: a convolution's windows."""
    while isinstance(node.operation, (Cast, Reshape)):
        node = node.operands[0]
    if not isinstance(node.operation, View):
        return False
    return any(_overlaps(row, node.shape) for row in node.operation.rows)


def _overlaps(row: Row, shape: Sequence[int]) -> bool:
    """Whether different places of a view lie at the same position of this axis."""
    reach = 0
    for step, n in sorted((abs(s), n) for s, n in zip(row.steps, shape, strict=True) if s):
        if 0 < step <= reach:
            return True
        reach += step * (n - 1)
    return False


# -- loops ----------------------------------------------------------------------------------------


def nest_text(body: Sequence[Statement], batch: int) -> list[str]:
    """Loops and tiles as indented lines. batch: the length that extents with a name stand for."""
    lines: list[str] = []

    def walk(part: Sequence[Statement], around: tuple[For, ...]) -> None:
        for s in part:
            indent = "  " * len(around)
            if isinstance(s, Block):
                lines.append(indent + _tile_text(s, around, batch))
            else:
                lines.append(f"{indent}for {_loop_text(s, batch)}")
                walk(s.body, (*around, s))

    walk(body, ())
    return lines


def path_text(loops: tuple[For, ...], block: Block, batch: int) -> str:
    """A block and the loops around it in one line."""
    around = [_loop_text(s, batch) for s in loops if s.extent != s.step or s.parallel]
    return " › ".join([*around, _tile_text(block, loops, batch)])


def _loop_text(loop: For, batch: int) -> str:
    step = f" by {loop.step}" if loop.step > 1 else ""
    shared = " on all threads" if loop.parallel else ""
    return f"{loop.variable} {length(loop.extent, batch)}{step}{shared}"


def _tile_text(block: Block, loops: tuple[For, ...], batch: int) -> str:
    """A register tile: rows × vectors × lanes, and what is summed in it."""
    steps: dict[str, Extent] = {s.variable: s.step for s in loops}
    steps |= {a.variable: a.unroll for a in block.reduction}
    if block.vector is None:
        tile = "one by one"
    else:
        width = steps.get(block.vector, block.lanes)
        vectors = max(1, width // block.lanes) if isinstance(width, int) else 1
        rows = math.prod(n for _, n in block.rows)
        tile = "tile " + (f"{rows} rows × " if rows > 1 else "")
        tile += (f"{vectors} vectors × " if vectors > 1 else "") + f"{block.lanes} lanes"
    if block.sums:
        axes = " × ".join(f"{a.variable} {length(a.extent, batch)}" for a in block.reduction)
        tile += f", fold {axes}" if axes else ""
    return tile


# -- sources --------------------------------------------------------------------------------------


def short_source(source: Source) -> str:
    """`ops/conv.py:88` for a line of shinso's, `train.py:12` for one of the user's."""
    path = Path(source.file)
    if path.is_relative_to(_PACKAGE):
        path = path.relative_to(_PACKAGE)
    elif path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    else:
        path = Path(path.name)
    return f"{path.as_posix()}:{source.line}"
