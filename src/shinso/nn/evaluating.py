"""A model in evaluation mode for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shinso.nn.module import Module


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Inside the block nothing is random; afterwards each layer is in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            if module.training != training:
                module.training = training
