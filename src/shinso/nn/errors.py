"""Say in which layer an error arose: `Linear "classifier.0" (784 → 100) got an input of …`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shinso.nn.module import Module

_REWRITTEN = (ValueError, TypeError, IndexError, RuntimeError)


def locate(error: Exception, module: Module) -> None:
    """Note on an error, as it passes up through the modules, which layer it came from.

    Called innermost first. Each call makes the layer's path one part longer; the message is
    rewritten to start with the layer, and keeps its text.
    """
    if not isinstance(error, _REWRITTEN) or len(error.args) != 1:
        return
    if not isinstance(error.args[0], str):
        return
    notes = vars(error)
    trail: list[Module] = notes.setdefault("layer_trail", [])
    message: str = notes.setdefault("layer_message", error.args[0])
    trail.append(module)
    link = " " if message.startswith("got ") else ": "
    error.args = (describe(trail[0], _path(trail)) + link + message,)


def describe(module: Module, path: str) -> str:
    """The layer in words: type, path and sizes."""
    quoted = f' "{path}"' if path else ""
    label = module.label()
    return type(module).__name__ + quoted + (f" ({label})" if label else "")


def _path(trail: Sequence[Module]) -> str:
    """The dotted path from the outermost module of the trail to the innermost."""
    names: list[str] = []
    for outer, inner in zip(trail[1:], trail[:-1], strict=True):
        found = next((name for name, m in outer.named_modules() if m is inner and name), None)
        names.insert(0, found or type(inner).__name__)
    return ".".join(names)
