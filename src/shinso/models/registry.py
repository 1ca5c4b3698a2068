"""Models by name, for the command line and saved runs: a closed table."""

from __future__ import annotations

import builtins
import difflib
import math
from numbers import Integral
from typing import Any

from shinso import nn
from shinso.models import (
    alexnet,
    alexnet_lrn,
    cifar_resnet,
    densenet,
    efficientnet,
    fractalnet,
    googlenet,
    inception_resnet,
    inception_v3,
    inception_v4,
    lenet,
    mnasnet,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    preact_resnet,
    pyramidnet,
    resnet,
    resnext,
    ror,
    senet,
    shake_shake,
    shakedrop,
    shufflenet_v2,
    squeezenet,
    stochastic_depth,
    swapout,
    vgg,
    wide_resnet,
    xception,
    zfnet,
)
from shinso.models.entry import Entry
from shinso.models.mlp import MLP


def _mlp(num_classes: int, input_shape: tuple[int, ...], **options: Any) -> nn.Module:
    return MLP(_features(input_shape), out_features=num_classes, **options)


def _logistic(num_classes: int, input_shape: tuple[int, ...]) -> nn.Module:
    # One score per class, also for two: what the cross-entropy takes.
    return MLP(_features(input_shape), hidden=(), out_features=num_classes)


def _features(shape: tuple[int, ...]) -> int:
    return math.prod(shape)


_ENTRIES: tuple[Entry, ...] = (
    Entry(
        "logistic", 1958, "softmax regression: scores linear in the input", _logistic, vector=True
    ),
    Entry("mlp", 1986, "hidden layers, trained by backpropagation", _mlp, vector=True),
    *lenet.ENTRIES,
    *alexnet_lrn.ENTRIES,
    *zfnet.ENTRIES,
    *alexnet.ENTRIES,
    *vgg.ENTRIES,
    *googlenet.ENTRIES,
    *inception_v3.ENTRIES,
    *resnet.ENTRIES,
    *cifar_resnet.ENTRIES,
    *inception_v4.ENTRIES,
    *inception_resnet.ENTRIES,
    *squeezenet.ENTRIES,
    *preact_resnet.ENTRIES,
    *wide_resnet.ENTRIES,
    *ror.ENTRIES,
    *pyramidnet.ENTRIES,
    *stochastic_depth.ENTRIES,
    *swapout.ENTRIES,
    *fractalnet.ENTRIES,
    *densenet.ENTRIES,
    *xception.ENTRIES,
    *resnext.ENTRIES,
    *mobilenet_v1.ENTRIES,
    *senet.ENTRIES,
    *shake_shake.ENTRIES,
    *shakedrop.ENTRIES,
    *mobilenet_v2.ENTRIES,
    *shufflenet_v2.ENTRIES,
    *mnasnet.ENTRIES,
    *efficientnet.ENTRIES,
    *mobilenet_v3.ENTRIES,
)
_TABLE = {entry.name: entry for entry in _ENTRIES}
_BY_ANY_NAME = _TABLE | {alias: entry for entry in _ENTRIES for alias in entry.aliases}


def entry(name: str) -> Entry:
    """What is known about the model of this name. Raises ValueError suggesting the nearest name."""
    if name not in _BY_ANY_NAME:
        near = difflib.get_close_matches(name.lower(), _BY_ANY_NAME, n=3)
        hint = (
            f"Did you mean {' or '.join(map(repr, near))}?"
            if near
            else "`shinso models` and models.list() show them all."
        )
        raise ValueError(f"no model is called {name!r}. {hint}")
    return _BY_ANY_NAME[name]


def create(
    name: str,
    num_classes: int | None = None,
    input_shape: tuple[int, ...] | None = None,
    *,
    in_channels: int | None = None,
    **options: Any,
) -> nn.Module:
    """Build a model by name.

        models.create("resnet18")                                   # 1000 classes, 3 channels
        models.create("cifar_resnet20", num_classes=100)
        models.create("lenet5", in_channels=3, activation="tanh")

    num_classes: outputs; the paper's by default. in_channels: 1 for grey images, 3 for colour; the
    paper's by default. input_shape: of one example, such as (1, 28, 28), instead of in_channels;
    models that take feature vectors need it. options: the model's own arguments, such as
    hidden=(300, 100).
    Returns the model with fresh weights. Raises ValueError for an unknown name or an option that
    the model does not have.
    """
    known = entry(name)
    classes = _count("num_classes", known.num_classes if num_classes is None else num_classes)
    if input_shape is not None and in_channels is not None and input_shape[0] != in_channels:
        raise ValueError(f"in_channels={in_channels} contradicts input_shape={input_shape}")
    try:
        if known.vector:
            shape = (in_channels or 1, 28, 28) if input_shape is None else tuple(input_shape)
            return known.build(classes, shape, **options)
        if in_channels is None:
            in_channels = known.in_channels if input_shape is None else input_shape[0]
        in_channels = _count("in_channels", in_channels)
        return known.build(num_classes=classes, in_channels=in_channels, **options)
    except TypeError as error:
        if "unexpected keyword" in str(error):
            wrong = str(error).rsplit("'", 2)[-2]
            raise ValueError(f"model {name!r} has no option {wrong!r}") from None
        raise


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} is a whole number of at least 1, not {value!r}")
    return int(value)


def list() -> builtins.list[str]:
    """The names of all models, oldest idea first."""
    return [*_TABLE]
