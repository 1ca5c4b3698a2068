"""What it takes to run a lowered program: which kernels, on which memory, with which words.

A `Program` has loops and graph nodes, and for a deep network it takes seconds to make. Its `Wiring`
has names and numbers only; it is kept on disk beside the object code, under a key that all of the
graph takes part in, so that a program is lowered once per machine.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler.emit import scratch_bytes
from shinso.compiler.graph import Constant, Graph, Host, Node
from shinso.compiler.program import Delivery, HostCall, Program, Slot, length

_MOST_CONSTANTS = 8 << 20
"""More bytes of constants than this are not kept: a captured data set does not belong there."""


@dataclass(frozen=True, slots=True)
class Link:
    """One call. kernel: its number in the wiring; words: extents and numbers; scratch: bytes."""

    kernel: int
    slots: tuple[Slot, ...]
    words: tuple[int, ...]
    scratch: int
    serial: bool
    update: bool


@dataclass(slots=True)
class Wiring:
    """A program without its loops. kernels: the name of each kernel's function, and its key in the
    cache; checks: the slots of the graph's checks, in their order.
    """

    threads: int
    kernels: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Link | HostCall] = field(default_factory=list)
    constants: list[Array] = field(default_factory=list)
    temporaries: list[Slot] = field(default_factory=list)
    outputs: list[Slot] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    checks: list[Slot] = field(default_factory=list)


def wire(program: Program, kernels: dict[str, tuple[str, str]]) -> Wiring:
    """The wiring of a program. kernels: name and key of each kernel, by its text."""
    numbers = {text: i for i, text in enumerate(kernels)}
    made = Wiring(
        program.threads,
        list(kernels.values()),
        [],
        program.constants,
        program.temporaries,
        program.outputs,
        program.deliveries,
        [slot for slot, _ in program.checks],
    )
    for call in program.calls:
        if isinstance(call, HostCall):
            made.calls.append(call)
            continue
        kernel = call.kernel
        words = [length(x, program.batch) for x in kernel.extents]
        words += [
            _word(number, parameter.dtype)
            for parameter, number in zip(kernel.parameters, call.numbers, strict=True)
        ]
        scratch = sum(scratch_bytes(b) for b in kernel.buffers if b.scratch)
        made.calls.append(
            Link(numbers[kernel.text], call.slots, tuple(words), scratch, call.serial, call.update)
        )
    return made


def _word(number: float, dtype: np.dtype[Any]) -> int:
    """A number's bits in a word."""
    bits = np.array(number, dtype).view(f"i{dtype.itemsize}")
    return int(bits)


# -- the graph's content --------------------------------------------------------------------------
def description(graph: Graph, threads: int) -> str | None:
    """A text in which graphs differ if their programs do; None if there can be no such text.

    Lines of source and messages do not count. Calls of NumPy itself are functions of this process.
    """
    order = graph.nodes()
    if any(isinstance(node.operation, Host) for node in order):
        return None
    total = hashlib.sha256()
    number: dict[int, int] = {}
    for i, node in enumerate(order):
        number[id(node)] = i
        operands = [number[id(x)] for x in node.operands]
        total.update(f"{_operation(node)} {operands} {node.shape} {node.dtype.str}\n".encode())
    updates = [
        (u.cell, u.slot, None if u.value is None else number[id(u.value)]) for u in graph.updates
    ]
    ends = [number[id(x)] for x in graph.outputs], [number[id(c.condition)] for c in graph.checks]
    total.update(f"{ends} {updates}".encode())
    return f"program {total.hexdigest()} threads {threads} NumPy {np.__version__}"


def _operation(node: Node) -> str:
    operation = node.operation
    if not isinstance(operation, Constant):
        return repr(operation)
    array = operation.array
    return f"Constant {hashlib.sha256(array.tobytes()).hexdigest()}"


# -- as bytes -------------------------------------------------------------------------------------
def to_bytes(wiring: Wiring) -> bytes | None:
    """The wiring for the disk, as JSON and the constants' bytes; None if it cannot be kept."""
    if sum(x.nbytes for x in wiring.constants) > _MOST_CONSTANTS:
        return None
    slots: dict[Slot, int] = {}

    def at(slot: Slot | None) -> int | None:
        return None if slot is None else slots.setdefault(slot, len(slots))

    calls = []
    for call in wiring.calls:
        if isinstance(call, HostCall):
            return None
        places = [at(s) for s in call.slots]
        flags = int(call.serial), int(call.update)
        calls.append([call.kernel, places, call.words, call.scratch, *flags])
    content = {
        "threads": wiring.threads,
        "kernels": wiring.kernels,
        "calls": calls,
        "constants": [(x.dtype.str, x.shape) for x in wiring.constants],
        "temporaries": [at(s) for s in wiring.temporaries],
        "outputs": [at(s) for s in wiring.outputs],
        "deliveries": [(d.cell, d.slot, at(d.source), d.in_place) for d in wiring.deliveries],
        "checks": [at(s) for s in wiring.checks],
        "slots": [(s.kind, s.index, s.shape, s.dtype.str, s.copies, s.spare) for s in slots],
    }
    head = json.dumps(content, separators=(",", ":")).encode()
    return head + b"\0" + b"".join(x.tobytes() for x in wiring.constants)


def from_bytes(content: bytes) -> Wiring | None:
    """The inverse of `to_bytes`; None for anything else."""
    head, _, rest = content.partition(b"\0")
    try:
        return _read(json.loads(head), rest)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _read(found: dict[str, Any], rest: bytes) -> Wiring:
    slots = [
        Slot(kind, index, tuple(shape), np.dtype(dtype), copies, spare)
        for kind, index, shape, dtype, copies, spare in found["slots"]
    ]
    return Wiring(
        found["threads"],
        [(name, key) for name, key in found["kernels"]],
        [
            Link(kernel, tuple(slots[i] for i in places), tuple(words), scratch, bool(a), bool(b))
            for kernel, places, words, scratch, a, b in found["calls"]
        ],
        list(_constants(found["constants"], rest)),
        [slots[i] for i in found["temporaries"]],
        [slots[i] for i in found["outputs"]],
        [
            Delivery(cell, slot, None if i is None else slots[i], in_place)
            for cell, slot, i, in_place in found["deliveries"]
        ],
        [slots[i] for i in found["checks"]],
    )


def _constants(kinds: list[Any], content: bytes) -> Iterator[Array]:
    first = 0
    for dtype, shape in kinds:
        count, kind = math.prod(shape), np.dtype(dtype)
        array = np.frombuffer(content, kind, count, first).reshape(shape).copy()
        first += array.nbytes
        yield array
