"""Pictures that experiments learn from: bundled digits in the quick form, else the full data."""

from __future__ import annotations

import numpy as np

from shinso import data
from shinso.cell import Array
from shinso.data import DataSplits
from shinso.lab.experiment import Settings

Part = tuple[Array, Array]


def splits(settings: Settings, name: str = "mnist") -> DataSplits:
    """The bundled digits (8×8) in the quick form, else the data set of that name."""
    return data.load("digits" if settings.fast else name, data_dir=settings.data_dir)


def images_and_classes(settings: Settings, name: str = "mnist") -> tuple[Part, Part]:
    """Training and test images (n, channels, height, width) from 0 to 1, float32, with classes."""
    found = splits(settings, name)
    largest = 16 if found.name == "digits" else 255
    parts = []
    for part in (found.train, found.test):
        images, classes = part.arrays
        parts.append((images.astype(np.float32) / largest, classes))
    return parts[0], parts[1]


def rows_and_classes(settings: Settings, name: str = "mnist") -> tuple[Part, Part]:
    """The same with each image as a row of numbers: (n, pixels)."""
    train, test = images_and_classes(settings, name)
    return (train[0].reshape(len(train[0]), -1), train[1]), (
        test[0].reshape(len(test[0]), -1),
        test[1],
    )
