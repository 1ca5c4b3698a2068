"""Keys: what a call of a compiled step looks like, and what a graph looks like.

A call's key is the tree of its arguments: the shape and dtype of every array, the value of every
plain Python object, the identity of any other. A graph's key is its whole content, so that two
traces that did the same have equal keys.
"""

from __future__ import annotations

import dis
import inspect
import struct
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from shinso.cell import Array, Cell
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Graph, Node

_PLAIN = (bool, int, str, bytes, type(None), type(Ellipsis), type(NotImplemented))


class Identity:
    """An object by its identity, held weakly where that is possible."""

    __slots__ = ("id", "reference")

    def __init__(self, thing: Any) -> None:
        self.id = id(thing)
        try:
            self.reference: Callable[[], Any] = weakref.ref(thing)
        except TypeError:
            self.reference = lambda: thing

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identity) or self.id != other.id:
            return False
        mine = self.reference()
        return mine is not None and mine is other.reference()


class Call:
    """The arguments of one call, taken apart: arrays and tensors in order, and the key."""

    __slots__ = ("key", "leaves", "structure")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.leaves: list[Any] = []
        key: list[Any] = []
        self.structure = self._take((args, kwargs), key)
        self.key = tuple(key)

    def _take(self, value: Any, key: list[Any]) -> Any:
        """The structure of a value, with `Leaf` in the place of arrays; appends to the key."""
        kind = type(value)
        if kind is np.ndarray or isinstance(value, np.generic):
            return self._array(value, key)
        if isinstance(value, Cell):
            return self._tensor(value, key)
        if kind in (tuple, list) or (isinstance(value, tuple) and hasattr(value, "_fields")):
            key.append((kind, len(value)))
            return Many(kind, [self._take(v, key) for v in value])
        if kind is dict:
            key.append((dict, tuple(plain(k) for k in value)))
            return Many(dict, [self._take(v, key) for v in value.values()], list(value))
        if isinstance(value, np.ndarray):
            raise TraceError(
                f"a compiled function takes plain NumPy arrays, not {kind.__name__}: pass "
                "np.asarray(x)"
            )
        key.append(plain(value))
        return value

    def _array(self, value: Any, key: list[Any]) -> Any:
        dtype = value.dtype
        if dtype.kind not in "biufc":
            if isinstance(value, np.generic):
                key.append(plain(value))
                return value
            raise TraceError(
                f"a compiled function takes arrays of numbers, not of {dtype}: pass other things "
                "as Python values"
            )
        if not dtype.isnative:
            raise TraceError(
                f"an array of {dtype} is in another machine's byte order: pass "
                "x.astype(x.dtype.newbyteorder('='))"
            )
        scalar = isinstance(value, np.generic)
        key.append((scalar, value.shape, dtype))
        self.leaves.append(value)
        return Leaf(len(self.leaves) - 1, scalar)

    def _tensor(self, cell: Cell, key: list[Any]) -> Any:
        for i, other in enumerate(self.leaves):
            if other is cell:
                key.append(("again", i))
                return Leaf(i, False)
        if getattr(cell, "_creator", None) is not None:
            raise TraceError(
                "a tensor with a graph behind it was passed to a compiled function, which cannot "
                "go back through what ran before it: pass x.detach(), or compile the whole"
            )
        array = cell._view
        flag = getattr(cell, "_requires_grad", None)
        lasting = cell._store is not None
        key.append((type(cell), array.shape, array.dtype, flag, lasting, cell.name))
        self.leaves.append(cell)
        return Leaf(len(self.leaves) - 1, False)

    def arrays(self) -> list[Array]:
        """Every leaf as an array, in order."""
        return [x._view if isinstance(x, Cell) else np.asarray(x) for x in self.leaves]

    def rebuilt(self, leaves: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other leaves."""
        args, kwargs = fill(self.structure, lambda leaf: leaves[leaf.index])
        return args, kwargs

    def names(self, function: Callable[..., Any]) -> tuple[str, ...]:
        """What a function calls its leaves: "x", or "batch 0", "batch 1" where one has several."""
        args, kwargs = self.structure.items
        known = _parameter_names(function, len(args.items))
        given = [
            *zip(known, args.items, strict=True),
            *zip(kwargs.names, kwargs.items, strict=True),
        ]
        names = [f"argument {i}" for i in range(len(self.leaves))]
        for name, value in reversed(given):  # a leaf that is there twice is called as it is first
            within: list[Leaf] = []
            fill(value, within.append)
            for i, leaf in enumerate(within):
                names[leaf.index] = f"{name} {i}" if len(within) > 1 else name
        return tuple(names)


def _parameter_names(function: Callable[..., Any], count: int) -> list[str]:
    """What a function calls its first arguments, where that can be found out."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a function of C without a signature
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*named, *(f"argument {i}" for i in range(len(named), count))][:count]


class Leaf:
    """The place of an array or tensor in a structure."""

    __slots__ = ("index", "scalar")

    def __init__(self, index: int, scalar: bool) -> None:
        self.index, self.scalar = index, scalar


class Many:
    """A tuple, named tuple, list or dict in a structure."""

    __slots__ = ("items", "kind", "names")

    def __init__(self, kind: type, items: list[Any], names: list[Any] | None = None) -> None:
        self.kind, self.items, self.names = kind, items, names


def fill(structure: Any, leaf: Callable[[Any], Any], kind: type = Leaf) -> Any:
    """A structure with something in the place of its leaves."""
    if isinstance(structure, kind):
        return leaf(structure)
    if isinstance(structure, Many):
        items = [fill(x, leaf, kind) for x in structure.items]
        if structure.names is not None:
            return dict(zip(structure.names, items, strict=True))
        if hasattr(structure.kind, "_fields"):
            return structure.kind(*items)
        return structure.kind(items)
    return structure


def plain(value: Any) -> Any:
    """A key for a Python value: by type and value, or by identity."""
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind is float:
        return float, struct.pack("d", value)  # tells 0.0 from -0.0, and NaN is equal to itself
    if kind is complex:
        return complex, struct.pack("dd", value.real, value.imag)
    if kind is slice:
        return slice, plain(value.start), plain(value.stop), plain(value.step)
    if kind in (tuple, list) and len(value) <= 64:
        return kind, tuple(plain(v) for v in value)
    if isinstance(value, (np.dtype, type, np.generic)):
        return kind, value
    return Identity(value)


class Surroundings:
    """The global names and enclosed variables that a function's own code reads."""

    def __init__(self, function: Callable[..., Any]) -> None:
        inner = getattr(function, "__func__", function)
        self.globals: dict[str, Any] = getattr(inner, "__globals__", {})
        code = getattr(inner, "__code__", None)
        names = sorted(set(_global_names(code))) if code is not None else []
        self.names = [n for n in names if n in self.globals]
        self.cells = getattr(inner, "__closure__", None) or ()

    def key(self) -> tuple[Any, ...]:
        """Their values now: plain ones by value, the others by identity."""
        found = [plain(self.globals.get(name)) for name in self.names]
        for cell in self.cells:
            try:
                found.append(plain(cell.cell_contents))
            except ValueError:  # a variable that has no value yet
                found.append(None)
        return tuple(found)


def _global_names(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _global_names(inner)


# -- graphs ---------------------------------------------------------------------------------------


def graph_key(graph: Graph) -> tuple[Any, ...]:
    """The whole content of a graph, hashable. Source lines and messages do not count."""
    order = graph.nodes()
    number = {id(node): i for i, node in enumerate(order)}
    return (
        tuple(node_key(node, number) for node in order),
        tuple(number[id(node)] for node in graph.outputs),
        tuple(
            (u.cell, u.slot, None if u.value is None else number[id(u.value)])
            for u in graph.updates
        ),
        tuple((number[id(c.condition)], c.error) for c in graph.checks),
    )


def node_key(node: Node, number: dict[int, int]) -> tuple[Any, ...]:
    """A node with numbers in the place of its operands."""
    return (
        node.operation, tuple(number[id(x)] for x in node.operands), node.shape, node.dtype,
    )  # fmt: skip
