"""A table of a network: every layer's output shape, parameters, multiply-adds and memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Observer, get_default_dtype, no_grad, observe
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.ops.conv_transpose import TransposedConvolution
from shinso.ops.convolution import Convolution
from shinso.ops.matrix import Einsum, Linear, MatMul


@dataclass
class Row:
    """One layer: its path, type, output shape, and what it costs for the batch that was run."""

    path: str
    layer: str
    depth: int
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    multiply_adds: int
    activation_bytes: int


@dataclass
class Summary:
    """The table that `summary` makes. Its text is for reading, its rows are for programs.

    Totals count each parameter once, also when layers share it. A multiply-add counts as one
    operation.
    """

    model: str
    input_shape: tuple[int, ...]
    rows: list[Row]
    parameters: int
    trainable: int
    multiply_adds: int
    parameter_bytes: int
    activation_bytes: int

    def __str__(self) -> str:
        head = ("layer", "type", "output shape", "parameters", "multiply-adds", "memory")
        lines = [head]
        for row in self.rows:
            name = "  " * row.depth + (row.path.rsplit(".", 1)[-1] or "(model)")
            lines.append(
                (
                    name,
                    row.layer,
                    str(row.output_shape),
                    f"{row.parameters:,}",
                    f"{row.multiply_adds:,}",
                    size(row.activation_bytes),
                )
            )
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        text = [
            "  ".join(
                cell.ljust(w) if i < 3 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        rule = "─" * max(len(line) for line in text)
        return "\n".join([text[0], rule, *text[1:], rule, *self.totals()])

    def totals(self) -> list[str]:
        """The lines below the table."""
        frozen = self.parameters - self.trainable
        return [
            f"input {self.input_shape}",
            f"parameters {self.parameters:,}" + (f" ({frozen:,} frozen)" if frozen else ""),
            f"multiply-adds {self.multiply_adds:,}",
            f"memory {size(self.parameter_bytes)} of parameters, "
            f"{size(self.activation_bytes)} of activations forward",
        ]


def size(number: float) -> str:
    """A number of bytes in words: 1.5 KB."""
    for unit in ("B", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def summary(model: Module, input: Any) -> Summary:
    """Run a model once, in evaluation mode, and report on every layer.

    input: an array or Tensor, or just the shape of a batch, such as (1, 1, 32, 32).
    Returns a `Summary`; print it for the table. The model is left as it was.
    """
    if isinstance(input, Sequence) and all(isinstance(n, int) for n in input):
        dtype = next((p.dtype for p in model.parameters()), get_default_dtype())
        input = np.zeros(tuple(input), dtype=dtype)
    watcher = _Watcher(model)
    with evaluating(model), no_grad(), observe(watcher):
        model(input)
    parameters = list(model.parameters())
    return Summary(
        type(model).__name__,
        tuple(input.shape),
        watcher.rows,
        sum(p.size for p in parameters),
        sum(p.size for p in parameters if p.requires_grad),
        watcher.rows[0].multiply_adds,
        sum(p.data.nbytes for p in parameters),
        watcher.rows[0].activation_bytes,
    )


class _Watcher(Observer):
    """Notes each module's operations while a model runs, for the modules around it, too."""

    def __init__(self, model: Module) -> None:
        self.paths = {id(module): path for path, module in model.named_modules()}
        self.rows: list[Row] = []
        self.open: list[Row] = []

    def enter(self, module: Any) -> None:
        path = self.paths.get(id(module), "?")
        own = list(module.parameters())
        row = Row(
            path,
            type(module).__name__,
            len(self.open),
            (),
            sum(p.size for p in own),
            sum(p.size for p in own if p.requires_grad),
            0,
            0,
        )
        self.rows.append(row)
        self.open.append(row)

    def leave(self, module: Any) -> None:
        self.open.pop()

    def forward(
        self, function: Function, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        cost = multiply_adds(function, inputs, outputs[0])
        fresh = sum(y.nbytes for y in outputs if not _is_view(y, inputs))
        for row in self.open:
            row.multiply_adds += cost
            row.activation_bytes += fresh
            row.output_shape = tuple(outputs[0].shape)


def _is_view(y: Array, inputs: tuple[Any, ...]) -> bool:
    return any(isinstance(x, np.ndarray) and np.may_share_memory(x, y) for x in inputs)


def multiply_adds(function: Function, inputs: tuple[Any, ...], output: Array) -> int:
    """How many multiply-adds a matrix product or convolution takes; other operations count 0."""
    if isinstance(function, Convolution):
        return int(output.size * math.prod(inputs[1].shape[1:]))
    if isinstance(function, TransposedConvolution):
        return int(inputs[0].size * math.prod(inputs[1].shape[1:]))
    if isinstance(function, (Linear, MatMul)):
        return int(output.size * inputs[0].shape[-1])
    if isinstance(function, Einsum):
        a, b, _ = function.letters
        lengths = dict(zip(a + b, (*inputs[0].shape, *inputs[1].shape), strict=True))
        return math.prod(lengths.values())
    return 0
