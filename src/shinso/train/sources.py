"""Whatever the user calls data, as something that gives batches (x, t)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.data import ArrayDataset, DataLoader, train_test_split
from shinso.data.protocols import BatchTransform, Transform

Batch = tuple[Array, Array]


def as_loader(
    data: Any,
    batch_size: int,
    shuffle: bool,
    seed: int,
    what: str,
    transform: Transform | None = None,
    batch_transform: BatchTransform | None = None,
) -> Any:
    """A loader for `data`.

    data: a DataLoader (used as it is; anything with `batches(epoch, start)` and a length will do),
    a data set with a length that is indexed by arrays, or a tuple of arrays (x, t).
    what: what to call it in messages. transform, batch_transform: for the loader that is made of a
    data set or of arrays, see `DataLoader`.
    Raises TypeError for anything else, ValueError if there is no
    batch in it.
    """
    if hasattr(data, "batches") and hasattr(data, "__len__"):
        loader = data
    elif isinstance(data, (tuple, list)) and all(isinstance(a, np.ndarray) for a in data):
        data = ArrayDataset(*data)
        loader = None
    elif hasattr(data, "__len__") and hasattr(data, "__getitem__") and not _is_plain(data):
        loader = None
    else:
        raise TypeError(
            f"{what} takes a DataLoader, a data set or a tuple of arrays (x, t), not "
            f"{type(data).__name__}"
        )
    if loader is None:
        loader = DataLoader(
            data,
            batch_size,
            shuffle,
            seed=seed,
            transform=transform,
            batch_transform=batch_transform,
        )
    if len(loader) == 0:
        raise ValueError(
            f"{what} has no batch: it is empty, or smaller than one batch and drop_last=True"
        )
    return loader


def _is_plain(data: Any) -> bool:
    return isinstance(data, (np.ndarray, tuple, list, str, bytes, Mapping))


def split_off(train: Any, share: float, seed: int) -> tuple[ArrayDataset, ArrayDataset]:
    """Keep back a share of the training data for validation, at random and stratified.

    Raises TypeError for data that cannot be split here, such as a loader.
    """
    if isinstance(train, tuple):
        train = ArrayDataset(*train)
    if not isinstance(train, ArrayDataset):
        raise TypeError(
            "validation_split needs arrays (x, t) or an ArrayDataset, not "
            f"{type(train).__name__}: split it yourself and give fit(validation=...)"
        )
    return train_test_split(train, test_size=float(share), seed=seed)


def pair(batch: Any) -> Batch:
    """The (x, t) of a batch. Raises ValueError for any other number of arrays."""
    if len(batch) != 2:
        raise ValueError(
            f"a batch has {len(batch)} arrays; training takes two, input and target (x, t). For an "
            "autoencoder give (x, x)"
        )
    return batch[0], batch[1]


class Limited:
    """The first batches of a loader, the same in every epoch: for `overfit_batches`."""

    def __init__(self, loader: Any, count: int) -> None:
        self.loader = loader
        self.held = list(islice(loader.batches(0), count))

    def __len__(self) -> int:
        return len(self.held)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Any]:
        """The held batches from number `start` on."""
        return iter(self.held[start:])


def describe(loader: Any) -> dict[str, Any]:
    """What the order of the data depends on, to be compared when a run is resumed."""
    if isinstance(loader, Limited):
        return {**describe(loader.loader), "batches": len(loader), "limited": True}
    facts: dict[str, Any] = {"batches": len(loader)}
    for name in ("batch_size", "shuffle", "drop_last", "seed"):
        if hasattr(loader, name):
            facts[name] = getattr(loader, name)
    if hasattr(loader, "dataset"):
        facts["samples"] = len(loader.dataset)
    return facts


def sample_numbers(loader: Any, epoch: int, batch: int) -> Array | None:
    """Which samples of the data set are in a batch; None if the loader cannot tell."""
    if not isinstance(loader, DataLoader):
        return None
    start = batch * loader.batch_size
    return loader.order(epoch)[start : start + loader.batch_size]
