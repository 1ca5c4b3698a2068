"""A graph made runnable: object code for its kernels, memory for its arrays, plans for the driver.

The argument words of all kernels lie in one array, which is made once; a call only writes the
addresses of the caller's arrays and of the cells into it and lets the driver run.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.compiler import scalar
from shinso.compiler.arena import Lifetime, place
from shinso.compiler.assemble import lower
from shinso.compiler.cache import Request, kernel_cache
from shinso.compiler.emit import emit_kernel
from shinso.compiler.errors import TraceError
from shinso.compiler.graph import Contract, Graph, Map
from shinso.compiler.interpret import CheckFailed
from shinso.compiler.program import Call, HostCall, InPlace, Program, Slot
from shinso.compiler.runtime.affinity import get_num_threads
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.runtime.driver_code import BARRIER, SINGLE
from shinso.compiler.target import Target, target
from shinso.compiler.wiring import Link, Wiring, description, from_bytes, to_bytes, wire

_SMALL = 1 << 20
"""Below so many operations a step stays on one thread."""


IN_PLACE: Any = InPlace()
"""Stands for the value of an update that is already in its cell."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """Calls up to a host call or to the first update; a host call itself."""

    plan: Plan | None
    host: HostCall | None
    checked: bool  # all demands must be met before it runs


class Executable:
    """A compiled graph."""

    def __init__(
        self, graph: Graph, threads: int | None = None, machine: Target | None = None
    ) -> None:
        refuse_unknown(graph)
        self.graph = graph
        self.target = machine or target()
        if threads is None:
            threads = get_num_threads() if _work(graph) >= _SMALL else 1
        self.threads = threads
        self.wiring, self.addresses = self._wired()
        self._place_memory()
        self._write_words()
        self._cut()

    # -- preparing -------------------------------------------------------------------------------

    @functools.cached_property
    def program(self) -> Program:
        """The kernels' loops, made again if the disk only had their code: to look inside."""
        return lower(self.graph, self.target, self.threads)

    def _wired(self) -> tuple[Wiring, list[int]]:
        """The program's wiring and its kernels' addresses, from the disk if it has them all."""
        cache = kernel_cache(self.target)
        text = description(self.graph, self.threads)
        key = None if text is None else cache.key(text)
        content = None if key is None else cache.store.read(key)
        kept = None if content is None else from_bytes(content)
        addresses = None if kept is None else cache.find_many(kept.kernels)
        if kept is not None and addresses is not None:
            return kept, addresses
        found = compile_kernels(self.program, self.target)
        names = {text: (kernel_name(text), cache.key(text)) for text in found}
        wiring = wire(self.program, names)
        content = None if key is None else to_bytes(wiring)
        if key is not None and content is not None:
            cache.store.write(key, content)
        return wiring, list(found.values())

    def _place_memory(self) -> None:
        """One arena for temporaries and the threads' scratch."""
        wiring = self.wiring
        lifetimes = [
            Lifetime(s.elements * s.dtype.itemsize, 1 << 30, -1) for s in wiring.temporaries
        ]
        for i, call in enumerate(wiring.calls):
            for slot in _slots(call):
                if slot.kind == "temporary":
                    life = lifetimes[slot.index]
                    life.first, life.last = min(life.first, i), max(life.last, i)
        lasting = [*wiring.outputs, *wiring.checks]
        lasting += [d.source for d in wiring.deliveries if d.source is not None]
        for slot in lasting:
            if slot.kind == "temporary":
                lifetimes[slot.index].last = len(wiring.calls)
        offsets, total = place(lifetimes)
        self.scratch_stride = max(
            (c.scratch for c in wiring.calls if isinstance(c, Link)), default=0
        )
        self.bytes = total + self.scratch_stride * wiring.threads
        self.memory = np.zeros(self.bytes + 64, np.uint8)
        base = -self.memory.ctypes.data % 64
        self.scratch = self.memory.ctypes.data + base + total
        self.temporaries = [
            self.memory[base + offset : base + offset + life.size]
            for offset, life in zip(offsets, lifetimes, strict=True)
        ]

    def _write_words(self) -> None:
        """The argument words of all calls, and where the caller's addresses go."""
        words: list[int] = []
        self.firsts: list[int] = []
        patches: dict[tuple[str, int], list[int]] = {}
        for call in self.wiring.calls:
            self.firsts.append(len(words))
            if isinstance(call, HostCall):
                continue
            for slot in call.slots:
                if slot.kind in ("argument", "state"):
                    patches.setdefault((slot.kind, slot.index), []).append(len(words))
                    words.append(0)
                elif slot.kind == "constant":
                    words.append(self.wiring.constants[slot.index].ctypes.data)
                else:
                    words.append(self.temporaries[slot.index].ctypes.data)
            words.extend(call.words)
            words.extend((self.scratch, self.scratch_stride))
        self.words = np.array([*words, 0], np.int64)
        self.patches = {key: np.array(at) for key, at in patches.items()}

    def _cut(self) -> None:
        """Plans between host calls, and a cut where demands must have been met."""
        wiring = self.wiring
        self.segments: list[_Segment] = []
        records: list[Record] = []
        checked = not wiring.checks

        def close() -> None:
            if records:
                plan = Plan(records, self.words, wiring.threads, keep=self.memory)
                self.segments.append(_Segment(plan, None, checked))
                records.clear()

        for call, first in zip(wiring.calls, self.firsts, strict=True):
            if isinstance(call, HostCall):
                close()
                self.segments.append(_Segment(None, call, checked))
                continue
            if call.update and not checked:
                close()
                checked = True
            flags = BARRIER | (SINGLE if call.serial else 0)
            records.append(Record(self.addresses[call.kernel], first, flags))
        close()

    # -- running ---------------------------------------------------------------------------------

    def run(
        self, arguments: Sequence[Array], states: Sequence[Array | None]
    ) -> tuple[list[Array], list[Any]]:
        """One step: outputs, and for each update its value or IN_PLACE.

        Raises CheckFailed before a cell is written.
        """
        arrays: dict[tuple[str, int], Array] = {}
        for kind, given in (("argument", arguments), ("state", states)):
            for i, array in enumerate(given):
                if array is not None:
                    arrays[kind, i] = _readable(array, kind)
        for key, at in self.patches.items():
            self.words[at] = arrays[key].__array_interface__["data"][0]
        verified = not self.wiring.checks
        for segment in self.segments:
            if segment.checked and not verified:
                self._verify(arrays)
                verified = True
            if segment.plan is not None:
                segment.plan.run()
            elif segment.host is not None:
                self._call_host(segment.host, arrays)
        if not verified:
            self._verify(arrays)
        outputs = [
            np.array(self._array(slot, node.shape, arrays))
            for slot, node in zip(self.wiring.outputs, self.graph.outputs, strict=True)
        ]
        return outputs, [self._update(i, states, arrays) for i in range(len(self.graph.updates))]

    def _verify(self, arrays: dict[tuple[str, int], Array]) -> None:
        for i, (slot, check) in enumerate(zip(self.wiring.checks, self.graph.checks, strict=True)):
            if not np.all(self._array(slot, check.condition.shape, arrays)):
                raise CheckFailed(i)

    def _update(
        self, i: int, states: Sequence[Array | None], arrays: dict[tuple[str, int], Array]
    ) -> Any:
        delivery, value = self.wiring.deliveries[i], self.graph.updates[i].value
        if delivery.source is None or value is None:
            return None
        if delivery.in_place:
            held, used = states[delivery.cell], arrays["state", delivery.cell]
            return IN_PLACE if used is held or _same_memory(used, held) else used
        return np.array(self._array(delivery.source, value.shape, arrays))

    def _array(
        self, slot: Slot, shape: tuple[int, ...], arrays: dict[tuple[str, int], Array]
    ) -> Array:
        """The memory of a slot, seen as an array."""
        if slot.kind == "temporary":
            return self.temporaries[slot.index].view(slot.dtype)[: math.prod(shape)].reshape(shape)
        if slot.kind == "constant":
            return self.wiring.constants[slot.index].reshape(shape)
        return arrays[slot.kind, slot.index].reshape(shape)

    def _call_host(self, call: HostCall, arrays: dict[tuple[str, int], Array]) -> None:
        run: Callable[..., Any] = call.node.operation.run  # type: ignore[union-attr]
        given = [
            np.array(self._array(s, x.shape, arrays))
            for s, x in zip(call.operands, call.node.operands, strict=True)
        ]
        result = run(*given)
        several = isinstance(result, (tuple, list))
        for slot, made in zip(call.results, result if several else [result], strict=False):
            if slot is not None:
                np.copyto(self._array(slot, slot.shape, arrays), made)


def refuse_unknown(graph: Graph) -> None:
    """Raise TraceError for numbers and functions that there is no machine code for."""
    for node in graph.nodes():
        operation = node.operation
        kind, size = node.dtype.kind, node.dtype.itemsize
        if kind not in "biuf" or (kind == "f" and size not in (4, 8)):
            raise TraceError(
                f"{node.dtype} numbers are not compiled: convert with .astype(np.float32) or "
                "another of float32, float64, bool and the integers",
                node.source,
            )
        if isinstance(operation, Map) and operation.function not in scalar.SUPPORTED:
            raise TraceError(
                f"np.{operation.function} is not compiled yet: call it outside the compiled "
                "function",
                node.source,
            )


def kernel_name(text: str) -> str:
    """The name of the function that a kernel of this text becomes."""
    return f"kernel_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def compile_kernels(program: Program, machine: Target) -> dict[str, int]:
    """The address of every distinct kernel of a program, by its text."""
    kernels = {c.kernel.text: c.kernel for c in program.calls if isinstance(c, Call)}
    cache = kernel_cache(machine)
    requests = []
    for text, kernel in kernels.items():
        name = kernel_name(text)
        named = replace(kernel, name=name)
        requests.append(
            Request(cache.key(text), name, functools.partial(emit_kernel, named, machine))
        )
    return dict(zip(kernels, cache.get_many(requests), strict=True))


def _slots(call: Link | HostCall) -> list[Slot]:
    if isinstance(call, Link):
        return list(call.slots)
    return [*call.operands, *(s for s in call.results if s is not None)]


def _readable(array: Array, kind: str) -> Array:
    """An array that kernels can read as it lies: C order; a caller's read-only one may be a cell's
    own memory, which the step writes.
    """
    if array.flags.c_contiguous and array.flags.aligned:
        return array if kind == "state" or array.flags.writeable else array.copy()
    return np.array(array, order="C")


def _same_memory(a: Array, b: Array | None) -> bool:
    return b is not None and bool(
        a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
    )


def _work(graph: Graph) -> int:
    """Roughly how many operations a graph takes."""
    total = 0
    for node in graph.nodes():
        operation = node.operation
        if isinstance(operation, Contract):
            a, b = node.operands
            names = (*operation.left, *operation.right)
            lengths = dict(zip(names, (*a.shape, *b.shape), strict=True))
            total += math.prod(lengths.values())
        else:
            total += node.size
    return total
