"""Facts of recorded calls and operations in words, and how their boxes look."""

from __future__ import annotations

from collections.abc import Sequence

from shinso.viz.boxes import Box, text
from shinso.viz.flow import Call, Operation
from shinso.viz.symbols import CIRCLES, symbol

_FILL = {"weights": "#dcebf5", "block": "#fbe3d3", "other": "#f2f2ef"}


def shape_of(row: Call | Operation) -> tuple[int, ...]:
    """The shape of what a layer or operation gives for one example."""
    value = row.outputs[0] if isinstance(row, Operation) else row.output
    return value.shape[1:] if value is not None else ()


def parameters(rows: Sequence[Call | Operation]) -> int:
    """How many parameters layers have, each counted once."""
    modules = [row.module for row in rows if isinstance(row, Call) and row.module is not None]
    return sum({id(p): p.size for module in modules for p in module.parameters()}.values())


def has_weights(rows: Sequence[Call | Operation]) -> bool:
    """Whether a layer among them has a matrix or a kernel."""
    return any(
        p.ndim >= 2
        for row in rows
        if isinstance(row, Call) and row.module is not None
        for p in row.module.parameters()
    )


def style(kind: str) -> str:
    """How a box of a kind looks."""
    return f'shape=box, style="rounded,filled", fillcolor="{_FILL[kind]}", color="#8a8a8a"'


def sizes(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape)) or "1"


def thousands(count: int) -> str:
    """A number with spaces between its thousands."""
    return f"{count:,}".replace(",", " ")


def operation_box(operation: Operation) -> Box:
    """A single operation: a circle with its sign, or a box with its name."""
    sign = symbol(operation.function)
    if sign not in CIRCLES:
        return Box([operation], text(sign), style("other"), single=True)
    look = 'shape=circle, style=filled, fillcolor="#f2f2ef", color="#8a8a8a", fixedsize=true'
    return Box([operation], text(sign), f"{look}, width=0.45, fontsize=18", single=True)
