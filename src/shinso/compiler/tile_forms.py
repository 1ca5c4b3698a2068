"""Short correlations with fewer multiplications: the matrices, and applying them to nodes.

m results of a kernel of r elements need n = m + r - 1 products, not m · r:

    y = Aᵀ [(G g) ⊙ (Bᵀ d)]          n elements of d; Aᵀ is m × n, G is n × r, Bᵀ is n × n

A correlation is a product of polynomials turned around (Toom and Cook): both are evaluated at n - 1
points and at infinity, multiplied there, and interpolated. Small points with small reciprocals keep
the rounding errors small.
Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; the points:
Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the accuracy of Winograd
convolution for deep neural networks", ACM TOMS 46 (2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from shinso.compiler import build
from shinso.compiler.graph import Node

Line = tuple[Fraction, ...]
Matrix = tuple[Line, ...]
Grid = list[list[Node]]

_POINTS = tuple(Fraction(*p) for p in ((0,), (1,), (-1,), (1, 2), (-2,), (-1, 2), (2,)))


@dataclass(frozen=True, slots=True)
class Form:
    """m results of a kernel of r elements from n products; in two dimensions on both axes."""

    m: int
    r: int
    output: Matrix
    kernel: Matrix
    input: Matrix

    @property
    def n(self) -> int:
        """Elements of a tile."""
        return self.m + self.r - 1


@cache
def form(m: int, r: int) -> Form:
    """The matrices for m results of a kernel of r elements, m + r ≤ 9."""
    points = _POINTS[: m + r - 2]
    n = len(points) + 1
    last = Fraction(1)
    kernel, data = list[Line](), list[Line]()
    for a in points:
        others = [b for b in points if b != a]
        scale = Fraction(1)
        for b in others:
            scale *= a - b
        sign = 1 if scale > 0 else -1
        kernel.append(tuple(sign * a**k / scale for k in range(r)))
        data.append(tuple(sign * c for c in (*_expanded(others), Fraction(0))))
    kernel.append((*[Fraction(0)] * (r - 1), last))
    data.append(_expanded(points))
    output = tuple((*(a**k for a in points), Fraction(int(k == m - 1))) for k in range(m))
    assert len(data) == n
    return Form(m, r, output, tuple(kernel), tuple(data))


def _expanded(roots: Sequence[Fraction]) -> Line:
    """The coefficients of Π (x - root), the constant first."""
    line = [Fraction(1)]
    for root in roots:
        line = [
            (line[k - 1] if k else Fraction(0)) - (root * line[k] if k < len(line) else 0)
            for k in range(len(line) + 1)
        ]
    return tuple(line)


def turned(matrix: Matrix) -> Matrix:
    """Rows as columns."""
    return tuple(zip(*matrix, strict=True))


def operations(matrix: Matrix) -> int:
    """How many additions (each with a multiplication) a product with a matrix takes, roughly."""
    return sum(sum(1 for c in line if c) - 1 for line in matrix)


@cache
def _halves(matrix: Matrix) -> tuple[tuple[int, Line, Line] | None, ...]:
    """For each line a later one that differs in signs only: its number and the two halves."""
    found: list[tuple[int, Line, Line] | None] = []
    taken: set[int] = set()
    for i, line in enumerate(matrix):
        found.append(None)
        for j in range(i + 1, len(matrix)):
            even = tuple((a + b) / 2 for a, b in zip(line, matrix[j], strict=True))
            odd = tuple((a - b) / 2 for a, b in zip(line, matrix[j], strict=True))
            apart = not any(a and b for a, b in zip(even, odd, strict=True))
            if not {i, j} & taken and apart and any(even) and any(odd):
                found[i] = j, even, odd
                taken |= {i, j}
    return tuple(found)


def applied(matrix: Matrix, xs: list[Node]) -> list[Node]:
    """matrix · xs. Two lines that differ in signs only share their halves: e + o and e - o."""
    results: dict[int, Node] = {}
    for i, (line, half) in enumerate(zip(matrix, _halves(matrix), strict=True)):
        if half is not None:
            j, even, odd = half
            e, o = _sum(even, xs), _sum(odd, xs)
            results[i], results[j] = _two("add", e, o), _two("subtract", e, o)
        elif i not in results:
            results[i] = _sum(line, xs)
    return [results[i] for i in range(len(matrix))]


@cache
def _terms(line: Line) -> tuple[tuple[tuple[int, int, float], ...], float]:
    """A line's places, signs and sizes, those to be added first, and a factor common to all."""
    sizes = {abs(c) for c in line if c}
    factor = sizes.pop() if len(sizes) == 1 else Fraction(1)
    used = [(i, 1 if c > 0 else -1, float(abs(c) / factor)) for i, c in enumerate(line) if c]
    return tuple(sorted(used, key=lambda term: -term[1])), float(factor)


def _sum(line: Line, xs: list[Node]) -> Node:
    """Σ line[i] · xs[i]; a common factor is multiplied last."""
    terms, factor = _terms(line)
    total: Node | None = None
    for i, sign, size in terms:
        term = _times(size, xs[i])
        if total is None:
            total = term if sign > 0 else build.apply("negative", [term], term.dtype)
        else:
            total = _two("add" if sign > 0 else "subtract", total, term)
    assert total is not None
    return _times(factor, total)


def _times(c: float, x: Node) -> Node:
    if c == 1:
        return x
    number = build.broadcast(build.constant(x.dtype.type(c)), x.shape)
    return build.apply("multiply", [x, number], x.dtype)


def _two(function: str, x: Node, y: Node) -> Node:
    return build.apply(function, [x, y], x.dtype)
