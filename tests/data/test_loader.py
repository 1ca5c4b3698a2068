"""DataLoader: batches, order, epochs, threads, random transforms, resuming, leaving early."""

import gc
import itertools
import subprocess
import sys
import threading

import numpy as np
import pytest

from shinso.data import (
    ArrayDataset,
    Compose,
    DataError,
    DataLoader,
    OneHot,
    RandomCrop,
    RandomHorizontalFlip,
    ToFloat,
)


def numbers(n=10):
    return ArrayDataset(np.arange(n), np.arange(n) * 2)


def images(n=23):
    x = np.random.default_rng(0).integers(0, 256, (n, 1, 6, 6), dtype=np.uint8)
    return ArrayDataset(x, np.arange(n))


AUGMENT = Compose([RandomCrop(6, padding=2), RandomHorizontalFlip(), ToFloat()])


def our_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("shinso-data")]


def test_batches_in_order():
    batches = list(DataLoader(numbers(), batch_size=4))
    assert [x.tolist() for x, _ in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(np.array_equal(t, 2 * x) for x, t in batches)
    assert all(isinstance(batch, tuple) for batch in batches)


@pytest.mark.parametrize(
    ("n", "size", "drop", "count"),
    [(10, 4, False, 3), (10, 4, True, 2), (8, 4, False, 2), (8, 4, True, 2), (3, 5, True, 0),
     (3, 5, False, 1), (0, 5, False, 0), (0, 5, True, 0), (1, 1, False, 1)],
)  # fmt: skip
@pytest.mark.parametrize("workers", [0, 2])
def test_length(n, size, drop, count, workers):
    loader = DataLoader(numbers(n), size, drop_last=drop, num_workers=workers)
    assert len(loader) == count
    batches = list(loader)
    assert len(batches) == count
    if drop:
        assert all(len(x) == size for x, _ in batches)


def test_defaults_are_those_of_pytorch():
    loader = DataLoader(numbers(3))
    assert [x.shape for x, _ in loader] == [(1,)] * 3
    assert repr(loader) == "DataLoader(3 examples, batch_size=1, shuffle=False, 3 batches)"


def test_shuffle_gives_every_example_once_in_a_new_order_each_epoch():
    loader = DataLoader(numbers(100), 7, shuffle=True, seed=5)
    first, second = (np.concatenate([x for x, _ in loader]) for _ in range(2))
    assert sorted(first.tolist()) == list(range(100))
    assert sorted(second.tolist()) == list(range(100))
    assert not np.array_equal(first, second)
    assert loader.epoch == 2
    loader.epoch = 0
    assert np.array_equal(first, np.concatenate([x for x, _ in loader]))


def test_the_order_depends_on_the_seed():
    a, b = (DataLoader(numbers(50), shuffle=True, seed=seed).order(0) for seed in (0, 1))
    assert not np.array_equal(a, b)


def flat(batches):
    return [part.tobytes() for batch in batches for part in batch]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("prefetch", [1, 3])
def test_threads_change_no_bit(workers, prefetch):
    def make(n):
        return DataLoader(
            images(), 4, shuffle=True, num_workers=n, transform=AUGMENT, prefetch=prefetch
        )

    for alone, together in zip(range(2), range(2), strict=True):
        assert flat(make(0).batches(alone)) == flat(make(workers).batches(together))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", [0, 1, 4, 6])
def test_resuming_within_an_epoch_changes_no_bit(workers, start):
    loader = DataLoader(images(), 4, True, workers, seed=3, transform=AUGMENT)
    whole = list(loader.batches(epoch=5))
    again = DataLoader(images(), 4, True, workers, seed=3, transform=AUGMENT)
    assert flat(again.batches(epoch=5, start=start)) == flat(whole[start:])


def test_random_transforms_differ_between_batches_epochs_and_seeds():
    def draws(seed):
        loader = DataLoader(
            numbers(3), 1, seed=seed, transform=lambda x, rng: np.array([rng.random()])
        )
        return [x.item() for _ in range(2) for x, _ in loader]

    assert draws(0) == draws(0)
    assert len({*draws(0), *draws(1)}) == 12


def test_target_transform():
    loader = DataLoader(numbers(4), 2, target_transform=OneHot(7))
    x, t = next(iter(loader))
    assert x.tolist() == [0, 1]
    assert t[1].tolist() == [0, 0, 1, 0, 0, 0, 0]


def test_starting_too_late():
    with pytest.raises(ValueError, match="start=4, but an epoch has only 3 batches"):
        DataLoader(numbers(), 4).batches(0, start=4)
    assert list(DataLoader(numbers(), 4).batches(0, start=3)) == []


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [("batch_size", 0, ValueError), ("batch_size", 2.5, TypeError), ("batch_size", True, TypeError),
     ("num_workers", -1, ValueError), ("prefetch", 0, ValueError), ("seed", -1, ValueError),
     ("seed", None, TypeError)],
)  # fmt: skip
def test_wrong_arguments(name, value, error):
    with pytest.raises(error, match=name):
        DataLoader(numbers(), **{name: value})


def test_a_wrong_epoch():
    loader = DataLoader(numbers())
    with pytest.raises(ValueError, match="epoch must be 0 or greater"):
        loader.epoch = -1
    with pytest.raises(ValueError, match="epoch must be 0 or greater"):
        loader.batches(-1)


class Squares:
    """A data set of the user's own, giving single arrays."""

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index.astype(np.float64) ** 2


def test_any_object_with_a_length_and_an_index_is_a_data_set():
    batches = list(DataLoader(Squares(5), 2))
    assert [x.tolist() for (x,) in batches] == [[0.0, 1.0], [4.0, 9.0], [16.0]]


def test_a_data_set_that_ignores_the_index_is_found_out():
    class Wrong(Squares):
        def __getitem__(self, index):
            return np.zeros(7)

    with pytest.raises(DataError, match=r"the 2 examples of batch 0, but entry 0 .* shape \(7,\)"):
        list(DataLoader(Wrong(5), 2))


class Broken(Squares):
    def __getitem__(self, index):
        if 6 in index:
            raise RuntimeError("example 6 is broken")
        return index


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_comes_out_at_its_place_with_its_message(workers):
    seen = []
    with pytest.raises(RuntimeError, match="example 6 is broken"):  # noqa: PT012 (a loop)
        for (x,) in DataLoader(Broken(20), 2, num_workers=workers):
            seen.append(x.tolist())
    assert seen == [[0, 1], [2, 3], [4, 5]]
    assert our_threads() == []


@pytest.mark.parametrize("workers", [1, 4])
def test_leaving_early_ends_the_threads(workers):
    loader = DataLoader(numbers(1000), 2, num_workers=workers)
    for x, _ in loader:
        if x[0] == 10:
            break
    gc.collect()
    assert our_threads() == []
    iterator = loader.batches(0)
    next(iterator)
    assert our_threads()
    iterator.close()
    assert our_threads() == []
    assert len(list(loader)) == 500
    assert our_threads() == []


def test_an_iterator_that_was_never_started_has_no_threads():
    iterator = DataLoader(numbers(), num_workers=3).batches(0)
    assert our_threads() == []
    del iterator


class Counting(Squares):
    """Counts how many batches were asked for, and lets nothing through until it may."""

    def __init__(self, n):
        super().__init__(n)
        self.asked = 0
        self.lock = threading.Lock()

    def __getitem__(self, index):
        with self.lock:
            self.asked += 1
        return index


def test_no_more_is_prepared_than_the_queue_may_hold():
    data = Counting(100)
    iterator = DataLoader(data, 1, num_workers=2, prefetch=3).batches(0)
    for taken, _ in enumerate(itertools.islice(iterator, 20), start=1):
        assert data.asked <= taken + 2 * 3
    iterator.close()
    assert data.asked < 100


def test_threads_work_while_the_consumer_does():
    started = threading.Event()

    class Waits(Squares):
        def __getitem__(self, index):
            if index[0] == 1:
                started.set()
            return index

    iterator = DataLoader(Waits(5), 1, num_workers=1).batches(0)
    next(iterator)
    assert started.wait(timeout=30)  # the second batch is begun without being asked for
    iterator.close()


def test_two_loops_over_one_loader_do_not_disturb_each_other():
    loader = DataLoader(numbers(20), 3, shuffle=True, num_workers=2)
    expected = [flat(loader.batches(0)), flat(loader.batches(1))]
    pairs = list(zip(loader, loader, strict=True))
    assert flat(a for a, _ in pairs) == expected[0]
    assert flat(b for _, b in pairs) == expected[1]


def test_a_program_that_ends_in_the_middle_of_a_loop_ends():
    program = (
        "import numpy as np\n"
        "from shinso.data import ArrayDataset, DataLoader\n"
        "kept = iter(DataLoader(ArrayDataset(np.arange(1000)), num_workers=3))\n"
        "next(kept)\n"
        "print('done')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "done\n"
    assert done.stderr == ""
