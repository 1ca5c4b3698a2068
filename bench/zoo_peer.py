"""The zoo's networks in PyTorch, as torchvision and pytorchcv have them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from bench.side import State
from bench.zoo import PEERS


def build(name: str, classes: int) -> torch.nn.Module:
    """The peer's network. Raises ImportError where the library is not installed."""
    peer = PEERS[name]
    if peer.library == "torchvision":
        make = getattr(_torchvision(), peer.name)
        if peer.name in ("googlenet", "inception_v3"):
            return make(weights=None, num_classes=classes, init_weights=False, **dict(peer.options))
        return make(weights=None, num_classes=classes, **dict(peer.options))
    return _CIFAR[name](classes)


def _torchvision() -> Any:
    """torchvision's models. Its compiled operations, which no classifier needs, may be missing."""
    register = torch.library.register_fake
    implement = torch.library.Library.impl

    def only_others(library: Any, name: Any, *rest: Any, **more: Any) -> Any:
        if library.ns != "torchvision":
            implement(library, name, *rest, **more)

    torch.library.register_fake = lambda *_, **__: lambda function: function  # type: ignore[assignment]
    torch.library.Library.impl = only_others  # type: ignore[method-assign]
    try:
        from torchvision import models
    finally:
        torch.library.register_fake = register
        torch.library.Library.impl = implement  # type: ignore[method-assign]
    return models


def _resnext29(classes: int) -> torch.nn.Module:
    from pytorchcv.models.resnext_cifar import get_resnext_cifar

    return get_resnext_cifar(classes, blocks=29, cardinality=8, bottleneck_width=64)


def _densenet(classes: int) -> torch.nn.Module:
    from pytorchcv.models.densenet_cifar import get_densenet_cifar

    return get_densenet_cifar(classes, blocks=100, growth_rate=12, bottleneck=True)


def _resnet(classes: int) -> torch.nn.Module:
    from pytorchcv.models.resnet_cifar import get_resnet_cifar

    return get_resnet_cifar(classes, blocks=56, bottleneck=False)


def _pyramid(classes: int) -> torch.nn.Module:
    from pytorchcv.models.pyramidnet_cifar import get_pyramidnet_cifar

    return get_pyramidnet_cifar(classes, blocks=110, alpha=48, bottleneck=False)


_CIFAR: dict[str, Callable[[int], torch.nn.Module]] = {
    "resnext29_8x64d": _resnext29,
    "densenet_bc100_12": _densenet,
    "cifar_resnet56": _resnet,
    "pyramidnet110_a48": _pyramid,
}


def load(model: torch.nn.Module, state: State) -> None:
    """Take over shinso's weights: by name, or, where names differ, by order.

    Raises ValueError if the two do not have the same tensors.
    """
    mine = model.state_dict()
    names = list(mine) if set(mine) != set(state) else list(state)
    if len(names) != len(state):
        raise ValueError(f"shinso has {len(state)} tensors, the peer {len(names)}")
    for name, (theirs, array) in zip(names, state.items(), strict=True):
        if tuple(mine[name].shape) != array.shape:
            raise ValueError(f"{theirs} {array.shape} is not {name} {tuple(mine[name].shape)}")
        mine[name] = torch.from_numpy(np.ascontiguousarray(array))
    model.load_state_dict(mine)  # with the versions that PyTorch keeps beside the tensors
