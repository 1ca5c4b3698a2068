"""Learning at several depths: the loss of the main output and of auxiliary heads, added up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso.graph import Tensor
from shinso.nn.module import Module


class AuxiliaryLoss(Module):
    """L = loss(main, t) + weight · Σ loss(auxᵢ, t) for a network with auxiliary heads.

    An auxiliary head is a small classifier on an intermediate layer; its loss sends a gradient into
    layers that the main one reaches only weakly. It serves training alone: in evaluation such a
    network gives the main output only, and this is then the plain loss.

    loss: a Module or function of (output, target). weight: what each auxiliary loss counts for; the
    paper took 0.3.
    Source: Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 5.
    """

    def __init__(self, loss: Callable[[Any, Any], Tensor], weight: float = 0.3) -> None:
        super().__init__()
        if not callable(loss):
            raise TypeError(
                f"AuxiliaryLoss takes a loss, such as nn.CrossEntropyLoss(), not "
                f"{type(loss).__name__}"
            )
        if isinstance(weight, bool) or not 0 <= weight < float("inf"):
            raise ValueError(f"AuxiliaryLoss: weight must be a number from 0 on, got {weight!r}")
        self.loss, self.weight = loss, weight

    def forward(self, output: Any, target: Any) -> Tensor:
        """The weighted sum.

        output: a Tensor, or a tuple (also a NamedTuple) of the main output and the auxiliary ones;
        None stands for a head that the network was made without. target: the one for all of them.
        Raises ValueError for an empty tuple.
        """
        if not isinstance(output, (tuple, list)):
            return self.loss(output, target)
        if not output:
            raise ValueError("AuxiliaryLoss got a tuple without any output")
        main, *heads = output
        total = self.loss(main, target)
        losses = [self.loss(head, target) for head in heads if head is not None]
        if losses:
            total = total + self.weight * sum(losses[1:], losses[0])
        return total

    def extra_repr(self) -> str:
        """The weight, and the loss if it is a plain function."""
        name = getattr(self.loss, "__name__", None)
        return f"{name + ', ' if name else ''}weight={self.weight:g}"
