"""Does a state fit a network? Every doubt is settled, and told, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor

_SHOWN = 8  # a network has hundreds of names; so many say what is wrong


class LoadResult(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing: list[str]
    unexpected: list[str]


def fitted(
    model: str, targets: Mapping[str, Tensor], state: Mapping[str, Any], strict: bool
) -> tuple[dict[str, Array], LoadResult]:
    """The arrays of a state as the network's tensors take them, and the names that did not match.

    model: the network's type, for messages. targets: its tensors by name. Raises ValueError that
    says all that does not fit.
    """
    missing = [name for name in targets if name not in state and not _may_lack(name)]
    unexpected = [name for name in state if name not in targets]
    arrays = {name: np.asarray(state[name]) for name in targets if name in state}
    problems = []
    if strict and missing:
        problems.append(f"missing from the state: {_some(missing)}")
    if strict and unexpected:
        problems.append(f"not in the model: {_some(unexpected)}")
    wrong = [name for name, array in arrays.items() if array.shape != targets[name].shape]
    if wrong:
        shapes = [f"{n} is {arrays[n].shape} in the state, {targets[n].shape} in the model"
                  for n in wrong]  # fmt: skip
        problems.append(_some(shapes, "; "))
    strange = [
        f"{name} is {array.dtype}, the model's is {targets[name].dtype}"
        for name, array in arrays.items()
        if name not in wrong and not _converts(array.dtype, targets[name].dtype)
    ]
    if strange:
        problems.append(_some(strange, "; "))
    if problems:
        advice = _about_the_head(wrong, arrays, targets)
        raise ValueError(f"this state does not fit {model}: {'; '.join(problems)}{advice}")
    # All of them before the first is written: a number too large for its type is an error, too.
    ready = {n: a.astype(targets[n].dtype, copy=False) for n, a in arrays.items()}
    return ready, LoadResult(missing, unexpected)


def _may_lack(name: str) -> bool:
    """Files older than PyTorch 0.4.1, many of them still published, have no such counters."""
    return name.rsplit(".", 1)[-1] == "num_batches_tracked"


def _converts(given: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    return given.kind in "fiub" and (wanted.kind == "f" or given.kind != "f")


def _some(names: Sequence[str], between: str = ", ") -> str:
    """The first few of a list, and how many more there are."""
    if len(names) <= _SHOWN + 1:
        return between.join(names)
    return between.join(names[:_SHOWN]) + f"{between}and {len(names) - _SHOWN} more"


def _about_the_head(
    wrong: Sequence[str], arrays: Mapping[str, Array], targets: Mapping[str, Tensor]
) -> str:
    """What to do if nothing but the number of classes differs; '' if something else does."""
    shapes = [(arrays[name].shape, targets[name].shape) for name in wrong]
    if not shapes or not all(a and b and a[1:] == b[1:] for a, b in shapes):
        return ""
    classes = {(a[0], b[0]) for a, b in shapes}
    heads = sorted({name.rpartition(".")[0] + "." for name in wrong})
    if len(classes) != 1 or "." in heads:
        return ""
    ((theirs, ours),) = classes
    beginnings = repr(heads[0]) if len(heads) == 1 else repr(tuple(heads))
    return (
        f". Everything else fits: the state is of a network with {theirs} classes, this one has "
        f"{ours}. Build it with num_classes={theirs}, or load all but the head: "
        "model.load_state_dict({k: v for k, v in state.items() "
        f"if not k.startswith({beginnings})}}, strict=False)"
    )
