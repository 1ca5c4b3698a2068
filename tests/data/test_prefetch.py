"""ordered_map: order, laziness, and that nothing more is begun once the consumer has left."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shinso.data import prefetch
from shinso.data.prefetch import ordered_map


@pytest.mark.parametrize("workers", [0, 1, 4])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_results_come_in_order(workers, count):
    assert list(ordered_map(lambda n: n * n, range(count), workers, 5)) == [
        n * n for n in range(count)
    ]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_of_the_items_comes_out_too(workers):
    def items():
        yield from range(3)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(ordered_map(str, items(), workers, 10))


def test_what_has_not_begun_is_cancelled(monkeypatch):
    release, done = threading.Event(), []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, *args, **kwargs):
            release.set()  # until here the only thread is held in item 1
            super().shutdown(*args, **kwargs)

    def work(item):
        if item == 1:
            release.wait(timeout=60)
        done.append(item)

    monkeypatch.setattr(prefetch, "ThreadPoolExecutor", Pool)
    iterator = ordered_map(work, range(100), workers=1, ahead=8)
    next(iterator)
    iterator.close()
    assert done in ([0], [0, 1])  # item 1 may not have begun either
