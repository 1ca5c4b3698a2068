"""np.einsum: letters for axes. Two operands are one contraction; more are taken from left to right.

A letter that comes twice in one operand stands for its diagonal, "…" for axes that broadcast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.compiler import build
from shinso.compiler.graph import Node
from shinso.compiler.lowering.axes import row, unsupported
from shinso.compiler.lowering.operand import as_node, operands_of_one_type
from shinso.compiler.lowering.registry import call, lowers

Names = tuple[int, ...]
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ELLIPSIS = 1000  # names from here on belong to axes that "..." stands for; the last is the least


@lowers(np.einsum)
def einsum(
    *operands: Any, out: Any = None, optimize: Any = False, dtype: Any = None, order: str = "K",
    casting: str = "safe",
) -> Node:  # fmt: skip
    """The sum of products over the letters that the result does not have."""
    unsupported("einsum", out=out)
    terms, result, arrays = _spelled(operands)
    if len(terms) != len(arrays):
        raise ValueError(
            f"einsum: the subscripts are for {len(terms)} operands, {len(arrays)} were given"
        )
    nodes = list(operands_of_one_type(*map(as_node, arrays), dtype=dtype))
    names = [_names(t, x, i) for i, (t, x) in enumerate(zip(terms, nodes, strict=True))]
    wanted = _wanted(result, terms, names)
    lengths = _lengths(nodes, names)
    for name in wanted:
        if name not in lengths:
            raise ValueError(
                f"einstein sum subscripts string included output subscript {_text(name)!r} which "
                "never appeared in an input"
            )
    # From here on names count from 0, in the order of the letters, in which NumPy sums.
    number = {name: i for i, name in enumerate(sorted(lengths))}
    wanted = tuple(number[name] for name in wanted)
    names = [tuple(number[name] for name in ns) for ns in names]
    lengths = {number[name]: n for name, n in lengths.items()}
    pairs = [_plain(x, n, lengths) for x, n in zip(nodes, names, strict=True)]
    if len(pairs) == 1:
        return _alone(*pairs[0], wanted)
    node, have = pairs[0]
    for i, (other, theirs) in enumerate(pairs[1:], start=1):
        later = {*wanted, *(name for _, n in pairs[i + 1 :] for name in n)}
        last = i == len(pairs) - 1
        keep = wanted if last else tuple(n for n in dict.fromkeys((*have, *theirs)) if n in later)
        node, have = build.contract(node, other, have, theirs, keep, "einsum"), keep
    return node


def _spelled(operands: Sequence[Any]) -> tuple[list[str], str | None, list[Any]]:
    """Terms, the result's term (None: to be worked out) and the arrays, from either spelling."""
    if not operands:
        raise ValueError("must specify the einstein sum subscripts string and at least one operand")
    if not isinstance(operands[0], str):
        return _from_lists(operands)
    text = operands[0].replace(" ", "")
    before, arrow, after = text.partition("->")
    terms = before.split(",")
    for term in (*terms, after):
        letters = term.replace("...", "", 1)
        bad = [c for c in letters if c not in _LETTERS]
        if bad:
            raise ValueError(f"invalid subscript {bad[0]!r} in einstein sum subscripts string")
    return terms, after if arrow else None, list(operands[1:])


def _from_lists(operands: Sequence[Any]) -> tuple[list[str], str | None, list[Any]]:
    """The spelling einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    pairs = list(zip(operands[0::2], operands[1::2], strict=False))
    terms = ["".join("..." if s is Ellipsis else _LETTERS[s] for s in t) for _, t in pairs]
    if len(operands) % 2 == 0:
        return terms, None, [a for a, _ in pairs]
    result = "".join("..." if s is Ellipsis else _LETTERS[s] for s in operands[-1])
    return terms, result, [a for a, _ in pairs]


def _names(term: str, x: Node, number: int) -> Names:
    """A number for each axis of an operand."""
    before, dots, after = term.partition("...")
    more = x.ndim - len(before) - len(after)
    if more < 0 or (more and not dots):
        raise ValueError(
            f"einsum: operand {number} has {x.ndim} axes, its subscripts {term!r} are for "
            f"{len(before) + len(after)}"
        )
    hidden = (_ELLIPSIS + more - 1 - i for i in range(more))
    return (*map(ord, before), *hidden, *map(ord, after))


def _wanted(result: str | None, terms: list[str], names: list[Names]) -> Names:
    """The names of the result's axes; not given: hidden axes, then letters that come once."""
    hidden = tuple(sorted({n for ns in names for n in ns if n >= _ELLIPSIS}, reverse=True))
    if result is None:
        letters = "".join(terms).replace(".", "")
        return (*hidden, *(ord(c) for c in sorted(set(letters)) if letters.count(c) == 1))
    before, dots, after = result.partition("...")
    if hidden and not dots:
        raise ValueError(
            "output has ellipsis subscripts missing: the operands' '...' must stand in the result "
            "too"
        )
    if len(set(before + after)) != len(before + after):
        raise ValueError(f"einsum: a letter comes twice in the result {result!r}")
    return (*map(ord, before), *(hidden if dots else ()), *map(ord, after))


def _lengths(nodes: Sequence[Node], names: Sequence[Names]) -> dict[int, int]:
    """Each name's length; 1 gives way to any other."""
    lengths: dict[int, int] = {}
    for x, ns in zip(nodes, names, strict=True):
        if len(set(ns)) != len(set(zip(ns, x.shape, strict=True))):
            raise ValueError(f"einsum: a letter has two lengths in an operand of shape {x.shape}")
        for n, name in zip(x.shape, ns, strict=True):
            known = lengths.setdefault(name, n)
            if known == 1:
                lengths[name] = n
            elif n not in (1, known):
                raise ValueError(f"einsum: axis {_text(name)!r} has the lengths {known} and {n}")
    return lengths


def _text(name: int) -> str:
    return "..." if name >= _ELLIPSIS else chr(name)


def _plain(x: Node, names: Names, lengths: dict[int, int]) -> tuple[Node, Names]:
    """A view in which every name comes once and has its full length."""
    once = tuple(dict.fromkeys(names))
    shape = tuple(lengths[name] for name in once)
    rows = [
        row(0, {once.index(name): 1} if n > 1 else {}, shape)
        for name, n in zip(names, x.shape, strict=True)
    ]
    return build.view(x, rows, shape), once


def _alone(x: Node, names: Names, wanted: Names) -> Node:
    """One operand: some axes summed, the rest put in order."""
    gone = tuple(i for i, name in enumerate(names) if name not in wanted)
    kept = [name for name in names if name in wanted]
    if gone:
        x = call(np.sum, x, axis=gone, dtype=x.dtype)
    return build.select(x, [kept.index(name) for name in wanted])
