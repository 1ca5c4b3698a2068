"""NumPy in, machine code out: tracing, the graph, fusion, loops, LLVM, threads."""

from shinso.compiler.errors import TraceError
from shinso.compiler.step import Step, compile

__all__ = ["Step", "TraceError", "compile"]
