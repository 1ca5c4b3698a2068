"""Taking a state apart: plain values for JSON, arrays for safetensors, and back again.

A state is made of dictionaries with string keys, lists, strings, numbers, booleans, None and
arrays. An array becomes {"$tensor": name}, where the name is its place, such as
"optimizer/state/0/exp_avg". A number that JSON does not know becomes {"$float": "nan"}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from shinso.cell import Array

TENSOR, FLOAT = "$tensor", "$float"
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def pack(state: Any, tensors: dict[str, Array], place: str = "") -> Any:
    """The plain part of a state; its arrays are added to `tensors` under their places.

    Raises TypeError, naming the place, for anything that cannot be saved.
    """
    if isinstance(state, Mapping):
        return {key: pack(value, tensors, _below(place, key)) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [pack(value, tensors, f"{place}/{i}") for i, value in enumerate(state)]
    if isinstance(state, np.ndarray):
        if state.dtype.kind not in "fiub":
            raise TypeError(f"{place}: an array of {state.dtype} cannot be saved, only numbers")
        tensors[place] = np.array(state, dtype=state.dtype.newbyteorder("="), order="C")
        return {TENSOR: place}
    if isinstance(state, np.generic):
        state = state.item()
    if isinstance(state, float) and not math.isfinite(state):
        return {FLOAT: str(state)}
    if state is None or isinstance(state, (bool, int, float, str)):
        return state
    raise TypeError(
        f"{place}: a {type(state).__name__} cannot be saved. A state is made of dictionaries, "
        "lists, text, numbers and arrays"
    )


def unpack(plain: Any, tensors: Mapping[str, Array]) -> Any:
    """The state that `pack` took apart. Raises ValueError for an array that is not there."""
    if isinstance(plain, list):
        return [unpack(value, tensors) for value in plain]
    if not isinstance(plain, dict):
        return plain
    if set(plain) == {TENSOR}:
        name = plain[TENSOR]
        if not isinstance(name, str) or name not in tensors:
            raise ValueError(f"the array {name!r} is missing")
        return tensors[name]
    if set(plain) == {FLOAT}:
        if not isinstance(plain[FLOAT], str) or plain[FLOAT] not in _ODD:
            raise ValueError(f"{plain[FLOAT]!r} is no number")
        return _ODD[plain[FLOAT]]
    return {key: unpack(value, tensors) for key, value in plain.items()}


def _below(place: str, key: Any) -> str:
    if not isinstance(key, str) or key in (TENSOR, FLOAT):
        raise TypeError(f"{place or 'state'}: {key!r} cannot be a name in a saved state")
    return f"{place}/{key}" if place else key
