"""Parameters and multiply-adds of a network from shapes alone: nothing is drawn, nothing is run.

The network is built without first values and called once on stand-ins for arrays, which have a
shape and no numbers. The multiply-adds are those of `nn.summary`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import models, nn
from shinso.cell import overlaid
from shinso.compiler.key import Call
from shinso.compiler.trace import Trace
from shinso.graph import Function, Observer, get_default_dtype, no_grad, observe
from shinso.models.figures import FIGURES
from shinso.nn.summary import multiply_adds


def figures(name: str) -> tuple[int, int]:
    """(parameters, multiply-adds) of a model as `models.create(name)` makes it.

    Parameters: all of them, with auxiliary heads. Multiply-adds: of the evaluation of one image of
    the paper's size. They are looked up where they have been written down.
    """
    return FIGURES[name] if name in FIGURES else count(name)


def count(name: str) -> tuple[int, int]:
    """The same, worked out."""
    with nn.init.skip():
        model = models.create(name).eval()
    shape = (1, *models.entry(name).input_shape)
    return sum(p.size for p in model.parameters()), count_multiply_adds(model, shape)


def count_multiply_adds(model: nn.Module, shape: tuple[int, ...]) -> int:
    """Multiply-adds of one evaluation of a model on a batch of this shape. It is left as it was.

    Raises TraceError for a model that cannot be compiled.
    """
    trace = Trace(Call((np.zeros(shape, get_default_dtype()),), {}))
    counter = _Counter()
    try:
        with overlaid(trace), no_grad(), observe(counter):
            model(*trace.leaves)
    finally:
        trace.close()
    return counter.total


class _Counter(Observer):
    """Adds up what every operation costs."""

    def __init__(self) -> None:
        self.total = 0

    def forward(
        self, function: Function, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        self.total += multiply_adds(function, inputs, outputs[0])
