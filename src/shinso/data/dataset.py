"""Arrays of examples that belong together, and splitting them into a training and a test part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shinso.data.errors import DataError
from shinso.data.protocols import Array, Transform
from shinso.data.shuffle import SPLIT, permutation


class ArrayDataset:
    """Examples held in arrays of equal length, usually inputs x and targets t.

    `dataset[i]` is one example, `dataset[2:5]` and `dataset[[7, 0, 7]]` are batches; each is a
    tuple with one entry per array. Like PyTorch's `TensorDataset`, but a batch is one indexing
    operation and not one per example.

    arrays: at least one array, each (N, ...): first the inputs, last the targets.
    classes: the names of the classes, if the last array holds class numbers. name: a name for
    messages, such as "mnist".
    transform: `transform(x, None) -> x`, applied to the first array of what is taken out. For what
    is random, give a transform to the `DataLoader`, which has a generator.
    Raises DataError for no array, arrays of different lengths, or a class number without a name;
    TypeError for an array of Python objects.
    """

    def __init__(
        self,
        *arrays: ArrayLike,
        classes: Sequence[str] | None = None,
        name: str | None = None,
        transform: Transform | None = None,
    ) -> None:
        self.arrays: tuple[Array, ...] = tuple(np.asarray(array) for array in arrays)
        self.classes = None if classes is None else tuple(str(label) for label in classes)
        self.name = name
        self.transform = transform
        _check_arrays(self.arrays)
        if self.classes is not None:
            check_labels(self.arrays[-1], len(self.classes), name or "ArrayDataset")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        key, single = _key(index, len(self))
        x, *rest = (array[key] for array in self.arrays)
        if self.transform is not None:
            x = self.transform(x, None)
        return tuple(part[0] for part in (x, *rest)) if single else (x, *rest)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input, as it is delivered (after the transform)."""
        if self.transform is None:
            return self.arrays[0].shape[1:]
        shape: tuple[int, ...] = self[:1][0].shape
        return shape[1:]

    def subset(self, indices: ArrayLike) -> ArrayDataset:
        """Return a new data set with only the examples `indices`, in that order."""
        key, _ = _key(np.asarray(indices), len(self))
        return ArrayDataset(
            *(array[key] for array in self.arrays),
            classes=self.classes,
            name=self.name,
            transform=self.transform,
        )

    def __repr__(self) -> str:
        shapes = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.arrays)
        label = "" if self.name is None else f"{self.name}: "
        return f"ArrayDataset({label}{shapes})"


def check_labels(labels: Array, num_classes: int, where: str) -> None:
    """Raise unless `labels` are whole numbers of shape (N,), each from 0 to num_classes - 1.

    Raises DataError with `where`, the position and the value of the first label that is wrong.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{where}: class labels must be whole numbers of shape (N,), "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if wrong.size:
        first = int(wrong[0])
        raise DataError(
            f"{where}: label {labels[first]} of example {first} is out of range; "
            f"with {num_classes} classes a label is 0 to {num_classes - 1}."
        )


def train_test_split(
    dataset: ArrayDataset, test_size: float = 0.2, seed: int = 0, stratify: bool = True
) -> tuple[ArrayDataset, ArrayDataset]:
    """Divide a data set at random into a training part and a test part.

    dataset: what to divide. test_size: the share of the test part (0 < share < 1, rounded up), or,
    if an int, how many examples it gets. seed: the same seed gives the same parts, on any machine.
    stratify: give each class the same share in both parts, as closely as whole examples allow.
    Targets that are no class labels (a regression) have no classes to balance.
    Returns (train, test), each in random order. Raises ValueError if a part would be empty,
    TypeError for a test_size that is no number.
    """
    n = len(dataset)
    count = _test_count(n, test_size)
    order = permutation(n, seed, SPLIT)
    labels = dataset.arrays[-1]
    if stratify and len(dataset.arrays) > 1 and labels.ndim == 1 and labels.dtype.kind in "iu":
        in_test = _stratified(labels[order], count)
    else:
        in_test = np.arange(n) < count
    return dataset.subset(order[~in_test]), dataset.subset(order[in_test])


def _test_count(n: int, test_size: float) -> int:
    """Return how many of n examples go into the test part."""
    if isinstance(test_size, bool) or not isinstance(test_size, int | float | np.number):
        raise TypeError(f"test_size must be a share or a number of examples, got {test_size!r}.")
    if isinstance(test_size, int | np.integer):
        count = int(test_size)
    elif 0 < test_size < 1:
        # 0.2 * 15 is 3.0000000000000004 in floating point; rounding first keeps that at 3.
        count = math.ceil(round(n * float(test_size), 9))
    else:
        raise ValueError(f"test_size as a share must lie between 0 and 1, got {test_size}.")
    if not 0 < count < n:
        raise ValueError(
            f"test_size={test_size} of {n} examples would leave "
            f"{count} for the test and {n - count} for training; both need at least one."
        )
    return count


def _stratified(labels: Array, count: int) -> NDArray[np.bool_]:
    """Mark `count` positions so that each class has its share (method of largest remainders)."""
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    exact = sizes * count / len(labels)
    quota = np.floor(exact).astype(np.int64)
    missing = count - int(quota.sum())
    by_remainder = np.argsort(quota - exact, kind="stable")
    quota[by_remainder[:missing]] += 1
    # The position of each example among those of its own class, in the given (random) order.
    by_class = np.argsort(inverse, kind="stable")
    starts = np.cumsum(sizes) - sizes
    rank = np.empty(len(labels), dtype=np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(starts, sizes)
    marks: NDArray[np.bool_] = rank < quota[inverse]
    return marks


def _check_arrays(arrays: tuple[Array, ...]) -> None:
    """Raise unless there is an array and all have the same length."""
    if not arrays:
        raise DataError("ArrayDataset needs at least one array, e.g. ArrayDataset(x, t).")
    for number, array in enumerate(arrays):
        if array.dtype.hasobject:
            raise TypeError(
                f"ArrayDataset: array {number} holds Python objects; "
                "give numbers, all rows of the same length."
            )
        if array.ndim == 0:
            raise DataError(f"ArrayDataset: array {number} is a single number, not (N, ...).")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise DataError(
            f"ArrayDataset: the arrays have different lengths, {', '.join(map(str, lengths))}; "
            "each example needs an entry in every array."
        )


def _key(index: Any, n: int) -> tuple[Any, bool]:
    """Return (a slice or an index array, whether a single example was asked for)."""
    if isinstance(index, slice):
        return index, False
    array = np.asarray(index)
    if array.size == 0 and array.ndim == 1:
        return np.zeros(0, dtype=np.int64), False
    if array.dtype == np.bool_ and array.shape == (n,):
        return np.flatnonzero(array), False
    if array.dtype.kind not in "iu" or array.ndim > 1:
        raise TypeError(
            f"a data set is indexed by a whole number, a slice, an array of whole numbers (k,) or "
            f"a mask ({n},), got {array.dtype} of shape {array.shape}."
        )
    low, high = int(array.min()), int(array.max())
    if low < -n or high >= n:
        wrong = low if low < -n else high
        raise IndexError(f"example {wrong} does not exist: the data set has {n} examples.")
    return (array.reshape(1), True) if array.ndim == 0 else (array, False)
