"""Working ahead: the next item is made while the last one is used. It pays where one side waits for a server."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, in order, each made on a thread beside the caller's; never more than one waits to be used.

    What `items` raises is raised here. Leaving early waits until the item that is being made is made.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as worker:
        following = worker.submit(next, items, _END)
        while (item := following.result()) is not _END:
            following = worker.submit(next, items, _END)
            yield item  # type: ignore[misc]


_END = object()
