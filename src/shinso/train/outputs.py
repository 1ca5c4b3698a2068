"""The main output of a network that gives several: GoogLeNet in training mode, say."""

from __future__ import annotations

from typing import Any


def main_output(y: Any) -> Any:
    """The first of several outputs, which metrics and predictions are about; one output as it is.

    y: a Tensor, or a tuple or list (also a NamedTuple) with the main output first.
    """
    return y[0] if isinstance(y, (tuple, list)) and y else y


def check_single(y: Any, loss: Any) -> None:
    """Raise TypeError if a loss that takes one output is about to get several.

    A loss that is a function or Module of the user's own may well take a tuple.
    """
    if isinstance(y, (tuple, list)) and type(loss).__module__ == "shinso.nn.loss":
        raise TypeError(
            f"the model gave {len(y)} outputs ({type(y).__name__}), but {type(loss).__name__} "
            "takes one: Trainer(auxiliary_weight=0.3) adds up the losses of all of them, see "
            "nn.AuxiliaryLoss"
        )
