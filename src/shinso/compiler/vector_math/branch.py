"""The rare case: lanes that the fast formula cannot do are done one by one.

Vector code has no branches per lane. Where some input needs long arithmetic (a sine of 10³⁰), one
branch asks whether any lane does, and a loop calls a function of plain numbers for those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from shinso.compiler.vector_math.lanes import Lanes

I64 = ir.IntType(64)


def rarely(
    mask: Lanes, fast: Sequence[Lanes], slow: Callable[[Lanes, Any], Sequence[Lanes]]
) -> list[Lanes]:
    """The values `fast`; in lanes where the mask holds, what `slow` gives.

    slow(mask, i): called once, to emit the values of lane i (an LLVM integer; it is only carried
    out where the mask holds). It returns plain numbers of the types of the lanes.
    """
    b = mask.builder
    start = b.block
    function = b.function
    head, work, following, done = (
        function.append_basic_block(name) for name in ("lane", "slow", "next", "together")
    )
    b.cbranch(mask.any(), head, done)
    b.position_at_end(head)
    i = b.phi(I64)
    i.add_incoming(ir.Constant(I64, 0), start)
    current = [b.phi(x.value.type) for x in fast]
    for phi, x in zip(current, fast, strict=True):
        phi.add_incoming(x.value, start)
    b.cbranch(lane(mask, i).value, work, following)
    b.position_at_end(work)
    found = slow(mask, i)
    changed = [
        b.insert_element(phi, x.value, i) if mask.count else x.value
        for phi, x in zip(current, found, strict=True)
    ]
    worked = b.block
    b.branch(following)
    b.position_at_end(following)
    merged = _merge(b, [(current, head), (changed, worked)])
    after = b.add(i, ir.Constant(I64, 1))
    more = b.icmp_signed("<", after, ir.Constant(I64, mask.count))
    b.cbranch(more, head, done)
    i.add_incoming(after, following)
    for phi, value in zip(current, merged, strict=True):
        phi.add_incoming(value, following)
    b.position_at_end(done)
    results = _merge(b, [([x.value for x in fast], start), (merged, following)])
    return [x.of(value) for x, value in zip(fast, results, strict=True)]


def _merge(b: Any, edges: list[tuple[Sequence[Any], Any]]) -> list[Any]:
    """Phi nodes of the values that come along the edges."""
    phis = [b.phi(value.type) for value in edges[0][0]]
    for values, block in edges:
        for phi, value in zip(phis, values, strict=True):
            phi.add_incoming(value, block)
    return phis


def lane(x: Lanes, i: Any) -> Lanes:
    """One lane as a plain number."""
    return x.of(x.builder.extract_element(x.value, i)) if x.count else x


def helper(x: Lanes, name: str, kind: Any, body: Callable[[Any, list[Lanes]], None]) -> Any:
    """The module's own function of that name; made when it is first asked for.

    body(builder, arguments) emits it and returns from it.
    """
    module = x.builder.function.module
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, kind, name=name)
        function.linkage = "internal"
        for attribute in ("nounwind", "noinline", "cold"):
            function.attributes.add(attribute)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        body(builder, [Lanes(builder, x.target, argument) for argument in function.args])
    return function
