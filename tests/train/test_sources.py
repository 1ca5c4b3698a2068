"""What counts as data, and what is known about it."""

import numpy as np
import pytest

from shinso.data import ArrayDataset, DataLoader
from shinso.train.sources import Limited, as_loader, describe, pair, sample_numbers, split_off

X, T = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_loaders_are_used_as_they_are():
    loader = DataLoader(ArrayDataset(X, T), 3)
    assert as_loader(loader, 99, True, 0, "fit") is loader


def test_arrays_and_data_sets():
    for data in ((X, T), [X, T], ArrayDataset(X, T)):
        loader = as_loader(data, 4, True, 7, "fit")
        assert (len(loader), loader.batch_size, loader.shuffle, loader.seed) == (3, 4, True, 7)


def test_lists_of_numbers_are_refused():
    with pytest.raises(TypeError, match="fit takes a DataLoader"):
        as_loader(([1, 2], [3, 4]), 2, False, 0, "fit")


def test_split():
    train, held_out = split_off((X, T), 0.3, 0)
    assert (len(train), len(held_out)) == (7, 3)
    assert sorted([*train.arrays[1], *held_out.arrays[1]]) == list(range(10))


def test_limited():
    loader = Limited(DataLoader(ArrayDataset(X, T), 3, shuffle=True), 2)
    assert len(loader) == 2
    first = [t.tolist() for _, t in loader.batches(0)]
    assert first == [t.tolist() for _, t in loader.batches(5)]
    assert [t.tolist() for _, t in loader.batches(0, 1)] == first[1:]
    assert describe(loader)["limited"]
    assert len(Limited(DataLoader(ArrayDataset(X, T), 3), 99)) == 4


def test_sample_numbers():
    loader = DataLoader(ArrayDataset(X, T), 4, shuffle=True, seed=2)
    for number, (_, t) in enumerate(loader.batches(3)):
        assert sample_numbers(loader, 3, number).tolist() == t.tolist()
    assert sample_numbers(Limited(loader, 1), 0, 0) is None


def test_pair():
    assert pair((1, 2)) == (1, 2)
    with pytest.raises(ValueError, match="a batch has 3 arrays"):
        pair((1, 2, 3))
