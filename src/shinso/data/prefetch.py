"""Apply a function to items in background threads, and hand the results out in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int, ahead: int
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items.

    With `workers` threads, up to `ahead` results are prepared or ready while the consumer works on
    the last one; with `workers=0` everything happens in the consumer's thread. An exception in a
    thread is raised at the place of its item. When the consumer stops early, or an exception leaves
    the loop, what has not begun is cancelled and the threads end before this generator does.
    """
    if workers == 0:
        for item in items:
            yield function(item)
        return
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="shinso-data") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
