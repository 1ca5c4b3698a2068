"""What AVX-512 does in one instruction and other machines do in several."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from shinso.compiler.vector_math.lanes import Lanes

I32 = ir.IntType(32)


def available(x: Lanes) -> bool:
    """Whether the machine has these for vectors of x's width."""
    return x.target.has("avx512vl") and x.count * x.bits in (128, 256, 512)


def _call(x: Lanes, name: str, *operands: Any) -> Lanes:
    """An instruction on whole vectors, all lanes of which take part."""
    width = x.count * x.bits
    full = f"llvm.x86.avx512.mask.{name}.{'ps' if x.bits == 32 else 'pd'}.{width}"
    values = [x.value, *operands, ir.Constant(ir.IntType(max(x.count, 8)), -1)]
    if width == 512:
        values.append(ir.Constant(I32, 4))  # round as always
    module = x.builder.function.module
    function = module.globals.get(full)
    if function is None:
        kind = ir.FunctionType(x.value.type, [v.type for v in values])
        function = ir.Function(module, kind, name=full)
    return x.of(x.builder.call(function, values))


def scaled(x: Lanes, n: Lanes) -> Lanes:
    """x · 2ⁿ for a whole number n, given as a floating-point number."""
    return _call(x, "scalef", n.value, x.value)


def logarithm_edges(y: Lanes, x: Lanes) -> Lanes:
    """y, or what the logarithm is where x is 0 (-∞), negative (NaN), ∞ or NaN (the same).

    Every class of x has four bits that say what becomes of it: 0 y, 2 x, 3 NaN, 4 -∞, 5 ∞. From the
    lowest on, the classes are the two kinds of NaN, 0, 1, -∞, ∞, negative, positive.
    """
    table = x.constant(0x03530422, ir.IntType(x.bits))
    return _call(y, "fixupimm", x.value, table.value, ir.Constant(I32, 0))
