"""A network from a file of published weights: which one, its classes, and how images become input.

The file's own texts may name the network ("model") and its classes ("classes", a JSON list).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shinso import models, nn
from shinso.data import DataError, ImagePreprocessing, read_image
from shinso.data.images import read_bytes
from shinso.data.weight_file import Weights, load
from shinso.graph import no_grad

_MAX_CLASSES_BYTES = 16 << 20


@dataclass(frozen=True)
class Choices:
    """What the command line says besides the file; None for what it leaves to the model."""

    model: str | None = None
    classes: Path | None = None
    resize: int | None = None
    crop: int | None = None
    interpolation: str | None = None
    mean: str | None = None
    std: str | None = None


@dataclass(frozen=True)
class Published:
    """A network with its weights.

    classes: their names, None if nobody gave them. classes_from: the file that has them. remark: in
    one line, what was read and what is done to images.
    """

    model: nn.Module
    channels: int
    prepare: ImagePreprocessing
    classes: list[str] | None
    classes_from: Path
    remark: str

    def scores(self, images: Sequence[Path], invert: bool, batch: int) -> np.ndarray:
        """The scores (N, classes) of image files, float64. Grey images become RGB, or RGB grey.

        Raises DataError for a file that is no image, for another number of classes than names, or
        if the scores are not finite.
        """
        found = []
        for start in range(0, len(images), batch):
            x = np.stack([self._input(path, invert) for path in images[start : start + batch]])
            with no_grad():
                found.append(self.model(x).data.astype(np.float64))
            if self.classes is not None and len(self.classes) != found[0].shape[1]:
                raise DataError(
                    f"{self.classes_from}: names {len(self.classes)} classes; the network has "
                    f"{found[0].shape[1]}"
                )
        scores = np.concatenate(found)
        if not np.isfinite(scores).all():
            raise DataError("the network's scores are not finite: are its weights damaged?")
        return scores

    def _input(self, path: Path, invert: bool) -> np.ndarray:
        pixels = read_image(path, mode="L" if self.channels == 1 else "RGB")
        return self.prepare(255 - pixels if invert else pixels)


def read_published(path: Path, choices: Choices) -> Published:
    """The network of a weight file.

    Raises DataError or ValueError, naming the file: no weights, no or another model, other classes.
    """
    weights = load(path)
    name = choices.model or weights.metadata.get("model")
    if name is None:
        raise DataError(
            f"{path}: does not say whose weights it holds; add --model NAME (`shinso models` lists "
            "the names)"
        )
    entry = models.entry(name)
    try:
        model = models.weights.build(name, weights)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    channels = next((p.shape[1] for p in model.parameters() if p.ndim == 4), 0)
    if channels not in (1, 3):
        raise DataError(f"{path}: {name} takes no images of 1 or 3 channels; predict reads those")
    prepare = _preprocessing(entry, choices, channels)
    source = choices.classes or path
    remark = f"{entry.name}, {_stored(weights)}; {_steps(prepare)}"
    return Published(model, channels, prepare, _classes(source, weights, path), source, remark)


def _stored(weights: Weights) -> str:
    """What the file holds, and in which precision."""
    count = f"{sum(array.size for array in weights.values()):,} numbers"
    kinds = ", ".join(sorted(set(weights.converted.values())))
    return f"{count} ({kinds} in the file, float32 here)" if kinds else count


def _steps(prepare: ImagePreprocessing) -> str:
    return (
        f"images resized to {prepare.resize} ({prepare.interpolation}), cropped to {prepare.crop}"
    )


def _preprocessing(entry: models.Entry, choices: Choices, channels: int) -> ImagePreprocessing:
    """The model's published preprocessing, with what the command line changes."""
    known = entry.preprocessing
    if choices.mean is None or choices.std is None:
        fits = known is not None and len(known.mean) == channels
        if not fits:
            raise ValueError(
                f"{entry.name} with {channels} channel{'s' if channels > 1 else ''} has no "
                "published preprocessing: give --mean and --std as in its training (--mean "
                f"{','.join('0' * channels)} --std {','.join('1' * channels)} for pixels from 0 "
                "to 1)"
            )
    side = entry.image_size or 224
    usual = known or models.Preprocessing(resize=side, crop=side)
    return ImagePreprocessing(
        choices.resize or usual.resize,
        choices.crop or usual.crop,
        _numbers("--mean", choices.mean, channels) or usual.mean,
        _numbers("--std", choices.std, channels) or usual.std,
        choices.interpolation or usual.interpolation,
    )


def _numbers(option: str, text: str | None, channels: int) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != channels:
        raise ValueError(f"{option} is {channels} numbers joined by commas here, not {text!r}")
    return numbers


def _classes(source: Path, weights: Weights, path: Path) -> list[str] | None:
    """The classes' names, from the file that was given or from the weight file's own texts."""
    if source == path:
        text = weights.metadata.get("classes")
        if text is None:
            return None
        names = _from_json(text)
    else:
        try:
            text = read_bytes(source, _MAX_CLASSES_BYTES).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(f"{source}: class names are text in UTF-8") from None
        names = _from_json(text)
        if names is None and source.suffix.lower() != ".json":
            names = [line.strip() for line in text.splitlines() if line.strip()]
    if names is None:
        raise DataError(
            f"{source}: class names are one per line, a JSON list of texts, or a JSON dictionary "
            'from number to name ({"0": "tench", …} or {"0": ["n01440764", "tench"], …})'
        )
    return names


def _from_json(text: str) -> list[str] | None:
    """The names in a JSON text; None if it is none, or of another form."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and set(found) == {str(i) for i in range(len(found))}:
        found = [found[str(i)] for i in range(len(found))]
        found = [name[-1] if isinstance(name, list) and name else name for name in found]
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        return None
    return found
