"""What is inside a network: the outputs of its layers, and the gradients that come back to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shinso.cell import Array, Overlay, overlaid
from shinso.graph import Function, Observer, Tensor, no_grad, observe
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.train.outputs import main_output


class Inside(Observer):
    """Keeps what layers give while a model runs, and the gradients of that on the way back.

    layers: dotted names of submodules; by default all that have none below them. A layer that runs
    a second time is called "name#2", and so on. Of several outputs the first counts.
    Raises ValueError for a name that the model does not have.
    """

    def __init__(self, model: Module, layers: Sequence[str] | None = None) -> None:
        self.names = _chosen(model, layers)
        self.calls = dict.fromkeys(self.names, 0)
        self.outputs: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self._makers: dict[int, tuple[Function, list[tuple[str, int]]]] = {}

    def returned(self, module: Module, output: Any) -> None:
        """Keep a layer's output."""
        output = main_output(output)
        if id(module) not in self.names or not isinstance(output, Tensor):
            return
        self.calls[id(module)] += 1
        count = self.calls[id(module)]
        name = self.names[id(module)] + (f"#{count}" if count > 1 else "")
        self.outputs[name] = output.data
        if output.creator is not None:
            _, wanted = self._makers.setdefault(id(output.creator), (output.creator, []))
            wanted.append((name, output._index))

    def backward(self, function: Function, dout: tuple[Any, ...], din: tuple[Any, ...]) -> None:
        """Keep the gradient of a layer's output, which is complete when its maker gets it."""
        for name, index in self._makers.get(id(function), (function, []))[1]:
            self.gradients[name] = dout[index]

    def in_order(self) -> dict[str, Array]:
        """The gradients in the order in which the layers ran forward."""
        return {name: self.gradients[name] for name in self.outputs if name in self.gradients}


def activations(model: Module, x: Any, layers: Sequence[str] | None = None) -> dict[str, Array]:
    """The outputs of a model's layers for some input, in the order in which they run.

    x: the input, as the model takes it. layers: dotted names of submodules, such as "features.0";
    by default all that have none below them, also those without parameters. The model itself, if it
    has no parts, is called "(model)"; a layer that runs again "name#2", and so on.
    It runs in evaluation mode: nothing random, running statistics. Nothing of the model changes.
    Raises ValueError for a name that the model does not have.
    """
    inside = Inside(model, layers)
    with evaluating(model), no_grad(), observe(inside), overlaid(Overlay()):
        model(x)
    return inside.outputs


def gradients(
    model: Module, loss: Callable[[Any, Any], Tensor], x: Any, t: Any
) -> dict[str, dict[str, Array]]:
    """The gradients of a loss with respect to the outputs of all layers and to all parameters.

    loss: a function or Module of (output, target) that gives a scalar. x, t: input and target.
    Returns {"output": {layer: ∂L/∂output}, "weight": {parameter: ∂L/∂parameter}}, each array in the
    shape of what it belongs to; layers are named as by `activations`. What the loss does not depend
    on is left out.
    The model runs in the mode that it is in, and every write is thrown away: `.grad`, running
    statistics and the random state stay as they were.
    """
    inside = Inside(model)
    with overlaid(Overlay()), observe(inside):
        model.zero_grad()
        loss(model(x), t).backward()
        named = {name: p.grad for name, p in model.named_parameters()}
    weights = {name: gradient for name, gradient in named.items() if gradient is not None}
    return {"output": inside.in_order(), "weight": weights}


def _chosen(model: Module, layers: Sequence[str] | None) -> dict[int, str]:
    """The names of the modules to look at, by their ids."""
    modules = dict(model.named_modules())
    if layers is None:
        return {id(m): name or "(model)" for name, m in modules.items() if not m._modules}
    if isinstance(layers, str):
        layers = [layers]
    unknown = [name for name in layers if name not in modules]
    if unknown:
        known = ", ".join(name for name in modules if name)
        raise ValueError(f"{type(model).__name__} has no layer {unknown[0]!r}; it has {known}")
    return {id(modules[name]): name or "(model)" for name in layers}
