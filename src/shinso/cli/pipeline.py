"""From a data set's images to a model's input: floats, the right size, mean 0, deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shinso.data import (
    Compose,
    Normalize,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    Resize,
)
from shinso.data.protocols import Transform

AUGMENTATIONS = ("none", "shift", "crop", "reflect", "flip", "rotate")


@dataclass(frozen=True)
class Pipeline:
    """How one input becomes the model's input; kept in a run's config, so that later runs do the
    same.

    input_shape: of one example as the data set delivers it. side: images are padded (when a few
    pixels are missing) or resized to side × side; None leaves them. mean, std: per channel, for
    normalizing.
    """

    input_shape: tuple[int, ...]
    side: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def is_image(self) -> bool:
        """Whether inputs are (C, H, W)."""
        return len(self.input_shape) == 3

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of one input as the model gets it."""
        if self.is_image and self.side is not None:
            return (self.input_shape[0], self.side, self.side)
        return self.input_shape

    def steps(self, augment: Sequence[str] = (), last: Sequence[Transform] = ()) -> Compose:
        """The transforms in order.

        augment: names of augmentations, for training batches only. last: what comes after them and
        after normalizing.
        """
        steps: list[Any] = []
        if self.is_image and self.side is not None:
            steps += _fit(self.input_shape[1:], self.side)
        for name in augment:
            if name != "crop":
                steps += self._augmentation(name)
        steps.append(Normalize(self.mean, self.std))
        # Its border is 0 after normalizing: the mean, as He et al. 2015 have it.
        for name in augment:
            if name == "crop":
                steps += self._augmentation(name)
        return Compose([*steps, *last])

    def _augmentation(self, name: str) -> list[Any]:
        if name not in AUGMENTATIONS:
            raise ValueError(f"no augmentation is called {name!r}: {', '.join(AUGMENTATIONS)}")
        if name == "none":
            return []
        if not self.is_image:
            raise ValueError(f"augmentation {name!r} is for images; this data set is a table")
        height, width = self.output_shape[1:]
        eighth = max(1, min(height, width) // 8)  # the papers' 4 of 32 pixels
        if name == "shift":
            return [RandomCrop((height, width), padding=max(1, min(height, width) // 10))]
        if name == "crop":
            return [RandomCrop((height, width), padding=eighth)]
        if name == "reflect":
            return [RandomCrop((height, width), padding=eighth, padding_mode="reflect")]
        if name == "flip":
            return [RandomHorizontalFlip()]
        return [RandomRotation(10.0)]


def _fit(size: tuple[int, ...], side: int) -> list[Any]:
    """Pad when at most a quarter is missing on either axis (28 → 32), resize otherwise."""
    height, width = size
    if (height, width) == (side, side):
        return []
    if side * 3 // 4 <= min(height, width) and max(height, width) <= side:
        top, left = (side - height) // 2, (side - width) // 2
        return [Pad((left, top, side - width - left, side - height - top))]
    return [Resize((side, side))]
