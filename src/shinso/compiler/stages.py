"""A program at every stage on its way to machine code, in writing.

graph      what was traced
rewritten  the same numbers with less work
plan       what is computed together, and in which order
loops      each kernel in the loop language
ir         each kernel in LLVM's language, as it is handed over
asm        each kernel's machine code
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

from shinso.compiler import objects
from shinso.compiler.emit import emit_kernel
from shinso.compiler.executable import kernel_name
from shinso.compiler.fuse import fuse
from shinso.compiler.graph import Graph
from shinso.compiler.graph_text import graph_text, plan_text
from shinso.compiler.nest import Kernel
from shinso.compiler.program import Call, HostCall, Program
from shinso.compiler.rewrite import rewrite
from shinso.compiler.simplify import simplify
from shinso.compiler.target import Target

STAGES = ("graph", "rewritten", "plan", "loops", "ir", "asm")
"""The stages' names, in their order."""


def stage_text(
    graph: Graph, program: Program, target: Target, stage: str, kernel: int | None = None
) -> str:
    """A stage of a program in writing. kernel: only this one; for loops, ir and asm.

    Raises ValueError for a stage that there is not, IndexError for such a kernel.
    """
    if stage not in STAGES:
        near = difflib.get_close_matches(stage, STAGES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"the stages are {', '.join(STAGES)}, not {stage!r}.{hint}")
    if stage == "graph":
        return graph_text(graph)
    if stage in ("rewritten", "plan"):
        better = rewrite(simplify(graph), target)
        if stage == "rewritten":
            return graph_text(better)
        return plan_text(fuse(better, program.threads))
    write: Callable[[Kernel], str] = {
        "loops": lambda k: k.text,
        "ir": lambda k: kernel_ir(k, target),
        "asm": lambda k: objects.assembly(kernel_ir(k, target), target),
    }[stage]
    if kernel is not None:
        return write(_chosen(program, kernel).kernel)
    return _all(program, write)


def kernel_ir(kernel: Kernel, target: Target) -> str:
    """LLVM's text of a kernel under the name that it has in the cache."""
    return emit_kernel(replace(kernel, name=kernel_name(kernel.text)), target)


def _chosen(program: Program, number: int) -> Call:
    numbers = [i for i, call in enumerate(program.calls) if isinstance(call, Call)]
    if number not in numbers:
        there = f"0 to {numbers[-1]}" if numbers else "none"
        if 0 <= number < len(program.calls):
            raise IndexError(f"number {number} is a call of NumPy, which has no code of ours")
        raise IndexError(f"there is no kernel {number}: the kernels are {there}")
    call = program.calls[number]
    assert isinstance(call, Call)
    return call


def _all(program: Program, write: Callable[[Kernel], str]) -> str:
    """Every kernel after a comment with its number; the same code is written once."""
    pieces: list[str] = []
    first: dict[str, int] = {}
    for number, call in enumerate(program.calls):
        if isinstance(call, HostCall):
            operation = call.node.operation
            pieces.append(f"; {number}: NumPy's {getattr(operation, 'call', operation)}\n")
            continue
        same = first.setdefault(call.kernel.text, number)
        if same != number:
            pieces.append(f"; kernel {number}: the same as kernel {same}\n")
            continue
        pieces.append(f"; kernel {number}: {kernel_name(call.kernel.text)}\n{write(call.kernel)}\n")
    return "\n".join(pieces)
