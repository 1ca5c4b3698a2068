"""What loading a named data set gives: a training part, a test part, and facts about both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from shinso.data.dataset import ArrayDataset
from shinso.data.protocols import Array

CHUNK_BYTES = 16 << 20


@dataclass(frozen=True)
class DataSplits:
    """A data set ready for training.

    `train` and `test` deliver float32 inputs: images (N, C, H, W) with pixels from 0 to 1 (they are
    kept as uint8 and turned into floats batch by batch), tables (N, F) as they are. For inputs of
    mean 0 and variance 1 put `Normalize(splits.mean, splits.std)` behind it.

    train, test: the two parts. name: the name of the data set.
    task: "classification" (labels int64 (N,)) or "regression" (targets float32 (N, 1)). classes:
    the names of the classes in label order, or None.
    mean: per channel (or column), over the training part as delivered, before any resizing. std:
    the same; 1 where everything is equal, so that one can divide by it.
    input_shape: the shape of one input, e.g. (1, 28, 28). source: where the data came from.
    divided: whether the test part was drawn from the examples here, at random, because the data has
    none of its own.
    """

    train: ArrayDataset
    test: ArrayDataset
    name: str
    task: Literal["classification", "regression"]
    classes: tuple[str, ...] | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_shape: tuple[int, ...]
    source: str
    divided: bool = False


def mean_and_std(x: Array, scale: float = 1.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel (axis 1) of x / scale, in float64.

    The deviation is that of the whole (divided by N, not N - 1). A constant channel gets the
    deviation 1. The data is read in pieces, so that it is never all in memory as float64.
    Raises ValueError if `x` is empty or has no axis 1.
    """
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"mean_and_std needs data of shape (N, C, ...), got {x.shape}.")
    axes = (0, *range(2, x.ndim))
    rows = max(1, CHUNK_BYTES // (8 * x[0].size))
    chunks = [slice(start, start + rows) for start in range(0, len(x), rows)]
    count = x.size // x.shape[1]
    total = sum(x[chunk].sum(axis=axes, dtype=np.float64) for chunk in chunks)
    mean = np.asarray(total) / count
    middle = mean.reshape(1, -1, *(1,) * (x.ndim - 2))
    # Two passes: sums of squares alone lose digits when the mean is far from 0.
    squares = sum(np.square(x[chunk] - middle).sum(axis=axes) for chunk in chunks)
    std = np.sqrt(np.asarray(squares) / count)
    std[x.min(axis=axes) == x.max(axis=axes)] = scale
    return tuple((mean / scale).tolist()), tuple((std / scale).tolist())
