"""Working ahead: the next items are made while the last one is used. It pays where one side waits for a server."""

import collections
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
"""One would not do: whoever uses an item holds the interpreter when the next one could be asked for."""


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, in order, made on a thread beside the caller's; never more than AHEAD wait to be used.

    What `items` raises is raised here. Leaving early waits until the item that is being made is made.
    """
    worker = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        following: collections.deque[Future[T]] = collections.deque()
        for _ in range(AHEAD):
            following.append(worker.submit(next, items, _END))  # type: ignore[arg-type]
        while (item := following.popleft().result()) is not _END:
            following.append(worker.submit(next, items, _END))  # type: ignore[arg-type]
            yield item
    finally:
        worker.shutdown(cancel_futures=True)


_END = object()
