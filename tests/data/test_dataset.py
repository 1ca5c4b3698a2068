"""ArrayDataset: indexing, checks, subsets; train_test_split: sizes, strata, repeatability."""

import numpy as np
import pytest

from shinso.data import ArrayDataset, DataError, Resize, ToFloat, train_test_split


def make(n=10, **options):
    return ArrayDataset(np.arange(n * 3.0).reshape(n, 3), np.arange(n) % 2, **options)


def test_one_example_a_slice_and_an_index_array():
    data = make()
    x, t = data[3]
    assert x.tolist() == [9.0, 10.0, 11.0]
    assert t == 1
    assert data[-1][0].tolist() == [27.0, 28.0, 29.0]
    assert data[2:5][0].shape == (3, 3)
    x, t = data[[7, 0, 7]]
    assert x[:, 0].tolist() == [21.0, 0.0, 21.0]
    assert t.tolist() == [1, 0, 1]
    assert data[np.array([4])][0].shape == (1, 3)
    assert data[np.int64(4)][0].shape == (3,)
    assert data[[]][0].shape == (0, 3)
    assert len(data[np.arange(10) > 6][0]) == 3


def test_facts():
    data = make(classes=["a", "b"], name="letters")
    assert len(data) == 10
    assert data.classes == ("a", "b")
    assert data.input_shape == (3,)
    assert repr(data) == "ArrayDataset(letters: float64[10, 3], int64[10])"
    assert make().classes is None


def test_three_arrays_and_one():
    assert len(ArrayDataset(np.zeros(4), np.zeros((4, 2)), np.zeros(4))[0]) == 3
    assert ArrayDataset([1.0, 2.0])[1] == (2.0,)


@pytest.mark.parametrize("index", [10, -11, [0, 10], [-11]])
def test_an_index_out_of_range(index):
    with pytest.raises(IndexError, match="the data set has 10 examples"):
        make()[index]


@pytest.mark.parametrize("index", [1.5, "a", [[0, 1]], np.array([True, False]), None])
def test_an_index_of_the_wrong_kind(index):
    with pytest.raises(TypeError, match="a data set is indexed by"):
        make()[index]


def test_empty():
    data = ArrayDataset(np.zeros((0, 1, 8, 8)), np.zeros(0, dtype=np.int64))
    assert len(data) == 0
    assert data.input_shape == (1, 8, 8)
    assert data[:][0].shape == (0, 1, 8, 8)
    with pytest.raises(IndexError, match="has 0 examples"):
        data[0]


def test_wrong_arrays():
    with pytest.raises(DataError, match="different lengths, 3, 4"):
        ArrayDataset(np.zeros(3), np.zeros(4))
    with pytest.raises(DataError, match="at least one array"):
        ArrayDataset()
    with pytest.raises(DataError, match="array 1 is a single number"):
        ArrayDataset(np.zeros(3), 1.0)
    with pytest.raises(TypeError, match="array 0 holds Python objects"):
        ArrayDataset(np.array([{}, None], dtype=object))


@pytest.mark.parametrize("wrong", [2, -1])
def test_a_label_out_of_range_names_the_example(wrong):
    labels = np.array([0, 1, wrong])
    with pytest.raises(DataError, match=rf"pets: label {wrong} of example 2 .* 0 to 1"):
        ArrayDataset(np.zeros(3), labels, classes=["cat", "dog"], name="pets")


def test_labels_must_be_whole_numbers():
    with pytest.raises(DataError, match="whole numbers"):
        ArrayDataset(np.zeros(2), np.array([0.0, 1.0]), classes=["a", "b"])


def test_the_transform_applies_to_inputs_as_they_are_taken_out():
    data = ArrayDataset(np.full((4, 1, 2, 2), 255, np.uint8), np.arange(4), transform=ToFloat())
    assert data.arrays[0].dtype == np.uint8
    x, t = data[1]
    assert x.shape == (1, 2, 2)
    assert x.dtype == np.float32
    assert t == 1
    assert data[1:3][0].max() == 1.0
    assert ArrayDataset(data.arrays[0], transform=Resize(5)).input_shape == (1, 5, 5)
    assert data.subset([0])[0][0].dtype == np.float32


def test_split_sizes():
    train, test = train_test_split(make(10, classes=["a", "b"], name="n"))
    assert (len(train), len(test)) == (8, 2)
    assert train.classes == ("a", "b")
    assert test.name == "n"
    assert [len(part) for part in train_test_split(make(15), 0.2)] == [12, 3]
    assert [len(part) for part in train_test_split(make(11), 0.2)] == [8, 3]
    assert [len(part) for part in train_test_split(make(10), 7)] == [3, 7]


def test_split_keeps_every_example_once_with_its_target():
    data = ArrayDataset(np.arange(50), np.arange(50) % 3)
    train, test = train_test_split(data, 0.3, seed=4)
    x = np.concatenate([train.arrays[0], test.arrays[0]])
    t = np.concatenate([train.arrays[1], test.arrays[1]])
    assert sorted(x.tolist()) == list(range(50))
    assert np.array_equal(x % 3, t)


def test_split_is_stratified():
    labels = np.repeat([0, 1, 2], [70, 20, 10])
    _, test = train_test_split(ArrayDataset(np.arange(100), labels), 0.2)
    assert np.bincount(test.arrays[1]).tolist() == [14, 4, 2]
    counts = {
        tuple(np.bincount(train_test_split(data, 0.2, seed, False)[1].arrays[1], minlength=3))
        for data in [ArrayDataset(np.arange(100), labels)]
        for seed in range(5)
    }
    assert len(counts) > 1


def test_split_uses_largest_remainders():
    # 5 of 12 with classes of 7, 4, 1: shares 2.92, 1.67, 0.42 become 3, 2, 0.
    labels = np.repeat([5, 8, 9], [7, 4, 1])
    _, test = train_test_split(ArrayDataset(np.arange(12), labels), 5)
    assert np.bincount(test.arrays[1], minlength=10)[[5, 8, 9]].tolist() == [3, 2, 0]


def test_split_is_the_same_for_a_seed_and_another_for_another():
    data = ArrayDataset(np.arange(100), np.zeros(100, dtype=np.int64))
    a, b, c = (train_test_split(data, seed=seed)[1].arrays[0] for seed in (1, 1, 2))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(a, np.sort(a))


def test_split_of_a_regression_and_of_inputs_alone():
    assert len(train_test_split(ArrayDataset(np.zeros(10), np.zeros((10, 1))))[1]) == 2
    assert len(train_test_split(ArrayDataset(np.arange(10)))[1]) == 2


@pytest.mark.parametrize("size", [0, 10, 11, -1, 0.0, 1.0, -0.5, 1.5, float("nan")])
def test_split_of_a_size_that_cannot_be(size):
    with pytest.raises(ValueError, match="test_size"):
        train_test_split(make(10), size)


def test_split_of_the_wrong_kind():
    with pytest.raises(TypeError, match="test_size"):
        train_test_split(make(10), "half")
    with pytest.raises(ValueError, match="both need at least one"):
        train_test_split(make(1), 0.2)
