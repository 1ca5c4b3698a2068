"""Weights in a safetensors file: read with every doubt settled first, written whole or not at all.

The format holds arrays by name and nothing that could run, and published weights come in it.
PyTorch's own files (.pth, .pt) are pickles, which run code when they are opened; they are refused
with the two lines that convert them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from shinso.data.atomic import save_bytes
from shinso.data.bounded import file_errors, regular_file_size
from shinso.data.errors import DataError
from shinso.data.protocols import Array

MAX_FILE_BYTES = 32 << 30
_DTYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2",
    "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
_PICKLES = (".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".tar", ".th")
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class Weights(dict[str, Array]):
    """What `load` returns: arrays by name, and what the file says about itself.

    metadata: the file's own texts by name, such as {"model": "resnet18"}. converted: the arrays
    that the file holds in half precision, with the format there: "F16" or "BF16".
    """

    def __init__(
        self,
        arrays: Mapping[str, Array],
        metadata: Mapping[str, str],
        converted: Mapping[str, str],
    ) -> None:
        super().__init__(arrays)
        self.metadata, self.converted = dict(metadata), dict(converted)


def load(path: str | Path) -> Weights:
    """Read the arrays of a safetensors file: what `model.load_state_dict` takes.

        model = shinso.models.create("resnet18")
        model.load_state_dict(shinso.load("resnet18.safetensors"))

    Half precision (float16, bfloat16) becomes float32, which holds every such number exactly;
    `.converted` says which arrays those were. All other types stay as they are.
    Returns a dictionary of arrays, with `.metadata`.
    Raises DataError for no such file, one that is damaged, cut short or of another format (for
    PyTorch's .pth the message says how to convert it), or a type of number NumPy does not have.
    """
    path = Path(path)
    size = regular_file_size(path)
    if size > MAX_FILE_BYTES:
        raise DataError(f"{path}: has {size:,} bytes; at most {MAX_FILE_BYTES:,} are allowed.")
    with file_errors(path):
        content = path.read_bytes()
    _refuse_pickles(path, content[:9])
    read: Any = safetensors.deserialize  # it has no type information
    try:
        entries = read(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (safetensors.SafetensorError, ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: is no whole safetensors file ({_detail(error)}). Fetch it again."
        ) from None
    del content  # the weights twice in memory are enough
    arrays = {name: _array(path, name, entry) for name, entry in entries}
    halves = {name: e["dtype"] for name, e in entries if e["dtype"] in ("F16", "BF16")}
    return Weights(arrays, header.get("__metadata__") or {}, halves)


def save(
    state: Mapping[str, Any], path: str | Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write arrays by name, such as `model.state_dict()`, into a safetensors file.

        shinso.save(model.state_dict(), "mine.safetensors", {"model": "resnet18"})

    metadata: texts to keep with them; `shinso predict --weights` reads "model" from there. The
    file appears in one move when it is complete.
    Raises TypeError for what is no dictionary of numbers, DataError if it cannot be written.
    """
    if not isinstance(state, Mapping):
        raise TypeError(f"save takes a dictionary of arrays by name, not a {type(state).__name__}")
    arrays = {}
    for name, value in state.items():
        array = np.asarray(value)
        if not isinstance(name, str) or array.dtype.str[1:] not in {*_DTYPES.values(), "b1"}:
            raise TypeError(f"save got {name!r} of {array.dtype}; it takes numbers under names")
        # (ascontiguousarray would give a 0-d array an axis)
        arrays[name] = array if array.flags.c_contiguous else array.copy(order="C")
    texts = {} if metadata is None else dict(metadata)
    if not all(isinstance(text, str) for pair in texts.items() for text in pair):
        raise TypeError("save takes metadata that are texts by name, such as {'model': 'resnet18'}")
    save_bytes(path, safetensors.numpy.save(arrays, texts or None))


def _array(path: Path, name: str, entry: Mapping[str, Any]) -> Array:
    """One array of the file, half precision as float32."""
    kind = entry["dtype"]
    if kind not in _DTYPES:
        raise DataError(
            f"{path}: {name} holds numbers of type {kind}; shinso reads {', '.join(_DTYPES)}. "
            "Save it as float32."
        )
    values = np.frombuffer(entry["data"], dtype=np.dtype(_DTYPES[kind]).newbyteorder("<"))
    if kind == "BF16":  # the upper half of a float32
        values = (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif kind == "F16":
        values = values.astype(np.float32)
    return values.reshape(entry["shape"])


def _refuse_pickles(path: Path, start: bytes) -> None:
    """Raise, with a way out, for files that PyTorch writes.

    A safetensors file begins with the length of its header, at most 100 MB in eight bytes, and {.
    """
    if start[4:] == b"\0\0\0\0{" or path.suffix.lower() == ".npz":
        return
    if not start.startswith(_PICKLE_STARTS) and path.suffix.lower() not in _PICKLES:
        return
    target = path.with_suffix(".safetensors").name
    raise DataError(
        f"{path}: is a pickle, which could run any code; shinso reads safetensors files. "
        "Convert it where PyTorch is installed:\n"
        "    import torch, safetensors.torch\n"
        f"    safetensors.torch.save_file(torch.load({path.name!r}, weights_only=True), {target!r})"
    )


def _detail(error: Exception) -> str:
    """The library's reason, without its introduction."""
    return str(error).removeprefix("Error while deserializing: ")[:120]
