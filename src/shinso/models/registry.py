"""Models by name, for the command line and saved runs: a closed table."""

from __future__ import annotations

import builtins
import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shinso import nn
from shinso.models.lenet import LeNet5
from shinso.models.mlp import MLP


@dataclass(frozen=True)
class Entry:
    """What is known about a model before it is built.

    build: makes it from `num_classes`, the input's shape (without the batch) and options.
    image_size: the side of the images it takes, None for any. vector: whether it also takes
    feature vectors.
    """

    name: str
    year: int
    idea: str
    build: Callable[..., nn.Module]
    image_size: int | None = None
    vector: bool = False


def _mlp(num_classes: int, input_shape: tuple[int, ...], **options: Any) -> nn.Module:
    return MLP(_features(input_shape), out_features=num_classes, **options)


def _logistic(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    # One score per class, also for two: what the cross-entropy takes.
    return MLP(_features(input_shape), hidden=(), out_features=num_classes)


def _lenet5(num_classes: int, input_shape: tuple[int, ...], **options: Any) -> nn.Module:
    return LeNet5(num_classes, input_shape[0], **options)


def _features(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


_ENTRIES = [
    Entry(
        "logistic", 1958, "softmax regression: scores linear in the input", _logistic, vector=True
    ),
    Entry("mlp", 1986, "hidden layers, trained by backpropagation", _mlp, vector=True),
    Entry("lenet5", 1998, "shared weights: convolution and pooling", _lenet5, image_size=32),
]
_TABLE = {entry.name: entry for entry in _ENTRIES}


def entry(name: str) -> Entry:
    """What is known about the model of this name. Raises ValueError suggesting the nearest name."""
    if name not in _TABLE:
        near = difflib.get_close_matches(name.lower(), _TABLE, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(_TABLE)}."
        raise ValueError(f"no model is called {name!r}. {hint}")
    return _TABLE[name]


def create(
    name: str, num_classes: int = 10, input_shape: tuple[int, ...] | None = None, **options: Any
) -> nn.Module:
    """Build a model by name.

    num_classes: outputs. input_shape: of one example, such as (1, 28, 28); the model's own image
    size with one channel if not given. options: the model's own arguments, such as hidden=(300,
    100).
    Raises ValueError for an unknown name or an option that the model does not have.
    """
    known = entry(name)
    if input_shape is None:
        side = known.image_size or 28
        input_shape = (1, side, side)
    try:
        return known.build(num_classes, tuple(input_shape), **options)
    except TypeError as error:
        if "unexpected keyword" in str(error):
            wrong = str(error).rsplit("'", 2)[-2]
            raise ValueError(f"model {name!r} has no option {wrong!r}") from None
        raise


def list() -> builtins.list[str]:
    """The names of all models."""
    return [*_TABLE]
