"""What a named layer makes of a batch of images."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.train.outputs import main_output


def find_layer(model: Module, name: str) -> Module:
    """The submodule with this dotted name. Raises ValueError with the names that are like it."""
    known = {path: module for path, module in model.named_modules() if path}
    if name in known:
        return known[name]
    near = get_close_matches(str(name), known, 3, 0.5)
    like = " or ".join(map(repr, near))
    hint = f"did you mean {like}?" if near else f"it has: {_some(known) or 'none'}"
    raise ValueError(f"{type(model).__name__} has no layer {name!r}; {hint}")


def _some(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:12]) + (", …" if len(first) > 12 else "")


def input_images(model: Module, images: Any) -> Array:
    """Images as the model takes them: (n, C, H, W) in the type of its parameters.

    Raises ValueError for another shape or none, TypeError for integers: their scale is unknown.
    """
    array = np.asarray(images)
    if array.ndim != 4 or not array.size:
        raise ValueError(
            f"images for a model are (n, C, H, W), not {array.shape}; a single one is x[None]"
        )
    if array.dtype.kind != "f":
        raise TypeError(
            f"the images are {array.dtype}; give the floats that the model was trained on"
        )
    dtype = next((p.dtype for p in model.parameters() if p.dtype.kind == "f"), array.dtype)
    return array.astype(dtype)


def one_image(model: Module, x: Any) -> Array:
    """One image as a batch (1, C, H, W) of the model's type."""
    array = np.asarray(x)
    batch = input_images(model, array[None] if array.ndim == 3 else array)
    if len(batch) != 1:
        raise ValueError(f"give one image, not {len(batch)}: x[:1]")
    return batch


def layer_output(
    model: Module, x: Tensor, layer: str, *, cut: bool = False
) -> tuple[Tensor, Tensor]:
    """Run the model in evaluation mode; return its (main) output and that of a layer inside.

    x: (n, C, H, W). layer: a name as in `model.named_modules()`; of a layer that runs several
    times the last output counts. cut: let the recorded graph begin at the layer's output, a leaf
    then, instead of at x.
    Raises ValueError if there is no such layer, if it did not run, or its output is not
    (n, c, h, w).
    """
    module = find_layer(model, layer)
    seen: list[Any] = []

    def note(_: Module, __: Any, output: Any) -> Any:
        again = cut and isinstance(output, Tensor)
        seen.append(Tensor(output.data, requires_grad=True) if again else output)
        return seen[-1]

    hook = module.register_forward_hook(note)
    try:
        with evaluating(model):
            result = main_output(model(x))
    finally:
        hook.remove()
    if not seen:
        raise ValueError(f"layer {layer!r} did not run: the model does not use it in evaluation")
    check_maps(layer, seen[-1])
    return result, seen[-1]


def check_maps(layer: str, output: Any) -> None:
    """Raise ValueError unless a layer's output is a batch of maps (n, c, h, w)."""
    shape = tuple(getattr(output, "shape", ()))
    if len(shape) != 4:
        raise ValueError(
            f"layer {layer!r} gives {shape or type(output).__name__}, not maps (n, c, h, w): "
            "name a convolution, a pooling layer or what stands between them"
        )


def check_units(layer: str, maps: Any, units: Iterable[int]) -> None:
    """Raise ValueError unless the layer has channels of these numbers."""
    channels = maps.shape[1]
    for unit in units:
        if not 0 <= unit < channels:
            raise ValueError(
                f"layer {layer!r} has channels 0 to {channels - 1}; there is no unit {unit}"
            )
