"""`TraceError`: a function cannot be compiled as it is written; where, why, and what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shinso.compiler.graph import Source


class TraceError(TypeError):
    """What was traced does something that compiled code cannot follow.

    message: what, why, and what to write instead. `.source` is the line it happened on; the tracer
    adds it.
    """

    def __init__(self, message: str, source: Source | None = None) -> None:
        super().__init__(message)
        self.source: Source | None = None
        self.at(source)

    def at(self, source: Source | None) -> TraceError:
        """This error with the line it belongs to, unless it has one."""
        if self.source is None and source is not None:
            self.source = source
            self.args = (f"{self.args[0]}\n  at {source}",)
        return self
