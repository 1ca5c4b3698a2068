"""Formulas for all lanes at once: Python's operators emit LLVM instructions.

A `Lanes` is an LLVM value (a number or a vector of numbers, floating point, integer or bits) with
the builder to continue with, so that the functions of this package read like the formulas they
are. Nothing here may be re-associated or contracted: where one rounding is wanted, `fma` says so.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from shinso.compiler.target import Target

I1 = ir.IntType(1)


class Lanes:
    """One value in every lane. Mixed with Python numbers, those become constants of its type."""

    __slots__ = ("builder", "target", "value")

    def __init__(self, builder: Any, target: Target, value: Any) -> None:
        self.builder, self.target, self.value = builder, target, value

    # -- types ------------------------------------------------------------------------------------

    @property
    def element(self) -> Any:
        """The LLVM type of one lane."""
        kind = self.value.type
        return kind.element if isinstance(kind, ir.VectorType) else kind

    @property
    def count(self) -> int:
        """How many lanes; 0 for a plain number."""
        kind = self.value.type
        return kind.count if isinstance(kind, ir.VectorType) else 0

    @property
    def bits(self) -> int:
        """The width of one lane."""
        kind = self.element
        if isinstance(kind, ir.IntType):
            return int(kind.width)
        return 32 if isinstance(kind, ir.FloatType) else 64

    @property
    def is_float(self) -> bool:
        """Whether the lanes hold floating-point numbers."""
        return not isinstance(self.element, ir.IntType)

    @property
    def info(self) -> Any:
        """numpy.finfo of a floating-point lane."""
        return np.finfo(np.float32 if self.bits == 32 else np.float64)

    def shaped(self, element: Any) -> Any:
        """The LLVM type of as many lanes of another type."""
        return ir.VectorType(element, self.count) if self.count else element

    # -- making values ----------------------------------------------------------------------------

    def of(self, value: Any) -> Lanes:
        """The same builder, another LLVM value."""
        return Lanes(self.builder, self.target, value)

    def constant(self, number: Any, element: Any = None) -> Lanes:
        """A number in every lane, of this value's type or another."""
        kind = self.element if element is None else element
        if isinstance(kind, ir.IntType):
            number = int(number)
            if number >= 1 << (kind.width - 1) and kind.width > 1:
                number -= 1 << kind.width
        elif isinstance(kind, ir.FloatType):
            number = float(np.float32(number))
        else:
            number = float(number)
        return self.of(_constant(kind, number, self.count))

    def like(self, other: Lanes | float) -> Lanes:
        """A number as a constant of this type; a value as it is."""
        return other if isinstance(other, Lanes) else self.constant(other)

    # -- arithmetic -------------------------------------------------------------------------------

    def _two(self, other: Lanes | float, floating: str, integer: str) -> Lanes:
        name = floating if self.is_float else integer
        return self.of(getattr(self.builder, name)(self.value, self.like(other).value))

    def __add__(self, other: Lanes | float) -> Lanes:
        return self._two(other, "fadd", "add")

    def __sub__(self, other: Lanes | float) -> Lanes:
        return self._two(other, "fsub", "sub")

    def __mul__(self, other: Lanes | float) -> Lanes:
        return self._two(other, "fmul", "mul")

    def __truediv__(self, other: Lanes | float) -> Lanes:
        return self._two(other, "fdiv", "sdiv")

    def __radd__(self, other: float) -> Lanes:
        return self.like(other) + self

    def __rsub__(self, other: float) -> Lanes:
        return self.like(other) - self

    def __rmul__(self, other: float) -> Lanes:
        return self.like(other) * self

    def __rtruediv__(self, other: float) -> Lanes:
        return self.like(other) / self

    def __neg__(self) -> Lanes:
        if self.is_float:
            return self.of(self.builder.fneg(self.value))
        return self.constant(0) - self

    # -- integers and masks -----------------------------------------------------------------------

    def __and__(self, other: Lanes | int) -> Lanes:
        return self._two(other, "and_", "and_")

    def __or__(self, other: Lanes | int) -> Lanes:
        return self._two(other, "or_", "or_")

    def __xor__(self, other: Lanes | int) -> Lanes:
        return self._two(other, "xor", "xor")

    def __invert__(self) -> Lanes:
        return self ^ -1 if self.bits > 1 else self ^ 1

    def __lshift__(self, other: Lanes | int) -> Lanes:
        return self._two(other, "shl", "shl")

    def __rshift__(self, other: Lanes | int) -> Lanes:
        """Copies of the sign come in."""
        return self._two(other, "ashr", "ashr")

    def shifted(self, other: Lanes | int) -> Lanes:
        """To the right; zeros come in."""
        return self._two(other, "lshr", "lshr")

    # -- comparisons ------------------------------------------------------------------------------

    def _compare(self, sign: str, other: Lanes | float, unsigned: bool = False) -> Lanes:
        b, right = self.builder, self.like(other).value
        if self.is_float:
            call = b.fcmp_unordered if sign == "!=" else b.fcmp_ordered
        else:
            call = b.icmp_unsigned if unsigned or self.bits == 1 else b.icmp_signed
        return self.of(call(sign, self.value, right))

    def __lt__(self, other: Lanes | float) -> Lanes:
        return self._compare("<", other)

    def __le__(self, other: Lanes | float) -> Lanes:
        return self._compare("<=", other)

    def __gt__(self, other: Lanes | float) -> Lanes:
        return self._compare(">", other)

    def __ge__(self, other: Lanes | float) -> Lanes:
        return self._compare(">=", other)

    def equals(self, other: Lanes | float) -> Lanes:
        """Where the two are equal; NaN equals nothing."""
        return self._compare("==", other)

    def differs(self, other: Lanes | float) -> Lanes:
        """Where the two are not equal; NaN differs from everything."""
        return self._compare("!=", other)

    def below(self, other: Lanes | int) -> Lanes:
        """Unsigned <."""
        return self._compare("<", other, unsigned=True)

    def is_nan(self) -> Lanes:
        """Where there is no number."""
        return self.of(self.builder.fcmp_unordered("uno", self.value, self.value))

    def choose(self, yes: Lanes | float, no: Lanes | float) -> Lanes:
        """This mask decides between two values, at least one of which is a `Lanes`."""
        typed = yes if isinstance(yes, Lanes) else no
        assert isinstance(typed, Lanes)
        a, b = typed.like(yes), typed.like(no)
        return self.of(self.builder.select(self.value, a.value, b.value))

    # -- bits and widths --------------------------------------------------------------------------

    def as_bits(self) -> Lanes:
        """The bit pattern of a floating-point number."""
        return self.of(self.builder.bitcast(self.value, self.shaped(ir.IntType(self.bits))))

    def as_float(self) -> Lanes:
        """The floating-point number with this bit pattern."""
        kind = ir.FloatType() if self.bits == 32 else ir.DoubleType()
        return self.of(self.builder.bitcast(self.value, self.shaped(kind)))

    def double(self) -> Lanes:
        """float32 to float64."""
        return self.of(self.builder.fpext(self.value, self.shaped(ir.DoubleType())))

    def single(self) -> Lanes:
        """float64 to float32, rounded."""
        return self.of(self.builder.fptrunc(self.value, self.shaped(ir.FloatType())))

    def number(self, like: Lanes) -> Lanes:
        """A signed integer as a floating-point number of another value's type."""
        return self.of(self.builder.sitofp(self.value, self.shaped(like.element)))

    # -- one instruction each ---------------------------------------------------------------------

    def intrinsic(self, name: str, *others: Lanes) -> Lanes:
        """LLVM's own function of lanes of one type."""
        values = [self.value, *(x.value for x in others)]
        element = self.element
        letter = f"i{self.bits}" if isinstance(element, ir.IntType) else f"f{self.bits}"
        full = f"llvm.{name}." + (f"v{self.count}{letter}" if self.count else letter)
        module = self.builder.function.module
        function = module.globals.get(full)
        if function is None:
            kind = ir.FunctionType(self.value.type, [v.type for v in values])
            function = ir.Function(module, kind, name=full)
        return self.of(self.builder.call(function, values))

    def __abs__(self) -> Lanes:
        if self.is_float:
            return self.intrinsic("fabs")
        return (self < 0).choose(-self, self)

    def root(self) -> Lanes:
        """The square root, correctly rounded."""
        return self.intrinsic("sqrt")

    def signed_as(self, other: Lanes | float) -> Lanes:
        """This size with another number's sign."""
        return self.intrinsic("copysign", self.like(other))

    def fma(self, factor: Lanes | float, summand: Lanes | float) -> Lanes:
        """self · factor + summand: rounded once if the machine can, else twice."""
        if self.target.fma:
            return self.intrinsic("fma", self.like(factor), self.like(summand))
        return self * factor + summand

    def at_most(self, limit: Lanes | float) -> Lanes:
        """The lesser of the two; NaN stays NaN (of self)."""
        other = self.like(limit)
        return (other < self).choose(other, self)

    def at_least(self, limit: Lanes | float) -> Lanes:
        """The greater of the two; NaN stays NaN (of self)."""
        other = self.like(limit)
        return (other > self).choose(other, self)

    def between(self, low: float, high: float) -> Lanes:
        """Clamped; NaN stays."""
        return self.at_least(low).at_most(high)

    # -- formulas ---------------------------------------------------------------------------------

    def polynomial(self, coefficients: Sequence[float]) -> Lanes:
        """Σ c[k] xᵏ by Horner's rule."""
        y = self.constant(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            y = y.fma(self, c)
        return y

    def product(self, other: Lanes) -> tuple[Lanes, Lanes]:
        """The product and what rounding took from it: high + low is exact."""
        high = self * other
        if self.target.fma:
            return high, self.intrinsic("fma", other, -high)
        # Dekker: halves of at most half the digits, whose products are exact.
        (a, b), (c, d) = self.halves(), other.halves()
        return high, ((a * c - high) + a * d + b * c) + b * d

    def halves(self) -> tuple[Lanes, Lanes]:
        """Two numbers of half the digits each, whose sum is this one."""
        low = 27 if self.bits == 64 else 12
        bits = self.as_bits()
        high = ((bits + (1 << (low - 1))) & -(1 << low)).as_float()
        return high, self - high

    def nearest(self, factor: float, offset: float = 0.0) -> tuple[Lanes, Lanes]:
        """self · factor + offset rounded to an integer, as a number and as an integer.

        It must stay below 2²² (float64: 2⁵¹).


        Adding 1½ · 2²³ (2⁵²) pushes the fraction out of the number; what is left in its low bits is
        the integer.
        """
        magic = 1.5 * 2.0 ** (23 if self.bits == 32 else 52)
        t = self.fma(factor, offset) + magic if offset else self.fma(factor, magic)
        return t - magic, t.as_bits() - self.constant(magic).as_bits()

    def any(self) -> Any:
        """Whether a mask holds in any lane: one bit, to branch on."""
        if not self.count:
            return self.value
        whole = self.builder.bitcast(self.value, ir.IntType(self.count))
        return self.builder.icmp_unsigned("!=", whole, ir.Constant(whole.type, 0))


def fold_pairs(combine: Callable[[Any, Any], Any], values: Sequence[Any]) -> Any:
    """combine(combine(a, b), c) …"""
    total = values[0]
    for value in values[1:]:
        total = combine(total, value)
    return total


def all_of(*masks: Lanes) -> Lanes:
    """Where every mask holds."""
    result: Lanes = fold_pairs(operator.and_, masks)
    return result


def any_of(*masks: Lanes) -> Lanes:
    """Where some mask holds."""
    result: Lanes = fold_pairs(operator.or_, masks)
    return result


def power_of_two(exponent: Lanes) -> Lanes:
    """2ⁿ of an integer n for which it is a normal number."""
    digits, bias = (23, 127) if exponent.bits == 32 else (52, 1023)
    return ((exponent + bias) << digits).as_float()


_constants: dict[tuple[str, str, int], Any] = {}
"""Every constant once: llvmlite writes each object's text once, and slowly."""


def _constant(kind: Any, number: Any, count: int) -> Any:
    key = str(kind), repr(number), count  # 0.0 and -0.0 are equal, and not the same
    if key not in _constants:
        _constants[key] = (
            ir.Constant(ir.VectorType(kind, count), [number] * count)
            if count
            else ir.Constant(kind, number)
        )
    return _constants[key]
