"""How operations are written in a drawing."""

from __future__ import annotations

from shinso.graph import Function

SYMBOLS = {
    "Add": "+",
    "Subtract": "−",
    "Multiply": "×",
    "Divide": "÷",
    "Negative": "−x",
    "Maximum": "max",
    "Minimum": "min",
    "MatMul": "@",
    "Square": "x²",
    "Sum": "Σ",
}
CIRCLES = frozenset(SYMBOLS.values())


def symbol(function: Function) -> str:
    """How an operation is written in a circle."""
    name = type(function).__name__
    return SYMBOLS.get(name, name)
