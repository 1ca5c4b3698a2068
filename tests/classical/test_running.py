import numpy as np
import pytest

from shinso.classical.running import Batches, Report, check_finite, chunks, pays, prepared


@pytest.mark.parametrize(("n", "size"), [(10, 3), (1, 5), (7, 7), (100, 9), (3, 1)])
@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_give_every_row_once(n, size, shuffle):
    x, y = np.arange(n) * 10, np.arange(n)
    batches = Batches(n, size, shuffle, np.random.default_rng(0))
    found = list(batches.of(x, y))
    assert len(found) == batches.count == -(-n // size)
    lengths = [len(a) for a, _ in found]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1
    for a, b in found:
        np.testing.assert_array_equal(a, b * 10)
    rows = np.concatenate([b for _, b in found])
    np.testing.assert_array_equal(np.sort(rows), y)
    if not shuffle:
        np.testing.assert_array_equal(rows, y)


def test_every_epoch_has_an_order_of_its_own():
    batches = Batches(50, 50, True, np.random.default_rng(0))
    x = np.arange(50)
    ((first,),) = batches.of(x)
    ((second,),) = batches.of(x)
    assert (first != second).any()


def test_chunks():
    assert list(chunks(5, 2)) == [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert list(chunks(0, 2)) == []


def test_only_long_loops_are_compiled():
    assert not pays(100, 1e4)
    assert pays(100_000, 1e4)
    assert pays(100, 1e9)
    assert pays(1000, 1e4, draws=1e6)


def test_prepared_gives_the_same_numbers_either_way():
    def double(x):
        return x * 2 + 1

    x = np.arange(4, dtype=np.float32)
    small, large = prepared(double, 1, 4), prepared(double, 10**6, 4)
    assert isinstance(small(x), np.ndarray)
    np.testing.assert_array_equal(np.asarray(large(x)), small(x))


def test_report(capsys):
    report = Report(1, "RBM", 12)
    report(lambda: "loss 3")
    assert capsys.readouterr().out.startswith("[RBM] epoch  1/12: loss 3, 0.0 s")
    silent = Report(0, "RBM", 12)
    silent(lambda: pytest.fail("worked out without need"))
    assert capsys.readouterr().out == ""


def test_check_finite():
    check_finite("it", np.ones(2), np.zeros(1))
    with pytest.raises(ValueError, match="the weights of it are no longer finite"):
        check_finite("it", np.ones(2), np.array([np.nan]))
