"""Batches of a data set: in order or shuffled, prepared by threads, resumable at any batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.data.errors import DataError
from shinso.data.prefetch import ordered_map
from shinso.data.protocols import Array, BatchTransform, Dataset, Transform
from shinso.data.shuffle import MIX, ORDER, TRANSFORM, check_seed, generator, permutation

Batch = tuple[Array, ...]


class DataLoader:
    """Go through a data set in batches, as PyTorch's `DataLoader` does, but with whole arrays.

    A batch is one indexing operation, `dataset[indices]`, and arrives as a tuple of arrays, e.g.
    (x, t). The order is a function of (seed, epoch) alone, and the random generator a transform
    gets is a function of (seed, epoch, batch number) alone. So any number of worker threads gives
    the same bits, and so does a run that was stopped and goes on with `batches(epoch, start)`.

    Each `for` loop over the loader is one epoch; it uses `loader.epoch` and increases it by one.

    dataset: has `len()` and takes an index array, e.g. an `ArrayDataset`.
    batch_size: examples per batch; the last batch of an epoch may be smaller. drop_last: leave out
    a last batch that is not full.
    shuffle: a new random order in each epoch. seed: decides the orders and what random transforms
    draw.
    num_workers: threads that prepare batches in the background; 0 prepares them in the loop.
    prefetch: batches each worker prepares ahead (PyTorch: `prefetch_factor`).
    transform: `transform(x, rng) -> x` for the first array of each batch. target_transform: the
    same for the last array of each batch, e.g. `OneHot(10)`.
    batch_transform: `batch_transform(x, t, rng) -> (x, t)` for both of them together, after the
    other two, e.g. `Mixup(0.2, 10)`; its generator is one of its own.
    Raises ValueError for an argument out of its range, TypeError for one of the wrong kind.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        num_workers: int = 0,
        drop_last: bool = False,
        seed: int = 0,
        transform: Transform | None = None,
        prefetch: int = 2,
        target_transform: Transform | None = None,
        batch_transform: BatchTransform | None = None,
    ) -> None:
        self.dataset = dataset
        self.batch_size = _at_least(1, batch_size, "batch_size")
        self.shuffle = bool(shuffle)
        self.num_workers = _at_least(0, num_workers, "num_workers")
        self.drop_last = bool(drop_last)
        self.seed = check_seed(seed)
        self.transform = transform
        self.prefetch = _at_least(1, prefetch, "prefetch")
        self.target_transform = target_transform
        self.batch_transform = batch_transform
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """The number of the epoch that the next `for` loop runs, counted from 0."""
        return self._epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch = _at_least(0, number, "epoch")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full + (1 if rest and not self.drop_last else 0)

    def __iter__(self) -> Iterator[Batch]:
        epoch = self._epoch
        self._epoch += 1
        return self.batches(epoch)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Return the example numbers in the order of `epoch`, shape (N,)."""
        n = len(self.dataset)
        if self.shuffle:
            return permutation(n, self.seed, ORDER, _at_least(0, epoch, "epoch"))
        return np.arange(n, dtype=np.int64)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Iterate over the batches of `epoch` from batch number `start` on.

        They are the very batches that a full pass over that epoch gives at these places.
        Raises ValueError if `epoch` or `start` is negative, or there are fewer than `start`
        batches.
        """
        epoch, start = _at_least(0, epoch, "epoch"), _at_least(0, start, "start")
        count = len(self)
        if start > count:
            raise ValueError(f"start={start}, but an epoch has only {count} batches.")
        order = self.order(epoch)

        def load(number: int) -> Batch:
            place = number * self.batch_size
            return self._load(order[place : place + self.batch_size], epoch, number)

        return ordered_map(
            load, range(start, count), self.num_workers, self.num_workers * self.prefetch
        )

    def _load(self, indices: NDArray[np.int64], epoch: int, number: int) -> Batch:
        """Take the examples `indices` out of the data set and transform them."""
        batch = _as_arrays(self.dataset[indices], len(indices), number)
        if self.transform is not None or self.target_transform is not None:
            rng = generator(self.seed, TRANSFORM, epoch, number)
            if self.transform is not None:
                batch = (self.transform(batch[0], rng), *batch[1:])
            if self.target_transform is not None:
                batch = (*batch[:-1], self.target_transform(batch[-1], rng))
        if self.batch_transform is not None:
            rng = generator(self.seed, MIX, epoch, number)
            batch = _mix(self.batch_transform, batch, rng)
        return batch

    def __repr__(self) -> str:
        return (
            f"DataLoader({len(self.dataset)} examples, batch_size={self.batch_size}, "
            f"shuffle={self.shuffle}, {len(self)} batches)"
        )


def _mix(transform: BatchTransform, batch: Batch, rng: np.random.Generator) -> Batch:
    """Change the inputs and targets of a batch together."""
    if len(batch) < 2:
        raise DataError(
            f"batch_transform={transform!r} takes inputs and targets, but the data set delivers "
            f"{len(batch)} array: give ArrayDataset(x, t)."
        )
    found = transform(batch[0], batch[-1], rng)
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(
            f"batch_transform={transform!r} must return the pair (x, t), not "
            f"{type(found).__name__}."
        )
    return (found[0], *batch[1:-1], found[1])


def _as_arrays(taken: Any, count: int, number: int) -> Batch:
    """Return what the data set gave as a tuple of arrays, each with `count` entries."""
    parts = taken if isinstance(taken, tuple | list) else (taken,)
    batch = tuple(np.asarray(part) for part in parts)
    for position, part in enumerate(batch):
        if part.ndim == 0 or len(part) != count:
            raise DataError(
                f"the data set was asked for the {count} examples of batch {number}, but entry "
                f"{position} of what it returned has shape {part.shape}. dataset[indices] must "
                "return arrays with one entry per index."
            )
    return batch


def _at_least(low: int, value: int, name: str) -> int:
    """Return `value` as an int if it is a whole number >= low."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    if value < low:
        raise ValueError(f"{name} must be {low} or greater, got {value}.")
    return int(value)
