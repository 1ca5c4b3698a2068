"""floor, ceil, trunc, rint: instructions where the machine has them, else by adding 2²³ (2⁵²)."""

from __future__ import annotations

from shinso.compiler.vector_math.lanes import Lanes


def _has_instructions(x: Lanes) -> bool:
    return x.target.architecture == "aarch64" or x.target.has("sse4.1") or x.target.has("avx")


def rint(x: Lanes) -> Lanes:
    """The nearest integer, the even one of two."""
    if _has_instructions(x):
        return x.intrinsic("rint")
    whole = 2.0**23 if x.bits == 32 else 2.0**52
    size = abs(x)
    return (size < whole).choose((size + whole) - whole, size).signed_as(x)


def floor(x: Lanes) -> Lanes:
    """The greatest integer up to x."""
    if _has_instructions(x):
        return x.intrinsic("floor")
    near = rint(x)
    return (near > x).choose(near - 1.0, near).signed_as(x)


def ceil(x: Lanes) -> Lanes:
    """The least integer from x on."""
    if _has_instructions(x):
        return x.intrinsic("ceil")
    near = rint(x)
    return (near < x).choose(near + 1.0, near).signed_as(x)


def trunc(x: Lanes) -> Lanes:
    """The integer next to x on the side of 0."""
    if _has_instructions(x):
        return x.intrinsic("trunc")
    return floor(abs(x)).signed_as(x)
