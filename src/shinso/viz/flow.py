"""What flows where while a model runs: its operations, grouped as its modules call each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso.cell import Array, Overlay, overlaid
from shinso.graph import Function, Observer, Tensor, no_grad, observe
from shinso.nn.module import Module
from shinso.train.outputs import main_output


@dataclass(eq=False)
class Value:
    """An array that flows. maker: None for an input, a parameter or a constant.

    name: of the former two; empty for a constant or what an operation made. parameter: whether it
    is one, or a buffer.
    """

    shape: tuple[int, ...]
    maker: Operation | None = None
    name: str = ""
    parameter: bool = False
    users: list[Operation] = field(default_factory=list)


@dataclass(eq=False)
class Operation:
    """One operation. home: the innermost call that it ran in."""

    function: Function
    home: Call
    inputs: list[Value]
    outputs: list[Value]

    def operations(self) -> Iterator[Operation]:
        """Itself."""
        yield self


@dataclass(eq=False)
class Call:
    """One call of a module: the calls and operations in it, in the order in which they ran.

    name: the module's dotted name, with "#2" and so on when it runs again; empty for the model and
    for what is around it, where module is None. output: what it gave, if that is one tensor.
    """

    name: str
    module: Module | None
    home: Call | None
    items: list[Call | Operation] = field(default_factory=list)
    output: Value | None = None

    def operations(self) -> Iterator[Operation]:
        """Every operation in it, however deep."""
        for item in self.items:
            yield from item.operations()

    def calls(self) -> list[Call]:
        """The calls directly in it."""
        return [item for item in self.items if isinstance(item, Call)]


class Recorder(Observer):
    """Records a run. Arrays are told apart by identity, and kept so that none takes another's."""

    def __init__(self, model: Module) -> None:
        self.names = {id(module): name for name, module in model.named_modules()}
        self.times: dict[int, int] = {}
        self.top = self.open = Call("", None, None)
        self.values: dict[int, tuple[Array, Value]] = {}
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            self.name(tensor.data, name, parameter=True)

    def name(self, array: Array, name: str, parameter: bool = False) -> None:
        """Say how an array is called that no operation makes."""
        self.values[id(array)] = array, Value(array.shape, None, name, parameter)

    def enter(self, module: Module) -> None:
        """A call begins."""
        count = self.times[id(module)] = self.times.get(id(module), 0) + 1
        name = self.names.get(id(module), type(module).__name__)
        call = Call(name + (f"#{count}" if count > 1 else ""), module, self.open)
        self.open.items.append(call)
        self.open = call

    def returned(self, module: Module, output: Any) -> None:
        """A call has given something."""
        output = main_output(output)
        if isinstance(output, Tensor):
            self.open.output = self._value(output.data)

    def leave(self, module: Module) -> None:
        """A call has ended."""
        assert self.open.home is not None
        self.open = self.open.home

    def forward(
        self, function: Function, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        """An operation has run."""
        values = [self._value(x) for x in inputs if isinstance(x, np.ndarray)]
        made = Operation(function, self.open, values, [])
        for value in values:
            value.users.append(made)
        for array in outputs:
            value = Value(array.shape, made)
            self.values[id(array)] = array, value
            made.outputs.append(value)
        self.open.items.append(made)

    def _value(self, array: Array) -> Value:
        if id(array) not in self.values:
            self.name(array, "")
        return self.values[id(array)][1]


def record(
    model: Module, inputs: tuple[Any, ...], loss: Callable[[Any], Any] | None = None
) -> tuple[Call, Value | None]:
    """Run a model, and a loss on its output, and record it; every write is thrown away.

    Returns the call around everything, and the value that came out at the end.
    """
    tensors = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
    with overlaid(Overlay()), no_grad():
        recorder = Recorder(model)
        for name, x in zip(_argument_names(model, len(tensors)), tensors, strict=True):
            recorder.name(x.data, name)
        with observe(recorder):
            output = model(*tensors)
            result = main_output(output) if loss is None else loss(output)
        last = recorder._value(result.data) if isinstance(result, Tensor) else None
    return recorder.top, last


def _argument_names(model: Module, count: int) -> list[str]:
    """What the model's forward calls its arguments."""
    known = [
        p.name
        for p in inspect.signature(model.forward).parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return [known[i] if i < len(known) else f"input {i + 1}" for i in range(count)]
