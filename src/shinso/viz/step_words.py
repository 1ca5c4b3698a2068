"""Operations of the compiler's graphs in a word or two."""

from __future__ import annotations

from shinso.compiler.graph import Contract, Host, Map, Node, Pick, Reduce, Scan

_FOLDS = {"add": "sum", "multiply": "product", "maximum": "max", "minimum": "min"}


def operation_words(node: Node) -> str:
    """What an operation does: the ufunc's name, "sum", "matmul", or its kind, such as "view"."""
    match node.operation:
        case Map(function):
            return function
        case Reduce(function, _):
            return _FOLDS.get(function, function)
        case Scan(function, _):
            return f"running {_FOLDS.get(function, function)}"
        case Pick(function, _):
            return function
        case Contract():
            return "Σ a·b"
        case Host(call, _):
            return call
    return type(node.operation).__name__.lower()
