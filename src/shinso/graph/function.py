"""`Function`: one operation, forward and backward, in plain NumPy."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.graph.mode import mode
from shinso.graph.tensor import Tensor

_order = itertools.count()


def _not_written(self: Function, *arrays: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} must define forward and backward")


class Function:
    """One operation. Subclass it with `forward` and `backward`; use a new instance for every call.

        class Multiply(Function):
            def forward(self, x, y):
                self.x, self.y = x, y
                return x * y

            def backward(self, dz):
                return dz * self.y, dz * self.x

        z = Multiply()(x, y)

    `forward` gets one value per input (an array; a Python number stays one; None stays None) and
    returns an array or a tuple of arrays. `backward` gets one gradient per output and returns one
    array or None per input. Options go into `__init__`. Keep on `self` what backward needs; it is
    freed after backward. Summing over broadcast axes and adding up branches is the graph's work.
    `self.needs_grad` holds one flag per input, for operations whose gradients are dear.
    """

    forward: Callable[..., Any] = _not_written
    backward: Callable[..., Any] = _not_written

    inputs: tuple[Tensor | None, ...] = ()
    needs_grad: tuple[bool, ...] = ()
    outputs = 1
    order = -1
    released = False
    output_types: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...] = ()
    retained: dict[int, weakref.ref[Tensor]] = {}

    def __call__(self, *inputs: Any) -> Any:
        """Run forward and record the operation, unless nothing needs a gradient."""
        if self.order >= 0 or self.released:
            raise RuntimeError(
                f"this {type(self).__name__} was already used: make a new one for every call"
            )
        arrays, needs = [], []
        recording = mode.recording
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x.data)
                needs.append(recording and x._requires_grad)
            else:
                arrays.append(_checked(x, self))
                needs.append(False)
        self.needs_grad = tuple(needs)
        result = self.forward(*arrays)
        several = isinstance(result, tuple)
        results = [_arrayed(y, self) for y in result] if several else [_arrayed(result, self)]
        if mode.observer is not None:
            mode.observer.forward(self, tuple(arrays), tuple(results))
        creator = None
        if True in needs:
            self._record(inputs, results)
            creator = self
        else:
            self.order = 0
        if several:
            return tuple([Tensor._of(y, creator, i) for i, y in enumerate(results)])
        return Tensor._of(results[0], creator, 0)

    def _record(self, inputs: tuple[Any, ...], results: list[Any]) -> None:
        self.inputs = tuple([x if isinstance(x, Tensor) else None for x in inputs])
        self.order = next(_order)
        self.retained = {}
        if len(results) > 1:
            self.outputs = len(results)
            self.output_types = tuple([(y.shape, y.dtype) for y in results])

    def release(self) -> None:
        """Forget inputs and saved arrays: this operation's part of the graph is done with."""
        outputs = self.outputs
        vars(self).clear()
        self.outputs, self.released = outputs, True


def _checked(x: Any, function: Function) -> Any:
    """Pass on what op code can work with; refuse the rest by name."""
    if x is None or isinstance(x, (np.ndarray, int, float, np.generic)):
        return x
    if hasattr(type(x), "__array_function__"):
        return x
    raise TypeError(
        f"{type(function).__name__} got a {type(x).__name__} where it takes a Tensor, an array, a "
        "number or None. Wrap lists with shinso.tensor(...)."
    )


def _arrayed(y: Any, function: Function) -> Any:
    """A result as an array (NumPy turns 0-d results into scalars); refuse what is none."""
    if isinstance(y, np.ndarray):
        return y
    if isinstance(y, (np.generic, float, int)):
        return np.asarray(y)
    if isinstance(y, Tensor) or not hasattr(y, "dtype"):
        raise TypeError(
            f"{type(function).__name__}.forward returned a {type(y).__name__}: it gets plain "
            "arrays and returns one array, or a tuple of arrays for several outputs"
        )
    return y
