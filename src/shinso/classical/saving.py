"""Estimators in a file: their arguments and what they learned, as JSON and arrays.

One safetensors file holds every array under a number, and in its metadata a JSON text with all the
rest, in which {"array": "3"} stands for array 3. Nothing in it can run: a file is data, not code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from shinso.cell import Array
from shinso.data import DataError
from shinso.data.weight_file import load as load_weights
from shinso.data.weight_file import save as save_weights

FORMAT = 1
_KEY = "shinso.classical"
_OWN = "shinso.classical."
_OUTSIDE = ("_sklearn_version",)  # added by scikit-learn for pickles


class Saving:
    """Gives an estimator `save`; first among its base classes.

    An attribute whose value differs from run to run, or that is no data, is named in `_not_saved`:
    copies, pickles and files are made without it.
    """

    _not_saved: ClassVar[tuple[str, ...]] = ()
    _known: ClassVar[dict[str, type[Saving]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith(_OWN):
            Saving._known[cls.__name__] = cls

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self._not_saved}

    def save(self, path: str | Path) -> None:
        """Write the arguments and everything learned into one file: JSON and safetensors.

        `shinso.classical.load(path)` gives it back. The file appears in one move when it is whole.
        Raises TypeError for an attribute that is no data (a function given as an argument, say) and
        for a class of your own; DataError if the file cannot be written.
        """
        arrays: dict[str, Array] = {}
        tree = {"format": FORMAT, "estimator": _encode(self, arrays, type(self).__name__)}
        save_weights(arrays, path, {_KEY: json.dumps(tree, allow_nan=False)})


def load(path: str | Path) -> Any:
    """Read an estimator that `estimator.save(path)` wrote; it predicts as the one that was saved.

    Raises DataError for no such file, a damaged one, one with weights alone, and one of a later
    version.
    """
    weights = load_weights(path)
    if _KEY not in weights.metadata:
        raise DataError(
            f"{path}: holds weights but no estimator. `shinso.classical.load` reads what "
            "`estimator.save(path)` wrote; shinso.load reads weights."
        )
    try:
        tree = json.loads(weights.metadata[_KEY])
        if not isinstance(tree, dict) or tree.get("format") != FORMAT:
            version = tree.get("format") if isinstance(tree, dict) else None
            raise _Unusable(f"its format is {version!r}, and this version reads {FORMAT}")
        found = _decode(tree.get("estimator"), weights)
        if not isinstance(found, Saving):
            raise _Unusable("it does not describe an estimator")
    except (_Unusable, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(f"{path}: is no estimator that can be read: {error}") from None
    return found


class _Unusable(Exception):
    """What is wrong with a file, in words."""


# -- writing -------------------------------------------------------------------------------------


def _encode(value: Any, arrays: dict[str, Array], where: str) -> Any:
    """`value` as JSON; its arrays go to `arrays`."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return _encode_array(value, arrays, where)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, list):
        return [_encode(v, arrays, f"{where}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, tuple):
        return {"tuple": [_encode(v, arrays, f"{where}[{i}]") for i, v in enumerate(value)]}
    if isinstance(value, dict):
        pairs = [[_encode(k, arrays, where), _encode(v, arrays, f"{where}[{k!r}]")]
                 for k, v in value.items()]  # fmt: skip
        return {"dict": pairs}
    if isinstance(value, np.random.RandomState):
        return {"random": _encode(value.get_state(legacy=False), arrays, where)}
    if isinstance(value, Saving):
        return _encode_estimator(value, arrays, where)
    raise TypeError(
        f"{where} is a {type(value).__name__}, which cannot be saved: a file holds numbers, texts, "
        "arrays, and shinso's own estimators"
    )


def _encode_array(value: Any, arrays: dict[str, Array], where: str) -> Any:
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    array = np.asarray(value)
    if array.dtype.kind in "OU":
        items = array.tolist()
        flat = array.ravel().tolist()
        if not all(isinstance(x, (str, bool, int, float)) for x in flat):
            raise TypeError(f"{where} is an array of objects that are no texts or numbers")
        return {"texts": _encode(items, arrays, where), "dtype": array.dtype.str, "kind": kind}
    name = str(len(arrays))
    arrays[name] = array
    return {kind: name}


def _encode_estimator(value: Any, arrays: dict[str, Array], where: str) -> Any:
    kind = type(value)
    name = kind.__name__
    if Saving._known.get(name) is not kind:
        raise TypeError(
            f"{where}: {kind.__module__}.{name} is a class of your own; only shinso's "
            "own estimators are saved"
        )
    arguments = value.get_params(deep=False)
    state = {k: v for k, v in value.__getstate__().items() if k not in _OUTSIDE}
    return {
        "class": name,
        "arguments": {k: _encode(v, arrays, f"{where}.{k}") for k, v in arguments.items()},
        "learned": {
            k: _encode(v, arrays, f"{where}.{k}") for k, v in state.items() if k not in arguments
        },
    }


# -- reading -------------------------------------------------------------------------------------


def _decode(tree: Any, arrays: Mapping[str, Array]) -> Any:
    """The value that `_encode` wrote."""
    if isinstance(tree, list):
        return [_decode(x, arrays) for x in tree]
    if not isinstance(tree, dict):
        return tree
    if "class" in tree:
        return _decode_estimator(tree, arrays)
    if "texts" in tree:
        array = np.array(_decode(tree["texts"], arrays), dtype=_text_dtype(tree["dtype"]))
        return array if tree["kind"] == "array" else array[()]
    if len(tree) != 1:
        raise _Unusable(f"it has an entry with {sorted(tree)[:4]}")
    [(kind, content)] = tree.items()
    if kind == "array":
        return arrays[content].copy()
    if kind == "scalar":
        return arrays[content][()]
    if kind == "number":
        return float(content)
    if kind == "tuple":
        return tuple(_decode(content, arrays))
    if kind == "dict":
        return {_decode(k, arrays): _decode(v, arrays) for k, v in content}
    if kind == "random":
        state = np.random.RandomState()
        state.set_state(_decode(content, arrays))
        return state
    raise _Unusable(f"it has an entry of kind {kind!r}")


def _text_dtype(name: Any) -> np.dtype[Any]:
    dtype = np.dtype(str(name))
    if dtype.kind not in "OU":
        raise _Unusable(f"it has texts of type {name!r}")
    return dtype


def _decode_estimator(tree: Mapping[str, Any], arrays: Mapping[str, Array]) -> Any:
    name = tree["class"]
    if not isinstance(name, str) or name not in Saving._known:
        raise _Unusable(f"there is no estimator called {name!r} in this version")
    kind = Saving._known[name]
    arguments = {k: _decode(v, arrays) for k, v in tree["arguments"].items()}
    made = kind(**arguments)  # a name that it does not take raises TypeError
    for key, value in tree["learned"].items():
        learned = key.isidentifier() and (key.endswith("_") != key.startswith("_"))
        if not learned or key.startswith("__") or hasattr(kind, key):
            raise _Unusable(f"{name} learns no {key!r}")
        setattr(made, key, _decode(value, arrays))
    return made
