"""MNIST as rows of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shinso import data
from shinso.cell import Array


def mnist_rows(folder: Path | None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Training and test images as rows of 784 numbers from 0 to 1, float32, with their classes."""
    splits = data.load("mnist", data_dir=folder)
    parts = []
    for part in (splits.train, splits.test):
        images, classes = part.arrays
        parts.append((images.reshape(len(images), -1).astype(np.float32) / 255, classes))
    return parts[0], parts[1]
