"""Checkpoints: everything a run needs to go on, on disk as one unit.

A checkpoint is two files. The arrays (weights, optimizer, random counter, ...) are in a safetensors
file whose name holds its place and the start of its checksum; the rest is in `last.json` or
`best.json`, which names that file, its size and its SHA-256. The JSON file is put into place last
and in one move: until then the older checkpoint is the valid one, afterwards the new one is.
Files that no JSON file names any more are deleted then. Nothing here is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.numpy

from shinso.cell import Array
from shinso.data.atomic import write_bytes, write_text
from shinso.data.errors import DataError
from shinso.train.packing import pack, unpack
from shinso.version import __version__

FORMAT = "shinso-checkpoint"
FORMAT_VERSION = 1
LAST, BEST = "last", "best"
MAX_JSON_BYTES = 256 << 20
_ARRAY_FILE = re.compile(r"e\d{4,9}-b\d{5,12}-[0-9a-f]{12}\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that has been read and checked.

    path: its JSON file. header: format, versions, environment. state: what was saved.
    """

    path: Path
    header: dict[str, Any]
    state: dict[str, Any]

    @property
    def weights(self) -> dict[str, Array]:
        """The model's `state_dict()`."""
        return dict(self.state["model"])

    @property
    def epoch(self) -> int:
        """How many epochs were complete."""
        return int(self.state["position"]["epoch"])

    @property
    def batch(self) -> int:
        """How many batches of the next epoch were done."""
        return int(self.state["position"]["batch"])


def save_checkpoint(
    folder: Path,
    state: Mapping[str, Any],
    environment: Mapping[str, Any],
    names: tuple[str, ...] = (LAST,),
) -> Path:
    """Write a checkpoint under each of `names` ("last", "best"); a failure leaves the old ones.

    state: dictionaries of plain values and arrays, with "model" and "position" among them.
    environment: what the exact bits depend on besides the state, such as the number of threads.
    Returns the path of the first JSON file. Raises OSError, or TypeError for what cannot be saved.
    """
    tensors: dict[str, Array] = {}
    plain = pack(state, tensors)
    content = safetensors.numpy.save(tensors)
    checksum = hashlib.sha256(content).hexdigest()
    place = state["position"]
    file = f"e{place['epoch']:04d}-b{place['batch']:05d}-{checksum[:12]}.safetensors"
    if not (folder / file).exists() or _sha256(folder / file) != checksum:
        write_bytes(folder / file, content)
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "shinso": __version__,
        "environment": dict(environment),
        "arrays": {
            "file": file,
            "bytes": len(content),
            "sha256": checksum,
            "names": {name: [str(a.dtype), list(a.shape)] for name, a in tensors.items()},
        },
        "state": plain,
    }
    text = json.dumps({**document, "sha256": _digest(document)}, indent=1, allow_nan=False)
    for name in names:
        write_text(folder / f"{name}.json", text + "\n")
    _remove_unnamed(folder)
    return folder / f"{names[0]}.json"


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read and check a checkpoint.

    path: a run folder, its `checkpoints` folder, or a JSON file in there.
    Raises DataError, in one line, if there is none or it is damaged, cut short, of another format
    or version: nothing is ever half-read.
    """
    json_file = find_checkpoint(path)
    document = _read_document(json_file)
    arrays = document["arrays"]
    tensors = _read_arrays(json_file, arrays)
    try:
        state = unpack(document["state"], tensors)
    except ValueError as error:
        raise DataError(f"{json_file}: damaged checkpoint: {error}.") from None
    if not isinstance(state, dict) or not {"model", "position"} <= set(state):
        raise DataError(f"{json_file}: damaged checkpoint: it has no model or no position.")
    header = {k: v for k, v in document.items() if k not in ("state", "sha256")}
    return Checkpoint(json_file, header, state)


def find_checkpoint(path: str | Path) -> Path:
    """The JSON file that `path` stands for; the last checkpoint of a run. Raises DataError."""
    path = Path(path)
    for candidate in (path, path / f"{LAST}.json", path / "checkpoints" / f"{LAST}.json"):
        if candidate.is_file():
            return candidate
    raise DataError(
        f"{path}: no checkpoint here; expected a run folder with checkpoints/last.json, or a "
        "checkpoint's JSON file."
    )


def _read_document(path: Path) -> dict[str, Any]:
    """The JSON file, checked."""
    try:
        size = path.stat().st_size
        if size > MAX_JSON_BYTES:
            raise DataError(f"{path}: {size} bytes are too many for a checkpoint's JSON file.")
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=_no_constant)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    except DataError:
        raise
    except (ValueError, RecursionError):
        raise DataError(
            f"{path}: damaged or cut short: it is not complete JSON. The other checkpoint of the "
            "run (last.json, best.json) may be whole."
        ) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DataError(f"{path}: this is not a checkpoint of shinso.")
    if document.get("format_version") != FORMAT_VERSION:
        raise DataError(
            f"{path}: format version {document.get('format_version')!r}; this shinso "
            f"{__version__} reads version {FORMAT_VERSION}."
        )
    body = {k: v for k, v in document.items() if k != "sha256"}
    if document.get("sha256") != _digest(body) or not _is_array_list(body.get("arrays")):
        raise DataError(f"{path}: damaged or edited: its checksum does not fit its content.")
    return document


def _is_array_list(arrays: Any) -> bool:
    return (
        isinstance(arrays, dict)
        and set(arrays) == {"file", "bytes", "sha256", "names"}
        and isinstance(arrays["file"], str)
        and isinstance(arrays["names"], dict)
    )


def _read_arrays(json_file: Path, arrays: Mapping[str, Any]) -> dict[str, Array]:
    """The safetensors file beside the JSON file: size, checksum and every array checked."""
    name = arrays["file"]
    if not _ARRAY_FILE.fullmatch(name):
        raise DataError(f"{json_file}: it names {name!r}, which is no file of a checkpoint.")
    path = json_file.parent / name
    try:
        size = path.stat().st_size
        if size != arrays["bytes"]:
            raise DataError(
                f"{path}: {size} bytes, expected {arrays['bytes']}: cut short or damaged."
            )
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}.") from None
    if hashlib.sha256(content).hexdigest() != arrays["sha256"]:
        raise DataError(f"{path}: damaged: its checksum is not the one in {json_file.name}.")
    try:
        tensors: dict[str, Array] = safetensors.numpy.load(content)
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: no valid safetensors file: {error}.") from None
    found = {name: [str(a.dtype), list(a.shape)] for name, a in tensors.items()}
    if found != arrays["names"]:
        wrong = sorted(set(found) ^ set(arrays["names"])) or ["shapes"]
        raise DataError(f"{path}: its arrays are not those listed in {json_file.name}: {wrong[0]}.")
    return tensors


def _remove_unnamed(folder: Path) -> None:
    """Delete array files that neither last.json nor best.json names, and what a crash left."""
    named = set()
    for name in (LAST, BEST):
        path = folder / f"{name}.json"
        if path.exists():
            try:
                named.add(_read_document(path)["arrays"]["file"])
            except DataError:
                return  # a damaged one: delete nothing that someone may want to rescue
    for path in folder.iterdir():
        left_over = path.name.startswith(".") and path.name.endswith(".tmp")
        if left_over or (_ARRAY_FILE.fullmatch(path.name) and path.name not in named):
            path.unlink(missing_ok=True)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def _digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON document, whatever its spacing."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
