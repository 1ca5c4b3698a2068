"""Taking multiples of π out of an argument of any size.

Moderate ones: x - n π with π in parts (Cody and Waite). Large ones: x is an integer times a power
of two, and only those digits of 2/π matter that neither give whole turns nor vanish beside the
result.
M. Payne, R. Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18 (1983).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from llvmlite import ir

from shinso.compiler.vector_math.branch import I64, helper, lane, rarely
from shinso.compiler.vector_math.coefficients import PI, PI_SHORT, TWO_OVER_PI
from shinso.compiler.vector_math.lanes import Lanes

I128 = ir.IntType(128)
DOUBLE = ir.DoubleType()


def reduced(size: Lanes, period: float, offset: float) -> tuple[Lanes, Lanes]:
    """(r, n) with size = (n + offset) period + r, for size ≥ 0, and r NaN for infinity and NaN.

    period is π with an offset of 0 or ½, or ½ π with 0. Without fused multiply-add, float64 only:
    parts of π whose products are exact would be too short.
    """
    limit = 2.0**17 if size.bits == 32 else 2.0**30 if size.target.fma else 2.0**20
    fast = list(_moderate(size, period, offset))
    infinite = size.equals(math.inf)
    fast[0] = infinite.choose(math.nan, fast[0])
    large = (size > limit) & ~infinite

    def slow(_: Lanes, i: Any) -> Sequence[Lanes]:
        x = lane(size, i)
        x = x if x.bits == 64 else x.double()
        r, n = _large(x, period, offset)
        if size.bits == 64:
            return r, n
        return r.single(), n.of(n.builder.trunc(n.value, ir.IntType(32)))

    r, n = rarely(large, fast, slow)
    return r, n


def _moderate(x: Lanes, period: float, offset: float) -> tuple[Lanes, Lanes]:
    n, whole = x.nearest(1 / period, -offset)
    k = n + offset if offset else n
    r = x
    for part in PI[x.bits] if x.target.fma else PI_SHORT[x.bits]:
        r = k.fma(-part * (period / math.pi), r)
    return r, whole


def _large(x: Lanes, period: float, offset: float) -> tuple[Lanes, Lanes]:
    """The same for one float64 of at least 2¹⁷."""
    b = x.builder
    result = ir.LiteralStructType((DOUBLE, I64))
    kind = ir.FunctionType(result, (DOUBLE, I64, I64))
    function = helper(x, "shinso.reduce_large", kind, _reduce_large)
    # sin and cos: quarters are counted from -1 on, two at a time; cos x = sin(x + ½ π)
    shift = ir.Constant(I64, 63 if period == math.pi else 62)
    pair = b.call(function, (x.value, ir.Constant(I64, int(offset != 0)), shift))
    r, n = x.of(b.extract_value(pair, 0)), x.of(b.extract_value(pair, 1))
    return r, n - 1 if offset else n


def _table(module: Any) -> Any:
    """64 zeros, then the binary digits of 2/π, in words of 64 bits."""
    name = "shinso.two_over_pi"
    table = module.globals.get(name)
    if table is None:
        kind = ir.ArrayType(I64, len(TWO_OVER_PI) + 1)
        table = ir.GlobalVariable(module, kind, name=name)
        table.linkage, table.global_constant = "internal", True
        words = [0, *(w - (1 << 64) if w >> 63 else w for w in TWO_OVER_PI)]
        table.initializer = ir.Constant(kind, words)
    return table


def _reduce_large(b: Any, arguments: list[Lanes]) -> None:
    """x = m 2ᵉ. m 2ᵉ 2/π modulo 4 in fixed point: 2 digits before the point, 126 after."""
    x, quarters, shift = arguments
    bits = x.as_bits()
    mantissa = (bits & ((1 << 52) - 1)) | (1 << 52)
    first = bits.shifted(52) - (1075 + 2 - 64)  # the first digit that counts
    place, within = first.shifted(6), first & 63
    table = _table(b.function.module)
    words = []
    for k in range(4):
        position = (place + k).value
        address = b.gep(table, [ir.Constant(I64, 0), position], inbounds=True)
        words.append(x.of(b.load(address, typ=I64)))
    # A shift by 64 - 0 is not defined: shift by one, then by the rest.
    digits = [
        (high << within) | (low.shifted(1)).shifted(63 - within) for high, low in pairwise(words)
    ]
    wide = [x.of(b.zext(d.value, I128)) for d in (mantissa, *digits)]
    low = wide[0] * wide[3]
    middle = wide[0] * wide[2] + low.shifted(64)
    top = x.of(b.trunc((wide[0] * wide[1] + middle.shifted(64)).value, I64)) + (quarters << 62)
    rest = x.of(b.trunc(middle.value, I64))
    n = (top + (top.constant(1) << (shift - 1))).shifted(shift)
    top = top - (n << shift)
    negative = top < 0
    # The size of a negative number of two words: all digits turned, which is off by 2⁻¹²⁶.
    high, below = (negative.choose(~w, w) for w in (top, rest))
    number = [x.of(b.uitofp(w.value, DOUBLE)) for w in (high, below)]
    size = number[0] * 2.0**-62 + number[1] * 2.0**-126
    half_pi = 0.5 * math.pi
    r = size.fma(half_pi, size * 6.123233995736766e-17)
    r = negative.choose(-r, r)
    pair = b.insert_value(
        ir.Constant(ir.LiteralStructType((DOUBLE, I64)), ir.Undefined), r.value, 0
    )
    b.ret(b.insert_value(pair, n.value, 1))
